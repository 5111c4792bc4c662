<?php
/**
 * What happens to orders: statuses, trash, deletion, and what follows from it.
 */

/**
 * Changes an order's status as WC_Order::update_status does, hooks in its
 * order.
 *
 * @param int    $id     Of the order.
 * @param string $status Without wc-.
 */
function standin_set_status( $id, $status ) {
	$order = wc_get_order( $id );
	$from  = $order->get_status();
	$order->set_status( $status );
	$now = WC_DateTime::of( time() );
	if ( in_array( $status, array( 'processing', 'completed' ), true ) && ! $order->get_date_paid() ) {
		$order->set_date_paid( $now );
	}
	$order->save();
	if ( 'completed' === $status ) {
		$order->set_date_completed( $now );
		$order->save();
	}
	if ( $from === $status ) {
		return;
	}
	do_action( "woocommerce_order_status_$status", $id, $order, array() );
	do_action( "woocommerce_order_status_{$from}_to_{$status}", $id, $order );
	do_action( 'woocommerce_order_status_changed', $id, $from, $status, $order );
	$order->add_order_note( "Order status changed from $from to $status." );
}

/**
 * Counts or frees the order's coupons.
 *
 * @param int $id Of the order.
 */
function wc_update_coupon_usage_counts( $id ) {
	$order = wc_get_order( $id );
	if ( ! $order || ! $order->get_coupon_codes() ) {
		return;
	}
	$ended   = $order->has_status( array( 'cancelled', 'failed', 'trash' ) );
	$counted = $order->get_coupons_counted();
	if ( $ended === ! $counted ) {
		return;
	}
	$by = $order->get_user_id() ? $order->get_user_id() : $order->get_billing_email();
	foreach ( $order->get_coupon_codes() as $code ) {
		$coupon = new WC_Coupon( $code );
		if ( $coupon->get_id() ) {
			$ended ? $coupon->decrease_usage_count( $by ) : $coupon->increase_usage_count( $by );
		}
	}
	$order->set_coupons_counted( ! $ended );
	$order->save();
}
foreach ( array( 'pending', 'completed', 'processing', 'on-hold', 'cancelled', 'failed' ) as $status ) {
	add_action( "woocommerce_order_status_$status", 'wc_update_coupon_usage_counts' );
}

/** @param int $id Of an order. */
function standin_trash_order( $id ) {
	$order = wc_get_order( $id );
	do_action( 'woocommerce_before_trash_order', $id, $order );
	$order->update_meta_data( '_wp_trash_meta_status', 'wc-' . $order->get_status() );
	$order->set_status( 'trash' );
	$order->save();
	wc_update_coupon_usage_counts( $id );
	do_action( 'woocommerce_trash_order', $id );
}

/** @param int $id Of an order in the trash. */
function standin_untrash_order( $id ) {
	$order  = wc_get_order( $id );
	$status = preg_replace( '/^wc-/', '', (string) $order->get_meta( '_wp_trash_meta_status' ) );
	do_action( 'woocommerce_untrash_order', $id, $status );
	$order->delete_meta_data( '_wp_trash_meta_status' );
	$order->save();
	standin_set_status( $id, $status );
}

/** @param int $id Of an order or a refund. */
function standin_delete_order( $id ) {
	global $wpdb;
	$order = wc_get_order( $id );
	if ( ! $order ) {
		return;
	}
	$refund = 'shop_order_refund' === $order->get_type();
	if ( ! $refund ) {
		do_action( 'woocommerce_before_delete_order', $id, $order );
		foreach ( $order->get_refunds() as $one ) {
			standin_delete_order( $one->get_id() );
		}
	}
	foreach ( WC_Order_Item::of_order( $id ) as $item ) {
		$wpdb->delete( $wpdb->prefix . 'woocommerce_order_itemmeta', array( 'order_item_id' => $item->get_id() ) );
	}
	$wpdb->delete( $wpdb->prefix . 'woocommerce_order_items', array( 'order_id' => $id ) );
	foreach ( array( 'wc_order_operational_data', 'wc_order_addresses', 'wc_orders_meta' ) as $table ) {
		$wpdb->delete( $wpdb->prefix . $table, array( 'order_id' => $id ) );
	}
	$wpdb->delete( $wpdb->prefix . 'wc_orders', array( 'id' => $id ) );
	wp_delete_post( $id, true );
	if ( $refund ) {
		do_action( 'woocommerce_refund_deleted', $id, $order->get_parent_id() );
	} else {
		do_action( 'woocommerce_delete_order', $id );
	}
}
