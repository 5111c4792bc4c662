<?php
/**
 * What the redeeming forms and the coupon links send.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Handles the posted form and the "apply to cart" link, and redirects, so that
 * a reload repeats nothing.
 */
final class RedeemRequests {

	/** Action of the form's nonce. */
	public const NONCE = 'loyaltyd_redeem';

	/** Action, with the redemption's id, of a coupon link's nonce. */
	public const APPLY_NONCE = 'loyaltyd_apply_';

	/** @var Redeeming */
	private $redeeming;

	/** @param Redeeming $redeeming Redeems. */
	public function __construct( Redeeming $redeeming ) {
		$this->redeeming = $redeeming;
	}

	/** Registers the hooks; when WooCommerce handles its own forms. */
	public function register(): void {
		add_action( 'wp_loaded', array( $this, 'redeem' ), 20 );
		add_action( 'wp_loaded', array( $this, 'apply' ), 20 );
	}

	/**
	 * The address of the link that applies a redemption's coupon to the cart.
	 *
	 * @param int $redemption Its id.
	 */
	public static function apply_url( int $redemption ): string {
		return add_query_arg(
			array(
				'loyaltyd_apply' => $redemption,
				'loyaltyd_nonce' => wp_create_nonce( self::APPLY_NONCE . $redemption ),
			),
			wc_get_cart_url()
		);
	}

	/** Redeems what the form asks for. */
	public function redeem(): void {
		if ( ! isset( $_POST['loyaltyd_redeem'] ) || ! function_exists( 'wc_add_notice' ) ) {
			return;
		}
		nocache_headers();
		$place = sanitize_key( self::posted( 'loyaltyd_redeem' ) );
		$user  = get_current_user_id();
		if ( 0 === $user ) {
			wc_add_notice( esc_html__( 'Please log in to redeem points.', 'loyaltyd' ), 'error' );
			self::go( wc_get_page_permalink( 'myaccount' ) );
		}
		if ( ! wp_verify_nonce( self::posted( 'loyaltyd_nonce' ), self::NONCE ) ) {
			wc_add_notice( esc_html__( 'This form can no longer be used. Please reload the page and try again.', 'loyaltyd' ), 'error' );
			self::go( self::page( $place ) );
		}
		try {
			$coupon = $this->redeeming->redeem( $user, self::posted( 'loyaltyd_points' ), self::posted( 'loyaltyd_key' ) );
			$code   = (string) $coupon->get_code();
			if ( 'account' === $place || ! self::apply_code( $code ) ) {
				wc_add_notice(
					sprintf(
						/* translators: 1: amount of money, 2: coupon code */
						esc_html__( 'Your points are now a coupon worth %1$s: %2$s', 'loyaltyd' ),
						esc_html( Words::money( (string) $coupon->get_amount() ) ),
						'<strong>' . esc_html( $code ) . '</strong>'
					),
					'success'
				);
			}
		} catch ( Refusal $refusal ) {
			wc_add_notice( esc_html( $refusal->getMessage() ), 'error' );
		}
		self::go( self::page( $place ) );
	}

	/** Applies the customer's own coupon to the cart. */
	public function apply(): void {
		if ( ! isset( $_GET['loyaltyd_apply'] ) || ! function_exists( 'wc_add_notice' ) ) {
			return;
		}
		nocache_headers();
		$id    = isset( $_GET['loyaltyd_apply'] ) && is_string( $_GET['loyaltyd_apply'] ) ? absint( $_GET['loyaltyd_apply'] ) : 0;
		$nonce = isset( $_GET['loyaltyd_nonce'] ) && is_string( $_GET['loyaltyd_nonce'] ) ? sanitize_text_field( wp_unslash( $_GET['loyaltyd_nonce'] ) ) : '';
		$code  = wp_verify_nonce( $nonce, self::APPLY_NONCE . $id ) ? $this->redeeming->code_of( $id, get_current_user_id() ) : '';
		if ( '' === $code ) {
			wc_add_notice( esc_html__( 'This coupon cannot be applied. Please look at your coupons in your account.', 'loyaltyd' ), 'error' );
		} elseif ( ! WC()->cart->has_discount( $code ) ) {
			self::apply_code( $code );
		}
		self::go( wc_get_cart_url() );
	}

	/**
	 * Applies a coupon; WooCommerce says in a notice how that went. Of an
	 * empty cart it would refuse a coupon that is good.
	 *
	 * @param string $code Coupon code.
	 */
	private static function apply_code( string $code ): bool {
		if ( WC()->cart->is_empty() ) {
			wc_add_notice( esc_html__( 'Your cart is empty. Add something to it, then apply your coupon.', 'loyaltyd' ), 'notice' );
			return false;
		}
		return (bool) WC()->cart->apply_coupon( $code );
	}

	/**
	 * Where a form came from.
	 *
	 * @param string $place account, cart or checkout.
	 */
	private static function page( string $place ): string {
		switch ( $place ) {
			case 'cart':
				return wc_get_cart_url();
			case 'checkout':
				return wc_get_checkout_url();
		}
		return MyAccount::url();
	}

	/**
	 * A text of the form, '' when it is absent or not a text.
	 *
	 * @param string $name Name of the field.
	 */
	private static function posted( string $name ): string {
		// The nonce is checked by the caller, which reads it with this.
		return isset( $_POST[ $name ] ) && is_string( $_POST[ $name ] ) ? sanitize_text_field( wp_unslash( $_POST[ $name ] ) ) : ''; // phpcs:ignore WordPress.Security.NonceVerification.Missing
	}

	/**
	 * Redirects within the site and ends.
	 *
	 * @param string $url Address.
	 * @return never
	 */
	private static function go( string $url ): void {
		wp_safe_redirect( $url );
		exit;
	}
}
