<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * Reads lines of the points history with the names of their customers.
 */
final class Entries {

	const COLUMNS = 'entry_id, user_id, seq, occurred_at, recorded_at, type, source, object_id, points, pending, balance, note';

	/** @var Tables */
	private $tables;

	/** @var Names */
	private $names;

	/**
	 * @param Tables $tables Where to read.
	 * @param Names  $names  Names of customers.
	 */
	public function __construct( Tables $tables, Names $names ) {
		$this->tables = $tables;
		$this->names  = $names;
	}

	/**
	 * Returns lines of the history.
	 *
	 * @param string           $where Condition, with what orders and limits.
	 * @param array<int,mixed> $args  Its values.
	 * @return array<int,array<string,mixed>> Each with entry_id, user_id, name, seq, occurred_at and recorded_at
	 *                                        (UTC texts), type, source, object_id, points, pending, balance, note.
	 */
	public function where( string $where, array $args ): array {
		$rows = $this->tables->rows( 'SELECT ' . self::COLUMNS . ' FROM {p}loyalty_points_history WHERE ' . $where, $args );
		$this->names->load( array_map( 'intval', array_column( $rows, 'user_id' ) ) );
		return array_map( array( $this, 'entry' ), $rows );
	}

	/**
	 * @param array<string,string|null> $row Of the table.
	 * @return array<string,mixed>
	 */
	private function entry( array $row ): array {
		foreach ( array( 'entry_id', 'user_id', 'seq', 'object_id', 'points', 'pending', 'balance' ) as $number ) {
			$row[ $number ] = (int) $row[ $number ];
		}
		$row['note'] = (string) $row['note'];
		$row['name'] = $this->names->of( $row['user_id'] );
		return $row;
	}
}
