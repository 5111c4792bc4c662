<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/PairedCase.php';

use Loyaltyd\Bridge\Key;
use Loyaltyd\Cli\Command;
use Loyaltyd\Cli\KeyCommand;
use Loyaltyd\Services;

/**
 * wp loyalty …
 */
final class CliTest extends PairedCase {

	/** @var int */
	private $user;

	public static function setUpBeforeClass(): void {
		require_once __DIR__ . '/support/wp-cli.php';
		parent::setUpBeforeClass();
	}

	protected function setUp(): void {
		parent::setUp();
		WP_CLI::$lines = array();
		$this->user    = Books::user( array( 'display_name' => '=Ann' ) );
		Books::post( $this->user, 'earn', 'purchase', 30, '2026-01-05 12:00:00', '=1+1' );
		Books::post( $this->user, 'redeem', 'coupon', -10, '2026-02-05 12:00:00' );
	}

	private function command(): Command {
		return new Command( new Services() );
	}

	/** Returns the status with which a command ends; 0: as usual. */
	private function status( callable $call ): int {
		try {
			$call();
		} catch ( RuntimeException $e ) {
			return $e->getCode();
		}
		return 0;
	}

	public function test_status_shows_a_ranges_figures_and_fails_when_the_daemon_is_silent() {
		$this->command()->status( array(), array( 'from' => '2026-01-01', 'to' => '2026-01-31', 'format' => 'csv' ) );
		$this->assertContains( 'csv:field=issued|value=30', WP_CLI::$lines );
		WP_CLI::$lines = array();
		$this->command()->status( array(), array( 'period' => 'all_time', 'format' => 'json' ) );
		$this->assertSame( 20, json_decode( WP_CLI::$lines[0], true )['balance'] );
		Books::heartbeat( self::$peer->address, 500 );
		$this->assertSame( 1, $this->status( function () {
			$this->command()->status( array(), array() );
		} ) );
		Books::close();
		$this->assertSame( 1, $this->status( function () {
			$this->command()->status( array(), array() );
		} ) );
	}

	public function test_what_is_no_day_or_period_is_refused() {
		foreach ( array( array( 'from' => '2026-02-30' ), array( 'to' => 'x' ), array( 'period' => 'today' ) ) as $options ) {
			foreach ( array( 'status', 'export' ) as $name ) {
				$this->assertSame( 1, $this->status( function () use ( $name, $options ) {
					$this->command()->$name( array(), $options );
				} ) );
			}
		}
	}

	public function test_customers_are_found_and_their_history_shown() {
		$this->command()->customer( array( (string) $this->user ), array() );
		$this->assertStringContainsString( 'balance=20', WP_CLI::$lines[0] );
		WP_CLI::$lines = array();
		$this->command()->customer( array( (string) $this->user ), array( 'history' => true, 'per-page' => '1', 'page' => '2' ) );
		$this->assertCount( 1, WP_CLI::$lines );
		$this->assertStringContainsString( 'points=30', WP_CLI::$lines[0] );
		$this->assertSame( 1, $this->status( function () {
			$this->command()->customer( array( 'nobody like this' ), array() );
		} ) );
	}

	public function test_adjusting_asks_the_daemon_once() {
		self::$peer->answer( "POST /v1/customers/{$this->user}/adjustments", 201, array( 'entry' => array( 'id' => 9, 'balance' => 25 ) ) );
		$this->command()->adjust( array( (string) $this->user, '+5' ), array( 'note' => 'x', 'key' => 'once', 'porcelain' => true ) );
		$this->assertSame( array( '9' ), WP_CLI::$lines );
		$request = self::$peer->requests()[0];
		$this->assertSame( array( 'once', 5 ), array( $request['idempotency_key'], json_decode( $request['body'], true )['points'] ) );
		foreach ( array( array( 'x', '5', 'n' ), array( '1', '0', 'n' ), array( '1', '1.5', 'n' ), array( '1', '5', ' ' ) ) as list( $user, $points, $note ) ) {
			$this->assertSame( 1, $this->status( function () use ( $user, $points, $note ) {
				$this->command()->adjust( array( $user, $points ), array( 'note' => $note ) );
			} ) );
		}
		$this->assertCount( 1, self::$peer->requests() );
	}

	public function test_sync_ends_well_only_when_the_run_did() {
		self::$peer->answer( 'POST /v1/sync', 200, array( 'done' => true, 'run' => array( 'ok' => true, 'message' => '' ) ) );
		self::$peer->answer( 'POST /v1/sync', 202, array( 'done' => false ) );
		self::$peer->answer( 'POST /v1/sync', 200, array( 'done' => true, 'run' => array( 'ok' => false, 'message' => 'braked' ) ) );
		$sync = function () {
			$this->command()->sync( array(), array( 'mode' => 'sweep' ) );
		};
		$this->assertSame( array( 0, 0, 1 ), array( $this->status( $sync ), $this->status( $sync ), $this->status( $sync ) ) );
		self::$peer->know( array() );
		$this->assertSame( 1, $this->status( $sync ) );
	}

	public function test_the_export_is_complete_and_no_formula() {
		ob_start();
		$this->command()->export( array(), array() );
		$lines = array_map(
			static function ( $line ) {
				return str_getcsv( $line, ',', '"', '\\' );
			},
			explode( "\n", trim( ob_get_clean() ) )
		);
		$this->assertSame( Command::ENTRY_FIELDS, $lines[0] );
		$this->assertCount( 3, $lines );
		$this->assertSame( array( '-10', '30' ), array( $lines[1][8], $lines[2][8] ) );
		$this->assertSame( array( "'=Ann", "'=1+1" ), array( $lines[2][2], $lines[2][11] ) );
		ob_start();
		$this->command()->export( array(), array( 'format' => 'json', 'from' => '2026-02-01', 'user' => (string) $this->user ) );
		$this->assertSame( -10, json_decode( ob_get_clean(), true )['points'] );
	}

	public function test_keys_are_rotated_and_copies_paired() {
		$before = ( new Key() )->id();
		( new KeyCommand( new Services() ) )->rotate();
		$this->assertNotSame( $before, ( new Key() )->id() );
		$this->assertStringContainsString( ( new Key() )->id(), WP_CLI::$lines[0] );
		( new KeyCommand( new Services() ) )->pair();
		$this->assertCount( 1, ( new Key() )->usable() );
	}
}
