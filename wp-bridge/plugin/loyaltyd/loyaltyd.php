<?php
/**
 * Plugin Name:       Loyaltyd: points and rewards
 * Description:       Loyalty points for WooCommerce: what customers earned, what they may spend, and why. The arithmetic is done by the loyaltyd daemon beside your shop, so that no page becomes slower.
 * Version:           0.0.0-dev
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * Author:            The loyaltyd authors
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       loyaltyd
 * Domain Path:       /languages
 * Update URI:        false
 * WC requires at least: 7.1
 * WC tested up to:   10.9
 *
 * This file must stay readable for old versions of PHP: it says what is too
 * old instead of breaking the site.
 *
 * @package Loyaltyd
 */

defined( 'ABSPATH' ) || exit;

define( 'LOYALTYD_VERSION', '0.0.0-dev' );
define( 'LOYALTYD_FILE', __FILE__ );
define( 'LOYALTYD_MIN_PHP', '7.4' );
define( 'LOYALTYD_MIN_WP', '6.1' );

if ( version_compare( PHP_VERSION, LOYALTYD_MIN_PHP, '<' ) || version_compare( get_bloginfo( 'version' ), LOYALTYD_MIN_WP, '<' ) ) {
	add_action( 'admin_notices', 'loyaltyd_too_old' );
	return;
}

/**
 * Says which versions are needed.
 */
function loyaltyd_too_old() {
	if ( ! current_user_can( 'activate_plugins' ) ) {
		return;
	}
	/* translators: 1: PHP version needed, 2: WordPress version needed, 3: PHP version here, 4: WordPress version here. */
	$text = __( 'Loyaltyd needs PHP %1$s and WordPress %2$s or newer. This site has PHP %3$s and WordPress %4$s, so the plugin does nothing.', 'loyaltyd' );
	echo '<div class="notice notice-error"><p>' . esc_html( sprintf( $text, LOYALTYD_MIN_PHP, LOYALTYD_MIN_WP, PHP_VERSION, get_bloginfo( 'version' ) ) ) . '</p></div>';
}

/**
 * Loads a class of the plugin from src.
 *
 * @param string $class Name with its namespace.
 */
function loyaltyd_autoload( $class ) {
	if ( strpos( $class, 'Loyaltyd\\' ) !== 0 ) {
		return;
	}
	$file = __DIR__ . '/src/' . str_replace( '\\', '/', substr( $class, 9 ) ) . '.php';
	if ( is_file( $file ) ) {
		require $file;
	}
}

spl_autoload_register( 'loyaltyd_autoload' );

register_activation_hook( __FILE__, array( 'Loyaltyd\Plugin', 'activate' ) );
register_deactivation_hook( __FILE__, array( 'Loyaltyd\Plugin', 'deactivate' ) );

Loyaltyd\Plugin::boot();
