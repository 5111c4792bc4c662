<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * The figures of the dashboard. Those of a named period stand ready in tables;
 * a custom range, or a period for which the tables are of another day, is
 * added up from the daily sums and the range's entries.
 */
final class Reports {

	const FIGURES = array( 'opening', 'issued', 'redeemed', 'expired', 'revoked', 'adjusted', 'balance', 'pending', 'participants' );

	/** @var Tables */
	private $tables;

	/** @var Names */
	private $names;

	/** @var Labels */
	private $labels;

	/** @var array<string,array>|null Rows of points_status by period. */
	private $stored;

	/** @var string Of the stored reports. */
	private $points_per_unit = '0';

	/** @var array<string,array> Statuses that were added up, by range. */
	private $computed = array();

	/**
	 * @param Tables $tables Where to read.
	 * @param Names  $names  Names of customers.
	 * @param Labels $labels Words.
	 */
	public function __construct( Tables $tables, Names $names, Labels $labels ) {
		$this->tables = $tables;
		$this->names  = $names;
		$this->labels = $labels;
	}

	/**
	 * Returns what happened to points in a range and what was there at its end.
	 * opening + issued - redeemed - expired - revoked + adjusted = balance.
	 *
	 * @param Range $range Which days.
	 * @return array{period:string,from_day:?string,to_day:?string,opening:int,issued:int,redeemed:int,expired:int,revoked:int,adjusted:int,balance:int,pending:int,participants:int,value:string,currency:string,refreshed_at:?string}
	 *               value is an exact decimal in currency, refreshed_at a UTC text.
	 */
	public function status( Range $range ): array {
		if ( $this->is_stored( $range ) ) {
			return $this->stored()[ $range->name ];
		}
		$key = $range->from . '/' . $range->to;
		if ( ! isset( $this->computed[ $key ] ) ) {
			$this->computed[ $key ] = $this->compute( $range );
		}
		return $this->computed[ $key ];
	}

	/**
	 * Returns what customers earned for each kind of thing, less what was taken
	 * back of it, the most points first.
	 *
	 * @param Range $range Which days.
	 * @return array<int,array{source:string,label:string,points:int,entries:int,customers:int}>
	 */
	public function sources( Range $range ): array {
		if ( $this->is_stored( $range ) ) {
			$rows = $this->tables->rows(
				'SELECT source, points, entries, customers FROM {p}loyalty_points_sources WHERE period = %s ORDER BY points DESC, source',
				array( $range->name )
			);
		} else {
			list( $during, $args ) = self::instants( $range );
			list( $on, $days )     = self::days( $range );
			$rows = $this->tables->rows(
				"SELECT d.source, d.points, d.entries, COALESCE(c.customers, 0) AS customers FROM (
					SELECT source, SUM(points) AS points, SUM(entries) AS entries FROM {p}loyalty_points_daily
					WHERE $on AND type IN ('earn', 'revoke') GROUP BY source
				) d LEFT JOIN (
					SELECT source, COUNT(DISTINCT user_id) AS customers FROM {p}loyalty_points_history
					WHERE $during AND type IN ('earn', 'revoke') GROUP BY source
				) c ON c.source = d.source ORDER BY d.points DESC, d.source",
				array_merge( $days, $args )
			);
		}
		foreach ( $rows as &$row ) {
			$row = array(
				'source'    => (string) $row['source'],
				'label'     => $this->labels->source( (string) $row['source'] ),
				'points'    => (int) $row['points'],
				'entries'   => (int) $row['entries'],
				'customers' => (int) $row['customers'],
			);
		}
		return $rows;
	}

	/**
	 * Returns the customers who earned most in a range.
	 *
	 * @param Range $range Which days.
	 * @param int   $limit At most so many, up to 50.
	 * @return array<int,array{place:int,user_id:int,name:string,earned:int,balance:int,entries:int,url:string}>
	 *               balance is that of now, url the customer's page for admins.
	 */
	public function earners( Range $range, int $limit = 10 ): array {
		$limit = max( 1, min( 50, $limit ) );
		if ( $this->is_stored( $range ) ) {
			$rows = $this->tables->rows(
				'SELECT e.user_id, e.earned, e.balance, e.entries, u.ID AS exists_id, u.display_name
				FROM {p}loyalty_top_earners e LEFT JOIN {users} u ON u.ID = e.user_id WHERE e.period = %s ORDER BY e.place LIMIT %d',
				array( $range->name, $limit )
			);
		} else {
			list( $during, $args ) = self::instants( $range );
			$rows = $this->tables->rows(
				"SELECT e.user_id, e.earned, e.entries, COALESCE(a.balance, 0) AS balance, u.ID AS exists_id, u.display_name FROM (
					SELECT user_id, SUM(points) AS earned, COUNT(*) AS entries FROM {p}loyalty_points_history
					WHERE $during AND type IN ('earn', 'revoke')
					GROUP BY user_id HAVING SUM(points) > 0 ORDER BY earned DESC, user_id LIMIT %d
				) e LEFT JOIN {p}loyalty_accounts a ON a.user_id = e.user_id LEFT JOIN {users} u ON u.ID = e.user_id ORDER BY e.earned DESC, e.user_id",
				array_merge( $args, array( $limit ) )
			);
		}
		$earners = array();
		foreach ( $rows as $i => $row ) {
			$user = (int) $row['user_id'];
			$this->names->note( $user, isset( $row['exists_id'] ) ? (string) $row['display_name'] : null );
			$earners[] = array(
				'place'   => $i + 1,
				'user_id' => $user,
				'name'    => $this->names->of( $user ),
				'earned'  => (int) $row['earned'],
				'balance' => (int) $row['balance'],
				'entries' => (int) $row['entries'],
				'url'     => $this->labels->customer_url( $user ),
			);
		}
		return $earners;
	}

	/**
	 * Returns one page of the history; see History::page.
	 *
	 * @param array  $filter range, user, type, source, search: each optional.
	 * @param string $sort   date, points or balance.
	 * @param string $order  desc or asc.
	 * @param int    $page   From 1.
	 * @param int    $per    Entries of a page.
	 * @return array{rows:array,total:int,sort:string,order:string}
	 */
	public function history( array $filter, string $sort = 'date', string $order = 'desc', int $page = 1, int $per = 20 ): array {
		return $this->pages()->page( $filter, $sort, $order, $page, $per );
	}

	/**
	 * Returns all entries that a filter chooses, in pieces of at most 1000, the
	 * newest first; for files.
	 *
	 * @param array $filter range, user, type, source, search: each optional.
	 * @return \Generator<int,array>
	 */
	public function export( array $filter ): \Generator {
		return $this->pages()->all( $filter );
	}

	/**
	 * Returns what was issued and redeemed on each day of a range that has any
	 * entry, by day; days without are left out.
	 *
	 * @param Range $range Which days.
	 * @return array<int,array{day:string,issued:int,redeemed:int}>
	 */
	public function daily( Range $range ): array {
		list( $on, $args ) = self::days( $range );
		$rows = $this->tables->rows(
			"SELECT day, SUM(CASE WHEN type = 'earn' THEN points ELSE 0 END) AS issued,
				-SUM(CASE WHEN type IN ('redeem', 'restore') THEN points ELSE 0 END) AS redeemed
			FROM {p}loyalty_points_daily WHERE $on AND type IN ('earn', 'redeem', 'restore') GROUP BY day ORDER BY day",
			$args
		);
		foreach ( $rows as &$row ) {
			$row = array(
				'day'      => (string) $row['day'],
				'issued'   => (int) $row['issued'],
				'redeemed' => (int) $row['redeemed'],
			);
		}
		return $rows;
	}

	/**
	 * Returns when the reports were brought up to date, as a Unix time; null:
	 * never.
	 */
	public function refreshed_at(): ?int {
		$times = array_map( array( Time::class, 'unix' ), array_column( $this->stored(), 'refreshed_at' ) );
		return $times ? max( $times ) : null;
	}

	/**
	 * Says whether the range's figures stand ready in the tables.
	 *
	 * @param Range $range Which days.
	 */
	private function is_stored( Range $range ): bool {
		$row = $this->stored()[ $range->name ] ?? null;
		return null !== $row && $row['from_day'] === $range->from && $row['to_day'] === $range->to;
	}

	/**
	 * @return array<string,array>
	 */
	private function stored(): array {
		if ( null === $this->stored ) {
			$this->stored = array();
			$rows = $this->tables->rows( 'SELECT s.*, r.points_per_unit FROM {p}loyalty_report_state r LEFT JOIN {p}loyalty_points_status s ON s.period <> \'\' WHERE r.id = 1' );
			foreach ( $rows as $row ) {
				$this->points_per_unit = (string) $row['points_per_unit'];
				unset( $row['points_per_unit'] );
				if ( null === $row['period'] ) {
					continue;
				}
				foreach ( self::FIGURES as $figure ) {
					$row[ $figure ] = (int) $row[ $figure ];
				}
				$this->stored[ $row['period'] ] = $row;
			}
		}
		return $this->stored;
	}

	/**
	 * @param Range $range Which days.
	 * @return array<string,mixed>
	 */
	private function compute( Range $range ): array {
		$sums = array();
		list( $before, $args ) = null === $range->from ? array( '1 = 0', array() ) : array( 'day < %s', array( $range->from ) );
		$until = '1 = 1';
		if ( null !== $range->to ) {
			$until  = 'day <= %s';
			$args[] = $range->to;
		}
		list( $during, $instants ) = self::instants( $range );
		$rows = $this->tables->rows(
			"SELECT CASE WHEN $before THEN '' ELSE type END AS kind, SUM(points) AS points, SUM(pending) AS pending
			FROM {p}loyalty_points_daily WHERE $until GROUP BY 1
			UNION ALL SELECT 'participants', COUNT(DISTINCT user_id), 0 FROM {p}loyalty_points_history WHERE $during",
			array_merge( $args, $instants )
		);
		$pending      = 0;
		$participants = 0;
		foreach ( $rows as $row ) {
			if ( 'participants' === $row['kind'] ) {
				$participants = (int) $row['points'];
				continue;
			}
			$sums[ (string) $row['kind'] ] = (int) $row['points'];
			$pending                      += (int) $row['pending'];
		}
		$of = function ( string $type ) use ( $sums ) {
			return $sums[ $type ] ?? 0;
		};
		$total   = $this->stored()[ Periods::ALL_TIME ] ?? null;
		$balance = array_sum( $sums );
		return array(
			'period'       => $range->name,
			'from_day'     => $range->from,
			'to_day'       => $range->to,
			'opening'      => $of( '' ),
			'issued'       => $of( 'earn' ),
			'redeemed'     => -$of( 'redeem' ) - $of( 'restore' ),
			'expired'      => -$of( 'expire' ),
			'revoked'      => -$of( 'revoke' ),
			'adjusted'     => $of( 'adjust' ),
			'balance'      => $balance,
			'pending'      => $pending,
			'participants' => $participants,
			'value'        => Worth::of( $balance, $this->points_per_unit, 8 ),
			'currency'     => (string) ( $total['currency'] ?? '' ),
			'refreshed_at' => $total['refreshed_at'] ?? null,
		);
	}

	/** Reads pages of the history. */
	private function pages(): History {
		return new History( $this->tables, new Entries( $this->tables, $this->names ) );
	}

	/**
	 * @param Range $range Which days.
	 * @return array{0:string,1:array} A condition on occurred_at and its values.
	 */
	private static function instants( Range $range ): array {
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

	/**
	 * @param Range $range Which days.
	 * @return array{0:string,1:array} A condition on day and its values.
	 */
	private static function days( Range $range ): array {
		$where = '1 = 1';
		$args  = array();
		if ( null !== $range->from ) {
			$where .= ' AND day >= %s';
			$args[] = $range->from;
		}
		if ( null !== $range->to ) {
			$where .= ' AND day <= %s';
			$args[] = $range->to;
		}
		return array( $where, $args );
	}
}
