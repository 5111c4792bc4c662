<?php
/**
 * Endpoints of pages, and My Account.
 */

/** The endpoints. */
class WC_Query {

	/** Slugs by name. */
	public function get_query_vars() {
		return apply_filters(
			'woocommerce_get_query_vars',
			array( 'order-received' => 'order-received', 'orders' => 'orders', 'view-order' => 'view-order', 'edit-account' => 'edit-account', 'customer-logout' => 'customer-logout' )
		);
	}

	/** Where they may stand. */
	public function get_endpoints_mask() {
		$front = 'page' === get_option( 'show_on_front' ) && in_array( (int) get_option( 'page_on_front' ), array( wc_get_page_id( 'myaccount' ), wc_get_page_id( 'checkout' ) ), true );
		return $front ? EP_ROOT | EP_PAGES : EP_PAGES;
	}

	/** Their rewrite rules. */
	public function add_endpoints() {
		foreach ( $this->get_query_vars() as $slug ) {
			add_rewrite_endpoint( $slug, $this->get_endpoints_mask() );
		}
	}

	/** The one that this request asks for, or ''. */
	public function get_current_endpoint() {
		global $wp;
		foreach ( $this->get_query_vars() as $name => $slug ) {
			if ( isset( $wp->query_vars[ $slug ] ) ) {
				return $name;
			}
		}
		return '';
	}

	/**
	 * @param string $endpoint Name.
	 * @param string $action   Any.
	 */
	public function get_endpoint_title( $endpoint, $action = '' ) {
		$titles = array( 'orders' => 'Orders', 'view-order' => 'Order', 'edit-account' => 'Account details', 'order-received' => 'Order received' );
		return apply_filters( "woocommerce_endpoint_{$endpoint}_title", isset( $titles[ $endpoint ] ) ? $titles[ $endpoint ] : '', $endpoint, $action );
	}
}

add_filter(
	'the_title',
	function ( $title ) {
		if ( in_the_loop() && is_page() && is_wc_endpoint_url() ) {
			$own = WC()->query->get_endpoint_title( WC()->query->get_current_endpoint() );
			return $own ? $own : $title;
		}
		return $title;
	}
);

/** The menu: endpoint => label. */
function wc_get_account_menu_items() {
	$items = array( 'dashboard' => 'Dashboard', 'orders' => 'Orders', 'edit-account' => 'Account details', 'customer-logout' => 'Log out' );
	return apply_filters( 'woocommerce_account_menu_items', $items, WC()->query->get_query_vars() );
}

/** @param string $endpoint Of the menu. */
function wc_get_account_menu_item_classes( $endpoint ) {
	global $wp;
	$vars    = WC()->query->get_query_vars();
	$current = isset( $vars[ $endpoint ] ) ? isset( $wp->query_vars[ $vars[ $endpoint ] ] ) : ! is_wc_endpoint_url();
	return 'woocommerce-MyAccount-navigation-link woocommerce-MyAccount-navigation-link--' . $endpoint . ( $current ? ' is-active' : '' );
}

add_shortcode(
	'woocommerce_my_account',
	function () {
		global $wp;
		ob_start();
		echo '<div class="woocommerce">';
		wc_print_notices();
		if ( ! is_user_logged_in() ) {
			echo '<h2>Login</h2>';
			wp_login_form();
			echo '</div>';
			return ob_get_clean();
		}
		do_action( 'woocommerce_before_account_navigation' );
		echo '<nav class="woocommerce-MyAccount-navigation" aria-label="Account pages"><ul>';
		foreach ( wc_get_account_menu_items() as $endpoint => $label ) {
			echo '<li class="' . esc_attr( wc_get_account_menu_item_classes( $endpoint ) ) . '"><a href="' . esc_url( wc_get_account_endpoint_url( $endpoint ) ) . '">' . esc_html( $label ) . '</a></li>';
		}
		echo '</ul></nav>';
		do_action( 'woocommerce_after_account_navigation' );
		echo '<div class="woocommerce-MyAccount-content">';
		$shown = false;
		foreach ( $wp->query_vars as $name => $value ) {
			if ( 'pagename' !== $name && has_action( "woocommerce_account_{$name}_endpoint" ) ) {
				do_action( "woocommerce_account_{$name}_endpoint", $value );
				$shown = true;
			}
		}
		if ( ! $shown ) {
			echo '<p>Hello ' . esc_html( wp_get_current_user()->display_name ) . '</p>';
			do_action( 'woocommerce_account_dashboard' );
		}
		echo '</div></div>';
		return ob_get_clean();
	}
);

add_action(
	'woocommerce_account_orders_endpoint',
	function () {
		echo '<table class="woocommerce-orders-table"><thead><tr><th>Order</th><th>Status</th><th>Total</th></tr></thead><tbody>';
		foreach ( wc_get_orders( array( 'customer_id' => get_current_user_id(), 'limit' => 10 ) ) as $order ) {
			echo '<tr><td><a href="' . esc_url( $order->get_view_order_url() ) . '">#' . esc_html( $order->get_order_number() ) . '</a></td><td>' . esc_html( wc_get_order_status_name( $order->get_status() ) ) . '</td><td>' . wp_kses_post( $order->get_formatted_order_total() ) . '</td></tr>';
		}
		echo '</tbody></table>';
	}
);
add_action(
	'woocommerce_account_view-order_endpoint',
	function ( $id ) {
		$order = wc_get_order( $id );
		if ( ! $order || $order->get_user_id() !== get_current_user_id() ) {
			wc_print_notice( 'Invalid order.', 'error' );
			return;
		}
		do_action( 'woocommerce_view_order', $order->get_id() );
		do_action( 'woocommerce_order_details_after_order_table', $order );
	}
);
