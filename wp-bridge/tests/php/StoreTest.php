<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/PairedCase.php';

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Services;
use Loyaltyd\Store\CouponGuard;
use Loyaltyd\Store\DirtyList;

/**
 * Coupons from points, and what is marked as changed.
 */
final class StoreTest extends PairedCase {

	/** @var DirtyList */
	private static $list;

	/** @var int */
	private $user;

	public static function setUpBeforeClass(): void {
		parent::setUpBeforeClass();
		// The plugin's own list writes when the process ends, this one when a test asks.
		self::$list = new DirtyList( new Services() );
		self::$list->register();
	}

	protected function setUp(): void {
		parent::setUp();
		update_option( 'timezone_string', 'Europe/Berlin' );
		$this->user = Books::user();
		// The plugin's own services live as long as the process.
		Loyaltyd\Plugin::services()->renew();
		foreach ( get_posts( array( 'post_type' => 'shop_coupon', 'post_status' => 'any', 'numberposts' => -1, 'fields' => 'ids' ) ) as $coupon ) {
			wp_delete_post( $coupon, true );
		}
		Books::settle();
	}

	protected function tearDown(): void {
		wp_set_current_user( 0 );
	}

	private function marks(): array {
		self::$list->write();
		$marks = array_unique( Books::marks() );
		sort( $marks );
		return $marks;
	}

	private function redemption( int $id, array $more = array() ): array {
		return $more + array(
			'id' => $id, 'user_id' => $this->user, 'points' => 500, 'returned' => 0, 'amount' => '5.00', 'currency' => 'EUR', 'code' => 'points-abc' . $id, 'coupon_id' => null, 'order_id' => null,
			'state' => 'reserved', 'reserved_at' => '2026-03-01T00:00:00.000000Z', 'changed_at' => '2026-03-01T00:00:00.000000Z', 'expires_on' => '2030-03-30', 'balance' => 0, 'repeated' => false,
		);
	}

	private function coupons(): array {
		return get_posts( array( 'post_type' => 'shop_coupon', 'post_status' => 'any', 'numberposts' => -1, 'fields' => 'ids' ) );
	}

	private function refusal( callable $call ): BridgeError {
		try {
			$call();
		} catch ( BridgeError $e ) {
			return $e;
		}
		$this->fail( 'nothing was refused' );
	}

	private function redeem( string $key = 'key-00000001' ): WC_Coupon {
		return ( new Services() )->redeemer()->redeem( $this->user, 500, $key );
	}

	public function test_a_shop_without_coupons_spends_no_points() {
		update_option( 'woocommerce_enable_coupons', 'no' );
		try {
			$this->redeem();
			$this->fail( 'Points were redeemed.' );
		} catch ( BridgeError $e ) {
			$this->assertSame( 'redeeming_off', $e->code() );
		} finally {
			delete_option( 'woocommerce_enable_coupons' );
		}
		$this->assertSame( array(), self::$peer->requests() );
	}

	public function test_points_become_a_coupon_of_their_owner() {
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 201, $this->redemption( 1 ) );
		self::$peer->answer( 'POST /v1/redemptions/1/confirm', 200, $this->redemption( 1, array( 'state' => 'confirmed' ) ) );
		$coupon = new WC_Coupon( $this->redeem()->get_id() );
		$this->assertSame( array( 'points-abc1', '5.00', 'fixed_cart', 1, 1, 'publish' ), array( $coupon->get_code(), $coupon->get_amount(), $coupon->get_discount_type(), $coupon->get_usage_limit(), $coupon->get_usage_limit_per_user(), $coupon->get_status() ) );
		$this->assertSame( array( get_userdata( $this->user )->user_email ), $coupon->get_email_restrictions() );
		$this->assertSame( '1', (string) $coupon->get_meta( '_loyalty_redemption' ) );
		// Its last day is the thirtieth, the day on which clocks jump is the thirty-first.
		$this->assertSame( '2030-03-30 23:00:00', gmdate( 'Y-m-d H:i:s', $coupon->get_date_expires()->getTimestamp() ) );
		$this->assertSame( $coupon->get_id(), wc_get_coupon_id_by_code( 'points-abc1' ) );
		$requests = self::$peer->requests();
		$this->assertSame( array( '{"points":500}', '{"coupon_id":' . $coupon->get_id() . '}' ), array_column( $requests, 'body' ) );
		$this->assertSame( 'key-00000001', $requests[0]['idempotency_key'] );
		$this->assertSame( array( 'coupon:' . $coupon->get_id(), 'user:' . $this->user ), array_merge( $this->marks(), array( 'user:' . $this->user ) ) );
	}

	public function test_a_coupon_without_an_end_has_none() {
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 201, $this->redemption( 1, array( 'expires_on' => null ) ) );
		self::$peer->answer( 'POST /v1/redemptions/1/confirm', 200, array() );
		$this->assertNull( ( new WC_Coupon( $this->redeem()->get_id() ) )->get_date_expires() );
	}

	public function test_what_the_daemon_refuses_makes_no_coupon() {
		self::$peer->refuse( "POST /v1/customers/{$this->user}/redemptions", 409, 'insufficient_points' );
		$this->assertSame( 'insufficient_points', $this->refusal( array( $this, 'redeem_once' ) )->code() );
		$this->assertSame( array(), $this->coupons() );
	}

	public function redeem_once() {
		$this->redeem();
	}

	public function test_a_daemon_that_dies_before_confirming_leaves_a_draft_that_heals() {
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 201, $this->redemption( 1 ) );
		self::$peer->refuse( 'POST /v1/redemptions/1/confirm', 503, 'database_down' );
		$this->assertSame( 'database_down', $this->refusal( array( $this, 'redeem_once' ) )->code() );
		$coupons = $this->coupons();
		$this->assertCount( 1, $coupons );
		$this->assertSame( 'draft', get_post_status( $coupons[0] ) );
		$this->assertSame( 0, wc_get_coupon_id_by_code( 'points-abc1' ) );
		( new Services() )->redeemer()->heal( $this->user );
		$this->assertSame( 'draft', get_post_status( $coupons[0] ) );
		self::$peer->forget();
		self::$peer->answer( 'POST /v1/redemptions/1/confirm', 200, array( 'state' => 'confirmed' ) );
		( new Services() )->redeemer()->heal( Books::user() );
		$this->assertSame( 'draft', get_post_status( $coupons[0] ) );
		do_action( 'loyaltyd_heal' );
		$this->assertSame( 'publish', get_post_status( $coupons[0] ) );
		$this->assertSame( $coupons[0], wc_get_coupon_id_by_code( 'points-abc1' ) );
		self::$peer->forget();
		( new Services() )->redeemer()->heal();
		$this->assertSame( array(), self::$peer->requests() );
	}

	public function test_the_same_form_sent_again_is_the_same_coupon() {
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 201, $this->redemption( 1 ) );
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 200, $this->redemption( 1, array( 'repeated' => true ) ) );
		self::$peer->refuse( 'POST /v1/redemptions/1/confirm', 503, 'busy' );
		self::$peer->answer( 'POST /v1/redemptions/1/confirm', 200, array() );
		$this->refusal( array( $this, 'redeem_once' ) );
		$first = $this->redeem();
		$this->assertSame( 'publish', get_post_status( $first->get_id() ) );
		$this->assertSame( $first->get_id(), $this->redeem()->get_id() );
		$this->assertCount( 1, $this->coupons() );
	}

	public function test_of_two_clicks_at_once_both_get_the_coupon_of_the_first() {
		$first = $this->points_coupon( 'confirmed' );
		$id    = (int) $first->get_meta( '_loyalty_redemption' );
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 200, $this->redemption( $id, array( 'repeated' => true, 'coupon_id' => null, 'code' => 'points-b' ) ) );
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 200, $this->redemption( $id, array( 'repeated' => true, 'coupon_id' => $first->get_id(), 'state' => 'confirmed' ) ) );
		self::$peer->refuse( "POST /v1/redemptions/$id/confirm", 409, 'other_coupon' );
		// Until it asks the daemon, the second click does not see the coupon of the first.
		$blind = function ( $query ) {
			$query->query_vars['post__in'] = array( 0 );
		};
		add_action( 'pre_get_posts', $blind );
		$second = $this->redeem();
		remove_action( 'pre_get_posts', $blind );
		$this->assertSame( $first->get_id(), $second->get_id() );
		$this->assertSame( array( $first->get_id() ), $this->coupons() );
	}

	public function test_a_draft_whose_points_went_back_is_deleted() {
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 201, $this->redemption( 1 ) );
		self::$peer->refuse( 'POST /v1/redemptions/1/confirm', 409, 'redemption_cancelled' );
		$this->assertSame( 'redemption_cancelled', $this->refusal( array( $this, 'redeem_once' ) )->code() );
		$this->assertSame( array(), $this->coupons() );
	}

	public function test_an_admins_own_draft_stays_a_draft() {
		self::$peer->answer( "POST /v1/customers/{$this->user}/redemptions", 201, $this->redemption( 1 ) );
		self::$peer->answer( 'POST /v1/redemptions/1/confirm', 200, array() );
		$coupon = $this->redeem();
		wp_update_post( array( 'ID' => $coupon->get_id(), 'post_status' => 'draft' ) );
		( new Services() )->redeemer()->heal();
		$this->assertSame( 'draft', get_post_status( $coupon->get_id() ) );
	}

	private function points_coupon( string $state ): WC_Coupon {
		$id     = null === $state ? 77 : Books::redeem( array( 'user_id' => $this->user, 'state' => $state ) );
		$coupon = new WC_Coupon();
		$coupon->set_code( 'points-' . wp_generate_uuid4() );
		$coupon->set_amount( '5' );
		$coupon->update_meta_data( '_loyalty_redemption', (string) $id );
		$coupon->update_meta_data( '_loyalty_user', (string) $this->user );
		$coupon->save();
		return $coupon;
	}

	/**
	 * @dataProvider uses
	 */
	public function test_who_may_use_a_points_coupon( string $who, string $state, bool $may ) {
		$coupon = $this->points_coupon( $state );
		if ( 'lost' === $state ) {
			global $wpdb;
			$wpdb->query( "DELETE FROM {$wpdb->prefix}loyalty_redemptions" );
		}
		wp_set_current_user( array( 'owner' => $this->user, 'other' => Books::user(), 'guest' => 0 )[ $who ] );
		$guard = new CouponGuard( new Services() );
		$this->assertSame( $may, $guard->is_valid( true, $coupon, null ) );
		$this->assertSame( $may, 'general' === $guard->say_why( 'general', 100, $coupon ) );
		$this->assertFalse( $guard->is_valid( false, $coupon, null ) );
	}

	public function uses(): array {
		return array(
			array( 'owner', 'confirmed', true ),
			array( 'owner', 'used', true ),
			array( 'owner', 'reserved', true ),
			array( 'owner', 'lost', true ),
			array( 'owner', 'closed', false ),
			array( 'owner', 'cancelled', false ),
			array( 'other', 'confirmed', false ),
			array( 'other', 'lost', false ),
			array( 'guest', 'confirmed', false ),
		);
	}

	public function test_a_coupon_whose_points_are_partly_back_waits_until_they_are_taken_again() {
		global $wpdb;
		wp_set_current_user( $this->user );
		$coupon = $this->points_coupon( 'confirmed' );
		$wpdb->query( "UPDATE {$wpdb->prefix}loyalty_redemptions SET returned = 1" );
		$this->assertFalse( ( new CouponGuard( new Services() ) )->is_valid( true, $coupon, null ) );
		$wpdb->query( "UPDATE {$wpdb->prefix}loyalty_redemptions SET returned = 0" );
		$this->assertTrue( ( new CouponGuard( new Services() ) )->is_valid( true, $coupon, null ) );
	}

	/** An order of the customer that has the discount of a coupon. */
	private function order_with( WC_Coupon $coupon, string $status ): WC_Order {
		$order = new WC_Order();
		$order->set_customer_id( $this->user );
		$order->add_item( new WC_Order_Item( 'coupon', $coupon->get_code(), array( 'discount' => '5.00' ) ) );
		$order->save();
		standin_set_status( $order->get_id(), $status );
		return wc_get_order( $order->get_id() );
	}

	/** Whether the customer may pay an order, on the page and through the Store API. */
	private function may_pay( WC_Order $order ): bool {
		wc_load_cart();
		wc_clear_notices();
		do_action( 'woocommerce_before_pay_action', $order );
		$errors = new WP_Error();
		do_action( 'woocommerce_checkout_validate_order_before_payment', $order, $errors );
		$this->assertSame( $errors->has_errors(), array() !== wc_get_notices( 'error' ) );
		wc_clear_notices();
		return ! $errors->has_errors();
	}

	public function test_a_coupon_that_a_failed_order_set_free_does_not_pay_two_orders() {
		wp_set_current_user( $this->user );
		$guard  = new CouponGuard( new Services() );
		$coupon = $this->points_coupon( 'confirmed' );
		$first  = $this->order_with( $coupon, 'on-hold' );
		$this->assertTrue( $this->may_pay( $first ) );
		$this->assertFalse( $guard->is_valid( true, $coupon, null ) );
		standin_set_status( $first->get_id(), 'failed' );
		$first = wc_get_order( $first->get_id() );
		$this->assertTrue( $this->may_pay( $first ) );
		$this->assertTrue( $guard->is_valid( true, $coupon, null ) );
		$second = $this->order_with( $coupon, 'on-hold' );
		$this->assertFalse( $this->may_pay( $first ) );
		$this->assertTrue( $this->may_pay( $second ) );
		// Whatever the count says: WooCommerce lowers it when it takes the coupon off the first.
		$this->assertFalse( $guard->is_valid( true, $coupon, null ) );
		standin_set_status( $second->get_id(), 'cancelled' );
		$this->assertTrue( $this->may_pay( $first ) );
		standin_delete_order( $second->get_id() );
		$this->assertTrue( $guard->is_valid( true, $coupon, null ) );
	}

	public function test_failed_orders_of_one_coupon_are_paid_one_after_the_other() {
		global $wpdb;
		wp_set_current_user( $this->user );
		$coupon = $this->points_coupon( 'confirmed' );
		$first  = $this->order_with( $coupon, 'failed' );
		$second = $this->order_with( $coupon, 'failed' );
		get_post_meta( $coupon->get_id() );
		// What another request, which held the lock before, left behind.
		$wpdb->insert( $wpdb->postmeta, array( 'post_id' => $coupon->get_id(), 'meta_key' => '_loyalty_order', 'meta_value' => $first->get_id() ) );
		$wpdb->update( $wpdb->prefix . 'wc_orders', array( 'status' => 'wc-on-hold' ), array( 'id' => $first->get_id() ) );
		$this->assertFalse( $this->may_pay( $second ) );
		$this->assertSame( '1', $wpdb->get_var( $wpdb->prepare( "SELECT IS_USED_LOCK( CONCAT( CRC32( CONCAT( DATABASE(), %s ) ), '.loyalty_coupon.', %d ) ) = CONNECTION_ID()", $wpdb->prefix, $coupon->get_id() ) ) );
	}

	/**
	 * @dataProvider ends
	 */
	public function test_a_failed_order_is_not_paid_with_points_that_went_back( string $state, bool $deleted ) {
		$coupon = $this->points_coupon( $state );
		global $wpdb;
		$wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->prefix}loyalty_redemptions SET code = %s", $coupon->get_code() ) );
		$order = $this->order_with( $coupon, 'failed' );
		if ( $deleted ) {
			$coupon->delete( true );
		}
		$this->assertFalse( $this->may_pay( $order ) );
	}

	public function ends(): array {
		return array(
			'cancelled'        => array( 'cancelled', false ),
			'expired'          => array( 'closed', false ),
			'deleted for good' => array( 'closed', true ),
		);
	}

	public function test_orders_with_other_coupons_are_paid() {
		$coupon = new WC_Coupon();
		$coupon->set_code( 'Sommer ☀ ' . str_repeat( 'x', 100 ) );
		$coupon->save();
		$this->order_with( $coupon, 'processing' );
		$this->assertTrue( $this->may_pay( $this->order_with( $coupon, 'failed' ) ) );
		$this->assertSame( '', get_post_meta( $coupon->get_id(), '_loyalty_order', true ) );
	}

	public function test_other_coupons_are_none_of_our_business() {
		$coupon = new WC_Coupon();
		$coupon->set_code( 'summer' );
		$coupon->save();
		$this->assertTrue( ( new CouponGuard( new Services() ) )->is_valid( true, $coupon, null ) );
		$this->assertSame( array(), $this->marks() );
	}

	public function test_a_coupon_follows_its_owners_email() {
		$coupon = $this->points_coupon( 'confirmed' );
		global $wpdb;
		$wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->prefix}loyalty_redemptions SET coupon_id = %d", $coupon->get_id() ) );
		wp_update_user( array( 'ID' => $this->user, 'user_email' => 'new-' . $this->user . '@example.com' ) );
		$this->assertSame( array( 'new-' . $this->user . '@example.com' ), ( new WC_Coupon( $coupon->get_id() ) )->get_email_restrictions() );
	}

	public function test_users_comments_coupons_and_products_are_marked() {
		$user = Books::user();
		$this->assertContains( 'user:' . $user, $this->marks() );
		wp_update_user( array( 'ID' => $user, 'display_name' => 'x' ) );
		$this->assertSame( array( 'user:' . $user ), $this->marks() );
		( new WP_User( $user ) )->set_role( 'subscriber' );
		$this->assertSame( array( 'user:' . $user ), $this->marks() );
		$post = wp_insert_post( array( 'post_title' => 'p', 'post_status' => 'publish', 'post_type' => 'post' ) );
		$this->assertSame( array(), $this->marks() );
		$comment = wp_insert_comment( array( 'comment_post_ID' => $post, 'user_id' => $user, 'comment_content' => 'x', 'comment_approved' => 0 ) );
		$this->assertSame( array( 'comment:' . $comment ), $this->marks() );
		foreach ( array( 'approve', 'spam', 'trash' ) as $status ) {
			wp_set_comment_status( $comment, $status );
			$this->assertSame( array( 'comment:' . $comment ), $this->marks(), $status );
		}
		wp_set_comment_status( $comment, 'approve' );
		$this->marks();
		wp_delete_comment( $comment, true );
		$this->assertSame( array( 'comment:' . $comment ), $this->marks() );
		wp_insert_comment( array( 'comment_post_ID' => $post, 'user_id' => $user, 'comment_type' => 'order_note' ) );
		wp_insert_comment( array( 'comment_post_ID' => $post, 'user_id' => 0, 'comment_content' => 'guest' ) );
		$this->assertSame( array(), $this->marks() );
		$product = wp_insert_post( array( 'post_title' => 'p', 'post_status' => 'publish', 'post_type' => 'product' ) );
		$this->marks();
		if ( ! taxonomy_exists( 'product_cat' ) ) {
			register_taxonomy( 'product_cat', 'product' );
		}
		wp_set_object_terms( $product, 'shoes', 'product_cat' );
		$this->assertSame( array( 'product:' . $product ), $this->marks() );
		wp_delete_post( $product, true );
		$this->assertContains( 'product:' . $product, $this->marks() );
		$coupon = $this->points_coupon( 'confirmed' );
		$this->marks();
		wp_trash_post( $coupon->get_id() );
		$this->assertSame( array( 'coupon:' . $coupon->get_id() ), $this->marks() );
		wp_delete_post( $coupon->get_id(), true );
		$this->assertSame( array( 'coupon:' . $coupon->get_id() ), $this->marks() );
		wp_delete_user( $user );
		$this->assertContains( 'user:' . $user, $this->marks() );
	}

	private function order(): WC_Order {
		wp_set_current_user( $this->user );
		wc_load_cart();
		WC()->cart->empty_cart();
		foreach ( get_posts( array( 'post_type' => 'product', 'numberposts' => 50 ) ) as $post ) {
			if ( wc_get_product( $post )->is_type( 'simple' ) && (float) wc_get_product( $post )->get_price() > 0 ) {
				WC()->cart->add_to_cart( $post->ID, 2 );
				break;
			}
		}
		return standin_checkout( array( 'email' => 'a@example.com', 'first_name' => 'A', 'last_name' => 'B' ) );
	}

	public function test_whatever_happens_to_an_order_marks_it() {
		$id   = $this->order()->get_id();
		$mark = array( 'order:' . $id );
		$this->assertContains( $mark[0], $this->marks() );
		standin_set_status( $id, 'completed' );
		$this->assertSame( $mark, $this->marks() );
		$refund = wc_create_refund( array( 'order_id' => $id, 'amount' => '0.01' ) );
		$this->assertContains( $mark[0], $this->marks() );
		standin_delete_order( $refund->get_id() );
		$this->assertSame( $mark, $this->marks() );
		$items = array_keys( wc_get_order( $id )->get_items() );
		do_action( 'updated_order_item_meta', 1, $items[0], '_line_total', '5' );
		$this->assertSame( $mark, $this->marks() );
		do_action( 'updated_order_item_meta', 1, $items[0], '_color', 'red' );
		$this->assertSame( array(), $this->marks() );
		standin_trash_order( $id );
		$this->assertContains( $mark[0], $this->marks() );
		standin_untrash_order( $id );
		$this->assertContains( $mark[0], $this->marks() );
		standin_delete_order( $id );
		$this->assertContains( $mark[0], $this->marks() );
	}

	public function test_many_changes_of_one_thing_are_one_row_and_one_statement() {
		global $wpdb;
		for ( $i = 0; $i < 30; $i++ ) {
			self::$list->mark( 'order', 5 );
			self::$list->mark( 'comment', 6 );
		}
		$before = $wpdb->num_queries;
		self::$list->write();
		$this->assertLessThanOrEqual( 2, $wpdb->num_queries - $before );
		$this->assertSame( array( 'order:5', 'comment:6' ), Books::marks() );
	}

	public function test_nonsense_is_not_marked() {
		foreach ( array( 0, -1, '', 'x', null, array(), new stdClass() ) as $id ) {
			self::$list->mark( 'order', $id );
		}
		$this->assertSame( array(), $this->marks() );
	}

	public function test_without_the_table_nothing_happens() {
		Books::close();
		self::$list->mark( 'order', 5 );
		self::$list->write();
		Books::open();
		$this->assertSame( array(), $this->marks() );
	}

	public function test_a_copy_of_the_site_marks_nothing() {
		global $wpdb;
		$wpdb->query( "UPDATE {$wpdb->options} SET option_value = REPLACE(option_value, '\"bound\":\"', '\"bound\":\"0') WHERE option_name = 'loyaltyd_key'" );
		$list = new DirtyList( new Services() );
		$list->mark( 'order', 5 );
		$list->write();
		$this->assertSame( array(), Books::marks() );
	}
}
