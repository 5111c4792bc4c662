<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

use Loyaltyd\Programme\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * Reads lines of the points history with the names of their customers and the
 * coupons that points became.
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
	 *                                        (UTC texts), type, source, object_id, points, pending, balance, note; where
	 *                                        a coupon is known, coupon_code and coupon_id (may be null).
	 */
	public function where( string $where, array $args ): array {
		$rows = $this->tables->rows( 'SELECT ' . self::COLUMNS . ' FROM {p}loyalty_points_history WHERE ' . $where, $args );
		$this->names->load( array_map( 'intval', array_column( $rows, 'user_id' ) ) );
		return $this->with_coupons( array_map( array( $this, 'entry' ), $rows ) );
	}

	/**
	 * @param array<int,array<string,mixed>> $rows Lines.
	 * @return array<int,array<string,mixed>>
	 */
	private function with_coupons( array $rows ): array {
		$ids = array();
		foreach ( $rows as $row ) {
			if ( 'redemption' === Schema::object_of( $row['source'] ) ) {
				$ids[ $row['object_id'] ] = $row['object_id'];
			}
		}
		if ( ! $ids ) {
			return $rows;
		}
		$coupons = array();
		foreach ( $this->tables->rows( 'SELECT id, code, coupon_id FROM {p}loyalty_redemptions WHERE id IN (' . Tables::placeholders( $ids ) . ')', array_values( $ids ) ) as $coupon ) {
			$coupons[ (int) $coupon['id'] ] = array(
				'coupon_code' => (string) $coupon['code'],
				'coupon_id'   => isset( $coupon['coupon_id'] ) ? (int) $coupon['coupon_id'] : null,
			);
		}
		foreach ( $rows as $i => $row ) {
			if ( 'redemption' === Schema::object_of( $row['source'] ) ) {
				$rows[ $i ] += $coupons[ $row['object_id'] ] ?? array();
			}
		}
		return $rows;
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
