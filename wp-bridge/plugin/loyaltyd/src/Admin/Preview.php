<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Programme\Document;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * What one example order would earn under the settings on the screen, before
 * they are saved. The daemon does the arithmetic, so that it is the true one.
 */
final class Preview {

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Returns the example that a request describes.
	 *
	 * @param array<string,mixed> $request Unslashed.
	 * @return array{amount:string,product:string,role:string}
	 */
	public static function example( array $request ): array {
		$example = is_array( $request['example'] ?? null ) ? $request['example'] : array();
		$text    = function ( string $name, string $usual ) use ( $example ): string {
			return isset( $example[ $name ] ) && is_scalar( $example[ $name ] ) ? trim( wp_check_invalid_utf8( (string) $example[ $name ] ) ) : $usual;
		};
		return array(
			'amount'  => $text( 'amount', '100' ),
			'product' => $text( 'product', '' ),
			'role'    => $text( 'role', 'customer' ),
		);
	}

	/**
	 * Returns what the example would earn.
	 *
	 * @param array<string,mixed>                             $document Programme in normal form.
	 * @param array{amount:string,product:string,role:string} $example  Order.
	 * @return array<string,mixed> points, sources and why; or problem.
	 */
	public function ask( array $document, array $example ): array {
		if ( ! preg_match( '/^\d{1,12}(\.\d{1,6})?$/D', $example['amount'] ) ) {
			return array( 'problem' => __( 'The amount of the example is not a number: write it like 100 or 49.90.', 'loyaltyd' ) );
		}
		$product = SettingsRead::product( $example['product'] );
		if ( '' !== $product && ! preg_match( '/^\d{1,18}$/D', $product ) ) {
			return array( 'problem' => __( 'The product of the example was not found: choose one from the list, or leave it empty.', 'loyaltyd' ) );
		}
		if ( '' !== $example['role'] && in_array( $example['role'], $document['exclude']['roles'] ?? array(), true ) ) {
			return array(
				'points'  => 0,
				'sources' => array(),
				'why'     => array( __( 'Customers with this role are excluded: they earn nothing.', 'loyaltyd' ) ),
			);
		}
		list( $product, $variation ) = self::product_and_variation( (int) $product );
		try {
			return $this->services->client()->post(
				'/v1/estimate',
				array(
					'program'  => Document::for_json( $document ),
					'user_id'  => 0,
					'currency' => function_exists( 'get_woocommerce_currency' ) ? get_woocommerce_currency() : '',
					'lines'    => array(
						array(
							'product_id'   => $product,
							'variation_id' => $variation,
							'quantity'     => '1',
							'subtotal'     => $example['amount'],
							'total'        => $example['amount'],
							'subtotal_tax' => '0',
							'tax'          => '0',
						),
					),
					'shipping' => array( 'total' => '0', 'tax' => '0' ),
					'fees'     => array(),
				)
			);
		} catch ( BridgeError $e ) {
			/* translators: %s: a sentence that says what went wrong. */
			return array( 'problem' => sprintf( __( 'The preview needs the daemon, which does the arithmetic: %s', 'loyaltyd' ), $e->getMessage() ) );
		}
	}

	/**
	 * Prints the form and, if there is one, the result.
	 *
	 * @param array{amount:string,product:string,role:string} $example Order.
	 * @param array<string,mixed>|null                        $result  Of ask().
	 */
	public function render( array $example, ?array $result ) {
		echo '<fieldset class="loyaltyd-group" id="preview"><legend>' . esc_html__( 'Preview', 'loyaltyd' ) . '</legend><p class="loyaltyd-intro">' . esc_html__( 'What one order would earn today under the settings above, saved or not. No points are given.', 'loyaltyd' ) . '</p>';
		printf(
			'<div class="loyaltyd-field"><label class="loyaltyd-label" for="loyaltyd-example-amount">%s</label><div><input type="text" inputmode="decimal" class="loyaltyd-short" id="loyaltyd-example-amount" name="example[amount]" value="%s" autocomplete="off"></div></div>',
			esc_html__( 'Price of the product', 'loyaltyd' ),
			esc_attr( $example['amount'] )
		);
		printf(
			'<div class="loyaltyd-field"><label class="loyaltyd-label" for="loyaltyd-example-product">%s</label><div><input type="text" class="regular-text" id="loyaltyd-example-product" name="example[product]" value="%s" autocomplete="off" data-suggest="/wp/v2/search?type=post&amp;subtype=product&amp;per_page=10&amp;search="><p class="description">%s</p></div></div>',
			esc_html__( 'Product', 'loyaltyd' ),
			esc_attr( $example['product'] ),
			esc_html__( 'Empty: one without a rule of its own.', 'loyaltyd' )
		);
		echo '<div class="loyaltyd-field"><label class="loyaltyd-label" for="loyaltyd-example-role">' . esc_html__( 'Role of the customer', 'loyaltyd' ) . '</label><div><select id="loyaltyd-example-role" name="example[role]">';
		SettingsFields::options( SettingsChoices::of( array( 'kind' => 'role' ) ), $example['role'] );
		echo '</select></div></div><div class="loyaltyd-field"><span class="loyaltyd-label">' . esc_html__( 'Result', 'loyaltyd' ) . '</span><div aria-live="polite">';
		if ( null !== $result ) {
			$this->result( $result );
		}
		echo '<p><button class="button" name="preview" value="1">' . esc_html__( 'Show what it earns', 'loyaltyd' ) . '</button></p></div></div></fieldset>';
	}

	/**
	 * @param array<string,mixed> $result Of ask().
	 */
	private function result( array $result ) {
		if ( isset( $result['problem'] ) ) {
			printf( '<p class="loyaltyd-error">%s</p>', esc_html( (string) $result['problem'] ) );
			return;
		}
		$points = (int) ( $result['points'] ?? 0 );
		/* translators: %s: a number of points. */
		printf( '<p class="loyaltyd-result"><strong>%s</strong></p>', esc_html( sprintf( _n( '%s point', '%s points', $points, 'loyaltyd' ), Figures::points( $points ) ) ) );
		$sources = is_array( $result['sources'] ?? null ) ? $result['sources'] : array();
		if ( count( $sources ) > 1 ) {
			echo '<ul class="ul-disc">';
			foreach ( $sources as $source ) {
				printf( '<li>%s: %s</li>', esc_html( $this->services->labels()->source( (string) ( $source['source'] ?? '' ) ) ), esc_html( Figures::points( (int) ( $source['points'] ?? 0 ) ) ) );
			}
			echo '</ul>';
		}
		$why = is_array( $result['why'] ?? null ) ? $result['why'] : array();
		if ( $why ) {
			echo '<details open><summary>' . esc_html__( 'The arithmetic', 'loyaltyd' ) . '</summary><ol class="loyaltyd-sums">';
			foreach ( $why as $line ) {
				echo '<li>' . esc_html( (string) $line ) . '</li>';
			}
			echo '</ol></details>';
		}
	}

	/**
	 * Returns the product that a number names, and the variation if it is one.
	 *
	 * @param int $id Number; 0: none.
	 * @return array{0:int,1:int}
	 */
	private static function product_and_variation( int $id ): array {
		$parent = $id > 0 && 'product_variation' === get_post_type( $id ) ? (int) wp_get_post_parent_id( $id ) : 0;
		return $parent > 0 ? array( $parent, $id ) : array( $id, 0 );
	}
}
