<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Bridge\BridgeError;

defined( 'ABSPATH' ) || exit;

/**
 * Status: the daemon, what it does when, how that went, and the key that it
 * shares with this site.
 */
final class Status extends Tab {

	/** What may be asked for: see the daemon's POST /v1/sync. */
	const MODES = array( 'increment', 'full' );

	/** Returns the tab's name in addresses. */
	public function name(): string {
		return 'status';
	}

	/** Returns what the tab is called. */
	public function title(): string {
		return __( 'Status', 'loyaltyd' );
	}

	/** Adds the actions. */
	public function register() {
		$this->action( 'sync', array( $this, 'sync' ) );
		$this->action( 'rotate', array( $this, 'rotate' ) );
		$this->action( 'pair', array( $this, 'pair' ) );
		add_action( 'admin_notices', array( $this, 'warn_of_copy' ) );
	}

	/**
	 * Has the daemon look for changes at once.
	 *
	 * @param array<string,mixed> $request Unslashed.
	 * @return string Where to go.
	 */
	public function sync( array $request ): string {
		$mode = self::text( $request, 'mode' );
		try {
			$answer = $this->services->client()->post( '/v1/sync', array( 'mode' => in_array( $mode, self::MODES, true ) ? $mode : self::MODES[0] ) );
		} catch ( BridgeError $e ) {
			/* translators: %s: a sentence that says what went wrong. */
			Notices::keep( Notices::ERROR, sprintf( __( 'The daemon did not sync: %s', 'loyaltyd' ), $e->getMessage() ) );
			return Menu::url( $this->name() );
		}
		$run = is_array( $answer['run'] ?? null ) ? $answer['run'] : null;
		if ( null === $run ) {
			Notices::keep( Notices::SUCCESS, __( 'The daemon is at work on it. Open this tab again in a moment to see the result.', 'loyaltyd' ) );
		} elseif ( empty( $run['ok'] ) ) {
			/* translators: %s: a sentence that says what went wrong. */
			Notices::keep( Notices::ERROR, sprintf( __( 'The sync did not succeed: %s', 'loyaltyd' ), (string) ( $run['message'] ?? '' ) ) );
		} else {
			$entries = (int) ( $run['figures']['entries'] ?? 0 );
			Notices::keep(
				Notices::SUCCESS,
				0 === $entries
					? __( 'Synced. Nothing had changed.', 'loyaltyd' )
					/* translators: %s: a number of entries. */
					: sprintf( _n( 'Synced. %s entry was made.', 'Synced. %s entries were made.', $entries, 'loyaltyd' ), Figures::points( $entries ) )
			);
		}
		return Menu::url( $this->name() );
	}

	/**
	 * Makes a new key.
	 *
	 * @return string Where to go.
	 */
	public function rotate(): string {
		if ( $this->services->key()->is_constant() ) {
			Notices::keep( Notices::ERROR, __( 'The key is a constant in wp-config.php: change it there (LOYALTYD_KEY, the old one as LOYALTYD_KEY_PREVIOUS).', 'loyaltyd' ) );
		} elseif ( $this->services->key()->is_copy() ) {
			Notices::keep( Notices::ERROR, $this->services->key()->problem() );
		} elseif ( $this->services->key()->rotate() ) {
			Notices::keep( Notices::SUCCESS, __( 'There is a new key. The old one is good for another 24 hours, so that nothing fails in between.', 'loyaltyd' ) );
		} else {
			Notices::keep( Notices::ERROR, __( 'There is no new key: somebody else made one at the same moment, or the database refused it. Try again.', 'loyaltyd' ) );
		}
		return Menu::url( $this->name() ) . '#loyaltyd-key';
	}

	/**
	 * Makes a copy of a site one of its own.
	 *
	 * @return string Where to go.
	 */
	public function pair(): string {
		if ( $this->services->key()->pair() ) {
			Notices::keep( Notices::SUCCESS, __( 'This site has a key of its own now. Run a loyaltyd daemon for it, never the one of the other site.', 'loyaltyd' ) );
		} else {
			Notices::keep( Notices::ERROR, __( 'The key is a constant in wp-config.php: change it there (LOYALTYD_KEY, the old one as LOYALTYD_KEY_PREVIOUS).', 'loyaltyd' ) );
		}
		return Menu::url( $this->name() ) . '#loyaltyd-key';
	}

	/**
	 * Says on WordPress's own dashboard that this site is a copy.
	 */
	public function warn_of_copy() {
		$screen = get_current_screen();
		if ( $screen && in_array( $screen->id, array( 'dashboard', 'plugins' ), true ) && current_user_can( \Loyaltyd\Plugin::capability() ) && $this->services->key()->is_copy() ) {
			printf(
				'<div class="notice notice-warning"><p>%s <a href="%s">%s</a></p></div>',
				esc_html( $this->services->key()->problem() ),
				esc_url( Menu::url( $this->name() ) ),
				esc_html__( 'Loyalty status', 'loyaltyd' )
			);
		}
	}

	/** Prints the tab. */
	public function render() {
		$live  = null;
		$error = null;
		try {
			$live = $this->services->client()->get( '/v1/status' );
		} catch ( BridgeError $e ) {
			$error = $e;
		}
		$facts = new StatusFacts( $this->services, $live, $error );
		$cards = new StatusCards( $this->services, $facts );
		$cards->brake();
		echo '<div class="loyaltyd-cards">';
		$cards->daemon();
		$cards->key();
		$cards->store();
		echo '</div>';
		$cards->jobs();
		$cards->runs();
		$cards->diagnostics();
	}
}
