<?php
/**
 * Points to earn on a product's page.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Shows what one piece earns; of a variable product, what the chosen variation
 * earns.
 */
final class ProductPoints {

	/** @var Estimates */
	private $estimates;

	/** @param Estimates $estimates Answers. */
	public function __construct( Estimates $estimates ) {
		$this->estimates = $estimates;
	}

	/** Registers the hooks; between the excerpt and the form. */
	public function register(): void {
		add_action( 'woocommerce_single_product_summary', array( $this, 'show' ), 25 );
		add_filter( 'woocommerce_available_variation', array( $this, 'variation' ), 10, 3 );
	}

	/** Prints the sentence. */
	public function show(): void {
		global $product;
		if ( ! $product instanceof \WC_Product || ! $this->estimates->possible() ) {
			return;
		}
		if ( $product->is_type( 'variable' ) ) {
			EarnTexts::render( '', EarnRoutes::product_url() );
			return;
		}
		$question = $this->estimates->of_product( $product );
		if ( null === $question ) {
			return;
		}
		$points = $this->estimates->remembered( $question, true );
		if ( 0 !== $points ) {
			EarnTexts::render( null === $points ? null : EarnTexts::product( $points, ! is_user_logged_in() ), EarnRoutes::product_url( (int) $product->get_id() ) );
		}
	}

	/**
	 * Adds what is remembered of a variation to its data.
	 *
	 * @param array       $data      The variation's data for the script.
	 * @param mixed       $product   The variable product.
	 * @param \WC_Product $variation The variation.
	 */
	public function variation( $data, $product, $variation ) {
		if ( is_array( $data ) && $variation instanceof \WC_Product && $this->estimates->possible() ) {
			$question = $this->estimates->of_product( $variation );
			$points   = null === $question ? 0 : $this->estimates->remembered( $question, true );
			if ( null !== $points ) {
				$data['loyaltyd_earn'] = EarnTexts::product( $points, ! is_user_logged_in() );
			}
		}
		return $data;
	}
}
