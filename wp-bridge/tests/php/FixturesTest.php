<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/PairedCase.php';

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Bridge\Signature;
use Loyaltyd\Programme\Document;
use Loyaltyd\Services;

/**
 * Requests and answers as the daemon's own tests wrote them down.
 */
final class FixturesTest extends PairedCase {

	const SECRET = 'a secret of the tests, 32 characters or more';

	private static function folder(): string {
		return dirname( __DIR__, 2 ) . '/testdata/fixtures';
	}

	public function fixtures(): array {
		$all = array();
		foreach ( glob( self::folder() . '/*.json' ) as $file ) {
			$name = basename( $file, '.json' );
			if ( 'signatures' !== $name ) {
				$all[ $name ] = array( $name, json_decode( file_get_contents( $file ), true ) );
			}
		}
		return $all;
	}

	private static function fixture( string $name ): array {
		return json_decode( file_get_contents( self::folder() . "/$name.json" ), true );
	}

	public function test_there_are_fixtures_of_every_route() {
		$names = array_keys( $this->fixtures() );
		foreach ( array( 'health-ok', 'ready-no', 'status-ok', 'sync-done', 'customer-ok', 'explanation-ok', 'redeem-created', 'confirm-ok', 'cancel-ok', 'adjust-created', 'erase-ok', 'checkProgram-ok', 'estimate-ok', 'rotation-asked' ) as $name ) {
			$this->assertContains( $name, $names );
		}
	}

	public function test_signatures_equal_the_daemons() {
		$vectors = self::fixture( 'signatures' );
		$this->assertGreaterThan( 1, count( $vectors['requests'] ) );
		$this->assertGreaterThan( 1, count( $vectors['answers'] ) );
		foreach ( $vectors['requests'] as $v ) {
			$this->assertSame( $v['signature'], Signature::of_request( hex2bin( $v['secret'] ), $v['method'], $v['target'], $v['time'], $v['nonce'], $v['idempotency_key'], $v['body'] ) );
		}
		foreach ( $vectors['answers'] as $v ) {
			$this->assertSame( $v['signature'], Signature::of_answer( hex2bin( $v['secret'] ), $v['status'], $v['nonce'], (string) $v['time'], $v['body'] ) );
		}
	}

	/**
	 * @dataProvider fixtures
	 */
	public function test_the_plugin_signs_as_the_daemon_reads( string $name, array $fixture ) {
		$request = $fixture['request'];
		$answer  = $fixture['answer'];
		$head    = $request['headers'];
		if ( ! in_array( $name, array( 'refused-unsigned', 'refused-bad-signature', 'refused-unknown-key', 'refused-stale' ), true ) ) {
			$this->assertSame(
				$head['Loyaltyd-Signature'],
				Signature::of_request( self::SECRET, $request['method'], $request['path'], (int) $head['Loyaltyd-Time'], $head['Loyaltyd-Nonce'], $head['Idempotency-Key'] ?? '', $request['body'] )
			);
		}
		if ( 401 !== $answer['status'] ) {
			$this->assertSame(
				$answer['headers']['Loyaltyd-Signature'],
				Signature::of_answer( self::SECRET, $answer['status'], $head['Loyaltyd-Nonce'], $answer['headers']['Loyaltyd-Time'], $answer['body'] )
			);
		} else {
			$this->assertArrayNotHasKey( 'Loyaltyd-Signature', $answer['headers'] );
		}
	}

	/**
	 * @dataProvider fixtures
	 */
	public function test_the_plugin_reads_as_the_daemon_answers( string $name, array $fixture ) {
		$request = $fixture['request'];
		$answer  = $fixture['answer'];
		$body    = json_decode( $answer['body'], true );
		self::$peer->answer( $request['method'] . ' ' . $request['path'], $answer['status'], $answer['body'], 401 === $answer['status'] ? array( 'unsigned' => true ) : array() );
		if ( ! in_array( $request['method'], array( 'GET', 'POST' ), true ) ) {
			$this->assertSame( 'method_not_allowed', $body['error']['code'] );
			return;
		}
		try {
			$client = ( new Services() )->client();
			$read   = 'GET' === $request['method']
				? $client->get( $request['path'] )
				: $client->post( $request['path'], (array) json_decode( $request['body'] ), $request['headers']['Idempotency-Key'] ?? null );
			$this->assertSame( $body, $read );
			$this->assertArrayNotHasKey( 'error', $body );
		} catch ( BridgeError $e ) {
			$this->assertSame( array( $body['error']['code'], $body['error']['message'], $body['error']['request'], $answer['status'] ), array( $e->code(), $e->getMessage(), $e->request(), $e->status() ) );
			$this->assertSame( $answer['status'] >= 500 || 401 === $answer['status'], $e->is_outage() );
		}
		$sent = self::$peer->requests()[0];
		$this->assertTrue( $sent['signed'] );
		$this->assertEquals( json_decode( $request['body'] ), json_decode( $sent['body'] ) );
	}

	public function test_the_usual_rules_are_the_daemons() {
		$theirs = json_decode( self::fixture( 'checkProgram-ok' )['answer']['body'], true )['program'];
		$asked  = json_decode( self::fixture( 'checkProgram-ok' )['request']['body'], true )['program'];
		$ours   = Document::complete( $asked );
		$this->assertSame( Document::stamp( $ours ), Document::stamp( Document::complete( $theirs ) ) );
		$this->assertSame( self::keys( $ours ), self::keys( $theirs ) );
	}

	/** Returns the full names of all keys, sorted. */
	private static function keys( array $document, string $path = '' ): array {
		$keys = array();
		foreach ( $document as $name => $value ) {
			$keys = array_merge( $keys, is_array( $value ) && is_string( $name ) ? self::keys( $value, "$path.$name" ) : array() );
			if ( is_string( $name ) ) {
				$keys[] = "$path.$name";
			}
		}
		sort( $keys );
		return $keys;
	}

	public function test_what_the_daemon_refuses_is_refused_here_by_the_same_keys() {
		$fixture = self::fixture( 'checkProgram-problems' );
		$theirs  = array_column( json_decode( $fixture['answer']['body'], true )['problems'], 'key' );
		$ours    = array_keys( ( new Services() )->programme()->validate( json_decode( $fixture['request']['body'], true )['program'] ) );
		sort( $theirs );
		sort( $ours );
		$this->assertSame( $theirs, $ours );
	}

	public function test_a_redemption_of_the_daemon_becomes_its_coupon() {
		$redeem  = self::fixture( 'redeem-created' );
		$confirm = self::fixture( 'confirm-ok' );
		$said    = json_decode( $redeem['answer']['body'], true );
		self::$peer->answer( 'POST ' . $redeem['request']['path'], 201, $redeem['answer']['body'] );
		self::$peer->answer( 'POST /v1/redemptions/' . $said['id'] . '/confirm', 200, $confirm['answer']['body'] );
		$coupon = ( new Services() )->redeemer()->redeem( $said['user_id'], $said['points'], 'form-1' );
		$this->assertSame( array( $said['code'], $said['amount'], 'publish' ), array( $coupon->get_code(), $coupon->get_amount(), $coupon->get_status() ) );
		wp_delete_post( $coupon->get_id(), true );
	}
}
