<?php
/**
 * Objects with metadata, and times.
 */

/** A time with the words that templates use. */
class WC_DateTime extends DateTime {

	/** @param string $format For date(). */
	public function date( $format ) {
		return wp_date( $format, $this->getTimestamp() );
	}

	/** @param string $format Likewise, in the site's language. */
	public function date_i18n( $format = 'Y-m-d' ) {
		return wp_date( $format, $this->getTimestamp() );
	}

	/** Seconds since 1970 plus the zone's offset. */
	public function getOffsetTimestamp() { // phpcs:ignore
		return $this->getTimestamp() + wp_timezone()->getOffset( $this );
	}

	/** As JSON has it. */
	public function __toString() {
		return $this->format( DATE_ATOM );
	}

	/**
	 * @param mixed $value Unix seconds, a WC_DateTime, or a text in the site's time.
	 * @return WC_DateTime|null
	 */
	public static function of( $value ) {
		if ( null === $value || '' === $value || false === $value || '0000-00-00 00:00:00' === $value ) {
			return null;
		}
		if ( $value instanceof DateTimeInterface ) {
			$value = $value->getTimestamp();
		}
		$time = is_numeric( $value ) ? new self( '@' . $value ) : new self( $value, wp_timezone() );
		$time->setTimezone( wp_timezone() );
		return $time;
	}
}

/** What has metadata. */
abstract class WC_Data {

	/** @var int */
	protected $id = 0;

	/** @var array Properties. */
	protected $data = array();

	/** @var array[] key => list of values. */
	protected $meta = array();

	/** The id; 0 before it is saved. */
	public function get_id() {
		return $this->id;
	}

	/** @param int $id Any. */
	public function set_id( $id ) {
		$this->id = (int) $id;
	}

	/**
	 * @param string $key    Of the metadata.
	 * @param bool   $single Or all.
	 */
	public function get_meta( $key = '', $single = true, $context = 'view' ) {
		$all = isset( $this->meta[ $key ] ) ? array_values( $this->meta[ $key ] ) : array();
		return $single ? ( $all ? $all[0] : '' ) : $all;
	}

	/** @param string $key Of the metadata. */
	public function meta_exists( $key = '' ) {
		return ! empty( $this->meta[ $key ] );
	}

	/**
	 * @param string $key   Of the metadata.
	 * @param mixed  $value Instead of what was there.
	 */
	public function update_meta_data( $key, $value, $meta_id = 0 ) {
		$this->meta[ $key ] = array( $value );
	}

	/**
	 * @param string $key   Of the metadata.
	 * @param mixed  $value Beside what was there.
	 */
	public function add_meta_data( $key, $value, $unique = false ) {
		$this->meta[ $key ] = $unique || ! isset( $this->meta[ $key ] ) ? array( $value ) : array_merge( $this->meta[ $key ], array( $value ) );
	}

	/** @param string $key Of the metadata. */
	public function delete_meta_data( $key ) {
		$this->meta[ $key ] = array(); // Saving removes what was stored.
	}

	/** All properties. */
	public function get_data() {
		return array_merge( array( 'id' => $this->id ), $this->data );
	}

	/** @param array $properties name => value. */
	public function set_props( $properties ) {
		foreach ( $properties as $name => $value ) {
			$this->{"set_$name"}( $value );
		}
	}

	/** Getters and setters of the properties. */
	public function __call( $method, $arguments ) {
		$name = substr( $method, 4 );
		if ( ! array_key_exists( $name, $this->data ) ) {
			throw new BadMethodCallException( static::class . '::' . $method . ' is not in the stand-in' );
		}
		if ( strpos( $method, 'set_' ) === 0 ) {
			$this->data[ $name ] = $arguments[0];
			return null;
		}
		return $this->data[ $name ];
	}
}

/** The shopper. */
class WC_Customer extends WC_Data {

	/** @param int|WP_User $user 0: a guest. */
	public function __construct( $user = 0 ) {
		$this->id   = $user instanceof WP_User ? $user->ID : (int) $user;
		$known      = get_userdata( $this->id );
		$this->data = array(
			'email'         => $known ? $known->user_email : '',
			'billing_email' => $known ? $known->user_email : '',
			'display_name'  => $known ? $known->display_name : '',
			'username'      => $known ? $known->user_login : '',
			'is_vat_exempt' => false,
		);
	}

	/** Kept elsewhere. */
	public function save() {
		return $this->id;
	}
}

/** What is remembered of a shopper between requests. */
class WC_Session {

	/** @var array */
	private $data;

	/** @var string */
	private $key;

	/** Finds the shopper's by user or cookie. */
	public function __construct() {
		$cookie = isset( $_COOKIE['standin_session'] ) ? preg_replace( '/[^a-z0-9]/', '', $_COOKIE['standin_session'] ) : '';
		if ( is_user_logged_in() ) {
			$this->key = 'user_' . get_current_user_id();
		} elseif ( strlen( $cookie ) === 32 ) {
			$this->key = $cookie;
		} else {
			$this->key = md5( wp_generate_password( 32 ) );
			if ( ! headers_sent() ) {
				setcookie( 'standin_session', $this->key, 0, '/', '', false, true );
			}
		}
		$this->data = (array) get_option( 'standin_session_' . $this->key, array() );
	}

	/**
	 * @param string $name  Of a value.
	 * @param mixed  $other When there is none.
	 */
	public function get( $name, $other = null ) {
		return isset( $this->data[ $name ] ) ? $this->data[ $name ] : $other;
	}

	/**
	 * @param string $name  Of a value.
	 * @param mixed  $value Any.
	 */
	public function set( $name, $value ) {
		$this->data[ $name ] = $value;
		update_option( 'standin_session_' . $this->key, $this->data, false );
	}

	/** Whose session it is. */
	public function get_customer_id() {
		return is_user_logged_in() ? get_current_user_id() : $this->key;
	}

	/** Whether it is remembered. */
	public function has_session() {
		return true;
	}

	/** @param bool $set Whether to. */
	public function set_customer_session_cookie( $set ) {}
}
