<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Programme;

defined( 'ABSPATH' ) || exit;

/**
 * Finds what is wrong with the document of a programme. The daemon refuses
 * the same, in its own words.
 */
final class Validator {

	/** Most digits on either side of the point. */
	const MOST_DIGITS = 100;

	/** @var array<string,string> */
	private $problems = array();

	/**
	 * Returns what is wrong, by key.
	 *
	 * @param array<string,mixed> $document In normal form; any subset.
	 * @return array<string,string>
	 */
	public function problems( array $document ): array {
		$this->problems = array();
		$this->section( Document::defaults(), $document, '' );
		$this->limits( Document::complete( $document ) );
		return $this->problems;
	}

	/**
	 * Refuses whole numbers that are above the one which another key allows; 0
	 * there is no limit.
	 *
	 * @param array<string,mixed> $document Whole.
	 */
	private function limits( array $document ) {
		foreach ( Schema::keys() as $path => $key ) {
			$most  = isset( $key['at_most'] ) ? Document::at( $document, $key['at_most'] ) : 0;
			$value = Document::at( $document, $path );
			if ( is_int( $value ) && is_int( $most ) && $most > 0 && $value > $most ) {
				$this->refuse( $path, __( 'The fewest points are more than the most: lower them, or set the most to 0 for no limit.', 'loyaltyd' ) );
			}
		}
	}

	/**
	 * @param array<string,mixed> $known Names that the section may have.
	 * @param array<string,mixed> $given The section.
	 * @param string              $path  Of it.
	 */
	private function section( array $known, array $given, string $path ) {
		foreach ( $given as $name => $value ) {
			$path_of = '' === $path ? (string) $name : $path . '.' . $name;
			$key     = Schema::key( $path_of );
			if ( ! array_key_exists( $name, $known ) ) {
				$this->unknown( $path_of, (string) $name, array_keys( $known ) );
			} elseif ( null !== $key ) {
				$this->value( $key, $path_of, $value );
			} elseif ( is_array( $value ) ) {
				$this->section( $known[ $name ], $value, $path_of );
			} else {
				$this->refuse( $path_of, __( 'This is a section with keys of its own, not a value.', 'loyaltyd' ) );
			}
		}
	}

	/**
	 * @param array<string,mixed> $kind  Of Schema.
	 * @param string              $key   Full.
	 * @param mixed               $value Any.
	 */
	private function value( array $kind, string $key, $value ) {
		switch ( $kind['kind'] ) {
			case 'list':
			case 'either':
			case 'map':
				$this->items( $kind, $key, $value );
				return;
			case 'record':
				$this->record( $kind, $key, $value );
				return;
			case 'choice':
				$words = array_column( $kind['options'], 'value' );
				if ( ! in_array( $value, $words, true ) ) {
					/* translators: %s: list of words. */
					$this->refuse( $key, sprintf( __( 'Choose one of: %s.', 'loyaltyd' ), implode( ', ', $words ) ) );
				}
				return;
			case 'whole':
				$this->whole( $key, $value, (int) ( $kind['min'] ?? 0 ), (int) ( $kind['max'] ?? PHP_INT_MAX ) );
				return;
			case 'user':
				$this->whole( $key, $value, 1, PHP_INT_MAX );
				return;
			case 'decimal':
				$this->decimal( $kind, $key, $value );
				return;
			case 'status':
			case 'custom_status':
				$this->status( $kind, $key, $value );
				return;
		}
		$this->plain( $kind['kind'], $key, $value );
	}

	/**
	 * @param string $kind  One of which there is nothing more to know.
	 * @param string $key   Full.
	 * @param mixed  $value Any.
	 */
	private function plain( string $kind, string $key, $value ) {
		switch ( $kind ) {
			case 'text':
				$message = is_string( $value ) ? '' : __( 'This is not a text.', 'loyaltyd' );
				break;
			case 'bool':
				$message = is_bool( $value ) ? '' : __( 'This is neither yes nor no (true or false).', 'loyaltyd' );
				break;
			case 'yes':
				$message = true === $value ? '' : __( 'This says nothing: write true, or remove the rule.', 'loyaltyd' );
				break;
			case 'time':
				$message = '' === $value || null !== self::moment( $value ) ? '' : __( 'This is not a date: write YYYY-MM-DD or YYYY-MM-DD HH:MM, in the site’s time.', 'loyaltyd' );
				break;
			case 'role':
				$message = is_string( $value ) && '' !== trim( $value ) ? '' : __( 'This is not a role: write its name, like administrator.', 'loyaltyd' );
				break;
			case 'currency':
				$message = is_string( $value ) && preg_match( '/^[A-Z0-9]{2,20}$/D', $value ) ? '' : __( 'This is not the code of a currency: write one like EUR.', 'loyaltyd' );
				break;
			case 'product':
			case 'category':
				$ok      = is_string( $value ) && preg_match( '/^[1-9]\d{0,18}$/D', $value ) && (string) (int) $value === $value;
				$message = $ok ? '' : __( 'This is not an id: write a whole number of 1 or more, in digits only.', 'loyaltyd' );
				break;
			default:
				throw new \LogicException( $kind . ' is no kind of value' );
		}
		if ( '' !== $message ) {
			$this->refuse( $key, $message );
		}
	}

	/**
	 * @param array<string,mixed> $kind  A list, a map, or a list instead of which a word can stand.
	 * @param string              $key   Full.
	 * @param mixed               $value Any.
	 */
	private function items( array $kind, string $key, $value ) {
		if ( 'either' === $kind['kind'] && in_array( $value, array_column( $kind['options'], 'value' ), true ) ) {
			return;
		}
		if ( ! is_array( $value ) ) {
			$this->refuse( $key, 'either' === $kind['kind'] ? Schema::text( $kind['neither'] ) : __( 'This is not a list.', 'loyaltyd' ) );
			return;
		}
		foreach ( $value as $name => $item ) {
			$path = isset( $kind['names'] ) ? $key . '.' . $name : $key . '[' . $name . ']';
			if ( isset( $kind['names'] ) ) {
				$this->value( $kind['names'], $path, (string) $name );
			}
			$this->value( $kind['item'], $path, $item );
		}
	}

	/**
	 * @param array<string,mixed> $kind  Of Schema.
	 * @param string              $key   Full.
	 * @param mixed               $value Any.
	 */
	private function record( array $kind, string $key, $value ) {
		$fields  = array_column( $kind['fields'], null, 'name' );
		$one_of  = $kind['one_of'] ?? array();
		$refused = $kind['refused'] ?? array();
		$others  = array_diff_key( $fields, array_flip( $one_of ) );
		if ( ! $this->fields( $key, $value, array_merge( array_keys( $others ), $one_of ), array_keys( $refused ) ) ) {
			return;
		}
		foreach ( array_intersect_key( $refused, $value ) as $name => $message ) {
			$this->refuse( $key . '.' . $name, Schema::text( $message ) );
			return;
		}
		if ( ! $this->required( $key, $value, $fields ) ) {
			return;
		}
		foreach ( array_intersect_key( $others, $value ) as $name => $field ) {
			$this->value( $field, $key . '.' . $name, $value[ $name ] );
		}
		if ( isset( $kind['before'] ) ) {
			$this->before( $key, $value, ...$kind['before'] );
		}
		if ( $one_of && $this->only_one( $key, $value, $one_of ) ) {
			$name = key( array_intersect_key( $value, array_flip( $one_of ) ) );
			$this->value( $fields[ $name ], $key . '.' . $name, $value[ $name ] );
		}
	}

	/**
	 * @param string              $key  Full.
	 * @param array<string,mixed> $item A row.
	 * @param string              $from Name of the time that is before the other.
	 * @param string              $to   Name of the other.
	 */
	private function before( string $key, array $item, string $from, string $to ) {
		$begins = self::moment( $item[ $from ] ?? '' );
		$ends   = self::moment( $item[ $to ] ?? '' );
		if ( null !== $begins && null !== $ends && $begins >= $ends ) {
			$this->refuse( $key . '.' . $from, __( 'The campaign does not begin before it ends: swap the dates, or leave one out.', 'loyaltyd' ) );
		}
	}

	/**
	 * @param array<string,mixed> $kind   Of Schema.
	 * @param string              $key    Full.
	 * @param mixed               $status Any.
	 */
	private function status( array $kind, string $key, $status ) {
		if ( ! is_string( $status ) || ! preg_match( '/^[a-z0-9_-]+$/D', $status ) || 0 === strpos( $status, 'wc-' ) ) {
			$this->refuse( $key, __( 'This is not a status: write its slug in small letters and without wc-, like on-hold.', 'loyaltyd' ) );
			return;
		}
		// What the column of an order's status keeps of it.
		if ( ! in_array( substr( $status, 0, 17 ), $kind['never'], true ) ) {
			return;
		}
		if ( 'status' === $kind['kind'] ) {
			/* translators: 1: status, 2: list of statuses. */
			$this->refuse( $key, sprintf( __( '%1$s can never earn: only %2$s and custom statuses can.', 'loyaltyd' ), $status, implode( ', ', array_column( $kind['options'], 'value' ) ) ) );
			return;
		}
		/* translators: %s: status. */
		$this->refuse( $key, sprintf( __( '%s is not a custom status: choose it among the statuses that earn.', 'loyaltyd' ), $status ) );
	}

	/**
	 * @param mixed $value Any.
	 * @return string|null The time as Y-m-d H:i:s; null when it is open or wrong.
	 */
	private static function moment( $value ): ?string {
		$ok = is_string( $value ) && preg_match( '/^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/D', $value, $part )
			&& checkdate( (int) $part[2], (int) $part[3], (int) $part[1] )
			&& (int) ( $part[4] ?? 0 ) < 24 && (int) ( $part[5] ?? 0 ) < 60 && (int) ( $part[6] ?? 0 ) < 60;
		return $ok ? sprintf( '%s-%s-%s %s:%s:%s', $part[1], $part[2], $part[3], $part[4] ?? '00', $part[5] ?? '00', $part[6] ?? '00' ) : null;
	}

	/**
	 * @param string $key   Full.
	 * @param mixed  $value Any.
	 * @param int    $least Lowest.
	 * @param int    $most  Highest.
	 */
	private function whole( string $key, $value, int $least, int $most ) {
		if ( is_int( $value ) && $value >= $least && $value <= $most ) {
			return;
		}
		if ( PHP_INT_MAX === $most ) {
			/* translators: %d: lowest number. */
			$this->refuse( $key, sprintf( __( 'Write a whole number of %d or more, in digits only.', 'loyaltyd' ), $least ) );
			return;
		}
		/* translators: 1: lowest number, 2: highest number. */
		$this->refuse( $key, sprintf( __( 'Write a whole number from %1$d to %2$d, in digits only.', 'loyaltyd' ), $least, $most ) );
	}

	/**
	 * @param array<string,mixed> $kind  Of Schema.
	 * @param string              $key   Full.
	 * @param mixed               $value Any.
	 */
	private function decimal( array $kind, string $key, $value ) {
		$ok = is_string( $value ) && preg_match( '/^(0|[1-9]\d*)(?:\.(\d+))?$/D', $value, $part )
			&& strlen( $part[1] ) <= self::MOST_DIGITS && strlen( $part[2] ?? '' ) <= self::MOST_DIGITS;
		if ( ! $ok ) {
			$this->refuse( $key, __( 'Write a number of 0 or more, like 12 or 0.5, with a point and without separators.', 'loyaltyd' ) );
		} elseif ( isset( $kind['max'] ) && self::compare( $value, $kind['max'] ) > 0 ) {
			/* translators: %s: highest number. */
			$this->refuse( $key, sprintf( __( 'This is more than %s: points for a large order would be too many to count.', 'loyaltyd' ), $kind['max'] ) );
		} elseif ( isset( $kind['min'] ) && self::compare( $value, $kind['min'] ) < 0 ) {
			$this->refuse( $key, Schema::text( $kind['too_low'] ) );
		}
	}

	/**
	 * @param string            $key     Full.
	 * @param mixed             $item    Any.
	 * @param array<int,string> $names   That it may have.
	 * @param array<int,string> $refused That it may not have, as another message says.
	 */
	private function fields( string $key, $item, array $names, array $refused ): bool {
		if ( ! is_array( $item ) ) {
			/* translators: %s: list of keys. */
			$this->refuse( $key, sprintf( __( 'This needs the keys: %s.', 'loyaltyd' ), implode( ', ', $names ) ) );
			return false;
		}
		$ok    = true;
		$known = array_merge( $names, $refused );
		foreach ( array_keys( $item ) as $name ) {
			if ( ! in_array( (string) $name, $known, true ) ) {
				$this->unknown( $key . '.' . $name, (string) $name, $known );
				$ok = false;
			}
		}
		return $ok;
	}

	/**
	 * @param string                            $key    Full.
	 * @param array<string,mixed>               $item   A row.
	 * @param array<string,array<string,mixed>> $fields Those it can have, by name.
	 */
	private function required( string $key, array $item, array $fields ): bool {
		$missing = array_filter( array_column( array_diff_key( $fields, $item ), 'required', 'name' ) );
		foreach ( array_keys( $missing ) as $name ) {
			$this->refuse( $key . '.' . $name, __( 'This is missing.', 'loyaltyd' ) );
		}
		return ! $missing;
	}

	/**
	 * @param string              $key   Full.
	 * @param array<string,mixed> $item  A row.
	 * @param array<int,string>   $names Of which it must have one.
	 */
	private function only_one( string $key, array $item, array $names ): bool {
		$given = array_intersect( $names, array_keys( $item ) );
		if ( 1 === count( $given ) ) {
			return true;
		}
		/* translators: %s: list of keys. */
		$this->refuse( $key, sprintf( __( 'Fill in exactly one of: %s.', 'loyaltyd' ), implode( ', ', $names ) ) );
		return false;
	}

	/**
	 * @param string            $key   Full.
	 * @param string            $name  Its last part.
	 * @param array<int,string> $known Names.
	 */
	private function unknown( string $key, string $name, array $known ) {
		$nearest = '';
		$least   = PHP_INT_MAX;
		foreach ( $known as $candidate ) {
			$edits = levenshtein( substr( $name, 0, 200 ), $candidate );
			if ( $edits < $least ) {
				$least   = $edits;
				$nearest = $candidate;
			}
		}
		/* translators: %s: name of a key. */
		$this->refuse( $key, sprintf( __( 'This key is not known; the nearest known one is %s.', 'loyaltyd' ), $nearest ) );
	}

	/**
	 * @param string $key     Full.
	 * @param string $message For people. The first one of a key stays.
	 */
	private function refuse( string $key, string $message ) {
		$this->problems += array( $key => $message );
	}

	/**
	 * Compares two decimals of 0 or more, in normal form.
	 *
	 * @param string $a One.
	 * @param string $b The other.
	 */
	private static function compare( string $a, string $b ): int {
		list( $whole_a, $part_a ) = explode( '.', $a . '.' );
		list( $whole_b, $part_b ) = explode( '.', $b . '.' );
		$length = strlen( $whole_a ) <=> strlen( $whole_b );
		if ( 0 !== $length ) {
			return $length;
		}
		$order = strcmp( $whole_a, $whole_b );
		return 0 !== $order ? $order : strcmp( rtrim( $part_a, '0' ), rtrim( $part_b, '0' ) );
	}
}
