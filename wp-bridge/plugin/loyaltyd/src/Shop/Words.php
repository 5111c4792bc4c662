<?php
/**
 * Sentences that several pages of the shop share.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Plain texts for shoppers; every caller escapes them where it prints them.
 */
final class Words {

	/**
	 * A number of points, "1,200 points".
	 *
	 * @param int $points Points, also negative.
	 */
	public static function points( int $points ): string {
		return sprintf(
			/* translators: %s: number of points */
			_n( '%s point', '%s points', abs( $points ), 'loyaltyd' ),
			number_format_i18n( $points )
		);
	}

	/**
	 * An amount of money as the shop writes it, without HTML.
	 *
	 * @param string $amount   Decimal text.
	 * @param string $currency Code such as EUR; empty: the store's.
	 */
	public static function money( string $amount, string $currency = '' ): string {
		$arguments = '' === $currency ? array() : array( 'currency' => $currency );
		return trim( html_entity_decode( wp_strip_all_tags( wc_price( $amount, $arguments ) ), ENT_QUOTES, 'UTF-8' ) );
	}

	/**
	 * A day as the shop writes it.
	 *
	 * @param string $day Y-m-d in the site's time zone.
	 */
	public static function day( string $day ): string {
		$noon = date_create_immutable( $day . ' 12:00:00', wp_timezone() );
		return $noon ? (string) wp_date( (string) get_option( 'date_format' ), $noon->getTimestamp() ) : $day;
	}

	/**
	 * The day, in the site's time zone, of a time in UTC.
	 *
	 * @param string $utc Y-m-d H:i:s, fractions allowed.
	 */
	public static function day_of( string $utc ): string {
		$time = date_create_immutable( $utc, new \DateTimeZone( 'UTC' ) );
		return $time ? (string) wp_date( (string) get_option( 'date_format' ), $time->getTimestamp() ) : $utc;
	}
}
