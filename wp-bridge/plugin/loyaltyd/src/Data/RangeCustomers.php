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
		$counted = $this->sources( $range ) + array( 'earners' => $this->earners( $range ) );
		set_transient( $name, array( 'stamp' => $stamp, 'counted' => $counted ), HOUR_IN_SECONDS );
		return $counted;
	}

	/**
	 * @param Range $range Which days.
	 * @return array{participants:int,sources:array<string,int>}
	 */
	private function sources( Range $range ): array {
		list( $during, $args ) = self::during( $range );
		$counted = array( 'participants' => 0, 'sources' => array() );
		$rows    = $this->tables->rows(
			"SELECT NULL AS source, COUNT(DISTINCT user_id) AS customers FROM {p}loyalty_points_history WHERE $during
			UNION ALL SELECT source, COUNT(DISTINCT user_id) FROM {p}loyalty_points_history
			WHERE $during AND type IN ('earn', 'revoke') GROUP BY source",
			array_merge( $args, $args )
		);
		foreach ( $rows as $row ) {
			if ( null === $row['source'] ) {
				$counted['participants'] = (int) $row['customers'];
				continue;
			}
			$counted['sources'][ $row['source'] ] = (int) $row['customers'];
		}
		return $counted;
	}

	/**
	 * @param Range $range Which days.
	 * @return array<int,array<string,int>>
	 */
	private function earners( Range $range ): array {
		list( $during, $args ) = self::during( $range );
		$rows = $this->tables->rows(
			"SELECT e.user_id, e.earned, e.entries, COALESCE(a.balance, 0) AS balance FROM (
				SELECT user_id, SUM(points) AS earned, COUNT(*) AS entries FROM {p}loyalty_points_history
				WHERE $during AND type IN ('earn', 'revoke')
				GROUP BY user_id HAVING SUM(points) > 0 ORDER BY earned DESC, user_id LIMIT %d
			) e LEFT JOIN {p}loyalty_accounts a ON a.user_id = e.user_id ORDER BY e.earned DESC, e.user_id",
			array_merge( $args, array( self::EARNERS ) )
		);
		return array_map(
			function ( $row ) {
				return array_map( 'intval', $row );
			},
			$rows
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
