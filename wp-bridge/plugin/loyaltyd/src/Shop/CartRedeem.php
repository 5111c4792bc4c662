<?php
/**
 * Redeeming at the classic cart and checkout.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Shows the form, folded, above cart and checkout.
 */
final class CartRedeem {

	/** @var Services */
	private $services;

	/** @param Services $services Shared objects. */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/** Registers the hooks; after the notices and coupon form. */
	public function register(): void {
		add_action( 'woocommerce_before_cart', array( $this, 'at_cart' ), 15 );
		add_action( 'woocommerce_before_checkout_form', array( $this, 'at_checkout' ), 15 );
	}

	/** Prints the form of the cart. */
	public function at_cart(): void {
		$this->show( 'cart' );
	}

	/** Prints the form of the checkout. */
	public function at_checkout(): void {
		$this->show( 'checkout' );
	}

	/**
	 * What a customer may redeem for his cart; null when nothing.
	 *
	 * @param Services $services Shared objects.
	 */
	public static function offer( Services $services ): ?Offer {
		$user = get_current_user_id();
		if ( 0 === $user || ! wc_coupons_enabled() || ! WC()->cart || WC()->cart->is_empty() || ! $services->daemon()->present() ) {
			return null;
		}
		$offer = Offer::of( $services, $user );
		return $offer->most > 0 && $offer->worth->points_for( self::takeable() ) > 0 ? $offer : null;
	}

	/** What coupons may still take from the cart: its contents, decimal text. */
	public static function takeable(): string {
		$cart  = WC()->cart;
		$total = (float) $cart->get_cart_contents_total();
		if ( wc_prices_include_tax() ) {
			$total += (float) $cart->get_cart_contents_tax();
		}
		return (string) wc_format_decimal( $total, 6 );
	}

	/**
	 * Prints the form.
	 *
	 * @param string $place cart or checkout.
	 */
	private function show( string $place ): void {
		$offer = self::offer( $this->services );
		if ( null === $offer ) {
			return;
		}
		$open = Redeeming::next( get_current_user_id() )['points'] > 0;
		?>
		<details class="loyaltyd-box" <?php echo $open ? 'open' : ''; ?>>
			<summary>
			<?php
			/* translators: %s: a number of points, such as "1,200 points" */
			echo esc_html( sprintf( __( 'You have %s. Redeem them for this order', 'loyaltyd' ), Words::points( $offer->balance ) ) );
			?>
			</summary>
			<?php RedeemForm::render( $offer, $place, $offer->for_cart( self::takeable() ) ); ?>
		</details>
		<?php
	}
}
