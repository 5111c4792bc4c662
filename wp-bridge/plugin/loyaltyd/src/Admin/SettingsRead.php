<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * Turns values of a programme into what its fields show, and back.
 */
final class SettingsRead {

	/**
	 * Returns by what a key is set: rows of a table, boxes to tick (checks), or
	 * what its kind has.
	 *
	 * @param array<string,mixed> $kind Of the schema.
	 */
	public static function control( array $kind ): string {
		if ( 'list' === $kind['kind'] && in_array( $kind['item']['kind'], array( 'choice', 'role', 'status', 'custom_status' ), true ) ) {
			return 'checks';
		}
		return in_array( $kind['kind'], array( 'list', 'map' ), true ) ? 'rows' : $kind['kind'];
	}

	/**
	 * Returns what a field shows.
	 *
	 * @param array<string,mixed> $kind  Of the schema.
	 * @param mixed               $value Of the programme.
	 * @return mixed
	 */
	public static function shown( array $kind, $value ) {
		switch ( self::control( $kind ) ) {
			case 'bool':
			case 'yes':
				return $value ? '1' : '';
			case 'checks':
				return array_map( 'strval', (array) $value );
			case 'either':
				return is_array( $value ) ? array( 'mode' => 'list', 'list' => $value ) : array( 'mode' => (string) $value, 'list' => array() );
			case 'time':
				return self::local_time( (string) $value );
			case 'product':
				return self::named( (int) $value, get_the_title( (int) $value ) );
			case 'user':
				$user = get_userdata( (int) $value );
				return self::named( (int) $value, $user ? $user->display_name : '' );
			case 'rows':
				$rows = array();
				foreach ( (array) $value as $name => $one ) {
					$rows[] = SettingsColumns::shown( $kind, $name, $one );
				}
				return $rows;
		}
		return (string) $value;
	}

	/**
	 * Returns what a field means.
	 *
	 * @param array<string,mixed> $kind  Of the schema.
	 * @param mixed               $value Of the form.
	 * @return mixed
	 */
	public static function meant( array $kind, $value ) {
		switch ( self::control( $kind ) ) {
			case 'bool':
				return '' !== $value;
			case 'yes':
				return '' === $value ? '' : true;
			case 'either':
				return 'list' === $value['mode'] ? $value['list'] : $value['mode'];
			case 'time':
				return self::plain_time( $value );
			case 'currency':
				return strtoupper( $value );
			case 'product':
				return self::product( $value );
			case 'user':
				return self::user( $value );
			case 'rows':
				$meant = array();
				foreach ( $value as $i => $row ) {
					$meant[ SettingsColumns::name_of( $kind, $row ) ?? $i ] = SettingsColumns::meant( $kind, $row );
				}
				return $meant;
		}
		return $value;
	}

	/**
	 * Returns a product or customer as people see it: number and name.
	 *
	 * @param int    $id   Number.
	 * @param string $name May be empty.
	 */
	private static function named( int $id, string $name ): string {
		return '' === $name ? (string) ( $id ? $id : '' ) : $id . ' – ' . $name;
	}

	/**
	 * Returns the number of a product that was typed as such, with its name, or
	 * by its exact name alone; else what was typed.
	 *
	 * @param string $text As typed.
	 */
	public static function product( string $text ): string {
		if ( preg_match( '/^#?(\d+)(?:\s+–.*)?$/su', $text, $part ) ) {
			return $part[1];
		}
		$found = '' === $text ? array() : get_posts(
			array(
				'post_type'      => array( 'product', 'product_variation' ),
				'post_status'    => 'any',
				'title'          => $text,
				'fields'         => 'ids',
				'posts_per_page' => 2,
			)
		);
		return 1 === count( $found ) ? (string) $found[0] : $text;
	}

	/**
	 * Returns the number of a user that was typed as such, with the name, or by
	 * login or e-mail; else what was typed.
	 *
	 * @param string $text As typed.
	 */
	private static function user( string $text ): string {
		if ( preg_match( '/^#?(\d+)(?:\s+–.*)?$/su', $text, $part ) ) {
			return $part[1];
		}
		$user = get_user_by( 'email', $text );
		$user = $user ? $user : get_user_by( 'login', $text );
		return $user ? (string) $user->ID : $text;
	}

	/**
	 * Returns a time of the programme as an input for times wants it.
	 *
	 * @param string $time Such as 2026-03-01 or 2026-03-01 08:30.
	 */
	private static function local_time( string $time ): string {
		$time = str_replace( ' ', 'T', $time );
		return 10 === strlen( $time ) ? $time . 'T00:00' : $time;
	}

	/**
	 * Returns a time as the programme writes it, a midnight as a day.
	 *
	 * @param string $time Of an input.
	 */
	private static function plain_time( string $time ): string {
		$time = str_replace( 'T', ' ', $time );
		return (string) preg_replace( '/ 00:00(:00)?$/D', '', $time );
	}
}
