<?php
/**
 * What a customer may redeem.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * A customer's balance seen through the redeeming rules. Read from tables, so
 * that no page waits for the daemon, which has the last word when points are
 * redeemed.
 */
final class Offer {

	/** @var int */
	public $balance;

	/** @var int Points earned that are not available yet. */
	public $pending;

	/** @var bool Whether the programme redeems at all and for this customer. */
	public $on;

	/** @var int Fewest points of one redemption. */
	public $least;

	/** @var int Most points that may be redeemed now; 0 when none. */
	public $most;

	/** @var int Steps of one redemption. */
	public $multiple;

	/** @var string Points for one unit of currency, decimal text. */
	public $rate;

	/** @var Worth */
	public $worth;

	/**
	 * @param array $account   Row of the accounts table.
	 * @param array $programme The programme in force.
	 * @param bool  $excluded  Whether the customer takes no part in it.
	 * @param int   $decimals  Decimals of the store's prices.
	 */
	public function __construct( array $account, array $programme, bool $excluded, int $decimals ) {
		$rules          = (array) ( $programme['redeem'] ?? array() );
		$this->balance  = (int) ( $account['balance'] ?? 0 );
		$this->pending  = (int) ( $account['pending'] ?? 0 );
		$this->rate     = (string) ( $rules['points_per_unit'] ?? '0' );
		$this->worth    = new Worth( $this->rate, $decimals );
		$this->multiple = max( 1, (int) ( $rules['multiple'] ?? 1 ) );
		$this->on       = ! $excluded && (float) $this->rate > 0;

		$worth_something = $this->worth->points_for( $decimals > 0 ? '0.' . str_repeat( '0', $decimals - 1 ) . '1' : '1' );

		$this->least = self::up( max( 1, (int) ( $rules['min'] ?? 0 ), $worth_something ), $this->multiple );
		$maximum     = (int) ( $rules['max'] ?? 0 );
		$most        = max( 0, $maximum > 0 ? min( $this->balance, $maximum ) : $this->balance );
		$most       -= $most % $this->multiple;
		$this->most  = $this->on && $most >= $this->least && '' !== $this->worth->of( $most ) ? $most : 0;
	}

	/**
	 * The offer for a customer.
	 *
	 * @param Services $services Shared objects.
	 * @param int      $user     User id, not 0.
	 */
	public static function of( Services $services, int $user ): self {
		$programme = $services->programme()->current();
		$account   = $services->accounts()->one( $user );
		return new self(
			$account,
			$programme,
			$account['frozen'] || Member::excluded( $user, $programme ),
			(int) get_option( 'woocommerce_price_num_decimals', 2 )
		);
	}

	/**
	 * The most points of which a cart can use the whole worth; at least the
	 * fewest that may be redeemed, at most the most.
	 *
	 * @param string $total What the cart's coupons may take, decimal text.
	 */
	public function for_cart( string $total ): int {
		$points = $this->worth->points_for( $total );
		return max( $this->least, min( $this->most, $points - $points % $this->multiple ) );
	}

	/**
	 * A number rounded up to a multiple.
	 *
	 * @param int $number   At least 1.
	 * @param int $multiple At least 1.
	 */
	private static function up( int $number, int $multiple ): int {
		$over = $number % $multiple;
		return 0 === $over ? $number : $number - $over + $multiple;
	}
}
