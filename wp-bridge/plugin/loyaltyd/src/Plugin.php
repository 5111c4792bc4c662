<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd;

defined( 'ABSPATH' ) || exit;

/**
 * Starts the plugin's parts.
 */
final class Plugin {

	/**
	 * Every part: a class made from the services, with a method register() that
	 * adds its hooks.
	 */
	const PARTS = array(
		Store\DirtyList::class,
		Store\CouponGuard::class,
		Store\CouponOrder::class,
		Rest\Routes::class,
		Privacy::class,
		SiteHealth::class,
		StatusReport::class,
		Cli\Command::class,
		Admin\Admin::class,
		Shop\Shop::class,
	);

	/** @var Services|null */
	private static $services;

	/**
	 * Adds all hooks. Runs once, when WordPress loads the plugin.
	 */
	public static function boot() {
		self::$services = new Services();
		add_action( 'before_woocommerce_init', array( self::class, 'declare_compatibility' ) );
		add_action( 'init', array( self::class, 'load_translations' ), 1 );
		add_action( 'init', array( self::class, 'note_version' ) );
		foreach ( self::PARTS as $part ) {
			if ( class_exists( $part ) ) {
				( new $part( self::$services ) )->register();
			}
		}
	}

	/**
	 * Returns the shared objects, for code outside the plugin's own parts.
	 */
	public static function services(): Services {
		return self::$services;
	}

	/**
	 * Tells WooCommerce that orders are used through its own classes only, and
	 * that the cart and checkout blocks are served.
	 */
	public static function declare_compatibility() {
		if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', LOYALTYD_FILE, true );
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'cart_checkout_blocks', LOYALTYD_FILE, true );
		}
	}

	/**
	 * Loads the translations that come with the plugin.
	 */
	public static function load_translations() {
		load_plugin_textdomain( 'loyaltyd', false, dirname( plugin_basename( LOYALTYD_FILE ) ) . '/languages' );
	}

	/**
	 * Tells the daemon which version of the plugin is at work.
	 */
	public static function note_version() {
		if ( get_option( 'loyaltyd_version' ) !== LOYALTYD_VERSION ) {
			update_option( 'loyaltyd_version', LOYALTYD_VERSION, true );
		}
	}

	/**
	 * Makes the key and starts the hourly look at coupons.
	 */
	public static function activate() {
		self::note_version();
		self::services()->key()->ensure();
		if ( ! wp_next_scheduled( 'loyaltyd_heal' ) ) {
			wp_schedule_event( time() + HOUR_IN_SECONDS, 'hourly', 'loyaltyd_heal' );
		}
		self::call_shop( 'activate' );
	}

	/**
	 * Stops what runs by itself. Data and key stay.
	 */
	public static function deactivate() {
		wp_clear_scheduled_hook( 'loyaltyd_heal' );
		self::call_shop( 'deactivate' );
	}

	/**
	 * Lets the shopper's pages add or remove their addresses.
	 *
	 * @param string $method activate or deactivate.
	 */
	private static function call_shop( string $method ) {
		if ( is_callable( array( Shop\Shop::class, $method ) ) ) {
			call_user_func( array( Shop\Shop::class, $method ) );
		}
	}

	/**
	 * Returns the capability that every page and action for admins needs.
	 */
	public static function capability(): string {
		/**
		 * Filters the capability that Coupons > Loyalty needs.
		 *
		 * @param string $capability Default manage_woocommerce.
		 */
		return (string) apply_filters( 'loyaltyd_capability', 'manage_woocommerce' );
	}
}
