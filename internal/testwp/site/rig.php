<?php
/**
 * Plugin Name: Test rig
 * Description: Keeps the site to itself, signs test browsers in and counts queries.
 */

// No request leaves the machine.
add_filter(
	'pre_http_request',
	function ( $answer, $arguments, $url ) {
		$host = (string) parse_url( $url, PHP_URL_HOST );
		if ( in_array( $host, array( 'localhost', 'loyaltyd', '[::1]' ), true ) || strpos( $host, '127.' ) === 0 ) {
			return $answer;
		}
		if ( 'api.wordpress.org' === $host ) {
			// It has nothing new.
			return array(
				'headers'  => array(),
				'body'     => '{"offers":[],"plugins":[],"themes":[],"no_update":[],"translations":[]}',
				'response' => array(
					'code'    => 200,
					'message' => 'OK',
				),
				'cookies'  => array(),
				'filename' => null,
			);
		}
		return new WP_Error( 'http_request_not_executed', 'This site is on its own.' );
	},
	10,
	3
);
// Mail stays here too; tests read it, see Mail.
add_filter(
	'pre_wp_mail',
	function ( $sent, $mail ) {
		file_put_contents( TESTWP_MAIL, wp_json_encode( $mail ) . "\n", FILE_APPEND | LOCK_EX );
		return true;
	},
	10,
	2
);
add_filter( 'automatic_updater_disabled', '__return_true' );

// No pictures for emoji: they come from another host.
function testwp_without_emoji_pictures() {
	remove_action( 'admin_print_scripts', 'print_emoji_detection_script' );
	remove_action( 'wp_head', 'print_emoji_detection_script', 7 );
	foreach ( array( 'wp', 'admin' ) as $where ) {
		remove_action( $where . '_print_styles', 'print_emoji_styles' );
		remove_action( $where . '_enqueue_scripts', 'wp_enqueue_emoji_styles' );
	}
}
add_action( 'init', 'testwp_without_emoji_pictures' );
add_action( 'admin_init', 'testwp_without_emoji_pictures' );

// A test browser signs in by an address, see SignIn.
add_action(
	'init',
	function () {
		// phpcs:disable WordPress.Security.NonceVerification
		if ( ! isset( $_GET['testwp_user'], $_GET['testwp_key'], $_GET['testwp_to'] ) || ! hash_equals( TESTWP_KEY, (string) $_GET['testwp_key'] ) ) {
			return;
		}
		wp_clear_auth_cookie();
		wp_set_current_user( (int) $_GET['testwp_user'] );
		if ( (int) $_GET['testwp_user'] > 0 ) {
			wp_set_auth_cookie( (int) $_GET['testwp_user'], true );
		}
		wp_safe_redirect( home_url( wp_unslash( $_GET['testwp_to'] ) ) );
		exit;
	},
	1
);

// One line for each request: its address and the queries it made.
register_shutdown_function(
	function () {
		global $wpdb;
		if ( PHP_SAPI === 'cli' || empty( $wpdb->queries ) ) {
			return;
		}
		$line = array(
			'method'  => $_SERVER['REQUEST_METHOD'],
			'uri'     => $_SERVER['REQUEST_URI'],
			'queries' => array_column( $wpdb->queries, 0 ),
		);
		file_put_contents( TESTWP_QUERIES, json_encode( $line, JSON_INVALID_UTF8_SUBSTITUTE ) . "\n", FILE_APPEND | LOCK_EX );
	}
);
