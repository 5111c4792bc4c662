<?php
/**
 * Plugin Name: WooCommerce (stand-in)
 * Description: The few functions, classes and hooks of WooCommerce that the plugin uses, for tests and demos. Not a shop.
 * Version: 10.9.1
 *
 * What is here behaves as WooCommerce was seen to behave; used.txt beside this
 * folder lists what the plugin needs, and a test keeps both in step.
 */

defined( 'ABSPATH' ) || exit;

define( 'WC_VERSION', '10.9.1' );
define( 'WC_PLUGIN_FILE', __FILE__ );

foreach ( array( 'features', 'functions', 'data', 'product', 'coupon', 'order', 'order-status', 'refund', 'cart', 'checkout', 'account', 'shop', 'admin' ) as $part ) {
	require __DIR__ . '/includes/' . $part . '.php';
}

/**
 * What WC() returns.
 */
final class WooCommerce {

	/** @var string */
	public $version = WC_VERSION;

	/** @var WC_Cart|null Only in requests of shoppers. */
	public $cart;

	/** @var WC_Session|null Likewise. */
	public $session;

	/** @var WC_Customer|null Likewise. */
	public $customer;

	/** @var WC_Query */
	public $query;

	/** The one object. */
	public static function instance(): self {
		static $one;
		if ( ! $one ) {
			$one        = new self();
			$one->query = new WC_Query();
		}
		return $one;
	}

	/** Whether the request is a shopper's. */
	public function is_frontend(): bool {
		return ! is_admin() && ! wp_doing_cron() && PHP_SAPI !== 'cli';
	}

	/** The address of a file of the plugin. */
	public function plugin_url(): string {
		return untrailingslashit( plugins_url( '/', __FILE__ ) );
	}
}

/** The shop. */
function WC() { // phpcs:ignore
	return WooCommerce::instance();
}

WC();

register_activation_hook( __FILE__, 'standin_activate' );

/**
 * Roles, pages and options of a fresh shop.
 */
function standin_activate() {
	add_role( 'customer', 'Customer', array( 'read' => true ) );
	add_role(
		'shop_manager',
		'Shop manager',
		array_merge(
			get_role( 'editor' )->capabilities,
			array(
				'manage_woocommerce'       => true,
				'view_woocommerce_reports' => true,
				'edit_shop_orders'         => true,
				'edit_shop_coupons'        => true,
				'edit_users'               => true,
				'list_users'               => true,
			)
		)
	);
	foreach ( array( 'manage_woocommerce', 'view_woocommerce_reports', 'edit_shop_orders', 'edit_others_shop_orders', 'edit_shop_coupons' ) as $capability ) {
		get_role( 'administrator' )->add_cap( $capability );
	}
	get_role( 'shop_manager' )->add_cap( 'edit_others_shop_orders' );
	foreach ( array(
		'shop'      => array( 'Shop', '' ),
		'cart'      => array( 'Cart', '[woocommerce_cart]' ),
		'checkout'  => array( 'Checkout', '[woocommerce_checkout]' ),
		'myaccount' => array( 'My account', '[woocommerce_my_account]' ),
	) as $name => $page ) {
		if ( ! get_option( "woocommerce_{$name}_page_id" ) ) {
			$id = wp_insert_post(
				array(
					'post_type'    => 'page',
					'post_status'  => 'publish',
					'post_title'   => $page[0],
					'post_content' => $page[1],
				)
			);
			update_option( "woocommerce_{$name}_page_id", $id );
		}
	}
	foreach ( array(
		'woocommerce_currency'           => 'USD',
		'woocommerce_price_num_decimals' => '2',
		'woocommerce_version'            => WC_VERSION,
	) as $name => $value ) {
		add_option( $name, $value );
	}
}

add_action(
	'plugins_loaded',
	function () {
		do_action( 'before_woocommerce_init' );
		do_action( 'woocommerce_loaded' );
	},
	-1
);
add_action(
	'init',
	function () {
		standin_post_types();
		WC()->query->add_endpoints();
		if ( WC()->is_frontend() ) {
			wc_load_cart();
		}
		do_action( 'woocommerce_init' );
	},
	0
);

/**
 * Posts that WooCommerce has.
 */
function standin_post_types() {
	register_taxonomy( 'product_cat', 'product', array( 'hierarchical' => true, 'label' => 'Product categories', 'show_in_menu' => true ) );
	register_taxonomy( 'product_type', 'product', array( 'public' => false ) );
	register_post_type(
		'product',
		array(
			'label'       => 'Products',
			'public'      => true,
			'has_archive' => 'shop-all',
			'rewrite'     => array( 'slug' => 'product' ),
			'supports'    => array( 'title', 'editor', 'comments' ),
		)
	);
	register_post_type( 'product_variation', array( 'public' => false ) );
	register_post_type(
		'shop_coupon',
		array(
			'label'        => 'Coupons',
			'public'       => false,
			'show_ui'      => true,
			'show_in_menu' => current_user_can( 'manage_woocommerce' ) ? 'woocommerce-marketing' : true,
			'supports'     => array( 'title' ),
			'map_meta_cap' => true,
		)
	);
	register_post_type( 'shop_order_placehold', array( 'public' => false ) );
	register_post_type( 'shop_order', array( 'public' => false ) );
	register_post_type( 'shop_order_refund', array( 'public' => false ) );
	foreach ( wc_get_order_statuses() as $status => $label ) {
		register_post_status( $status, array( 'label' => $label, 'public' => false, 'exclude_from_search' => true ) );
	}
}
