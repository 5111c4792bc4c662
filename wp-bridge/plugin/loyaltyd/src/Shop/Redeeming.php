<?php
/**
 * Redeeming points from a page of the shop.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Turns a shopper's wish into a coupon, and a refusal into the shop's words.
 *
 * Every form carries an idempotency key. When it is not known whether a
 * redemption took place, the key and the points are kept for the next form, so
 * that trying again cannot redeem twice.
 */
final class Redeeming {

	/** Codes after which it is known that nothing was redeemed. */
	private const CERTAIN = array(
		'no_such_customer',
		'account_frozen',
		'insufficient_points',
		'below_minimum',
		'above_maximum',
		'not_a_multiple',
		'redeeming_off',
		'worth_nothing',
		'idempotency_key_reused',
		'redemption_cancelled',
		'redemption_closed',
		'bad_request',
	);

	/** @var Services */
	private $services;

	/** @param Services $services Shared objects. */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * The key for a customer's next form, and the points of an attempt whose
	 * outcome is not known (0: none).
	 *
	 * @param int $user User id.
	 * @return array{key: string, points: int}
	 */
	public static function next( int $user ): array {
		$kept = get_transient( self::kept( $user ) );
		if ( is_array( $kept ) && self::is_key( $kept['key'] ?? null ) ) {
			return array(
				'key'    => $kept['key'],
				'points' => (int) ( $kept['points'] ?? 0 ),
			);
		}
		return array(
			'key'    => wp_generate_uuid4(),
			'points' => 0,
		);
	}

	/**
	 * Redeems points of a customer.
	 *
	 * @param int   $user   User id.
	 * @param mixed $points What the shopper wrote.
	 * @param mixed $key    The form's key.
	 * @return \WC_Coupon
	 * @throws Refusal With a sentence for the shopper.
	 */
	public function redeem( int $user, $points, $key ): \WC_Coupon {
		$points = is_scalar( $points ) ? trim( (string) $points ) : '';
		if ( ! preg_match( '/^0*[1-9]\d{0,14}$/D', $points ) ) {
			throw new Refusal( 'bad_points', __( 'Please enter the number of points as a whole number.', 'loyaltyd' ) );
		}
		if ( ! self::is_key( $key ) ) {
			throw new Refusal( 'bad_key', __( 'This form can no longer be used. Please reload the page and try again.', 'loyaltyd' ) );
		}
		$points = (int) $points;
		$kept   = get_transient( self::kept( $user ) );
		if ( is_array( $kept ) && ( $kept['key'] ?? '' ) === $key && (int) ( $kept['points'] ?? 0 ) !== $points ) {
			$key = wp_generate_uuid4(); // Another number of points is another request.
		}
		set_transient(
			self::kept( $user ),
			array(
				'key'    => $key,
				'points' => $points,
			),
			15 * MINUTE_IN_SECONDS
		);
		try {
			$coupon = $this->services->redeemer()->redeem( $user, $points, $key );
			delete_transient( self::kept( $user ) );
			return $coupon;
		} catch ( BridgeError $error ) {
			if ( in_array( $error->code(), self::CERTAIN, true ) ) {
				delete_transient( self::kept( $user ) );
			}
			throw new Refusal( $error->code(), $this->sentence( $error->code(), $user ), $error );
		} catch ( \Throwable $error ) {
			throw new Refusal( 'internal', $this->sentence( 'internal', $user ), $error );
		}
	}

	/**
	 * The code of a customer's own coupon that is ready to be used; '' when
	 * there is none.
	 *
	 * @param int $redemption Id.
	 * @param int $user       User id.
	 */
	public function code_of( int $redemption, int $user ): string {
		$row = $this->services->redemptions()->one( $redemption );
		if ( 0 === $user || null === $row || (int) $row['user_id'] !== $user || ! in_array( $row['state'], array( 'reserved', 'confirmed' ), true ) ) {
			return '';
		}
		$this->services->redeemer()->heal( $user );
		return (string) $row['code'];
	}

	/**
	 * What the shopper reads when redeeming is refused.
	 *
	 * @param string $code Code of the refusal.
	 * @param int    $user User id.
	 */
	private function sentence( string $code, int $user ): string {
		switch ( $code ) {
			case 'insufficient_points':
				$balance = Offer::of( $this->services, $user )->balance;
				/* translators: %s: a number of points, such as "1,200 points" */
				return sprintf( __( 'You do not have that many points: you have %s.', 'loyaltyd' ), Words::points( $balance ) );
			case 'below_minimum':
				/* translators: %s: a number of points, such as "1,200 points" */
				return sprintf( __( 'Please redeem at least %s.', 'loyaltyd' ), Words::points( Offer::of( $this->services, $user )->least ) );
			case 'above_maximum':
				$rules = (array) ( $this->services->programme()->current()['redeem'] ?? array() );
				/* translators: %s: a number of points, such as "1,200 points" */
				return sprintf( __( 'Please redeem at most %s at once.', 'loyaltyd' ), Words::points( (int) ( $rules['max'] ?? 0 ) ) );
			case 'not_a_multiple':
				/* translators: %s: a number of points, such as "100 points" */
				return sprintf( __( 'Points are redeemed in steps of %s.', 'loyaltyd' ), Words::points( Offer::of( $this->services, $user )->multiple ) );
			case 'worth_nothing':
				return __( 'That is too few points to be worth anything. Please redeem more.', 'loyaltyd' );
			case 'redeeming_off':
			case 'account_frozen':
			case 'no_such_customer':
				return __( 'Points cannot be redeemed with this account. Please ask the shop.', 'loyaltyd' );
			case 'idempotency_key_reused':
				return __( 'This form was already used. Please look at your coupons before you try again.', 'loyaltyd' );
			case 'redemption_cancelled':
			case 'redemption_closed':
				return __( 'This took too long, and your points were given back. Please try again.', 'loyaltyd' );
		}
		return __( 'Points cannot be redeemed at this moment. Please try again in a few minutes; your points are safe.', 'loyaltyd' );
	}

	/**
	 * Whether a value has the form of a key.
	 *
	 * @param mixed $key Value.
	 */
	private static function is_key( $key ): bool {
		return is_string( $key ) && 1 === preg_match( '/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/D', $key );
	}

	/**
	 * Where the attempt of a customer is kept.
	 *
	 * @param int $user User id.
	 */
	private static function kept( int $user ): string {
		return 'loyaltyd_redeem_' . $user;
	}
}
