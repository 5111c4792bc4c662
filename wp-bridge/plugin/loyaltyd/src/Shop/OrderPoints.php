<?php
/**
 * Points of an order, where the order is shown.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Data\EntryKinds;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Says under an order and in its e-mails what it earned; of a new order that
 * the daemon has not seen yet, what it will earn.
 */
final class OrderPoints {

	/** Seconds for which an order that has earned nothing is new. */
	private const IS_NEW = DAY_IN_SECONDS;

	/** @var Services */
	private $services;

	/** @var Estimates */
	private $estimates;

	/**
	 * @param Services  $services  Shared objects.
	 * @param Estimates $estimates Answers.
	 */
	public function __construct( Services $services, Estimates $estimates ) {
		$this->services  = $services;
		$this->estimates = $estimates;
	}

	/** Registers the hooks. */
	public function register(): void {
		add_action( 'woocommerce_order_details_after_order_table', array( $this, 'page' ) );
		add_action( 'woocommerce_email_after_order_table', array( $this, 'email' ), 10, 3 );
	}

	/**
	 * Prints the sentence under the order, for its customer only.
	 *
	 * @param mixed $order The order.
	 */
	public function page( $order ): void {
		if ( ! $order instanceof \WC_Order || 0 === get_current_user_id() || (int) $order->get_customer_id() !== get_current_user_id() ) {
			return;
		}
		$text = $this->sentence( $order );
		if ( '' !== $text ) {
			echo '<p class="loyaltyd-order">' . esc_html( $text ) . '</p>';
		}
	}

	/**
	 * Prints the sentence in an e-mail to the customer.
	 *
	 * @param mixed $order    The order.
	 * @param bool  $to_admin Whether the shop gets the e-mail.
	 * @param bool  $plain    Whether it is plain text.
	 */
	public function email( $order, $to_admin = false, $plain = false ): void {
		if ( ! $order instanceof \WC_Order || $to_admin || 0 === (int) $order->get_customer_id() ) {
			return;
		}
		$text = $this->sentence( $order );
		if ( '' === $text ) {
			return;
		}
		if ( $plain ) {
			echo "\n" . esc_html( $text ) . "\n\n";
		} else {
			echo '<p style="margin:0 0 16px;">' . esc_html( $text ) . '</p>';
		}
	}

	/**
	 * What is said of an order's points; '' for nothing.
	 *
	 * @param \WC_Order $order Order of a customer.
	 */
	private function sentence( \WC_Order $order ): string {
		$posted = $this->posted( (int) $order->get_customer_id(), (int) $order->get_id() );
		if ( null !== $posted ) {
			if ( $posted['pending'] > 0 ) {
				/* translators: %s: a number of points, such as "12 points" */
				return sprintf( __( '%s from this order are pending.', 'loyaltyd' ), Words::points( $posted['pending'] ) );
			}
			/* translators: %s: a number of points, such as "12 points" */
			return $posted['points'] > 0 ? sprintf( __( 'You collected %s with this order.', 'loyaltyd' ), Words::points( $posted['points'] ) ) : '';
		}
		$created = $order->get_date_created();
		if ( ! $created || time() - $created->getTimestamp() > self::IS_NEW || in_array( $order->get_status(), array( 'cancelled', 'refunded', 'failed', 'trash' ), true ) ) {
			return '';
		}
		$points = $this->estimates->ask( $this->estimates->of_order( $order ) );
		if ( null === $points || $points <= 0 ) {
			return '';
		}
		if ( $order->is_paid() ) {
			/* translators: %s: a number of points, such as "12 points" */
			return sprintf( __( 'You collect %s with this order.', 'loyaltyd' ), Words::points( $points ) );
		}
		/* translators: %s: a number of points, such as "12 points" */
		return sprintf( __( 'You will collect %s when this order is paid.', 'loyaltyd' ), Words::points( $points ) );
	}

	/**
	 * What the ledger has posted for an order; null when it has not seen it.
	 *
	 * @param int $user  Its customer.
	 * @param int $order Order id.
	 * @return array{points: int, pending: int}|null
	 */
	private function posted( int $user, int $order ): ?array {
		$is_of_order = EntryKinds::about( 'order' );

		$row = $this->services->tables()->row(
			"SELECT COUNT(*) AS entries, SUM(points) AS points, SUM(pending) AS pending
			FROM {p}loyalty_points_history
			WHERE $is_of_order AND object_id = %d AND user_id = %d",
			array( $order, $user )
		);
		return 0 === (int) ( $row['entries'] ?? 0 ) ? null : array(
			'points'  => (int) $row['points'],
			'pending' => (int) $row['pending'],
		);
	}
}
