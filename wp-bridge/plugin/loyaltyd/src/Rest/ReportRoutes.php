<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Rest;

use Loyaltyd\Data\Range;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * The dashboard's figures, for admins. They come from tables, also while the
 * daemon is down.
 */
final class ReportRoutes {

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * @return array<string,array>
	 */
	public function routes(): array {
		$limit = array( 'limit' => array( 'type' => 'integer', 'minimum' => 1, 'maximum' => 50, 'default' => 10 ) );
		$word  = array( 'type' => 'string', 'maxLength' => 32, 'pattern' => '^[a-z_]*$', 'default' => '' );
		return array(
			'/reports/status'    => $this->reads( 'status', Access::ranged() ),
			'/reports/sources'   => $this->reads( 'sources', Access::ranged() ),
			'/reports/customers' => $this->reads( 'customers', Access::ranged( $limit ) ),
			'/reports/earners'   => $this->reads( 'earners', Access::ranged( $limit ) ),
			'/reports/daily'     => $this->reads( 'daily', Access::ranged() ),
			'/reports/history'   => $this->reads(
				'history',
				Access::paged(
					Access::ranged(
						array(
							'user'   => array( 'type' => 'integer', 'minimum' => 0, 'default' => 0 ),
							'type'   => $word,
							'source' => $word,
							'search' => array( 'type' => 'string', 'maxLength' => 200, 'default' => '' ),
							'sort'   => array( 'type' => 'string', 'enum' => array( 'date', 'points', 'balance' ), 'default' => 'date' ),
						)
					)
				)
			),
		);
	}

	/**
	 * @param \WP_REST_Request $request With period, from, to.
	 */
	public function status( \WP_REST_Request $request ): array {
		return $this->services->reports()->status( $this->range( $request ) );
	}

	/**
	 * @param \WP_REST_Request $request With period, from, to.
	 */
	public function sources( \WP_REST_Request $request ): array {
		return $this->services->reports()->sources( $this->range( $request ) );
	}

	/**
	 * Answers what the others leave out for days whose customers have to be
	 * counted.
	 *
	 * @param \WP_REST_Request $request With period, from, to, limit.
	 */
	public function customers( \WP_REST_Request $request ): array {
		$range   = $this->range( $request );
		$counted = $this->services->reports()->customers( $range );
		return array(
			'participants' => $counted['participants'],
			'sources'      => (object) $counted['sources'],
			'earners'      => $this->services->reports()->earners( $range, $request['limit'] ),
		);
	}

	/**
	 * @param \WP_REST_Request $request With period, from, to, limit.
	 */
	public function earners( \WP_REST_Request $request ): array {
		return $this->services->reports()->earners( $this->range( $request ), $request['limit'] );
	}

	/**
	 * @param \WP_REST_Request $request With period, from, to.
	 */
	public function daily( \WP_REST_Request $request ): array {
		return $this->services->reports()->daily( $this->range( $request ) );
	}

	/**
	 * @param \WP_REST_Request $request With period, from, to, user, type, source, search, sort, order, page, per_page.
	 */
	public function history( \WP_REST_Request $request ): \WP_REST_Response {
		$filter = array(
			'user'   => $request['user'],
			'type'   => $request['type'],
			'source' => $request['source'],
			'search' => $request['search'],
		);
		$named  = '' !== $request['period'] || '' !== $request['from'] || '' !== $request['to'];
		if ( $named ) {
			$filter['range'] = $this->range( $request );
		}
		$page   = $this->services->reports()->history( $filter, $request['sort'], $request['order'], $request['page'], $request['per_page'] );
		$labels = $this->services->labels();
		$rows   = array();
		foreach ( $page['rows'] as $row ) {
			$rows[] = $row + array(
				'activity' => $labels->activity( $row ),
				'related'  => $labels->related( $row ),
			);
		}
		return Access::page( $rows, $page['total'], $request['per_page'] );
	}

	/**
	 * @param \WP_REST_Request $request With period, from, to.
	 */
	private function range( \WP_REST_Request $request ): Range {
		return $this->services->periods()->parse( $request->get_params() );
	}

	/**
	 * @param string              $method Of this class.
	 * @param array<string,array> $values Of the request.
	 */
	private function reads( string $method, array $values ): array {
		return array(
			'methods'             => 'GET',
			'callback'            => array( $this, $method ),
			'permission_callback' => array( Access::class, 'admin' ),
			'args'                => $values,
		);
	}
}
