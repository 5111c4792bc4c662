<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * How a balance came about, as the daemon explains it: what was ordered,
 * written and registered, and what each was worth.
 */
final class Explanation {

	/** @var array<string,mixed> */
	private $answer;

	/**
	 * @param array<string,mixed> $answer Of the daemon.
	 */
	public function __construct( array $answer ) {
		$this->answer = $answer;
	}

	/**
	 * Prints it.
	 */
	public function render() {
		$facts = is_array( $this->answer['facts'] ?? null ) ? $this->answer['facts'] : array();
		echo '<div class="loyaltyd-explanation">';
		$this->sums();
		if ( ! $facts ) {
			echo '<p class="loyaltyd-empty">' . esc_html__( 'Nothing this customer did is worth any points under the programme.', 'loyaltyd' ) . '</p></div>';
			return;
		}
		foreach ( $facts as $fact ) {
			$lines = is_array( $fact['lines'] ?? null ) ? $fact['lines'] : array();
			printf(
				'<details%s><summary>%s <span class="loyaltyd-number">(%s)</span></summary><ol>',
				count( $facts ) <= 3 ? ' open' : '',
				esc_html( $this->title( $fact ) ),
				esc_html( Figures::signed( (int) ( $fact['posted'] ?? 0 ) ) )
			);
			foreach ( $lines as $line ) {
				echo '<li>' . esc_html( (string) $line ) . '</li>';
			}
			echo '</ol></details>';
		}
		echo '</div>';
	}

	/**
	 * Prints how the figures give the balance.
	 */
	private function sums() {
		$of = function ( string $name ): int {
			return (int) ( $this->answer[ $name ] ?? 0 );
		};
		echo '<p>';
		echo esc_html(
			sprintf(
				/* translators: 1: earned, 2: redeemed, 3: expired, 4: adjusted, 5: balance; all numbers of points. */
				__( '%1$s earned − %2$s claimed − %3$s expired + %4$s adjusted = %5$s points.', 'loyaltyd' ),
				Figures::points( $of( 'earned' ) ),
				Figures::points( $of( 'redeemed' ) ),
				Figures::points( $of( 'expired' ) ),
				Figures::points( $of( 'adjusted' ) ),
				Figures::points( $of( 'balance' ) )
			)
		);
		echo '</p>';
	}

	/**
	 * @param array<string,mixed> $fact Of the answer.
	 */
	private function title( array $fact ): string {
		$id = (int) ( $fact['id'] ?? 0 );
		switch ( $fact['kind'] ?? '' ) {
			case 'order':
				/* translators: %d: order number. */
				return sprintf( __( 'Order #%d', 'loyaltyd' ), $id );
			case 'review':
				/* translators: %d: number of the review. */
				return sprintf( __( 'Review #%d', 'loyaltyd' ), $id );
			case 'comment':
				/* translators: %d: number of the comment. */
				return sprintf( __( 'Comment #%d', 'loyaltyd' ), $id );
			case 'redemption':
				/* translators: %d: number of the redemption. */
				return sprintf( __( 'Redemption #%d', 'loyaltyd' ), $id );
			case 'user':
				return __( 'Registration', 'loyaltyd' );
		}
		return (string) ( $fact['kind'] ?? '' ) . ' #' . $id;
	}
}
