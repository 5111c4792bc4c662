<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Store;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Lets nobody use a points coupon but its owner, and no coupon whose points
 * were given back.
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
		$reason = $this->reason( $coupon, self::customer( $discounts ) );
		if ( '' === $reason ) {
			return $valid;
		}
		$this->reasons[ $coupon->get_id() ] = $reason;
		return false;
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
	 * @param \WC_Coupon $coupon   One of ours.
	 * @param int        $customer Who wants to use it.
	 * @return string Why not; "" when he may.
	 */
	private function reason( $coupon, int $customer ): string {
		$redemption = $this->services->redemptions()->one( (int) $coupon->get_meta( Redeemer::META ) );
		$owner      = (int) ( $redemption['user_id'] ?? $coupon->get_meta( Redeemer::META_USER ) );
		if ( 0 === $customer ) {
			return __( 'Please log in to use this coupon: it was made from your points.', 'loyaltyd' );
		}
		if ( $owner !== $customer ) {
			return __( 'This coupon was made from the points of another customer.', 'loyaltyd' );
		}
		// Without a row the daemon has not copied it to this database yet.
		if ( null !== $redemption && in_array( $redemption['state'], array( 'cancelled', 'closed' ), true ) ) {
			return __( 'This coupon is not valid any more. If it was not used, its points may be back in your balance.', 'loyaltyd' );
		}
		return '';
	}

	/**
	 * Returns for whom the coupon is tried: the customer of an order, else who
	 * is logged in.
	 *
	 * @param \WC_Discounts|null $discounts Of a cart or an order.
	 */
	private static function customer( $discounts ): int {
		$object = is_object( $discounts ) && is_callable( array( $discounts, 'get_object' ) ) ? $discounts->get_object() : null;
		if ( is_object( $object ) && is_callable( array( $object, 'get_customer_id' ) ) ) {
			return (int) $object->get_customer_id();
		}
		return get_current_user_id();
	}
}
