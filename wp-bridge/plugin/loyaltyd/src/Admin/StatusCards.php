<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * The cards of the Status tab.
 */
final class StatusCards {

	/** @var Services */
	private $services;

	/** @var StatusFacts */
	private $facts;

	/**
	 * @param Services    $services Shared objects.
	 * @param StatusFacts $facts    To show.
	 */
	public function __construct( Services $services, StatusFacts $facts ) {
		$this->services = $services;
		$this->facts    = $facts;
	}

	/**
	 * Prints a notice when the daemon held back a large deduction.
	 */
	public function brake() {
		$brake = $this->facts->about( 'brake' );
		if ( ! $brake ) {
			return;
		}
		Notices::show(
			Notices::ERROR,
			sprintf(
				/* translators: 1: number of points, 2: number of entries, 3: number of customers, 4: what the daemon saw. */
				__( 'The daemon holds back a deduction of %1$s points (%2$s entries, %3$s customers), because it is unusually large: %4$s Nothing was taken. If it is right, accept it on the server:', 'loyaltyd' ),
				Figures::points( (int) ( $brake['points'] ?? 0 ) ),
				Figures::points( (int) ( $brake['entries'] ?? 0 ) ),
				Figures::points( (int) ( $brake['accounts'] ?? 0 ) ),
				rtrim( (string) ( $brake['reason'] ?? '' ), '.' ) . '.'
			),
			'loyaltyd sync --wp-path ' . escapeshellarg( untrailingslashit( ABSPATH ) ) . ' --accept ' . escapeshellarg( (string) ( $brake['plan'] ?? '' ) )
		);
	}

	/**
	 * Prints what the daemon is and where.
	 */
	public function daemon() {
		$state = $this->services->daemon()->state();
		$lines = array( array( __( 'State', 'loyaltyd' ), $this->state() ) );
		if ( '' !== $this->facts->problem() && $this->services->key()->is_paired() ) {
			$lines[] = array( __( 'Problem', 'loyaltyd' ), esc_html( $this->facts->problem() ) );
		}
		$version = '' === $this->facts->version() ? '–' : $this->facts->version();
		$lines[] = array( __( 'Daemon', 'loyaltyd' ), esc_html( $version ) );
		$lines[] = array( __( 'Plugin', 'loyaltyd' ), esc_html( LOYALTYD_VERSION ) . ( '–' === $version ? '' : '<br>' . $this->match() ) );
		$lines[] = array( __( 'Address', 'loyaltyd' ), '' === $state['address'] ? '–' : '<code>' . esc_html( $state['address'] ) . '</code>' );
		if ( null !== $state['age'] ) {
			$lines[] = array( __( 'Last heard of', 'loyaltyd' ), esc_html( Figures::ago( $state['age'] ) ) );
		}
		if ( $this->facts->is_live() ) {
			$lines[] = array( __( 'Writes the ledger', 'loyaltyd' ), esc_html( $this->facts->live( 'leads' ) ? __( 'Yes', 'loyaltyd' ) : __( 'No: another daemon does; this one stands by.', 'loyaltyd' ) ) );
			$lines[] = array( __( 'Running for', 'loyaltyd' ), esc_html( human_time_diff( 0, max( 1, (int) $this->facts->live( 'uptime_seconds' ) ) ) ) );
			$lag     = $this->facts->live( 'lag_seconds' );
			$lines[] = array( __( 'Behind the shop by', 'loyaltyd' ), esc_html( null === $lag ? '–' : human_time_diff( 0, max( 1, (int) $lag ) ) ) );
		}
		$this->lines(
			'daemon',
			__( 'Daemon', 'loyaltyd' ),
			$lines,
			'<p>' . esc_html__( 'Changes reach the daemon by themselves within seconds. Here you can have it look at once.', 'loyaltyd' ) . '</p><div class="loyaltyd-buttons">'
				. self::button( 'sync', __( 'Sync now', 'loyaltyd' ), array( 'mode' => 'increment' ) )
				. self::button( 'sync', __( 'Look at everything again', 'loyaltyd' ), array( 'mode' => 'full' ) ) . '</div>'
		);
	}

	/**
	 * Prints the key and what can be done with it.
	 */
	public function key() {
		$key     = $this->services->key();
		$pairing = $this->services->daemon()->pairing();
		$origins = array(
			'constant' => __( 'Constant in wp-config.php', 'loyaltyd' ),
			'option'   => __( 'Made by the plugin', 'loyaltyd' ),
			'none'     => __( 'None yet', 'loyaltyd' ),
		);
		$lines = array(
			array( __( 'Kind', 'loyaltyd' ), esc_html( $origins[ $key->origin() ] ?? $key->origin() ) ),
			array( __( 'Name of the key', 'loyaltyd' ), '' === $key->id() ? '–' : '<code>' . esc_html( $key->id() ) . '</code>' ),
			array( __( 'Last accepted', 'loyaltyd' ), '' === $pairing['key_id'] ? '–' : '<code>' . esc_html( $pairing['key_id'] ) . '</code>' ),
		);
		foreach ( array_unique( array_filter( array( $key->problem(), $pairing['key_problem'] ) ) ) as $problem ) {
			$lines[] = array( __( 'Problem', 'loyaltyd' ), esc_html( $problem ) );
		}
		if ( $pairing['rotate_asked'] ) {
			$lines[] = array( __( 'Renewal', 'loyaltyd' ), esc_html__( 'Asked for on the server; it happens with the next request.', 'loyaltyd' ) );
		}
		if ( $key->is_constant() ) {
			$more = '<p>' . esc_html__( 'The key is a constant in wp-config.php: change it there (LOYALTYD_KEY, the old one as LOYALTYD_KEY_PREVIOUS).', 'loyaltyd' ) . '</p>';
			$this->lines( 'key', __( 'Key', 'loyaltyd' ), $lines, $more );
			return;
		}
		$is_copy = $key->is_copy();
		$this->lines( 'key', __( 'Key', 'loyaltyd' ), $lines, self::button( $is_copy ? 'pair' : 'rotate', $is_copy ? __( 'Pair this site', 'loyaltyd' ) : __( 'Make a new key', 'loyaltyd' ) ) );
	}

	/**
	 * Prints what the daemon sees of the store.
	 */
	public function store() {
		$store = $this->facts->about( 'store' );
		if ( ! $store ) {
			return;
		}
		$lines = array(
			array( __( 'Currency', 'loyaltyd' ), esc_html( (string) ( $store['currency'] ?? '' ) ) ),
			array( __( 'Time zone', 'loyaltyd' ), esc_html( (string) ( $store['timezone'] ?? '' ) ) ),
		);
		$skipped = (int) ( $store['skipped_currency'] ?? 0 );
		if ( $skipped > 0 ) {
			$lines[] = array(
				__( 'Left out', 'loyaltyd' ),
				/* translators: %s: a number of orders. */
				esc_html( sprintf( _n( '%s order in a currency without a rate.', '%s orders in a currency without a rate.', $skipped, 'loyaltyd' ), Figures::points( $skipped ) ) ) . ' <a href="' . esc_url( Menu::url( 'settings' ) . '#loyaltyd-earn-purchase-currencies' ) . '">' . esc_html__( 'Give one', 'loyaltyd' ) . '</a>',
			);
		}
		$problems = is_array( $store['problems'] ?? null ) ? array_filter( $store['problems'], 'is_string' ) : array();
		$lines[]  = array( __( 'Problems', 'loyaltyd' ), $problems ? self::bullets( $problems ) : esc_html__( 'None', 'loyaltyd' ) );
		$this->lines( 'store', __( 'Store', 'loyaltyd' ), $lines );
	}

	/**
	 * Prints what runs when.
	 */
	public function jobs() {
		$schedule = $this->facts->about( 'schedule' );
		$jobs     = $this->facts->about( 'jobs' );
		$names    = array(
			'sync'   => __( 'Look for changes', 'loyaltyd' ),
			'sweep'  => __( 'Look through everything', 'loyaltyd' ),
			'expire' => __( 'Let points expire', 'loyaltyd' ),
			'verify' => __( 'Prove the books', 'loyaltyd' ),
		);
		if ( ! $schedule && ! $jobs ) {
			return;
		}
		$rows = array();
		foreach ( $names as $job => $name ) {
			if ( 'expire' === $job && ! isset( $jobs[ $job ]['last_success'] ) && ! isset( $jobs[ $job ]['next'] ) ) {
				continue; // Nothing expires.
			}
			$rows[] = array(
				esc_html( $name ),
				'<code>' . esc_html( (string) ( $schedule[ $job ] ?? '–' ) ) . '</code>',
				self::time( $jobs[ $job ]['last_success'] ?? null ),
				$this->facts->is_live() ? self::next( $jobs[ $job ]['next'] ?? null ) : '–',
			);
		}
		$this->table( 'jobs', __( 'Schedules', 'loyaltyd' ), array( __( 'Job', 'loyaltyd' ), __( 'Schedule', 'loyaltyd' ), __( 'Last success', 'loyaltyd' ), __( 'Next', 'loyaltyd' ) ), $rows );
	}

	/**
	 * Prints how the last runs went.
	 */
	public function runs() {
		$runs  = $this->facts->about( 'runs' );
		$names = array(
			'increment' => __( 'Look for changes', 'loyaltyd' ),
			'sweep'     => __( 'Look through everything', 'loyaltyd' ),
			'full'      => __( 'Full sync', 'loyaltyd' ),
			'verify'    => __( 'Prove the books', 'loyaltyd' ),
		);
		$rows = array();
		foreach ( $names as $kind => $name ) {
			$run = $runs[ $kind ] ?? null;
			if ( ! is_array( $run ) ) {
				continue;
			}
			$rows[] = array( esc_html( $name ), self::time( $run['started'] ?? null ), esc_html( self::took( $run ) ), self::outcome( $run ) );
		}
		if ( $rows ) {
			$this->table( 'runs', __( 'Last runs', 'loyaltyd' ), array( __( 'Run', 'loyaltyd' ), __( 'Began', 'loyaltyd' ), __( 'Took', 'loyaltyd' ), __( 'Result', 'loyaltyd' ) ), $rows );
		}
	}

	/**
	 * Prints text to copy into a request for help.
	 */
	public function diagnostics() {
		$this->open( 'diagnostics', __( 'For a request for help', 'loyaltyd' ) );
		echo '<p><label for="loyaltyd-diagnostics-text">' . esc_html__( 'Copy this text into your message. It holds no key, no password and no customer.', 'loyaltyd' ) . '</label></p>';
		printf( '<p><textarea id="loyaltyd-diagnostics-text" class="loyaltyd-diagnostics" rows="8" readonly>%s</textarea></p>', esc_textarea( $this->facts->text() ) );
		echo '<p><button type="button" class="button" data-copy="loyaltyd-diagnostics-text" hidden>' . esc_html__( 'Copy', 'loyaltyd' ) . '</button></p></section>';
	}

	/**
	 * Returns whether the daemon is at work, as safe markup.
	 */
	private function state(): string {
		$state = $this->services->daemon()->state();
		if ( $this->facts->is_live() ) {
			return '<span class="loyaltyd-state">' . esc_html__( 'At work', 'loyaltyd' ) . '</span>';
		}
		if ( ! $state['present'] || null === $state['age'] ) {
			$text = __( 'Never ran', 'loyaltyd' );
		} else {
			$text = $state['silent'] ? __( 'Silent', 'loyaltyd' ) : __( 'At work, but cannot be reached', 'loyaltyd' );
		}
		return '<span class="loyaltyd-state is-bad">' . esc_html( $text ) . '</span>';
	}

	/**
	 * Returns whether the versions match, as safe markup.
	 */
	private function match(): string {
		if ( $this->facts->is_development() ) {
			return esc_html__( 'A development version: not compared', 'loyaltyd' );
		}
		return $this->facts->versions_match()
			? '<span class="loyaltyd-state">' . esc_html__( 'Same version as the daemon', 'loyaltyd' ) . '</span>'
			: '<span class="loyaltyd-state is-bad">' . esc_html__( 'Not the daemon’s version: update the older one', 'loyaltyd' ) . '</span>';
	}

	/**
	 * Returns how a run ended, as safe markup.
	 *
	 * @param array<string,mixed> $run Of the daemon.
	 */
	private static function outcome( array $run ): string {
		$is_ok    = ! empty( $run['ok'] );
		$markup   = sprintf( '<span class="loyaltyd-state%s">%s</span>', $is_ok ? '' : ' is-bad', esc_html( $is_ok ? __( 'Well', 'loyaltyd' ) : __( 'Failed', 'loyaltyd' ) ) );
		$findings = is_array( $run['findings'] ?? null ) ? array_filter( $run['findings'], 'is_string' ) : array();
		$figures  = is_array( $run['figures'] ?? null ) ? array_filter( $run['figures'], 'is_int' ) : array();
		if ( '' !== (string) ( $run['message'] ?? '' ) ) {
			$markup .= '<br>' . esc_html( (string) $run['message'] );
		}
		if ( $findings ) {
			$markup .= self::bullets( $findings );
		}
		$known = array_filter(
			array(
				__( 'orders', 'loyaltyd' )    => $figures['orders'] ?? 0,
				__( 'comments', 'loyaltyd' )  => $figures['comments'] ?? 0,
				__( 'users', 'loyaltyd' )     => $figures['users'] ?? 0,
				__( 'entries', 'loyaltyd' )   => $figures['entries'] ?? 0,
				__( 'problems', 'loyaltyd' )  => $figures['problems'] ?? 0,
			)
		);
		$texts = array();
		foreach ( $known as $name => $number ) {
			$texts[] = Figures::points( $number ) . ' ' . $name;
		}
		return $markup . ( $texts ? '<span class="loyaltyd-about">' . esc_html( implode( ', ', $texts ) ) . '</span>' : '' );
	}

	/**
	 * @param array<string,mixed> $run Of the daemon.
	 */
	private static function took( array $run ): string {
		$from = isset( $run['started'] ) ? strtotime( (string) $run['started'] ) : false;
		$to   = isset( $run['finished'] ) ? strtotime( (string) $run['finished'] ) : false;
		if ( ! $from || ! $to ) {
			return '–';
		}
		return $to - $from < 1 ? __( 'less than a second', 'loyaltyd' ) : human_time_diff( $from, $to );
	}

	/**
	 * Returns an instant in words, as safe markup.
	 *
	 * @param mixed $text RFC 3339, or null.
	 */
	private static function time( $text ): string {
		$unix = StatusFacts::instant( $text );
		if ( null === $unix ) {
			return '–';
		}
		$now   = time();
		$words = $unix > $now
			/* translators: %s: a length of time, such as 5 minutes. */
			? sprintf( __( 'in %s', 'loyaltyd' ), human_time_diff( $now, $unix ) )
			: Figures::ago( $now - $unix );
		return sprintf( '<time datetime="%s" title="%s">%s</time>', esc_attr( gmdate( 'c', $unix ) ), esc_attr( Figures::moment( $unix ) ), esc_html( $words ) );
	}

	/**
	 * Returns when a job is due next, as safe markup. A daemon that finds nothing
	 * tells so once a minute, so that it may have run since.
	 *
	 * @param mixed $text An instant as the daemon writes it, or null.
	 */
	private static function next( $text ): string {
		$unix = StatusFacts::instant( $text );
		if ( null === $unix || $unix > time() ) {
			return self::time( $text );
		}
		return esc_html__( 'now', 'loyaltyd' );
	}

	/**
	 * Returns a form of one button, as safe markup.
	 *
	 * @param string               $action Without loyaltyd_.
	 * @param string               $label  Of the button.
	 * @param array<string,string> $fields Further values.
	 */
	public static function button( string $action, string $label, array $fields = array() ): string {
		$markup = '<form method="post" action="' . esc_url( admin_url( 'admin-post.php' ) ) . '"><input type="hidden" name="action" value="' . esc_attr( 'loyaltyd_' . $action ) . '"><input type="hidden" name="_wpnonce" value="' . esc_attr( wp_create_nonce( Tab::nonce( $action ) ) ) . '">';
		foreach ( $fields as $name => $value ) {
			$markup .= '<input type="hidden" name="' . esc_attr( $name ) . '" value="' . esc_attr( $value ) . '">';
		}
		return $markup . '<button class="button">' . esc_html( $label ) . '</button></form>';
	}

	/**
	 * @param array<int,string> $texts Plain.
	 */
	private static function bullets( array $texts ): string {
		return '<ul class="ul-disc"><li>' . implode( '</li><li>', array_map( 'esc_html', $texts ) ) . '</li></ul>';
	}

	/**
	 * Prints a card of names and values.
	 *
	 * @param string                             $name  Of the card.
	 * @param string                             $title Of it.
	 * @param array<int,array{0:string,1:string}> $lines Name, and value as safe markup.
	 * @param string                             $more  Safe markup after them.
	 */
	private function lines( string $name, string $title, array $lines, string $more = '' ) {
		$this->open( $name, $title );
		echo '<table class="loyaltyd-lines"><tbody>';
		foreach ( $lines as list( $label, $value ) ) {
			printf( '<tr><th scope="row">%s</th><td>%s</td></tr>', esc_html( $label ), $value ); // phpcs:ignore WordPress.Security.EscapeOutput -- safe markup.
		}
		echo '</tbody></table>' . $more . '</section>'; // phpcs:ignore WordPress.Security.EscapeOutput -- safe markup.
	}

	/**
	 * Prints a card with a table.
	 *
	 * @param string                        $name   Of the card.
	 * @param string                        $title  Of it.
	 * @param array<int,string>             $titles Of the columns.
	 * @param array<int,array<int,string>>  $rows   Cells as safe markup.
	 */
	private function table( string $name, string $title, array $titles, array $rows ) {
		$this->open( $name, $title );
		echo '<table class="loyaltyd-table loyaltyd-stack"><thead><tr>';
		foreach ( $titles as $column ) {
			printf( '<th scope="col">%s</th>', esc_html( $column ) );
		}
		echo '</tr></thead><tbody>';
		foreach ( $rows as $row ) {
			echo '<tr>';
			foreach ( $row as $i => $cell ) {
				printf( '<td data-title="%s"><div>%s</div></td>', esc_attr( $titles[ $i ] ), $cell ); // phpcs:ignore WordPress.Security.EscapeOutput -- safe markup.
			}
			echo '</tr>';
		}
		echo '</tbody></table></section>';
	}

	/**
	 * @param string $name  Of the card.
	 * @param string $title Of it.
	 */
	private function open( string $name, string $title ) {
		printf( '<section class="loyaltyd-card" aria-labelledby="loyaltyd-%1$s"><header><h2 id="loyaltyd-%1$s">%2$s</h2></header>', esc_attr( $name ), esc_html( $title ) );
	}
}
