<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * What the settings page asks for, in the order in which it asks, in words of
 * the shop. Each field has the key of the programme that it sets.
 */
final class SettingsGroups {

	/**
	 * Returns the groups.
	 *
	 * @return array<string,array{title:string,intro:string,fields:array<string,array<string,mixed>>}> Fields by key,
	 *         each with label, help, kind, and choices where it has them.
	 */
	public static function all(): array {
		return array(
			'earning'    => self::earning(),
			'bonuses'    => self::bonuses(),
			'campaigns'  => self::campaigns(),
			'reviews'    => self::reviews(),
			'signup'     => self::signup(),
			'products'   => self::products(),
			'excluded'   => self::excluded(),
			'holding'    => self::holding(),
			'redeeming'  => self::redeeming(),
			'expiry'     => self::expiry(),
		);
	}

	/**
	 * Returns the label of a key, for lists of what is wrong.
	 *
	 * @param string $key Of the programme, such as earn.campaigns[0].from.
	 * @return array{0:string,1:string} Key of the field and its label; empty when no field sets it.
	 */
	public static function field_of( string $key ): array {
		foreach ( self::all() as $group ) {
			foreach ( $group['fields'] as $field => $about ) {
				if ( $key === $field || 0 === strpos( $key, $field . '[' ) || 0 === strpos( $key, $field . '.' ) ) {
					return array( $field, $about['label'] );
				}
			}
		}
		return array( '', '' );
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function earning(): array {
		$currency = function_exists( 'get_woocommerce_currency' ) ? get_woocommerce_currency() : '';
		return array(
			'title'  => __( 'Earning', 'loyaltyd' ),
			'intro'  => __( 'What customers earn by buying. Refunds take the points back by themselves, in part or in whole.', 'loyaltyd' ),
			'fields' => array(
				'earn.purchase.points_per_unit' => array(
					'kind'  => 'decimal',
					/* translators: %s: code of a currency. */
					'label' => sprintf( __( 'Points for each %s 1 spent', 'loyaltyd' ), $currency ),
					'help'  => __( '0.5 gives one point for every two. 0 turns points for purchases off.', 'loyaltyd' ),
				),
				'earn.purchase.discounts'       => array(
					'kind'    => 'choice',
					'label'   => __( 'Discounts', 'loyaltyd' ),
					'choices' => array(
						'deduct' => __( 'Points for what was really paid', 'loyaltyd' ),
						'ignore' => __( 'Points for the price before coupons', 'loyaltyd' ),
					),
				),
				'earn.purchase.tax'             => array(
					'kind'  => 'switch',
					'label' => __( 'Tax', 'loyaltyd' ),
					'text'  => __( 'Tax earns points too', 'loyaltyd' ),
				),
				'earn.purchase.shipping'        => array(
					'kind'  => 'switch',
					'label' => __( 'Shipping', 'loyaltyd' ),
					'text'  => __( 'Shipping earns points too', 'loyaltyd' ),
				),
				'earn.purchase.fees'            => array(
					'kind'  => 'switch',
					'label' => __( 'Fees', 'loyaltyd' ),
					'text'  => __( 'Fees earn points too', 'loyaltyd' ),
				),
				'earn.purchase.min_order'       => array(
					'kind'  => 'decimal',
					'label' => __( 'Smallest order that earns', 'loyaltyd' ),
					/* translators: %s: code of a currency. */
					'help'  => sprintf( __( 'In %s. 0: every order earns.', 'loyaltyd' ), $currency ),
				),
				'earn.purchase.max_points'      => array(
					'kind'  => 'whole',
					'label' => __( 'Most points for one order', 'loyaltyd' ),
					'help'  => __( '0: no limit.', 'loyaltyd' ),
				),
				'earn.purchase.rounding'        => array(
					'kind'    => 'choice',
					'label'   => __( 'Rounding', 'loyaltyd' ),
					'choices' => array(
						'down'    => __( 'Down to whole points', 'loyaltyd' ),
						'nearest' => __( 'To the nearest whole point', 'loyaltyd' ),
						'up'      => __( 'Up to whole points', 'loyaltyd' ),
					),
				),
				'earn.purchase.statuses'        => array(
					'kind'    => 'checks',
					'label'   => __( 'Orders earn while they are', 'loyaltyd' ),
					'choices' => OrderStatuses::that_may_earn(),
				),
				'earn.purchase.custom_statuses' => array(
					'kind'    => 'custom_statuses',
					'label'   => __( 'Statuses of other plugins', 'loyaltyd' ),
					'help'    => __( 'An order counts as paid when it has a payment date.', 'loyaltyd' ),
					'choices' => OrderStatuses::custom(),
				),
				'starts'                        => array(
					'kind'  => 'time',
					'label' => __( 'The programme begins', 'loyaltyd' ),
					'help'  => __( 'Orders, reviews and registrations before this time earn nothing. Empty: the whole past counts. Time of this site.', 'loyaltyd' ),
				),
				'guests'                        => array(
					'kind'    => 'choice',
					'label'   => __( 'Orders of guests', 'loyaltyd' ),
					'choices' => array(
						'ignore'      => __( 'Earn for nobody', 'loyaltyd' ),
						'match_email' => __( 'Earn for the customer with that e-mail address', 'loyaltyd' ),
					),
					'help'    => __( 'WooCommerce does not check that a guest’s e-mail address is theirs.', 'loyaltyd' ),
				),
				'earn.purchase.currencies'      => array(
					'kind'  => 'rows',
					'rows'  => 'currencies',
					'label' => __( 'Orders in other currencies', 'loyaltyd' ),
					/* translators: %s: code of a currency. */
					'help'  => sprintf( __( 'How many %s one unit of the other currency is worth. Orders in a currency that is not listed earn nothing.', 'loyaltyd' ), $currency ),
					'add'   => __( 'Add a currency', 'loyaltyd' ),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function bonuses(): array {
		return array(
			'title'  => __( 'Bonuses', 'loyaltyd' ),
			'intro'  => __( 'On top of the points for the purchase. A bonus is taken back when its order is refunded or cancelled.', 'loyaltyd' ),
			'fields' => array(
				'earn.first_order.points' => array(
					'kind'  => 'whole',
					'label' => __( 'First order', 'loyaltyd' ),
					'help'  => __( 'Points for a customer’s first order. 0: none.', 'loyaltyd' ),
				),
				'earn.high_spend'         => array(
					'kind'  => 'rows',
					'rows'  => 'high_spend',
					'label' => __( 'Spending over a certain amount', 'loyaltyd' ),
					'help'  => __( 'An order gets the points of the highest amount that it reaches.', 'loyaltyd' ),
					'add'   => __( 'Add an amount', 'loyaltyd' ),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function campaigns(): array {
		return array(
			'title'  => __( 'Campaigns', 'loyaltyd' ),
			'intro'  => __( 'Extra points for orders paid during a period. If several fit, the first in the list counts. An empty date leaves that end open; times are those of this site.', 'loyaltyd' ),
			'fields' => array(
				'earn.campaigns' => array(
					'kind'  => 'rows',
					'rows'  => 'campaigns',
					'label' => __( 'Extra points during a period', 'loyaltyd' ),
					'help'  => __( '“Times the points” with 2 doubles the points of the purchase.', 'loyaltyd' ),
					'add'   => __( 'Add a campaign', 'loyaltyd' ),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function reviews(): array {
		return array(
			'title'  => __( 'Reviews and comments', 'loyaltyd' ),
			'intro'  => __( 'Each product and each post pays a customer once, when the review or comment is approved. 0: none.', 'loyaltyd' ),
			'fields' => array(
				'earn.product_review.points'        => array(
					'kind'  => 'whole',
					'label' => __( 'Points for a product review', 'loyaltyd' ),
				),
				'earn.product_review.verified_only' => array(
					'kind'  => 'switch',
					'label' => __( 'Verified owners', 'loyaltyd' ),
					'text'  => __( 'Only reviews by customers who bought the product', 'loyaltyd' ),
				),
				'earn.blog_comment.points'          => array(
					'kind'  => 'whole',
					'label' => __( 'Points for a comment on a post', 'loyaltyd' ),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function signup(): array {
		return array(
			'title'  => __( 'Sign-up', 'loyaltyd' ),
			'intro'  => '',
			'fields' => array(
				'earn.signup.points' => array(
					'kind'  => 'whole',
					'label' => __( 'Points for registering', 'loyaltyd' ),
					'help'  => __( '0: none.', 'loyaltyd' ),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function products(): array {
		return array(
			'title'  => __( 'Per product and per category', 'loyaltyd' ),
			'intro'  => __( 'A rule for a product wins over rules for its categories; of several categories the lowest rate counts.', 'loyaltyd' ),
			'fields' => array(
				'earn.purchase.products'   => array(
					'kind'  => 'rows',
					'rows'  => 'products',
					'label' => __( 'Products', 'loyaltyd' ),
					'help'  => __( 'Type a part of the name, or the number of a product or variation.', 'loyaltyd' ),
					'add'   => __( 'Add a product', 'loyaltyd' ),
				),
				'earn.purchase.categories' => array(
					'kind'  => 'rows',
					'rows'  => 'categories',
					'label' => __( 'Categories', 'loyaltyd' ),
					'help'  => __( 'A rule counts for products that are in the category itself, not in one below it.', 'loyaltyd' ),
					'add'   => __( 'Add a category', 'loyaltyd' ),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function excluded(): array {
		return array(
			'title'  => __( 'Who is excluded', 'loyaltyd' ),
			'intro'  => __( 'Excluded customers earn and redeem nothing. The points they have stay, frozen, until they are no longer excluded.', 'loyaltyd' ),
			'fields' => array(
				'exclude.roles' => array(
					'kind'    => 'checks',
					'label'   => __( 'Roles', 'loyaltyd' ),
					'choices' => array_map( 'translate_user_role', wp_roles()->get_names() ),
				),
				'exclude.users' => array(
					'kind'  => 'rows',
					'rows'  => 'users',
					'label' => __( 'Single customers', 'loyaltyd' ),
					'help'  => __( 'Name, e-mail address or number.', 'loyaltyd' ),
					'add'   => __( 'Add a customer', 'loyaltyd' ),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function holding(): array {
		return array(
			'title'  => __( 'Holding', 'loyaltyd' ),
			'intro'  => '',
			'fields' => array(
				'hold_days'        => array(
					'kind'  => 'whole',
					'label' => __( 'Days until points can be spent', 'loyaltyd' ),
					'help'  => __( 'Points of an order stay pending for so many days, for example until it can no longer be returned. 0: at once.', 'loyaltyd' ),
				),
				'negative_balance' => array(
					'kind'    => 'choice',
					'label'   => __( 'When more is taken back than is there', 'loyaltyd' ),
					'choices' => array(
						'allow' => __( 'The balance goes below zero', 'loyaltyd' ),
						'clamp' => __( 'The balance stops at zero', 'loyaltyd' ),
					),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function redeeming(): array {
		$currency = function_exists( 'get_woocommerce_currency' ) ? get_woocommerce_currency() : '';
		return array(
			'title'  => __( 'Redeeming', 'loyaltyd' ),
			'intro'  => __( 'Customers turn points into a coupon of their own, in their account or at the cart.', 'loyaltyd' ),
			'fields' => array(
				'redeem.points_per_unit' => array(
					'kind'  => 'decimal',
					/* translators: %s: code of a currency. */
					'label' => sprintf( __( 'Points for a discount of %s 1', 'loyaltyd' ), $currency ),
					'help'  => __( '0 turns redeeming off.', 'loyaltyd' ),
				),
				'redeem.min'             => array(
					'kind'  => 'whole',
					'label' => __( 'Fewest points at once', 'loyaltyd' ),
					'help'  => __( '0: no limit.', 'loyaltyd' ),
				),
				'redeem.max'             => array(
					'kind'  => 'whole',
					'label' => __( 'Most points at once', 'loyaltyd' ),
					'help'  => __( '0: no limit.', 'loyaltyd' ),
				),
				'redeem.multiple'        => array(
					'kind'  => 'whole',
					'label' => __( 'In steps of', 'loyaltyd' ),
					'help'  => __( '100 allows 100, 200, 300 and so on. 1: any number.', 'loyaltyd' ),
				),
				'redeem.coupon_days'     => array(
					'kind'  => 'whole',
					'label' => __( 'Days that a coupon is valid', 'loyaltyd' ),
					'help'  => __( '0: without end.', 'loyaltyd' ),
				),
				'redeem.give_back'       => array(
					'kind'    => 'checks',
					'label'   => __( 'Points come back when the coupon', 'loyaltyd' ),
					'choices' => array(
						'expired'  => __( 'expired unused', 'loyaltyd' ),
						'deleted'  => __( 'was deleted unused', 'loyaltyd' ),
						'refunded' => __( 'paid for an order that is refunded', 'loyaltyd' ),
					),
				),
			),
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	private static function expiry(): array {
		return array(
			'title'  => __( 'Expiry', 'loyaltyd' ),
			'intro'  => __( 'No points expire yet, whatever is chosen here: the choice is kept for a later version.', 'loyaltyd' ),
			'fields' => array(
				'expiry.mode' => array(
					'kind'    => 'choice',
					'label'   => __( 'Points expire', 'loyaltyd' ),
					'choices' => array(
						'none' => __( 'Never', 'loyaltyd' ),
						'idle' => __( 'All at once, when the customer earned and spent nothing for so long', 'loyaltyd' ),
						'lots' => __( 'So long after they were earned, the oldest first', 'loyaltyd' ),
					),
				),
				'expiry.days' => array(
					'kind'  => 'whole',
					'label' => __( 'After days', 'loyaltyd' ),
				),
			),
		);
	}
}
