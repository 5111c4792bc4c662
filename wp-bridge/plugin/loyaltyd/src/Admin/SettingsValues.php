<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Programme\Document;

defined( 'ABSPATH' ) || exit;

/**
 * What the fields of the settings hold: texts as typed, so that a wrong one is
 * there again. Made from a programme to be shown, or from a sent form to be
 * read as a programme.
 */
final class SettingsValues {

	/** @var array<string,mixed> By key of the programme: a text, a list of texts, or rows. */
	private $values = array();

	/**
	 * Returns the values of a programme.
	 *
	 * @param array<string,mixed> $document Whole.
	 */
	public static function of_programme( array $document ): self {
		$values = new self();
		foreach ( SettingsGroups::fields() as $key => $field ) {
			$values->values[ $key ] = SettingsRead::shown( $field, Document::at( $document, $key ) );
		}
		return $values;
	}

	/**
	 * Returns the values of a sent form. Rows in which nothing was filled in are
	 * left out.
	 *
	 * @param array<string,mixed> $sent By key, unslashed.
	 */
	public static function of_form( array $sent ): self {
		$values = new self();
		foreach ( SettingsGroups::fields() as $key => $field ) {
			$value = $sent[ $key ] ?? null;
			switch ( SettingsRead::control( $field ) ) {
				case 'rows':
					$values->values[ $key ] = self::rows( array_keys( SettingsColumns::of( $field ) ), is_array( $value ) ? $value : array() );
					break;
				case 'checks':
					$values->values[ $key ] = self::texts( $value );
					break;
				case 'either':
					$value                  = is_array( $value ) ? $value : array();
					$values->values[ $key ] = array(
						'mode' => self::text( $value['mode'] ?? '' ),
						'list' => self::texts( $value['list'] ?? null ),
					);
					break;
				default:
					$values->values[ $key ] = self::text( $value );
			}
		}
		return $values;
	}

	/**
	 * Returns the value of a field.
	 *
	 * @param string $key Of the programme.
	 * @return mixed A text, a list of texts, or rows.
	 */
	public function get( string $key ) {
		return $this->values[ $key ];
	}

	/**
	 * Returns all values, to be kept until the next page.
	 *
	 * @return array<string,mixed>
	 */
	public function all(): array {
		return $this->values;
	}

	/**
	 * Returns the programme that the values say, wrong ones as they were typed.
	 *
	 * @return array<string,mixed>
	 */
	public function document(): array {
		$meant = array();
		foreach ( SettingsGroups::fields() as $key => $field ) {
			$meant[ $key ] = SettingsRead::meant( $field, $this->values[ $key ] );
		}
		return Document::of( $meant );
	}

	/**
	 * Returns what no programme can say: rows that are about the same thing.
	 *
	 * @return array<string,string> Messages by key.
	 */
	public function problems(): array {
		$problems = array();
		foreach ( SettingsGroups::fields() as $key => $field ) {
			$seen = array();
			foreach ( 'map' === $field['kind'] ? $this->values[ $key ] : array() as $row ) {
				$name = SettingsColumns::name_of( $field, $row );
				if ( isset( $seen[ $name ] ) ) {
					/* translators: %s: what stands twice. */
					$problems[ $key . '.' . $name ] = sprintf( __( '%s stands twice: remove one.', 'loyaltyd' ), reset( $row ) );
				}
				$seen[ $name ] = true;
			}
		}
		return $problems;
	}

	/**
	 * @param array<int,string> $columns Names.
	 * @param array<mixed>      $sent    Rows.
	 * @return array<int,array<string,string>>
	 */
	private static function rows( array $columns, array $sent ): array {
		$rows = array();
		foreach ( $sent as $one ) {
			$row = array();
			foreach ( $columns as $column ) {
				$row[ $column ] = self::text( is_array( $one ) ? $one[ $column ] ?? '' : '' );
			}
			if ( SettingsColumns::is_filled( $row ) ) {
				$rows[] = $row;
			}
		}
		return $rows;
	}

	/**
	 * @param mixed $value Any.
	 */
	private static function text( $value ): string {
		return is_scalar( $value ) ? trim( wp_check_invalid_utf8( (string) $value ) ) : '';
	}

	/**
	 * @param mixed $value Any.
	 * @return array<int,string>
	 */
	private static function texts( $value ): array {
		return is_array( $value ) ? array_values( array_unique( array_filter( array_map( array( self::class, 'text' ), $value ), 'strlen' ) ) ) : array();
	}
}
