<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Bridge;

defined( 'ABSPATH' ) || exit;

/**
 * The key that this site shares with its daemon: the constant LOYALTYD_KEY of
 * wp-config.php, else an option that is bound to this site, so that a copy of
 * the site does not speak for it. The key itself is never sent.
 */
final class Key {

	const OPTION = 'loyaltyd_key';

	/** Fewest characters of a constant key. */
	const SHORTEST = 32;

	/** @var array{siteurl:string,key:string|null}|null Options as stored. */
	private $stored;

	/**
	 * Returns the keys that requests may be signed with, the current one first.
	 *
	 * @return array<int,array{id:string,secret:string}> secret in bytes. Empty when there is none, or none of this site.
	 */
	public function usable(): array {
		if ( $this->is_constant() ) {
			return $this->constants();
		}
		$option = $this->option();
		if ( null === $option || ! $this->is_bound( $option ) ) {
			return array();
		}
		$keys = array();
		foreach ( array_slice( $option['keys'], 0, 2 ) as $i => $key ) {
			if ( 0 === $i || $option['keys'][0]['made'] + DAY_IN_SECONDS > time() ) {
				$keys[] = array(
					'id'     => $key['id'],
					'secret' => hex2bin( $key['secret'] ),
				);
			}
		}
		return $keys;
	}

	/** Says whether requests can be signed. */
	public function is_paired(): bool {
		return array() !== $this->usable();
	}

	/** Says whether this site looks like a copy of the one that the key was made for. */
	public function is_copy(): bool {
		if ( $this->is_constant() ) {
			return false;
		}
		$option = $this->option();
		return null !== $option && ! $this->is_bound( $option );
	}

	/** Says whether the key is a constant of wp-config.php. */
	public function is_constant(): bool {
		return defined( 'LOYALTYD_KEY' );
	}

	/** Returns the id of the current key, "" when there is none. */
	public function id(): string {
		$keys = $this->usable();
		return $keys ? $keys[0]['id'] : '';
	}

	/** Returns constant, option or none. */
	public function origin(): string {
		if ( $this->is_constant() ) {
			return 'constant';
		}
		return null === $this->option() ? 'none' : 'option';
	}

	/** Says why requests cannot be signed, with the way out; "" when they can. */
	public function problem(): string {
		if ( $this->is_constant() ) {
			/* translators: %d: number of characters. */
			return $this->constants() ? '' : sprintf( __( 'LOYALTYD_KEY in wp-config.php has fewer than %d characters: write a longer, random one.', 'loyaltyd' ), self::SHORTEST );
		}
		if ( $this->is_copy() ) {
			return __( 'This site looks like a copy of another one: its key for the loyaltyd daemon was made for another address, database or table prefix. Points of the other site are safe. If this site has a daemon of its own, pair it.', 'loyaltyd' );
		}
		return $this->is_paired() ? '' : __( 'There is no key for the loyaltyd daemon yet: pair this site.', 'loyaltyd' );
	}

	/**
	 * Makes a key if there is none. A key of another site stays as it is.
	 */
	public function ensure() {
		global $wpdb;
		if ( $this->is_constant() || null !== $this->stored()['key'] ) {
			return;
		}
		// Of two requests at the same time one wins.
		$wpdb->query(
			$wpdb->prepare(
				"INSERT IGNORE INTO {$wpdb->options} (option_name, option_value, autoload) VALUES (%s, %s, 'no')",
				self::OPTION,
				$this->encode( array( self::random() ) )
			)
		);
		$this->forget();
	}

	/**
	 * Makes a key for this site and forgets the old ones, after somebody said
	 * that this site is its own.
	 *
	 * @return bool False when the key is a constant.
	 */
	public function pair(): bool {
		if ( $this->is_constant() ) {
			return false;
		}
		update_option( self::OPTION, $this->encode( array( self::random() ) ), false );
		$this->forget();
		return true;
	}

	/**
	 * Makes a new current key; the one before stays good for a day, so that no
	 * request under way fails.
	 *
	 * @param string|null $only When this is no longer the current key's id, nothing happens: somebody else was first.
	 * @return bool Whether there is a new key.
	 */
	public function rotate( ?string $only = null ): bool {
		global $wpdb;
		$this->forget();
		$option = $this->is_constant() ? null : $this->option();
		if ( null === $option || ! $this->is_bound( $option ) || ( null !== $only && $option['keys'][0]['id'] !== $only ) ) {
			return false;
		}
		$changed = $wpdb->query(
			$wpdb->prepare(
				"UPDATE {$wpdb->options} SET option_value = %s WHERE option_name = %s AND option_value = %s",
				$this->encode( array( self::random(), $option['keys'][0] ) ),
				self::OPTION,
				$this->stored()['key']
			)
		);
		$this->forget();
		return 1 === $changed;
	}

	/**
	 * Forgets what was read of the database.
	 */
	public function forget() {
		$this->stored = null;
		wp_cache_delete( self::OPTION, 'options' );
		wp_cache_delete( 'notoptions', 'options' );
	}

	/**
	 * @return array<int,array{id:string,secret:string}>
	 */
	private function constants(): array {
		$keys = array();
		foreach ( array( 'LOYALTYD_KEY', 'LOYALTYD_KEY_PREVIOUS' ) as $name ) {
			$text = defined( $name ) ? (string) constant( $name ) : '';
			if ( strlen( $text ) < self::SHORTEST ) {
				break;
			}
			$keys[] = array(
				'id'     => substr( hash( 'sha256', 'loyaltyd-key-id:' . $text ), 0, 16 ),
				'secret' => $text,
			);
		}
		return $keys;
	}

	/**
	 * @return array{bound:string,keys:array<int,array{id:string,secret:string,made:int}>}|null
	 */
	private function option(): ?array {
		$option = json_decode( (string) $this->stored()['key'], true );
		if ( ! is_array( $option ) || 1 !== ( $option['v'] ?? null ) || ! is_string( $option['bound'] ?? null ) || empty( $option['keys'] ) || ! is_array( $option['keys'] ) ) {
			return null;
		}
		foreach ( $option['keys'] as $key ) {
			if ( ! preg_match( '/^[0-9a-f]{16}$/D', (string) ( $key['id'] ?? '' ) ) || ! preg_match( '/^[0-9a-f]{64}$/D', (string) ( $key['secret'] ?? '' ) ) || ! is_int( $key['made'] ?? null ) ) {
				return null;
			}
		}
		$option['keys'] = array_values( $option['keys'] );
		return $option;
	}

	/**
	 * @param array $option As option() returns it.
	 */
	private function is_bound( array $option ): bool {
		return hash_equals( $this->binding(), $option['bound'] );
	}

	/** Returns what a key of this site is bound to. */
	private function binding(): string {
		global $wpdb;
		return hash( 'sha256', rtrim( $this->stored()['siteurl'], '/' ) . "\n" . DB_NAME . "\n" . $wpdb->prefix );
	}

	/**
	 * @param array<int,array{id:string,secret:string,made:int}> $keys The current one first.
	 */
	private function encode( array $keys ): string {
		return wp_json_encode(
			array(
				'v'     => 1,
				'bound' => $this->binding(),
				'keys'  => $keys,
			)
		);
	}

	/**
	 * Reads the options past all filters and caches: the daemon reads the same.
	 *
	 * @return array{siteurl:string,key:string|null}
	 */
	private function stored(): array {
		global $wpdb;
		if ( null === $this->stored ) {
			$rows = $wpdb->get_results(
				$wpdb->prepare( "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name IN ('siteurl', %s)", self::OPTION ),
				ARRAY_A
			);
			$values       = array_column( (array) $rows, 'option_value', 'option_name' );
			$this->stored = array(
				'siteurl' => (string) ( $values['siteurl'] ?? '' ),
				'key'     => $values[ self::OPTION ] ?? null,
			);
		}
		return $this->stored;
	}

	/**
	 * @return array{id:string,secret:string,made:int}
	 */
	private static function random(): array {
		return array(
			'id'     => bin2hex( random_bytes( 8 ) ),
			'secret' => bin2hex( random_bytes( 32 ) ),
			'made'   => time(),
		);
	}
}
