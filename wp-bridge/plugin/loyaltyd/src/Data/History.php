<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * Pages of the points history. The daily sums say how many entries there are
 * on which day, so that any page of a long history is found at once, and no
 * entry is counted one by one.
 */
final class History {

	/** More entries than this are sorted by date only. */
	const MOST_SORTED = 20000;

	/** More customers than this are not searched for. */
	const MOST_FOUND = 500;

	/** @var Tables */
	private $tables;

	/** @var Entries */
	private $entries;

	/** @var callable */
	private $per_day;

	/** @var array<string,string> Sources of the entries that were counted by day. */
	private $sources = array();

	/**
	 * @param Tables   $tables  Where to read.
	 * @param Entries  $entries Reads lines.
	 * @param callable $per_day Returns the number of entries on each day of a Range (null: of all days), by day.
	 */
	public function __construct( Tables $tables, Entries $entries, callable $per_day ) {
		$this->tables  = $tables;
		$this->entries = $entries;
		$this->per_day = $per_day;
	}

	/**
	 * Returns one page.
	 *
	 * @param array  $filter Of these, each optional: range (Range), user (id), type, source, search (part of a
	 *                       customer's name or e-mail, or an id).
	 * @param string $sort   date, points or balance; date where too many entries would have to be sorted.
	 * @param string $order  desc or asc.
	 * @param int    $page   From 1.
	 * @param int    $per    Entries of a page, 1 to 1000.
	 * @return array{rows:array,total:int,sort:string,order:string} sort and order as they were done.
	 */
	public function page( array $filter, string $sort, string $order, int $page, int $per ): array {
		$order = 'asc' === strtolower( $order ) ? 'asc' : 'desc';
		$page  = max( 1, $page );
		$per   = max( 1, min( 1000, $per ) );
		$users = $this->users( $filter );
		if ( array() === $users ) {
			return array( 'rows' => array(), 'total' => 0, 'sort' => 'date', 'order' => $order );
		}
		$days  = null === $users ? $this->days( $filter ) : null;
		$total = null === $users ? array_sum( $days ) : $this->count( $filter, $users );
		$sort  = $total <= self::MOST_SORTED && in_array( $sort, array( 'points', 'balance' ), true ) ? $sort : 'date';
		$skip  = ( $page - 1 ) * $per;
		if ( $skip >= $total ) {
			$rows = array();
		} elseif ( null !== $days && 'date' === $sort ) {
			$rows = $this->by_day( $filter, $days, $order, $skip, $per );
		} else {
			$rows = $this->by_condition( $filter, $users, $sort, $order, $skip, $per );
		}
		return array( 'rows' => $rows, 'total' => $total, 'sort' => $sort, 'order' => $order );
	}

	/**
	 * Returns all entries that a filter chooses, in pieces, the newest first;
	 * for files.
	 *
	 * @param array $filter As in page().
	 * @param int   $most   No more than so many.
	 * @return \Generator<int,array> Lists of entries.
	 */
	public function all( array $filter, int $most = PHP_INT_MAX ): \Generator {
		$users = $this->users( $filter );
		if ( array() === $users ) {
			return;
		}
		list( $where, $args ) = $this->condition( $filter, $users );
		$after = '';
		$last  = array();
		while ( $most > 0 ) {
			$rows = $this->entries->where(
				$where . $after . ' ORDER BY occurred_at DESC, entry_id DESC LIMIT %d',
				array_merge( $args, $last, array( min( 1000, $most ) ) )
			);
			if ( ! $rows ) {
				return;
			}
			yield $rows;
			$most -= count( $rows );
			$end   = end( $rows );
			// The first condition lets the index be used, which a comparison of
			// rows would not.
			$after = ' AND occurred_at <= %s AND (occurred_at < %s OR entry_id < %d)';
			$last  = array( $end['occurred_at'], $end['occurred_at'], $end['entry_id'] );
		}
	}

	/**
	 * Returns the customers that a filter is about, null for all.
	 *
	 * @param array $filter As in page().
	 * @return array<int,int>|null
	 */
	private function users( array $filter ): ?array {
		if ( ! empty( $filter['user'] ) ) {
			return array( (int) $filter['user'] );
		}
		$search = trim( (string) ( $filter['search'] ?? '' ) );
		if ( '' === $search ) {
			return null;
		}
		list( $where, $args ) = Search::users( $this->tables, $search );
		if ( 1 === count( $args ) ) {
			// A customer's number: the search was the answer.
			return array_map( 'intval', $args );
		}
		$rows = $this->tables->rows( "SELECT user_id FROM ($where) f ORDER BY user_id LIMIT %d", array_merge( $args, array( self::MOST_FOUND ) ) );
		return array_map( 'intval', array_column( $rows, 'user_id' ) );
	}

	/**
	 * Returns how many entries there are on each day of the site, by day.
	 *
	 * @param array $filter Without customers.
	 * @return array<string,int>
	 */
	private function days( array $filter ): array {
		$this->sources = array();
		list( $where, $args ) = $this->facets( $filter );
		$range = $filter['range'] ?? null;
		if ( ! $args ) {
			return ( $this->per_day )( $range );
		}
		if ( $range instanceof Range && null !== $range->from ) {
			$where .= ' AND day >= %s';
			$args[] = $range->from;
		}
		if ( $range instanceof Range && null !== $range->to ) {
			$where .= ' AND day <= %s';
			$args[] = $range->to;
		}
		$days = array();
		foreach ( $this->tables->rows( "SELECT day, source, entries FROM {p}loyalty_points_daily WHERE $where ORDER BY day", $args ) as $row ) {
			$days[ $row['day'] ] = ( $days[ $row['day'] ] ?? 0 ) + (int) $row['entries'];

			$this->sources[ $row['source'] ] = (string) $row['source'];
		}
		return $days;
	}

	/**
	 * Reads a page whose place is known by the days before it. No index has the
	 * type: an entry of a rare one is looked for on its day only, and among the
	 * entries of the sources that the type has.
	 *
	 * @param array             $filter As in page().
	 * @param array<string,int> $days   Entries by day.
	 * @param string            $order  desc or asc.
	 * @param int               $skip   Entries before the page.
	 * @param int               $per    Entries of the page.
	 */
	private function by_day( array $filter, array $days, string $order, int $skip, int $per ): array {
		if ( 'desc' === $order ) {
			$days = array_reverse( $days, true );
		}
		$on   = array();
		$left = $per;
		foreach ( $days as $day => $entries ) {
			if ( ! $on && $skip >= $entries ) {
				$skip -= $entries;
				continue;
			}
			$left -= $entries - ( $on ? 0 : $skip );
			$on[]  = (string) $day;
			if ( $left <= 0 ) {
				break;
			}
		}
		sort( $on );
		if ( ! empty( $filter['type'] ) && count( $on ) > 1 ) {
			$filter['days']    = $on;
			$filter['sources'] = array_values( $this->sources );
		}
		$filter['range'] = new Range( '', $on[0], end( $on ), '' );
		return $this->by_condition( $filter, null, 'date', $order, $skip, $per );
	}

	/**
	 * @param array               $filter As in page().
	 * @param array<int,int>|null $users  Of these customers; null: of all.
	 * @param string              $sort   date, points or balance.
	 * @param string              $order  desc or asc.
	 * @param int                 $skip   Entries before the page.
	 * @param int                 $per    Entries of the page.
	 */
	private function by_condition( array $filter, ?array $users, string $sort, string $order, int $skip, int $per ): array {
		list( $where, $args ) = $this->condition( $filter, $users );
		$by = array( 'date' => 'occurred_at', 'points' => 'points', 'balance' => 'balance' )[ $sort ];
		return $this->entries->where( "$where ORDER BY $by $order, entry_id $order LIMIT %d, %d", array_merge( $args, array( $skip, $per ) ) );
	}

	/**
	 * @param array          $filter As in page().
	 * @param array<int,int> $users  Of these customers.
	 */
	private function count( array $filter, array $users ): int {
		list( $where, $args ) = $this->condition( $filter, $users );
		return $this->tables->number( "SELECT COUNT(*) FROM {p}loyalty_points_history WHERE $where", $args );
	}

	/**
	 * @param array               $filter As in page(); also days and sources, of one of which an entry has to be.
	 * @param array<int,int>|null $users  Of these customers; null: of all.
	 * @return array{0:string,1:array} A condition and its values.
	 */
	private function condition( array $filter, ?array $users ): array {
		list( $where, $args ) = $this->facets( $filter );
		if ( null !== $users ) {
			$where .= ' AND user_id IN (' . Tables::placeholders( $users ) . ')';
			$args   = array_merge( $args, $users );
		}
		$range = $filter['range'] ?? null;
		if ( $range instanceof Range && null !== $range->from ) {
			$where .= ' AND occurred_at >= %s';
			$args[] = $range->starts_at();
		}
		if ( $range instanceof Range && null !== $range->to ) {
			$where .= ' AND occurred_at < %s';
			$args[] = $range->ends_before();
		}
		if ( isset( $filter['days'], $filter['sources'] ) ) {
			$where .= ' AND source IN (' . implode( ', ', array_fill( 0, count( $filter['sources'] ), '%s' ) ) . ')';
			$where .= ' AND (' . implode( ' OR ', array_fill( 0, count( $filter['days'] ), 'occurred_at >= %s AND occurred_at < %s' ) ) . ')';
			$args   = array_merge( $args, $filter['sources'] );
			foreach ( $filter['days'] as $day ) {
				$args[] = Range::instant( $day );
				$args[] = Range::instant( Range::next( $day ) );
			}
		}
		return array( $where, $args );
	}

	/**
	 * @param array $filter As in page().
	 * @return array{0:string,1:array} The condition on type and source.
	 */
	private function facets( array $filter ): array {
		$where = '1 = 1';
		$args  = array();
		foreach ( array( 'type', 'source' ) as $column ) {
			if ( isset( $filter[ $column ] ) && '' !== (string) $filter[ $column ] ) {
				$where .= " AND $column = %s";
				$args[] = (string) $filter[ $column ];
			}
		}
		return array( $where, $args );
	}
}
