<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * The customers of days for which nothing stands ready: counted entry by entry,
 * and remembered until the reports change.
 */
final class RangeCustomers {

	/** So many of those who earned most. */
	const EARNERS = 50;

	/** @var Tables */
	private $tables;

	/**
	 * @param Tables $tables Where to read.
	 */
	public function __construct( Tables $tables ) {
		$this->tables = $tables;
	}

	/**
	 * Returns how many customers had entries, how many earned points or lost
	 * them by source, and those who earned most.
	 *
	 * @param Range  $range Which days.
	 * @param string $stamp Of the reports: what was counted at another is counted anew.
	 * @return array{participants:int,sources:array<string,int>,earners:array<int,array{user_id:int,earned:int,entries:int,balance:int}>}
	 */
	public function count( Range $range, string $stamp ): array {
		$name = 'loyaltyd_customers_' . substr( hash( 'sha256', $range->starts_at() . '/' . $range->ends_before() ), 0, 32 );
		$kept = get_transient( $name );
		if ( is_array( $kept ) && isset( $kept['stamp'], $kept['counted'] ) && $stamp === $kept['stamp'] ) {
			return $kept['counted'];
		}
		$counted = array( 'sources' => $this->sources( $range ) ) + $this->earners( $range );
		set_transient( $name, array( 'stamp' => $stamp, 'counted' => $counted ), HOUR_IN_SECONDS );
		return $counted;
	}

	/**
	 * The server is told to sort the entries (SQL_BIG_RESULT), here and below: a
	 * temporary table with a row for each of many customers outgrows its memory.
	 *
	 * @param Range $range Which days.
	 * @return array<string,int> Customers by source.
	 */
	private function sources( Range $range ): array {
		list( $during, $args ) = self::during( $range );
		$earned = EntryKinds::earned();
		$rows   = $this->tables->rows(
			"SELECT source, COUNT(*) AS customers FROM (
				SELECT SQL_BIG_RESULT user_id, source FROM {p}loyalty_points_history
				WHERE $during AND $earned GROUP BY user_id, source
			) e GROUP BY source",
			$args
		);
		return array_map( 'intval', array_column( $rows, 'customers', 'source' ) );
	}

	/**
	 * @param Range $range Which days.
	 * @return array{participants:int,earners:array<int,array<string,int>>}
	 */
	private function earners( Range $range ): array {
		list( $during, $args ) = self::during( $range );
		$earned = EntryKinds::earned();
		$rows   = $this->tables->rows(
			"SELECT e.user_id, e.earned, e.entries, COALESCE(a.balance, 0) AS balance, e.participants FROM (
				SELECT user_id, earned, entries, COUNT(*) OVER () AS participants FROM (
					SELECT SQL_BIG_RESULT user_id, SUM(CASE WHEN $earned THEN points ELSE 0 END) AS earned,
						SUM(CASE WHEN $earned THEN 1 ELSE 0 END) AS entries
					FROM {p}loyalty_points_history WHERE $during GROUP BY user_id
				) s ORDER BY earned DESC, user_id LIMIT %d
			) e LEFT JOIN {p}loyalty_accounts a ON a.user_id = e.user_id ORDER BY e.earned DESC, e.user_id",
			array_merge( $args, array( self::EARNERS ) )
		);
		$earners = array();
		foreach ( $rows as $row ) {
			if ( (int) $row['earned'] > 0 ) {
				unset( $row['participants'] );
				$earners[] = array_map( 'intval', $row );
			}
		}
		return array(
			'participants' => (int) ( $rows[0]['participants'] ?? 0 ),
			'earners'      => $earners,
		);
	}

	/**
	 * @param Range $range Which days.
	 * @return array{0:string,1:array} A condition on occurred_at and its values.
	 */
	private static function during( Range $range ): array {
		$where = '1 = 1';
		$args  = array();
		if ( null !== $range->from ) {
			$where .= ' AND occurred_at >= %s';
			$args[] = $range->starts_at();
		}
		if ( null !== $range->to ) {
			$where .= ' AND occurred_at < %s';
			$args[] = $range->ends_before();
		}
		return array( $where, $args );
	}
}
