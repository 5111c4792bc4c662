<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Data\Range;

defined( 'ABSPATH' ) || exit;

/**
 * Points issued against points redeemed over time: a drawing for those who
 * see it, and the same as a table for everybody. Long ranges are shown by week
 * or by month, so that bars stay wide enough to read.
 */
final class DailyChart {

	const MOST_DAYS  = 62;
	const MOST_WEEKS = 62;

	/** @var array<string,array{issued:int,redeemed:int}> By first day of each bar. */
	private $bars = array();

	/** @var string day, week or month. */
	private $unit = 'day';

	/**
	 * @param array<int,array{day:string,issued:int,redeemed:int}> $days  Of the reports, in order.
	 * @param Range                                                $range They are of.
	 */
	public function __construct( array $days, Range $range ) {
		if ( ! $days ) {
			return;
		}
		$first      = $range->from ?? $days[0]['day'];
		$last       = $range->to ?? end( $days )['day'];
		$count      = ( self::at( $last ) - self::at( $first ) ) / DAY_IN_SECONDS + 1;
		$this->unit = $count <= self::MOST_DAYS ? 'day' : ( $count <= 7 * self::MOST_WEEKS ? 'week' : 'month' );
		for ( $bar = $this->bar_of( $first ); $bar <= $last; $bar = $this->after( $bar ) ) {
			$this->bars[ $bar ] = array( 'issued' => 0, 'redeemed' => 0 );
		}
		foreach ( $days as $day ) {
			$bar = $this->bar_of( $day['day'] );
			if ( isset( $this->bars[ $bar ] ) ) {
				$this->bars[ $bar ]['issued']   += $day['issued'];
				$this->bars[ $bar ]['redeemed'] += $day['redeemed'];
			}
		}
	}

	/**
	 * Prints drawing and table.
	 */
	public function render() {
		$titles = array(
			'day'   => __( 'Issued and redeemed by day', 'loyaltyd' ),
			'week'  => __( 'Issued and redeemed by week', 'loyaltyd' ),
			'month' => __( 'Issued and redeemed by month', 'loyaltyd' ),
		);
		printf( '<section class="loyaltyd-card loyaltyd-chart" aria-labelledby="loyaltyd-chart-title"><header><h2 id="loyaltyd-chart-title">%s</h2></header>', esc_html( $titles[ $this->unit ] ) );
		if ( ! $this->bars ) {
			printf( '<p class="loyaltyd-empty">%s</p></section>', esc_html__( 'No points were issued or redeemed in this period.', 'loyaltyd' ) );
			return;
		}
		printf( '<div class="loyaltyd-plot" aria-hidden="true" data-plot="%s"></div>', esc_attr( (string) wp_json_encode( $this->data() ) ) );
		echo '<details><summary>' . esc_html__( 'The same as a table', 'loyaltyd' ) . '</summary><table class="loyaltyd-table"><thead><tr>';
		printf(
			'<th scope="col">%s</th><th scope="col" class="num">%s</th><th scope="col" class="num">%s</th></tr></thead><tbody>',
			esc_html__( 'Date', 'loyaltyd' ),
			esc_html__( 'Issued', 'loyaltyd' ),
			esc_html__( 'Redeemed', 'loyaltyd' )
		);
		foreach ( $this->bars as $bar => $sums ) {
			printf( '<tr><th scope="row">%s</th><td class="num">%s</td><td class="num">%s</td></tr>', esc_html( $this->label( $bar ) ), esc_html( Figures::points( $sums['issued'] ) ), esc_html( Figures::points( $sums['redeemed'] ) ) );
		}
		echo '</tbody></table></details></section>';
	}

	/**
	 * Returns what the script draws.
	 *
	 * @return array<string,mixed>
	 */
	private function data(): array {
		$labels = array();
		foreach ( array_keys( $this->bars ) as $bar ) {
			$labels[] = $this->label( $bar );
		}
		return array(
			'labels'   => $labels,
			'short'    => array_map( array( $this, 'short_label' ), array_keys( $this->bars ) ),
			'issued'   => array_column( $this->bars, 'issued' ),
			'redeemed' => array_column( $this->bars, 'redeemed' ),
			'names'    => array( __( 'Issued', 'loyaltyd' ), __( 'Redeemed', 'loyaltyd' ) ),
			'locale'   => str_replace( '_', '-', determine_locale() ),
		);
	}

	/**
	 * @param string $bar First day.
	 */
	private function label( string $bar ): string {
		if ( 'month' === $this->unit ) {
			return Figures::day( $bar, 'F Y' );
		}
		/* translators: %s: first day of a week. */
		return 'week' === $this->unit ? sprintf( __( 'Week of %s', 'loyaltyd' ), Figures::day( $bar ) ) : Figures::day( $bar );
	}

	/**
	 * @param string $bar First day.
	 */
	private function short_label( string $bar ): string {
		/* translators: a day without its year on the axis of a chart, in the format of PHP's date(). */
		return Figures::day( $bar, 'month' === $this->unit ? 'M Y' : _x( 'j M', 'day on a chart', 'loyaltyd' ) );
	}

	/**
	 * Returns the first day of the bar that a day is in.
	 *
	 * @param string $day Y-m-d.
	 */
	private function bar_of( string $day ): string {
		if ( 'month' === $this->unit ) {
			return substr( $day, 0, 8 ) . '01';
		}
		if ( 'week' === $this->unit ) {
			$since = ( (int) gmdate( 'w', self::at( $day ) ) - (int) get_option( 'start_of_week', 0 ) + 7 ) % 7;
			return gmdate( 'Y-m-d', self::at( $day ) - $since * DAY_IN_SECONDS );
		}
		return $day;
	}

	/**
	 * Returns the first day of the next bar.
	 *
	 * @param string $bar First day of one.
	 */
	private function after( string $bar ): string {
		if ( 'month' === $this->unit ) {
			return gmdate( 'Y-m-01', self::at( $bar ) + 31 * DAY_IN_SECONDS );
		}
		return gmdate( 'Y-m-d', self::at( $bar ) + ( 'week' === $this->unit ? WEEK_IN_SECONDS : DAY_IN_SECONDS ) );
	}

	/**
	 * Returns a day as seconds, all days being equally long.
	 *
	 * @param string $day Y-m-d.
	 */
	private static function at( string $day ): int {
		return (int) strtotime( $day . ' 00:00:00 UTC' );
	}
}
