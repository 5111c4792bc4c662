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
	// By name: another plugin may have tables that begin with loyalty_ too.
	$own = array(
		'accounts',
		'checkpoints',
		'daemon',
		'daemon_state',
		'dirty',
		'entries',
		'entry_notes',
		'first_orders',
		'holds',
		'kept_orders',
		'migrations',
		'pairing',
		'period_customers',
		'period_earners',
		'points_daily',
		'points_history',
		'points_sources',
		'points_status',
		'product_categories',
		'product_rules',
		'programs',
		'redemptions',
		'report_state',
		'requests',
		'reused_orders',
		'seen_comments',
		'seen_coupons',
		'seen_orders',
		'seen_users',
		'seen_uses',
		'store_currencies',
		'todo',
		'top_earners',
		'writer',
	);
	foreach ( $own as $name ) {
		$table = $wpdb->prefix . 'loyalty_' . $name;
		$kind  = $wpdb->get_var( $wpdb->prepare( 'SELECT table_type FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s', $table ) );
		if ( null !== $kind ) {
			$wpdb->query( ( 'VIEW' === $kind ? 'DROP VIEW' : 'DROP TABLE' ) . ' IF EXISTS `' . $table . '`' ); // phpcs:ignore WordPress.DB
		}
	}
	foreach ( array( 'loyaltyd_key', 'loyaltyd_program', 'loyaltyd_remove_data' ) as $option ) {
		delete_option( $option );
	}
}

if ( ( defined( 'LOYALTYD_REMOVE_ALL_DATA' ) && true === LOYALTYD_REMOVE_ALL_DATA ) || 'yes' === get_option( 'loyaltyd_remove_data' ) ) {
	loyaltyd_remove_data();
}
