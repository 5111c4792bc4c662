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

	protected function tearDown(): void {
		remove_all_filters( 'wp_doing_cron' );
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

	private function comment( int $post, array $values = array() ): int {
		$id = wp_insert_comment( $values + array( 'comment_post_ID' => $post, 'user_id' => $this->user, 'comment_content' => 'x', 'comment_approved' => 1 ) );
		$this->marks();
		return $id;
	}

	private function coupon(): WC_Coupon {
		$coupon = new WC_Coupon();
		$coupon->set_code( 'points-' . wp_generate_uuid4() );
		$coupon->set_amount( '5' );
		$coupon->update_meta_data( '_loyalty_redemption', '7' );
		$coupon->save();
		$this->marks();
		return $coupon;
	}

	// Refunds.

	public function test_a_refund_that_is_deleted_by_itself_is_marked() {
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

	public function test_a_refund_deleted_through_rest_is_marked_in_any_version() {
		$order  = $this->order();
		$refund = $this->refund( $order );
		$refund->set_id( 0 );
		// WC_REST_CRUD_Controller::delete_item, when it is gone.
		do_action( 'woocommerce_rest_delete_shop_order_refund_object', $refund, new WP_REST_Response(), new WP_REST_Request() );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_a_refund_that_is_deleted_as_a_post_is_marked() {
		$order  = $this->post( 'shop_order' );
		$refund = $this->post( 'shop_order_refund', array( 'post_parent' => $order ) );
		wp_delete_post( $refund, true );
		$this->assertEqualsCanonicalizing( array( "order:$order", "order:$refund" ), $this->marks() );
		// WC_Order_Refund_Data_Store_CPT::delete, once the post is gone.
		do_action( 'woocommerce_delete_order_refund', $refund );
		$this->assertSame( array( "order:$refund" ), $this->marks() );
	}

	public function test_a_refund_that_is_saved_by_itself_is_marked() {
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

	public function test_an_order_deleted_with_its_refunds_is_marked() {
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
	public function test_orders_that_are_posts_are_marked_through_wordpress( callable $change ) {
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

	public function test_meta_that_woocommerce_saves_by_itself_is_marked() {
		// WC_Data::save_meta_data.
		do_action( 'added_order_meta', 1, 12, '_anonymized', 'yes' );
		$this->assertSame( array( 'order:12' ), $this->marks() );
		do_action( 'updated_order_meta', 1, 12, '_color', 'red' );
		$this->assertSame( array(), $this->marks() );
	}

	public function test_an_order_taken_over_from_its_post_is_marked() {
		$order = $this->order();
		// OrdersTableDataStore::migrate_post_record.
		do_action( 'woocommerce_hpos_post_record_migrated_on_read', $order, array() );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	// Lines.

	public function test_a_line_changed_without_its_order_breaks_nothing_and_is_marked() {
		$order = $this->order();
		$lines = array_keys( $order->get_items() );
		$this->assertTrue( wc_update_order_item( $lines[0], array( 'order_item_type' => 'fee' ) ) );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_a_line_that_is_deleted_is_marked() {
		$order = $this->order();
		wc_delete_order_item( array_keys( $order->get_items() )[0] );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_lines_removed_together_are_marked() {
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

	// Comments.

	public function test_a_comment_that_becomes_nobodys_is_marked() {
		$comment = $this->comment( $this->post( 'post' ) );
		wp_update_comment( array( 'comment_ID' => $comment, 'user_id' => 0 ) );
		$this->assertSame( array( "comment:$comment" ), $this->marks() );
		$review = $this->comment( $this->post( 'product' ), array( 'comment_type' => 'review' ) );
		wp_update_comment( array( 'comment_ID' => $review, 'comment_type' => 'question' ) );
		$this->assertSame( array( "comment:$review" ), $this->marks() );
	}

	public function test_an_erased_comment_is_marked() {
		$email   = get_userdata( $this->user )->user_email;
		$comment = $this->comment( $this->post( 'post' ), array( 'comment_author_email' => $email ) );
		$erased  = wp_comments_personal_data_eraser( $email );
		$this->assertTrue( $erased['items_removed'] );
		$this->assertSame( array( "comment:$comment" ), $this->marks() );
		$this->assertSame( '0', get_comment( $comment )->user_id );
	}

	public function test_an_answer_that_takes_the_place_of_a_deleted_review_is_marked() {
		$product = $this->post( 'product' );
		$review  = $this->comment( $product, array( 'comment_type' => 'review' ) );
		$answer  = $this->comment( $product, array( 'comment_type' => 'review', 'comment_parent' => $review ) );
		wp_delete_comment( $review, true );
		$this->assertEqualsCanonicalizing( array( "comment:$review", "comment:$answer" ), $this->marks() );
		$this->assertSame( '0', get_comment( $answer )->comment_parent );
		clean_comment_cache( $answer );
		$this->assertSame( array(), $this->marks() );
	}

	public function test_the_mark_of_a_verified_owner_is_marked() {
		$review = $this->comment( $this->post( 'product' ), array( 'comment_type' => 'review' ) );
		// WC_Comments::add_comment_purchase_verification.
		add_comment_meta( $review, 'verified', '1', true );
		$this->assertSame( array( "comment:$review" ), $this->marks() );
		update_comment_meta( $review, 'verified', '0' );
		$this->assertSame( array( "comment:$review" ), $this->marks() );
		update_comment_meta( $review, 'rating', '5' );
		$this->assertSame( array(), $this->marks() );
	}

	// What is commented on.

	public function test_a_post_tells_for_all_of_its_comments() {
		$post = $this->post( 'post' );
		$this->comment( $post );
		foreach ( array( 'wp_trash_post', 'wp_untrash_post' ) as $change ) {
			$change( $post );
			$this->assertSame( array( "product:$post" ), $this->marks(), $change );
		}
	}

	public function test_another_author_or_type_of_a_post_is_marked() {
		foreach ( array( 'post', 'product' ) as $type ) {
			$post = $this->post( $type, array( 'post_author' => 1 ) );
			wp_update_post( array( 'ID' => $post, 'post_author' => $this->user ) );
			$this->assertSame( array( "product:$post" ), $this->marks(), $type );
		}
		wp_update_post( array( 'ID' => $post, 'post_type' => 'page' ) );
		$this->assertSame( array( "product:$post" ), $this->marks() );
		wp_update_post( array( 'ID' => $post, 'post_title' => 'y' ) );
		$this->assertSame( array(), $this->marks() );
	}

	public function test_the_posts_of_a_user_whose_heir_gets_them_are_marked() {
		$author = Books::user();
		$post   = $this->post( 'post', array( 'post_author' => $author ) );
		$this->post( 'post', array( 'post_author' => $author ) );
		$this->comment( $post );
		wp_delete_user( $author, $this->user );
		$this->assertSame( array( "product:$post", "user:$author" ), $this->marks() );
	}

	public function test_products_that_lose_a_category_are_marked() {
		$product = $this->post( 'product' );
		wp_set_object_terms( $product, array( 'boots', 'shoes' ), 'product_cat' );
		$this->marks();
		wp_remove_object_terms( $product, 'boots', 'product_cat' );
		$this->assertSame( array( "product:$product" ), $this->marks() );
		wp_delete_term( get_term_by( 'slug', 'shoes', 'product_cat' )->term_id, 'product_cat' );
		$this->assertContains( "product:$product", $this->marks() );
	}

	// Users.

	public function test_roles_that_change_as_capabilities_are_marked() {
		$user = new WP_User( $this->user );
		$user->add_cap( 'wholesale' );
		$this->assertSame( array( 'user:' . $this->user ), $this->marks() );
		$user->remove_all_caps();
		$this->assertSame( array( 'user:' . $this->user ), $this->marks() );
		update_user_meta( $this->user, 'nickname', 'x' );
		$this->assertSame( array(), $this->marks() );
	}

	// Coupons.

	public function test_meta_of_our_coupons_is_marked() {
		$ours = $this->coupon()->get_id();
		update_post_meta( $ours, 'date_expires', '1900000000' );
		$this->assertSame( array( "coupon:$ours" ), $this->marks() );
		delete_post_meta( $ours, '_loyalty_redemption' );
		$this->assertSame( array( "coupon:$ours" ), $this->marks() );
		update_post_meta( $ours, 'usage_count', '3' );
		$this->assertSame( array(), $this->marks() );
	}

	// When it is marked.

	public function test_a_deletion_is_marked_when_it_is_done() {
		add_filter( 'wp_doing_cron', '__return_true' );
		$coupon = $this->coupon()->get_id();
		$order  = $this->order();
		$refund = $this->refund( $order );
		Books::settle();
		$slow = function () {
			usleep( 1100000 );
			self::$list->mark( 'comment', 1 );
		};
		add_action( 'delete_post', $slow );
		wp_delete_post( $coupon, true );
		remove_action( 'delete_post', $slow );
		// What was marked before it was gone may be written, it is marked again.
		Books::marks();
		$this->assertContains( "coupon:$coupon", $this->marks() );
		Books::settle();
		self::$list->mark( 'comment', 1 );
		usleep( 1100000 );
		$refund->delete( true );
		$this->assertSame( array( 'comment:1' ), Books::marks() );
		$this->assertSame( array( 'order:' . $order->get_id() ), $this->marks() );
	}

	public function test_another_site_of_the_network_has_its_own_list() {
		$line               = array_keys( $this->order()->get_items() )[0];
		$GLOBALS['blog_id'] = 2;
		try {
			self::$list->mark( 'order', 5 );
			do_action( 'updated_order_item_meta', 1, $line, '_qty', '5' );
		} finally {
			$GLOBALS['blog_id'] = 1;
		}
		$this->assertSame( array(), $this->marks() );
	}

	/**
	 * @dataProvider poor_values
	 */
	public function test_a_hook_called_with_too_little_breaks_nothing( array $values ) {
		foreach ( $this->hooks() as $hook ) {
			$kept = apply_filters( $hook, ...$values );
			$this->assertSame( $values[0], $kept, $hook );
		}
		do_action( 'deleted_comment', 0, null );
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
