<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * Reads loyaltyd's tables in WordPress's database. In SQL, {p} stands for the
 * site's table prefix and {users} for the table of users. The daemon makes the
 * tables: before it ran for the first time every read gives nothing.
 */
final class Tables {

	/**
	 * Returns rows, as arrays of texts; none when the tables do not exist.
	 *
	 * @param string            $sql  Statement for wpdb::prepare.
	 * @param array<int,mixed>  $args Its values.
	 * @return array<int,array<string,string|null>>
	 */
	public function rows( string $sql, array $args = array() ): array {
		return $this->try_rows( $sql, $args ) ?? array();
	}

	/**
	 * Returns rows, or null when they could not be read.
	 *
	 * @param string           $sql  Statement for wpdb::prepare.
	 * @param array<int,mixed> $args Its values.
	 * @return array<int,array<string,string|null>>|null
	 */
	public function try_rows( string $sql, array $args = array() ): ?array {
		global $wpdb;
		return $this->quietly(
			function () use ( $wpdb, $sql, $args ) {
				$rows = $wpdb->get_results( $this->prepared( $sql, $args ), ARRAY_A );
				return is_array( $rows ) && '' === $wpdb->last_error ? $rows : null;
			}
		);
	}

	/**
	 * Returns the first row, or null.
	 *
	 * @param string           $sql  Statement for wpdb::prepare.
	 * @param array<int,mixed> $args Its values.
	 * @return array<string,string|null>|null
	 */
	public function row( string $sql, array $args = array() ): ?array {
		return $this->rows( $sql, $args )[0] ?? null;
	}

	/**
	 * Returns the first column of the first row as a number; 0 when there is none.
	 *
	 * @param string           $sql  Statement for wpdb::prepare.
	 * @param array<int,mixed> $args Its values.
	 */
	public function number( string $sql, array $args = array() ): int {
		$row = $this->row( $sql, $args );
		return null === $row ? 0 : (int) reset( $row );
	}

	/**
	 * Runs a statement that writes; says whether it could. A missing table is
	 * not worth a line in the error log.
	 *
	 * @param string           $sql  Statement for wpdb::prepare.
	 * @param array<int,mixed> $args Its values.
	 */
	public function write( string $sql, array $args = array() ): bool {
		global $wpdb;
		return $this->quietly(
			function () use ( $wpdb, $sql, $args ) {
				return false !== $wpdb->query( $this->prepared( $sql, $args ) );
			}
		);
	}

	/**
	 * Returns a text for LIKE that matches what contains another.
	 *
	 * @param string $text What people typed.
	 */
	public function containing( string $text ): string {
		global $wpdb;
		return '%' . $wpdb->esc_like( $text ) . '%';
	}

	/**
	 * Returns as many placeholders as there are numbers.
	 *
	 * @param array<int,int> $ids At least one.
	 */
	public static function placeholders( array $ids ): string {
		return implode( ', ', array_fill( 0, count( $ids ), '%d' ) );
	}

	/**
	 * @param string           $sql  Statement.
	 * @param array<int,mixed> $args Its values.
	 */
	private function prepared( string $sql, array $args ): string {
		global $wpdb;
		$sql = strtr( $sql, array( '{p}' => $wpdb->prefix, '{users}' => $wpdb->users ) );
		return $args ? $wpdb->prepare( $sql, $args ) : $sql; // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Calls with wpdb's error output off and leaves it as it was.
	 *
	 * @param callable $call What to do.
	 * @return mixed Its result.
	 */
	private function quietly( callable $call ) {
		global $wpdb;
		$were = $wpdb->suppress_errors( true );
		try {
			return $call();
		} finally {
			$wpdb->suppress_errors( $were );
		}
	}
}
