<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * Numbers, money and times as people of this site read them; plain text to be
 * escaped where it is shown, but for price().
 */
final class Figures {

	/**
	 * Returns points with the site's separators.
	 *
	 * @param int|string $points Whole.
	 */
	public static function points( $points ): string {
		return number_format_i18n( (int) $points );
	}

	/**
	 * Returns points with their sign.
	 *
	 * @param int|string $points Whole.
	 */
	public static function signed( $points ): string {
		return ( (int) $points > 0 ? '+' : '' ) . self::points( $points );
	}

	/**
	 * Returns an amount as safe markup in the shop's way.
	 *
	 * @param string $amount   Decimal.
	 * @param string $currency Such as EUR; empty: the shop's.
	 */
	public static function price( string $amount, string $currency = '' ): string {
		if ( function_exists( 'wc_price' ) ) {
			return wp_kses_post( wc_price( $amount, '' === $currency ? array() : array( 'currency' => $currency ) ) );
		}
		return esc_html( number_format_i18n( (float) $amount, 2 ) . ( '' === $currency ? '' : ' ' . $currency ) );
	}

	/**
	 * Returns a day in the site's format.
	 *
	 * @param string $day    Y-m-d.
	 * @param string $format Of wp_date; empty: the site's.
	 */
	public static function day( string $day, string $format = '' ): string {
		$at = strtotime( $day . ' 00:00:00 UTC' );
		return false === $at ? $day : (string) wp_date( '' === $format ? get_option( 'date_format' ) : $format, $at, new \DateTimeZone( 'UTC' ) );
	}

	/**
	 * Returns an instant in the site's format and zone.
	 *
	 * @param int|null $unix Seconds; null: none.
	 */
	public static function moment( ?int $unix ): string {
		return null === $unix ? '' : (string) wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $unix );
	}

	/**
	 * Returns how long ago something was, in words.
	 *
	 * @param int $seconds Since then.
	 */
	public static function ago( int $seconds ): string {
		if ( $seconds < 5 ) {
			return __( 'just now', 'loyaltyd' );
		}
		/* translators: %s: a length of time, such as 5 minutes. */
		return sprintf( __( '%s ago', 'loyaltyd' ), human_time_diff( 0, $seconds ) );
	}
}
