<?php
/**
 * The cart.
 */

/** What the shopper wants to buy. */
class WC_Cart {

	/** @var array[] Lines by key. */
	public $cart_contents = array();

	/** @var string[] Codes. */
	public $applied_coupons = array();

	/** @var array Amounts by name, in cents. */
	private $totals = array();

	/** Takes it from the session. */
	public function __construct() {
		$this->applied_coupons = (array) WC()->session->get( 'applied_coupons', array() );
		foreach ( (array) WC()->session->get( 'cart', array() ) as $key => $line ) {
			$product = wc_get_product( $line['variation_id'] ? $line['variation_id'] : $line['product_id'] );
			if ( $product ) {
				$this->cart_contents[ $key ] = array_merge( $line, array( 'key' => $key, 'data' => $product ) );
			}
		}
	}

	/** Leaves it in the session. */
	private function keep() {
		$lines = array_map(
			function ( $line ) {
				return array_intersect_key( $line, array_flip( array( 'product_id', 'variation_id', 'quantity' ) ) );
			},
			$this->cart_contents
		);
		WC()->session->set( 'cart', $lines );
		WC()->session->set( 'applied_coupons', $this->applied_coupons );
		$this->totals = array();
	}

	/**
	 * @param int $product   Its id.
	 * @param int $quantity  Pieces.
	 * @param int $variation Its id, or 0.
	 */
	public function add_to_cart( $product = 0, $quantity = 1, $variation = 0 ) {
		$key  = md5( $product . '_' . $variation );
		$data = wc_get_product( $variation ? $variation : $product );
		if ( ! $data || ! $data->is_purchasable() ) {
			wc_add_notice( 'Sorry, this product cannot be purchased.', 'error' );
			return false;
		}
		$before                      = isset( $this->cart_contents[ $key ] ) ? $this->cart_contents[ $key ]['quantity'] : 0;
		$this->cart_contents[ $key ] = array( 'key' => $key, 'product_id' => (int) $product, 'variation_id' => (int) $variation, 'quantity' => $before + $quantity, 'data' => $data );
		$this->keep();
		do_action( 'woocommerce_add_to_cart', $key, $product, $quantity, $variation, array(), array() );
		return $key;
	}

	/** Forgets all. */
	public function empty_cart() {
		$this->cart_contents   = array();
		$this->applied_coupons = array();
		$this->keep();
		do_action( 'woocommerce_cart_emptied' );
	}

	/** The lines, with amounts. */
	public function get_cart() {
		$this->calculate_totals();
		return $this->cart_contents;
	}

	/** Likewise. */
	public function get_cart_contents() {
		return $this->get_cart();
	}

	/** The lines' fingerprint. */
	public function get_cart_hash() {
		return $this->cart_contents ? md5( wp_json_encode( array( WC()->session->get( 'cart' ), $this->get_total( 'edit' ) ) ) ) : '';
	}

	/** Pieces. */
	public function get_cart_contents_count() {
		return array_sum( array_column( $this->cart_contents, 'quantity' ) );
	}

	/** Whether nothing is in it. */
	public function is_empty() {
		return ! $this->cart_contents;
	}

	/** Whether something must be shipped. */
	public function needs_shipping() {
		return false;
	}

	/** Codes. */
	public function get_applied_coupons() {
		return $this->applied_coupons;
	}

	/** Coupons by code. */
	public function get_coupons() {
		$coupons = array();
		foreach ( $this->applied_coupons as $code ) {
			$coupons[ $code ] = new WC_Coupon( $code );
		}
		return $coupons;
	}

	/** @param string $code Any coupon when empty. */
	public function has_discount( $code = '' ) {
		return $code ? in_array( wc_format_coupon_code( $code ), $this->applied_coupons, true ) : (bool) $this->applied_coupons;
	}

	/** @param string $code Of a coupon. */
	public function apply_coupon( $code ) {
		$code   = wc_format_coupon_code( $code );
		$coupon = new WC_Coupon( $code );
		if ( $this->has_discount( $code ) ) {
			wc_add_notice( apply_filters( 'woocommerce_coupon_error', sprintf( 'Coupon code "%s" already applied!', esc_html( $code ) ), WC_Coupon::E_WC_COUPON_ALREADY_APPLIED, $coupon ), 'error' );
			return false;
		}
		if ( ! $coupon->is_valid() ) {
			wc_add_notice( $coupon->get_error_message(), 'error' );
			return false;
		}
		$this->applied_coupons[] = $code;
		$this->keep();
		wc_add_notice( apply_filters( 'woocommerce_coupon_message', 'Coupon code applied successfully.', 200, $coupon ) );
		do_action( 'woocommerce_applied_coupon', $code );
		return true;
	}

	/** @param string $code Of a coupon. */
	public function remove_coupon( $code ) {
		$code                  = wc_format_coupon_code( $code );
		$this->applied_coupons = array_values( array_diff( $this->applied_coupons, array( $code ) ) );
		$this->keep();
		do_action( 'woocommerce_removed_coupon', $code );
		return true;
	}

	/** Takes out what is no longer valid, or not this shopper's. */
	public function check_cart_coupons( $email = '' ) {
		$emails = array_filter( array( strtolower( $email ), strtolower( (string) wp_get_current_user()->user_email ) ) );
		foreach ( $this->get_coupons() as $code => $coupon ) {
			$own = $coupon->get_email_restrictions();
			if ( ! $coupon->is_valid() ) {
				wc_add_notice( $coupon->get_error_message(), 'error' );
				$this->remove_coupon( $code );
			} elseif ( $own && $emails && ! array_intersect( $own, $emails ) ) {
				wc_add_notice( apply_filters( 'woocommerce_coupon_error', sprintf( 'Sorry, it seems the coupon "%s" is not yours - it has now been removed from your order.', esc_html( $code ) ), WC_Coupon::E_WC_COUPON_NOT_YOURS_REMOVED, $coupon ), 'error' );
				$this->remove_coupon( $code );
			}
		}
	}

	/** Adds up, in cents, and spreads fixed discounts over the lines. */
	public function calculate_totals() {
		if ( $this->totals ) {
			return;
		}
		do_action( 'woocommerce_before_calculate_totals', $this );
		$left  = array();
		$total = 0;
		foreach ( $this->cart_contents as $key => $line ) {
			$left[ $key ] = (int) round( (float) $line['data']->get_price() * 100 * $line['quantity'] );
			$total       += $left[ $key ];
		}
		$subtotals = $left;
		$subtotal  = $total;
		$discounts = array();
		foreach ( $this->get_coupons() as $code => $coupon ) {
			$share              = $coupon->is_type( 'percent' ) ? (int) round( $total * (float) $coupon->get_amount() / 100 ) : min( $total, (int) round( (float) $coupon->get_amount() * 100 ) );
			$discounts[ $code ] = $share;
			$sum                = $total;
			foreach ( $left as $key => $cents ) {
				$part          = $sum > 0 ? intdiv( $share * $cents, $sum ) : 0;
				$left[ $key ] -= $part;
				$share        -= $part;
				$sum          -= $cents;
			}
			$total -= $discounts[ $code ];
		}
		foreach ( $this->cart_contents as $key => $line ) {
			$this->cart_contents[ $key ] = array_merge(
				$line,
				array( 'line_subtotal' => $subtotals[ $key ] / 100, 'line_subtotal_tax' => 0, 'line_total' => $left[ $key ] / 100, 'line_tax' => 0 )
			);
		}
		$this->totals = array( 'subtotal' => $subtotal, 'discount' => $subtotal - $total, 'total' => $total, 'coupons' => $discounts );
		do_action( 'woocommerce_after_calculate_totals', $this );
	}

	/** Before discounts, as a number. */
	public function get_subtotal() {
		$this->calculate_totals();
		return $this->totals['subtotal'] / 100;
	}

	/** @param string $context view: HTML; edit: a number. */
	public function get_total( $context = 'view' ) {
		$this->calculate_totals();
		return 'view' === $context ? wc_price( $this->totals['total'] / 100 ) : $this->totals['total'] / 100;
	}

	/** Before discounts, as HTML. */
	public function get_cart_subtotal() {
		return wc_price( $this->get_subtotal() );
	}

	/** A number. */
	public function get_discount_total() {
		$this->calculate_totals();
		return $this->totals['discount'] / 100;
	}

	/** Lines after discounts, a number. */
	public function get_cart_contents_total() {
		return $this->get_total( 'edit' );
	}

	/** @param string $code Of a coupon. */
	public function get_coupon_discount_amount( $code, $ex_tax = true ) {
		$this->calculate_totals();
		return isset( $this->totals['coupons'][ $code ] ) ? $this->totals['coupons'][ $code ] / 100 : 0;
	}

	/** Numbers that are always 0 here. */
	public function __call( $name, $arguments ) {
		$zero = array( 'get_shipping_total', 'get_shipping_tax', 'get_total_tax', 'get_fee_total', 'get_fee_tax', 'get_subtotal_tax', 'get_discount_tax', 'get_cart_contents_tax' );
		if ( in_array( $name, $zero, true ) ) {
			return 0.0;
		}
		if ( 'get_fees' === $name ) {
			return array();
		}
		throw new BadMethodCallException( "WC_Cart::$name is not in the stand-in" );
	}
}

/** Makes session, customer and cart, as REST routes must do for themselves. */
function wc_load_cart() {
	if ( WC()->cart ) {
		return;
	}
	WC()->session  = new WC_Session();
	WC()->customer = new WC_Customer( get_current_user_id() );
	WC()->cart     = new WC_Cart();
}
