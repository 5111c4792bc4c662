<?php
/**
 * What shoppers see of the programme.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Hooks every part of the shop's front into WordPress and WooCommerce.
 */
final class Shop {

	/** @var Services */
	private $services;

	/** @param Services $services Shared objects. */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Registers the hooks of all parts.
	 */
	public function register(): void {
		$estimates  = new Estimates( $this->services );
		$redeeming  = new Redeeming( $this->services );
		$parts      = array(
			new Assets(),
			new MyAccount( $this->services ),
			new RedeemRequests( $redeeming ),
			new CartRedeem( $this->services ),
			new ProductPoints( $estimates ),
			new CartPoints( $estimates ),
			new OrderPoints( $this->services, $estimates ),
			new EarnRoutes( $estimates ),
			new Blocks( $this->services, $redeeming, $estimates ),
		);
		foreach ( $parts as $part ) {
			$part->register();
		}
	}

	/**
	 * Makes the address of My Account > Points known; on activation only.
	 */
	public static function activate(): void {
		MyAccount::add_address();
		flush_rewrite_rules();
	}

	/**
	 * Forgets that address.
	 */
	public static function deactivate(): void {
		MyAccount::remove_address();
		flush_rewrite_rules();
	}
}
