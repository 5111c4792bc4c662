<?php
/**
 * The page My Account > Points.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Programme\Schema;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Shows one customer his balance, form, coupons and history.
 */
final class AccountPage {

	/** Rows of the history on a page. */
	private const ROWS = 10;

	/** Most coupons that are listed. */
	private const COUPONS = 50;

	/** @var Services */
	private $services;

	/** @var int */
	private $user;

	/**
	 * @param Services $services Shared objects.
	 * @param int      $user     The customer who looks, not 0.
	 */
	public function __construct( Services $services, int $user ) {
		$this->services = $services;
		$this->user     = $user;
	}

	/**
	 * Prints the page.
	 *
	 * @param int $page Page of the history, from 1.
	 */
	public function render( int $page ): void {
		if ( ! $this->services->daemon()->present() ) {
			echo '<p>' . esc_html__( 'Your points will be shown here soon.', 'loyaltyd' ) . '</p>';
			return;
		}
		$this->services->redeemer()->heal( $this->user );
		$offer = Offer::of( $this->services, $this->user );
		echo '<div class="loyaltyd-account">';
		$this->balance( $offer );
		if ( 1 === $page ) {
			$this->form( $offer );
			$this->coupons();
		}
		$this->history( $page );
		echo '</div>';
	}

	/**
	 * Prints the balance, what it is worth, what is pending, what expires next.
	 *
	 * @param Offer $offer The customer's balance.
	 */
	private function balance( Offer $offer ): void {
		$figures = array( array( __( 'Your balance', 'loyaltyd' ), Words::points( $offer->balance ), 'balance' ) );
		$worth   = $offer->on ? $offer->worth->of( $offer->balance ) : '';
		if ( '' !== $worth ) {
			$figures[] = array( __( 'Worth', 'loyaltyd' ), Words::money( $worth ), 'worth' );
		}
		if ( 0 !== $offer->pending ) {
			$figures[] = array( __( 'Pending', 'loyaltyd' ), Words::points( $offer->pending ), 'pending' );
		}
		$expiry = $this->next_expiry();
		if ( '' !== $expiry ) {
			$figures[] = array( __( 'Next to expire', 'loyaltyd' ), $expiry, 'expiry' );
		}
		echo '<dl class="loyaltyd-figures">';
		foreach ( $figures as list( $name, $figure, $class ) ) {
			printf( '<div class="loyaltyd-figures__one loyaltyd-figures__one--%1$s"><dt>%2$s</dt><dd>%3$s</dd></div>', esc_attr( $class ), esc_html( $name ), esc_html( $figure ) );
		}
		echo '</dl>';
		if ( 0 !== $offer->pending ) {
			echo '<p class="loyaltyd-hint">' . esc_html__( 'Pending points become available when the waiting time of their order is over.', 'loyaltyd' ) . '</p>';
		}
	}

	/**
	 * What the daemon knows of the next expiry, in words; it is asked only when
	 * points expire at all.
	 */
	private function next_expiry(): string {
		$expiry = (array) ( $this->services->programme()->current()['expiry'] ?? array() );
		if ( in_array( $expiry['mode'] ?? 'none', array( '', 'none' ), true ) ) {
			return '';
		}
		try {
			$next = $this->services->client()->get( '/v1/customers/' . $this->user )['next_expiry'] ?? null;
		} catch ( BridgeError $error ) {
			return '';
		}
		if ( ! is_array( $next ) || ! isset( $next['points'], $next['on'] ) || ! is_string( $next['on'] ) ) {
			return '';
		}
		return sprintf(
			/* translators: 1: number of points, such as "100 points", 2: a day */
			__( '%1$s on %2$s', 'loyaltyd' ),
			Words::points( (int) $next['points'] ),
			Words::day( $next['on'] )
		);
	}

	/**
	 * Prints the form, or why there is none.
	 *
	 * @param Offer $offer What may be redeemed.
	 */
	private function form( Offer $offer ): void {
		if ( ! $offer->on || ! wc_coupons_enabled() ) {
			return;
		}
		echo '<section class="loyaltyd-section" aria-labelledby="loyaltyd-redeem-title"><h2 id="loyaltyd-redeem-title">' . esc_html__( 'Redeem points', 'loyaltyd' ) . '</h2>';
		if ( $offer->most > 0 ) {
			echo '<p>' . esc_html__( 'Turn points into a coupon for your next order.', 'loyaltyd' ) . '</p>';
			RedeemForm::render( $offer, 'account', $offer->most );
		} else {
			/* translators: %s: a number of points, such as "100 points" */
			echo '<p>' . esc_html( sprintf( __( 'You can redeem points when you have at least %s.', 'loyaltyd' ), Words::points( $offer->least ) ) ) . '</p>';
		}
		echo '</section>';
	}

	/** Prints the customer's coupons, the newest first. */
	private function coupons(): void {
		$rows = $this->services->redemptions()->of( $this->user, self::COUPONS );
		if ( array() === $rows ) {
			return;
		}
		?>
		<section class="loyaltyd-section" aria-labelledby="loyaltyd-coupons-title">
			<h2 id="loyaltyd-coupons-title"><?php esc_html_e( 'Your coupons', 'loyaltyd' ); ?></h2>
			<table class="shop_table shop_table_responsive loyaltyd-table loyaltyd-coupons">
				<thead><tr>
					<th scope="col"><?php esc_html_e( 'Code', 'loyaltyd' ); ?></th>
					<th scope="col"><?php esc_html_e( 'Amount', 'loyaltyd' ); ?></th>
					<th scope="col"><?php esc_html_e( 'Points', 'loyaltyd' ); ?></th>
					<th scope="col"><?php esc_html_e( 'Valid until', 'loyaltyd' ); ?></th>
					<th scope="col"><?php esc_html_e( 'Status', 'loyaltyd' ); ?></th>
					<th scope="col"><span class="screen-reader-text"><?php esc_html_e( 'Actions', 'loyaltyd' ); ?></span></th>
				</tr></thead>
				<tbody>
				<?php
				foreach ( $rows as $row ) {
					$this->coupon( $row );
				}
				?>
				</tbody>
			</table>
			<p class="loyaltyd-copied" role="status" aria-live="polite"></p>
		</section>
		<?php
	}

	/**
	 * Prints a coupon's row.
	 *
	 * @param array $row Redemption.
	 */
	private function coupon( array $row ): void {
		$until = isset( $row['expires_on'] ) && '' !== (string) $row['expires_on'] ? (string) $row['expires_on'] : '';
		$code  = (string) $row['code'];
		$ready = 'confirmed' === $row['state'] && ( '' === $until || $until >= (string) wp_date( 'Y-m-d' ) );
		?>
		<tr class="loyaltyd-coupons__row<?php echo $ready ? ' loyaltyd-coupons__row--ready' : ''; ?>">
			<th scope="row" data-title="<?php esc_attr_e( 'Code', 'loyaltyd' ); ?>"><code class="loyaltyd-code"><?php echo esc_html( $code ); ?></code></th>
			<td data-title="<?php esc_attr_e( 'Amount', 'loyaltyd' ); ?>"><?php echo esc_html( Words::money( (string) $row['amount'], (string) $row['currency'] ) ); ?></td>
			<td data-title="<?php esc_attr_e( 'Points', 'loyaltyd' ); ?>"><?php echo esc_html( number_format_i18n( (int) $row['points'] ) ); ?></td>
			<td data-title="<?php esc_attr_e( 'Valid until', 'loyaltyd' ); ?>"><?php echo esc_html( '' === $until ? __( 'No end', 'loyaltyd' ) : Words::day( $until ) ); ?></td>
			<td data-title="<?php esc_attr_e( 'Status', 'loyaltyd' ); ?>"><?php $this->coupon_state( $row, $ready ); ?></td>
			<td class="loyaltyd-coupons__actions<?php echo $ready ? '' : ' loyaltyd-coupons__actions--none'; ?>">
			<?php if ( $ready ) : ?>
				<button type="button" class="button loyaltyd-copy" hidden
					data-loyaltyd-copy="<?php echo esc_attr( $code ); ?>"
					data-loyaltyd-copied="<?php /* translators: %s: coupon code */ echo esc_attr( sprintf( __( '%s was copied.', 'loyaltyd' ), $code ) ); ?>"
					aria-label="<?php /* translators: %s: coupon code */ echo esc_attr( sprintf( __( 'Copy: %s', 'loyaltyd' ), $code ) ); ?>"><?php esc_html_e( 'Copy', 'loyaltyd' ); ?></button>
				<a class="button" href="<?php echo esc_url( RedeemRequests::apply_url( (int) $row['id'] ) ); ?>" rel="nofollow"
					aria-label="<?php /* translators: %s: coupon code */ echo esc_attr( sprintf( __( 'Apply to cart: %s', 'loyaltyd' ), $code ) ); ?>"><?php esc_html_e( 'Apply to cart', 'loyaltyd' ); ?></a>
			<?php endif; ?>
			</td>
		</tr>
		<?php
	}

	/**
	 * Prints what became of a coupon.
	 *
	 * @param array $row   Redemption.
	 * @param bool  $ready Whether it can be used.
	 */
	private function coupon_state( array $row, bool $ready ): void {
		switch ( $row['state'] ) {
			case 'reserved':
				esc_html_e( 'Being made', 'loyaltyd' );
				break;
			case 'confirmed':
				echo esc_html( $ready ? __( 'Ready to use', 'loyaltyd' ) : __( 'Expired', 'loyaltyd' ) );
				break;
			case 'used':
				$url = $this->order_url( (int) ( $row['order_id'] ?? 0 ) );
				if ( '' === $url ) {
					esc_html_e( 'Used', 'loyaltyd' );
				} else {
					/* translators: %s: order number */
					printf( '<a href="%1$s">%2$s</a>', esc_url( $url ), esc_html( sprintf( __( 'Used in order #%s', 'loyaltyd' ), $this->order_number( (int) $row['order_id'] ) ) ) );
				}
				break;
			case 'cancelled':
				esc_html_e( 'Cancelled', 'loyaltyd' );
				break;
			default:
				esc_html_e( 'Ended', 'loyaltyd' );
		}
		$returned = (int) $row['returned'];
		if ( $returned > 0 ) {
			/* translators: %s: a number of points, such as "100 points" */
			echo ' <span class="loyaltyd-hint">' . esc_html( sprintf( __( '%s given back', 'loyaltyd' ), Words::points( $returned ) ) ) . '</span>';
		}
	}

	/**
	 * Prints a page of the history.
	 *
	 * @param int $page Page, from 1.
	 */
	private function history( int $page ): void {
		$history = $this->services->accounts()->history( $this->user, $page, self::ROWS );
		$pages   = (int) ceil( (int) $history['total'] / self::ROWS );
		?>
		<section class="loyaltyd-section" aria-labelledby="loyaltyd-history-title">
			<h2 id="loyaltyd-history-title"><?php esc_html_e( 'Points history', 'loyaltyd' ); ?></h2>
			<?php if ( array() === $history['rows'] ) : ?>
				<p><?php esc_html_e( 'There are no points here yet.', 'loyaltyd' ); ?></p>
			<?php else : ?>
			<table class="shop_table shop_table_responsive loyaltyd-table loyaltyd-history">
				<thead><tr>
					<th scope="col"><?php esc_html_e( 'Date', 'loyaltyd' ); ?></th>
					<th scope="col"><?php esc_html_e( 'Activity', 'loyaltyd' ); ?></th>
					<th scope="col" class="loyaltyd-number"><?php esc_html_e( 'Points', 'loyaltyd' ); ?></th>
					<th scope="col" class="loyaltyd-number"><?php esc_html_e( 'Balance', 'loyaltyd' ); ?></th>
				</tr></thead>
				<tbody>
				<?php
				foreach ( $history['rows'] as $row ) {
					$this->entry( $row );
				}
				?>
				</tbody>
			</table>
				<?php $this->pager( $page, $pages ); ?>
			<?php endif; ?>
		</section>
		<?php
	}

	/**
	 * Prints an entry's row. The note of an adjustment is for the customer too,
	 * as the form says that it is written with.
	 *
	 * @param array $row Entry.
	 */
	private function entry( array $row ): void {
		$points  = (int) $row['points'];
		$pending = (int) $row['pending'];
		$url     = 'order' === Schema::object_of( (string) $row['source'] ) ? $this->order_url( (int) $row['object_id'] ) : '';
		?>
		<tr>
			<td data-title="<?php esc_attr_e( 'Date', 'loyaltyd' ); ?>"><time datetime="<?php echo esc_attr( str_replace( ' ', 'T', (string) $row['occurred_at'] ) . 'Z' ); ?>"><?php echo esc_html( Words::day_of( (string) $row['occurred_at'] ) ); ?></time></td>
			<td data-title="<?php esc_attr_e( 'Activity', 'loyaltyd' ); ?>">
				<?php echo esc_html( $this->services->labels()->activity( $row ) ); ?>
				<?php if ( '' !== $url ) : ?>
					<?php /* translators: %s: order number */ ?>
					<a href="<?php echo esc_url( $url ); ?>"><?php echo esc_html( sprintf( __( 'Order #%s', 'loyaltyd' ), $this->order_number( (int) $row['object_id'] ) ) ); ?></a>
				<?php elseif ( 'admin' === $row['source'] && '' !== (string) $row['note'] ) : ?>
					<span class="loyaltyd-hint"><?php echo esc_html( (string) $row['note'] ); ?></span>
				<?php endif; ?>
			</td>
			<td class="loyaltyd-number" data-title="<?php esc_attr_e( 'Points', 'loyaltyd' ); ?>">
			<?php
			if ( 0 === $points && 0 !== $pending ) {
				/* translators: %s: signed number of points that are pending */
				echo esc_html( sprintf( __( '%s pending', 'loyaltyd' ), self::signed( $pending ) ) );
			} else {
				echo esc_html( self::signed( $points ) );
			}
			?>
			</td>
			<td class="loyaltyd-number" data-title="<?php esc_attr_e( 'Balance', 'loyaltyd' ); ?>"><?php echo esc_html( number_format_i18n( (int) $row['balance'] ) ); ?></td>
		</tr>
		<?php
	}

	/**
	 * Prints the links to the pages before and after.
	 *
	 * @param int $page  This page.
	 * @param int $pages Number of pages.
	 */
	private function pager( int $page, int $pages ): void {
		if ( $pages < 2 ) {
			return;
		}
		$account = wc_get_page_permalink( 'myaccount' );
		echo '<nav class="woocommerce-pagination woocommerce-pagination--without-numbers loyaltyd-pager" aria-label="' . esc_attr__( 'Pages of the points history', 'loyaltyd' ) . '">';
		if ( $page > 1 ) {
			printf( '<a class="woocommerce-button button" rel="prev" href="%1$s">%2$s</a>', esc_url( wc_get_endpoint_url( MyAccount::ENDPOINT, 2 === $page ? '' : (string) ( $page - 1 ), $account ) ), esc_html__( 'Newer', 'loyaltyd' ) );
		}
		/* translators: 1: page, 2: number of pages */
		echo ' <span class="loyaltyd-pager__place">' . esc_html( sprintf( __( 'Page %1$s of %2$s', 'loyaltyd' ), number_format_i18n( $page ), number_format_i18n( $pages ) ) ) . '</span> ';
		if ( $page < $pages ) {
			printf( '<a class="woocommerce-button button" rel="next" href="%1$s">%2$s</a>', esc_url( wc_get_endpoint_url( MyAccount::ENDPOINT, (string) ( $page + 1 ), $account ) ), esc_html__( 'Older', 'loyaltyd' ) );
		}
		echo '</nav>';
	}

	/**
	 * The page of the customer's own order; '' of any other.
	 *
	 * @param int $id Order id.
	 */
	private function order_url( int $id ): string {
		$order = $id > 0 ? wc_get_order( $id ) : false;
		if ( ! $order instanceof \WC_Order || (int) $order->get_customer_id() !== $this->user || 'trash' === $order->get_status() ) {
			return '';
		}
		return (string) $order->get_view_order_url();
	}

	/**
	 * The number of an order that exists.
	 *
	 * @param int $id Order id.
	 */
	private function order_number( int $id ): string {
		$order = wc_get_order( $id );
		return $order instanceof \WC_Order ? (string) $order->get_order_number() : (string) $id;
	}

	/**
	 * A number with its sign, which stays before it on right-to-left pages.
	 *
	 * @param int $points Points.
	 */
	private static function signed( int $points ): string {
		return ( is_rtl() ? "\u{200E}" : '' ) . ( $points > 0 ? '+' : '' ) . number_format_i18n( $points );
	}
}
