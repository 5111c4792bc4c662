<?php
/**
 * Styles and scripts of the shop's pages.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Loads them where they are used and nowhere else.
 */
final class Assets {

	/** Registers the hook. */
	public function register(): void {
		add_action( 'wp_enqueue_scripts', array( $this, 'enqueue' ) );
	}

	/** Enqueues what the page at hand uses. */
	public function enqueue(): void {
		if ( ! function_exists( 'is_account_page' ) ) {
			return;
		}
		$buys = is_cart() || is_checkout();
		if ( ! $buys && ! is_account_page() && ! is_product() ) {
			return;
		}
		wp_enqueue_style( 'loyaltyd-shop', plugins_url( 'assets/shop.css', LOYALTYD_FILE ), array(), LOYALTYD_VERSION );
		if ( $buys || is_account_page() ) {
			wp_enqueue_script( 'loyaltyd-shop-redeem', plugins_url( 'assets/shop-redeem.js', LOYALTYD_FILE ), array(), LOYALTYD_VERSION, true );
		}
		if ( $buys || is_product() ) {
			wp_enqueue_script( 'loyaltyd-shop-earn', plugins_url( 'assets/shop-earn.js', LOYALTYD_FILE ), array(), LOYALTYD_VERSION, true );
			$data = array( 'nonce' => is_user_logged_in() ? wp_create_nonce( 'wp_rest' ) : '' );
			wp_add_inline_script( 'loyaltyd-shop-earn', 'window.loyaltydShop = ' . wp_json_encode( $data ) . ';', 'before' );
		}
	}
}
