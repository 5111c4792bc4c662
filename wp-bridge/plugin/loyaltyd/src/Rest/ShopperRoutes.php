<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Rest;

use Loyaltyd\Services;
use Loyaltyd\Shop\Redeeming;
use Loyaltyd\Shop\Refusal;

defined( 'ABSPATH' ) || exit;

/**
 * The points of whoever is logged in: of nobody else, whatever the request says.
 */
final class ShopperRoutes {

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
		return array(
			'/me'             => $this->route( 'GET', 'me' ),
			'/me/history'     => $this->route( 'GET', 'history', Access::paged() ),
			'/me/redemptions' => array(
				$this->route( 'GET', 'redemptions' ),
				$this->route(
					'POST',
					'redeem',
					array(
						'points'          => array( 'type' => 'integer', 'minimum' => 1, 'required' => true ),
						'idempotency_key' => array( 'type' => 'string', 'format' => 'uuid', 'required' => true ),
					)
				),
			),
		);
	}

	/**
	 * Balance, and what points buy.
	 */
	public function me(): array {
		$balance = $this->services->accounts()->balance( get_current_user_id() );
		$redeem  = $this->services->programme()->current()['redeem'];
		return $balance + array(
			'redeem' => array(
				'points_per_unit' => $redeem['points_per_unit'],
				'min'             => $redeem['min'],
				'max'             => $redeem['max'],
				'multiple'        => $redeem['multiple'],
				'coupon_days'     => $redeem['coupon_days'],
			),
		);
	}

	/**
	 * @param \WP_REST_Request $request With page, per_page.
	 */
	public function history( \WP_REST_Request $request ): \WP_REST_Response {
		$page   = $this->services->accounts()->history( get_current_user_id(), $request['page'], $request['per_page'] );
		$labels = $this->services->labels();
		$rows   = array();
		foreach ( $page['rows'] as $row ) {
			// Notes are for the shop.
			$rows[] = array(
				'id'       => $row['entry_id'],
				'date'     => $row['occurred_at'],
				'activity' => $labels->activity( $row ),
				'related'  => $labels->related( $row )['text'],
				'points'   => $row['points'],
				'pending'  => $row['pending'],
				'balance'  => $row['balance'],
			);
		}
		return Access::page( $rows, $page['total'], $request['per_page'] );
	}

	/**
	 * Coupons made from points.
	 */
	public function redemptions(): array {
		$this->services->redeemer()->heal( get_current_user_id() );
		return array_map( array( self::class, 'shown' ), $this->services->redemptions()->of( get_current_user_id() ) );
	}

	/**
	 * @param \WP_REST_Request $request With points, idempotency_key.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function redeem( \WP_REST_Request $request ) {
		try {
			$coupon = ( new Redeeming( $this->services ) )->redeem( get_current_user_id(), $request['points'], $request['idempotency_key'] );
		} catch ( Refusal $e ) {
			$is_outage = $e->getPrevious() instanceof \Loyaltyd\Bridge\BridgeError && $e->getPrevious()->is_outage();
			return new \WP_Error(
				$is_outage ? 'loyaltyd_unavailable' : 'loyaltyd_' . $e->reason(),
				$e->getMessage(),
				array( 'status' => $is_outage || 'internal' === $e->reason() ? 503 : 409 )
			);
		}
		$expires = $coupon->get_date_expires();
		return new \WP_REST_Response(
			array(
				'code'    => $coupon->get_code(),
				'amount'  => (string) $coupon->get_amount(),
				'expires' => $expires ? gmdate( 'Y-m-d\TH:i:s\Z', $expires->getTimestamp() ) : null,
			),
			201
		);
	}

	/**
	 * @param array<string,mixed> $redemption Of the table.
	 */
	private static function shown( array $redemption ): array {
		return array_intersect_key(
			$redemption,
			array_flip( array( 'id', 'points', 'returned', 'amount', 'currency', 'code', 'state', 'label', 'reserved_at', 'expires_on' ) )
		);
	}

	/**
	 * @param string              $http   Method.
	 * @param string              $method Of this class.
	 * @param array<string,array> $values Of the request.
	 */
	private function route( string $http, string $method, array $values = array() ): array {
		return array(
			'methods'             => $http,
			'callback'            => array( $this, $method ),
			'permission_callback' => array( Access::class, 'shopper' ),
			'args'                => $values,
		);
	}
}
