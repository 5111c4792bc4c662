<?php
/**
 * What an order would earn.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Asks the daemon, which knows the rules, what a product, a cart or an order
 * would earn, and remembers the answer for ten minutes. Pages show what is
 * remembered and leave asking to a script, so that none waits.
 */
final class Estimates {

	/** Sources that belong to a product whoever buys it. */
	private const OF_PRODUCT = array( 'purchase', 'campaign' );

	/** @var Services */
	private $services;

	/** @var string|null */
	private $programme;

	/** @param Services $services Shared objects. */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/** Whether the current visitor could see points: the daemon is at work and he is not excluded. */
	public function possible(): bool {
		return $this->services->daemon()->present()
			&& ! $this->services->daemon()->state()['silent']
			&& ! Member::excluded( get_current_user_id(), $this->services->programme()->current() );
	}

	/**
	 * The question for one piece of a product; null when it cannot be bought.
	 *
	 * @param \WC_Product $product A product or variation.
	 */
	public function of_product( \WC_Product $product ): ?array {
		if ( ! $product->is_purchasable() || '' === (string) $product->get_price() || $product->is_type( array( 'variable', 'grouped', 'external' ) ) ) {
			return null;
		}
		$price  = (float) wc_get_price_excluding_tax( $product );
		$amount = self::decimal( $price );
		$tax    = self::decimal( (float) wc_get_price_including_tax( $product ) - $price );
		$parent = (int) $product->get_parent_id();
		$is_variation = $product->is_type( 'variation' );
		return $this->question(
			0,
			get_woocommerce_currency(),
			array( self::line( $is_variation ? $parent : (int) $product->get_id(), $is_variation ? (int) $product->get_id() : 0, '1', $amount, $amount, $tax, $tax ) ),
			'0',
			'0',
			array()
		);
	}

	/** The question for the visitor's cart; null when there is none. */
	public function of_cart(): ?array {
		$cart = WC()->cart;
		if ( ! $cart || $cart->is_empty() ) {
			return null;
		}
		$lines = array();
		foreach ( $cart->get_cart() as $item ) {
			$lines[] = self::line(
				(int) $item['product_id'],
				(int) $item['variation_id'],
				self::decimal( $item['quantity'] ),
				self::decimal( $item['line_subtotal'] ?? 0 ),
				self::decimal( $item['line_total'] ?? 0 ),
				self::decimal( $item['line_subtotal_tax'] ?? 0 ),
				self::decimal( $item['line_tax'] ?? 0 )
			);
		}
		$fees = array();
		foreach ( $cart->get_fees() as $fee ) {
			$fees[] = array(
				'total' => self::decimal( $fee->total ?? $fee->amount ),
				'tax'   => self::decimal( $fee->tax ?? 0 ),
			);
		}
		return $this->question( get_current_user_id(), get_woocommerce_currency(), $lines, self::decimal( $cart->get_shipping_total() ), self::decimal( $cart->get_shipping_tax() ), $fees );
	}

	/**
	 * The question for an order of a customer.
	 *
	 * @param \WC_Order $order The order.
	 */
	public function of_order( \WC_Order $order ): array {
		$lines = array();
		foreach ( $order->get_items() as $item ) {
			$lines[] = self::line(
				(int) $item->get_product_id(),
				(int) $item->get_variation_id(),
				self::decimal( $item->get_quantity() ),
				self::decimal( $item->get_subtotal() ),
				self::decimal( $item->get_total() ),
				self::decimal( $item->get_subtotal_tax() ),
				self::decimal( $item->get_total_tax() )
			);
		}
		$fees = array();
		foreach ( $order->get_fees() as $fee ) {
			$fees[] = array(
				'total' => self::decimal( $fee->get_total() ),
				'tax'   => self::decimal( $fee->get_total_tax() ),
			);
		}
		return $this->question( (int) $order->get_customer_id(), (string) $order->get_currency(), $lines, self::decimal( $order->get_shipping_total() ), self::decimal( $order->get_shipping_tax() ), $fees );
	}

	/**
	 * The points of a remembered answer; null when none is remembered.
	 *
	 * @param array $question One of the questions above.
	 * @param bool  $product  Only what belongs to the product itself.
	 */
	public function remembered( array $question, bool $product = false ): ?int {
		return self::points( get_transient( $this->name( $question ) ), $product );
	}

	/**
	 * The points, asked for where they are not remembered; null when the daemon
	 * does not answer. Nothing is asked for a while after a failed connection.
	 *
	 * @param array $question One of the questions above.
	 * @param bool  $product  Only what belongs to the product itself.
	 */
	public function ask( array $question, bool $product = false ): ?int {
		$points = $this->remembered( $question, $product );
		if ( null !== $points || ! $this->possible() ) {
			return $points;
		}
		try {
			$answer = $this->services->client()->post( '/v1/estimate', $question );
		} catch ( BridgeError $error ) {
			return null;
		}
		$kept = array(
			'points'  => $answer['points'] ?? null,
			'sources' => array_column( (array) ( $answer['sources'] ?? array() ), 'points', 'source' ),
		);
		set_transient( $this->name( $question ), $kept, 10 * MINUTE_IN_SECONDS );
		return self::points( $kept, $product );
	}

	/**
	 * The points in a remembered answer.
	 *
	 * @param mixed $kept    What was remembered.
	 * @param bool  $product Only what belongs to the product itself.
	 */
	private static function points( $kept, bool $product ): ?int {
		if ( ! is_array( $kept ) || ! isset( $kept['points'] ) || ! is_int( $kept['points'] ) ) {
			return null;
		}
		if ( ! $product ) {
			return $kept['points'];
		}
		return (int) array_sum( array_intersect_key( (array) $kept['sources'], array_flip( self::OF_PRODUCT ) ) );
	}

	/**
	 * Under which name an answer is remembered: another programme is another
	 * question.
	 *
	 * @param array $question Question.
	 */
	private function name( array $question ): string {
		if ( null === $this->programme ) {
			$this->programme = (string) wp_json_encode( $this->services->programme()->current() );
		}
		return 'loyaltyd_estimate_' . md5( $this->programme . (string) wp_json_encode( $question ) );
	}

	/**
	 * The body of a request to /v1/estimate.
	 *
	 * @param int    $user         User id, 0 for a guest.
	 * @param string $currency     Code.
	 * @param array  $lines        Lines.
	 * @param string $shipping     Total without tax.
	 * @param string $shipping_tax Tax.
	 * @param array  $fees         Fees.
	 */
	private function question( int $user, string $currency, array $lines, string $shipping, string $shipping_tax, array $fees ): array {
		return array(
			'user_id'  => $user,
			'currency' => $currency,
			'lines'    => $lines,
			'shipping' => array(
				'total' => $shipping,
				'tax'   => $shipping_tax,
			),
			'fees'     => $fees,
		);
	}

	/**
	 * A line of the request.
	 *
	 * @param int    $product      Product id.
	 * @param int    $variation    Variation id or 0.
	 * @param string $quantity     Decimal text, like all that follow.
	 * @param string $subtotal     Before discounts, without tax.
	 * @param string $total        After discounts, without tax.
	 * @param string $subtotal_tax Tax of the subtotal.
	 * @param string $tax          Tax of the total.
	 */
	private static function line( int $product, int $variation, string $quantity, string $subtotal, string $total, string $subtotal_tax, string $tax ): array {
		return array(
			'product_id'   => $product,
			'variation_id' => $variation,
			'quantity'     => $quantity,
			'subtotal'     => $subtotal,
			'total'        => $total,
			'subtotal_tax' => $subtotal_tax,
			'tax'          => $tax,
		);
	}

	/**
	 * Decimal text of one of WooCommerce's numbers.
	 *
	 * @param mixed $number Number or text.
	 */
	private static function decimal( $number ): string {
		$text = (string) wc_format_decimal( (string) $number, 6, true );
		return '' === $text ? '0' : $text;
	}
}
