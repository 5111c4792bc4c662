<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * Where the Loyalty page lives: under Coupons where there is such a menu,
 * beside WooCommerce's own Coupons under Marketing otherwise.
 */
final class Menu {

	const SLUG = 'loyaltyd';

	/**
	 * Adds the page once all other menus are there.
	 *
	 * @param string   $capability That the page needs.
	 * @param callable $render     Prints it.
	 * @return string|false The page's hook; false for a user who may not see it.
	 */
	public function add( string $capability, callable $render ) {
		$title  = __( 'Loyalty', 'loyaltyd' );
		$parent = $this->parent();
		if ( null === $parent ) {
			return add_menu_page( $title, $title, $capability, self::SLUG, $render, 'dashicons-awards', 56 );
		}
		return add_submenu_page( $parent, $title, $title, $capability, self::SLUG, $render, $this->position( $parent ) );
	}

	/**
	 * Returns the address of a tab. While the menu is not built, as in
	 * admin-post.php, it is one that WordPress leads to the page.
	 *
	 * @param string              $tab  Name; empty: the first.
	 * @param array<string,mixed> $more Further arguments.
	 */
	public static function url( string $tab = '', array $more = array() ): string {
		$url       = self::url_of_page();
		$arguments = ( '' === $tab ? array() : array( 'tab' => $tab ) ) + $more;
		return add_query_arg( array_map( 'rawurlencode', array_map( 'strval', array_filter( $arguments, 'is_scalar' ) ) ), $url );
	}

	/**
	 * Returns the address of the page.
	 */
	public static function url_of_page(): string {
		$url = did_action( 'admin_menu' ) ? html_entity_decode( (string) menu_page_url( self::SLUG, false ), ENT_QUOTES ) : '';
		return '' === $url ? admin_url( 'admin.php?page=' . self::SLUG ) : $url;
	}

	/**
	 * Returns the arguments that every GET form of the page has to carry.
	 *
	 * @return array<string,string>
	 */
	public static function arguments(): array {
		parse_str( (string) wp_parse_url( self::url(), PHP_URL_QUERY ), $arguments );
		return array_map( 'strval', array_filter( $arguments, 'is_scalar' ) );
	}

	/**
	 * Returns the slug of the menu to be under; null: none fits.
	 */
	private function parent(): ?string {
		global $menu;
		foreach ( (array) $menu as $entry ) {
			$slug = (string) ( $entry[2] ?? '' );
			if ( $this->is_coupons( (string) ( $entry[0] ?? '' ), $slug ) && ! $this->stands_below_another( $slug ) ) {
				return $slug;
			}
		}
		foreach ( array( 'woocommerce-marketing', 'woocommerce' ) as $slug ) {
			if ( in_array( $slug, array_column( (array) $menu, 2 ), true ) ) {
				return $slug;
			}
		}
		return null;
	}

	/**
	 * Says whether a top-level entry is a Coupons menu, such as that of
	 * Advanced Coupons.
	 *
	 * @param string $label With markup and counters.
	 * @param string $slug  Of the entry.
	 */
	private function is_coupons( string $label, string $slug ): bool {
		if ( in_array( $slug, array( 'acfw-admin', 'edit.php?post_type=shop_coupon', 'coupons' ), true ) ) {
			return true;
		}
		$label = trim( wp_strip_all_tags( (string) preg_replace( '/<span.*$/s', '', $label ) ) );
		$type  = get_post_type_object( 'shop_coupon' );
		return '' !== $label && in_array( $label, array( 'Coupons', $type ? $type->labels->name : 'Coupons' ), true );
	}

	/**
	 * Says whether a menu's own address stands below another menu too: WordPress
	 * then takes pages under it for that one's and refuses them.
	 *
	 * @param string $slug Of the menu.
	 */
	private function stands_below_another( string $slug ): bool {
		global $submenu;
		foreach ( (array) $submenu as $parent => $entries ) {
			if ( $parent !== $slug && in_array( $slug, array_column( (array) $entries, 2 ), true ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Returns the place right after WooCommerce's Coupons; null: the last.
	 *
	 * @param string $parent Slug of the menu.
	 */
	private function position( string $parent ): ?int {
		global $submenu;
		$slugs = array_column( $submenu[ $parent ] ?? array(), 2 );
		$at    = array_search( 'edit.php?post_type=shop_coupon', $slugs, true );
		return false === $at ? null : $at + 1;
	}
}
