<?php
/**
 * Where the shop's scripts ask for points to earn.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Two routes that only read: a product's points, the same for everybody, and
 * those of the visitor's own cart. Both give {"points": 12|null, "text": "…",
 * "guest": "…"}; null when the daemon does not answer.
 */
final class EarnRoutes {

	private const SPACE = 'loyaltyd/v1';

	/** @var Estimates */
	private $estimates;

	/** @param Estimates $estimates Answers. */
	public function __construct( Estimates $estimates ) {
		$this->estimates = $estimates;
	}

	/** Registers the hook. */
	public function register(): void {
		add_action( 'rest_api_init', array( $this, 'routes' ) );
	}

	/** Registers the routes. */
	public function routes(): void {
		register_rest_route(
			self::SPACE,
			'/earn/product/(?P<id>\d{1,19})',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'product' ),
				'permission_callback' => '__return_true', // Says no more than the product's page.
				'args'                => array(
					'id' => array(
						'type'     => 'integer',
						'minimum'  => 1,
						'required' => true,
					),
				),
			)
		);
		register_rest_route(
			self::SPACE,
			'/earn/cart',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'cart' ),
				'permission_callback' => '__return_true', // The cart is the visitor's own.
			)
		);
	}

	/**
	 * Where to ask for a product's points.
	 *
	 * @param int $id Product or variation; 0: the address to which an id is added.
	 */
	public static function product_url( int $id = 0 ): string {
		return rest_url( self::SPACE . '/earn/product/' . ( $id > 0 ? $id : '' ) );
	}

	/** Where to ask for the cart's points. */
	public static function cart_url(): string {
		return rest_url( self::SPACE . '/earn/cart' );
	}

	/**
	 * A product's points.
	 *
	 * @param \WP_REST_Request $request With the id.
	 * @return \WP_REST_Response|\WP_Error
	 */
	public function product( \WP_REST_Request $request ) {
		$product = wc_get_product( (int) $request['id'] );
		if ( ! $product instanceof \WC_Product || ! self::is_public( $product ) ) {
			return new \WP_Error( 'loyaltyd_no_such_product', __( 'There is no such product.', 'loyaltyd' ), array( 'status' => 404 ) );
		}
		$question = $this->estimates->of_product( $product );
		$points   = null === $question ? 0 : $this->estimates->ask( $question, true );
		return self::answer( $points, array( EarnTexts::class, 'product' ) );
	}

	/** The cart's points. */
	public function cart(): \WP_REST_Response {
		if ( ! WC()->cart ) {
			wc_load_cart();
		}
		$question = $this->estimates->of_cart();
		$points   = null === $question ? 0 : $this->estimates->ask( $question );
		$response = self::answer( $points, array( EarnTexts::class, 'cart' ) );
		$response->header( 'Cache-Control', 'private, no-store' );
		return $response;
	}

	/**
	 * The answer.
	 *
	 * @param int|null $points Points.
	 * @param callable $text   Sentence for points and whether the reader is a guest.
	 */
	private static function answer( ?int $points, callable $text ): \WP_REST_Response {
		return new \WP_REST_Response(
			array(
				'points' => $points,
				'text'   => null === $points ? '' : $text( $points, false ),
				'guest'  => null === $points ? '' : $text( $points, true ),
			)
		);
	}

	/**
	 * Whether everybody may see a product.
	 *
	 * @param \WC_Product $product Product or variation.
	 */
	private static function is_public( \WC_Product $product ): bool {
		$post = get_post( $product->is_type( 'variation' ) ? (int) $product->get_parent_id() : (int) $product->get_id() );
		return $post instanceof \WP_Post && 'publish' === $post->post_status && '' === $post->post_password && 'publish' === $product->get_status();
	}
}
