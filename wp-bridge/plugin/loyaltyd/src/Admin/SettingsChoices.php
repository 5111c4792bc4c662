<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Programme\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * What the settings let people choose among: what the schema lists, and what
 * this shop has.
 */
final class SettingsChoices {

	/** More categories than this are not offered in a list. */
	const MOST_CATEGORIES = 1000;

	/**
	 * Returns what a value of a kind can be; empty when it is to be typed.
	 *
	 * @param array<string,mixed> $kind Of the schema.
	 * @return array<int|string,string> Labels by value.
	 */
	public static function of( array $kind ): array {
		switch ( $kind['kind'] ) {
			case 'choice':
			case 'either':
				return array_map( array( Schema::class, 'text' ), array_column( Schema::in_order( $kind['options'] ), 'label', 'value' ) );
			case 'role':
				return array_map( 'translate_user_role', wp_roles()->get_names() );
			case 'status':
				return array_intersect_key( self::statuses(), array_flip( array_column( $kind['options'], 'value' ) ) );
			case 'custom_status':
				return array_diff_key( self::statuses(), array_flip( $kind['never'] ) );
			case 'category':
				return self::categories();
		}
		return array();
	}

	/**
	 * Returns the statuses of orders, by slug without wc-.
	 *
	 * @return array<string,string>
	 */
	private static function statuses(): array {
		$all = array();
		foreach ( function_exists( 'wc_get_order_statuses' ) ? wc_get_order_statuses() : array() as $slug => $label ) {
			$all[ (string) preg_replace( '/^wc-/', '', $slug ) ] = (string) $label;
		}
		return $all;
	}

	/**
	 * Returns the shop's categories by number; empty when there are none, or too
	 * many for a list.
	 *
	 * @return array<int,string>
	 */
	private static function categories(): array {
		static $names;
		if ( null === $names ) {
			$terms = get_terms(
				array(
					'taxonomy'   => 'product_cat',
					'hide_empty' => false,
					'number'     => self::MOST_CATEGORIES + 1,
					'fields'     => 'id=>name',
					'orderby'    => 'name',
				)
			);
			$names = is_array( $terms ) && count( $terms ) <= self::MOST_CATEGORIES ? array_map( 'wp_specialchars_decode', $terms ) : array();
		}
		return $names;
	}
}
