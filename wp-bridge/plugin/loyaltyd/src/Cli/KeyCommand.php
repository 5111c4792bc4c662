<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Cli;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Manages the key that this site shares with the loyaltyd daemon.
 */
final class KeyCommand {

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Makes a new key. The one before stays good for a day.
	 *
	 * ## EXAMPLES
	 *
	 *     wp loyalty key rotate
	 */
	public function rotate() {
		$key = $this->services->key();
		if ( $key->is_constant() ) {
			\WP_CLI::error( __( 'The key is a constant in wp-config.php: change it there (LOYALTYD_KEY, the old one as LOYALTYD_KEY_PREVIOUS).', 'loyaltyd' ) );
		}
		$key->ensure();
		if ( ! $key->rotate() ) {
			\WP_CLI::error( '' !== $key->problem() ? $key->problem() : __( 'Somebody else changed the key at the same moment.', 'loyaltyd' ) );
		}
		/* translators: %s: id of the key. */
		\WP_CLI::success( sprintf( __( 'The new key is %s.', 'loyaltyd' ), $key->id() ) );
	}

	/**
	 * Pairs a copy of another site with a daemon of its own.
	 *
	 * ## EXAMPLES
	 *
	 *     wp loyalty key pair
	 */
	public function pair() {
		$key = $this->services->key();
		if ( ! $key->pair() ) {
			\WP_CLI::error( __( 'The key is a constant in wp-config.php: change it there (LOYALTYD_KEY, the old one as LOYALTYD_KEY_PREVIOUS).', 'loyaltyd' ) );
		}
		/* translators: %s: id of the key. */
		\WP_CLI::success( sprintf( __( 'The new key is %s.', 'loyaltyd' ), $key->id() ) );
	}
}
