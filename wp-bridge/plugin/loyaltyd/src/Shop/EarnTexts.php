<?php
/**
 * Sentences about points to earn.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Plain texts, '' for no points.
 */
final class EarnTexts {

	/**
	 * For a product's page.
	 *
	 * @param int  $points Points of one piece.
	 * @param bool $guest  Whether the reader is not logged in.
	 */
	public static function product( int $points, bool $guest ): string {
		if ( $points <= 0 ) {
			return '';
		}
		/* translators: %s: a number of points, such as "12 points" */
		return $guest ? self::guest( $points ) : sprintf( __( 'Collect %s with this product', 'loyaltyd' ), Words::points( $points ) );
	}

	/**
	 * For cart and checkout.
	 *
	 * @param int  $points Points of the order.
	 * @param bool $guest  Whether the reader is not logged in.
	 */
	public static function cart( int $points, bool $guest ): string {
		if ( $points <= 0 ) {
			return '';
		}
		/* translators: %s: a number of points, such as "12 points" */
		return $guest ? self::guest( $points ) : sprintf( __( 'You will collect %s with this order', 'loyaltyd' ), Words::points( $points ) );
	}

	/**
	 * What a guest would have to do.
	 *
	 * @param int $points Points.
	 */
	private static function guest( int $points ): string {
		$register = 'yes' === get_option( 'woocommerce_enable_myaccount_registration' ) || 'yes' === get_option( 'woocommerce_enable_signup_and_login_from_checkout' );
		return sprintf(
			$register
				/* translators: %s: a number of points, such as "12 points" */
				? __( 'Log in or register to collect %s', 'loyaltyd' )
				/* translators: %s: a number of points, such as "12 points" */
				: __( 'Log in to collect %s', 'loyaltyd' ),
			Words::points( $points )
		);
	}

	/**
	 * Prints the sentence, or the place where a script puts it, both of the
	 * same height.
	 *
	 * @param string      $text Sentence; null: not known yet.
	 * @param string      $url  Where the script asks.
	 * @param string      $tag  Name of the element.
	 */
	public static function render( ?string $text, string $url, string $tag = 'p' ): void {
		$guest = ! is_user_logged_in();
		printf(
			'<%1$s class="loyaltyd-earn" data-loyaltyd-earn="%2$s"%3$s aria-live="polite">',
			tag_escape( $tag ),
			esc_url( $url ),
			null === $text ? ' data-loyaltyd-wait' : ''
		);
		if ( $guest ) {
			// A link without words is none.
			printf( '<a class="loyaltyd-earn__text" href="%1$s"%2$s>%3$s</a>', esc_url( wc_get_page_permalink( 'myaccount' ) ), '' === (string) $text ? ' hidden' : '', esc_html( (string) $text ) );
		} else {
			printf( '<span class="loyaltyd-earn__text">%s</span>', esc_html( (string) $text ) );
		}
		printf( '</%s>', tag_escape( $tag ) );
	}
}
