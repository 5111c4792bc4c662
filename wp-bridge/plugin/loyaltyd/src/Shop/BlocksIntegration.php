<?php
/**
 * The script of the cart and checkout blocks.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Automattic\WooCommerce\Blocks\Integrations\IntegrationInterface;

defined( 'ABSPATH' ) || exit;

/**
 * Tells WooCommerce's blocks of our script and its texts. Loaded only where
 * WooCommerce has the interface.
 */
final class BlocksIntegration implements IntegrationInterface {

	private const HANDLE = 'loyaltyd-shop-blocks';

	/** Name under which the script finds its settings. */
	public function get_name() {
		return Blocks::NAME;
	}

	/** Registers the script; the style comes with the page, see Assets. */
	public function initialize() {
		wp_register_script(
			self::HANDLE,
			plugins_url( 'assets/shop-blocks.js', LOYALTYD_FILE ),
			array( 'wp-plugins', 'wp-element', 'wp-api-fetch', 'wc-settings', 'wc-blocks-checkout' ),
			LOYALTYD_VERSION,
			true
		);
	}

	/** Scripts of the shop's pages. */
	public function get_script_handles() {
		return array( self::HANDLE );
	}

	/** Scripts of the editor: the blocks look the same there without us. */
	public function get_editor_script_handles() {
		return array();
	}

	/** Texts and addresses of the script. */
	public function get_script_data() {
		return array(
			'cartPoints' => EarnRoutes::cart_url(),
			'account'    => is_user_logged_in() ? '' : wc_get_page_permalink( 'myaccount' ),
			'label'      => __( 'Points to redeem', 'loyaltyd' ),
			'redeem'     => __( 'Redeem', 'loyaltyd' ),
			'done'       => __( 'Your points were redeemed, and the coupon is applied to your cart.', 'loyaltyd' ),
			'trouble'    => __( 'Points cannot be redeemed at this moment. Please try again in a few minutes; your points are safe.', 'loyaltyd' ),
		);
	}
}
