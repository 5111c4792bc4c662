<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Programme\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * A key of many values as a table: which columns it has, what stands in them,
 * and what they mean. Of fields of which a record has exactly one there are
 * two columns, for which it is and for its number.
 */
final class SettingsColumns {

	/** The column that says which field a number is of. It is never empty and so does not make a row one that was filled in. */
	const GIVES = 'gives';

	const NUMBER = 'number';

	/**
	 * Returns the columns.
	 *
	 * @param array<string,mixed> $kind A list or map.
	 * @return array<string,array<string,mixed>> Kinds by column, each with title.
	 */
	public static function of( array $kind ): array {
		$columns = array();
		if ( isset( $kind['names'] ) ) {
			$columns[ self::name_column( $kind ) ] = $kind['names'];
		}
		if ( 'record' !== $kind['item']['kind'] ) {
			$columns[ self::item_column( $kind ) ] = $kind['item'];
		}
		$columns += self::plain( $kind['item'] );
		foreach ( $columns as $column => $about ) {
			$columns[ $column ]['title'] = Schema::text( $about['label'] );
		}
		$gives = self::gives( $kind['item'] );
		if ( $gives ) {
			$options = array();
			foreach ( $gives as $field ) {
				$options[] = array( 'value' => $field['name'], 'label' => $field['label'] );
			}
			$columns[ self::GIVES ]  = array( 'kind' => 'choice', 'options' => $options, 'title' => __( 'Gives', 'loyaltyd' ) );
			$columns[ self::NUMBER ] = array( 'kind' => 'decimal', 'title' => __( 'Number', 'loyaltyd' ) );
		}
		return $columns;
	}

	/**
	 * Returns the row that shows a value.
	 *
	 * @param array<string,mixed> $kind A list or map.
	 * @param int|string          $name Of the value in it.
	 * @param mixed               $one  The value.
	 * @return array<string,string>
	 */
	public static function shown( array $kind, $name, $one ): array {
		$row = isset( $kind['names'] ) ? array( self::name_column( $kind ) => SettingsRead::shown( $kind['names'], $name ) ) : array();
		if ( 'record' !== $kind['item']['kind'] ) {
			return $row + array( self::item_column( $kind ) => SettingsRead::shown( $kind['item'], $one ) );
		}
		foreach ( self::plain( $kind['item'] ) as $field => $about ) {
			$row[ $field ] = SettingsRead::shown( $about, $one[ $field ] ?? '' );
		}
		$gives = self::gives( $kind['item'] );
		if ( $gives ) {
			$given = array_intersect_key( $gives, array_filter( (array) $one, 'is_scalar' ) );
			$which = array_key_last( $given ) ?? array_key_first( $gives );

			$row[ self::GIVES ]  = $which;
			$row[ self::NUMBER ] = 'yes' === $gives[ $which ]['kind'] ? '' : SettingsRead::shown( $gives[ $which ], $one[ $which ] ?? '' );
		}
		return $row;
	}

	/**
	 * Returns the value that a row means.
	 *
	 * @param array<string,mixed>  $kind A list or map.
	 * @param array<string,string> $row  Of the form.
	 * @return mixed
	 */
	public static function meant( array $kind, array $row ) {
		if ( 'record' !== $kind['item']['kind'] ) {
			return SettingsRead::meant( $kind['item'], $row[ self::item_column( $kind ) ] );
		}
		$meant = array();
		foreach ( self::plain( $kind['item'] ) as $field => $about ) {
			$value = SettingsRead::meant( $about, $row[ $field ] );
			if ( '' !== $value || ! empty( $about['required'] ) ) {
				$meant[ $field ] = $value;
			}
		}
		$gives = self::gives( $kind['item'] );
		if ( $gives ) {
			$which           = isset( $gives[ $row[ self::GIVES ] ] ) ? $row[ self::GIVES ] : array_key_first( $gives );
			$meant[ $which ] = 'yes' === $gives[ $which ]['kind'] ? true : SettingsRead::meant( $gives[ $which ], $row[ self::NUMBER ] );
		}
		return $meant;
	}

	/**
	 * Returns the name that a row has in a map; null for a row of a list.
	 *
	 * @param array<string,mixed>  $kind A list or map.
	 * @param array<string,string> $row  Of the form.
	 */
	public static function name_of( array $kind, array $row ): ?string {
		return isset( $kind['names'] ) ? SettingsRead::meant( $kind['names'], $row[ self::name_column( $kind ) ] ) : null;
	}

	/**
	 * Returns the column that is wrong where a message is about a row or a part
	 * of it.
	 *
	 * @param array<string,mixed> $kind A list or map.
	 * @param string              $part Name of a field; "" for the row.
	 */
	public static function wrong( array $kind, string $part ): string {
		$columns = self::of( $kind );
		if ( '' === $part ) {
			return (string) ( 'record' === $kind['item']['kind'] ? array_key_first( $columns ) : array_key_last( $columns ) );
		}
		return isset( $columns[ $part ] ) ? $part : self::NUMBER;
	}

	/**
	 * Says whether something was filled in.
	 *
	 * @param array<string,string> $row Of the form.
	 */
	public static function is_filled( array $row ): bool {
		unset( $row[ self::GIVES ] );
		return '' !== implode( '', $row );
	}

	/**
	 * @param array<string,mixed> $kind A map.
	 */
	private static function name_column( array $kind ): string {
		return 'currency' === $kind['names']['kind'] ? 'code' : $kind['names']['kind'];
	}

	/**
	 * @param array<string,mixed> $kind A list or map of values that have no fields.
	 */
	private static function item_column( array $kind ): string {
		return isset( $kind['names'] ) ? 'rate' : $kind['item']['kind'];
	}

	/**
	 * @param array<string,mixed> $item Kind of an item.
	 * @return array<string,array<string,mixed>> Fields with a column of their own, by name.
	 */
	private static function plain( array $item ): array {
		return array_diff_key( array_column( $item['fields'] ?? array(), null, 'name' ), array_flip( $item['one_of'] ?? array() ) );
	}

	/**
	 * @param array<string,mixed> $item Kind of an item.
	 * @return array<string,array<string,mixed>> Fields of which it has exactly one, by name.
	 */
	private static function gives( array $item ): array {
		return array_intersect_key( array_column( $item['fields'] ?? array(), null, 'name' ), array_flip( $item['one_of'] ?? array() ) );
	}
}
