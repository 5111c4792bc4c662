<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Store;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Bridge\Client;
use Loyaltyd\Data\Range;
use Loyaltyd\Data\Redemptions;

defined( 'ABSPATH' ) || exit;

/**
 * Makes coupons from points. The daemon reserves the points, the coupon is
 * made as a draft, the daemon is told its id, and only then the coupon is
 * published. Whatever dies between two steps, the points are either in a
 * coupon or in the balance.
 */
final class Redeemer {

	/** Of a coupon: the number of its redemption. The daemon looks for it. */
	const META = '_loyalty_redemption';

	/** Of a coupon: the user to whom it belongs. */
	const META_USER = '_loyalty_user';

	/** Of a coupon: the daemon was not yet told of it. */
	const META_UNCONFIRMED = '_loyalty_unconfirmed';

	/** @var Client */
	private $client;

	/** @var Redemptions */
	private $redemptions;

	/**
	 * @param Client      $client      Asks the daemon.
	 * @param Redemptions $redemptions Knows the redemptions.
	 */
	public function __construct( Client $client, Redemptions $redemptions ) {
		$this->client      = $client;
		$this->redemptions = $redemptions;
	}

	/**
	 * Spends points on a coupon that is ready to be used when this returns.
	 *
	 * @param int    $user            Whose points.
	 * @param int    $points          How many.
	 * @param string $idempotency_key The same key is the same coupon, however often it is asked for.
	 * @throws BridgeError When the points cannot be spent (the code says why), or when the daemon fell silent:
	 *                     then the points are given back, or the coupon appears later by itself.
	 */
	public function redeem( int $user, int $points, string $idempotency_key ): \WC_Coupon {
		if ( ! wc_coupons_enabled() ) {
			throw new BridgeError( 'redeeming_off', __( 'Points cannot be redeemed with this account. Please ask the shop.', 'loyaltyd' ), 422 );
		}
		try {
			return $this->coupon( $user, $points, $idempotency_key );
		} catch ( BridgeError $e ) {
			if ( 'other_coupon' !== $e->code() ) {
				throw $e;
			}
			// The same form was sent twice at once, and the other one was first: its coupon is the one.
			return $this->coupon( $user, $points, $idempotency_key );
		}
	}

	/**
	 * Redeems, once.
	 *
	 * @param int    $user            Whose points.
	 * @param int    $points          How many.
	 * @param string $idempotency_key Of the request.
	 * @throws BridgeError As redeem.
	 */
	private function coupon( int $user, int $points, string $idempotency_key ): \WC_Coupon {
		$redemption = $this->client->post( '/v1/customers/' . $user . '/redemptions', array( 'points' => $points ), $idempotency_key );
		$coupon     = $this->coupon_of( $redemption );
		if ( null === $coupon ) {
			if ( 'reserved' !== ( $redemption['state'] ?? '' ) ) {
				throw new BridgeError( 'redemption_closed', __( 'The coupon of this redemption does not exist any more.', 'loyaltyd' ), 409 );
			}
			$coupon = $this->draft( $redemption );
		}
		return $this->finish( $coupon );
	}

	/**
	 * Finishes coupons that were made but not published because something died
	 * in between. It costs one query when there are none.
	 *
	 * @param int $user Whose; 0: everybody's.
	 */
	public function heal( int $user = 0 ) {
		if ( ! class_exists( 'WC_Coupon' ) ) {
			return;
		}
		foreach ( self::drafts( $user ) as $id ) {
			try {
				$this->finish( new \WC_Coupon( $id ) );
			} catch ( BridgeError $e ) {
				if ( $e->is_outage() ) {
					return;
				}
			}
		}
	}

	/**
	 * Tells the daemon of a draft and publishes it. What the daemon gave back
	 * meanwhile is deleted.
	 *
	 * @param \WC_Coupon $coupon Ours.
	 * @throws BridgeError When the daemon refuses or is silent.
	 */
	private function finish( \WC_Coupon $coupon ): \WC_Coupon {
		$id = $coupon->get_id();
		if ( '' === (string) $coupon->get_meta( self::META_UNCONFIRMED ) ) {
			return $coupon;
		}
		$redemption = (int) $coupon->get_meta( self::META );
		try {
			$this->client->post( '/v1/redemptions/' . $redemption . '/confirm', array( 'coupon_id' => $id ), 'confirm-' . $redemption . '-' . $id );
		} catch ( BridgeError $e ) {
			if ( in_array( $e->code(), array( 'redemption_cancelled', 'redemption_closed', 'other_coupon', 'no_such_redemption' ), true ) ) {
				$coupon->delete( true );
			}
			throw $e;
		}
		$coupon->delete_meta_data( self::META_UNCONFIRMED );
		$coupon->set_status( 'publish' );
		$coupon->save();
		return $coupon;
	}

	/**
	 * Returns the coupon that was already made for a redemption, or null.
	 *
	 * @param array<string,mixed> $redemption Of the daemon.
	 */
	private function coupon_of( array $redemption ): ?\WC_Coupon {
		$id = (int) ( $redemption['coupon_id'] ?? 0 );
		if ( ! $id && ! empty( $redemption['repeated'] ) ) {
			$found = get_posts(
				array(
					'post_type'        => 'shop_coupon',
					'post_status'      => array( 'draft', 'publish' ),
					'meta_key'         => self::META, // phpcs:ignore WordPress.DB.SlowDBQuery
					'meta_value'       => (string) $redemption['id'], // phpcs:ignore WordPress.DB.SlowDBQuery
					'fields'           => 'ids',
					'numberposts'      => 1,
					'orderby'          => 'ID',
					'order'            => 'ASC',
					'suppress_filters' => true,
				)
			);
			$id = (int) ( $found[0] ?? 0 );
		}
		if ( ! $id || 'shop_coupon' !== get_post_type( $id ) || 'trash' === get_post_status( $id ) ) {
			return null;
		}
		return new \WC_Coupon( $id );
	}

	/**
	 * Makes the coupon of a redemption, as a draft that nobody can use.
	 *
	 * @param array<string,mixed> $redemption Of the daemon.
	 */
	private function draft( array $redemption ): \WC_Coupon {
		$user   = get_userdata( (int) $redemption['user_id'] );
		$coupon = new \WC_Coupon();
		$coupon->set_status( 'draft' );
		$coupon->set_code( (string) $redemption['code'] );
		$coupon->set_discount_type( 'fixed_cart' );
		$coupon->set_amount( (string) $redemption['amount'] );
		$coupon->set_usage_limit( 1 );
		$coupon->set_usage_limit_per_user( 1 );
		if ( $user && is_email( $user->user_email ) ) {
			$coupon->set_email_restrictions( array( $user->user_email ) );
		}
		if ( ! empty( $redemption['expires_on'] ) ) {
			// A coupon ends when its time comes: with the end of its last day.
			$coupon->set_date_expires( strtotime( Range::instant( Range::next( (string) $redemption['expires_on'] ) ) . ' UTC' ) );
		}
		$coupon->set_description(
			sprintf(
				/* translators: 1: number of points, 2: name of the customer, 3: user id. */
				__( '%1$s points of %2$s (user #%3$d), spent on this coupon.', 'loyaltyd' ),
				number_format_i18n( (int) $redemption['points'] ),
				$user ? $user->display_name : '?',
				(int) $redemption['user_id']
			)
		);
		$coupon->update_meta_data( self::META, (string) $redemption['id'] );
		$coupon->update_meta_data( self::META_USER, (string) $redemption['user_id'] );
		$coupon->update_meta_data( self::META_UNCONFIRMED, '1' );
		$coupon->save();
		if ( 'draft' !== get_post_status( $coupon->get_id() ) ) {
			// Older versions of WooCommerce publish what they create.
			wp_update_post(
				array(
					'ID'          => $coupon->get_id(),
					'post_status' => 'draft',
				)
			);
		}
		return $coupon;
	}

	/**
	 * Returns coupons that wait to be confirmed.
	 *
	 * @param int $user Whose; 0: everybody's.
	 * @return array<int,int> Ids.
	 */
	private static function drafts( int $user ): array {
		$query = array( array( 'key' => self::META_UNCONFIRMED ) );
		if ( $user ) {
			$query[] = array(
				'key'   => self::META_USER,
				'value' => (string) $user,
			);
		}
		return array_map(
			'intval',
			get_posts(
				array(
					'post_type'        => 'shop_coupon',
					'post_status'      => array( 'draft', 'publish' ),
					'meta_query'       => $query, // phpcs:ignore WordPress.DB.SlowDBQuery
					'fields'           => 'ids',
					'numberposts'      => 50,
					'orderby'          => 'ID',
					'order'            => 'ASC',
					'suppress_filters' => true,
				)
			)
		);
	}
}
