<?php
/**
 * My Account > Points in WooCommerce's menus.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Adds the endpoint, its title and its menu item.
 */
final class MyAccount {

	/** The endpoint, also its default address. */
	public const ENDPOINT = 'loyalty-points';

	/** @var Services */
	private $services;

	/** @param Services $services Shared objects. */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/** Registers the hooks. */
	public function register(): void {
		add_filter( 'woocommerce_get_query_vars', array( self::class, 'query_vars' ) );
		add_filter( 'woocommerce_account_menu_items', array( $this, 'menu' ) );
		add_filter( 'woocommerce_endpoint_' . self::ENDPOINT . '_title', array( $this, 'title' ) );
		add_action( 'woocommerce_account_' . self::ENDPOINT . '_endpoint', array( $this, 'show' ) );
	}

	/** The address of the page. */
	public static function url(): string {
		return wc_get_endpoint_url( self::ENDPOINT, '', wc_get_page_permalink( 'myaccount' ) );
	}

	/** Adds the page's rewrite rule: on activation WooCommerce has added its own already. */
	public static function add_address(): void {
		$mask = function_exists( 'WC' ) && isset( WC()->query ) ? WC()->query->get_endpoints_mask() : EP_PAGES;
		add_rewrite_endpoint( self::ENDPOINT, $mask );
	}

	/** Takes the rewrite rule out of the rules of this request. */
	public static function remove_address(): void {
		global $wp_rewrite;
		remove_filter( 'woocommerce_get_query_vars', array( self::class, 'query_vars' ) );
		$wp_rewrite->endpoints = array_filter(
			(array) $wp_rewrite->endpoints,
			static function ( $endpoint ) {
				return self::ENDPOINT !== $endpoint[1];
			}
		);
	}

	/**
	 * Adds the endpoint to WooCommerce's.
	 *
	 * @param array $vars Endpoint => address.
	 */
	public static function query_vars( $vars ): array {
		return array( self::ENDPOINT => self::ENDPOINT ) + (array) $vars;
	}

	/**
	 * Adds the menu item after Orders; at the end, before logging out, where
	 * there are none.
	 *
	 * @param array $items Endpoint => label.
	 */
	public function menu( $items ): array {
		$items = (array) $items;
		$mine  = array( self::ENDPOINT => __( 'Points', 'loyaltyd' ) );
		$names = array_keys( $items );
		$after = array_search( 'orders', $names, true );
		$last  = array_search( 'customer-logout', $names, true );
		$place = false !== $after ? $after + 1 : ( false !== $last ? $last : count( $items ) );
		return array_slice( $items, 0, $place, true ) + $mine + array_slice( $items, $place, null, true );
	}

	/** The page's title. */
	public function title(): string {
		return __( 'Points', 'loyaltyd' );
	}

	/**
	 * Prints the page.
	 *
	 * @param mixed $page Page of the history, as in the address.
	 */
	public function show( $page ): void {
		$user = get_current_user_id();
		if ( $user > 0 ) {
			( new AccountPage( $this->services, $user ) )->render( is_scalar( $page ) ? max( 1, min( 1000000, (int) $page ) ) : 1 );
		}
	}
}
