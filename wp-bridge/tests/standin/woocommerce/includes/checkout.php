<?php
/**
 * What forms of the shop do, and buying.
 */

add_action( 'wp_loaded', 'standin_forms', 20 );

/**
 * Adding to the cart, coupons, buying.
 */
function standin_forms() {
	// phpcs:disable WordPress.Security
	if ( ! WC()->cart ) {
		return;
	}
	if ( isset( $_REQUEST['add-to-cart'] ) && is_numeric( $_REQUEST['add-to-cart'] ) ) {
		$quantity = isset( $_REQUEST['quantity'] ) ? max( 1, absint( $_REQUEST['quantity'] ) ) : 1;
		if ( WC()->cart->add_to_cart( absint( $_REQUEST['add-to-cart'] ), $quantity, isset( $_REQUEST['variation_id'] ) ? absint( $_REQUEST['variation_id'] ) : 0 ) ) {
			wc_add_notice( 'Added to your cart. <a href="' . esc_url( wc_get_cart_url() ) . '">View cart</a>' );
		}
	}
	if ( isset( $_POST['apply_coupon'], $_POST['coupon_code'] ) ) {
		WC()->cart->apply_coupon( wc_format_coupon_code( wp_unslash( $_POST['coupon_code'] ) ) );
	}
	if ( isset( $_GET['remove_coupon'] ) ) {
		WC()->cart->remove_coupon( wc_format_coupon_code( wp_unslash( $_GET['remove_coupon'] ) ) );
		wc_add_notice( 'Coupon has been removed.' );
	}
	if ( isset( $_POST['woocommerce_checkout_place_order'] ) && wp_verify_nonce( $_POST['woocommerce-process-checkout-nonce'] ?? '', 'woocommerce-process_checkout' ) ) {
		$email = sanitize_email( wp_unslash( $_POST['billing_email'] ?? '' ) );
		WC()->cart->check_cart_coupons( $email );
		if ( ! is_email( $email ) ) {
			wc_add_notice( 'Billing email address is required.', 'error' );
		}
		if ( ! WC()->cart->is_empty() && ! wc_notice_count( 'error' ) ) {
			$order = standin_checkout( array( 'email' => $email, 'first_name' => wc_clean( wp_unslash( $_POST['billing_first_name'] ?? '' ) ), 'last_name' => wc_clean( wp_unslash( $_POST['billing_last_name'] ?? '' ) ) ) );
			wp_safe_redirect( $order->get_checkout_order_received_url() );
			exit;
		}
	}
	// phpcs:enable
}

/**
 * Buys what is in the cart and pays for it.
 *
 * @param array $billing email, first_name, last_name.
 */
function standin_checkout( $billing ) {
	$cart  = WC()->cart;
	$order = new WC_Order();
	$order->set_customer_id( get_current_user_id() );
	$order->set_billing_email( $billing['email'] );
	$order->set_billing_first_name( $billing['first_name'] );
	$order->set_billing_last_name( $billing['last_name'] );
	foreach ( $cart->get_cart() as $line ) {
		$order->add_item(
			new WC_Order_Item(
				'line_item',
				$line['data']->get_name(),
				array( 'product_id' => $line['product_id'], 'variation_id' => $line['variation_id'], 'quantity' => $line['quantity'], 'subtotal' => $line['line_subtotal'], 'total' => $line['line_total'] )
			)
		);
	}
	foreach ( $cart->get_applied_coupons() as $code ) {
		$order->add_item( new WC_Order_Item( 'coupon', $code, array( 'discount' => $cart->get_coupon_discount_amount( $code ) ) ) );
	}
	$order->set_discount_total( (string) $cart->get_discount_total() );
	$order->set_total( (string) $cart->get_total( 'edit' ) );
	do_action( 'woocommerce_checkout_create_order', $order, $billing );
	$id = $order->save();
	do_action( 'woocommerce_checkout_update_order_meta', $id, $billing );
	do_action( 'woocommerce_checkout_order_processed', $id, $billing, $order );
	wc_update_coupon_usage_counts( $id );
	standin_set_status( $id, 'processing' );
	do_action( 'woocommerce_payment_complete', $id, '' );
	$order = wc_get_order( $id );
	standin_send_order( $order );
	$cart->empty_cart();
	return $order;
}

/** @param WC_Order $order That was paid. */
function standin_send_order( $order ) {
	ob_start();
	$email = (object) array( 'id' => 'customer_processing_order' );
	do_action( 'woocommerce_email_before_order_table', $order, false, false, $email );
	echo '<h2>Order #' . esc_html( $order->get_order_number() ) . '</h2>';
	do_action( 'woocommerce_email_after_order_table', $order, false, false, $email );
	do_action( 'woocommerce_email_order_meta', $order, false, false, $email );
	wp_mail( $order->get_billing_email(), 'Your order has been received', ob_get_clean(), 'Content-Type: text/html' );
}

/** What the checkout's hooks are given. */
class WC_Checkout {

	/** @param string $name Of a field. */
	public function get_value( $name ) {
		$user = wp_get_current_user();
		$all  = array( 'billing_email' => $user->user_email, 'billing_first_name' => $user->first_name, 'billing_last_name' => $user->last_name );
		return isset( $all[ $name ] ) ? $all[ $name ] : '';
	}
}
