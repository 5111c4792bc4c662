<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * The statuses of orders that the settings offer, as WooCommerce knows them.
 */
final class OrderStatuses {

	const MAY_EARN = array( 'pending', 'processing', 'on-hold', 'completed' );

	const NEVER = array( 'cancelled', 'refunded', 'failed', 'checkout-draft', 'draft', 'trash', 'auto-draft' );

	/**
	 * Returns WooCommerce's own statuses that may earn, by slug without wc-.
	 *
	 * @return array<string,string>
	 */
	public static function that_may_earn(): array {
		return array_intersect_key( self::all(), array_flip( self::MAY_EARN ) );
	}

	/**
	 * Returns the statuses that other plugins added, by slug without wc-.
	 *
	 * @return array<string,string>
	 */
	public static function custom(): array {
		return array_diff_key( self::all(), array_flip( array_merge( self::MAY_EARN, self::NEVER ) ) );
	}

	/**
	 * @return array<string,string>
	 */
	private static function all(): array {
		$all = array();
		foreach ( function_exists( 'wc_get_order_statuses' ) ? wc_get_order_statuses() : array() as $slug => $label ) {
			$all[ (string) preg_replace( '/^wc-/', '', $slug ) ] = (string) $label;
		}
		return $all;
	}
}
