// Installs WordPress as its installer does; prints its version.
$settings = json_decode( getenv( 'TESTWP_INSTALL' ), true );

define( 'WP_INSTALLING', true );
$_SERVER['HTTP_HOST']   = parse_url( $settings['url'], PHP_URL_HOST ) . ':' . parse_url( $settings['url'], PHP_URL_PORT );
$_SERVER['REQUEST_URI'] = '/';
define( 'WP_SITEURL', $settings['url'] );

require getcwd() . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

add_filter( 'pre_wp_mail', '__return_true' );
wp_install( 'A little shop', $settings['user'], 'admin@shop.example', true, '', $settings['password'], $settings['locale'] );
update_option( 'siteurl', $settings['url'] );
update_option( 'home', $settings['url'] );
update_option( 'permalink_structure', '/%postname%/' );
update_option( 'show_avatars', 0 );
update_option( 'blog_public', 0 );
// By hand: update_option refuses a language without a language pack.
$wpdb->delete( $wpdb->options, array( 'option_name' => 'WPLANG' ) );
$wpdb->insert(
	$wpdb->options,
	array(
		'option_name'  => 'WPLANG',
		'option_value' => $settings['locale'],
	)
);
update_user_meta( 1, 'show_welcome_panel', 0 );
switch_theme( 'plain' );

echo wp_get_wp_version_of_file();

/** The version that the files are of. */
function wp_get_wp_version_of_file() {
	require ABSPATH . WPINC . '/version.php';
	return $wp_version;
}
