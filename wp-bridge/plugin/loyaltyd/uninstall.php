<?php
/**
 * Removes the plugin. Points are kept, unless the shop said otherwise: with
 * define( 'LOYALTYD_REMOVE_ALL_DATA', true ) in wp-config.php, or the option
 * loyaltyd_remove_data set to yes.
 *
 * @package Loyaltyd
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

wp_clear_scheduled_hook( 'loyaltyd_heal' );
delete_transient( 'loyaltyd_unreachable' );
delete_option( 'loyaltyd_version' );

/**
 * Removes all that loyaltyd keeps for the current site. Coupons stay: they are
 * the shop's.
 */
function loyaltyd_remove_data() {
	global $wpdb;
	$like    = $wpdb->esc_like( $wpdb->prefix . 'loyalty_' ) . '%';
	$objects = $wpdb->get_results( $wpdb->prepare( 'SELECT table_name AS name, table_type AS kind FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE %s', $like ) );
	foreach ( $objects as $object ) {
		if ( preg_match( '/^[A-Za-z0-9_$]+$/D', $object->name ) ) {
			$wpdb->query( ( 'VIEW' === $object->kind ? 'DROP VIEW' : 'DROP TABLE' ) . ' IF EXISTS `' . $object->name . '`' ); // phpcs:ignore WordPress.DB
		}
	}
	foreach ( array( 'loyaltyd_key', 'loyaltyd_program', 'loyaltyd_remove_data' ) as $option ) {
		delete_option( $option );
	}
}

if ( ( defined( 'LOYALTYD_REMOVE_ALL_DATA' ) && true === LOYALTYD_REMOVE_ALL_DATA ) || 'yes' === get_option( 'loyaltyd_remove_data' ) ) {
	loyaltyd_remove_data();
}
