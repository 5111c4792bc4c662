<?php
/**
 * What a web server's rewrite rules do for WordPress, for PHP's own server.
 */

$root = $_SERVER['DOCUMENT_ROOT'];
$path = rawurldecode( (string) parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH ) );
if ( strpos( $path, '..' ) !== false ) {
	http_response_code( 400 );
	return true;
}
if ( is_dir( $root . $path ) && is_file( $root . rtrim( $path, '/' ) . '/index.php' ) ) {
	if ( substr( $path, -1 ) !== '/' ) {
		header( 'Location: ' . $path . '/' );
		return true;
	}
	$path .= 'index.php';
}
if ( is_file( $root . $path ) && substr( $path, -4 ) !== '.php' ) {
	return false;
}
if ( ! is_file( $root . $path ) ) {
	$path = '/index.php';
}
$_SERVER['PHP_SELF']        = $path;
$_SERVER['SCRIPT_NAME']     = $path;
$_SERVER['SCRIPT_FILENAME'] = $root . $path;
chdir( dirname( $root . $path ) );
require $root . $path;
