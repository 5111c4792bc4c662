<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Rest;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Customers and their points, for admins.
 */
final class CustomerRoutes {

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
		$one = '/customers/(?P<id>\d{1,19})';
		return array(
			'/customers'          => $this->route(
				'GET',
				'find',
				Access::paged(
					array(
						'search' => array( 'type' => 'string', 'maxLength' => 200, 'default' => '' ),
						'sort'   => array( 'type' => 'string', 'enum' => array_keys( \Loyaltyd\Data\Accounts::SORTS ), 'default' => 'earned' ),
					)
				)
			),
			$one                  => $this->route( 'GET', 'one', Access::id() ),
			$one . '/history'     => $this->route( 'GET', 'history', Access::paged( Access::id() ) ),
			$one . '/redemptions' => $this->route( 'GET', 'redemptions', Access::id() ),
			$one . '/explanation' => $this->route( 'GET', 'explanation', Access::id() ),
			$one . '/adjustments' => $this->route(
				'POST',
				'adjust',
				Access::id() + Access::once() + array(
					// More would not be a number of PHP's any more when it arrives.
					'points' => array( 'type' => 'integer', 'minimum' => -999999999999999, 'maximum' => 999999999999999, 'required' => true ),
					'note'   => array( 'type' => 'string', 'required' => true, 'minLength' => 1, 'maxLength' => 1000 ),
				)
			),
		);
	}

	/**
	 * @param \WP_REST_Request $request With search, sort, order, page, per_page.
	 */
	public function find( \WP_REST_Request $request ): \WP_REST_Response {
		$page = $this->services->accounts()->find( $request['search'], $request['page'], $request['per_page'], $request['sort'], $request['order'] );
		return Access::page( $page['rows'], $page['total'], $request['per_page'] );
	}

	/**
	 * @param \WP_REST_Request $request With id.
	 * @return array|\WP_Error
	 */
	public function one( \WP_REST_Request $request ) {
		$account = $this->services->accounts()->one( (int) $request['id'] );
		if ( ! $account['exists'] && 0 === $account['entries'] ) {
			return new \WP_Error( 'loyaltyd_no_such_customer', __( 'There is no such customer.', 'loyaltyd' ), array( 'status' => 404 ) );
		}
		return $account;
	}

	/**
	 * @param \WP_REST_Request $request With id, page, per_page.
	 */
	public function history( \WP_REST_Request $request ): \WP_REST_Response {
		$page = $this->services->accounts()->history( (int) $request['id'], $request['page'], $request['per_page'] );
		return Access::page( $page['rows'], $page['total'], $request['per_page'] );
	}

	/**
	 * @param \WP_REST_Request $request With id.
	 */
	public function redemptions( \WP_REST_Request $request ): array {
		return $this->services->redemptions()->of( (int) $request['id'] );
	}

	/**
	 * @param \WP_REST_Request $request With id.
	 * @return array|\WP_Error
	 */
	public function explanation( \WP_REST_Request $request ) {
		return Access::asking(
			function () use ( $request ) {
				return $this->services->client()->get( '/v1/customers/' . (int) $request['id'] . '/explanation' );
			}
		);
	}

	/**
	 * @param \WP_REST_Request $request With id, points, note, idempotency_key.
	 * @return array|\WP_Error
	 */
	public function adjust( \WP_REST_Request $request ) {
		$note = trim( (string) $request['note'] );
		if ( 0 === (int) $request['points'] || '' === $note ) {
			return new \WP_Error( 'loyaltyd_bad_adjustment', __( 'An adjustment needs points other than 0 and a note.', 'loyaltyd' ), array( 'status' => 400 ) );
		}
		return Access::asking(
			function () use ( $request, $note ) {
				return $this->services->client()->post(
					'/v1/customers/' . (int) $request['id'] . '/adjustments',
					array(
						'points' => (int) $request['points'],
						'note'   => $note,
						'actor'  => 'WordPress: ' . wp_get_current_user()->user_login,
					),
					(string) $request['idempotency_key']
				);
			}
		);
	}

	/**
	 * @param string              $http   Method.
	 * @param string              $method Of this class.
	 * @param array<string,array> $values Of the request.
	 */
	private function route( string $http, string $method, array $values ): array {
		return array(
			'methods'             => $http,
			'callback'            => array( $this, $method ),
			'permission_callback' => array( Access::class, 'admin' ),
			'args'                => $values,
		);
	}
}
