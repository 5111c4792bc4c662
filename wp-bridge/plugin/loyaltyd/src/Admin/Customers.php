<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Bridge\BridgeError;

defined( 'ABSPATH' ) || exit;

/**
 * Customers: the list of accounts, one customer's account, and adjusting it.
 */
final class Customers extends Tab {

	/** Longest note, in characters. */
	const LONGEST_NOTE = 500;

	/** @var int The customer whose page it is; 0: the list. */
	private $user = 0;

	/** @var AccountsTable|null */
	private $table;

	/** @var CustomerPage|null */
	private $page;

	/** Returns the tab's name in addresses. */
	public function name(): string {
		return 'customers';
	}

	/** Returns what the tab is called. */
	public function title(): string {
		return __( 'Customers', 'loyaltyd' );
	}

	/**
	 * Returns the address of a customer's page.
	 *
	 * @param int                 $user Id.
	 * @param array<string,mixed> $more Further arguments.
	 */
	public static function url( int $user, array $more = array() ): string {
		return Menu::url( 'customers', array( 'user' => $user ) + $more );
	}

	/** Adds the adjustment and the screen option. */
	public function register() {
		$this->action( 'adjust', array( $this, 'adjust' ), 'user' );
		add_filter(
			'set_screen_option_' . AccountsTable::PER_PAGE,
			function ( $keep, $option, $value ) {
				return max( 1, min( 200, (int) $value ) );
			},
			10,
			3
		);
	}

	/** Reads the request. */
	public function prepare() {
		$query      = self::query();
		$this->user = self::number( $query, 'user' );
		if ( $this->user > 0 ) {
			$this->page = new CustomerPage( $this->services, $this->user, max( 1, self::number( $query, 'paged' ) ), isset( $query['explain'] ) );
			return;
		}
		add_screen_option(
			'per_page',
			array(
				'label'   => __( 'Customers per page', 'loyaltyd' ),
				'default' => 20,
				'option'  => AccountsTable::PER_PAGE,
			)
		);
		$this->table = new AccountsTable( $this->services, $query );
	}

	/** Prints the tab. */
	public function render() {
		if ( ! $this->services->daemon()->present() ) {
			return;
		}
		if ( $this->page ) {
			$this->page->render();
			return;
		}
		$this->table->read();
		$this->table->render();
	}

	/**
	 * Adjusts a customer's points through the daemon. The key that was made with
	 * the form lets a form that is sent twice be one adjustment.
	 *
	 * @param array<string,mixed> $request Unslashed.
	 * @return string Where to go.
	 */
	public function adjust( array $request ): string {
		$user   = self::number( $request, 'user' );
		$points = self::text( $request, 'points' );
		$note   = trim( (string) preg_replace( '/[^\P{C}\n]+/u', '', str_replace( "\r\n", "\n", self::text( $request, 'note' ) ) ) );
		$key    = self::text( $request, 'key' );
		$back   = self::url( $user ) . '#adjust';
		$wrong  = $this->wrong( $user, $points, $note, $key );
		if ( '' !== $wrong ) {
			Notices::keep( Notices::ERROR, $wrong );
			Draft::keep( 'adjust', array( 'user' => $user, 'points' => $points, 'note' => $note ) );
			return $back;
		}
		try {
			$answer = $this->services->client()->post(
				'/v1/customers/' . $user . '/adjustments',
				array(
					'points' => (int) $points,
					'note'   => $note,
					'actor'  => 'WordPress: ' . wp_get_current_user()->user_login,
				),
				$key
			);
		} catch ( BridgeError $e ) {
			Notices::keep( Notices::ERROR, $this->refusal( $e ) );
			Draft::keep( 'adjust', array( 'user' => $user, 'points' => $points, 'note' => $note, 'key' => $e->is_outage() ? $key : '' ) );
			return $back;
		}
		Notices::keep( Notices::SUCCESS, $this->done( $answer ) );
		return self::url( $user );
	}

	/**
	 * Says what is wrong with an adjustment; empty: nothing.
	 *
	 * @param int    $user   Id.
	 * @param string $points As typed.
	 * @param string $note   As typed.
	 * @param string $key    Of the form.
	 */
	private function wrong( int $user, string $points, string $note, string $key ): string {
		if ( $user < 1 ) {
			return __( 'Nothing was changed: no customer was named. Open the customer and adjust the points there.', 'loyaltyd' );
		}
		if ( ! preg_match( '/^[+-]?\d{1,12}$/D', $points ) || 0 === (int) $points ) {
			return __( 'Nothing was changed: the points are not a whole number other than 0. Write 50 to add fifty points, -50 to take them away.', 'loyaltyd' );
		}
		if ( '' === $note ) {
			return __( 'Nothing was changed: the note is missing. Say in a few words why the points change; it stays in the history.', 'loyaltyd' );
		}
		if ( mb_strlen( $note ) > self::LONGEST_NOTE ) {
			return __( 'Nothing was changed: the note is too long. Shorten it.', 'loyaltyd' );
		}
		if ( ! preg_match( '/^[0-9a-f-]{36}$/D', $key ) ) {
			return __( 'Nothing was changed: the form was not complete. Send it again.', 'loyaltyd' );
		}
		return '';
	}

	/**
	 * @param BridgeError $e Why the daemon did not adjust.
	 */
	private function refusal( BridgeError $e ): string {
		if ( $e->is_outage() ) {
			/* translators: %s: a sentence that says what went wrong. */
			return sprintf( __( 'It is not certain whether the points were changed: %s Send the form again when the daemon runs; it will not count twice.', 'loyaltyd' ), $e->getMessage() );
		}
		/* translators: %s: a sentence that says what went wrong. */
		return sprintf( __( 'Nothing was changed: %s', 'loyaltyd' ), $e->getMessage() );
	}

	/**
	 * @param array<string,mixed> $answer Of the daemon.
	 */
	private function done( array $answer ): string {
		$points  = Figures::signed( (int) ( $answer['entry']['points'] ?? 0 ) );
		$balance = Figures::points( (int) ( $answer['entry']['balance'] ?? 0 ) );
		if ( ! empty( $answer['repeated'] ) ) {
			/* translators: 1: points with their sign, 2: a number of points. */
			return sprintf( __( 'This adjustment of %1$s points had already been made; it was not made twice. The balance after it was %2$s points.', 'loyaltyd' ), $points, $balance );
		}
		/* translators: 1: points with their sign, 2: a number of points. */
		return sprintf( __( 'Adjusted by %1$s points. The balance is now %2$s points.', 'loyaltyd' ), $points, $balance );
	}
}
