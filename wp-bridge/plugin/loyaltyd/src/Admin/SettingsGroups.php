<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Programme\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * What the settings page asks for, in the order in which it asks, in words of
 * the shop. Each field is a key of the programme.
 */
final class SettingsGroups {

	/**
	 * Returns the groups.
	 *
	 * @return array<string,array{title:string,intro:string,fields:array<string,array<string,mixed>>}> Fields by key:
	 *         that of the schema, with label and help in the reader's language.
	 */
	public static function all(): array {
		$fields = array();
		foreach ( Schema::in_order( Schema::keys() ) as $path => $key ) {
			$fields[ $key['group'] ?? '' ][ $path ] = self::in_words( $key );
		}
		$groups = array();
		foreach ( Schema::groups() as $name => $group ) {
			$groups[ $name ] = array(
				'title'  => Schema::text( $group['title'] ),
				'intro'  => Schema::text( $group['intro'] ?? '' ),
				'fields' => $fields[ $name ] ?? array(),
			);
		}
		return $groups;
	}

	/**
	 * Returns all fields, in the order of the groups.
	 *
	 * @return array<string,array<string,mixed>> By key.
	 */
	public static function fields(): array {
		return array_merge( array(), ...array_values( array_column( self::all(), 'fields' ) ) );
	}

	/**
	 * Returns the label of a key, for lists of what is wrong.
	 *
	 * @param string $key Of the programme, such as earn.campaigns[0].from.
	 * @return array{0:string,1:string} Key of the field and its label; empty when no field sets it.
	 */
	public static function field_of( string $key ): array {
		foreach ( self::fields() as $field => $about ) {
			if ( $key === $field || 0 === strpos( $key, $field . '[' ) || 0 === strpos( $key, $field . '.' ) ) {
				return array( $field, $about['label'] );
			}
		}
		return array( '', '' );
	}

	/**
	 * @param array<string,mixed> $key Of the schema.
	 * @return array<string,mixed>
	 */
	private static function in_words( array $key ): array {
		$currency = function_exists( 'get_woocommerce_currency' ) ? get_woocommerce_currency() : '';
		foreach ( array_intersect( array( 'label', 'help' ), array_keys( $key ) ) as $words ) {
			$key[ $words ] = str_replace( '%s', $currency, Schema::text( $key[ $words ] ) );
		}
		return $key;
	}
}
