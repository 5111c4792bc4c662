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

	public function test_any_number_of_lines_is_one_question() {
		global $wpdb;
		$lines = array_keys( $this->order()->get_items() );
		for ( $i = 0; $i < 400; $i++ ) {
			// update_metadata, by wc_update_order_item_meta.
			do_action( 'updated_order_item_meta', 1, $lines[0] + $i, '_line_total', '5' );
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
