<?php
/**
 * The menus of wp-admin, and the orders screen as a list of buttons.
 */

add_action(
	'admin_menu',
	function () {
		add_menu_page( 'WooCommerce', 'WooCommerce', 'edit_others_shop_orders', 'woocommerce', '__return_null', 'dashicons-cart', '55.5' );
		add_submenu_page( 'woocommerce', 'Orders', 'Orders', 'edit_others_shop_orders', 'wc-orders', 'standin_orders_screen' );
		add_submenu_page( 'woocommerce', 'Status', 'Status', 'manage_woocommerce', 'wc-status', 'standin_status_screen' );
	},
	9
);
add_action(
	'admin_menu',
	function () {
		add_menu_page( 'Marketing', 'Marketing', 'manage_woocommerce', 'woocommerce-marketing', '__return_null', 'dashicons-megaphone', '58' );
	},
	5
);

/** Orders, newest first. */
function standin_orders_screen() {
	echo '<div class="wrap"><h1>Orders</h1><table class="widefat"><thead><tr><th>Order</th><th>Status</th><th>Total</th></tr></thead><tbody>';
	foreach ( wc_get_orders( array( 'limit' => 20 ) ) as $order ) {
		echo '<tr><td>#' . esc_html( $order->get_order_number() . ' ' . $order->get_formatted_billing_full_name() ) . '</td><td>' . esc_html( wc_get_order_status_name( $order->get_status() ) ) . '</td><td>' . wp_kses_post( $order->get_formatted_order_total() ) . '</td></tr>';
	}
	echo '</tbody></table></div>';
}

/** The system status report, to which plugins add rows. */
function standin_status_screen() {
	echo '<div class="wrap woocommerce"><h1>Status</h1>';
	do_action( 'woocommerce_system_status_report' );
	echo '</div>';
}
