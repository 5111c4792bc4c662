<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Programme;

defined( 'ABSPATH' ) || exit;

/**
 * The form of a programme's document.
 */
final class Document {

	/**
	 * Returns the usual rules.
	 *
	 * @return array<string,mixed>
	 */
	public static function defaults(): array {
		return self::of( array_column( Schema::keys(), 'default', 'path' ) );
	}

	/**
	 * Returns a document with the usual rules where it says nothing, in normal
	 * form and in the usual order; keys that are not known are left out.
	 *
	 * @param array<string,mixed> $document Any subset.
	 * @return array<string,mixed>
	 */
	public static function complete( array $document ): array {
		$document = self::normal( $document );
		$values   = array();
		foreach ( Schema::keys() as $path => $key ) {
			$values[ $path ] = self::at( $document, $path, $key['default'] );
		}
		return self::of( $values );
	}

	/**
	 * Returns a document in its normal form: whole numbers as such, rates and
	 * amounts as texts without spaces, codes of currencies in capitals, roles in
	 * small letters. What cannot be brought into it stays as it is, for
	 * Validator to refuse.
	 *
	 * @param array<string,mixed> $document Any subset.
	 * @return array<string,mixed>
	 */
	public static function normal( array $document ): array {
		return self::walk( $document, '' );
	}

	/**
	 * Returns the document that has these values.
	 *
	 * @param array<string,mixed> $values By path.
	 * @return array<string,mixed>
	 */
	public static function of( array $values ): array {
		$document = array();
		foreach ( $values as $path => $value ) {
			$place = &$document;
			foreach ( explode( '.', $path ) as $name ) {
				$place = &$place[ $name ];
			}
			$place = $value;
			unset( $place );
		}
		return $document;
	}

	/**
	 * Returns a value of a document.
	 *
	 * @param array<string,mixed> $document  Any.
	 * @param string              $path      Such as earn.purchase.rounding.
	 * @param mixed               $otherwise Where it says nothing.
	 * @return mixed
	 */
	public static function at( array $document, string $path, $otherwise = null ) {
		foreach ( explode( '.', $path ) as $name ) {
			if ( ! is_array( $document ) || ! array_key_exists( $name, $document ) ) {
				return $otherwise;
			}
			$document = $document[ $name ];
		}
		return $document;
	}

	/**
	 * Returns a document as JSON.
	 *
	 * @param array<string,mixed> $document Any.
	 */
	public static function encode( array $document ): string {
		return (string) wp_json_encode( self::for_json( $document ), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
	}

	/**
	 * Returns a document in which empty maps and sections are objects, for
	 * JSON.
	 *
	 * @param array<string,mixed> $document Any.
	 * @return object|array<string,mixed>
	 */
	public static function for_json( array $document ) {
		return self::objects( $document, '' );
	}

	/**
	 * @param array<string,mixed> $section Of a document.
	 * @param string              $path    Of it.
	 * @return object|array<string,mixed>
	 */
	private static function objects( array $section, string $path ) {
		foreach ( $section as $name => $value ) {
			$path_of = self::join( $path, (string) $name );
			$key     = Schema::key( $path_of );
			if ( is_array( $value ) && null === $key ) {
				$section[ $name ] = self::objects( $value, $path_of );
			} elseif ( is_array( $value ) && 'map' === $key['kind'] ) {
				$section[ $name ] = (object) $value;
			}
		}
		return $section ? $section : (object) array();
	}

	/**
	 * Returns a short text that differs between documents that say different
	 * things, however they write them: 1.50 is 1.5, and lists of words have no order.
	 *
	 * @param array<string,mixed> $document A complete one.
	 */
	public static function stamp( array $document ): string {
		return substr( hash( 'sha256', self::encode( self::plain( $document ) ) ), 0, 16 );
	}

	/**
	 * @param mixed $value Of a document.
	 * @return mixed
	 */
	private static function plain( $value ) {
		if ( is_string( $value ) ) {
			if ( preg_match( '/^\d+\.\d+$/D', $value ) ) {
				return rtrim( rtrim( $value, '0' ), '.' );
			}
			return preg_match( '/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?$/D', $value, $part )
				? preg_replace( '/( 00:00)?:00$/', '', $part[1] . ' ' . $part[2] . ( $part[3] ?? ':00' ) )
				: $value;
		}
		if ( is_array( $value ) ) {
			$value = array_map( array( self::class, 'plain' ), $value );
			if ( array_keys( $value ) !== array_keys( array_values( $value ) ) ) {
				$value = array_diff_key( $value, array_flip( array_keys( $value, '', true ) ) );
				ksort( $value );
			} elseif ( array_filter( $value, 'is_array' ) === array() ) {
				sort( $value );
			}
		}
		return $value;
	}

	/**
	 * @param array<string,mixed> $section Of a document.
	 * @param string              $path    Of it.
	 * @return array<string,mixed>
	 */
	private static function walk( array $section, string $path ): array {
		foreach ( $section as $name => $value ) {
			$path_of = self::join( $path, (string) $name );
			$key     = Schema::key( $path_of );
			if ( null !== $key && null === $value ) {
				unset( $section[ $name ] ); // Empty is the usual.
			} elseif ( null !== $key ) {
				$section[ $name ] = self::value( $key, is_object( $value ) ? json_decode( (string) wp_json_encode( $value ), true ) : $value );
			} elseif ( is_array( $value ) ) {
				$section[ $name ] = self::walk( $value, $path_of );
			}
		}
		return $section;
	}

	/**
	 * @param array<string,mixed> $kind  Of Schema.
	 * @param mixed               $value Any.
	 * @return mixed
	 */
	private static function value( array $kind, $value ) {
		switch ( $kind['kind'] ) {
			case 'whole':
			case 'user':
				return self::whole( $value );
			case 'decimal':
				return self::decimal( $value );
			case 'time':
				return is_string( $value ) ? trim( $value ) : ( $value ?? '' );
			case 'role':
				return is_string( $value ) ? strtolower( trim( $value ) ) : $value;
			case 'currency':
				return is_string( $value ) ? strtoupper( $value ) : $value;
		}
		return is_array( $value ) ? self::many( $kind, $value ) : $value;
	}

	/**
	 * @param array<string,mixed> $kind   Of Schema.
	 * @param array<mixed>        $values What it holds, if it is one that holds several.
	 * @return array<mixed>
	 */
	private static function many( array $kind, array $values ): array {
		$all = array();
		switch ( $kind['kind'] ) {
			case 'list':
			case 'either':
				foreach ( $values as $value ) {
					$all[] = self::value( $kind['item'], $value );
				}
				return $all;
			case 'map':
				foreach ( $values as $name => $value ) {
					$all[ self::value( $kind['names'], (string) $name ) ] = self::value( $kind['item'], $value );
				}
				ksort( $all );
				return $all;
			case 'record':
				foreach ( $kind['fields'] as $field ) {
					if ( array_key_exists( $field['name'], $values ) ) {
						$values[ $field['name'] ] = self::value( $field, $values[ $field['name'] ] );
					}
				}
		}
		return $values;
	}

	/**
	 * @param mixed $value Any.
	 * @return mixed A whole number when it is one.
	 */
	private static function whole( $value ) {
		if ( is_string( $value ) && preg_match( '/^\s*(0|[1-9]\d{0,18})\s*$/D', $value, $part ) && (string) (int) $part[1] === $part[1] ) {
			return (int) $part[1];
		}
		return $value;
	}

	/**
	 * @param mixed $value Any.
	 * @return mixed A text when it is a number.
	 */
	private static function decimal( $value ) {
		if ( is_int( $value ) ) {
			return (string) $value;
		}
		if ( is_float( $value ) ) {
			return (string) json_encode( $value );
		}
		return is_string( $value ) ? trim( $value ) : $value;
	}

	/**
	 * @param string $path Of a section, or "".
	 * @param string $name Of a key in it.
	 */
	private static function join( string $path, string $name ): string {
		return '' === $path ? $name : $path . '.' . $name;
	}
}
