<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

use Loyaltyd\Programme\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * What entries count in, by their type, and what they are about, by their
 * source, as queries and sums want it.
 */
final class EntryKinds {

	/**
	 * Returns the figure that entries of a type count in and the sign with which
	 * their points do; the figure is empty when they count in none.
	 *
	 * @param string $type Such as redeem.
	 * @return array{0:string,1:int}
	 */
	public static function figure( string $type ): array {
		$about = Schema::types()[ $type ] ?? array();
		return array( $about['figure'] ?? '', empty( $about['negative'] ) ? 1 : -1 );
	}

	/**
	 * Says whether entries of a type count in what customers earned.
	 *
	 * @param string $type Such as revoke.
	 */
	public static function is_earned( string $type ): bool {
		return ! empty( Schema::types()[ $type ]['earned'] );
	}

	/**
	 * Returns the condition that an entry counts in what customers earned, in SQL.
	 */
	public static function earned(): string {
		return self::is_one_of( 'type', array_filter( array_keys( Schema::types() ), array( self::class, 'is_earned' ) ) );
	}

	/**
	 * Returns the condition that an entry counts in one of some figures, in SQL.
	 *
	 * @param string ...$figures Such as issued.
	 */
	public static function in( string ...$figures ): string {
		return self::is_one_of( 'type', array_keys( array_intersect( array_column( Schema::types(), 'figure', 'type' ), $figures ) ) );
	}

	/**
	 * Returns the sum of a figure, in SQL.
	 *
	 * @param string $figure Such as redeemed.
	 */
	public static function sum( string $figure ): string {
		$cases = '';
		foreach ( array_keys( Schema::types() ) as $type ) {
			list( $in, $sign ) = self::figure( $type );
			$cases .= $in === $figure ? " WHEN '" . esc_sql( $type ) . "' THEN " . ( $sign < 0 ? '-points' : 'points' ) : '';
		}
		return "SUM(CASE type$cases ELSE 0 END)";
	}

	/**
	 * Returns the condition that an entry is about a kind of thing, in SQL.
	 *
	 * @param string $object Such as order.
	 */
	public static function about( string $object ): string {
		return self::is_one_of( 'source', array_keys( array_column( Schema::sources(), 'object', 'source' ), $object, true ) );
	}

	/**
	 * @param string            $column Of the tables.
	 * @param array<int,string> $names  At least one.
	 */
	private static function is_one_of( string $column, array $names ): string {
		return $column . " IN ('" . implode( "', '", array_map( 'esc_sql', $names ) ) . "')";
	}
}
