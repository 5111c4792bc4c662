<?php
/**
 * @package Loyaltyd
 */

use PHPUnit\Framework\TestCase;

/**
 * What the stand-in does as WooCommerce does.
 */
final class StandInTest extends TestCase {

	/** An order of the customer for two of a product with a coupon. */
	private function order( WC_Coupon $coupon ): WC_Order {
		wc_load_cart();
		WC()->cart->empty_cart();
		wc_clear_notices();
		$product = wp_insert_post( array( 'post_type' => 'product', 'post_status' => 'publish', 'post_title' => 'Teapot' ) );
		update_post_meta( $product, '_price', '12.50' );
		WC()->cart->add_to_cart( $product, 2 );
		$this->assertTrue( WC()->cart->apply_coupon( $coupon->get_code() ), wc_print_notices( true ) );
		return standin_checkout( array( 'email' => 'a@example.com', 'first_name' => 'A', 'last_name' => '<b>' ) );
	}

	private function coupon(): WC_Coupon {
		$coupon = new WC_Coupon();
		$coupon->set_code( 'TEN-' . wp_generate_uuid4() );
		$coupon->set_amount( '1.00' );
		$coupon->set_usage_limit( 1 );
		$coupon->update_meta_data( '_color', '7' );
		$coupon->save();
		return $coupon;
	}

	public function test_a_coupon_is_read_as_it_was_written() {
		$coupon = $this->coupon();
		$again  = new WC_Coupon( $coupon->get_code() );
		$this->assertSame( $coupon->get_id(), $again->get_id() );
		$this->assertSame( array( '1.00', 'fixed_cart', 1, '7', 'publish' ), array( $again->get_amount(), $again->get_discount_type(), $again->get_usage_limit(), $again->get_meta( '_color' ), $again->get_status() ) );
	}

	public function test_a_draft_has_no_code_that_can_be_used() {
		$coupon = $this->coupon();
		$coupon->set_status( 'draft' );
		$coupon->save();
		$this->assertSame( 0, wc_get_coupon_id_by_code( $coupon->get_code() ) );
	}

	public function test_a_coupon_pays_and_is_used_up() {
		$coupon = $this->coupon();
		$order  = $this->order( $coupon );
		$this->assertSame( 'processing', $order->get_status() );
		$this->assertSame( array( $coupon->get_code() ), $order->get_coupon_codes() );
		$lines = array_values( $order->get_items() );
		$this->assertEqualsWithDelta( (float) $lines[0]->get_subtotal() - 1, (float) $order->get_total(), 0.001 );
		$this->assertFalse( ( new WC_Coupon( $coupon->get_id() ) )->is_valid() );
	}

	public function test_failing_and_cancelling_free_the_coupon() {
		$coupon = $this->coupon();
		$order  = $this->order( $coupon );
		foreach ( array( 'failed' => 0, 'cancelled' => 0, 'on-hold' => 1, 'refunded' => 1, 'cancelled ' => 0, 'pending' => 1, 'failed ' => 0 ) as $status => $uses ) {
			standin_set_status( $order->get_id(), trim( $status ) );
			$this->assertSame( $uses, ( new WC_Coupon( $coupon->get_id() ) )->get_usage_count(), $status );
		}
	}

	public function test_refunding_all_changes_the_status() {
		$order = $this->order( $this->coupon() );
		wc_create_refund( array( 'order_id' => $order->get_id(), 'amount' => '0.01' ) );
		$this->assertSame( 'processing', wc_get_order( $order->get_id() )->get_status() );
		wc_create_refund( array( 'order_id' => $order->get_id(), 'amount' => (string) ( $order->get_total() - 0.01 ) ) );
		$this->assertSame( 'refunded', wc_get_order( $order->get_id() )->get_status() );
		$this->assertCount( 2, wc_get_order( $order->get_id() )->get_refunds() );
	}

	public function test_hooks_fire_in_their_order() {
		$order = $this->order( $this->coupon() );
		$fired = array();
		foreach ( array( 'woocommerce_update_order', 'woocommerce_order_status_completed', 'woocommerce_order_status_changed', 'woocommerce_trash_order', 'woocommerce_untrash_order', 'woocommerce_delete_order' ) as $hook ) {
			add_action(
				$hook,
				function () use ( $hook, &$fired ) {
					if ( end( $fired ) !== $hook ) {
						$fired[] = $hook;
					}
				}
			);
		}
		standin_set_status( $order->get_id(), 'completed' );
		$this->assertSame( array( 'woocommerce_update_order', 'woocommerce_order_status_completed', 'woocommerce_order_status_changed' ), array_slice( $fired, 0, 3 ) );
		standin_trash_order( $order->get_id() );
		$this->assertContains( 'woocommerce_trash_order', $fired );
		standin_untrash_order( $order->get_id() );
		$this->assertSame( 'completed', wc_get_order( $order->get_id() )->get_status() );
		standin_delete_order( $order->get_id() );
		$this->assertContains( 'woocommerce_delete_order', $fired );
		$this->assertFalse( wc_get_order( $order->get_id() ) );
	}
}
