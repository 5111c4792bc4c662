<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * Days of the site, both ends included.
 */
final class Range {

	/** @var string Name of a period; custom for a range that people typed. */
	public $name;

	/** @var string|null First day as Y-m-d; null: from the beginning. */
	public $from;

	/** @var string|null Last day as Y-m-d; null: without end. */
	public $to;

	/** @var string For people. */
	public $label;

	/**
	 * @param string      $name  Of the period.
	 * @param string|null $from  First day.
	 * @param string|null $to    Last day.
	 * @param string      $label For people.
	 */
	public function __construct( string $name, ?string $from, ?string $to, string $label ) {
		$this->name  = $name;
		$this->from  = $from;
		$this->to    = $to;
		$this->label = $label;
	}

	/**
	 * Returns the first instant of the range, as UTC text for SQL, or null.
	 */
	public function starts_at(): ?string {
		return null === $this->from ? null : self::instant( $this->from );
	}

	/**
	 * Returns the first instant after the range, as UTC text for SQL, or null.
	 */
	public function ends_before(): ?string {
		return null === $this->to ? null : self::instant( self::next( $this->to ) );
	}

	/**
	 * Returns the day after one.
	 *
	 * @param string $day Y-m-d.
	 */
	public static function next( string $day ): string {
		return gmdate( 'Y-m-d', strtotime( $day . ' 00:00:00 UTC' ) + DAY_IN_SECONDS );
	}

	/**
	 * Returns the first instant of a day of the site, as UTC text. Where clocks
	 * skip midnight that is the moment of the jump, where they show it twice the
	 * first of the two.
	 *
	 * @param string $day Y-m-d.
	 */
	public static function instant( string $day ): string {
		$zone = wp_timezone();
		$wall = strtotime( $day . ' 00:00:00 UTC' );
		$from = $wall - 2 * DAY_IN_SECONDS;
		$offsets = array( $from => $zone->getOffset( new \DateTimeImmutable( '@' . $from ) ) );
		$changes = $zone->getTransitions( $from, $wall + 2 * DAY_IN_SECONDS );
		foreach ( is_array( $changes ) ? $changes : array() as $change ) {
			$offsets[ $change['ts'] ] = $change['offset'];
		}
		ksort( $offsets );
		$begins = array_keys( $offsets );
		foreach ( $begins as $i => $begin ) {
			$at = max( $begin, $wall - $offsets[ $begin ] );
			if ( ! isset( $begins[ $i + 1 ] ) || $at < $begins[ $i + 1 ] ) {
				return gmdate( 'Y-m-d H:i:s', $at );
			}
		}
		return gmdate( 'Y-m-d H:i:s', $wall );
	}
}
