<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/PairedCase.php';

use Loyaltyd\Services;
use Loyaltyd\Store\DirtyList;

/**
 * What reaches the database past the plain hooks of orders. Hooks that the
 * stand-in does not call are called here as the function named beside calls
 * them in WooCommerce or WordPress.
 */
final class ChangesTest extends PairedCase {

	/** @var DirtyList */
	private static $list;

	/** @var int */
	private $user;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		self::$list = new DirtyList( new Services() );
		self::$list->register();
	}

	protected function setUp(): void {
		parent::setUp();
		$this->user = Books::user();
		Loyaltyd\Plugin::services()->renew();
		Books::settle();
	}

	private function marks(): array {
		self::$list->write();
		$marks = array_unique( Books::marks() );
		sort( $marks );
		return $marks;
	}

	/** An order of two lines and a fee, all known. */
	private function order(): WC_Order {
		$order = new WC_Order();
		$order->set_customer_id( $this->user );
		$order->set_status( 'completed' );
		$order->set_total( '30' );
		$order->add_item( new WC_Order_Item( 'line_item', 'Tea', array( 'quantity' => '1', 'total' => '10' ) ) );
		$order->add_item( new WC_Order_Item( 'line_item', 'Pot', array( 'quantity' => '1', 'total' => '15' ) ) );
		$order->add_item( new WC_Order_Item( 'fee', 'Gift wrap', array( 'total' => '5' ) ) );
		$order->save();
		$this->marks();
		return wc_get_order( $order->get_id() );
	}

	private function refund( WC_Order $order ): WC_Order_Refund {
		$refund = wc_create_refund( array( 'order_id' => $order->get_id(), 'amount' => '3' ) );
		$this->marks();
		return wc_get_order( $refund->get_id() );
	}

	private function post( string $type, array $values = array() ): int {
		$id = wp_insert_post( $values + array( 'post_type' => $type, 'post_status' => 'publish', 'post_title' => 'x' ) );
		$this->marks();
		return $id;
	}

	// Refunds.

	public function test_a_refund_that_is_deleted_by_itself_is_told() {
		$order  = $this->order();
		$refund = $this->refund( $order );
		$refund->delete( true );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_a_refund_whose_deletion_another_plugin_forbids_stays() {
		$refund = $this->refund( $this->order() );
		add_filter( 'woocommerce_pre_delete_order_refund', '__return_false', 5 );
		$this->assertFalse( $refund->delete( true ) );
		remove_filter( 'woocommerce_pre_delete_order_refund', '__return_false', 5 );
		$this->assertNotFalse( wc_get_order( $refund->get_id() ) );
	}

	public function test_a_refund_deleted_through_rest_is_told_in_any_version() {
		$order  = $this->order();
		$refund = $this->refund( $order );
		$refund->set_id( 0 );
		// WC_REST_CRUD_Controller::delete_item, when it is gone.
		do_action( 'woocommerce_rest_delete_shop_order_refund_object', $refund, new WP_REST_Response(), new WP_REST_Request() );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_a_refund_that_is_deleted_as_a_post_is_told() {
		$order  = $this->post( 'shop_order' );
		$refund = $this->post( 'shop_order_refund', array( 'post_parent' => $order ) );
		wp_delete_post( $refund, true );
		$this->assertEqualsCanonicalizing( array( "order:$order", "order:$refund" ), $this->marks() );
		// WC_Order_Refund_Data_Store_CPT::delete, once the post is gone.
		do_action( 'woocommerce_delete_order_refund', $refund );
		$this->assertSame( array( "order:$refund" ), $this->marks() );
	}

	public function test_a_refund_that_is_saved_by_itself_is_told() {
		$order  = $this->order();
		$refund = new WC_Order_Refund();
		$refund->set_parent_id( $order->get_id() );
		$refund->set_total( '-2' );
		// WC_Abstract_Order::save.
		$refund->save();
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
		$refund->set_total( '-3' );
		$refund->save();
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_an_order_deleted_with_its_refunds_is_told() {
		$order = $this->order();
		$this->refund( $order );
		$id = $order->get_id();
		$order->delete( true );
		$this->assertSame( array( "order:$id" ), $this->marks() );
	}

	// Orders.

	/**
	 * @dataProvider order_posts
	 */
	public function test_orders_that_are_posts_are_told_of_by_wordpress( callable $change ) {
		$order = $this->post( 'shop_order', array( 'post_status' => 'wc-processing' ) );
		update_post_meta( $order, '_customer_user', '4' );
		$this->marks();
		$change( $order );
		$this->assertSame( array( "order:$order" ), $this->marks() );
	}

	public function order_posts(): array {
		return array(
			'a status'      => array(
				function ( $id ) {
					wp_update_post( array( 'ID' => $id, 'post_status' => 'wc-completed' ) );
				},
			),
			'a customer'    => array(
				function ( $id ) {
					update_post_meta( $id, '_customer_user', '5' );
				},
			),
			'a total'       => array(
				function ( $id ) {
					add_post_meta( $id, '_order_total', '5' );
				},
			),
			'a paid date'   => array(
				function ( $id ) {
					update_post_meta( $id, '_date_paid', '1700000000' );
				},
			),
			'no customer'   => array(
				function ( $id ) {
					delete_post_meta( $id, '_customer_user' );
				},
			),
			'the trash'     => array( 'wp_trash_post' ),
			'for good'      => array(
				function ( $id ) {
					wp_delete_post( $id, true );
				},
			),
		);
	}

	public function test_other_meta_of_posts_is_nothing() {
		$order = $this->post( 'shop_order' );
		update_post_meta( $order, '_edit_lock', '1' );
		update_post_meta( $order, '_billing_phone', '1' );
		update_post_meta( $this->post( 'page' ), '_order_total', '1' );
		$this->assertSame( array(), $this->marks() );
	}

	public function test_meta_that_woocommerce_saves_by_itself_is_told() {
		// WC_Data::save_meta_data.
		do_action( 'added_order_meta', 1, 12, '_anonymized', 'yes' );
		$this->assertSame( array( 'order:12' ), $this->marks() );
		do_action( 'updated_order_meta', 1, 12, '_color', 'red' );
		$this->assertSame( array(), $this->marks() );
	}

	public function test_an_order_taken_over_from_its_post_is_told() {
		$order = $this->order();
		// OrdersTableDataStore::migrate_post_record.
		do_action( 'woocommerce_hpos_post_record_migrated_on_read', $order, array() );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	// Lines.

	public function test_a_line_changed_without_its_order_breaks_nothing_and_is_told() {
		$order = $this->order();
		$lines = array_keys( $order->get_items() );
		$this->assertTrue( wc_update_order_item( $lines[0], array( 'order_item_type' => 'fee' ) ) );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_a_line_that_is_deleted_is_told() {
		$order = $this->order();
		wc_delete_order_item( array_keys( $order->get_items() )[0] );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_lines_removed_together_are_told() {
		$order = $this->order();
		$order->remove_order_items( 'fee' );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
		// Abstract_WC_Order_Data_Store_CPT::delete_items, by wc_delete_shop_order_transients.
		do_action( 'woocommerce_delete_shop_order_transients', $order->get_id() );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_any_number_of_lines_is_one_question() {
		global $wpdb;
		$lines = array_keys( $this->order()->get_items() );
		for ( $i = 0; $i < 400; $i++ ) {
			// update_metadata, by wc_update_order_item_meta.
			do_action( 'updated_order_item_meta', 1, $lines[0] + $i, '_refunded_item_id', '5' );
		}
		$before = $wpdb->num_queries;
		self::$list->write();
		$this->assertLessThanOrEqual( 3, $wpdb->num_queries - $before );
		$this->assertCount( 1, array_unique( Books::marks() ) );
	}

	/**
	 * @dataProvider poor_values
	 */
	public function test_a_hook_called_with_too_little_breaks_nothing( array $values ) {
		foreach ( $this->hooks() as $hook ) {
			$kept = apply_filters( $hook, ...$values );
			$this->assertSame( $values[0], $kept, $hook );
		}
		$this->marks();
	}

	public function poor_values(): array {
		return array( array( array( null ) ), array( array( 'x' ) ), array( array( array() ) ), array( array( new stdClass() ) ), array( array( 7, new stdClass() ) ) );
	}

	/** The hooks that our lists are on, and nobody else of WordPress. */
	private function hooks(): array {
		$hooks = array();
		foreach ( $GLOBALS['wp_filter'] as $name => $hook ) {
			$all = array_merge( ...array_values( array_map( 'array_values', $hook->callbacks ) ) );
			$our = array_filter(
				$all,
				function ( $callback ) {
					return $callback['function'] instanceof Closure && ( new ReflectionFunction( $callback['function'] ) )->getClosureThis() instanceof DirtyList;
				}
			);
			if ( $our && count( $our ) === count( $all ) ) {
				$hooks[] = $name;
			}
		}
		$this->assertGreaterThan( 15, count( $hooks ) );
		return $hooks;
	}
}
