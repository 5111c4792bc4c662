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

/**
 * Deletes as the shop's pages do, which tell of a refund (WC_AJAX::delete_refund).
 *
 * @param int $id Of an order or a refund.
 */
function standin_delete_order( $id ) {
	$order = wc_get_order( $id );
	if ( ! $order ) {
		return;
	}
	$order->delete( true );
	if ( 'shop_order_refund' === $order->get_type() ) {
		do_action( 'woocommerce_refund_deleted', $id, $order->get_parent_id() );
	}
}
