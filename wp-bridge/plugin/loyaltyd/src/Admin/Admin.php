<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Plugin;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * The Loyalty page in wp-admin: its place in the menu, its tabs, its files.
 */
final class Admin {

	/** Also shown while WooCommerce is missing, to those who may turn plugins on. */
	const CAPABILITY_WITHOUT_SHOP = 'activate_plugins';

	/** @var Services */
	private $services;

	/** @var array<string,Tab> */
	private $tabs = array();

	/** @var Tab|null */
	private $current;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Adds the hooks of the page and of its tabs' actions.
	 */
	public function register() {
		if ( ! is_admin() ) {
			return;
		}
		foreach ( array( Dashboard::class, Customers::class, Settings::class, Status::class ) as $class ) {
			$tab                        = new $class( $this->services );
			$this->tabs[ $tab->name() ] = $tab;
			$tab->register();
		}
		// WooCommerce arranges its Marketing menu at 99.
		add_action( 'admin_menu', array( $this, 'add_page' ), 200 );
		add_filter( 'loyaltyd_admin_url', array( Menu::class, 'url_of_page' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( LOYALTYD_FILE ), array( $this, 'add_plugin_link' ) );
	}

	/**
	 * Adds the page to the menu.
	 */
	public function add_page() {
		$hook = ( new Menu() )->add( $this->has_shop() ? Plugin::capability() : self::CAPABILITY_WITHOUT_SHOP, array( $this, 'render' ) );
		if ( $hook ) {
			add_action( 'load-' . $hook, array( $this, 'prepare' ) );
		}
	}

	/**
	 * Reads the request before anything is printed.
	 */
	public function prepare() {
		add_action( 'admin_enqueue_scripts', array( $this, 'enqueue' ) );
		if ( ! $this->has_shop() ) {
			return;
		}
		$name          = isset( $_GET['tab'] ) && is_string( $_GET['tab'] ) ? sanitize_key( $_GET['tab'] ) : ''; // phpcs:ignore WordPress.Security.NonceVerification
		$this->current = $this->tabs[ $name ] ?? reset( $this->tabs );
		$this->current->prepare();
	}

	/**
	 * Adds the page's files.
	 */
	public function enqueue() {
		$folder = plugins_url( 'assets/', LOYALTYD_FILE );
		wp_enqueue_style( 'loyaltyd-admin', $folder . 'admin.css', array(), LOYALTYD_VERSION );
		$needs = array( 'wp-i18n', 'wp-api-fetch' );
		if ( $this->current instanceof Dashboard ) {
			wp_enqueue_style( 'loyaltyd-uplot', $folder . 'vendor/uplot/uPlot.min.css', array(), '1.6.32' );
			wp_register_script( 'loyaltyd-uplot', $folder . 'vendor/uplot/uPlot.iife.min.js', array(), '1.6.32', true );
			$needs[] = 'loyaltyd-uplot';
		}
		wp_enqueue_script( 'loyaltyd-admin', $folder . 'admin.js', $needs, LOYALTYD_VERSION, true );
		wp_set_script_translations( 'loyaltyd-admin', 'loyaltyd', dirname( LOYALTYD_FILE ) . '/languages' );
	}

	/**
	 * Prints the page.
	 */
	public function render() {
		echo '<div class="wrap loyaltyd"><h1 class="wp-heading-inline">' . esc_html__( 'Loyalty', 'loyaltyd' ) . '</h1><hr class="wp-header-end">';
		if ( ! $this->current ) {
			Notices::show( Notices::WARNING, __( 'Loyalty points need WooCommerce, which is not active on this site. Activate it under Plugins; points that were already counted are kept.', 'loyaltyd' ) );
			echo '</div>';
			return;
		}
		echo '<nav class="nav-tab-wrapper" aria-label="' . esc_attr__( 'Loyalty', 'loyaltyd' ) . '">';
		foreach ( $this->tabs as $name => $tab ) {
			$is_current = $tab === $this->current;
			printf(
				'<a class="nav-tab%s" href="%s"%s>%s</a>',
				$is_current ? ' nav-tab-active' : '',
				esc_url( Menu::url( $name ) ),
				$is_current ? ' aria-current="page"' : '',
				esc_html( $tab->title() )
			);
		}
		echo '</nav>';
		Notices::show_kept();
		( new DaemonNotice( $this->services ) )->show();
		$this->current->render();
		echo '</div>';
	}

	/**
	 * Adds a link to the settings in the list of plugins.
	 *
	 * @param array<int|string,string> $links Of the plugin.
	 * @return array<int|string,string>
	 */
	public function add_plugin_link( $links ) {
		array_unshift( $links, sprintf( '<a href="%s">%s</a>', esc_url( Menu::url( 'settings' ) ), esc_html__( 'Settings', 'loyaltyd' ) ) );
		return $links;
	}

	/**
	 * Says whether WooCommerce is at work.
	 */
	private function has_shop(): bool {
		return class_exists( 'WooCommerce' );
	}
}
