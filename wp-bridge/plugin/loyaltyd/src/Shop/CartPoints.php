<?php
/**
 * Points to earn in the classic cart's and checkout's totals.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Adds a row after the order's total.
 */
final class CartPoints {

	/** @var Estimates */
	private $estimates;

	/** @param Estimates $estimates Answers. */
	public function __construct( Estimates $estimates ) {
		$this->estimates = $estimates;
	}

	/** Registers the hooks. */
	public function register(): void {
		add_action( 'woocommerce_cart_totals_after_order_total', array( $this, 'row' ) );
		add_action( 'woocommerce_review_order_after_order_total', array( $this, 'row' ) );
	}

	/** Prints the row. */
	public function row(): void {
		$question = $this->estimates->possible() ? $this->estimates->of_cart() : null;
		$points   = null === $question ? 0 : $this->estimates->remembered( $question );
		if ( 0 === $points ) {
			return;
		}
		?>
		<tr class="loyaltyd-earn-row">
			<th scope="row"><?php esc_html_e( 'Points', 'loyaltyd' ); ?></th>
			<td data-title="<?php esc_attr_e( 'Points', 'loyaltyd' ); ?>"><?php EarnTexts::render( null === $points ? null : EarnTexts::cart( $points, ! is_user_logged_in() ), EarnRoutes::cart_url(), 'span' ); ?></td>
		</tr>
		<?php
	}
}
