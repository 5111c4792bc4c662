<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Data\Labels;
use Loyaltyd\Data\Time;

defined( 'ABSPATH' ) || exit;

/**
 * What a table shows of an entry, the same on the dashboard and on a
 * customer's page.
 */
final class EntryCells {

	/**
	 * Returns a cell as safe markup.
	 *
	 * @param array<string,mixed> $row    An entry.
	 * @param string              $column Name.
	 * @param Labels              $labels Words.
	 */
	public static function of( array $row, string $column, Labels $labels ): string {
		switch ( $column ) {
			case 'date':
				return sprintf( '<time datetime="%s">%s</time>', esc_attr( str_replace( ' ', 'T', substr( $row['occurred_at'], 0, 19 ) ) . 'Z' ), esc_html( Time::shown( $row['occurred_at'], true ) ) );
			case 'customer':
				return sprintf( '<a href="%s"><bdi>%s</bdi></a>', esc_url( Customers::url( (int) $row['user_id'] ) ), esc_html( $row['name'] ) );
			case 'activity':
				return esc_html( $labels->activity( $row ) ) . ( '' === (string) $row['note'] ? '' : '<span class="loyaltyd-note"><bdi>' . esc_html( $row['note'] ) . '</bdi></span>' );
			case 'points':
				return self::points( $row );
			case 'balance':
				return '<span class="loyaltyd-number">' . esc_html( Figures::points( $row['balance'] ) ) . '</span>';
			case 'related':
				$related = $labels->related( $row );
				return '' === $related['url'] ? esc_html( $related['text'] ) : sprintf( '<a href="%s">%s</a>', esc_url( $related['url'] ), esc_html( $related['text'] ) );
		}
		return '';
	}

	/**
	 * @param array<string,mixed> $row An entry.
	 */
	private static function points( array $row ): string {
		$points = (int) $row['points'];
		if ( 0 === $points && 0 !== (int) $row['pending'] ) {
			/* translators: %s: number of points that are held back. */
			return '<span class="loyaltyd-number is-pending">' . esc_html( sprintf( __( '%s pending', 'loyaltyd' ), Figures::signed( $row['pending'] ) ) ) . '</span>';
		}
		return sprintf( '<span class="loyaltyd-number%s">%s</span>', $points < 0 ? ' is-negative' : ( $points > 0 ? ' is-positive' : '' ), esc_html( Figures::signed( $points ) ) );
	}
}
