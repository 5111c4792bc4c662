<?php
/**
 * What points are worth.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Data\Worth as Exact;

defined( 'ABSPATH' ) || exit;

/**
 * The exchange of points for money, both ways and without fractions of binary
 * numbers, so that what a page says is what the coupon will be.
 */
final class Worth {

	/** @var string */
	private $points_per_unit;

	/** @var int Points for 10^$scale units of currency. */
	private $rate = 0;

	/** @var int */
	private $scale = 0;

	/** @var int Decimals of the store's prices. */
	private $decimals;

	/**
	 * @param string $points_per_unit Decimal text, points for one unit of currency.
	 * @param int    $decimals        Decimals of the store's prices.
	 */
	public function __construct( string $points_per_unit, int $decimals ) {
		$this->points_per_unit = $points_per_unit;
		$this->decimals        = max( 0, min( 8, $decimals ) );
		if ( preg_match( '/^0*(\d{1,9})(?:\.(\d{1,9}?)0*)?$/D', $points_per_unit, $part ) ) {
			$fraction    = $part[2] ?? '';
			$this->scale = strlen( $fraction );
			$this->rate  = (int) ( $part[1] . $fraction );
		}
	}

	/**
	 * The worth of points, rounded down to the store's decimals: "5.00".
	 * Empty when it is nothing.
	 *
	 * @param int $points Points.
	 */
	public function of( int $points ): string {
		$amount = $points > 0 ? Exact::of( $points, $this->points_per_unit, $this->decimals ) : '';
		return '' === trim( $amount, '0.' ) ? '' : $amount;
	}

	/**
	 * The fewest points whose worth is at least an amount; 0 when that cannot
	 * be told.
	 *
	 * @param string $amount Decimal text, cut to the store's decimals.
	 */
	public function points_for( string $amount ): int {
		if ( $this->rate <= 0 || ! preg_match( '/^(\d{1,12})(?:\.(\d*))?$/D', $amount, $part ) ) {
			return 0;
		}
		$minor  = (int) ( $part[1] . substr( str_pad( $part[2] ?? '', $this->decimals, '0' ), 0, $this->decimals ) );
		$scaled = $minor * $this->rate;
		$unit   = 10 ** ( $this->scale + $this->decimals );
		return is_int( $scaled ) && is_int( $unit ) ? intdiv( $scaled + $unit - 1, $unit ) : 0;
	}
}
