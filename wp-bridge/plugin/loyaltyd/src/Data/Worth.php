<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * What points are worth, in exact decimals: points divided by points per unit.
 */
final class Worth {

	/**
	 * Returns points divided by a rate, rounded toward zero, as a decimal text;
	 * "0" with so many decimals when the rate is 0 or not a number.
	 *
	 * @param int    $points          Any number.
	 * @param string $points_per_unit Decimal text.
	 * @param int    $decimals        Digits after the point, 0 to 8.
	 */
	public static function of( int $points, string $points_per_unit, int $decimals ): string {
		$zero = $decimals > 0 ? '0.' . str_repeat( '0', $decimals ) : '0';
		if ( ! preg_match( '/^(\d+)(?:\.(\d*))?$/D', $points_per_unit, $part ) ) {
			return $zero;
		}
		$fraction = rtrim( $part[2] ?? '', '0' );
		$divisor  = ltrim( $part[1] . $fraction, '0' );
		// The long division below needs ten divisors to fit an integer.
		if ( '' === $divisor || strlen( $divisor ) > 17 ) {
			return $zero;
		}
		$digits = ltrim( (string) $points, '-' ) . str_repeat( '0', strlen( $fraction ) + $decimals );
		$result = self::divided( $digits, (int) $divisor );
		$result = str_pad( $result, $decimals + 1, '0', STR_PAD_LEFT );
		$whole  = substr( $result, 0, strlen( $result ) - $decimals );
		$shown  = $decimals > 0 ? $whole . '.' . substr( $result, -$decimals ) : $whole;
		return $points < 0 && $shown !== $zero ? '-' . $shown : $shown;
	}

	/**
	 * @param string $digits  Of a whole number of any length.
	 * @param int    $divisor Above 0.
	 */
	private static function divided( string $digits, int $divisor ): string {
		$result = '';
		$rest   = 0;
		foreach ( str_split( $digits ) as $digit ) {
			$rest    = $rest * 10 + (int) $digit;
			$result .= (string) intdiv( $rest, $divisor );
			$rest   %= $divisor;
		}
		$result = ltrim( $result, '0' );
		return '' === $result ? '0' : $result;
	}
}
