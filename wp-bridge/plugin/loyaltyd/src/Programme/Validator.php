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

	/** Above this rate a million units of currency give more points than can be counted. */
	const MOST_RATE = '9223372036854';

	/** Most digits on either side of the point. */
	const MOST_DIGITS = 100;

	const MAY_EARN = array( 'pending', 'processing', 'on-hold', 'completed' );

	/** Statuses of WordPress and WooCommerce that never earn. */
	const NEVER_EARN = array(
		'cancelled', 'refunded', 'failed', 'checkout-draft', 'new', 'publish', 'future', 'draft', 'private', 'trash',
		'auto-draft', 'inherit', 'request-pending', 'request-confirmed', 'request-failed', 'request-completed',
	);

	const GIVE_BACK = array( 'expired', 'deleted', 'refunded' );

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
		$redeem = Document::complete( $document )['redeem'];
		if ( is_int( $redeem['min'] ) && is_int( $redeem['max'] ) && $redeem['max'] > 0 && $redeem['min'] > $redeem['max'] ) {
			$this->refuse( 'redeem.min', __( 'The fewest points are more than the most: lower them, or set the most to 0 for no limit.', 'loyaltyd' ) );
		}
		return $this->problems;
	}

	/**
	 * @param array<string,mixed> $known Names that the section may have.
	 * @param array<string,mixed> $given The section.
	 * @param string              $path  Of it.
	 */
	private function section( array $known, array $given, string $path ) {
		foreach ( $given as $name => $value ) {
			$key = '' === $path ? (string) $name : $path . '.' . $name;
			if ( ! array_key_exists( $name, $known ) ) {
				$this->unknown( $key, (string) $name, array_keys( $known ) );
			} elseif ( isset( Document::KINDS[ $key ] ) ) {
				$this->value( Document::KINDS[ $key ], $key, $value );
			} elseif ( is_array( $value ) ) {
				$this->section( $known[ $name ], $value, $key );
			} else {
				$this->refuse( $key, __( 'This is a section with keys of its own, not a value.', 'loyaltyd' ) );
			}
		}
	}

	/**
	 * @param string|array<int,string> $kind  Of Document::KINDS.
	 * @param string                   $key   Full.
	 * @param mixed                    $value Any.
	 */
	private function value( $kind, string $key, $value ) {
		if ( is_array( $kind ) ) {
			if ( ! in_array( $value, $kind, true ) ) {
				/* translators: %s: list of words. */
				$this->refuse( $key, sprintf( __( 'Choose one of: %s.', 'loyaltyd' ), implode( ', ', $kind ) ) );
			}
			return;
		}
		switch ( $kind ) {
			case 'bool':
				if ( ! is_bool( $value ) ) {
					$this->refuse( $key, __( 'This is neither yes nor no (true or false).', 'loyaltyd' ) );
				}
				return;
			case 'points':
				$this->whole( $key, $value, 0, PHP_INT_MAX );
				return;
			case 'multiple':
				$this->whole( $key, $value, 1, PHP_INT_MAX );
				return;
			case 'days':
				$this->whole( $key, $value, 0, 36500 );
				return;
			case 'some_days':
				$this->whole( $key, $value, 1, 36500 );
				return;
			case 'rate':
				$this->rate( $key, $value );
				return;
			case 'amount':
				$this->decimal( $key, $value );
				return;
			case 'time':
				$this->time( $key, $value );
				return;
		}
		if ( 'custom_statuses' === $kind && in_array( $value, array( 'earn', 'ignore' ), true ) ) {
			return;
		}
		if ( ! is_array( $value ) ) {
			$this->refuse( $key, 'custom_statuses' === $kind ? __( 'Write earn, ignore, or a list of custom statuses.', 'loyaltyd' ) : __( 'This is not a list.', 'loyaltyd' ) );
			return;
		}
		$is_map = in_array( $kind, array( 'currencies', 'products', 'categories' ), true );
		foreach ( $value as $name => $item ) {
			$this->item( $kind, $is_map ? $key . '.' . $name : $key . '[' . $name . ']', (string) $name, $item );
		}
	}

	/**
	 * @param string $kind Of the list or map.
	 * @param string $key  Full, of the item.
	 * @param string $name Of the item.
	 * @param mixed  $item Any.
	 */
	private function item( string $kind, string $key, string $name, $item ) {
		switch ( $kind ) {
			case 'users':
				$this->whole( $key, $item, 1, PHP_INT_MAX );
				return;
			case 'roles':
				if ( ! is_string( $item ) || '' === trim( $item ) ) {
					$this->refuse( $key, __( 'This is not a role: write its name, like administrator.', 'loyaltyd' ) );
				}
				return;
			case 'statuses':
				$this->status( $key, $item, true );
				return;
			case 'custom_statuses':
				$this->status( $key, $item, false );
				return;
			case 'give_back':
				if ( ! in_array( $item, self::GIVE_BACK, true ) ) {
					/* translators: %s: list of words. */
					$this->refuse( $key, sprintf( __( 'Choose one of: %s.', 'loyaltyd' ), implode( ', ', self::GIVE_BACK ) ) );
				}
				return;
			case 'currencies':
				if ( ! preg_match( '/^[A-Z0-9]{2,20}$/D', $name ) ) {
					$this->refuse( $key, __( 'This is not the code of a currency: write one like EUR.', 'loyaltyd' ) );
				}
				$this->decimal( $key, $item );
				return;
			case 'products':
			case 'categories':
				if ( ! preg_match( '/^[1-9]\d{0,18}$/D', $name ) || (string) (int) $name !== $name ) {
					$this->refuse( $key, __( 'This is not an id: write a whole number of 1 or more, in digits only.', 'loyaltyd' ) );
				}
				$this->rule( $key, $item, 'products' === $kind );
				return;
			case 'high_spend':
				if ( $this->fields( $key, $item, array( 'amount', 'points' ) ) && $this->required( $key, $item, array( 'amount', 'points' ) ) ) {
					$this->decimal( $key . '.amount', $item['amount'] );
					$this->whole( $key . '.points', $item['points'], 0, PHP_INT_MAX );
				}
				return;
			case 'campaigns':
				$this->campaign( $key, $item );
				return;
		}
	}

	/**
	 * @param string $key  Full.
	 * @param mixed  $item Any.
	 */
	private function campaign( string $key, $item ) {
		if ( ! $this->fields( $key, $item, array( 'name', 'from', 'to', 'points', 'multiplier' ) ) ) {
			return;
		}
		if ( array_key_exists( 'name', $item ) && ! is_string( $item['name'] ) ) {
			$this->refuse( $key . '.name', __( 'This is not a text.', 'loyaltyd' ) );
		}
		$from = $this->time( $key . '.from', $item['from'] ?? '' );
		$to   = $this->time( $key . '.to', $item['to'] ?? '' );
		if ( null !== $from && null !== $to && $from >= $to ) {
			$this->refuse( $key . '.from', __( 'The campaign does not begin before it ends: swap the dates, or leave one out.', 'loyaltyd' ) );
		}
		if ( ! $this->only_one( $key, $item, array( 'points', 'multiplier' ) ) ) {
			return;
		}
		if ( array_key_exists( 'points', $item ) ) {
			$this->whole( $key . '.points', $item['points'], 0, PHP_INT_MAX );
		} elseif ( $this->rate( $key . '.multiplier', $item['multiplier'] ) && self::compare( $item['multiplier'], '1' ) < 0 ) {
			$this->refuse( $key . '.multiplier', __( 'A campaign adds points, so its multiplier is 1 or more; 2 doubles them.', 'loyaltyd' ) );
		}
	}

	/**
	 * @param string $key        Full.
	 * @param mixed  $rule       Any.
	 * @param bool   $of_product Whether fixed points are allowed.
	 */
	private function rule( string $key, $rule, bool $of_product ) {
		if ( ! $this->fields( $key, $rule, array( 'exclude', 'points', 'points_per_unit' ) ) ) {
			return;
		}
		if ( ! $of_product && array_key_exists( 'points', $rule ) ) {
			$this->refuse( $key . '.points', __( 'Fixed points are for products only: write points_per_unit.', 'loyaltyd' ) );
			return;
		}
		if ( ! $this->only_one( $key, $rule, $of_product ? array( 'exclude', 'points', 'points_per_unit' ) : array( 'exclude', 'points_per_unit' ) ) ) {
			return;
		}
		if ( array_key_exists( 'exclude', $rule ) && true !== $rule['exclude'] ) {
			$this->refuse( $key . '.exclude', __( 'This says nothing: write true, or remove the rule.', 'loyaltyd' ) );
		}
		foreach ( array( 'points', 'points_per_unit' ) as $name ) {
			if ( array_key_exists( $name, $rule ) ) {
				$this->rate( $key . '.' . $name, $rule[ $name ] );
			}
		}
	}

	/**
	 * @param string $key      Full.
	 * @param mixed  $status   Any.
	 * @param bool   $may_earn Whether it is in the list of those that earn; else of custom ones.
	 */
	private function status( string $key, $status, bool $may_earn ) {
		if ( ! is_string( $status ) || ! preg_match( '/^[a-z0-9_-]{1,20}$/D', $status ) || 0 === strpos( $status, 'wc-' ) ) {
			$this->refuse( $key, __( 'This is not a status: write its slug in small letters and without wc-, like on-hold.', 'loyaltyd' ) );
			return;
		}
		if ( $may_earn && in_array( $status, self::NEVER_EARN, true ) ) {
			/* translators: 1: status, 2: list of statuses. */
			$this->refuse( $key, sprintf( __( '%1$s can never earn: only %2$s and custom statuses can.', 'loyaltyd' ), $status, implode( ', ', self::MAY_EARN ) ) );
		}
		if ( ! $may_earn && in_array( $status, array_merge( self::MAY_EARN, self::NEVER_EARN ), true ) ) {
			/* translators: %s: status. */
			$this->refuse( $key, sprintf( __( '%s is not a custom status: choose it among the statuses that earn.', 'loyaltyd' ), $status ) );
		}
	}

	/**
	 * @param string $key   Full.
	 * @param mixed  $value Any.
	 * @return string|null The time as Y-m-d H:i:s; null when it is open or wrong.
	 */
	private function time( string $key, $value ): ?string {
		if ( '' === $value ) {
			return null;
		}
		$ok = is_string( $value ) && preg_match( '/^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/D', $value, $part )
			&& checkdate( (int) $part[2], (int) $part[3], (int) $part[1] )
			&& (int) ( $part[4] ?? 0 ) < 24 && (int) ( $part[5] ?? 0 ) < 60 && (int) ( $part[6] ?? 0 ) < 60;
		if ( ! $ok ) {
			$this->refuse( $key, __( 'This is not a date: write YYYY-MM-DD or YYYY-MM-DD HH:MM, in the site’s time.', 'loyaltyd' ) );
			return null;
		}
		return sprintf( '%s-%s-%s %s:%s:%s', $part[1], $part[2], $part[3], $part[4] ?? '00', $part[5] ?? '00', $part[6] ?? '00' );
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
	 * @param string $key   Full.
	 * @param mixed  $value Any.
	 */
	private function rate( string $key, $value ): bool {
		if ( ! $this->decimal( $key, $value ) ) {
			return false;
		}
		if ( self::compare( $value, self::MOST_RATE ) > 0 ) {
			/* translators: %s: highest number. */
			$this->refuse( $key, sprintf( __( 'This is more than %s: points for a large order would be too many to count.', 'loyaltyd' ), self::MOST_RATE ) );
			return false;
		}
		return true;
	}

	/**
	 * @param string $key   Full.
	 * @param mixed  $value Any.
	 */
	private function decimal( string $key, $value ): bool {
		$ok = is_string( $value ) && preg_match( '/^(0|[1-9]\d*)(?:\.(\d+))?$/D', $value, $part )
			&& strlen( $part[1] ) <= self::MOST_DIGITS && strlen( $part[2] ?? '' ) <= self::MOST_DIGITS;
		if ( ! $ok ) {
			$this->refuse( $key, __( 'Write a number of 0 or more, like 12 or 0.5, with a point and without separators.', 'loyaltyd' ) );
		}
		return $ok;
	}

	/**
	 * @param string            $key   Full.
	 * @param mixed             $item  Any.
	 * @param array<int,string> $names That it may have.
	 */
	private function fields( string $key, $item, array $names ): bool {
		if ( ! is_array( $item ) ) {
			/* translators: %s: list of keys. */
			$this->refuse( $key, sprintf( __( 'This needs the keys: %s.', 'loyaltyd' ), implode( ', ', $names ) ) );
			return false;
		}
		$ok = true;
		foreach ( array_keys( $item ) as $name ) {
			if ( ! in_array( (string) $name, $names, true ) ) {
				$this->unknown( $key . '.' . $name, (string) $name, $names );
				$ok = false;
			}
		}
		return $ok;
	}

	/**
	 * @param string              $key   Full.
	 * @param array<string,mixed> $item  A row.
	 * @param array<int,string>   $names That it must have.
	 */
	private function required( string $key, array $item, array $names ): bool {
		$missing = array_diff( $names, array_keys( $item ) );
		foreach ( $missing as $name ) {
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
