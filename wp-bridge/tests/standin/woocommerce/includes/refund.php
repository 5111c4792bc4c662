<?php
/**
 * Refunds.
 */

/** A refund. */
class WC_Order_Refund extends WC_Abstract_Order {

	/** Its type. */
	public function get_type() {
		return 'shop_order_refund';
	}
}

/**
 * Refunds an amount, with or without lines; a whole refund changes the order's
 * status.
 *
 * @param array $arguments order_id, amount, reason, line_items: item id => qty, refund_total.
 * @return WC_Order_Refund
 */
function wc_create_refund( $arguments = array() ) {
	$arguments = wp_parse_args( $arguments, array( 'amount' => 0, 'reason' => '', 'order_id' => 0, 'line_items' => array() ) );
	$order     = wc_get_order( $arguments['order_id'] );
	$refund    = new WC_Order_Refund();
	$refund->set_parent_id( $order->get_id() );
	$refund->set_status( 'completed' );
	$refund->set_currency( $order->get_currency() );
	$refund->set_total( '-' . wc_format_decimal( $arguments['amount'], 2 ) );
	$refund->update_meta_data( '_refund_amount', wc_format_decimal( $arguments['amount'], 2 ) );
	$refund->update_meta_data( '_refund_reason', $arguments['reason'] );
	foreach ( $arguments['line_items'] as $id => $line ) {
		foreach ( $order->get_items() as $item ) {
			if ( $item->get_id() === (int) $id ) {
				$refund->add_item(
					new WC_Order_Item(
						'line_item',
						$item->get_name(),
						array( 'product_id' => $item->get_product_id(), 'variation_id' => $item->get_variation_id(), 'quantity' => -$line['qty'], 'total' => '-' . $line['refund_total'], 'subtotal' => '-' . $line['refund_total'], 'refunded_item_id' => $id )
					)
				);
			}
		}
	}
	$refund->save();
	do_action( 'woocommerce_create_refund', $refund, $arguments );
	$order->save();
	if ( (float) $order->get_total_refunded() >= (float) $order->get_total() ) {
		do_action( 'woocommerce_order_fully_refunded', $order->get_id(), $refund->get_id() );
		standin_set_status( $order->get_id(), 'refunded' );
	} else {
		do_action( 'woocommerce_order_partially_refunded', $order->get_id(), $refund->get_id() );
	}
	do_action( 'woocommerce_refund_created', $refund->get_id(), $arguments );
	do_action( 'woocommerce_order_refunded', $order->get_id(), $refund->get_id() );
	return $refund;
}
