<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Bridge;

defined( 'ABSPATH' ) || exit;

/**
 * Where the daemon listens. What the database says is believed only when it
 * is on this machine; another machine must be named by the constant
 * LOYALTYD_ADDRESS in wp-config.php.
 */
final class Address {

	/** @var string Scheme, host and port to request. */
	public $base;

	/** @var string Path of a socket, or "". */
	public $socket = '';

	/** @var string IP to connect to instead of asking for the host's name, or "". */
	public $pin = '';

	/**
	 * Returns the daemon's address.
	 *
	 * @param string $registered What the daemon wrote into its table.
	 * @throws BridgeError When there is none, or one that is not believed.
	 */
	public static function of( string $registered ): self {
		$trusted = defined( 'LOYALTYD_ADDRESS' ) ? trim( (string) LOYALTYD_ADDRESS ) : '';
		$text    = '' !== $trusted ? $trusted : trim( $registered );
		if ( '' === $text ) {
			throw new BridgeError( BridgeError::UNREACHABLE, __( 'The loyaltyd daemon is not running: start it with loyaltyd serve.', 'loyaltyd' ) );
		}
		$address = new self();
		if ( preg_match( '#^(?:unix:)?(/[^\0]+)$#D', $text, $part ) ) {
			$address->base   = 'http://localhost';
			$address->socket = $part[1];
			return $address;
		}
		if ( ! preg_match( '#^(https?://)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})/?$#D', $text, $part ) || (int) $part[3] < 1 || (int) $part[3] > 65535 ) {
			/* translators: %s: the address as it was written. */
			throw new BridgeError( BridgeError::UNREACHABLE, sprintf( __( 'The address of the loyaltyd daemon, %s, is neither host:port nor unix:/path.', 'loyaltyd' ), $text ) );
		}
		$loopback = self::is_loopback( $part[2] );
		if ( '' === $trusted && ! $loopback ) {
			/* translators: %s: the address as it was written. */
			throw new BridgeError( BridgeError::UNREACHABLE, sprintf( __( 'The loyaltyd daemon says that it listens on %s, which is another machine. If that is right, write it into wp-config.php as LOYALTYD_ADDRESS.', 'loyaltyd' ), $text ) );
		}
		$host = $part[2];
		if ( $loopback && 'localhost' !== $host && self::only_localhost() ) {
			$address->pin = trim( $host, '[]' );
			$host         = 'localhost';
		}
		$address->base = ( '' !== $part[1] ? $part[1] : 'http://' ) . $host . ':' . (int) $part[3];
		return $address;
	}

	/**
	 * @param string $host Of an address.
	 */
	private static function is_loopback( string $host ): bool {
		return in_array( $host, array( 'localhost', '[::1]' ), true ) || 1 === preg_match( '/^127(?:\.\d{1,3}){3}$/D', $host );
	}

	/**
	 * Says whether WordPress would block, or send through a proxy, what does not
	 * go to the host named localhost.
	 */
	private static function only_localhost(): bool {
		return ( defined( 'WP_HTTP_BLOCK_EXTERNAL' ) && WP_HTTP_BLOCK_EXTERNAL ) || ( defined( 'WP_PROXY_HOST' ) && '' !== (string) WP_PROXY_HOST );
	}
}
