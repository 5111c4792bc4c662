<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/PairedCase.php';

use Loyaltyd\Bridge\Address;
use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Bridge\Key;
use Loyaltyd\Services;

/**
 * Keys, signatures and what is believed of an answer.
 */
final class BridgeTest extends PairedCase {

	private function refusal( callable $call ): BridgeError {
		try {
			$call();
		} catch ( BridgeError $e ) {
			return $e;
		}
		$this->fail( 'nothing was refused' );
	}

	private function stored(): array {
		global $wpdb;
		return json_decode( $wpdb->get_var( "SELECT option_value FROM {$wpdb->options} WHERE option_name = 'loyaltyd_key'" ), true );
	}

	private function store( array $option ) {
		global $wpdb;
		$wpdb->update( $wpdb->options, array( 'option_value' => wp_json_encode( $option ) ), array( 'option_name' => 'loyaltyd_key' ) );
	}

	public function test_a_key_is_random_bound_to_the_site_and_not_autoloaded() {
		global $wpdb;
		$option = $this->stored();
		$this->assertSame( hash( 'sha256', rtrim( $wpdb->get_var( "SELECT option_value FROM {$wpdb->options} WHERE option_name = 'siteurl'" ), '/' ) . "\n" . DB_NAME . "\n" . $wpdb->prefix ), $option['bound'] );
		$this->assertMatchesRegularExpression( '/^[0-9a-f]{16}$/', $option['keys'][0]['id'] );
		$this->assertMatchesRegularExpression( '/^[0-9a-f]{64}$/', $option['keys'][0]['secret'] );
		$this->assertSame( 'no', $wpdb->get_var( "SELECT autoload FROM {$wpdb->options} WHERE option_name = 'loyaltyd_key'" ) );
		( new Key() )->ensure();
		$this->assertSame( $option, $this->stored() );
	}

	public function test_a_copy_of_the_site_neither_signs_nor_makes_a_key_by_itself() {
		$option          = $this->stored();
		$option['bound'] = str_repeat( 'a', 64 );
		$this->store( $option );
		$services = new Services();
		$services->key()->ensure();
		$this->assertTrue( $services->key()->is_copy() );
		$this->assertSame( $option, $this->stored() );
		$this->assertFalse( $services->key()->rotate() );
		$this->assertStringContainsString( 'copy', $services->key()->problem() );
		$this->assertSame( BridgeError::UNPAIRED, $this->refusal( function () use ( $services ) {
			$services->client()->get( '/v1/status' );
		} )->code() );
		$this->assertSame( array(), self::$peer->requests() );
		$this->assertTrue( $services->key()->pair() );
		$this->assertFalse( $services->key()->is_copy() );
		$this->assertNotSame( $option['keys'][0]['id'], $services->key()->id() );
		$this->assertCount( 1, $this->stored()['keys'] );
	}

	public function test_rotating_keeps_the_key_before_for_a_day() {
		$key   = new Key();
		$first = $key->id();
		$this->assertTrue( $key->rotate() );
		$second = $key->id();
		$this->assertSame( array( $second, $first ), array_column( $key->usable(), 'id' ) );
		$this->assertTrue( $key->rotate() );
		$this->assertSame( $second, $key->usable()[1]['id'] );
		$this->assertCount( 2, $this->stored()['keys'] );
		$option                    = $this->stored();
		$option['keys'][0]['made'] = time() - DAY_IN_SECONDS - 1;
		$this->store( $option );
		$this->assertCount( 1, ( new Key() )->usable() );
	}

	public function test_of_two_who_rotate_one_wins() {
		$one  = new Key();
		$two  = new Key();
		$seen = $one->id();
		$this->assertSame( $seen, $two->id() );
		$this->assertTrue( $one->rotate( $seen ) );
		$this->assertFalse( $two->rotate( $seen ) );
		$this->assertSame( $one->id(), $two->id() );
	}

	/**
	 * @dataProvider nonsense
	 */
	public function test_an_option_that_is_no_key_is_none( $option ) {
		global $wpdb;
		$wpdb->update( $wpdb->options, array( 'option_value' => $option ), array( 'option_name' => 'loyaltyd_key' ) );
		$key = new Key();
		$this->assertSame( array(), $key->usable() );
		$this->assertNotSame( '', $key->problem() );
		$this->assertTrue( $key->pair() );
		$this->assertCount( 1, $key->usable() );
	}

	public function nonsense(): array {
		return array(
			array( '' ),
			array( 'null' ),
			array( '[]' ),
			array( '{"v":2,"bound":"x","keys":[{}]}' ),
			array( '{"v":1,"bound":"x","keys":[{"id":"0123456789abcdef","secret":"00","made":1}]}' ),
			array( 'a:1:{i:0;s:1:"x";}' ),
		);
	}

	/**
	 * @dataProvider addresses
	 */
	public function test_only_this_machine_is_believed( string $registered, ?string $base, string $socket = '' ) {
		if ( null === $base ) {
			$this->assertSame( BridgeError::UNREACHABLE, $this->refusal( function () use ( $registered ) {
				Address::of( $registered );
			} )->code() );
			return;
		}
		$address = Address::of( $registered );
		$this->assertSame( array( $base, $socket ), array( $address->base, $address->socket ) );
	}

	public function addresses(): array {
		return array(
			array( '127.0.0.1:8787', 'http://127.0.0.1:8787' ),
			array( '127.9.9.9:1', 'http://127.9.9.9:1' ),
			array( '[::1]:8787', 'http://[::1]:8787' ),
			array( 'localhost:8787', 'http://localhost:8787' ),
			array( 'unix:/run/loyaltyd/x.sock', 'http://localhost', '/run/loyaltyd/x.sock' ),
			array( '', null ),
			array( '10.0.0.1:8787', null ),
			array( '127.0.0.1.evil.example:8787', null ),
			array( '127.0.0.1:8787@evil.example:80', null ),
			array( '127.0.0.1:8787/x', null ),
			array( 'http://evil.example:80', null ),
			array( 'localhost', null ),
			array( '127.0.0.1:0', null ),
			array( '127.0.0.1:99999', null ),
			array( "127.0.0.1:80\n", 'http://127.0.0.1:80' ),
			array( 'file:///etc/passwd', null ),
		);
	}

	public function test_a_request_is_signed_and_its_answer_read() {
		self::$peer->answer( 'GET /v1/customers/7?x=%20a', 200, array( 'balance' => 12 ) );
		self::$peer->answer( 'POST /v1/sync', 200, array( 'done' => true ) );
		$client = ( new Services() )->client();
		$this->assertSame( array( 'balance' => 12 ), $client->get( '/v1/customers/7?x=%20a' ) );
		$this->assertSame( array( 'done' => true ), $client->post( '/v1/sync', array( 'mode' => 'full' ), 'k-1' ) );
		self::$peer->answer( 'POST /v1/redemptions/1/cancel', 200, array( 'state' => 'cancelled' ) );
		$client->post( '/v1/redemptions/1/cancel', array() );
		$requests = self::$peer->requests();
		$this->assertSame( array( true, true, true ), array_column( $requests, 'signed' ) );
		$this->assertSame( array( '', '{"mode":"full"}', '{}' ), array_column( $requests, 'body' ) );
		$this->assertSame( 'k-1', $requests[1]['idempotency_key'] );
	}

	public function test_a_refusal_carries_its_code_sentence_and_request() {
		self::$peer->refuse( 'GET /v1/customers/7', 404, 'no_such_customer' );
		$error = $this->refusal( function () {
			( new Services() )->client()->get( '/v1/customers/7' );
		} );
		$this->assertSame( array( 'no_such_customer', 'Because of no_such_customer.', 404, 'r9', false ), array( $error->code(), $error->getMessage(), $error->status(), $error->request(), $error->is_outage() ) );
	}

	/**
	 * @dataProvider forgeries
	 */
	public function test_an_answer_of_somebody_else_is_not_believed( array $more ) {
		self::$peer->answer( 'GET /v1/customers/7', 200, array( 'balance' => 1000000 ), $more );
		$error = $this->refusal( function () {
			( new Services() )->client()->get( '/v1/customers/7' );
		} );
		$this->assertSame( BridgeError::UNSIGNED_ANSWER, $error->code() );
		$this->assertTrue( $error->is_outage() );
	}

	public function forgeries(): array {
		return array(
			'unsigned'                  => array( array( 'unsigned' => true ) ),
			'signed with another key'   => array( array( 'sign_with' => str_repeat( '00', 32 ) ) ),
			'of another request'        => array( array( 'nonce' => str_repeat( '0', 32 ) ) ),
			'changed on the way'        => array( array( 'sent' => '{"balance":1000001}' ) ),
			'redirect'                  => array( array( 'unsigned' => true, 'headers' => array( 'Location' => 'http://127.0.0.1:1/' ) ) ),
		);
	}

	public function test_who_cannot_sign_says_nothing_of_redemptions() {
		self::$peer->answer( 'POST /v1/redemptions/7/confirm', 401, array( 'error' => array( 'code' => 'redemption_cancelled', 'message' => 'Delete the coupon.' ) ), array( 'unsigned' => true ) );
		$this->assertSame( BridgeError::UNSIGNED_ANSWER, $this->refusal( function () {
			( new Services() )->client()->post( '/v1/redemptions/7/confirm', array( 'coupon_id' => 1 ), 'k-1' );
		} )->code() );
	}

	public function test_an_answer_that_is_not_json_is_refused() {
		self::$peer->answer( 'GET /v1/status', 200, '<html>' );
		$this->assertSame( 'bad_answer', $this->refusal( function () {
			( new Services() )->client()->get( '/v1/status' );
		} )->code() );
	}

	public function test_a_daemon_that_asks_for_it_gets_a_new_key_once() {
		self::$peer->answer( 'GET /v1/status', 200, array( 'version' => '1' ), array( 'headers' => array( 'Loyaltyd-Rotate' => '1' ) ) );
		$services = new Services();
		$old      = $services->key()->id();
		$services->client()->get( '/v1/status' );
		$new = $services->key()->id();
		$this->assertNotSame( $old, $new );
		$this->assertSame( array( $new, $old ), array_column( ( new Key() )->usable(), 'id' ) );
	}

	public function test_a_header_without_a_true_signature_rotates_nothing() {
		self::$peer->answer( 'GET /v1/status', 200, array(), array( 'unsigned' => true, 'headers' => array( 'Loyaltyd-Rotate' => '1' ) ) );
		$services = new Services();
		$old      = $services->key()->id();
		$this->refusal( function () use ( $services ) {
			$services->client()->get( '/v1/status' );
		} );
		$this->assertSame( $old, ( new Key() )->id() );
	}

	public function test_a_new_key_that_the_daemon_has_not_seen_costs_no_request() {
		self::$peer->answer( 'GET /v1/status', 200, array( 'version' => '1' ) );
		$services = new Services();
		$services->key()->rotate();
		// The peer knows only the key before.
		$this->assertSame( array( 'version' => '1' ), $services->client()->get( '/v1/status' ) );
		$this->assertSame( array( false, true ), array_column( self::$peer->requests(), 'signed' ) );
	}

	public function test_a_key_that_somebody_changed_meanwhile_is_read_anew() {
		self::$peer->answer( 'GET /v1/status', 200, array( 'version' => '1' ) );
		$services = new Services();
		$services->key()->usable();
		$other = new Key();
		$other->pair();
		self::$peer->know( $other->usable() );
		$this->assertSame( array( 'version' => '1' ), $services->client()->get( '/v1/status' ) );
	}

	public function test_a_stale_request_is_signed_once_more() {
		self::$peer->refuse( 'POST /v1/sync', 401, 'stale_request' );
		self::$peer->answer( 'POST /v1/sync', 200, array( 'done' => true ) );
		$this->assertTrue( ( new Services() )->client()->post( '/v1/sync', array( 'mode' => 'sweep' ) )['done'] );
		self::$peer->forget();
		self::$peer->refuse( 'POST /v1/sync', 401, 'stale_request' );
		$this->assertSame( 'stale_request', $this->refusal( function () {
			( new Services() )->client()->post( '/v1/sync', array() );
		} )->code() );
		$this->assertCount( 2, self::$peer->requests() );
	}

	public function test_a_key_that_nobody_knows_is_refused_after_few_tries() {
		self::$peer->know( array() );
		$this->assertSame( 'unknown_key', $this->refusal( function () {
			( new Services() )->client()->get( '/v1/status' );
		} )->code() );
		$this->assertLessThanOrEqual( 3, count( self::$peer->requests() ) );
	}

	public function test_after_a_failed_connection_reading_pauses_and_posting_does_not() {
		$socket  = stream_socket_server( 'tcp://127.0.0.1:0' );
		$nobody  = stream_socket_get_name( $socket, false );
		fclose( $socket );
		Books::heartbeat( $nobody );
		$this->assertSame( BridgeError::UNREACHABLE, $this->refusal( function () {
			( new Services() )->client()->get( '/v1/status' );
		} )->code() );
		Books::heartbeat( self::$peer->address );
		self::$peer->answer( 'GET /v1/status', 200, array( 'version' => '1' ) );
		self::$peer->answer( 'POST /v1/sync', 200, array( 'done' => true ) );
		foreach ( array( 'get /v1/status', 'post /v1/estimate' ) as $reading ) {
			$this->assertSame( BridgeError::UNREACHABLE, $this->refusal( function () use ( $reading ) {
				list( $method, $path ) = explode( ' ', $reading );
				'get' === $method ? ( new Services() )->client()->get( $path ) : ( new Services() )->client()->post( $path, array() );
			} )->code() );
		}
		$this->assertSame( array(), self::$peer->requests() );
		$this->assertTrue( ( new Services() )->client()->post( '/v1/sync', array() )['done'] );
		delete_transient( 'loyaltyd_unreachable' );
		$this->assertSame( '1', ( new Services() )->client()->get( '/v1/status' )['version'] );
	}

	public function test_nobody_waits_longer_than_two_seconds() {
		self::$peer->answer( 'GET /v1/status', 200, array(), array( 'wait_ms' => 3000 ) );
		$began = microtime( true );
		$this->assertSame( BridgeError::UNREACHABLE, $this->refusal( function () {
			( new Services() )->client()->get( '/v1/status' );
		} )->code() );
		$this->assertLessThan( 3, microtime( true ) - $began );
	}

	public function test_what_is_not_ready_says_why() {
		self::$peer->answer( 'GET /readyz', 503, array( 'ready' => false, 'reasons' => array( array( 'code' => 'behind', 'message' => 'It is behind.' ) ) ) );
		$this->assertSame( 'behind', ( new Services() )->client()->get( '/readyz' )['reasons'][0]['code'] );
	}

	public function test_a_site_that_blocks_other_hosts_and_uses_a_proxy_reaches_the_daemon() {
		self::$peer->answer( 'GET /v1/status', 200, array( 'version' => 'reached' ) );
		$code    = "define( 'WP_HTTP_BLOCK_EXTERNAL', true ); define( 'WP_PROXY_HOST', '127.0.0.1' ); define( 'WP_PROXY_PORT', '9' );
			require " . var_export( ABSPATH . 'wp-load.php', true ) . "; echo ( new Loyaltyd\\Services() )->client()->get( '/v1/status' )['version'];";
		$process = proc_open( array( getenv( 'LOYALTYD_TEST_PHP' ) ? getenv( 'LOYALTYD_TEST_PHP' ) : PHP_BINARY, '-r', $code ), array( 1 => array( 'pipe', 'w' ) ), $pipes );
		$said    = stream_get_contents( $pipes[1] );
		proc_close( $process );
		$this->assertSame( 'reached', $said );
		$this->assertStringStartsWith( 'localhost:', self::$peer->requests()[0]['host'] );
	}
}
