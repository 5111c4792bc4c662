<?php
/**
 * Loads the WordPress that runs beside the tests: withwp -- phpunit.
 *
 * @package Loyaltyd
 */

$loyaltyd_site = getenv( 'LOYALTYD_WP_DIR' );
if ( ! $loyaltyd_site ) {
	fwrite( STDERR, "These tests need a WordPress. In the checkout:\n  go run ./internal/testwp/cmd/withwp -- phpunit -c wp-bridge/tests/php\n" );
	exit( 2 );
}

// PHPUnit includes this file in a function; WordPress expects to be loaded
// where its globals are.
global $wpdb, $wp, $wp_query, $wp_the_query, $wp_rewrite, $wp_roles, $wp_locale, $wp_object_cache, $wp_filter, $wp_actions,
	$wp_taxonomies, $wp_post_types, $current_user, $pagenow, $wp_version, $wp_db_version, $required_php_version, $l10n, $wp_widget_factory, $wp_locale_switcher, $shortcode_tags;

$_SERVER['HTTP_HOST']   = (string) preg_replace( '~^https?://~', '', (string) getenv( 'LOYALTYD_WP_URL' ) );
$_SERVER['REQUEST_URI'] = '/';
require $loyaltyd_site . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
