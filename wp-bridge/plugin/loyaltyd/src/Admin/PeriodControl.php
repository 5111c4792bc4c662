<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Data\Periods;
use Loyaltyd\Data\Range;

defined( 'ABSPATH' ) || exit;

/**
 * The choice of days for the whole dashboard. It lives in the address, so that
 * a view can be bookmarked.
 */
final class PeriodControl {

	/** @var Periods */
	private $periods;

	/** @var Range */
	private $range;

	/**
	 * @param Periods $periods To choose from.
	 * @param Range   $range   Chosen.
	 */
	public function __construct( Periods $periods, Range $range ) {
		$this->periods = $periods;
		$this->range   = $range;
	}

	/**
	 * Returns the arguments by which an address keeps the choice.
	 *
	 * @return array<string,string>
	 */
	public function arguments(): array {
		if ( Periods::CUSTOM !== $this->range->name ) {
			return array( 'period' => $this->range->name );
		}
		return array_filter(
			array(
				'period' => Periods::CUSTOM,
				'from'   => (string) $this->range->from,
				'to'     => (string) $this->range->to,
			)
		);
	}

	/**
	 * Prints the form.
	 *
	 * @param array<string,string> $keep Arguments that the address has to keep.
	 */
	public function render( array $keep ) {
		echo '<form method="get" class="loyaltyd-period">';
		foreach ( $keep as $name => $value ) {
			printf( '<input type="hidden" name="%s" value="%s">', esc_attr( $name ), esc_attr( $value ) );
		}
		echo '<label for="loyaltyd-period">' . esc_html__( 'Period', 'loyaltyd' ) . '</label> <select id="loyaltyd-period" name="period">';
		foreach ( $this->periods->all() + array( Periods::CUSTOM => __( 'Custom range', 'loyaltyd' ) ) as $name => $label ) {
			printf( '<option value="%s"%s>%s</option>', esc_attr( $name ), selected( $name, $this->range->name, false ), esc_html( $label ) );
		}
		echo '</select> <span class="loyaltyd-range" data-custom>';
		foreach ( array(
			'from' => __( 'From', 'loyaltyd' ),
			'to'   => __( 'To', 'loyaltyd' ),
		) as $end => $label ) {
			printf(
				'<label for="loyaltyd-%1$s">%2$s</label> <input type="date" id="loyaltyd-%1$s" name="%1$s" value="%3$s"> ',
				esc_attr( $end ),
				esc_html( $label ),
				esc_attr( Periods::CUSTOM === $this->range->name ? (string) $this->range->$end : '' )
			);
		}
		echo '</span> <button class="button">' . esc_html__( 'Show', 'loyaltyd' ) . '</button> ';
		printf( '<span class="loyaltyd-days">%s</span>', esc_html( $this->days() ) );
		echo '</form>';
	}

	/**
	 * Returns the days of the period in words.
	 */
	private function days(): string {
		if ( null === $this->range->from || null === $this->range->to ) {
			return $this->range->label;
		}
		/* translators: 1: first day, 2: last day. */
		return sprintf( __( '%1$s to %2$s', 'loyaltyd' ), Figures::day( $this->range->from ), Figures::day( $this->range->to ) );
	}
}
