<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Store;

defined( 'ABSPATH' ) || exit;

/**
 * Remembers which order has the discount of a points coupon. WooCommerce only
 * counts uses, and frees a coupon when its order fails; yet the customer can
 * pay that order later, with the discount, when another has it already.
 */
final class CouponOrder {

	/** Of a coupon: the order that has its discount. */
	const META = '_loyalty_order';

	/** Orders of these statuses count their coupons as used. */
	const HOLDING = array( 'pending', 'on-hold', 'processing', 'completed' );

	/** Nobody has placed these, or nobody has to pay them. */
	const FREE = array( 'cancelled', 'failed', 'trash', 'checkout-draft', 'auto-draft', 'draft' );

	/**
	 * Adds the hooks; before WooCommerce counts the use.
	 */
	public function register() {
		foreach ( self::HOLDING as $status ) {
			add_action( 'woocommerce_order_status_' . $status, array( $this, 'note' ), 5, 1 );
		}
	}

	/**
	 * Notes an order on its points coupons.
	 *
	 * @param int $order Id.
	 */
	public function note( $order ) {
		$order = wc_get_order( $order );
		foreach ( $order ? $order->get_coupon_codes() : array() as $code ) {
			$coupon = new \WC_Coupon( $code );
			if ( $coupon->get_id() && $coupon->get_meta( Redeemer::META ) && ! self::is_taken( $coupon, $order->get_id() ) ) {
				update_post_meta( $coupon->get_id(), self::META, (string) $order->get_id() );
			}
		}
	}

	/**
	 * Says whether another order has the discount of a points coupon.
	 *
	 * @param \WC_Coupon $coupon One of ours.
	 * @param int        $order  Id of the order that wants it; 0: none yet.
	 */
	public static function is_taken( $coupon, int $order ): bool {
		$holder = (int) get_post_meta( $coupon->get_id(), self::META, true );
		$other  = $holder > 0 && $holder !== $order ? wc_get_order( $holder ) : null;
		return is_object( $other ) && is_callable( array( $other, 'get_coupon_codes' ) ) && ! $other->has_status( self::FREE )
			&& in_array( strtolower( $coupon->get_code() ), array_map( 'strtolower', $other->get_coupon_codes() ), true );
	}
}
