<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/Books.php';
require_once __DIR__ . '/Peer.php';

use Loyaltyd\Bridge\Key;
use PHPUnit\Framework\TestCase;

/**
 * A test in a site that is paired with a peer: empty books, a new key that the
 * peer knows, and nothing answered yet.
 */
abstract class PairedCase extends TestCase {

	/** @var Peer */
	protected static $peer;

	public static function setUpBeforeClass(): void {
		self::$peer = new Peer();
	}

	public static function tearDownAfterClass(): void {
		self::$peer->stop();
	}

	protected function setUp(): void {
		Books::open();
		Books::heartbeat( self::$peer->address );
		delete_option( Key::OPTION );
		delete_transient( 'loyaltyd_unreachable' );
		$key = new Key();
		$key->ensure();
		self::$peer->forget();
		self::$peer->know( $key->usable() );
	}
}
