<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/PairedCase.php';

use Loyaltyd\Services;
use Loyaltyd\Shop\AccountPage;
use Loyaltyd\Shop\Estimates;
use Loyaltyd\Shop\MyAccount;
use Loyaltyd\Shop\Offer;
use Loyaltyd\Shop\OrderPoints;
use Loyaltyd\Shop\Redeeming;
use Loyaltyd\Shop\Refusal;
use Loyaltyd\Shop\Worth;

/**
 * What shoppers see and do.
 */
final class ShopTest extends PairedCase {

	/** @var int */
	private $user;

	/** @var array<int,int> Made by the test. */
	private $products = array();

	protected function setUp(): void {
		parent::setUp();
		$this->user = Books::user();
		Books::post( $this->user, 'earn', 'purchase', 1250, '2026-03-01 10:00:00' );
		$this->programme( array() );
	}

	protected function tearDown(): void {
		wp_set_current_user( 0 );
		foreach ( $this->products as $product ) {
			wp_delete_post( $product, true );
		}
	}

	private function programme( array $document ) {
		Books::state( 'program', array( 'document' => $document + array( 'starts' => '' ), 'origin' => 'wordpress', 'locked' => false, 'error' => '' ) );
	}

	private function page( int $page = 1 ): string {
		wp_set_current_user( $this->user );
		ob_start();
		( new AccountPage( new Services(), $this->user ) )->render( $page );
		return ob_get_clean();
	}

	private function refusal( $points, $key = '11111111-1111-4111-8111-111111111111' ): Refusal {
		try {
			( new Redeeming( new Services() ) )->redeem( $this->user, $points, $key );
		} catch ( Refusal $refusal ) {
			return $refusal;
		}
		$this->fail( 'nothing was refused' );
	}

	/** @return array<string,array> Rules, balance; least, most, worth of the most. */
	public function offers(): array {
		return array(
			'the usual rules'                        => array( array(), 1250, true, 1, 1250, '12.50' ),
			'nothing to redeem'                      => array( array(), 0, true, 1, 0, '' ),
			'below zero'                             => array( array(), -5, true, 1, 0, '' ),
			'fewer than the fewest'                  => array( array( 'min' => 2000 ), 1250, true, 2000, 0, '' ),
			'the most at once'                       => array( array( 'max' => 1000 ), 1250, true, 1, 1000, '10.00' ),
			'whole steps'                            => array( array( 'multiple' => 100 ), 1250, true, 100, 1200, '12.00' ),
			'the fewest on a step'                   => array( array( 'min' => 150, 'multiple' => 100 ), 1250, true, 200, 1200, '12.00' ),
			'a step greater than the balance'        => array( array( 'multiple' => 5000 ), 1250, true, 5000, 0, '' ),
			'too few to be worth a cent'             => array( array( 'points_per_unit' => '1000' ), 1250, true, 10, 1250, '1.25' ),
			'a rate below one'                       => array( array( 'points_per_unit' => '0.5' ), 1250, true, 1, 1250, '2500.00' ),
			'a rate that does not divide'            => array( array( 'points_per_unit' => '3' ), 10, true, 1, 10, '3.33' ),
			'redeeming is off'                       => array( array( 'points_per_unit' => '0' ), 1250, false, 1, 0, '' ),
			'as many points as a number can hold'    => array( array( 'multiple' => 7 ), PHP_INT_MAX, true, 7, PHP_INT_MAX, '92233720368547758.07' ),
		);
	}

	/** @dataProvider offers */
	public function test_what_may_be_redeemed_follows_the_rules( array $rules, int $balance, bool $on, int $least, int $most, string $worth ) {
		$rules += array( 'points_per_unit' => '100', 'min' => 0, 'max' => 0, 'multiple' => 1 );
		$offer  = new Offer( array( 'balance' => $balance ), array( 'redeem' => $rules ), false, 2 );
		$this->assertSame( array( $on, $least, $most, $worth ), array( $offer->on, $offer->least, $offer->most, $offer->worth->of( $offer->most ) ) );
		$excluded = new Offer( array( 'balance' => $balance ), array( 'redeem' => $rules ), true, 2 );
		$this->assertSame( array( false, 0 ), array( $excluded->on, $excluded->most ) );
	}

	public function test_points_for_an_amount_are_the_fewest_that_are_worth_it() {
		mt_srand( 20260301 );
		for ( $i = 0; $i < 2000; $i++ ) {
			$decimals = mt_rand( 0, 3 );
			$rate     = mt_rand( 1, 500 ) . ( mt_rand( 0, 1 ) ? '.' . mt_rand( 1, 99 ) : '' );
			$minor    = mt_rand( 1, 100000 );
			$digits   = str_pad( (string) $minor, $decimals + 1, '0', STR_PAD_LEFT );
			$amount   = $decimals ? substr( $digits, 0, -$decimals ) . '.' . substr( $digits, -$decimals ) : $digits;
			$worth    = new Worth( $rate, $decimals );
			$points   = $worth->points_for( $amount );
			$this->assertGreaterThanOrEqual( $minor, (int) str_replace( '.', '', $worth->of( $points ) ), "$points points at $rate for $amount" );
			$this->assertLessThan( $minor, (int) str_replace( '.', '', $worth->of( $points - 1 ) ), "one less than $points points at $rate for $amount" );
		}
	}

	/** @return array<string,array> */
	public function nonsense(): array {
		return array( array( '0' ), array( '-5' ), array( '1.5' ), array( '' ), array( 'abc' ), array( '1e3' ), array( '99999999999999999999' ), array( null ), array( array( '5' ) ), array( "5\n6" ) );
	}

	/** @dataProvider nonsense */
	public function test_what_is_no_number_of_points_never_reaches_the_daemon( $points ) {
		$this->assertSame( 'bad_points', $this->refusal( $points )->reason() );
		$this->assertSame( 'bad_key', $this->refusal( '5', "x' OR 1" )->reason() );
		$this->assertSame( array(), self::$peer->requests() );
	}

	/** @return array<string,array> Code and words for it. */
	public function refusals(): array {
		return array(
			'too many'   => array( 409, 'insufficient_points', 'you have 1,250 points', false ),
			'too few'    => array( 422, 'below_minimum', 'at least 1 point.', false ),
			'frozen'     => array( 409, 'account_frozen', 'ask the shop', false ),
			'used form'  => array( 409, 'idempotency_key_reused', 'already used', false ),
			'a word that is new' => array( 409, 'braked', 'your points are safe', true ),
			'no database'        => array( 503, 'database_down', 'your points are safe', true ),
			'too slow'           => array( 504, 'timeout', 'your points are safe', true ),
		);
	}

	/** @dataProvider refusals */
	public function test_refusals_are_said_in_the_shops_words_and_unknown_outcomes_keep_their_key( int $status, string $code, string $words, bool $kept ) {
		self::$peer->refuse( 'POST /v1/customers/' . $this->user . '/redemptions', $status, $code );
		$key     = '22222222-2222-4222-8222-222222222222';
		$refusal = $this->refusal( '500', $key );
		$this->assertStringContainsString( $words, $refusal->getMessage() );
		$this->assertStringNotContainsString( 'Because of', $refusal->getMessage(), 'what the daemon says is for admins' );
		$next = Redeeming::next( $this->user );
		$this->assertSame( $kept, $key === $next['key'] );
		$this->assertSame( $kept ? 500 : 0, $next['points'] );
	}

	public function test_a_daemon_that_is_gone_keeps_the_key_for_the_same_points_only() {
		Books::heartbeat( '127.0.0.1:1' );
		$key = '33333333-3333-4333-8333-333333333333';
		$this->assertSame( 'unreachable', $this->refusal( '500', $key )->reason() );
		$this->assertSame( array( 'key' => $key, 'points' => 500 ), Redeeming::next( $this->user ) );
		$this->refusal( '600', $key );
		$next = Redeeming::next( $this->user );
		$this->assertNotSame( $key, $next['key'], 'another number of points is another request' );
		$this->assertSame( 600, $next['points'] );
	}

	public function test_the_page_shows_ones_own_points_and_nobody_elses() {
		$other = Books::user();
		Books::post( $other, 'earn', 'purchase', 98765, '2026-03-02 10:00:00' );
		Books::redeem( array( 'user_id' => $other, 'code' => 'points-other' ) );
		Books::redeem( array( 'user_id' => $this->user, 'code' => 'points-mine', 'expires_on' => '2099-01-01' ) );
		$page = $this->page();
		$this->assertStringContainsString( '1,250 points', $page );
		$this->assertStringContainsString( 'points-mine', $page );
		$this->assertStringContainsString( 'loyaltyd_apply=', $page );
		$this->assertStringNotContainsString( '98,765', $page );
		$this->assertStringNotContainsString( 'points-other', $page );
	}

	public function test_a_coupon_can_be_applied_only_while_it_is_good() {
		foreach ( array( array( 'state' => 'confirmed', 'expires_on' => '2001-01-01' ), array( 'state' => 'reserved' ), array( 'state' => 'used' ), array( 'state' => 'closed', 'returned' => 500 ), array( 'state' => 'cancelled' ) ) as $row ) {
			Books::redeem( array( 'user_id' => $this->user ) + $row );
		}
		$page = $this->page();
		$this->assertSame( 5, substr_count( $page, 'loyaltyd-coupons__row' ) );
		$this->assertStringNotContainsString( 'loyaltyd_apply=', $page );
		$this->assertStringContainsString( '500 points given back', $page );
	}

	public function test_the_code_of_a_coupon_is_given_to_its_owner_only() {
		$mine      = Books::redeem( array( 'user_id' => $this->user, 'code' => 'points-mine' ) );
		$used      = Books::redeem( array( 'user_id' => $this->user, 'code' => 'points-used', 'state' => 'used' ) );
		$redeeming = new Redeeming( new Services() );
		$this->assertSame( 'points-mine', $redeeming->code_of( $mine, $this->user ) );
		$this->assertSame( '', $redeeming->code_of( $mine, $this->user + 1 ) );
		$this->assertSame( '', $redeeming->code_of( $mine, 0 ) );
		$this->assertSame( '', $redeeming->code_of( $used, $this->user ) );
		$this->assertSame( '', $redeeming->code_of( $used + 1, $this->user ) );
	}

	public function test_notes_are_shown_as_text_and_only_those_of_adjustments() {
		Books::post( $this->user, 'adjust', 'admin', 5, '2026-03-02 10:00:00', '<script>alert(1)</script> 🎁 مرحبا' );
		Books::post( $this->user, 'earn', 'purchase', 5, '2026-03-02 10:00:00', 'for the shop only' );
		$page = $this->page();
		$this->assertStringContainsString( '&lt;script&gt;alert(1)&lt;/script&gt; 🎁 مرحبا', $page );
		$this->assertStringNotContainsString( '<script', $page );
		$this->assertStringNotContainsString( 'for the shop only', $page );
	}

	public function test_the_history_has_pages() {
		for ( $i = 0; $i < 24; $i++ ) {
			Books::post( $this->user, 'earn', 'purchase', 1, '2026-03-02 10:00:00' );
		}
		$first = $this->page( 1 );
		$last  = $this->page( 3 );
		$this->assertStringContainsString( 'Page 1 of 3', $first );
		$this->assertStringContainsString( '1,274', $first );
		$this->assertStringContainsString( 'rel="next"', $first );
		$this->assertStringContainsString( '+1,250', $last );
		$this->assertStringNotContainsString( 'rel="next"', $last );
		$this->assertStringNotContainsString( 'loyaltyd_redeem', $last, 'the form is on the first page only' );
		$this->assertStringContainsString( 'no points here yet', $this->page( 99 ) );
	}

	public function test_who_is_excluded_or_frozen_gets_no_form() {
		$this->programme( array( 'exclude' => array( 'roles' => array( 'Customer' ), 'users' => array() ) ) );
		$this->assertStringNotContainsString( 'loyaltyd_redeem', $this->page() );
		$this->programme( array() );
		$this->assertStringContainsString( 'loyaltyd_redeem', $this->page() );
		global $wpdb;
		$wpdb->query( "UPDATE {$wpdb->prefix}loyalty_accounts SET frozen = 1" );
		$this->assertStringNotContainsString( 'loyaltyd_redeem', $this->page() );
	}

	public function test_the_page_says_so_when_the_daemon_never_ran() {
		Books::close();
		$this->assertStringContainsString( 'shown here soon', $this->page() );
	}

	public function test_points_come_after_orders_in_the_menu() {
		$menu = new MyAccount( new Services() );
		$this->assertSame( array( 'dashboard', 'orders', 'loyalty-points', 'customer-logout' ), array_keys( $menu->menu( array( 'dashboard' => 'D', 'orders' => 'O', 'customer-logout' => 'L' ) ) ) );
		$this->assertSame( array( 'dashboard', 'loyalty-points', 'customer-logout' ), array_keys( $menu->menu( array( 'dashboard' => 'D', 'customer-logout' => 'L' ) ) ) );
		$this->assertSame( array( 'loyalty-points' ), array_keys( $menu->menu( array() ) ) );
	}

	public function test_what_an_order_earns_is_asked_for_once_and_again_when_the_rules_change() {
		self::$peer->answer( 'POST /v1/estimate', 200, array( 'points' => 26, 'sources' => array( array( 'source' => 'purchase', 'points' => 16 ), array( 'source' => 'first_order', 'points' => 10 ) ), 'why' => array() ) );
		$question = array( 'user_id' => 0, 'currency' => 'EUR', 'lines' => array( array( 'total' => '16.00' . wp_rand() ) ) );
		$one      = new Estimates( new Services() );
		$this->assertNull( $one->remembered( $question ) );
		$this->assertSame( 26, $one->ask( $question ) );
		$this->assertSame( 16, $one->ask( $question, true ), 'a first order is nothing of the product' );
		$this->assertSame( 26, ( new Estimates( new Services() ) )->remembered( $question ) );
		$this->assertCount( 1, self::$peer->requests() );
		$this->programme( array( 'hold_days' => 3 ) );
		$this->assertNull( ( new Estimates( new Services() ) )->remembered( $question ) );
	}

	public function test_nothing_is_asked_of_a_silent_daemon_or_for_the_excluded() {
		$question = array( 'user_id' => 0, 'currency' => 'EUR', 'lines' => array( array( 'total' => '17.00' . wp_rand() ) ) );
		Books::heartbeat( self::$peer->address, 120 );
		$this->assertNull( ( new Estimates( new Services() ) )->ask( $question ) );
		Books::heartbeat( self::$peer->address );
		$this->programme( array( 'exclude' => array( 'roles' => array(), 'users' => array( $this->user ) ) ) );
		wp_set_current_user( $this->user );
		$this->assertNull( ( new Estimates( new Services() ) )->ask( $question ) );
		$this->assertSame( array(), self::$peer->requests() );
	}

	public function test_an_answer_without_points_is_none() {
		foreach ( array( array(), array( 'points' => '26' ), array( 'points' => null ), array( 'points' => 26.5 ) ) as $answer ) {
			self::$peer->forget();
			self::$peer->answer( 'POST /v1/estimate', 200, $answer );
			$this->assertNull( ( new Estimates( new Services() ) )->ask( array( 'lines' => array( wp_rand() . microtime() ) ) ) );
		}
	}

	public function test_products_that_are_not_public_earn_nothing_to_see() {
		$draft    = wp_insert_post( array( 'post_type' => 'product', 'post_status' => 'draft', 'post_title' => 'Secret' ) );
		$password = wp_insert_post( array( 'post_type' => 'product', 'post_status' => 'publish', 'post_title' => 'Locked', 'post_password' => 'x' ) );
		$this->products = array( $draft, $password );
		foreach ( array( $draft, $password, 987654321, $this->user ) as $id ) {
			$this->assertSame( 404, rest_do_request( new WP_REST_Request( 'GET', '/loyaltyd/v1/earn/product/' . $id ) )->get_status() );
		}
		$this->assertSame( array(), self::$peer->requests() );
	}

	/** The customer buys something. */
	private function order(): WC_Order {
		wp_set_current_user( $this->user );
		wc_load_cart();
		WC()->cart->empty_cart();
		foreach ( get_posts( array( 'post_type' => 'product', 'numberposts' => 50 ) ) as $post ) {
			$product = wc_get_product( $post );
			if ( $product->is_type( 'simple' ) && (float) $product->get_price() > 0 ) {
				WC()->cart->add_to_cart( $post->ID, 2 );
				break;
			}
		}
		return standin_checkout( array( 'email' => 'a@example.com', 'first_name' => 'A', 'last_name' => '<b>' ) );
	}

	private function printed( callable $print ): string {
		ob_start();
		$print();
		return trim( wp_strip_all_tags( ob_get_clean() ) );
	}

	public function test_an_order_says_what_it_will_earn_then_what_it_earned() {
		$order  = $this->order();
		$points = new OrderPoints( new Services(), new Estimates( new Services() ) );
		$page   = function () use ( $points, $order ) {
			$points->page( $order );
		};
		$this->assertSame( '', $this->printed( $page ), 'the daemon has no answer' );
		delete_transient( 'loyaltyd_unreachable' );
		self::$peer->answer( 'POST /v1/estimate', 200, array( 'points' => 26, 'sources' => array() ) );
		$this->assertSame( 'You collect 26 points with this order.', $this->printed( $page ) );
		$asked = self::$peer->requests();
		$asked = json_decode( end( $asked )['body'], true );
		$this->assertSame( $this->user, $asked['user_id'] );
		$this->assertSame( '2', $asked['lines'][0]['quantity'] );
		$this->assertIsString( $asked['lines'][0]['total'] );

		global $wpdb;
		Books::post( $this->user, 'earn', 'purchase', 40, '2026-03-02 10:00:00' );
		$wpdb->update( $wpdb->prefix . 'loyalty_entries', array( 'object_id' => $order->get_id() ), array( 'id' => $wpdb->get_var( "SELECT MAX(id) FROM {$wpdb->prefix}loyalty_entries" ) ) );
		$this->assertSame( 'You collected 40 points with this order.', $this->printed( $page ), 'the ledger knows better' );
		Books::post( $this->user, 'revoke', 'purchase', -40, '2026-03-03 10:00:00' );
		$wpdb->query( "UPDATE {$wpdb->prefix}loyalty_entries SET object_id = " . $order->get_id() . ', revision = 1 WHERE points = -40' );
		$this->assertSame( '', $this->printed( $page ), 'all was taken back' );
	}

	public function test_an_orders_points_are_said_to_its_customer_only() {
		self::$peer->answer( 'POST /v1/estimate', 200, array( 'points' => 26, 'sources' => array() ) );
		$order  = $this->order();
		$points = new OrderPoints( new Services(), new Estimates( new Services() ) );
		$email  = function ( bool $to_admin, bool $plain ) use ( $points, $order ) {
			return $this->printed(
				function () use ( $points, $order, $to_admin, $plain ) {
					$points->email( $order, $to_admin, $plain );
				}
			);
		};
		$this->assertSame( 'You collect 26 points with this order.', $email( false, false ) );
		$this->assertSame( 'You collect 26 points with this order.', $email( false, true ) );
		$this->assertSame( '', $email( true, false ) );
		foreach ( array( 0, Books::user() ) as $other ) {
			wp_set_current_user( $other );
			$this->assertSame(
				'',
				$this->printed(
					function () use ( $points, $order ) {
						$points->page( $order );
					}
				)
			);
		}
	}

	public function test_every_language_is_whole() {
		foreach ( array( 'zh_CN' => '1,250 积分', 'tr_TR' => '1,250 puan' ) as $locale => $words ) {
			$this->assertTrue( load_textdomain( 'loyaltyd', dirname( LOYALTYD_FILE ) . "/languages/loyaltyd-$locale.mo", $locale ) );
			try {
				$this->assertSame( $words, Loyaltyd\Shop\Words::points( 1250 ) );
			} finally {
				unload_textdomain( 'loyaltyd', true );
			}
		}
	}
}
