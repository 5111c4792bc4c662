<?php
/**
 * Orders, in the tables of high-performance order storage.
 */

/** What orders and refunds have in common. */
abstract class WC_Abstract_Order extends WC_Data {

	/** @var WC_Order_Item[]|null */
	protected $items;

	/** The row's type. */
	abstract public function get_type();

	/** @param int $id 0: a new one. */
	public function __construct( $id = 0 ) {
		$this->data = array(
			'status'               => 'pending',
			'currency'             => get_woocommerce_currency(),
			'total'                => '0',
			'total_tax'            => '0',
			'customer_id'          => 0,
			'billing_email'        => '',
			'billing_first_name'   => '',
			'billing_last_name'    => '',
			'parent_id'            => 0,
			'payment_method_title' => '',
			'order_key'            => 'wc_order_' . strtolower( wp_generate_password( 13, false ) ),
			'date_created'         => null,
			'date_modified'        => null,
			'date_paid'            => null,
			'date_completed'       => null,
			'shipping_total'       => '0',
			'shipping_tax'         => '0',
			'discount_total'       => '0',
			'coupons_counted'      => false,
			'amount'               => '0',
			'reason'               => '',
		);
		if ( $id ) {
			$this->read( $id );
		}
	}

	/** @param int $id That exists. */
	protected function read( $id ) {
		global $wpdb;
		$row = $wpdb->get_row(
			$wpdb->prepare(
				"SELECT o.*, d.order_key, d.date_paid_gmt, d.date_completed_gmt, d.shipping_total_amount, d.shipping_tax_amount,
				d.discount_total_amount, d.coupon_usages_are_counted, a.first_name, a.last_name FROM {$wpdb->prefix}wc_orders o
				LEFT JOIN {$wpdb->prefix}wc_order_operational_data d ON d.order_id = o.id
				LEFT JOIN {$wpdb->prefix}wc_order_addresses a ON a.order_id = o.id AND a.address_type = 'billing' WHERE o.id = %d",
				$id
			)
		);
		$this->id   = (int) $row->id;
		$this->data = array_merge(
			$this->data,
			array(
				'status'             => preg_replace( '/^wc-/', '', $row->status ),
				'currency'           => $row->currency,
				'total'              => wc_format_decimal( $row->total_amount, wc_get_price_decimals() ),
				'customer_id'        => (int) $row->customer_id,
				'billing_email'      => (string) $row->billing_email,
				'billing_first_name' => (string) $row->first_name,
				'billing_last_name'  => (string) $row->last_name,
				'parent_id'          => (int) $row->parent_order_id,
				'order_key'          => (string) $row->order_key,
				'total_tax'          => (string) ( $row->tax_amount + $row->shipping_tax_amount ),
				'shipping_total'     => wc_format_decimal( $row->shipping_total_amount, wc_get_price_decimals() ),
				'shipping_tax'       => (string) $row->shipping_tax_amount,
				'discount_total'     => wc_format_decimal( $row->discount_total_amount, wc_get_price_decimals() ),
				'coupons_counted'    => (bool) $row->coupon_usages_are_counted,
				'date_created'       => self::from_gmt( $row->date_created_gmt ),
				'date_modified'      => self::from_gmt( $row->date_updated_gmt ),
				'date_paid'          => self::from_gmt( $row->date_paid_gmt ),
				'date_completed'     => self::from_gmt( $row->date_completed_gmt ),
			)
		);
		foreach ( $wpdb->get_results( $wpdb->prepare( "SELECT meta_key, meta_value FROM {$wpdb->prefix}wc_orders_meta WHERE order_id = %d ORDER BY id", $id ) ) as $meta ) {
			$this->meta[ $meta->meta_key ][] = maybe_unserialize( $meta->meta_value );
		}
		$this->data['amount'] = (string) $this->get_meta( '_refund_amount' );
		$this->data['reason'] = (string) $this->get_meta( '_refund_reason' );
	}

	/** @param string|null $text Of a column. */
	private static function from_gmt( $text ) {
		return $text && '0000' !== substr( $text, 0, 4 ) ? WC_DateTime::of( strtotime( $text . ' UTC' ) ) : null;
	}

	/** @param DateTimeInterface|null $time Any. */
	private static function to_gmt( $time ) {
		return $time ? gmdate( 'Y-m-d H:i:s', $time->getTimestamp() ) : null;
	}

	/**
	 * Writes the order, its items and metadata; the last it fires but for orders'
	 * own is woocommerce_after_order_object_save or
	 * woocommerce_after_order_refund_object_save.
	 */
	public function save() {
		global $wpdb;
		$now   = WC_DateTime::of( time() );
		$fresh = ! $this->id;
		do_action( 'woocommerce_before_' . $this->object_type() . '_object_save', $this, null );
		if ( $fresh ) {
			$this->data['date_created'] = $this->data['date_created'] ? $this->data['date_created'] : $now;
			$this->id                   = wp_insert_post( array( 'post_type' => 'shop_order_placehold', 'post_status' => 'draft', 'post_title' => 'Order', 'post_parent' => $this->data['parent_id'] ) );
		}
		$this->data['date_modified'] = $now;
		$refund                      = 'shop_order_refund' === $this->get_type();
		$wpdb->replace(
			$wpdb->prefix . 'wc_orders',
			array(
				'id'                   => $this->id,
				'status'               => in_array( $this->data['status'], array( 'trash', 'auto-draft' ), true ) ? $this->data['status'] : 'wc-' . $this->data['status'],
				'currency'             => $this->data['currency'],
				'type'                 => $this->get_type(),
				'tax_amount'           => (string) ( (float) $this->data['total_tax'] - (float) $this->data['shipping_tax'] ),
				'total_amount'         => $this->data['total'],
				'customer_id'          => $refund ? null : $this->data['customer_id'],
				'billing_email'        => $refund ? null : $this->data['billing_email'],
				'date_created_gmt'     => self::to_gmt( $this->data['date_created'] ),
				'date_updated_gmt'     => self::to_gmt( $now ),
				'parent_order_id'      => $this->data['parent_id'],
				'payment_method_title' => $this->data['payment_method_title'],
			)
		);
		$operational = array(
			'order_id'                  => $this->id,
			'created_via'               => 'checkout',
			'woocommerce_version'       => WC_VERSION,
			'coupon_usages_are_counted' => $this->data['coupons_counted'] ? 1 : 0,
			'order_key'                 => $this->data['order_key'],
			'date_paid_gmt'             => self::to_gmt( $this->data['date_paid'] ),
			'date_completed_gmt'        => self::to_gmt( $this->data['date_completed'] ),
			'shipping_total_amount'     => $this->data['shipping_total'],
			'shipping_tax_amount'       => $this->data['shipping_tax'],
			'discount_total_amount'     => $this->data['discount_total'],
		);
		if ( ! $wpdb->get_var( $wpdb->prepare( "SELECT id FROM {$wpdb->prefix}wc_order_operational_data WHERE order_id = %d", $this->id ) ) ) {
			$wpdb->insert( $wpdb->prefix . 'wc_order_operational_data', $operational );
		} else {
			$wpdb->update( $wpdb->prefix . 'wc_order_operational_data', $operational, array( 'order_id' => $this->id ) );
		}
		if ( ! $refund ) {
			$address = array( 'order_id' => $this->id, 'address_type' => 'billing', 'first_name' => $this->data['billing_first_name'], 'last_name' => $this->data['billing_last_name'], 'email' => $this->data['billing_email'] );
			$wpdb->delete( $wpdb->prefix . 'wc_order_addresses', array( 'order_id' => $this->id, 'address_type' => 'billing' ) );
			$wpdb->insert( $wpdb->prefix . 'wc_order_addresses', $address );
		}
		$wpdb->delete( $wpdb->prefix . 'wc_orders_meta', array( 'order_id' => $this->id ) );
		foreach ( $this->meta as $key => $values ) {
			foreach ( $values as $value ) {
				$wpdb->insert( $wpdb->prefix . 'wc_orders_meta', array( 'order_id' => $this->id, 'meta_key' => $key, 'meta_value' => maybe_serialize( $value ) ) );
			}
		}
		foreach ( (array) $this->items as $item ) {
			$item->set_order_id( $this->id );
			$item->save();
		}
		if ( $this->items ) {
			do_action( 'woocommerce_after_order_object_save_items', $this );
		}
		do_action( 'woocommerce_after_' . $this->object_type() . '_object_save', $this, null );
		if ( ! $refund ) {
			do_action( $fresh ? 'woocommerce_new_order' : 'woocommerce_update_order', $this->id, $this );
		}
		return $this->id;
	}

	/**
	 * Deletes it, as WC_Data::delete does and the tables' stores of orders and
	 * refunds: of a refund only woocommerce_pre_delete_order_refund tells.
	 *
	 * @param bool $force Past the trash, which refunds do not have.
	 */
	public function delete( $force = false ) {
		global $wpdb;
		$instead = apply_filters( 'woocommerce_pre_delete_' . $this->object_type(), null, $this, $force );
		if ( null !== $instead ) {
			return $instead;
		}
		$id     = $this->id;
		$refund = 'shop_order_refund' === $this->get_type();
		if ( ! $refund && ! $force ) {
			standin_trash_order( $id );
			$this->data['status'] = 'trash';
			return true;
		}
		if ( ! $refund ) {
			do_action( 'woocommerce_before_delete_order', $id, $this );
			foreach ( $this->get_refunds() as $one ) {
				$one->delete( true );
			}
			$this->delete_items();
		}
		foreach ( array( 'wc_order_operational_data', 'wc_order_addresses', 'wc_orders_meta' ) as $table ) {
			$wpdb->delete( $wpdb->prefix . $table, array( 'order_id' => $id ) );
		}
		$wpdb->delete( $wpdb->prefix . 'wc_orders', array( 'id' => $id ) );
		$wpdb->delete( $wpdb->posts, array( 'ID' => $id ) );
		clean_post_cache( $id );
		$this->id = 0;
		if ( ! $refund ) {
			do_action( 'woocommerce_delete_order', $id );
		}
		return true;
	}

	/** @param string|null $type Of lines; null: all. */
	public function remove_order_items( $type = null ) {
		do_action( 'woocommerce_remove_order_items', $this, $type );
		$this->delete_items( $type );
		$this->items = null;
		do_action( 'woocommerce_removed_order_items', $this, $type );
	}

	/** @param string|null $type Likewise. */
	private function delete_items( $type = null ) {
		global $wpdb;
		foreach ( WC_Order_Item::of_order( $this->id ) as $item ) {
			if ( null === $type || $item->get_type() === $type ) {
				$wpdb->delete( $wpdb->prefix . 'woocommerce_order_itemmeta', array( 'order_item_id' => $item->get_id() ) );
				$wpdb->delete( $wpdb->prefix . 'woocommerce_order_items', array( 'order_item_id' => $item->get_id() ) );
			}
		}
	}

	/** As hooks name it. */
	private function object_type() {
		return 'shop_order' === $this->get_type() ? 'order' : 'order_refund';
	}

	/** @param WC_Order_Item $item A new one. */
	public function add_item( $item ) {
		$this->get_items();
		$this->items[] = $item;
	}

	/** @param string|array $types line_item, shipping, fee, coupon. */
	public function get_items( $types = 'line_item' ) {
		if ( null === $this->items ) {
			$this->items = $this->id ? WC_Order_Item::of_order( $this->id ) : array();
		}
		$found = array();
		foreach ( $this->items as $place => $item ) {
			if ( in_array( $item->get_type(), (array) $types, true ) ) {
				$found[ $item->get_id() ? $item->get_id() : "new:$place" ] = $item;
			}
		}
		return $found;
	}

	/** The fee lines. */
	public function get_fees() {
		return $this->get_items( 'fee' );
	}

	/** Codes of the coupons that were used. */
	public function get_coupon_codes() {
		return array_values( array_map( function ( $item ) { return $item->get_name(); }, $this->get_items( 'coupon' ) ) );
	}

	/** @param string|array $status One or many. */
	public function has_status( $status ) {
		return in_array( $this->data['status'], (array) $status, true );
	}
}

/** An order. */
class WC_Order extends WC_Abstract_Order {

	/** Its type. */
	public function get_type() {
		return 'shop_order';
	}

	/** The number that people see. */
	public function get_order_number() {
		return (string) apply_filters( 'woocommerce_order_number', $this->id, $this );
	}

	/** The customer's id. */
	public function get_user_id() {
		return $this->data['customer_id'];
	}

	/** The customer. */
	public function get_user() {
		return $this->data['customer_id'] ? get_user_by( 'id', $this->data['customer_id'] ) : false;
	}

	/** Whether it is paid. */
	public function is_paid() {
		return $this->has_status( wc_get_is_paid_statuses() );
	}

	/** For the shop. */
	public function get_edit_order_url() {
		return apply_filters( 'woocommerce_get_edit_order_url', Automattic\WooCommerce\Utilities\OrderUtil::get_order_admin_edit_url( $this->id ), $this );
	}

	/** For the customer. */
	public function get_view_order_url() {
		return apply_filters( 'woocommerce_get_view_order_url', wc_get_endpoint_url( 'view-order', $this->id, wc_get_page_permalink( 'myaccount' ) ), $this );
	}

	/** The page after the checkout. */
	public function get_checkout_order_received_url() {
		return add_query_arg( 'key', $this->data['order_key'], wc_get_endpoint_url( 'order-received', $this->id, wc_get_checkout_url() ) );
	}

	/** First and last name. */
	public function get_formatted_billing_full_name() {
		return trim( $this->data['billing_first_name'] . ' ' . $this->data['billing_last_name'] );
	}

	/** As HTML. */
	public function get_formatted_order_total() {
		return wc_price( $this->data['total'], array( 'currency' => $this->data['currency'] ) );
	}

	/** @param string $note Text. */
	public function add_order_note( $note ) {
		return wp_insert_comment(
			array( 'comment_post_ID' => $this->id, 'comment_author' => 'WooCommerce', 'comment_content' => $note, 'comment_type' => 'order_note', 'comment_agent' => 'WooCommerce', 'comment_approved' => 1 )
		);
	}

	/** The refunds, newest first. */
	public function get_refunds() {
		global $wpdb;
		$ids = $wpdb->get_col( $wpdb->prepare( "SELECT id FROM {$wpdb->prefix}wc_orders WHERE type = 'shop_order_refund' AND parent_order_id = %d ORDER BY id DESC", $this->id ) );
		return array_map( 'wc_get_order', $ids );
	}

	/** The sum of the refunds. */
	public function get_total_refunded() {
		return array_sum( array_map( function ( $refund ) { return (float) $refund->get_amount(); }, $this->get_refunds() ) );
	}
}

/** An order's line, fee, shipping or coupon. */
class WC_Order_Item extends WC_Data {

	/** Properties that are rows of metadata, by type. */
	const ROWS = array(
		'line_item' => array( 'product_id' => '_product_id', 'variation_id' => '_variation_id', 'quantity' => '_qty', 'subtotal' => '_line_subtotal', 'subtotal_tax' => '_line_subtotal_tax', 'total' => '_line_total', 'total_tax' => '_line_tax', 'refunded_item_id' => '_refunded_item_id' ),
		'fee'       => array( 'total' => '_line_total', 'total_tax' => '_line_tax' ),
		'shipping'  => array( 'total' => 'cost', 'total_tax' => 'total_tax' ),
		'coupon'    => array( 'discount' => 'discount_amount', 'discount_tax' => 'discount_amount_tax' ),
		'tax'       => array(),
	);

	/** @var string */
	private $type;

	/**
	 * @param string $type   Of ROWS.
	 * @param string $name   What people read; a coupon's code.
	 * @param array  $values Properties.
	 */
	public function __construct( $type, $name, $values = array() ) {
		$this->type = $type;
		$this->data = array_merge( array( 'name' => $name, 'order_id' => 0 ), array_fill_keys( array_keys( self::ROWS[ $type ] ), '0' ), $values );
	}

	/** Of ROWS. */
	public function get_type() {
		return $this->type;
	}

	/** A coupon's. */
	public function get_code() {
		return $this->data['name'];
	}

	/** A line's. */
	public function get_product() {
		return wc_get_product( $this->data['variation_id'] ? $this->data['variation_id'] : $this->data['product_id'] );
	}

	/** Writes it. */
	public function save() {
		global $wpdb;
		$row   = array( 'order_item_name' => $this->data['name'], 'order_item_type' => $this->type, 'order_id' => $this->data['order_id'] );
		$fresh = ! $this->id;
		if ( $fresh ) {
			$wpdb->insert( $wpdb->prefix . 'woocommerce_order_items', $row );
			$this->id = (int) $wpdb->insert_id;
		} else {
			$wpdb->update( $wpdb->prefix . 'woocommerce_order_items', $row, array( 'order_item_id' => $this->id ) );
		}
		$wpdb->delete( $wpdb->prefix . 'woocommerce_order_itemmeta', array( 'order_item_id' => $this->id ) );
		foreach ( self::ROWS[ $this->type ] as $name => $key ) {
			if ( '_refunded_item_id' !== $key || $this->data[ $name ] ) {
				$wpdb->insert( $wpdb->prefix . 'woocommerce_order_itemmeta', array( 'order_item_id' => $this->id, 'meta_key' => $key, 'meta_value' => $this->data[ $name ] ) );
			}
		}
		do_action( $fresh ? 'woocommerce_new_order_item' : 'woocommerce_update_order_item', $this->id, $this, $this->data['order_id'] );
		return $this->id;
	}

	/**
	 * @param int $order Its id.
	 * @return WC_Order_Item[]
	 */
	public static function of_order( $order ) {
		global $wpdb;
		$items = array();
		foreach ( $wpdb->get_results( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}woocommerce_order_items WHERE order_id = %d ORDER BY order_item_id", $order ) ) as $row ) {
			if ( ! isset( self::ROWS[ $row->order_item_type ] ) ) {
				continue;
			}
			$item     = new self( $row->order_item_type, $row->order_item_name );
			$item->id = (int) $row->order_item_id;
			$item->set_order_id( (int) $order );
			foreach ( $wpdb->get_results( $wpdb->prepare( "SELECT meta_key, meta_value FROM {$wpdb->prefix}woocommerce_order_itemmeta WHERE order_item_id = %d", $item->id ) ) as $meta ) {
				$name = array_search( $meta->meta_key, self::ROWS[ $row->order_item_type ], true );
				if ( $name ) {
					$item->data[ $name ] = $meta->meta_value;
				}
			}
			$items[] = $item;
		}
		return $items;
	}
}

/**
 * An order or a refund, or false. Of a store that keeps orders in posts only
 * what is in no other place is there.
 *
 * @param mixed $which Id, post or order.
 */
function wc_get_order( $which = false ) {
	global $wpdb;
	if ( $which instanceof WC_Abstract_Order ) {
		return $which;
	}
	$id   = $which instanceof WP_Post ? $which->ID : absint( $which );
	$type = $id ? $wpdb->get_var( $wpdb->prepare( "SELECT type FROM {$wpdb->prefix}wc_orders WHERE id = %d", $id ) ) : null;
	switch ( $type ) {
		case 'shop_order':
			return new WC_Order( $id );
		case 'shop_order_refund':
			return new WC_Order_Refund( $id );
	}
	return false;
}

/**
 * Orders, newest first.
 *
 * @param array $query include, post__in, customer_id, status, limit, return.
 */
function wc_get_orders( $query ) {
	global $wpdb;
	$where = "type = 'shop_order' AND status != 'trash'";
	foreach ( array( 'include', 'post__in' ) as $list ) {
		if ( ! empty( $query[ $list ] ) ) {
			$where .= ' AND id IN (' . implode( ',', array_map( 'absint', $query[ $list ] ) ) . ')';
		}
	}
	foreach ( array( 'customer', 'customer_id' ) as $name ) {
		if ( ! empty( $query[ $name ] ) ) {
			$where .= $wpdb->prepare( ' AND customer_id = %d', $query[ $name ] );
		}
	}
	$limit = isset( $query['limit'] ) ? (int) $query['limit'] : 10;
	$ids   = $wpdb->get_col( "SELECT id FROM {$wpdb->prefix}wc_orders WHERE $where ORDER BY date_created_gmt DESC, id DESC" . ( $limit > 0 ? " LIMIT $limit" : '' ) ); // phpcs:ignore
	return isset( $query['return'] ) && 'ids' === $query['return'] ? array_map( 'intval', $ids ) : array_map( 'wc_get_order', $ids );
}

/** @param int $item Id of an order's item. */
function wc_delete_order_item( $item ) {
	global $wpdb;
	do_action( 'woocommerce_before_delete_order_item', $item );
	$wpdb->delete( $wpdb->prefix . 'woocommerce_order_itemmeta', array( 'order_item_id' => $item ) );
	$wpdb->delete( $wpdb->prefix . 'woocommerce_order_items', array( 'order_item_id' => $item ) );
	do_action( 'woocommerce_delete_order_item', $item );
	return true;
}

/**
 * Changes a line without saying whose it is.
 *
 * @param int   $item   Id of an order's item.
 * @param array $values order_item_name, order_item_type.
 */
function wc_update_order_item( $item, $values ) {
	global $wpdb;
	$wpdb->update( $wpdb->prefix . 'woocommerce_order_items', $values, array( 'order_item_id' => $item ) );
	do_action( 'woocommerce_update_order_item', $item, $values );
	return true;
}
