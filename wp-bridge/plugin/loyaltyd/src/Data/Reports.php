<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * The figures of the dashboard. Those of a named period stand ready in tables.
 * Those of a custom range, or of a period for which the tables are of another
 * day, are added up from the daily sums, which is quick; its customers have to
 * be counted in its entries, which takes the longer the more there are, and so
 * is done only when asked for: see customers().
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

	/** @var string Changes when the reports do. */
	private $stamp = '';

	/** @var array<string,array> Sources that stand ready, by period. */
	private $sources = array();

	/** @var array<string,array> Daily sums by kind and source, by range. */
	private $sums = array();

	/** @var array<string,array> Days of the range, by range. */
	private $days = array();

	/** @var array<string,array> Customers that were counted, by range. */
	private $counted = array();

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
	 * @return array{period:string,from_day:?string,to_day:?string,opening:int,issued:int,redeemed:int,expired:int,revoked:int,adjusted:int,balance:int,pending:int,participants:?int,value:string,currency:string,refreshed_at:?string}
	 *               value is an exact decimal in currency, refreshed_at a UTC text; participants is null when the
	 *               customers have to be counted.
	 */
	public function status( Range $range ): array {
		return $this->is_stored( $range ) ? $this->stored()[ $range->name ] : $this->compute( $range );
	}

	/**
	 * Returns what points are worth by the rate of the reports.
	 *
	 * @param int $points Any number.
	 * @return string Exact decimal in the reports' currency.
	 */
	public function worth( int $points ): string {
		$this->stored();
		return Worth::of( $points, $this->points_per_unit, 8 );
	}

	/**
	 * Returns what customers earned for each kind of thing, less what was taken
	 * back of it, the most points first.
	 *
	 * @param Range $range Which days.
	 * @return array<int,array{source:string,label:string,points:int,entries:int,customers:?int}>
	 *               customers is null when they have to be counted.
	 */
	public function sources( Range $range ): array {
		if ( $this->is_stored( $range ) ) {
			$rows = $this->sources[ $range->name ] ?? $this->tables->rows(
				'SELECT source, points, entries, customers FROM {p}loyalty_points_sources WHERE period = %s ORDER BY points DESC, source',
				array( $range->name )
			);
			$this->sources[ $range->name ] = $rows;
		} else {
			$rows = $this->added_up_sources( $range );
		}
		foreach ( $rows as &$row ) {
			$row = array(
				'source'    => (string) $row['source'],
				'label'     => $this->labels->source( (string) $row['source'] ),
				'points'    => (int) $row['points'],
				'entries'   => (int) $row['entries'],
				'customers' => isset( $row['customers'] ) ? (int) $row['customers'] : null,
			);
		}
		return $rows;
	}

	/**
	 * Returns how many customers had entries in a range, and how many for each
	 * source; counted if they do not stand ready.
	 *
	 * @param Range $range Which days.
	 * @return array{participants:int,sources:array<string,int>} sources as in sources().
	 */
	public function customers( Range $range ): array {
		if ( ! $this->is_stored( $range ) ) {
			return $this->counted( $range );
		}
		return array(
			'participants' => (int) $this->status( $range )['participants'],
			'sources'      => array_column( $this->sources( $range ), 'customers', 'source' ),
		);
	}

	/**
	 * Returns the customers who earned most in a range; counted if they do not
	 * stand ready.
	 *
	 * @param Range $range Which days.
	 * @param int   $limit At most so many, up to 50.
	 * @return array<int,array{place:int,user_id:int,name:string,earned:int,balance:int,entries:int,url:string}>
	 *               balance is that of now, url the customer's page for admins.
	 */
	public function earners( Range $range, int $limit = 10 ): array {
		$limit = max( 1, min( RangeCustomers::EARNERS, $limit ) );
		$rows  = $this->is_stored( $range ) ? $this->tables->rows(
			'SELECT e.user_id, e.earned, e.balance, e.entries, u.ID AS exists_id, u.display_name
			FROM {p}loyalty_top_earners e LEFT JOIN {users} u ON u.ID = e.user_id WHERE e.period = %s ORDER BY e.place LIMIT %d',
			array( $range->name, $limit )
		) : array_slice( $this->counted( $range )['earners'], 0, $limit );
		foreach ( $rows as $row ) {
			if ( array_key_exists( 'exists_id', $row ) ) {
				$this->names->note( (int) $row['user_id'], isset( $row['exists_id'] ) ? (string) $row['display_name'] : null );
			}
		}
		$this->names->load( array_map( 'intval', array_column( $rows, 'user_id' ) ) );
		$earners = array();
		foreach ( $rows as $i => $row ) {
			$user      = (int) $row['user_id'];
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
	 * Returns what was issued and redeemed on each day of a range, by day; days
	 * without such entries are left out.
	 *
	 * @param Range $range Which days.
	 * @return array<int,array{day:string,issued:int,redeemed:int}>
	 */
	public function daily( Range $range ): array {
		$days = array();
		foreach ( $this->days( $range ) as $row ) {
			if ( (int) $row['shown'] > 0 ) {
				$days[] = array(
					'day'      => (string) $row['day'],
					'issued'   => (int) $row['issued'],
					'redeemed' => (int) $row['redeemed'],
				);
			}
		}
		return $days;
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
	 * Says whether the range's figures, those of its customers too, stand ready
	 * in the tables.
	 *
	 * @param Range $range Which days.
	 */
	public function is_stored( Range $range ): bool {
		$row = $this->stored()[ $range->name ] ?? null;
		return null !== $row && $row['from_day'] === $range->from && $row['to_day'] === $range->to;
	}

	/**
	 * @return array<string,array>
	 */
	private function stored(): array {
		if ( null === $this->stored ) {
			$this->stored = array();
			$rows = $this->tables->rows( 'SELECT s.*, r.points_per_unit, r.through_entry, r.generation FROM {p}loyalty_report_state r LEFT JOIN {p}loyalty_points_status s ON s.period <> \'\' WHERE r.id = 1' );
			foreach ( $rows as $row ) {
				$this->points_per_unit = (string) $row['points_per_unit'];
				$this->stamp           = $row['generation'] . '/' . $row['through_entry'];
				unset( $row['points_per_unit'], $row['through_entry'], $row['generation'] );
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
		$of      = array_fill_keys( self::FIGURES, 0 );
		$balance = 0;
		$pending = 0;
		foreach ( $this->sums( $range ) as $row ) {
			list( $figure, $sign ) = '' === $row['kind'] ? array( 'opening', 1 ) : EntryKinds::figure( $row['kind'] );
			if ( '' !== $figure ) {
				$of[ $figure ] += $sign * (int) $row['points'];
			}
			$balance += (int) $row['points'];
			$pending += (int) $row['pending'];
		}
		$total = $this->stored()[ Periods::ALL_TIME ] ?? null;
		return array(
			'period'       => $range->name,
			'from_day'     => $range->from,
			'to_day'       => $range->to,
			'opening'      => $of['opening'],
			'issued'       => $of['issued'],
			'redeemed'     => $of['redeemed'],
			'expired'      => $of['expired'],
			'revoked'      => $of['revoked'],
			'adjusted'     => $of['adjusted'],
			'balance'      => $balance,
			'pending'      => $pending,
			'participants' => null,
			'value'        => $this->worth( $balance ),
			'currency'     => (string) ( $total['currency'] ?? '' ),
			'refreshed_at' => $total['refreshed_at'] ?? null,
		);
	}

	/**
	 * @param Range $range Which days.
	 * @return array<int,array<string,mixed>> source, points and entries, the most points first.
	 */
	private function added_up_sources( Range $range ): array {
		$sources = array();
		foreach ( $this->sums( $range ) as $row ) {
			if ( EntryKinds::is_earned( (string) $row['kind'] ) ) {
				$source = (string) $row['source'];
				$sources[ $source ]['source']  = $source;
				$sources[ $source ]['points']  = ( $sources[ $source ]['points'] ?? 0 ) + (int) $row['points'];
				$sources[ $source ]['entries'] = ( $sources[ $source ]['entries'] ?? 0 ) + (int) $row['entries'];
			}
		}
		usort(
			$sources,
			function ( $a, $b ) {
				return array( $b['points'], $a['source'] ) <=> array( $a['points'], $b['source'] );
			}
		);
		return $sources;
	}

	/**
	 * Returns the daily sums of a range by kind (the type of entry) and source;
	 * those of the days before it have an empty kind.
	 *
	 * @param Range $range Which days.
	 * @return array<int,array<string,string|null>>
	 */
	private function sums( Range $range ): array {
		$key = $range->from . '/' . $range->to;
		if ( ! isset( $this->sums[ $key ] ) ) {
			list( $before, $args ) = null === $range->from ? array( '1 = 0', array() ) : array( 'day < %s', array( $range->from ) );
			list( $until, $days )  = self::on( new Range( '', null, $range->to, '' ) );
			$this->sums[ $key ]    = $this->tables->rows(
				"SELECT CASE WHEN $before THEN '' ELSE type END AS kind, source, SUM(points) AS points, SUM(pending) AS pending, SUM(entries) AS entries
				FROM {p}loyalty_points_daily WHERE $until GROUP BY 1, 2",
				array_merge( $args, $days )
			);
		}
		return $this->sums[ $key ];
	}

	/**
	 * Returns what happened on each day of a range that has any entry.
	 *
	 * @param Range|null $range Which days; null: all.
	 * @return array<int,array<string,string|null>> day, entries, shown (those that issue or redeem), issued, redeemed.
	 */
	private function days( ?Range $range ): array {
		$range = $range ?? new Range( '', null, null, '' );
		$key   = $range->from . '/' . $range->to;
		if ( ! isset( $this->days[ $key ] ) ) {
			list( $on, $args )  = self::on( $range );
			$shown              = EntryKinds::in( 'issued', 'redeemed' );
			$issued             = EntryKinds::sum( 'issued' );
			$redeemed           = EntryKinds::sum( 'redeemed' );
			$this->days[ $key ] = $this->tables->rows(
				"SELECT day, SUM(entries) AS entries, SUM(CASE WHEN $shown THEN entries ELSE 0 END) AS shown, $issued AS issued, $redeemed AS redeemed
				FROM {p}loyalty_points_daily WHERE $on GROUP BY day ORDER BY day",
				$args
			);
		}
		return $this->days[ $key ];
	}

	/**
	 * @param Range $range Which days.
	 * @return array{participants:int,sources:array<string,int>,earners:array}
	 */
	private function counted( Range $range ): array {
		$this->stored();
		$key = $range->from . '/' . $range->to;
		if ( ! isset( $this->counted[ $key ] ) ) {
			$this->counted[ $key ] = ( new RangeCustomers( $this->tables ) )->count( $range, $this->stamp );
		}
		return $this->counted[ $key ];
	}

	/** Reads pages of the history. */
	private function pages(): History {
		return new History(
			$this->tables,
			new Entries( $this->tables, $this->names ),
			function ( ?Range $range ) {
				return array_map( 'intval', array_column( $this->days( $range ), 'entries', 'day' ) );
			}
		);
	}

	/**
	 * @param Range $range Which days.
	 * @return array{0:string,1:array} A condition on day and its values.
	 */
	private static function on( Range $range ): array {
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
