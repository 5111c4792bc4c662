<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * What is known of the daemon: what it answers now, else what it last wrote
 * into its tables.
 */
final class StatusFacts {

	/** @var Services */
	private $services;

	/** @var array<string,mixed>|null */
	private $live;

	/** @var BridgeError|null */
	private $error;

	/**
	 * @param Services                 $services Shared objects.
	 * @param array<string,mixed>|null $live     Answer of /v1/status.
	 * @param BridgeError|null         $error    Why there is none.
	 */
	public function __construct( Services $services, ?array $live, ?BridgeError $error ) {
		$this->services = $services;
		$this->live     = $live;
		$this->error    = $error;
	}

	/** Says whether the daemon answered. */
	public function is_live(): bool {
		return null !== $this->live;
	}

	/** Returns why the daemon did not answer; empty when it did. */
	public function problem(): string {
		return $this->error ? $this->error->getMessage() : '';
	}

	/**
	 * Returns a value that only a daemon that answers can tell.
	 *
	 * @param string $name Of /v1/status.
	 * @return mixed Null: not known.
	 */
	public function live( string $name ) {
		return $this->live[ $name ] ?? null;
	}

	/**
	 * Returns schedule, jobs, runs, store or brake; empty when nothing is known.
	 *
	 * @param string $name Which.
	 * @return array<string,mixed>
	 */
	public function about( string $name ): array {
		$value = $this->live[ $name ] ?? $this->services->daemon()->get( $name );
		return is_array( $value ) ? $value : array();
	}

	/**
	 * Returns the daemon's version; empty when it never ran.
	 */
	public function version(): string {
		return (string) ( $this->live['version'] ?? $this->services->daemon()->state()['version'] );
	}

	/** Says whether plugin and daemon are of one version. */
	public function versions_match(): bool {
		return ltrim( $this->version(), 'v' ) === ltrim( LOYALTYD_VERSION, 'v' );
	}

	/** Says whether plugin or daemon was built without a version of its own. */
	public function is_development(): bool {
		return false !== strpos( $this->version() . LOYALTYD_VERSION, 'dev' );
	}

	/**
	 * Returns an instant of the daemon's answers.
	 *
	 * @param mixed $text RFC 3339, or null.
	 * @return int|null Unix time.
	 */
	public static function instant( $text ): ?int {
		$unix = is_string( $text ) && '' !== $text ? strtotime( $text ) : false;
		return false === $unix || $unix <= 0 ? null : $unix;
	}

	/**
	 * Returns everything as plain text for a request for help; no secret is in
	 * it, and nothing of customers.
	 */
	public function text(): string {
		global $wpdb, $wp_version;
		$key   = $this->services->key();
		$state = $this->services->daemon()->state();
		$lines = array(
			'Plugin'            => LOYALTYD_VERSION,
			'Daemon'            => $this->version(),
			'Answers'           => $this->is_live() ? 'yes' : 'no: ' . $this->problem(),
			'Address'           => $state['address'],
			'Heartbeat'         => null === $state['age'] ? 'never' : $state['age'] . ' s ago',
			'Lag'               => null === $this->live( 'lag_seconds' ) ? 'unknown' : $this->live( 'lag_seconds' ) . ' s',
			'Key'               => trim( $key->origin() . ' ' . $key->id() ) . ( $key->is_copy() ? ' (of another site)' : '' ),
			'Programme'         => $this->services->programme()->origin() . ( '' === $this->services->programme()->error() ? '' : ', refused: ' . $this->services->programme()->error() ),
			'WordPress'         => $wp_version . ( is_multisite() ? ' multisite' : '' ),
			'WooCommerce'       => defined( 'WC_VERSION' ) ? WC_VERSION : 'unknown',
			'PHP'               => PHP_VERSION,
			'Database'          => (string) $wpdb->db_version(),
			'Time zone'         => wp_timezone_string(),
			'Language'          => get_locale(),
			'External requests' => defined( 'WP_HTTP_BLOCK_EXTERNAL' ) && WP_HTTP_BLOCK_EXTERNAL ? 'blocked' : 'allowed',
			'Schedule'          => (string) wp_json_encode( $this->about( 'schedule' ), JSON_UNESCAPED_SLASHES ),
			'Jobs'              => (string) wp_json_encode( $this->about( 'jobs' ), JSON_UNESCAPED_SLASHES ),
			'Store'             => (string) wp_json_encode( $this->about( 'store' ), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ),
			'Brake'             => (string) wp_json_encode( $this->about( 'brake' ), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ),
		);
		foreach ( $this->about( 'runs' ) as $kind => $run ) {
			$lines[ 'Run ' . $kind ] = (string) wp_json_encode( $run, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
		}
		$text = '';
		foreach ( $lines as $name => $value ) {
			$text .= $name . ': ' . str_replace( "\n", ' ', $value ) . "\n";
		}
		return $text;
	}
}
