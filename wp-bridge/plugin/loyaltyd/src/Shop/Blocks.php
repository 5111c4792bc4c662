<?php
/**
 * Points in the cart and checkout blocks.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Automattic\WooCommerce\Blocks\Integrations\IntegrationInterface;
use Automattic\WooCommerce\StoreApi\Exceptions\RouteException;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Adds points to the cart that WooCommerce's Store API gives, lets the blocks
 * redeem through it, and loads the script that shows both.
 */
final class Blocks {

	/** Name of our part of the cart, and of the script's settings. */
	public const NAME = 'loyaltyd';

	/** @var Services */
	private $services;

	/** @var Redeeming */
	private $redeeming;

	/** @var Estimates */
	private $estimates;

	/**
	 * @param Services  $services  Shared objects.
	 * @param Redeeming $redeeming Redeems.
	 * @param Estimates $estimates Answers.
	 */
	public function __construct( Services $services, Redeeming $redeeming, Estimates $estimates ) {
		$this->services  = $services;
		$this->redeeming = $redeeming;
		$this->estimates = $estimates;
	}

	/** Registers the hooks; nothing happens where WooCommerce has no blocks. */
	public function register(): void {
		add_action( 'woocommerce_blocks_loaded', array( $this, 'extend_cart' ) );
		add_action( 'woocommerce_blocks_cart_block_registration', array( $this, 'add_script' ) );
		add_action( 'woocommerce_blocks_checkout_block_registration', array( $this, 'add_script' ) );
	}

	/** Extends the Store API's cart. */
	public function extend_cart(): void {
		if ( ! function_exists( 'woocommerce_store_api_register_endpoint_data' ) || ! function_exists( 'woocommerce_store_api_register_update_callback' ) ) {
			return;
		}
		woocommerce_store_api_register_endpoint_data(
			array(
				'endpoint'        => 'cart',
				'namespace'       => self::NAME,
				'data_callback'   => array( $this, 'cart_data' ),
				'schema_callback' => array( $this, 'cart_schema' ),
				'schema_type'     => ARRAY_A,
			)
		);
		woocommerce_store_api_register_update_callback(
			array(
				'namespace' => self::NAME,
				'callback'  => array( $this, 'redeem' ),
			)
		);
	}

	/**
	 * Registers the script with a block.
	 *
	 * @param object $registry WooCommerce's registry of integrations.
	 */
	public function add_script( $registry ): void {
		if ( interface_exists( IntegrationInterface::class ) ) {
			$registry->register( new BlocksIntegration() );
		}
	}

	/**
	 * Our part of the cart: the sentence about points to earn (null: the script
	 * asks for it), and what may be redeemed.
	 */
	public function cart_data(): array {
		$earn     = '';
		$question = $this->estimates->possible() ? $this->estimates->of_cart() : null;
		if ( null !== $question ) {
			$points = $this->estimates->remembered( $question );
			$earn   = null === $points ? null : EarnTexts::cart( $points, ! is_user_logged_in() );
		}
		$offer  = CartRedeem::offer( $this->services );
		$redeem = null;
		if ( null !== $offer ) {
			$next   = Redeeming::next( get_current_user_id() );
			$redeem = array(
				'key'      => $next['key'],
				'points'   => $next['points'] > 0 ? $next['points'] : $offer->for_cart( CartRedeem::takeable() ),
				'least'    => $offer->least,
				'most'     => $offer->most,
				'multiple' => $offer->multiple,
				/* translators: %s: a number of points, such as "1,200 points" */
				'title'    => sprintf( __( 'You have %s. Redeem them for this order', 'loyaltyd' ), Words::points( $offer->balance ) ),
				'hint'     => RedeemForm::hint( $offer ),
				'worth'    => RedeemForm::worth_data( $offer ),
			);
		}
		return array(
			'earn'     => $earn,
			'question' => null === $question ? '' : md5( (string) wp_json_encode( $question ) ),
			'redeem'   => $redeem,
		);
	}

	/** What our part of the cart looks like. */
	public function cart_schema(): array {
		return array(
			'earn'     => array(
				'description' => __( 'What this cart would earn, in words; null when not known yet.', 'loyaltyd' ),
				'type'        => array( 'string', 'null' ),
				'context'     => array( 'view', 'edit' ),
				'readonly'    => true,
			),
			'question' => array(
				'description' => __( 'Changes when the cart would earn something else.', 'loyaltyd' ),
				'type'        => 'string',
				'context'     => array( 'view', 'edit' ),
				'readonly'    => true,
			),
			'redeem'   => array(
				'description' => __( 'What the customer may redeem; null for nothing.', 'loyaltyd' ),
				'type'        => array( 'object', 'null' ),
				'context'     => array( 'view', 'edit' ),
				'readonly'    => true,
			),
		);
	}

	/**
	 * Redeems points and applies the coupon to the cart. WooCommerce has checked
	 * the request's nonce; the script prints messages as text.
	 *
	 * @param mixed $data From the script: points and key.
	 * @throws RouteException With a sentence for the shopper.
	 */
	public function redeem( $data ): void {
		$user = get_current_user_id();
		if ( 0 === $user ) {
			throw new RouteException( 'loyaltyd_log_in', __( 'Please log in to redeem points.', 'loyaltyd' ), 401 );
		}
		$data = is_array( $data ) ? $data : array();
		try {
			$code = (string) $this->redeeming->redeem( $user, $data['points'] ?? null, $data['key'] ?? null )->get_code();
		} catch ( Refusal $refusal ) {
			throw new RouteException( 'loyaltyd_' . $refusal->reason(), $refusal->getMessage(), 409 );
		}
		$notices = wc_get_notices();
		$applied = WC()->cart->has_discount( $code ) || WC()->cart->apply_coupon( $code );
		wc_set_notices( $notices ); // The block speaks for itself.
		if ( ! $applied ) {
			throw new RouteException(
				'loyaltyd_not_applied',
				/* translators: %s: coupon code */
				sprintf( __( 'Your points are now the coupon %s, which does not fit this cart. You find it in your account.', 'loyaltyd' ), $code ),
				409
			);
		}
	}
}
