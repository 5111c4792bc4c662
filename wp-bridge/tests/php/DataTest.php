<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/Books.php';

use Loyaltyd\Data\Periods;
use Loyaltyd\Data\Range;
use Loyaltyd\Data\Worth;
use Loyaltyd\Services;
use PHPUnit\Framework\TestCase;

/**
 * What is read of the daemon's tables.
 */
final class DataTest extends TestCase {

	protected function setUp(): void {
		update_option( 'timezone_string', 'Europe/Berlin' );
		update_option( 'start_of_week', 1 );
		Books::open();
	}

	public function test_before_the_daemon_ran_every_read_gives_nothing() {
		Books::close();
		$services = new Services();
		$range    = $services->periods()->parse( array() );
		$custom   = $services->periods()->parse( array( 'from' => '2026-01-01' ) );
		$this->assertFalse( $services->daemon()->present() );
		$this->assertTrue( $services->daemon()->state()['silent'] );
		$this->assertNull( $services->daemon()->get( 'program' ) );
		foreach ( array( $range, $custom ) as $days ) {
			$this->assertSame( 0, $services->reports()->status( $days )['balance'] );
			$this->assertSame( array(), $services->reports()->sources( $days ) );
			$this->assertSame( array(), $services->reports()->earners( $days ) );
			$this->assertSame( array(), $services->reports()->daily( $days ) );
		}
		$this->assertNull( $services->reports()->refreshed_at() );
		$this->assertSame( 0, $services->reports()->history( array( 'search' => 'a' ) )['total'] );
		$this->assertSame( array( 'rows' => array(), 'total' => 0 ), $services->accounts()->find( '' ) );
		$this->assertSame( 0, $services->accounts()->one( 1 )['balance'] );
		$this->assertTrue( $services->accounts()->one( 1 )['exists'] );
		$this->assertSame( 0, $services->accounts()->history( 1 )['total'] );
		$this->assertSame( array(), $services->redemptions()->of( 1 ) );
		$this->assertSame( array(), iterator_to_array( $services->reports()->export( array() ) ) );
		$this->assertSame( 'defaults', $services->programme()->origin() );
	}

	/**
	 * @dataProvider days
	 */
	public function test_a_day_begins_when_the_sites_clocks_first_show_it( string $zone, string $day, string $instant ) {
		update_option( 'timezone_string', $zone );
		$this->assertSame( $instant, Range::instant( $day ) );
	}

	public function days(): array {
		return array(
			'winter'                 => array( 'Europe/Berlin', '2026-01-15', '2026-01-14 23:00:00' ),
			'summer'                 => array( 'Europe/Berlin', '2026-07-15', '2026-07-14 22:00:00' ),
			'day of the jump'        => array( 'Europe/Berlin', '2026-03-29', '2026-03-28 23:00:00' ),
			'day after the jump'     => array( 'Europe/Berlin', '2026-03-30', '2026-03-29 22:00:00' ),
			'midnight is skipped'    => array( 'America/Sao_Paulo', '2018-11-04', '2018-11-04 03:00:00' ),
			'midnight is there twice' => array( 'America/Havana', '2018-11-04', '2018-11-04 04:00:00' ),
			'far east'               => array( 'Pacific/Kiritimati', '2026-01-01', '2025-12-31 10:00:00' ),
			'utc'                    => array( 'UTC', '2026-02-28', '2026-02-28 00:00:00' ),
		);
	}

	public function test_a_site_without_a_named_zone_has_days_too() {
		update_option( 'timezone_string', '' );
		update_option( 'gmt_offset', 5.5 );
		$this->assertSame( '2026-01-14 18:30:00', Range::instant( '2026-01-15' ) );
	}

	/**
	 * @dataProvider periods
	 */
	public function test_a_period_as_it_stands_on_a_day( string $name, string $today, int $week_start, ?string $from, ?string $to ) {
		update_option( 'start_of_week', $week_start );
		$range = ( new Periods() )->named( $name, $today );
		$this->assertSame( array( $from, $to ), array( $range->from, $range->to ) );
	}

	public function periods(): array {
		return array(
			array( 'week_to_date', '2026-03-01', 1, '2026-02-23', '2026-03-01' ),
			array( 'week_to_date', '2026-03-01', 0, '2026-03-01', '2026-03-01' ),
			array( 'week_to_date', '2026-03-01', 6, '2026-02-28', '2026-03-01' ),
			array( 'last_week', '2026-03-02', 1, '2026-02-23', '2026-03-01' ),
			array( 'month_to_date', '2026-03-31', 1, '2026-03-01', '2026-03-31' ),
			array( 'last_month', '2026-03-31', 1, '2026-02-01', '2026-02-28' ),
			array( 'last_month', '2024-03-31', 1, '2024-02-01', '2024-02-29' ),
			array( 'last_month', '2026-01-15', 1, '2025-12-01', '2025-12-31' ),
			array( 'quarter_to_date', '2026-05-31', 1, '2026-04-01', '2026-05-31' ),
			array( 'last_quarter', '2026-05-31', 1, '2026-01-01', '2026-03-31' ),
			array( 'last_quarter', '2026-02-28', 1, '2025-10-01', '2025-12-31' ),
			array( 'year_to_date', '2024-12-31', 1, '2024-01-01', '2024-12-31' ),
			array( 'last_year', '2024-02-29', 1, '2023-01-01', '2023-12-31' ),
			array( 'last_30_days', '2026-03-01', 1, '2026-01-31', '2026-03-01' ),
			array( 'all_time', '2026-03-01', 1, null, null ),
		);
	}

	/**
	 * @dataProvider requests
	 */
	public function test_what_a_request_asks_for( array $request, string $name, ?string $from, ?string $to ) {
		$range = ( new Periods() )->parse( $request );
		$this->assertSame( $name, $range->name );
		if ( 'custom' === $name ) {
			$this->assertSame( array( $from, $to ), array( $range->from, $range->to ) );
		}
	}

	public function requests(): array {
		return array(
			'nothing'        => array( array(), 'month_to_date', null, null ),
			'a name'         => array( array( 'period' => 'last_year' ), 'last_year', null, null ),
			'no such name'   => array( array( 'period' => '<script>' ), 'month_to_date', null, null ),
			'a list'         => array( array( 'period' => array( 'x' ), 'from' => array() ), 'month_to_date', null, null ),
			'two days'       => array( array( 'period' => 'custom', 'from' => '2026-01-02', 'to' => '2026-01-31' ), 'custom', '2026-01-02', '2026-01-31' ),
			'wrong way'      => array( array( 'from' => '2026-02-01', 'to' => '2026-01-31' ), 'custom', '2026-01-31', '2026-02-01' ),
			'one day'        => array( array( 'to' => '2026-01-31' ), 'custom', null, '2026-01-31' ),
			'no such day'    => array( array( 'from' => '2026-02-30' ), 'month_to_date', null, null ),
			'year zero'      => array( array( 'from' => '0000-00-00' ), 'month_to_date', null, null ),
			'a name wins'    => array( array( 'period' => 'last_week', 'from' => '2026-01-01' ), 'last_week', null, null ),
		);
	}

	/**
	 * @dataProvider worths
	 */
	public function test_worth_is_exact( int $points, string $rate, int $decimals, string $worth ) {
		$this->assertSame( $worth, Worth::of( $points, $rate, $decimals ) );
	}

	public function worths(): array {
		return array(
			array( 500, '100', 2, '5.00' ),
			array( 999, '100', 2, '9.99' ),
			array( 1, '3', 8, '0.33333333' ),
			array( 199, '100', 0, '1' ),
			array( 1, '100', 0, '0' ),
			array( 1, '0.5', 2, '2.00' ),
			array( 7, '0.001', 2, '7000.00' ),
			array( -150, '100', 2, '-1.50' ),
			array( PHP_INT_MAX, '1', 2, '9223372036854775807.00' ),
			array( 5, '0', 2, '0.00' ),
			array( 5, '', 2, '0.00' ),
			array( 5, '1e3', 2, '0.00' ),
			array( 5, '1.50', 3, '3.333' ),
		);
	}

	/** Entries of some weeks around a change of the clocks. */
	private function some_weeks(): array {
		mt_srand( 7 );
		$users = array( Books::user( array( 'display_name' => 'Ann' ) ), Books::user(), 900001 );
		$types = array( array( 'earn', 'purchase' ), array( 'earn', 'signup' ), array( 'revoke', 'purchase' ), array( 'redeem', 'coupon' ), array( 'restore', 'coupon' ), array( 'adjust', 'admin' ), array( 'expire', 'expiry' ) );
		$all   = array();
		for ( $i = 0; $i < 230; $i++ ) {
			list( $type, $source ) = $types[ mt_rand( 0, 6 ) ];
			$minus  = in_array( $type, array( 'revoke', 'redeem', 'expire' ), true );
			$points = ( $minus ? -1 : 1 ) * mt_rand( 1, 90 );
			// Often at the very beginning or end of a day.
			$at = gmdate( 'Y-m-d H:i:s', strtotime( '2026-03-10 23:00:00 UTC' ) + mt_rand( 0, 35 ) * DAY_IN_SECONDS + ( mt_rand( 0, 1 ) ? 0 : mt_rand( 0, 86399 ) ) - mt_rand( 0, 1 ) );
			$user = $users[ mt_rand( 0, 2 ) ];
			Books::post( $user, $type, $source, $points, $at );
			$all[] = array( 'entry_id' => $i + 1, 'user_id' => $user, 'type' => $type, 'source' => $source, 'points' => $points, 'occurred_at' => $at . '.000000' );
		}
		return $all;
	}

	public function test_pages_of_the_history_put_together_are_the_history() {
		$all     = $this->some_weeks();
		$filters = array(
			array(),
			array( 'type' => 'earn' ),
			array( 'source' => 'coupon' ),
			array( 'type' => 'adjust', 'source' => 'admin' ),
			array( 'range' => ( new Periods() )->parse( array( 'from' => '2026-03-20', 'to' => '2026-04-02' ) ) ),
			array( 'range' => ( new Periods() )->parse( array( 'from' => '2026-03-29', 'to' => '2026-03-29' ) ), 'type' => 'earn' ),
			array( 'range' => ( new Periods() )->parse( array( 'to' => '2026-03-25' ) ) ),
			array( 'user' => 900001 ),
			array( 'user' => 900001, 'type' => 'earn', 'range' => ( new Periods() )->parse( array( 'from' => '2026-03-20' ) ) ),
			array( 'search' => '900001' ),
			array( 'type' => 'none' ),
		);
		foreach ( $filters as $filter ) {
			foreach ( array( 'date', 'points' ) as $sort ) {
				foreach ( array( 'desc', 'asc' ) as $order ) {
					$this->compare_pages( $all, $filter, $sort, $order );
				}
			}
		}
	}

	private function compare_pages( array $all, array $filter, string $sort, string $order ) {
		$range = $filter['range'] ?? null;
		$want  = array_filter(
			$all,
			function ( $row ) use ( $filter, $range ) {
				return ( ! isset( $filter['type'] ) || $row['type'] === $filter['type'] )
					&& ( ! isset( $filter['source'] ) || $row['source'] === $filter['source'] )
					&& ( ! isset( $filter['user'] ) || $row['user_id'] === $filter['user'] )
					&& ( ! isset( $filter['search'] ) || $row['user_id'] === (int) $filter['search'] )
					&& ( ! $range || null === $range->from || $row['occurred_at'] >= $range->starts_at() )
					&& ( ! $range || null === $range->to || $row['occurred_at'] < $range->ends_before() );
			}
		);
		usort(
			$want,
			function ( $a, $b ) use ( $sort, $order ) {
				$by    = 'points' === $sort ? 'points' : 'occurred_at';
				$first = $a[ $by ] <=> $b[ $by ];
				$first = 0 === $first ? $a['entry_id'] <=> $b['entry_id'] : $first;
				return 'desc' === $order ? -$first : $first;
			}
		);
		$got     = array();
		$reports = ( new Services() )->reports();
		for ( $page = 1; ; $page++ ) {
			$answer = $reports->history( $filter, $sort, $order, $page, 17 );
			$this->assertSame( count( $want ), $answer['total'] );
			$this->assertSame( count( $want ) > 0 ? $sort : 'date', count( $want ) > 0 ? $answer['sort'] : 'date' );
			if ( ! $answer['rows'] ) {
				break;
			}
			$got = array_merge( $got, array_column( $answer['rows'], 'entry_id' ) );
		}
		$this->assertSame( array_column( $want, 'entry_id' ), $got, wp_json_encode( array( $filter, $sort, $order ) ) );
	}

	public function test_the_export_is_the_whole_history() {
		$all  = $this->some_weeks();
		$rows = array_merge( ...iterator_to_array( ( new Services() )->reports()->export( array() ), false ) );
		$this->assertCount( count( $all ), $rows );
		$this->assertSame( count( $all ), count( array_unique( array_column( $rows, 'entry_id' ) ) ) );
		$this->assertSame( array_sum( array_column( $all, 'points' ) ), array_sum( array_column( $rows, 'points' ) ) );
	}

	public function test_a_custom_range_adds_up_and_equals_its_entries() {
		$all      = $this->some_weeks();
		$services = new Services();
		foreach ( array( array( '2026-03-20', '2026-04-02' ), array( '2026-03-29', '2026-03-29' ), array( '2020-01-01', '2020-02-01' ), array( '2026-03-11', '2027-01-01' ) ) as $days ) {
			$range  = $services->periods()->parse( array( 'from' => $days[0], 'to' => $days[1] ) );
			$status = $services->reports()->status( $range );
			$this->assertSame( $status['balance'], $status['opening'] + $status['issued'] - $status['redeemed'] - $status['expired'] - $status['revoked'] + $status['adjusted'] );
			$inside = array_filter(
				$all,
				function ( $row ) use ( $range ) {
					return $row['occurred_at'] >= $range->starts_at() && $row['occurred_at'] < $range->ends_before();
				}
			);
			$sum    = function ( array $types ) use ( $inside ) {
				$points = 0;
				foreach ( $inside as $row ) {
					$points += in_array( $row['type'], $types, true ) ? $row['points'] : 0;
				}
				return $points;
			};
			$this->assertSame( $sum( array( 'earn' ) ), $status['issued'] );
			$this->assertSame( -$sum( array( 'redeem', 'restore' ) ), $status['redeemed'] );
			$this->assertNull( $status['participants'] );
			$counted = $services->reports()->customers( $range );
			$this->assertSame( count( array_unique( array_column( $inside, 'user_id' ) ) ), $counted['participants'] );
			foreach ( $services->reports()->sources( $range ) as $source ) {
				$this->assertNull( $source['customers'] );
				$of = array_filter(
					$inside,
					function ( $row ) use ( $source ) {
						return $row['source'] === $source['source'] && in_array( $row['type'], array( 'earn', 'revoke' ), true );
					}
				);
				$this->assertSame( count( array_unique( array_column( $of, 'user_id' ) ) ), $counted['sources'][ $source['source'] ] );
			}
			$this->assertSame( Worth::of( $status['balance'], '100', 8 ), $status['value'] );
			$this->assertSame( $sum( array( 'earn', 'revoke' ) ), array_sum( array_column( $services->reports()->sources( $range ), 'points' ) ) );
			foreach ( $services->reports()->earners( $range, 50 ) as $earner ) {
				$mine = array_filter(
					$inside,
					function ( $row ) use ( $earner ) {
						return $row['user_id'] === $earner['user_id'] && in_array( $row['type'], array( 'earn', 'revoke' ), true );
					}
				);
				$this->assertSame( array_sum( array_column( $mine, 'points' ) ), $earner['earned'] );
			}
			$this->assertSame( $status['issued'], array_sum( array_column( $services->reports()->daily( $range ), 'issued' ) ) );
		}
	}

	public function test_customers_of_a_range_are_counted_once_until_the_reports_change() {
		global $wpdb;
		$count = function () {
			$services = new Services();
			$range    = $services->periods()->parse( array( 'from' => '2019-02-01', 'to' => '2019-02-28' ) );
			return array( $services->reports()->customers( $range )['participants'], count( $services->reports()->earners( $range ) ) );
		};
		$wpdb->query( "UPDATE {$wpdb->prefix}loyalty_report_state SET through_entry = 1" );
		Books::post( 5, 'earn', 'purchase', 1, '2019-02-02 12:00:00' );
		$this->assertSame( array( 1, 1 ), $count() );
		Books::post( 6, 'earn', 'purchase', 2, '2019-02-03 12:00:00' );
		$this->assertSame( array( 1, 1 ), $count() );
		$wpdb->query( "UPDATE {$wpdb->prefix}loyalty_report_state SET through_entry = 2" );
		$this->assertSame( array( 2, 2 ), $count() );
		$wpdb->query( "UPDATE {$wpdb->prefix}loyalty_report_state SET generation = generation + 1" );
		Books::post( 7, 'earn', 'purchase', 3, '2019-02-03 12:00:00' );
		$this->assertSame( array( 3, 3 ), $count() );
	}

	public function test_a_coupon_that_points_became_is_named_and_linked() {
		global $wpdb;
		foreach ( array( -1, -2, -3 ) as $points ) {
			Books::post( 5, 'redeem', 'coupon', $points, '2019-02-03 12:00:00' );
		}
		$redemptions = array_column( ( new Services() )->accounts()->history( 5 )['rows'], 'object_id' );
		foreach ( array( 77, null ) as $i => $coupon ) {
			$wpdb->insert( $wpdb->prefix . 'loyalty_redemptions', array( 'id' => $redemptions[ $i ], 'user_id' => 5, 'points' => 1, 'amount' => '1', 'currency' => 'EUR', 'code' => "points-$i", 'coupon_id' => $coupon, 'state' => 'confirmed', 'reserved_at' => '2019-02-03 12:00:00', 'changed_at' => '2019-02-03 12:00:00' ) );
		}
		$services = new Services();
		$related  = array_map( array( $services->labels(), 'related' ), $services->accounts()->history( 5 )['rows'] );
		$this->assertSame(
			array(
				array( 'text' => 'Coupon points-0', 'url' => admin_url( 'post.php?action=edit&post=77' ) ),
				array( 'text' => 'Coupon points-1', 'url' => '' ),
				array( 'text' => 'Redemption #' . $redemptions[2], 'url' => '' ),
			),
			$related
		);
	}

	public function test_stored_figures_are_shown_only_for_the_days_they_are_of() {
		global $wpdb;
		$services = new Services();
		$range    = $services->periods()->named( 'month_to_date' );
		$row      = array( 'period' => 'month_to_date', 'from_day' => $range->from, 'to_day' => $range->to, 'opening' => 0, 'issued' => 7, 'redeemed' => 0, 'expired' => 0, 'revoked' => 0, 'adjusted' => 0, 'balance' => 7, 'pending' => 0, 'value' => '0.07', 'currency' => 'EUR', 'participants' => 1, 'refreshed_at' => '2026-01-01 00:00:00' );
		$wpdb->insert( $wpdb->prefix . 'loyalty_points_status', $row );
		$this->assertSame( 7, $services->reports()->status( $range )['issued'] );
		$this->assertSame( strtotime( '2026-01-01 UTC' ), $services->reports()->refreshed_at() );
		$wpdb->update( $wpdb->prefix . 'loyalty_points_status', array( 'to_day' => '2020-01-01' ), array( 'period' => 'month_to_date' ) );
		$this->assertSame( 0, ( new Services() )->reports()->status( $range )['issued'] );
	}

	public function test_every_page_of_a_customer_is_exact_and_costs_the_same() {
		global $wpdb;
		for ( $i = 1; $i <= 45; $i++ ) {
			Books::post( 5, 'earn', 'purchase', $i, '2026-01-01 00:00:' . sprintf( '%02d', $i ) );
		}
		$services = new Services();
		$got      = array();
		foreach ( array( 1, 2, 3, 4, 5, 6 ) as $page ) {
			$before = $wpdb->num_queries;
			$answer = $services->accounts()->history( 5, $page, 10 );
			$this->assertLessThanOrEqual( 3, $wpdb->num_queries - $before );
			$this->assertSame( 45, $answer['total'] );
			$got = array_merge( $got, array_column( $answer['rows'], 'seq' ) );
		}
		$this->assertSame( range( 45, 1 ), $got );
	}

	public function test_names_are_text_and_the_deleted_have_numbers() {
		$id = Books::user( array( 'display_name' => 'A & B <script>alert(1)</script> 🎉 שלום' ) );
		Books::post( $id, 'earn', 'purchase', 5, '2026-01-01 00:00:00' );
		Books::post( 900002, 'earn', 'purchase', 9, '2026-01-01 00:00:00', '<img src=x onerror=alert(1)>' );
		$services = new Services();
		$rows     = $services->accounts()->find( '' )['rows'];
		$this->assertSame( 'Deleted customer #900002', $rows[0]['name'] );
		$this->assertFalse( $rows[0]['exists'] );
		$this->assertStringStartsWith( 'A & B', $rows[1]['name'] );
		$this->assertStringContainsString( '🎉 שלום', $rows[1]['name'] );
		$history = $services->reports()->history( array() )['rows'];
		$this->assertSame( '<img src=x onerror=alert(1)>', $history[0]['note'] );
	}

	public function test_customers_are_found_by_name_email_and_number() {
		$ann  = Books::user( array( 'display_name' => 'Ann 100% O\'Neil & Co', 'user_email' => 'ann_x@example.com' ) );
		$anna = Books::user( array( 'display_name' => 'Bob', 'user_email' => 'annax@example.com' ) );
		Books::post( $ann, 'earn', 'purchase', 5, '2026-01-01 00:00:00' );
		Books::post( 900003, 'earn', 'purchase', 5, '2026-01-01 00:00:00' );
		$accounts = ( new Services() )->accounts();
		$found    = function ( string $search ) use ( $accounts ) {
			$answer = $accounts->find( $search, 1, 50, 'user_id', 'asc' );
			$this->assertCount( $answer['total'], $answer['rows'] );
			return array_column( $answer['rows'], 'user_id' );
		};
		$this->assertSame( array( $ann ), $found( '100%' ) );
		$this->assertSame( array( $ann ), $found( "o'neil & co" ) );
		$this->assertSame( array( $ann ), $found( 'ann_x@' ) );
		$this->assertSame( array( $anna ), $found( 'annax@' ) );
		$this->assertSame( array( 900003 ), $found( '#900003' ) );
		$this->assertSame( array( $ann ), $found( (string) $ann ) );
		$phone = Books::user( array( 'user_login' => 'u13800138000' ) );
		$this->assertSame( array( $phone ), $found( '13800138000' ) );
		$this->assertSame( array(), $found( '" OR 1=1 --' ) );
		$this->assertSame( array(), $found( '99999999999999999999999' ) );
		$this->assertSame( array( 'rows' => array(), 'total' => 1 ), $accounts->find( 'annax@', 2, 20 ) );
		foreach ( array_keys( Loyaltyd\Data\Accounts::SORTS ) as $sort ) {
			$this->assertSame( 2, $accounts->find( '', 1, 20, $sort, 'asc' )['total'] );
			$this->assertCount( 2, $accounts->find( '', 1, 20, $sort, 'desc; DROP TABLE x' )['rows'] );
		}
	}

	public function test_accounts_of_a_ledger_elsewhere_are_read_too() {
		global $wpdb;
		Books::post( 5, 'earn', 'purchase', 7, '2026-01-01 00:00:00' );
		$found = array();
		foreach ( array( 'DROP COLUMN frozen, DROP KEY earned', 'ADD COLUMN frozen TINYINT NOT NULL DEFAULT 0, ADD KEY earned (earned, user_id)' ) as $change ) {
			$wpdb->query( "ALTER TABLE {$wpdb->prefix}loyalty_accounts $change" );
			$accounts = ( new Services() )->accounts();
			$found[]  = array( $accounts->find( '' ), $accounts->find( '#5' ), $accounts->one( 5 ) );
		}
		$this->assertSame( $found[1], $found[0] );
		$this->assertSame( array( 1, 7, 1, 5 ), array( $found[0][0]['total'], $found[0][1]['rows'][0]['balance'], $found[0][2]['entries'], $found[0][2]['user_id'] ) );
	}

	public function test_the_daemon_is_silent_after_a_minute() {
		Books::heartbeat( '127.0.0.1:1', 10 );
		$this->assertFalse( ( new Services() )->daemon()->state()['silent'] );
		Books::heartbeat( '127.0.0.1:1', 100 );
		$state = ( new Services() )->daemon()->state();
		$this->assertTrue( $state['silent'] );
		$this->assertEqualsWithDelta( 100, $state['age'], 5 );
		$this->assertEqualsWithDelta( time() - 100, $state['heartbeat'], 5 );
	}
}
