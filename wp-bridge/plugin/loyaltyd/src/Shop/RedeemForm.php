<?php
/**
 * The form that redeems points.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Renders the form of My Account, cart and checkout.
 */
final class RedeemForm {

	/**
	 * What a customer may redeem, in a sentence.
	 *
	 * @param Offer $offer What may be redeemed; something.
	 */
	public static function hint( Offer $offer ): string {
		if ( $offer->least === $offer->most ) {
			/* translators: %s: a number of points, such as "1,200 points" */
			return sprintf( __( 'You can redeem %s.', 'loyaltyd' ), Words::points( $offer->most ) );
		}
		if ( $offer->multiple > 1 ) {
			return sprintf(
				/* translators: 1: smallest number of points, 2: greatest number, such as "1,200 points", 3: step, such as "100 points" */
				__( 'You can redeem from %1$s to %2$s, in steps of %3$s.', 'loyaltyd' ),
				number_format_i18n( $offer->least ),
				Words::points( $offer->most ),
				Words::points( $offer->multiple )
			);
		}
		return sprintf(
			/* translators: 1: smallest number of points, 2: greatest number, such as "1,200 points" */
			__( 'You can redeem from %1$s to %2$s.', 'loyaltyd' ),
			number_format_i18n( $offer->least ),
			Words::points( $offer->most )
		);
	}

	/**
	 * How a script writes the worth of points.
	 *
	 * @param Offer $offer What may be redeemed.
	 */
	public static function worth_data( Offer $offer ): array {
		return array(
			'rate'     => $offer->rate,
			'decimals' => (int) get_option( 'woocommerce_price_num_decimals', 2 ),
			'price'    => sprintf( html_entity_decode( get_woocommerce_price_format(), ENT_QUOTES, 'UTF-8' ), html_entity_decode( get_woocommerce_currency_symbol(), ENT_QUOTES, 'UTF-8' ), '{amount}' ),
			'point'    => wc_get_price_decimal_separator(),
			'group'    => wc_get_price_thousand_separator(),
			/* translators: %s: an amount of money */
			'text'     => __( 'Worth %s', 'loyaltyd' ),
		);
	}

	/**
	 * Prints the form.
	 *
	 * @param Offer  $offer  What may be redeemed; something.
	 * @param string $place  account, cart or checkout.
	 * @param int    $points Points to begin with.
	 */
	public static function render( Offer $offer, string $place, int $points ): void {
		$next   = Redeeming::next( get_current_user_id() );
		$points = $next['points'] > 0 ? $next['points'] : $points;
		$worth  = $offer->worth->of( $points );
		$id     = 'loyaltyd-points-' . $place;
		?>
		<form method="post" class="loyaltyd-redeem" data-loyaltyd-worth="<?php echo esc_attr( (string) wp_json_encode( self::worth_data( $offer ) ) ); ?>">
			<p class="form-row loyaltyd-redeem__row">
				<label for="<?php echo esc_attr( $id ); ?>"><?php esc_html_e( 'Points to redeem', 'loyaltyd' ); ?></label>
				<span class="loyaltyd-redeem__field">
					<input type="number" class="input-text" inputmode="numeric" required
						id="<?php echo esc_attr( $id ); ?>" name="loyaltyd_points"
						min="<?php echo esc_attr( (string) $offer->least ); ?>"
						max="<?php echo esc_attr( (string) $offer->most ); ?>"
						step="<?php echo esc_attr( (string) $offer->multiple ); ?>"
						value="<?php echo esc_attr( (string) $points ); ?>"
						aria-describedby="<?php echo esc_attr( $id ); ?>-hint" />
					<button type="submit" class="button"><?php esc_html_e( 'Redeem', 'loyaltyd' ); ?></button>
					<output class="loyaltyd-redeem__worth" for="<?php echo esc_attr( $id ); ?>" aria-live="polite">
					<?php
					if ( '' !== $worth ) {
						/* translators: %s: an amount of money */
						echo esc_html( sprintf( __( 'Worth %s', 'loyaltyd' ), Words::money( $worth ) ) );
					}
					?>
					</output>
				</span>
				<span class="loyaltyd-redeem__hint" id="<?php echo esc_attr( $id ); ?>-hint"><?php echo esc_html( self::hint( $offer ) ); ?></span>
			</p>
			<input type="hidden" name="loyaltyd_redeem" value="<?php echo esc_attr( $place ); ?>" />
			<input type="hidden" name="loyaltyd_key" value="<?php echo esc_attr( $next['key'] ); ?>" />
			<input type="hidden" name="loyaltyd_nonce" value="<?php echo esc_attr( wp_create_nonce( RedeemRequests::NONCE ) ); ?>" />
		</form>
		<?php
	}
}
