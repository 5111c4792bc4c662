<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Store;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Lets nobody use a points coupon but its owner, no coupon whose points were
 * given back, and none for two orders.
 */
final class CouponGuard {

	/** WooCommerce's code for a coupon that a plugin refused. */
	const REFUSED = 100;

	/** @var Services */
	private $services;

	/** @var array<int,string> Why, by the coupon's id. */
	private $reasons = array();

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Adds the hooks.
	 */
	public function register() {
		add_filter( 'woocommerce_coupon_is_valid', array( $this, 'is_valid' ), 10, 3 );
		add_filter( 'woocommerce_coupon_error', array( $this, 'say_why' ), 10, 3 );
		add_action( 'woocommerce_before_pay_action', array( $this, 'before_paying' ) );
		add_action( 'woocommerce_checkout_validate_order_before_payment', array( $this, 'before_paying' ), 10, 2 );
		add_action( 'profile_update', array( $this, 'follow_email' ), 20, 2 );
		add_action( 'loyaltyd_heal', array( $this, 'heal' ) );
	}

	/**
	 * Finishes, every hour, coupons that something kept from being published.
	 */
	public function heal() {
		$this->services->redeemer()->heal();
	}

	/**
	 * Refuses a points coupon to others than its owner, and when its points are
	 * back in the balance.
	 *
	 * @param bool                $valid     What others say.
	 * @param \WC_Coupon          $coupon    Which.
	 * @param \WC_Discounts|null  $discounts Of a cart or an order.
	 */
	public function is_valid( $valid, $coupon, $discounts = null ) {
		if ( ! $valid || ! is_object( $coupon ) || ! $coupon->get_meta( Redeemer::META ) ) {
			return $valid;
		}
		$reason = $this->reason( $coupon, self::order( $discounts ) );
		if ( '' === $reason ) {
			return $valid;
		}
		$this->reasons[ $coupon->get_id() ] = $reason;
		return false;
	}

	/**
	 * Refuses payment of an order, such as one that failed before, whose points
	 * coupon is of no worth any more. WooCommerce does not look at it again.
	 *
	 * @param \WC_Order     $order  That the customer is about to pay.
	 * @param \WP_Error|null $errors Where to add why not; null: to the page's notices.
	 */
	public function before_paying( $order, $errors = null ) {
		foreach ( $order->get_coupon_codes() as $code ) {
			$redemption = $this->services->redemptions()->by_code( $code );
			$coupon     = new \WC_Coupon( $code );
			if ( null === $redemption && ! $coupon->get_meta( Redeemer::META ) ) {
				continue;
			}
			$this->wait_for( $coupon->get_id() );
			$reason = $this->reason( $coupon, $order );
			if ( '' === $reason ) {
				continue;
			}
			if ( is_wp_error( $errors ) ) {
				$errors->add( 'loyaltyd_coupon', $reason );
			} else {
				wc_add_notice( esc_html( $reason ), 'error' );
			}
		}
	}

	/**
	 * Lets one request after the other pay with a coupon: several failed orders
	 * could be paid at the same moment. The database ends the lock with the request.
	 *
	 * @param int $coupon Id.
	 */
	private function wait_for( int $coupon ) {
		$this->services->tables()->number( "SELECT GET_LOCK( CONCAT( CRC32( CONCAT( DATABASE(), '{p}' ) ), '.loyalty_coupon.', %d ), 10 )", array( $coupon ) );
		wp_cache_delete( $coupon, 'post_meta' );
	}

	/**
	 * Replaces WooCommerce's general words by why the coupon was refused.
	 *
	 * @param string          $message What WooCommerce would say.
	 * @param int             $code    Of its errors.
	 * @param \WC_Coupon|null $coupon  Which.
	 */
	public function say_why( $message, $code = 0, $coupon = null ) {
		if ( self::REFUSED !== (int) $code || ! is_object( $coupon ) ) {
			return $message;
		}
		return $this->reasons[ $coupon->get_id() ] ?? $message;
	}

	/**
	 * Keeps coupons usable for a customer whose e-mail changed.
	 *
	 * @param int            $user Id.
	 * @param \WP_User|null  $old  As the user was before.
	 */
	public function follow_email( $user, $old = null ) {
		$now = get_userdata( (int) $user );
		if ( ! $now || ! is_object( $old ) || $old->user_email === $now->user_email || ! class_exists( 'WC_Coupon' ) ) {
			return;
		}
		foreach ( $this->services->redemptions()->of( (int) $user ) as $redemption ) {
			if ( 'confirmed' !== $redemption['state'] || ! $redemption['coupon_id'] || 'shop_coupon' !== get_post_type( $redemption['coupon_id'] ) ) {
				continue;
			}
			$coupon = new \WC_Coupon( $redemption['coupon_id'] );
			$coupon->set_email_restrictions( array( $now->user_email ) );
			$coupon->save();
		}
	}

	/**
	 * @param \WC_Coupon     $coupon One of ours.
	 * @param \WC_Order|null $order  That wants to use it; null: the cart of who is logged in.
	 * @return string Why not; "" when it may.
	 */
	private function reason( $coupon, $order ): string {
		$customer   = null === $order ? get_current_user_id() : (int) $order->get_customer_id();
		$redemption = $this->services->redemptions()->one( (int) $coupon->get_meta( Redeemer::META ) ) ?? $this->services->redemptions()->by_code( $coupon->get_code() );
		$owner      = (int) ( $redemption['user_id'] ?? $coupon->get_meta( Redeemer::META_USER ) );
		if ( 0 === $customer ) {
			return __( 'Please log in to use this coupon: it was made from your points.', 'loyaltyd' );
		}
		if ( $owner !== $customer ) {
			return __( 'This coupon was made from the points of another customer.', 'loyaltyd' );
		}
		// Without a row the daemon has not copied it to this database yet.
		// What was given back is taken again first, when the balance covers it: an order that was refunded and then cancelled frees its coupon.
		$is_over = null !== $redemption && ( $redemption['returned'] > 0 || in_array( $redemption['state'], array( 'cancelled', 'closed' ), true ) );
		if ( $is_over || CouponOrder::is_taken( $coupon, null === $order ? 0 : $order->get_id() ) ) {
			return __( 'This coupon is not valid any more. If it was not used, its points may be back in your balance.', 'loyaltyd' );
		}
		return '';
	}

	/**
	 * Returns the order for which a coupon is tried, or null: for the cart.
	 *
	 * @param \WC_Discounts|null $discounts Of a cart or an order.
	 * @return \WC_Order|null
	 */
	private static function order( $discounts ) {
		$object = is_object( $discounts ) && is_callable( array( $discounts, 'get_object' ) ) ? $discounts->get_object() : null;
		return is_object( $object ) && is_callable( array( $object, 'get_customer_id' ) ) ? $object : null;
	}
}
