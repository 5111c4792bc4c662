<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * What an action has to say on the page that follows it.
 */
final class Notices {

	const SUCCESS = 'success';
	const INFO    = 'info';
	const WARNING = 'warning';
	const ERROR   = 'error';

	/**
	 * Keeps a notice for the user's next page.
	 *
	 * @param string $kind One of the constants.
	 * @param string $text Plain.
	 */
	public static function keep( string $kind, string $text ) {
		$kept   = Draft::take( 'notices' ) ?? array();
		$kept[] = array( $kind, $text );
		Draft::keep( 'notices', $kept );
	}

	/**
	 * Prints what was kept and forgets it.
	 */
	public static function show_kept() {
		foreach ( Draft::take( 'notices' ) ?? array() as list( $kind, $text ) ) {
			self::show( $kind, $text );
		}
	}

	/**
	 * Prints a notice.
	 *
	 * @param string $kind    One of the constants.
	 * @param string $text    Plain.
	 * @param string $command To be typed in a terminal; may be empty.
	 */
	public static function show( string $kind, string $text, string $command = '' ) {
		printf( '<div class="notice inline notice-%s" role="%s"><p>%s</p>', esc_attr( $kind ), self::ERROR === $kind ? 'alert' : 'status', esc_html( $text ) );
		if ( '' !== $command ) {
			printf( '<p><code class="loyaltyd-command">%s</code></p>', esc_html( $command ) );
		}
		echo '</div>';
	}
}
