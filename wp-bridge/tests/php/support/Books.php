<?php
/**
 * @package Loyaltyd
 */

/**
 * The daemon's tables, as docs/schema.sql has them, with entries of a test's own.
 */
final class Books {

	/** Makes empty tables. */
	public static function open() {
		global $wpdb;
		$tables = $wpdb->get_col( "SHOW FULL TABLES WHERE Table_type = 'BASE TABLE' AND Tables_in_" . DB_NAME . " LIKE '" . $wpdb->esc_like( $wpdb->prefix . 'loyalty_' ) . "%'" );
		if ( count( $tables ) > 20 ) {
			foreach ( $tables as $table ) {
				$wpdb->query( 'DELETE FROM ' . $table );
			}
			$wpdb->query( "ALTER TABLE {$wpdb->prefix}loyalty_entries AUTO_INCREMENT = 1" );
			self::begin();
			return;
		}
		self::close();
		$sql = file_get_contents( dirname( __DIR__, 4 ) . '/docs/schema.sql' );
		$sql = preg_replace( '/--[^\n]*/', '', str_replace( 'wp_loyalty_', $wpdb->prefix . 'loyalty_', $sql ) );
		foreach ( array_filter( array_map( 'trim', explode( ';', $sql ) ) ) as $statement ) {
			if ( false === $wpdb->query( $statement ) ) {
				throw new RuntimeException( $wpdb->last_error . "\n" . $statement );
			}
		}
		self::begin();
	}

	/** Puts in what migrations put in. */
	private static function begin() {
		global $wpdb;
		$wpdb->query( "INSERT INTO {$wpdb->prefix}loyalty_daemon (id) VALUES (1)" );
		$wpdb->query( "INSERT IGNORE INTO {$wpdb->prefix}loyalty_pairing (id) VALUES (1)" );
		$wpdb->query( "INSERT INTO {$wpdb->prefix}loyalty_report_state (id, points_per_unit, currency) VALUES (1, '100', 'EUR')" );
	}

	/** Removes the tables: the daemon never ran. */
	public static function close() {
		global $wpdb;
		foreach ( $wpdb->get_results( "SHOW FULL TABLES LIKE '" . $wpdb->esc_like( $wpdb->prefix . 'loyalty_' ) . "%'", ARRAY_N ) as $row ) {
			$wpdb->query( ( 'VIEW' === $row[1] ? 'DROP VIEW ' : 'DROP TABLE ' ) . $row[0] );
		}
	}

	/**
	 * Posts an entry.
	 *
	 * @param int    $user     Whose.
	 * @param string $type     Such as earn.
	 * @param string $source   Such as purchase.
	 * @param int    $points   Signed.
	 * @param string $occurred UTC.
	 * @param string $note     For people.
	 */
	public static function post( int $user, string $type, string $source, int $points, string $occurred, string $note = '' ) {
		global $wpdb;
		static $object = 1000;
		$p    = $wpdb->prefix . 'loyalty_';
		$last = $wpdb->get_row( $wpdb->prepare( "SELECT seq, balance FROM {$p}accounts WHERE user_id = %d", $user ) );
		$seq  = 1 + (int) ( $last->seq ?? 0 );
		$sum  = $points + (int) ( $last->balance ?? 0 );
		$wpdb->insert(
			$p . 'entries',
			array(
				'user_id' => $user, 'seq' => $seq, 'occurred_at' => $occurred, 'recorded_at' => $occurred, 'type' => $type, 'source' => $source,
				'object_id' => ++$object, 'revision' => 0, 'points' => $points, 'pending' => 0, 'balance' => $sum, 'hash' => str_repeat( 'h', 32 ),
			)
		);
		if ( '' !== $note ) {
			$wpdb->insert( $p . 'entry_notes', array( 'entry_id' => $wpdb->insert_id, 'note' => $note, 'actor' => '', 'salt' => str_repeat( 's', 16 ) ) );
		}
		$column = array( 'earn' => 'earned', 'revoke' => 'earned', 'redeem' => 'redeemed', 'restore' => 'redeemed', 'expire' => 'expired', 'adjust' => 'adjusted' )[ $type ];
		$figure = in_array( $column, array( 'redeemed', 'expired' ), true ) ? -$points : $points;
		$wpdb->query(
			$wpdb->prepare(
				"INSERT INTO {$p}accounts (user_id, balance, pending, earned, redeemed, expired, revoked, adjusted, seq, last_entry_at, head)
				VALUES (%d, 0, 0, 0, 0, 0, 0, 0, 0, %s, REPEAT('h', 32))
				ON DUPLICATE KEY UPDATE last_entry_at = last_entry_at",
				$user,
				$occurred
			)
		);
		$wpdb->query( $wpdb->prepare( "UPDATE {$p}accounts SET balance = balance + %d, $column = $column + %d, seq = %d, last_entry_at = %s WHERE user_id = %d", $points, $figure, $seq, $occurred, $user ) );
		$day = ( new DateTimeImmutable( $occurred . ' UTC' ) )->setTimezone( wp_timezone() )->format( 'Y-m-d' );
		$wpdb->query(
			$wpdb->prepare(
				"INSERT INTO {$p}points_daily (day, type, source, points, pending, entries) VALUES (%s, %s, %s, %d, 0, 1)
				ON DUPLICATE KEY UPDATE points = points + %d, entries = entries + 1",
				$day,
				$type,
				$source,
				$points,
				$points
			)
		);
	}

	/**
	 * Puts a redemption into its table.
	 *
	 * @param array<string,mixed> $values Columns.
	 * @return int Its id.
	 */
	public static function redeem( array $values ): int {
		global $wpdb;
		$wpdb->insert(
			$wpdb->prefix . 'loyalty_redemptions',
			$values + array(
				'user_id' => 1, 'points' => 500, 'returned' => 0, 'amount' => '5.00', 'currency' => 'EUR', 'code' => 'points-' . wp_generate_password( 12, false ),
				'state' => 'confirmed', 'reserved_at' => gmdate( 'Y-m-d H:i:s' ), 'changed_at' => gmdate( 'Y-m-d H:i:s' ),
			)
		);
		return (int) $wpdb->insert_id;
	}

	/**
	 * Lets the daemon be there.
	 *
	 * @param string $address Of its endpoint.
	 * @param int    $age     Seconds since it was last heard of.
	 */
	public static function heartbeat( string $address, int $age = 0 ) {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->prefix}loyalty_daemon SET address = %s, version = '1.2.3', heartbeat = UTC_TIMESTAMP(6) - INTERVAL %d SECOND WHERE id = 1", $address, $age ) );
	}

	/**
	 * Sets one of the daemon's values.
	 *
	 * @param string $name  Such as program.
	 * @param array  $value For JSON.
	 */
	public static function state( string $name, array $value ) {
		global $wpdb;
		$wpdb->replace( $wpdb->prefix . 'loyalty_daemon_state', array( 'name' => $name, 'value' => wp_json_encode( $value ), 'updated_at' => gmdate( 'Y-m-d H:i:s' ) ) );
	}

	/**
	 * Returns what is marked as changed, and forgets it.
	 *
	 * @return array<int,string> Such as order:12.
	 */
	public static function marks(): array {
		global $wpdb;
		$rows = $wpdb->get_results( "SELECT kind, object_id FROM {$wpdb->prefix}loyalty_dirty ORDER BY seq", ARRAY_A );
		$wpdb->query( "DELETE FROM {$wpdb->prefix}loyalty_dirty" );
		return array_map(
			function ( $row ) {
				return $row['kind'] . ':' . $row['object_id'];
			},
			$rows
		);
	}

	/**
	 * Forgets what was marked so far, also in lists that wait for the end of the
	 * process: those that are full would be written amid a test.
	 */
	public static function settle() {
		foreach ( $GLOBALS['wp_filter']['shutdown']->callbacks[ PHP_INT_MAX ] ?? array() as $callback ) {
			if ( is_array( $callback['function'] ) && $callback['function'][0] instanceof Loyaltyd\Store\DirtyList ) {
				$callback['function'][0]->write();
			}
		}
		self::marks();
	}

	/**
	 * Makes a user.
	 *
	 * @param array<string,mixed> $values Of wp_insert_user.
	 */
	public static function user( array $values = array() ): int {
		// Passwords of tests may be hashed quickly.
		add_filter(
			'wp_hash_password_options',
			function () {
				return array( 'cost' => 4 );
			}
		);
		$login = 'u' . wp_generate_password( 12, false );
		$user  = wp_insert_user( $values + array( 'user_login' => $login, 'user_pass' => wp_generate_password(), 'user_email' => strtolower( $login ) . '@example.com', 'role' => 'customer' ) );
		if ( is_wp_error( $user ) ) {
			throw new RuntimeException( $user->get_error_message() );
		}
		return $user;
	}
}
