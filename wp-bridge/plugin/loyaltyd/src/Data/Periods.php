<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * The periods that people choose from.
 */
final class Periods {

	const CUSTOM      = 'custom';
	const USUAL       = 'month_to_date';
	const ALL_TIME    = 'all_time';

	/**
	 * Returns the name and label of each period that reports are kept for.
	 *
	 * @return array<string,string>
	 */
	public function all(): array {
		return array(
			'week_to_date'    => __( 'Week to date', 'loyaltyd' ),
			'month_to_date'   => __( 'Month to date', 'loyaltyd' ),
			'quarter_to_date' => __( 'Quarter to date', 'loyaltyd' ),
			'year_to_date'    => __( 'Year to date', 'loyaltyd' ),
			'last_week'       => __( 'Last week', 'loyaltyd' ),
			'last_month'      => __( 'Last month', 'loyaltyd' ),
			'last_quarter'    => __( 'Last quarter', 'loyaltyd' ),
			'last_year'       => __( 'Last year', 'loyaltyd' ),
			'last_30_days'    => __( 'Last 30 days', 'loyaltyd' ),
			'all_time'        => __( 'All time', 'loyaltyd' ),
		);
	}

	/**
	 * Says whether reports are kept for a period of this name.
	 *
	 * @param string $name Any text.
	 */
	public function is( string $name ): bool {
		return array_key_exists( $name, $this->all() );
	}

	/**
	 * Returns what a request asks for in its keys period, from and to: a period
	 * by name, or custom with one or two days; the usual one when it asks for
	 * nothing that exists. Ends given the wrong way round are swapped.
	 *
	 * @param array<string,mixed> $request Unslashed, such as wp_unslash( $_GET ).
	 */
	public function parse( array $request ): Range {
		$name = self::text( $request, 'period' );
		$from = self::day( self::text( $request, 'from' ) );
		$to   = self::day( self::text( $request, 'to' ) );
		if ( ( '' === $name || self::CUSTOM === $name ) && ( null !== $from || null !== $to ) ) {
			if ( null !== $from && null !== $to && $from > $to ) {
				list( $from, $to ) = array( $to, $from );
			}
			return new Range( self::CUSTOM, $from, $to, self::custom_label( $from, $to ) );
		}
		return $this->named( $this->is( $name ) ? $name : self::USUAL );
	}

	/**
	 * Returns a period as it stands on a day.
	 *
	 * @param string      $name  One of all().
	 * @param string|null $today Y-m-d; null: today in the site's time zone.
	 */
	public function named( string $name, ?string $today = null ): Range {
		$label = $this->all()[ $name ];
		if ( self::ALL_TIME === $name ) {
			return new Range( $name, null, null, $label );
		}
		$today   = $today ?? wp_date( 'Y-m-d' );
		$day     = new \DateTimeImmutable( $today, new \DateTimeZone( 'UTC' ) );
		$since   = ( (int) $day->format( 'w' ) - (int) get_option( 'start_of_week', 0 ) + 7 ) % 7;
		$week    = $day->modify( "-$since days" );
		$month   = $day->modify( 'first day of this month' );
		$back    = ( (int) $day->format( 'n' ) - 1 ) % 3;
		$quarter = $month->modify( "-$back months" );
		$year    = $day->setDate( (int) $day->format( 'Y' ), 1, 1 );
		$ends    = array(
			'week_to_date'    => array( $week, $day ),
			'month_to_date'   => array( $month, $day ),
			'quarter_to_date' => array( $quarter, $day ),
			'year_to_date'    => array( $year, $day ),
			'last_week'       => array( $week->modify( '-7 days' ), $week->modify( '-1 day' ) ),
			'last_month'      => array( $month->modify( '-1 month' ), $month->modify( '-1 day' ) ),
			'last_quarter'    => array( $quarter->modify( '-3 months' ), $quarter->modify( '-1 day' ) ),
			'last_year'       => array( $year->modify( '-1 year' ), $year->modify( '-1 day' ) ),
			'last_30_days'    => array( $day->modify( '-29 days' ), $day ),
		);
		return new Range( $name, $ends[ $name ][0]->format( 'Y-m-d' ), $ends[ $name ][1]->format( 'Y-m-d' ), $label );
	}

	/**
	 * Returns a day that the calendar has, or null.
	 *
	 * @param string $text Any text.
	 */
	public static function day( string $text ): ?string {
		if ( ! preg_match( '/^([1-9]\d{3})-(\d{2})-(\d{2})$/D', $text, $part ) ) {
			return null;
		}
		return checkdate( (int) $part[2], (int) $part[3], (int) $part[1] ) ? $text : null;
	}

	/**
	 * @param array<string,mixed> $request Of it.
	 * @param string              $key     Which value.
	 */
	private static function text( array $request, string $key ): string {
		return isset( $request[ $key ] ) && is_scalar( $request[ $key ] ) ? trim( (string) $request[ $key ] ) : '';
	}

	/**
	 * @param string|null $from First day.
	 * @param string|null $to   Last day.
	 */
	private static function custom_label( ?string $from, ?string $to ): string {
		$format = get_option( 'date_format' );
		$shown  = function ( string $day ) use ( $format ) {
			return wp_date( $format, strtotime( $day . ' 00:00:00 UTC' ), new \DateTimeZone( 'UTC' ) );
		};
		if ( null === $from ) {
			/* translators: %s: a date. */
			return sprintf( __( 'Until %s', 'loyaltyd' ), $shown( $to ) );
		}
		if ( null === $to ) {
			/* translators: %s: a date. */
			return sprintf( __( 'Since %s', 'loyaltyd' ), $shown( $from ) );
		}
		/* translators: 1: first day, 2: last day. */
		return sprintf( __( '%1$s to %2$s', 'loyaltyd' ), $shown( $from ), $shown( $to ) );
	}
}
