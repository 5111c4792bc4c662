<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/PairedCase.php';

use Loyaltyd\Bridge\Key;
use Loyaltyd\Rest\Access;

/**
 * Who may call which route, and what comes back.
 */
final class RestTest extends PairedCase {

	/** @var int */
	private $admin;

	/** @var int */
	private $shopper;

	protected function setUp(): void {
		parent::setUp();
		delete_option( 'loyaltyd_program' );
		$this->admin   = Books::user( array( 'role' => 'administrator' ) );
		$this->shopper = Books::user( array( 'role' => 'subscriber' ) );
		get_userdata( $this->admin )->add_cap( 'manage_woocommerce' );
		// The plugin's services live as long as the process.
		Loyaltyd\Plugin::services()->renew();
	}

	protected function tearDown(): void {
		wp_set_current_user( 0 );
	}

	private function call( string $method, string $path, array $values = array() ): WP_REST_Response {
		$request = new WP_REST_Request( $method, '/loyaltyd/v1' . $path );
		if ( 'GET' === $method ) {
			$request->set_query_params( $values );
		} else {
			$request->set_header( 'Content-Type', 'application/json' );
			$request->set_body( wp_json_encode( (object) $values ) );
		}
		return rest_get_server()->dispatch( $request );
	}

	/** Every route of the namespace with each of its methods. */
	private function every_route(): array {
		$all = array();
		foreach ( rest_get_server()->get_routes( 'loyaltyd/v1' ) as $path => $handlers ) {
			foreach ( $handlers as $handler ) {
				foreach ( array_keys( $handler['methods'] ) as $method ) {
					if ( '/loyaltyd/v1' !== $path ) {
						$all[] = array( $method, substr( $path, strlen( '/loyaltyd/v1' ) ), $handler );
					}
				}
			}
		}
		return $all;
	}

	/** Values that a route would take. */
	private static function values(): array {
		return array( 'points' => 5, 'note' => 'x', 'idempotency_key' => '11111111-1111-4111-8111-111111111111', 'programme' => (object) array( 'hold_days' => 3 ), 'mode' => 'full' );
	}

	public function test_every_route_but_the_products_and_carts_needs_somebody() {
		$tried = 0;
		foreach ( $this->every_route() as list( $method, $path, $handler ) ) {
			$this->assertIsCallable( $handler['permission_callback'], $path );
			if ( 0 === strpos( $path, '/earn/' ) ) {
				continue;
			}
			$path   = str_replace( '(?P<id>\d{1,19})', (string) $this->admin, $path );
			$answer = $this->call( $method, $path, self::values() );
			$this->assertSame( 401, $answer->get_status(), "$method $path" );
			++$tried;
		}
		$this->assertGreaterThan( 20, $tried );
		$this->assertSame( array(), self::$peer->requests() );
	}

	public function test_a_shopper_may_call_only_his_own() {
		wp_set_current_user( $this->shopper );
		foreach ( $this->every_route() as list( $method, $path, $handler ) ) {
			if ( 0 === strpos( $path, '/earn/' ) || 0 === strpos( $path, '/me' ) ) {
				continue;
			}
			$path   = str_replace( '(?P<id>\d{1,19})', (string) $this->shopper, $path );
			$answer = $this->call( $method, $path, self::values() );
			$this->assertSame( 403, $answer->get_status(), "$method $path" );
		}
		$this->assertSame( array(), self::$peer->requests() );
		$this->assertFalse( get_option( 'loyaltyd_program' ) );
	}

	public function test_the_capability_can_be_another() {
		$filter = function () {
			return 'edit_posts';
		};
		add_filter( 'loyaltyd_capability', $filter );
		wp_set_current_user( Books::user( array( 'role' => 'editor' ) ) );
		$this->assertSame( 200, $this->call( 'GET', '/status' )->get_status() );
		remove_filter( 'loyaltyd_capability', $filter );
		$this->assertSame( 403, $this->call( 'GET', '/status' )->get_status() );
	}

	public function test_a_shopper_sees_his_own_points_whatever_he_asks_for() {
		Books::post( $this->shopper, 'earn', 'purchase', 30, '2026-01-01 00:00:00', 'a note of the shop' );
		Books::post( $this->admin, 'earn', 'purchase', 900, '2026-01-01 00:00:00' );
		Books::redeem( array( 'user_id' => $this->admin ) );
		$mine = Books::redeem( array( 'user_id' => $this->shopper ) );
		wp_set_current_user( $this->shopper );
		$other = array( 'user' => $this->admin, 'user_id' => $this->admin, 'id' => $this->admin );
		$this->assertSame( 30, $this->call( 'GET', '/me', $other )->get_data()['balance'] );
		$history = $this->call( 'GET', '/me/history', $other );
		$this->assertSame( array( 30 ), array_column( $history->get_data(), 'points' ) );
		$this->assertSame( '1', $history->get_headers()['X-WP-Total'] );
		$this->assertStringNotContainsString( 'a note', wp_json_encode( $history->get_data() ) );
		$this->assertSame( array( $mine ), array_column( $this->call( 'GET', '/me/redemptions', $other )->get_data(), 'id' ) );
	}

	public function test_a_shopper_spends_his_own_points_and_is_told_nothing_of_the_daemon() {
		wp_set_current_user( $this->shopper );
		$path = 'POST /v1/customers/' . $this->shopper . '/redemptions';
		self::$peer->answer( $path, 201, array( 'id' => 4, 'user_id' => $this->shopper, 'points' => 5, 'amount' => '0.05', 'currency' => 'EUR', 'code' => 'points-rest', 'state' => 'reserved', 'coupon_id' => null, 'expires_on' => null ) );
		self::$peer->answer( 'POST /v1/redemptions/4/confirm', 200, array() );
		$answer = $this->call( 'POST', '/me/redemptions', array( 'user' => $this->admin ) + self::values() );
		$this->assertSame( array( 201, 'points-rest' ), array( $answer->get_status(), $answer->get_data()['code'] ) );
		$this->assertSame( $path, self::$peer->requests()[0]['line'] );
		self::$peer->forget();
		self::$peer->refuse( $path, 503, 'database_down' );
		$answer = $this->call( 'POST', '/me/redemptions', array( 'idempotency_key' => '21111111-1111-4111-8111-111111111111' ) + self::values() );
		$this->assertSame( array( 503, 'loyaltyd_unavailable' ), array( $answer->get_status(), $answer->get_data()['code'] ) );
		$this->assertStringNotContainsString( 'database', wp_json_encode( $answer->get_data() ) );
		self::$peer->forget();
		self::$peer->refuse( $path, 409, 'insufficient_points' );
		$this->assertSame( 'loyaltyd_insufficient_points', $this->call( 'POST', '/me/redemptions', array( 'idempotency_key' => '31111111-1111-4111-8111-111111111111' ) + self::values() )->get_data()['code'] );
	}

	/**
	 * @dataProvider bad_values
	 */
	public function test_bad_values_are_refused( string $method, string $path, array $values ) {
		wp_set_current_user( $this->admin );
		$this->assertSame( 400, $this->call( $method, $path, $values )->get_status() );
		$this->assertSame( array(), self::$peer->requests() );
	}

	public function bad_values(): array {
		$key = array( 'idempotency_key' => 'kkkkkkkk' );
		return array(
			array( 'GET', '/reports/history', array( 'sort' => 'points; DROP TABLE x' ) ),
			array( 'GET', '/reports/history', array( 'per_page' => 100000 ) ),
			array( 'GET', '/reports/history', array( 'page' => 0 ) ),
			array( 'GET', '/reports/history', array( 'type' => "earn' OR 1=1" ) ),
			array( 'GET', '/reports/status', array( 'from' => '1.1.2026' ) ),
			array( 'GET', '/reports/status', array( 'period' => array( 'x' ) ) ),
			array( 'GET', '/customers', array( 'sort' => 'password' ) ),
			array( 'POST', '/sync', array( 'mode' => 'everything' ) ),
			array( 'POST', '/customers/5/adjustments', array( 'points' => '1.5', 'note' => 'x' ) + $key ),
			array( 'POST', '/customers/5/adjustments', array( 'points' => 1e30, 'note' => 'x' ) + $key ),
			array( 'POST', '/customers/5/adjustments', array( 'points' => '-9223372036854775809', 'note' => 'x' ) + $key ),
			array( 'POST', '/customers/5/adjustments', array( 'points' => 5, 'note' => '' ) + $key ),
			array( 'POST', '/customers/5/adjustments', array( 'points' => 5, 'note' => '   ' ) + $key ),
			array( 'POST', '/customers/5/adjustments', array( 'points' => 0, 'note' => 'x' ) + $key ),
			array( 'POST', '/customers/5/adjustments', array( 'points' => 5, 'note' => 'x' ) ),
			array( 'POST', '/customers/5/adjustments', array( 'points' => 5, 'note' => 'x', 'idempotency_key' => "a\nb" ) ),
			array( 'POST', '/programme', array( 'programme' => 'x' ) ),
			array( 'POST', '/programme', array( 'programme' => array( 'hold_days' => -1 ) ) ),
			array( 'POST', '/me/redemptions', array( 'points' => -5, 'idempotency_key' => '11111111-1111-4111-8111-111111111111' ) ),
			array( 'POST', '/me/redemptions', array( 'points' => 5, 'idempotency_key' => 'x' ) ),
		);
	}

	public function test_an_admin_adjusts_under_his_name() {
		wp_set_current_user( $this->admin );
		self::$peer->answer( 'POST /v1/customers/5/adjustments', 201, array( 'entry' => array( 'id' => 9, 'balance' => 45 ), 'repeated' => false ) );
		$answer = $this->call( 'POST', '/customers/5/adjustments', array( 'points' => -5, 'note' => ' <b>Sorry</b> 🎉 ', 'idempotency_key' => 'kkkkkkkk' ) );
		$this->assertSame( 45, $answer->get_data()['entry']['balance'] );
		$request = self::$peer->requests()[0];
		$this->assertSame( array( 'points' => -5, 'note' => '<b>Sorry</b> 🎉', 'actor' => 'WordPress: ' . wp_get_current_user()->user_login ), json_decode( $request['body'], true ) );
		$this->assertSame( 'kkkkkkkk', $request['idempotency_key'] );
	}

	public function test_an_outage_is_said_to_be_one() {
		wp_set_current_user( $this->admin );
		self::$peer->know( array() );
		$answer = $this->call( 'POST', '/sync', array() );
		$this->assertSame( array( 503, 'loyaltyd_unknown_key' ), array( $answer->get_status(), $answer->get_data()['code'] ) );
	}

	public function test_reports_are_answered() {
		wp_set_current_user( $this->admin );
		Books::post( $this->shopper, 'earn', 'purchase', 30, gmdate( 'Y-m-d H:i:s' ) );
		$this->assertSame( 30, $this->call( 'GET', '/reports/status', array( 'period' => 'all_time' ) )->get_data()['issued'] );
		$this->assertSame( 'purchase', $this->call( 'GET', '/reports/sources' )->get_data()[0]['source'] );
		$this->assertSame( $this->shopper, $this->call( 'GET', '/reports/earners' )->get_data()[0]['user_id'] );
		$this->assertSame( 30, $this->call( 'GET', '/reports/daily' )->get_data()[0]['issued'] );
		$counted = json_decode( wp_json_encode( $this->call( 'GET', '/reports/customers', array( 'from' => '2017-01-01', 'limit' => 1 ) )->get_data() ), true );
		$this->assertSame( array( 1, array( 'purchase' => 1 ), $this->shopper ), array( $counted['participants'], $counted['sources'], $counted['earners'][0]['user_id'] ) );
		$row = $this->call( 'GET', '/reports/history', array( 'search' => (string) $this->shopper, 'order' => 'asc' ) )->get_data()[0];
		$this->assertSame( array( 30, 'Purchasing products' ), array( $row['points'], $row['activity'] ) );
		$this->assertSame( 30, $this->call( 'GET', '/customers/' . $this->shopper )->get_data()['balance'] );
		$this->assertSame( 404, $this->call( 'GET', '/customers/987654321' )->get_status() );
		$this->assertFalse( $this->call( 'GET', '/status' )->get_data()['silent'] );
		$this->assertStringNotContainsString( bin2hex( ( new Key() )->usable()[0]['secret'] ), wp_json_encode( $this->call( 'GET', '/status' )->get_data() ) );
	}

	public function test_a_programme_is_saved_unless_somebody_was_faster() {
		wp_set_current_user( $this->admin );
		$stamp = $this->call( 'GET', '/programme' )->get_data()['stamp'];
		$this->assertSame( 200, $this->call( 'POST', '/programme', array( 'programme' => array( 'hold_days' => 3 ), 'stamp' => $stamp ) )->get_status() );
		$this->assertSame( 3, json_decode( get_option( 'loyaltyd_program' ), true )['hold_days'] );
		$this->assertSame( 409, $this->call( 'POST', '/programme', array( 'programme' => array( 'hold_days' => 4 ), 'stamp' => $stamp ) )->get_status() );
		$this->assertSame( 3, json_decode( get_option( 'loyaltyd_program' ), true )['hold_days'] );
	}

	public function test_an_estimate_of_unsaved_rules_is_asked_for_in_texts() {
		wp_set_current_user( $this->admin );
		self::$peer->answer( 'POST /v1/estimate', 200, array( 'points' => 12 ) );
		$answer = $this->call( 'POST', '/estimate', array( 'programme' => array( 'hold_days' => 1 ), 'lines' => array( array( 'product_id' => 3, 'total' => '12.50', 'subtotal' => 13 ) ), 'currency' => 'eur' ) );
		$this->assertSame( 12, $answer->get_data()['points'] );
		$body = json_decode( self::$peer->requests()[0]['body'] );
		$this->assertSame( array( '12.50', '13', 3, 'EUR', 1 ), array( $body->lines[0]->total, $body->lines[0]->subtotal, $body->lines[0]->product_id, $body->currency, $body->program->hold_days ) );
		$this->assertEquals( new stdClass(), $body->program->earn->purchase->products );
	}

	public function test_a_check_asks_the_daemon_only_about_what_is_right_so_far() {
		wp_set_current_user( $this->admin );
		$this->assertFalse( $this->call( 'POST', '/programme/check', array( 'programme' => array( 'hold_days' => -1 ) ) )->get_data()['ok'] );
		$this->assertSame( array(), self::$peer->requests() );
		self::$peer->answer( 'POST /v1/program/check', 200, array( 'ok' => false, 'problems' => array( array( 'key' => 'earn', 'message' => 'Too many points.' ) ) ) );
		$this->assertEquals( (object) array( 'earn' => 'Too many points.' ), $this->call( 'POST', '/programme/check', array( 'programme' => array( 'hold_days' => 1 ) ) )->get_data()['problems'] );
	}
}
