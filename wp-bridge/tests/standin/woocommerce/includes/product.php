<?php
/**
 * Products.
 */

/** A product or a variation. */
class WC_Product extends WC_Data {

	/** @var WP_Post */
	private $post;

	/** @param WP_Post $post Of the product. */
	public function __construct( $post ) {
		$this->id   = $post->ID;
		$this->post = $post;
		$this->data = array(
			'name'      => $post->post_title,
			'price'     => (string) get_post_meta( $post->ID, '_price', true ),
			'parent_id' => (int) $post->post_parent,
			'status'    => $post->post_status,
			'sku'       => (string) get_post_meta( $post->ID, '_sku', true ),
		);
	}

	/** simple, variable or variation. */
	public function get_type() {
		if ( 'product_variation' === $this->post->post_type ) {
			return 'variation';
		}
		return $this->get_children() ? 'variable' : 'simple';
	}

	/** @param string|array $type One or many. */
	public function is_type( $type ) {
		return in_array( $this->get_type(), (array) $type, true );
	}

	/** Ids of the variations. */
	public function get_children() {
		return 'product' !== $this->post->post_type ? array() : get_posts(
			array( 'post_type' => 'product_variation', 'post_parent' => $this->id, 'fields' => 'ids', 'numberposts' => 50, 'orderby' => 'ID', 'order' => 'ASC' )
		);
	}

	/** What the shop's script knows of each variation. */
	public function get_available_variations() {
		$all = array();
		foreach ( $this->get_children() as $id ) {
			$variation = wc_get_product( $id );
			$all[]     = apply_filters(
				'woocommerce_available_variation',
				array( 'variation_id' => $id, 'display_price' => (float) $variation->get_price(), 'variation_is_active' => true, 'attributes' => array( 'name' => $variation->get_name() ) ),
				$this,
				$variation
			);
		}
		return $all;
	}

	/** The price as HTML. */
	public function get_price_html() {
		return wc_price( $this->data['price'] );
	}

	/** Address. */
	public function get_permalink() {
		return get_permalink( $this->data['parent_id'] ? $this->data['parent_id'] : $this->id );
	}

	/** Whether it can be bought. */
	public function is_purchasable() {
		return 'publish' === $this->data['status'] && '' !== $this->data['price'];
	}

	/** Whether there is any. */
	public function is_in_stock() {
		return true;
	}

	/** Whether it exists. */
	public function exists() {
		return true;
	}

	/** Whether the shop shows it. */
	public function is_visible() {
		return 'publish' === $this->data['status'];
	}

	/** Term ids. */
	public function get_category_ids() {
		return wp_get_post_terms( $this->data['parent_id'] ? $this->data['parent_id'] : $this->id, 'product_cat', array( 'fields' => 'ids' ) );
	}
}

/**
 * @param mixed $product Id, post, product, or false for the current one.
 * @return WC_Product|false
 */
function wc_get_product( $product = false ) {
	if ( $product instanceof WC_Product ) {
		return $product;
	}
	$post = get_post( false === $product ? null : $product );
	return $post && in_array( $post->post_type, array( 'product', 'product_variation' ), true ) ? new WC_Product( $post ) : false;
}

/**
 * @param WC_Product $product   Any.
 * @param array      $arguments qty, price.
 */
function wc_get_price_to_display( $product, $arguments = array() ) {
	$price = isset( $arguments['price'] ) && '' !== $arguments['price'] ? $arguments['price'] : $product->get_price();
	return (float) $price * ( isset( $arguments['qty'] ) ? $arguments['qty'] : 1 );
}

/**
 * @param WC_Product $product   Any.
 * @param array      $arguments qty, price.
 */
function wc_get_price_excluding_tax( $product, $arguments = array() ) {
	return wc_get_price_to_display( $product, $arguments );
}

/**
 * @param WC_Product $product   Any.
 * @param array      $arguments qty, price.
 */
function wc_get_price_including_tax( $product, $arguments = array() ) {
	return wc_get_price_to_display( $product, $arguments );
}
