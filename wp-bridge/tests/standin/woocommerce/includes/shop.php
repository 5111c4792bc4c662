<?php
/**
 * Product, cart and checkout as classic templates have them.
 */

add_filter( 'the_content', 'standin_product_page' );

/** @param string $content Of any page. */
function standin_product_page( $content ) {
	global $product;
	if ( is_page( wc_get_page_id( 'shop' ) ) && in_the_loop() ) {
		$content = '<ul class="products">';
		foreach ( get_posts( array( 'post_type' => 'product', 'numberposts' => 12 ) ) as $post ) {
			$content .= '<li><a href="' . esc_url( get_permalink( $post ) ) . '">' . esc_html( $post->post_title ) . '</a></li>';
		}
		return $content . '</ul>';
	}
	if ( ! is_product() || ! in_the_loop() ) {
		return $content;
	}
	$product = wc_get_product( get_the_ID() );
	ob_start();
	do_action( 'woocommerce_before_single_product' );
	wc_print_notices();
	echo '<div id="product-' . (int) $product->get_id() . '" class="product type-product"><div class="summary entry-summary">';
	do_action( 'woocommerce_single_product_summary' );
	echo '</div></div>';
	do_action( 'woocommerce_after_single_product' );
	return ob_get_clean() . $content;
}

add_action(
	'woocommerce_single_product_summary',
	function () {
		global $product;
		echo '<p class="price">' . wp_kses_post( $product->get_price_html() ) . '</p>';
	},
	10
);
add_action( 'woocommerce_single_product_summary', 'woocommerce_template_single_add_to_cart', 30 );

/** The form of a simple or a variable product. */
function woocommerce_template_single_add_to_cart() {
	global $product;
	$variable = $product->is_type( 'variable' );
	do_action( 'woocommerce_before_add_to_cart_form' );
	$variations = $variable ? $product->get_available_variations() : array();
	echo '<form class="cart' . ( $variable ? ' variations_form' : '' ) . '" method="post" data-product_id="' . (int) $product->get_id() . '" data-product_variations="' . esc_attr( wp_json_encode( $variations ) ) . '">';
	if ( $variable ) {
		echo '<p><label for="variation">Which</label> <select id="variation" name="variation_id"><option value="">Choose an option</option>';
		foreach ( $variations as $variation ) {
			echo '<option value="' . (int) $variation['variation_id'] . '">' . esc_html( $variation['attributes']['name'] ) . '</option>';
		}
		echo '</select></p><div class="single_variation_wrap"><div class="woocommerce-variation single_variation" role="alert" aria-relevant="additions"></div></div>';
	}
	do_action( 'woocommerce_before_add_to_cart_button' );
	echo '<p><label for="quantity">Quantity</label> <input type="number" id="quantity" class="qty" name="quantity" value="1" min="1"> ';
	echo '<button type="submit" name="add-to-cart" value="' . (int) $product->get_id() . '" class="single_add_to_cart_button button">Add to cart</button></p>';
	do_action( 'woocommerce_after_add_to_cart_button' );
	echo '</form>';
	do_action( 'woocommerce_after_add_to_cart_form' );
	if ( $variable ) {
		// The variations' script, with the two events that other scripts hear.
		wp_enqueue_script( 'jquery' );
		add_action( 'wp_footer', 'standin_variation_script', 100 );
	}
}

/** See above. */
function standin_variation_script() {
	?>
	<script>
	jQuery( function ( $ ) {
		$( '#variation' ).on( 'change', function () {
			var form = $( this ).closest( 'form' ), id = Number( this.value );
			var found = form.data( 'product_variations' ).filter( function ( v ) { return v.variation_id === id; } )[ 0 ];
			if ( found ) { form.trigger( 'found_variation', [ found ] ).trigger( 'show_variation', [ found, true ] ); } else { form.trigger( 'reset_data' ).trigger( 'hide_variation' ); }
		} );
	} );
	</script>
	<?php
}

add_shortcode(
	'woocommerce_cart',
	function () {
		ob_start();
		echo '<div class="woocommerce">';
		$cart = WC()->cart;
		if ( $cart ) {
			$cart->check_cart_coupons();
			do_action( 'woocommerce_before_cart' );
			wc_print_notices();
			$cart->is_empty() ? standin_empty_cart() : standin_cart( $cart );
			do_action( 'woocommerce_after_cart' );
		}
		echo '</div>';
		return ob_get_clean();
	}
);

/** Nothing in it. */
function standin_empty_cart() {
	do_action( 'woocommerce_cart_is_empty' );
	echo '<p class="cart-empty">Your cart is currently empty.</p>';
}

/** @param WC_Cart $cart With something in it. */
function standin_cart( $cart ) {
	echo '<form class="woocommerce-cart-form" action="' . esc_url( wc_get_cart_url() ) . '" method="post">';
	do_action( 'woocommerce_before_cart_table' );
	standin_lines( $cart );
	do_action( 'woocommerce_cart_contents' );
	if ( wc_coupons_enabled() ) {
		echo '<p class="coupon"><label for="coupon_code">Coupon:</label> <input type="text" name="coupon_code" id="coupon_code" value=""> <button type="submit" class="button" name="apply_coupon" value="Apply coupon">Apply coupon</button>';
		do_action( 'woocommerce_cart_coupon' );
		echo '</p>';
	}
	do_action( 'woocommerce_after_cart_table' );
	echo '</form>';
	do_action( 'woocommerce_before_cart_collaterals' );
	echo '<div class="cart-collaterals">';
	do_action( 'woocommerce_cart_collaterals' );
	echo '<div class="cart_totals"><h2>Cart totals</h2><table>';
	standin_totals( $cart, 'woocommerce_cart_totals_before_order_total', 'woocommerce_cart_totals_after_order_total' );
	echo '</table>';
	do_action( 'woocommerce_after_cart_totals' );
	echo '<div class="wc-proceed-to-checkout"><a class="checkout-button button" href="' . esc_url( wc_get_checkout_url() ) . '">Proceed to checkout</a></div></div></div>';
}

/** @param WC_Cart $cart With something in it. */
function standin_lines( $cart ) {
	echo '<table class="shop_table cart"><thead><tr><th>Product</th><th>Quantity</th><th>Subtotal</th></tr></thead><tbody>';
	foreach ( $cart->get_cart() as $line ) {
		echo '<tr class="cart_item"><td>' . esc_html( $line['data']->get_name() ) . '</td><td>' . (int) $line['quantity'] . '</td><td>' . wp_kses_post( wc_price( $line['line_subtotal'] ) ) . '</td></tr>';
	}
	echo '</tbody></table>';
}

/**
 * @param WC_Cart $cart   With something in it.
 * @param string  $before Hook before the last row.
 * @param string  $after  Hook after it.
 */
function standin_totals( $cart, $before, $after ) {
	echo '<tr class="cart-subtotal"><th>Subtotal</th><td>' . wp_kses_post( $cart->get_cart_subtotal() ) . '</td></tr>';
	foreach ( $cart->get_coupons() as $code => $coupon ) {
		$label = apply_filters( 'woocommerce_cart_totals_coupon_label', 'Coupon: ' . $code, $coupon );
		echo '<tr class="cart-discount coupon-' . esc_attr( sanitize_title( $code ) ) . '"><th>' . wp_kses_post( $label ) . '</th><td>-' . wp_kses_post( wc_price( $cart->get_coupon_discount_amount( $code ) ) ) . ' <a href="' . esc_url( add_query_arg( 'remove_coupon', rawurlencode( $code ), wc_get_cart_url() ) ) . '" class="woocommerce-remove-coupon" aria-label="Remove coupon ' . esc_attr( $code ) . '">[Remove]</a></td></tr>';
	}
	do_action( $before );
	echo '<tr class="order-total"><th>Total</th><td>' . wp_kses_post( $cart->get_total() ) . '</td></tr>';
	do_action( $after );
}

add_shortcode(
	'woocommerce_checkout',
	function () {
		global $wp;
		ob_start();
		echo '<div class="woocommerce">';
		if ( isset( $wp->query_vars['order-received'] ) ) {
			wc_print_notices();
			standin_order_received( absint( $wp->query_vars['order-received'] ) );
		} elseif ( WC()->cart && ! WC()->cart->is_empty() ) {
			WC()->cart->check_cart_coupons();
			standin_checkout_form( WC()->cart );
		} else {
			wc_print_notices();
			standin_empty_cart();
		}
		echo '</div>';
		return ob_get_clean();
	}
);

/** @param WC_Cart $cart With something in it. */
function standin_checkout_form( $cart ) {
	$checkout = new WC_Checkout();
	wc_print_notices();
	do_action( 'woocommerce_before_checkout_form', $checkout );
	echo '<form name="checkout" method="post" class="checkout woocommerce-checkout" action="' . esc_url( wc_get_checkout_url() ) . '">';
	wp_nonce_field( 'woocommerce-process_checkout', 'woocommerce-process-checkout-nonce' );
	foreach ( array( 'billing_first_name' => 'First name', 'billing_last_name' => 'Last name', 'billing_email' => 'Email address' ) as $name => $label ) {
		echo '<p><label for="' . esc_attr( $name ) . '">' . esc_html( $label ) . '</label> <input type="text" id="' . esc_attr( $name ) . '" name="' . esc_attr( $name ) . '" value="' . esc_attr( $checkout->get_value( $name ) ) . '"></p>';
	}
	do_action( 'woocommerce_checkout_before_order_review_heading' );
	echo '<h2 id="order_review_heading">Your order</h2>';
	do_action( 'woocommerce_checkout_before_order_review' );
	echo '<div id="order_review" class="woocommerce-checkout-review-order"><table class="shop_table woocommerce-checkout-review-order-table">';
	standin_totals( $cart, 'woocommerce_review_order_before_order_total', 'woocommerce_review_order_after_order_total' );
	echo '</table>';
	do_action( 'woocommerce_review_order_before_submit' );
	echo '<p><button type="submit" class="button" name="woocommerce_checkout_place_order" id="place_order" value="Place order">Place order</button></p></div>';
	do_action( 'woocommerce_checkout_after_order_review' );
	echo '</form>';
	do_action( 'woocommerce_after_checkout_form', $checkout );
}

/** @param int $id Of an order. */
function standin_order_received( $id ) {
	$order = wc_get_order( $id );
	// phpcs:ignore WordPress.Security
	if ( ! $order || ! hash_equals( $order->get_order_key(), (string) ( $_GET['key'] ?? '' ) ) ) {
		echo '<p class="woocommerce-thankyou-order-received">Thank you. Your order has been received.</p>';
		return;
	}
	do_action( 'woocommerce_before_thankyou', $id );
	echo '<p class="woocommerce-thankyou-order-received">Thank you. Your order has been received.</p><p>Order number: ' . esc_html( $order->get_order_number() ) . '</p>';
	do_action( 'woocommerce_thankyou', $id );
	do_action( 'woocommerce_order_details_after_order_table', $order );
}

add_action(
	'wp_enqueue_scripts',
	function () {
		// Small screens: WooCommerce makes cells rows and hides heads, those of
		// rows too.
		wp_register_style( 'woocommerce-smallscreen', false, array(), WC_VERSION );
		wp_enqueue_style( 'woocommerce-smallscreen' );
		wp_add_inline_style(
			'woocommerce-smallscreen',
			'@media (max-width: 768px) {
				.woocommerce table.shop_table_responsive :is(thead, tbody th) { display: none; }
				.woocommerce table.shop_table_responsive :is(tr, td) { display: block; }
				.woocommerce table.shop_table_responsive td { text-align: end; }
				.woocommerce table.shop_table_responsive td::before { float: inline-start; content: attr(data-title); }
			}'
		);
	}
);
