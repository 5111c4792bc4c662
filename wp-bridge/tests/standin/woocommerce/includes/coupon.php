<?php
/**
 * Coupons: posts of type shop_coupon, code in the title.
 */

/** A coupon. */
class WC_Coupon extends WC_Data {

	const E_WC_COUPON_INVALID_FILTERED    = 100;
	const E_WC_COUPON_NOT_YOURS_REMOVED   = 102;
	const E_WC_COUPON_ALREADY_APPLIED     = 103;
	const E_WC_COUPON_NOT_EXIST           = 105;
	const E_WC_COUPON_USAGE_LIMIT_REACHED = 106;
	const E_WC_COUPON_EXPIRED             = 107;

	/** Properties that are one row of postmeta each. */
	const ROWS = array( 'discount_type', 'amount' => 'coupon_amount', 'individual_use', 'usage_limit', 'usage_limit_per_user', 'limit_usage_to_x_items', 'usage_count', 'date_expires', 'free_shipping', 'exclude_sale_items', 'email_restrictions' => 'customer_email', 'minimum_amount', 'maximum_amount' );

	/** @var string Why is_valid said no. */
	private $error = '';

	/** @param int|string|WC_Coupon $which Id, code, or nothing for a new one. */
	public function __construct( $which = '' ) {
		$this->data = array(
			'code'                   => '',
			'amount'                 => '0',
			'status'                 => null,
			'date_created'           => null,
			'date_modified'          => null,
			'date_expires'           => null,
			'discount_type'          => 'fixed_cart',
			'description'            => '',
			'usage_count'            => 0,
			'individual_use'         => false,
			'usage_limit'            => 0,
			'usage_limit_per_user'   => 0,
			'limit_usage_to_x_items' => null,
			'free_shipping'          => false,
			'exclude_sale_items'     => false,
			'minimum_amount'         => '',
			'maximum_amount'         => '',
			'email_restrictions'     => array(),
			'product_ids'            => array(),
			'used_by'                => array(),
			'virtual'                => false,
		);
		if ( $which instanceof self ) {
			$which = $which->get_id();
		}
		if ( is_int( $which ) && 'shop_coupon' === get_post_type( $which ) ) {
			$this->read( $which );
		} elseif ( is_string( $which ) && '' !== $which ) {
			$this->data['code'] = wc_format_coupon_code( $which );
			$id                 = wc_get_coupon_id_by_code( $which );
			if ( $id ) {
				$this->read( $id );
			}
		}
	}

	/** @param int $id Of the post. */
	private function read( $id ) {
		$post       = get_post( $id );
		$this->id   = $id;
		$this->meta = array();
		$this->data = array_merge(
			$this->data,
			array(
				'code'          => wc_format_coupon_code( $post->post_title ),
				'description'   => $post->post_excerpt,
				'status'        => $post->post_status,
				'date_created'  => WC_DateTime::of( $post->post_date ),
				'date_modified' => WC_DateTime::of( $post->post_modified ),
				'used_by'       => array_filter( get_post_meta( $id, '_used_by' ) ),
			)
		);
		foreach ( get_post_meta( $id ) as $key => $values ) {
			$row = array_search( $key, self::ROWS, true );
			if ( false === $row && '_used_by' !== $key && strpos( $key, '_wp_' ) !== 0 && strpos( $key, '_edit_' ) !== 0 ) {
				$this->meta[ $key ] = array_map( 'maybe_unserialize', $values );
			} elseif ( false !== $row ) {
				$this->{'set_' . ( is_int( $row ) ? $key : $row )}( maybe_unserialize( $values[0] ) );
			}
		}
	}

	/** @param string $code Any. */
	public function set_code( $code ) {
		$this->data['code'] = wc_format_coupon_code( $code );
	}

	/** @param string|float $amount Not negative. */
	public function set_amount( $amount ) {
		$amount = wc_format_decimal( $amount );
		if ( ! is_numeric( $amount ) || $amount < 0 ) {
			throw new WC_Data_Exception( 'coupon_invalid_amount', 'Invalid discount amount' );
		}
		$this->data['amount'] = $amount;
	}

	/** @param mixed $date Unix seconds or a text in the site's time. */
	public function set_date_expires( $date ) {
		$this->data['date_expires'] = WC_DateTime::of( $date );
	}

	/** @param array $emails Only these buyers. */
	public function set_email_restrictions( $emails = array() ) {
		$emails = array_filter( array_map( 'sanitize_email', array_map( 'strtolower', (array) $emails ) ) );
		foreach ( $emails as $email ) {
			if ( ! is_email( $email ) ) {
				throw new WC_Data_Exception( 'coupon_invalid_email_address', 'Invalid email address restriction' );
			}
		}
		$this->data['email_restrictions'] = $emails;
	}

	/** @param mixed $value Any. */
	public function set_individual_use( $value ) {
		$this->data['individual_use'] = wc_string_to_bool( $value );
	}

	/** @param mixed $value Any. */
	public function set_free_shipping( $value ) {
		$this->data['free_shipping'] = wc_string_to_bool( $value );
	}

	/** @param mixed $value Any. */
	public function set_usage_limit( $value ) {
		$this->data['usage_limit'] = absint( $value );
	}

	/** @param mixed $value Any. */
	public function set_usage_limit_per_user( $value ) {
		$this->data['usage_limit_per_user'] = absint( $value );
	}

	/** @param mixed $value Any. */
	public function set_usage_count( $value ) {
		$this->data['usage_count'] = absint( $value );
	}

	/** Writes it; fires woocommerce_new_coupon or woocommerce_update_coupon. */
	public function save() {
		$fresh = ! $this->id;
		$post  = array(
			'post_type'    => 'shop_coupon',
			'post_title'   => $this->data['code'],
			'post_excerpt' => $this->data['description'],
			'post_status'  => $this->data['status'] ? $this->data['status'] : 'publish',
			'post_author'  => get_current_user_id(),
		);
		do_action( 'woocommerce_before_coupon_object_save', $this, null );
		if ( $fresh ) {
			$id = wp_insert_post( wp_slash( $post ), true );
		} else {
			unset( $post['post_author'] );
			$post['ID'] = $this->id;
			$id         = wp_update_post( wp_slash( $post ), true );
		}
		if ( is_wp_error( $id ) ) {
			return 0;
		}
		$this->id             = $id;
		$this->data['status'] = $post['post_status'];
		foreach ( self::ROWS as $name => $key ) {
			$value = $this->data[ is_int( $name ) ? $key : $name ];
			if ( is_bool( $value ) ) {
				$value = $value ? 'yes' : 'no';
			} elseif ( $value instanceof DateTimeInterface ) {
				$value = $value->getTimestamp();
			}
			update_post_meta( $id, $key, $value );
		}
		foreach ( $this->meta as $key => $values ) {
			delete_post_meta( $id, $key );
			foreach ( $values as $value ) {
				add_post_meta( $id, $key, $value );
			}
		}
		do_action( $fresh ? 'woocommerce_new_coupon' : 'woocommerce_update_coupon', $id, $this );
		do_action( 'woocommerce_after_coupon_object_save', $this, null );
		return $id;
	}

	/** @param bool $force Past the trash. */
	public function delete( $force = false ) {
		if ( $force ) {
			wp_delete_post( $this->id, true );
			do_action( 'woocommerce_delete_coupon', $this->id );
			$this->id = 0;
		} else {
			wp_trash_post( $this->id );
			do_action( 'woocommerce_trash_coupon', $this->id );
		}
		return true;
	}

	/** @param string|array $type One or many. */
	public function is_type( $type ) {
		return in_array( $this->data['discount_type'], (array) $type, true );
	}

	/** Whether it can be used now, by the shopper of this request. */
	public function is_valid() {
		try {
			if ( ! $this->id ) {
				throw new Exception( sprintf( 'Coupon "%s" does not exist!', esc_html( $this->data['code'] ) ), self::E_WC_COUPON_NOT_EXIST );
			}
			if ( $this->data['usage_limit'] && $this->data['usage_count'] >= $this->data['usage_limit'] ) {
				throw new Exception( 'Coupon usage limit has been reached.', self::E_WC_COUPON_USAGE_LIMIT_REACHED );
			}
			if ( $this->data['date_expires'] && time() > $this->data['date_expires']->getTimestamp() ) {
				throw new Exception( 'This coupon has expired.', self::E_WC_COUPON_EXPIRED );
			}
			if ( ! apply_filters( 'woocommerce_coupon_is_valid', true, $this, null ) ) {
				throw new Exception( 'Coupon is not valid.', self::E_WC_COUPON_INVALID_FILTERED );
			}
		} catch ( Exception $refusal ) {
			$this->error = apply_filters( 'woocommerce_coupon_error', $refusal->getMessage(), $refusal->getCode(), $this );
			return false;
		}
		return true;
	}

	/** Why is_valid said no. */
	public function get_error_message() {
		return $this->error;
	}

	/** @param string|int $by User id or e-mail. */
	public function increase_usage_count( $by = '' ) {
		if ( $by ) {
			add_post_meta( $this->id, '_used_by', strtolower( $by ) );
			$this->data['used_by'][] = $by;
		}
		update_post_meta( $this->id, 'usage_count', ++$this->data['usage_count'] );
		do_action( 'woocommerce_increase_coupon_usage_count', $this, $this->data['usage_count'], $by );
	}

	/** @param string|int $by User id or e-mail. */
	public function decrease_usage_count( $by = '' ) {
		global $wpdb;
		if ( $by ) {
			$row = $wpdb->get_var( $wpdb->prepare( "SELECT meta_id FROM $wpdb->postmeta WHERE post_id = %d AND meta_key = '_used_by' AND meta_value = %s LIMIT 1", $this->id, strtolower( $by ) ) );
			if ( $row ) {
				delete_metadata_by_mid( 'post', $row );
			}
		}
		$this->data['usage_count'] = max( 0, $this->data['usage_count'] - 1 );
		update_post_meta( $this->id, 'usage_count', $this->data['usage_count'] );
		do_action( 'woocommerce_decrease_coupon_usage_count', $this, $this->data['usage_count'], $by );
	}
}

/** What a setter refuses. */
class WC_Data_Exception extends Exception {

	/** @var string */
	private $what;

	/**
	 * @param string $code    Short.
	 * @param string $message For people.
	 */
	public function __construct( $code, $message ) {
		$this->what = $code;
		parent::__construct( $message, 400 );
	}

	/** The short code. */
	public function getErrorCode() { // phpcs:ignore
		return $this->what;
	}
}

/**
 * The published coupon with a code, or 0.
 *
 * @param string $code    Any case.
 * @param int    $exclude Not this one.
 */
function wc_get_coupon_id_by_code( $code, $exclude = 0 ) {
	global $wpdb;
	return (int) $wpdb->get_var(
		$wpdb->prepare(
			"SELECT ID FROM $wpdb->posts WHERE post_type = 'shop_coupon' AND post_status = 'publish' AND LOWER(post_title) = LOWER(%s) AND ID != %d ORDER BY post_date DESC LIMIT 1",
			wc_format_coupon_code( $code ),
			$exclude
		)
	);
}

/** @param int $id Of a coupon. */
function wc_get_coupon_code_by_id( $id ) {
	return 'shop_coupon' === get_post_type( $id ) ? get_post_field( 'post_title', $id, 'raw' ) : '';
}
