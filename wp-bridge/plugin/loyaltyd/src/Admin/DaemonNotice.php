<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Says on every tab when the daemon is not at work, and how to start it.
 */
final class DaemonNotice {

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Prints a notice if there is anything to say.
	 */
	public function show() {
		$daemon = $this->services->daemon();
		$state  = $daemon->state();
		// The tables of a copy tell of the other site's daemon, which is not heard of here.
		if ( $state['silent'] && $this->services->key()->is_copy() ) {
			echo '<div class="notice inline notice-warning" role="status"><p>' . esc_html( $this->services->key()->problem() ) . '</p>' . StatusCards::button( 'pair', __( 'Pair this site', 'loyaltyd' ) ) . '</div>'; // phpcs:ignore WordPress.Security.EscapeOutput -- safe markup.
		}
		if ( ! $state['present'] ) {
			Notices::show( Notices::WARNING, __( 'Nothing has been counted yet: the loyaltyd daemon has never run for this shop. Start it on the server with this command; the past orders are counted within minutes.', 'loyaltyd' ), self::command() );
			return;
		}
		if ( null === $state['age'] ) {
			Notices::show( Notices::WARNING, __( 'The loyaltyd daemon is not running. The figures are those of the last run by hand. To keep them up to date and let customers redeem points, start it on the server:', 'loyaltyd' ), self::command() );
			return;
		}
		if ( $state['silent'] ) {
			Notices::show(
				Notices::WARNING,
				sprintf(
					/* translators: %s: how long ago, such as 5 minutes ago. */
					__( 'The loyaltyd daemon was last heard of %s. The figures below are those of that time; nothing is lost, it catches up when it runs again. Start it on the server:', 'loyaltyd' ),
					Figures::ago( $state['age'] )
				),
				self::command()
			);
		}
	}

	/**
	 * Returns the command that starts the daemon for this site.
	 */
	public static function command(): string {
		return 'loyaltyd serve --wp-path ' . escapeshellarg( untrailingslashit( ABSPATH ) );
	}
}
