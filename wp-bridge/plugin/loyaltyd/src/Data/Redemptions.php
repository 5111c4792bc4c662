<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * Points that became coupons, as the daemon has them in its table.
 */
final class Redemptions {

	const COLUMNS = 'id, user_id, points, returned, amount, currency, code, coupon_id, order_id, state, reserved_at, changed_at, expires_on';

	/** @var Tables */
	private $tables;

	/**
	 * @param Tables $tables Where to read.
	 */
	public function __construct( Tables $tables ) {
		$this->tables = $tables;
	}

	/**
	 * Returns a customer's redemptions, the newest first.
	 *
	 * @param int $user  Id.
	 * @param int $limit At most so many.
	 * @param int $skip  So many before them.
	 * @return array<int,array> Each as one() returns it.
	 */
	public function of( int $user, int $limit = 100, int $skip = 0 ): array {
		return $this->read( 'user_id = %d ORDER BY id DESC LIMIT %d, %d', array( $user, max( 0, $skip ), max( 1, $limit ) ) );
	}

	/**
	 * Returns a redemption, or null.
	 *
	 * @param int $id Of the redemption.
	 * @return array{id:int,user_id:int,points:int,returned:int,amount:string,currency:string,code:string,coupon_id:?int,order_id:?int,state:string,label:string,reserved_at:string,changed_at:string,expires_on:?string}|null
	 *               state is reserved, confirmed, used, closed or cancelled, label the word for it; expires_on is the
	 *               last day, Y-m-d of the site, on which the coupon is valid; null: no end.
	 */
	public function one( int $id ): ?array {
		return $this->read( 'id = %d', array( $id ) )[0] ?? null;
	}

	/**
	 * Returns the redemption that made a coupon, or null.
	 *
	 * @param int $coupon_id Of the coupon.
	 */
	public function by_coupon( int $coupon_id ): ?array {
		$id = (int) get_post_meta( $coupon_id, '_loyalty_redemption', true );
		return $id > 0 ? $this->one( $id ) : null;
	}

	/**
	 * Returns the redemption whose coupon has a code, or null.
	 *
	 * @param string $code In small letters or capitals.
	 */
	public function by_code( string $code ): ?array {
		$code = strtolower( $code );
		// The column knows no others, and compares nothing else.
		return preg_match( '/^[!-~]{1,64}$/D', $code ) ? $this->read( 'code = %s', array( $code ) )[0] ?? null : null;
	}

	/**
	 * Returns redemptions in a state, the oldest change first.
	 *
	 * @param string $state Such as confirmed.
	 * @param string $since UTC text: changed at or after it.
	 * @param int    $limit At most so many.
	 * @return array<int,array>
	 */
	public function in_state( string $state, string $since, int $limit ): array {
		return $this->read( 'state = %s AND changed_at >= %s ORDER BY changed_at, id LIMIT %d', array( $state, $since, $limit ) );
	}

	/**
	 * @param string           $where Condition.
	 * @param array<int,mixed> $args  Its values.
	 * @return array<int,array>
	 */
	private function read( string $where, array $args ): array {
		$rows = $this->tables->rows( 'SELECT ' . self::COLUMNS . ' FROM {p}loyalty_redemptions WHERE ' . $where, $args );
		foreach ( $rows as &$row ) {
			foreach ( array( 'id', 'user_id', 'points', 'returned' ) as $number ) {
				$row[ $number ] = (int) $row[ $number ];
			}
			$row['coupon_id'] = isset( $row['coupon_id'] ) ? (int) $row['coupon_id'] : null;
			$row['order_id']  = isset( $row['order_id'] ) ? (int) $row['order_id'] : null;
			$row['label']     = self::label( $row );
		}
		return $rows;
	}

	/**
	 * @param array<string,mixed> $row Of the table.
	 */
	private static function label( array $row ): string {
		switch ( $row['state'] ) {
			case 'reserved':
				return __( 'Being made', 'loyaltyd' );
			case 'confirmed':
				return __( 'Active', 'loyaltyd' );
			case 'used':
				return __( 'Used', 'loyaltyd' );
			case 'cancelled':
				return __( 'Cancelled', 'loyaltyd' );
			case 'closed':
				return isset( $row['expires_on'] ) && $row['expires_on'] < wp_date( 'Y-m-d' ) ? __( 'Expired', 'loyaltyd' ) : __( 'Closed', 'loyaltyd' );
		}
		return (string) $row['state'];
	}
}
