<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * Times as the tables hold them: text in UTC.
 */
final class Time {

	/**
	 * Returns the Unix time of a UTC text such as 2026-03-01 12:00:00.123456;
	 * null for none and for a zero date.
	 *
	 * @param string|null $text Of a table.
	 */
	public static function unix( ?string $text ): ?int {
		if ( null === $text || '' === $text || 0 === strpos( $text, '0000-' ) ) {
			return null;
		}
		$unix = strtotime( substr( $text, 0, 19 ) . ' UTC' );
		return false === $unix ? null : $unix;
	}

	/**
	 * Returns a UTC text as a date of the site, in the site's own format.
	 *
	 * @param string|null $text      Of a table.
	 * @param bool        $with_time Whether to show the time of day.
	 */
	public static function shown( ?string $text, bool $with_time = false ): string {
		$unix = self::unix( $text );
		if ( null === $unix ) {
			return '';
		}
		$format = get_option( 'date_format' ) . ( $with_time ? ' ' . get_option( 'time_format' ) : '' );
		return (string) wp_date( $format, $unix );
	}
}
