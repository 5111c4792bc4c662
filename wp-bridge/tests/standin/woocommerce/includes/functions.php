<?php
/**
 * Money, pages, notices.
 */

/** Code of the store's currency. */
function get_woocommerce_currency() {
	return apply_filters( 'woocommerce_currency', get_option( 'woocommerce_currency', 'USD' ) );
}

/** @param string $currency The store's when empty. */
function get_woocommerce_currency_symbol( $currency = '' ) {
	$symbols = array( 'USD' => '&#36;', 'EUR' => '&euro;', 'GBP' => '&pound;', 'JPY' => '&yen;', 'CNY' => '&yen;', 'TRY' => '&#8378;' );
	$code    = $currency ? $currency : get_woocommerce_currency();
	return apply_filters( 'woocommerce_currency_symbol', isset( $symbols[ $code ] ) ? $symbols[ $code ] : $code, $code );
}

/** Names of currencies by code. */
function get_woocommerce_currencies() {
	return array( 'USD' => 'United States (US) dollar', 'EUR' => 'Euro', 'GBP' => 'Pound sterling', 'JPY' => 'Japanese yen', 'KWD' => 'Kuwaiti dinar', 'CNY' => 'Chinese yuan', 'TRY' => 'Turkish lira' );
}

/** A format for sprintf: symbol, price. */
function get_woocommerce_price_format() {
	$formats = array( 'right' => '%2$s%1$s', 'left_space' => '%1$s&nbsp;%2$s', 'right_space' => '%2$s&nbsp;%1$s' );
	$place   = get_option( 'woocommerce_currency_pos', 'left' );
	return isset( $formats[ $place ] ) ? $formats[ $place ] : '%1$s%2$s';
}

/** Decimals of prices. */
function wc_get_price_decimals() {
	return (int) get_option( 'woocommerce_price_num_decimals', 2 );
}

/** What stands before decimals. */
function wc_get_price_decimal_separator() {
	return stripslashes( get_option( 'woocommerce_price_decimal_sep', '.' ) );
}

/** What stands between thousands. */
function wc_get_price_thousand_separator() {
	return stripslashes( get_option( 'woocommerce_price_thousand_sep', ',' ) );
}

/**
 * A price as HTML.
 *
 * @param string|float $price     Amount.
 * @param array        $arguments currency, decimals, in_span.
 */
function wc_price( $price, $arguments = array() ) {
	$arguments = wp_parse_args( $arguments, array( 'currency' => '', 'decimals' => wc_get_price_decimals() ) );
	$number    = number_format( abs( (float) $price ), $arguments['decimals'], wc_get_price_decimal_separator(), wc_get_price_thousand_separator() );
	$symbol    = '<span class="woocommerce-Price-currencySymbol">' . get_woocommerce_currency_symbol( $arguments['currency'] ) . '</span>';
	$text      = ( (float) $price < 0 ? '-' : '' ) . sprintf( get_woocommerce_price_format(), $symbol, $number );
	return '<span class="woocommerce-Price-amount amount"><bdi>' . $text . '</bdi></span>';
}

/**
 * A number as text with a point, trimmed to decimals when they are given.
 *
 * @param string|float $number   Amount.
 * @param int|false    $decimals Or false.
 * @param bool         $trim     Whether zeros at the end go.
 */
function wc_format_decimal( $number, $decimals = false, $trim = false ) {
	$text = preg_replace( '/[^0-9.\-]/', '', (string) $number );
	if ( '' === $text || '-' === $text ) {
		return '';
	}
	if ( false !== $decimals ) {
		$text = number_format( (float) $text, '' === $decimals ? wc_get_price_decimals() : (int) $decimals, '.', '' );
	}
	if ( $trim && strpos( $text, '.' ) !== false ) {
		$text = rtrim( rtrim( $text, '0' ), '.' );
	}
	return $text;
}

/** @param string $code Of a coupon. */
function wc_format_coupon_code( $code ) {
	return wc_strtolower( sanitize_text_field( $code ) );
}

/** @param string $text Any. */
function wc_strtolower( $text ) {
	return function_exists( 'mb_strtolower' ) ? mb_strtolower( (string) $text ) : strtolower( (string) $text );
}

/** @param mixed $value A text or an array of texts from a form. */
function wc_clean( $value ) {
	return is_array( $value ) ? array_map( 'wc_clean', $value ) : ( is_scalar( $value ) ? sanitize_text_field( $value ) : $value );
}

/** @param mixed $value yes, 1, true. */
function wc_string_to_bool( $value ) {
	return is_bool( $value ) ? $value : in_array( strtolower( (string) $value ), array( 'yes', 'true', '1' ), true );
}

/** How dates are written. */
function wc_date_format() {
	return get_option( 'date_format', 'F j, Y' );
}

/** How times are written. */
function wc_time_format() {
	return get_option( 'time_format', 'g:i a' );
}

/**
 * @param WC_DateTime $date   Any.
 * @param string      $format wc_date_format() when empty.
 */
function wc_format_datetime( $date, $format = '' ) {
	return $date ? $date->date_i18n( $format ? $format : wc_date_format() ) : '';
}

/** @param string $name shop, cart, checkout or myaccount. */
function wc_get_page_id( $name ) {
	$id = (int) get_option( "woocommerce_{$name}_page_id" );
	return $id ? $id : -1;
}

/** @param string $name Likewise. */
function wc_get_page_permalink( $name ) {
	$id = wc_get_page_id( $name );
	return $id > 0 ? get_permalink( $id ) : home_url( '/' );
}

/** The cart's address. */
function wc_get_cart_url() {
	return apply_filters( 'woocommerce_get_cart_url', wc_get_page_permalink( 'cart' ) );
}

/** The checkout's address. */
function wc_get_checkout_url() {
	return apply_filters( 'woocommerce_get_checkout_url', wc_get_page_permalink( 'checkout' ) );
}

/**
 * @param string $endpoint Name.
 * @param string $value    After it.
 * @param string $address  Of the page.
 */
function wc_get_endpoint_url( $endpoint, $value = '', $address = '' ) {
	$address = $address ? $address : get_permalink();
	$vars    = WC()->query->get_query_vars();
	$slug    = ! empty( $vars[ $endpoint ] ) ? $vars[ $endpoint ] : $endpoint;
	if ( get_option( 'permalink_structure' ) ) {
		$address = trailingslashit( $address ) . trailingslashit( $slug ) . ( '' === (string) $value ? '' : user_trailingslashit( $value ) );
	} else {
		$address = add_query_arg( $slug, $value, $address );
	}
	return apply_filters( 'woocommerce_get_endpoint_url', $address, $endpoint, $value, $address );
}

/** @param string $endpoint Of My Account. */
function wc_get_account_endpoint_url( $endpoint ) {
	if ( 'dashboard' === $endpoint ) {
		return wc_get_page_permalink( 'myaccount' );
	}
	if ( 'customer-logout' === $endpoint ) {
		return wp_logout_url( wc_get_page_permalink( 'myaccount' ) );
	}
	return wc_get_endpoint_url( $endpoint, '', wc_get_page_permalink( 'myaccount' ) );
}

/** Whether this is My Account. */
function is_account_page() {
	return is_page( wc_get_page_id( 'myaccount' ) );
}

/** Whether this is the cart. */
function is_cart() {
	return is_page( wc_get_page_id( 'cart' ) );
}

/** Whether this is the checkout, its order-received page included. */
function is_checkout() {
	return is_page( wc_get_page_id( 'checkout' ) );
}

/** Whether this is a product's page. */
function is_product() {
	return is_singular( 'product' );
}

/** @param string|false $endpoint Any endpoint when false. */
function is_wc_endpoint_url( $endpoint = false ) {
	global $wp;
	$vars = WC()->query->get_query_vars();
	if ( false !== $endpoint ) {
		return isset( $vars[ $endpoint ] ) && isset( $wp->query_vars[ $vars[ $endpoint ] ] );
	}
	foreach ( $vars as $slug ) {
		if ( isset( $wp->query_vars[ $slug ] ) ) {
			return true;
		}
	}
	return false;
}

/** Whether this is the page after a checkout. */
function is_order_received_page() {
	global $wp;
	return is_checkout() && isset( $wp->query_vars['order-received'] );
}

/**
 * Keeps a sentence for the shopper until a page shows it.
 *
 * @param string $message HTML.
 * @param string $type    success, notice or error.
 * @param array  $data    Attributes.
 */
function wc_add_notice( $message, $type = 'success', $data = array() ) {
	if ( ! WC()->session ) {
		_doing_it_wrong( __FUNCTION__, 'There is no session here.', '3.1' );
		return;
	}
	$notices            = WC()->session->get( 'wc_notices', array() );
	$notices[ $type ][] = array( 'notice' => apply_filters( 'woocommerce_add_' . $type, $message ), 'data' => $data );
	WC()->session->set( 'wc_notices', $notices );
}

/**
 * @param string $type All when empty.
 * @return array
 */
function wc_get_notices( $type = '' ) {
	$notices = WC()->session ? (array) WC()->session->get( 'wc_notices', array() ) : array();
	return $type ? ( isset( $notices[ $type ] ) ? $notices[ $type ] : array() ) : $notices;
}

/** @param array $notices Instead of what was there. */
function wc_set_notices( $notices ) {
	if ( WC()->session ) {
		WC()->session->set( 'wc_notices', $notices );
	}
}

/** @param string $type All when empty. */
function wc_notice_count( $type = '' ) {
	$notices = WC()->session ? WC()->session->get( 'wc_notices', array() ) : array();
	return $type ? count( isset( $notices[ $type ] ) ? $notices[ $type ] : array() ) : array_sum( array_map( 'count', $notices ) );
}

/** Forgets all of them. */
function wc_clear_notices() {
	if ( WC()->session ) {
		WC()->session->set( 'wc_notices', array() );
	}
}

/** @param bool $return_it Or print. */
function wc_print_notices( $return_it = false ) {
	$html = '';
	foreach ( WC()->session ? WC()->session->get( 'wc_notices', array() ) : array() as $type => $notices ) {
		$class = array( 'error' => 'woocommerce-error', 'success' => 'woocommerce-message', 'notice' => 'woocommerce-info' );
		foreach ( $notices as $notice ) {
			$html .= '<div class="' . esc_attr( isset( $class[ $type ] ) ? $class[ $type ] : $type ) . '" role="' . ( 'success' === $type ? 'status' : 'alert' ) . '">' . wp_kses_post( $notice['notice'] ) . '</div>';
		}
	}
	wc_clear_notices();
	if ( $return_it ) {
		return $html;
	}
	echo '<div class="woocommerce-notices-wrapper">' . $html . '</div>'; // phpcs:ignore
}

/**
 * @param string $message HTML.
 * @param string $type    success, notice or error.
 */
function wc_print_notice( $message, $type = 'success' ) {
	$class = array( 'error' => 'woocommerce-error', 'success' => 'woocommerce-message', 'notice' => 'woocommerce-info' );
	echo '<div class="' . esc_attr( $class[ $type ] ) . '" role="alert">' . wp_kses_post( $message ) . '</div>';
}

/** The statuses of orders. */
function wc_get_order_statuses() {
	return apply_filters(
		'wc_order_statuses',
		array(
			'wc-pending'        => 'Pending payment',
			'wc-processing'     => 'Processing',
			'wc-on-hold'        => 'On hold',
			'wc-completed'      => 'Completed',
			'wc-cancelled'      => 'Cancelled',
			'wc-refunded'       => 'Refunded',
			'wc-failed'         => 'Failed',
			'wc-checkout-draft' => 'Draft',
		)
	);
}

/** @param string $status With or without wc-. */
function wc_get_order_status_name( $status ) {
	$all    = wc_get_order_statuses();
	$status = preg_replace( '/^wc-/', '', $status );
	return isset( $all[ 'wc-' . $status ] ) ? $all[ 'wc-' . $status ] : $status;
}

/** Statuses that mean paid. */
function wc_get_is_paid_statuses() {
	return apply_filters( 'woocommerce_order_is_paid_statuses', array( 'processing', 'completed' ) );
}

/** Writes nothing. */
function wc_get_logger() {
	static $logger;
	$logger = $logger ? $logger : new WC_Logger();
	return $logger;
}

/** A log that keeps nothing. */
class WC_Logger {

	/**
	 * @param string $name      Of the level.
	 * @param array  $arguments Message and context.
	 */
	public function __call( $name, $arguments ) {}
}

/** Whether prices contain tax. */
function wc_prices_include_tax() {
	return false;
}

/** Whether tax is on. */
function wc_tax_enabled() {
	return 'yes' === get_option( 'woocommerce_calc_taxes', 'no' );
}

/** Whether coupons are on. */
function wc_coupons_enabled() {
	return apply_filters( 'woocommerce_coupons_enabled', 'no' !== get_option( 'woocommerce_enable_coupons', 'yes' ) );
}

/**
 * @param string $text Help.
 */
function wc_help_tip( $text ) {
	return '<span class="woocommerce-help-tip" tabindex="0" aria-label="' . esc_attr( wp_strip_all_tags( $text ) ) . '"></span>';
}
