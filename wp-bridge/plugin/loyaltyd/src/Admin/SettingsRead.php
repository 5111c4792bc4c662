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
	 * Returns what a field shows.
	 *
	 * @param array<string,mixed> $field Of SettingsGroups.
	 * @param mixed               $value Of the programme.
	 * @return mixed
	 */
	public static function shown( array $field, $value ) {
		switch ( $field['kind'] ) {
			case 'switch':
				return $value ? '1' : '';
			case 'checks':
				return array_map( 'strval', (array) $value );
			case 'custom_statuses':
				return is_array( $value ) ? array( 'mode' => 'list', 'list' => $value ) : array( 'mode' => (string) $value, 'list' => array() );
			case 'time':
				return self::local_time( (string) $value );
			case 'rows':
				return self::rows( $field['rows'], (array) $value );
		}
		return (string) $value;
	}

	/**
	 * Returns what a field means.
	 *
	 * @param array<string,mixed> $field Of SettingsGroups.
	 * @param mixed               $value Of the form.
	 * @return mixed
	 */
	public static function meant( array $field, $value ) {
		switch ( $field['kind'] ) {
			case 'switch':
				return '' !== $value;
			case 'custom_statuses':
				return 'list' === $value['mode'] ? $value['list'] : $value['mode'];
			case 'time':
				return self::plain_time( $value );
			case 'rows':
				$meant = array();
				foreach ( $value as $row ) {
					$name = self::name_of( $field['rows'], $row );
					if ( null === $name ) {
						$meant[] = self::row( $field['rows'], $row );
					} else {
						$meant[ $name ] = self::row( $field['rows'], $row );
					}
				}
				return $meant;
		}
		return $value;
	}

	/**
	 * Returns the key that a row has in the programme; null for a row of a list.
	 *
	 * @param string               $rows Kind.
	 * @param array<string,string> $row  Of the form.
	 */
	public static function name_of( string $rows, array $row ): ?string {
		switch ( $rows ) {
			case 'currencies':
				return strtoupper( $row['code'] );
			case 'products':
				return self::product( $row['product'] );
			case 'categories':
				return $row['category'];
		}
		return null;
	}

	/**
	 * Returns a product or customer as people see it: number and name.
	 *
	 * @param int    $id   Number.
	 * @param string $name May be empty.
	 */
	public static function named( int $id, string $name ): string {
		return '' === $name ? (string) $id : $id . ' – ' . $name;
	}

	/**
	 * @param string $rows  Kind.
	 * @param array  $value Of the programme.
	 * @return array<int,array<string,string>>
	 */
	private static function rows( string $rows, array $value ): array {
		$shown = array();
		foreach ( $value as $name => $one ) {
			switch ( $rows ) {
				case 'currencies':
					$shown[] = array( 'code' => (string) $name, 'rate' => (string) $one );
					break;
				case 'high_spend':
					$shown[] = array( 'amount' => (string) ( $one['amount'] ?? '' ), 'points' => (string) ( $one['points'] ?? '' ) );
					break;
				case 'campaigns':
					$gives   = isset( $one['multiplier'] ) ? 'multiplier' : 'points';
					$shown[] = array(
						'name'   => (string) ( $one['name'] ?? '' ),
						'from'   => self::local_time( (string) ( $one['from'] ?? '' ) ),
						'to'     => self::local_time( (string) ( $one['to'] ?? '' ) ),
						'gives'  => $gives,
						'number' => (string) ( $one[ $gives ] ?? '' ),
					);
					break;
				case 'products':
					$shown[] = array( 'product' => self::named( (int) $name, get_the_title( (int) $name ) ) ) + self::rule( $one );
					break;
				case 'categories':
					$shown[] = array( 'category' => (string) $name ) + self::rule( $one );
					break;
				case 'users':
					$user    = get_userdata( (int) $one );
					$shown[] = array( 'user' => self::named( (int) $one, $user ? $user->display_name : '' ) );
					break;
			}
		}
		return $shown;
	}

	/**
	 * @param string               $rows Kind.
	 * @param array<string,string> $row  Of the form.
	 * @return mixed
	 */
	private static function row( string $rows, array $row ) {
		switch ( $rows ) {
			case 'currencies':
				return $row['rate'];
			case 'high_spend':
				return $row;
			case 'campaigns':
				$meant = array_filter(
					array(
						'name' => $row['name'],
						'from' => self::plain_time( $row['from'] ),
						'to'   => self::plain_time( $row['to'] ),
					),
					'strlen'
				);
				return $meant + array( 'multiplier' === $row['gives'] ? 'multiplier' : 'points' => $row['number'] );
			case 'users':
				return self::user( $row['user'] );
		}
		switch ( $row['gives'] ) {
			case 'exclude':
				return array( 'exclude' => true );
			case 'points':
				return array( 'points' => $row['number'] );
		}
		return array( 'points_per_unit' => $row['number'] );
	}

	/**
	 * @param array<string,mixed> $rule Of a product or category.
	 * @return array{gives:string,number:string}
	 */
	private static function rule( array $rule ): array {
		if ( ! empty( $rule['exclude'] ) ) {
			return array( 'gives' => 'exclude', 'number' => '' );
		}
		$gives = isset( $rule['points'] ) ? 'points' : 'points_per_unit';
		return array( 'gives' => $gives, 'number' => (string) ( $rule[ $gives ] ?? '' ) );
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
