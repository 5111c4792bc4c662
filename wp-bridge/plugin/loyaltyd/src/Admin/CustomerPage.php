<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * One customer: figures, history with running balance, redemptions, the form
 * to adjust points and the explanation of the balance.
 */
final class CustomerPage {

	const PER_PAGE = 20;

	/** @var Services */
	private $services;

	/** @var int */
	private $user;

	/** @var int */
	private $page;

	/** @var bool */
	private $explain;

	/**
	 * @param Services $services Shared objects.
	 * @param int      $user     Id.
	 * @param int      $page     Of the history, from 1.
	 * @param bool     $explain  Whether the balance is to be explained.
	 */
	public function __construct( Services $services, int $user, int $page, bool $explain ) {
		$this->services = $services;
		$this->user     = $user;
		$this->page     = $page;
		$this->explain  = $explain;
	}

	/**
	 * Prints the page.
	 */
	public function render() {
		$account = $this->services->accounts()->one( $this->user );
		printf( '<p><a href="%s">%s</a></p>', esc_url( Menu::url( 'customers' ) ), esc_html__( 'All customers', 'loyaltyd' ) );
		if ( ! $account['exists'] && 0 === $account['entries'] ) {
			Notices::show( Notices::WARNING, __( 'There is no customer with this number, and no points were ever counted for one. Look for the customer in the list.', 'loyaltyd' ) );
			return;
		}
		$this->person( $account );
		$this->figures( $account );
		echo '<div class="loyaltyd-columns"><div>';
		$this->history( $account );
		$this->redemptions();
		echo '</div><div>';
		$this->adjust_form();
		$this->explanation();
		echo '</div></div>';
	}

	/**
	 * @param array<string,mixed> $account Of the customer.
	 */
	private function person( array $account ) {
		echo '<div class="loyaltyd-person"><h2><bdi>' . esc_html( $account['name'] ) . '</bdi></h2><p>';
		if ( $account['exists'] ) {
			printf( '<bdi>%s</bdi> · #%d · <a href="%s">%s</a>', esc_html( $account['email'] ), (int) $this->user, esc_url( get_edit_user_link( $this->user ) ), esc_html__( 'WordPress profile', 'loyaltyd' ) );
		} else {
			echo esc_html( '#' . $this->user );
		}
		printf( '<br><a href="#adjust">%s</a> · <a href="%s">%s</a></p></div>', esc_html__( 'Adjust the points', 'loyaltyd' ), esc_url( $this->explain_url() ), esc_html__( 'Explain this balance', 'loyaltyd' ) );
		if ( $account['frozen'] ) {
			Notices::show(
				Notices::WARNING,
				$account['exists']
					? __( 'This account is frozen: the customer is excluded by the settings. Nothing is earned, deducted, redeemed or expires; you can still adjust the points.', 'loyaltyd' )
					: __( 'This account is frozen: the customer was deleted. The points stay in the totals; nothing is earned, deducted or redeemed any more.', 'loyaltyd' )
			);
		}
	}

	/**
	 * @param array<string,mixed> $account Of the customer.
	 */
	private function figures( array $account ) {
		$figures = array(
			__( 'Balance', 'loyaltyd' )  => Figures::points( $account['balance'] ),
			__( 'Pending', 'loyaltyd' )  => Figures::points( $account['pending'] ),
			__( 'Earned', 'loyaltyd' )   => Figures::points( $account['earned'] ),
			__( 'Claimed', 'loyaltyd' )  => Figures::points( $account['redeemed'] ),
			__( 'Expired', 'loyaltyd' )  => Figures::points( $account['expired'] ),
			__( 'Adjusted', 'loyaltyd' ) => Figures::signed( $account['adjusted'] ),
		);
		echo '<dl class="loyaltyd-figures">';
		foreach ( $figures as $label => $figure ) {
			printf( '<div><dt>%s</dt><dd><span class="loyaltyd-number">%s</span></dd></div>', esc_html( $label ), esc_html( $figure ) );
		}
		echo '</dl>';
	}

	/**
	 * @param array<string,mixed> $account Of the customer.
	 */
	private function history( array $account ) {
		$found = $this->services->accounts()->history( $this->user, $this->page, self::PER_PAGE );
		$this->open(
			'history',
			__( 'Points History', 'loyaltyd' ),
			$found['total'] > 0 ? sprintf( '<a class="loyaltyd-csv" href="%s">%s</a>', esc_url( Downloads::url( 'customer', array( 'user' => (string) $this->user ) ) ), esc_html__( 'CSV', 'loyaltyd' ) ) : ''
		);
		if ( ! $found['rows'] ) {
			printf( '<p class="loyaltyd-empty">%s</p></section>', esc_html__( 'Nothing happened to this customer’s points yet.', 'loyaltyd' ) );
			return;
		}
		$columns = array(
			'date'     => __( 'Date', 'loyaltyd' ),
			'activity' => __( 'Activity', 'loyaltyd' ),
			'points'   => __( 'Points', 'loyaltyd' ),
			'balance'  => __( 'Balance', 'loyaltyd' ),
			'related'  => __( 'Related', 'loyaltyd' ),
		);
		echo '<table class="loyaltyd-table loyaltyd-stack"><thead><tr>';
		foreach ( $columns as $column => $title ) {
			printf( '<th scope="col"%s>%s</th>', self::number_class( $column ), esc_html( $title ) ); // phpcs:ignore WordPress.Security.EscapeOutput
		}
		echo '</tr></thead><tbody>';
		foreach ( $found['rows'] as $row ) {
			echo '<tr>';
			foreach ( $columns as $column => $title ) {
				printf( '<td data-title="%s"%s><div>%s</div></td>', esc_attr( $title ), self::number_class( $column ), EntryCells::of( $row, $column, $this->services->labels() ) ); // phpcs:ignore WordPress.Security.EscapeOutput -- safe markup.
			}
			echo '</tr>';
		}
		echo '</tbody></table>';
		$this->pages( $found['total'] );
		echo '</section>';
	}

	/**
	 * @param string $column Name.
	 */
	private static function number_class( string $column ): string {
		return in_array( $column, array( 'points', 'balance' ), true ) ? ' class="num"' : '';
	}

	/**
	 * @param int $total Entries.
	 */
	private function pages( int $total ) {
		$last = (int) ceil( $total / self::PER_PAGE );
		if ( $last < 2 ) {
			return;
		}
		$links = array();
		if ( $this->page > 1 ) {
			$links[] = sprintf( '<a href="%s">%s</a>', esc_url( Customers::url( $this->user, array( 'paged' => $this->page - 1 ) ) ), esc_html__( 'Newer entries', 'loyaltyd' ) );
		}
		/* translators: 1: number of a page, 2: number of pages. */
		$links[] = esc_html( sprintf( __( 'Page %1$s of %2$s', 'loyaltyd' ), Figures::points( $this->page ), Figures::points( $last ) ) );
		if ( $this->page < $last ) {
			$links[] = sprintf( '<a href="%s">%s</a>', esc_url( Customers::url( $this->user, array( 'paged' => $this->page + 1 ) ) ), esc_html__( 'Older entries', 'loyaltyd' ) );
		}
		echo '<p class="loyaltyd-foot">' . implode( ' · ', $links ) . '</p>'; // phpcs:ignore WordPress.Security.EscapeOutput -- escaped above.
	}

	/**
	 * Prints what points were spent on.
	 */
	private function redemptions() {
		$redemptions = $this->services->redemptions()->of( $this->user, 50 );
		if ( ! $redemptions ) {
			return;
		}
		$this->open( 'redemptions', __( 'Coupons from points', 'loyaltyd' ) );
		echo '<table class="loyaltyd-table loyaltyd-stack loyaltyd-coupons"><thead><tr>';
		$titles = array( __( 'Date', 'loyaltyd' ), __( 'Coupon', 'loyaltyd' ), __( 'State', 'loyaltyd' ), __( 'Points', 'loyaltyd' ), __( 'Worth', 'loyaltyd' ), __( 'Valid until', 'loyaltyd' ), __( 'Related', 'loyaltyd' ) );
		foreach ( $titles as $title ) {
			printf( '<th scope="col">%s</th>', esc_html( $title ) );
		}
		echo '</tr></thead><tbody>';
		foreach ( $redemptions as $one ) {
			$code  = null === $one['coupon_id'] ? '<code>' . esc_html( $one['code'] ) . '</code>' : sprintf( '<a href="%s"><code>%s</code></a>', esc_url( admin_url( 'post.php?action=edit&post=' . $one['coupon_id'] ) ), esc_html( $one['code'] ) );
			/* translators: %s: a number of points. */
			$given = $one['returned'] > 0 ? ' <span class="loyaltyd-note">' . esc_html( sprintf( __( '%s given back', 'loyaltyd' ), Figures::points( $one['returned'] ) ) ) . '</span>' : '';
			$order = null === $one['order_id'] ? '' : $this->services->labels()->related( array( 'source' => 'purchase', 'object_id' => $one['order_id'] ) );
			$cells = array(
				esc_html( \Loyaltyd\Data\Time::shown( $one['reserved_at'], true ) ),
				$code,
				esc_html( $one['label'] ),
				'<span class="loyaltyd-number">' . esc_html( Figures::points( $one['points'] ) ) . '</span>' . $given,
				Figures::price( (string) $one['amount'], (string) $one['currency'] ),
				null === $one['expires_on'] ? esc_html__( 'No end', 'loyaltyd' ) : esc_html( Figures::day( $one['expires_on'] ) ),
				'' === $order ? '' : sprintf( '<a href="%s">%s</a>', esc_url( $order['url'] ), esc_html( $order['text'] ) ),
			);
			echo '<tr>';
			foreach ( $cells as $i => $cell ) {
				printf( '<td data-title="%s"><div>%s</div></td>', esc_attr( $titles[ $i ] ), $cell ); // phpcs:ignore WordPress.Security.EscapeOutput -- escaped above.
			}
			echo '</tr>';
		}
		echo '</tbody></table></section>';
	}

	/**
	 * Prints the form to adjust points.
	 */
	private function adjust_form() {
		$draft = Draft::take( 'adjust' );
		$draft = is_array( $draft ) && (int) ( $draft['user'] ?? 0 ) === $this->user ? $draft : array();
		$key   = (string) ( $draft['key'] ?? '' );
		$this->open( 'adjust', __( 'Adjust the points', 'loyaltyd' ) );
		echo '<form method="post" id="adjust" action="' . esc_url( admin_url( 'admin-post.php' ) ) . '">';
		Tab::action_fields( 'adjust', $this->user );
		printf( '<input type="hidden" name="user" value="%d"><input type="hidden" name="key" value="%s">', (int) $this->user, esc_attr( '' === $key ? wp_generate_uuid4() : $key ) );
		printf(
			'<p><label for="loyaltyd-points">%s</label><br><input type="text" inputmode="text" id="loyaltyd-points" name="points" class="loyaltyd-short" pattern="[+\-]?[0-9]{1,12}" required aria-describedby="loyaltyd-points-help" autocomplete="off" value="%s"><br><span class="description" id="loyaltyd-points-help">%s</span></p>',
			esc_html__( 'Points', 'loyaltyd' ),
			esc_attr( (string) ( $draft['points'] ?? '' ) ),
			esc_html__( '50 adds fifty points, -50 takes them away.', 'loyaltyd' )
		);
		printf(
			'<p><label for="loyaltyd-note">%s</label><br><textarea id="loyaltyd-note" name="note" rows="2" class="large-text" required maxlength="%d" aria-describedby="loyaltyd-note-help">%s</textarea><br><span class="description" id="loyaltyd-note-help">%s</span></p>',
			esc_html__( 'Note', 'loyaltyd' ),
			(int) Customers::LONGEST_NOTE,
			esc_textarea( (string) ( $draft['note'] ?? '' ) ),
			esc_html__( 'Why? The note stays in the history, with your name. The customer sees it too.', 'loyaltyd' )
		);
		echo '<p><button class="button button-primary">' . esc_html__( 'Adjust', 'loyaltyd' ) . '</button></p></form></section>';
	}

	/**
	 * Prints how the balance came about, if that was asked for.
	 */
	private function explanation() {
		$this->open( 'explain', __( 'Explain this balance', 'loyaltyd' ) );
		if ( ! $this->explain ) {
			printf(
				'<p>%s</p><p><a class="button" href="%s">%s</a></p></section>',
				esc_html__( 'The daemon works out again, order by order, what this customer’s points should be, and shows the arithmetic.', 'loyaltyd' ),
				esc_url( $this->explain_url() ),
				esc_html__( 'Explain this balance', 'loyaltyd' )
			);
			return;
		}
		try {
			( new Explanation( $this->services->client()->get( '/v1/customers/' . $this->user . '/explanation' ) ) )->render();
		} catch ( BridgeError $e ) {
			echo '<div class="loyaltyd-explanation">';
			/* translators: %s: a sentence that says what went wrong. */
			Notices::show( Notices::WARNING, sprintf( __( 'The daemon could not explain the balance: %s', 'loyaltyd' ), $e->getMessage() ), $e->is_outage() ? DaemonNotice::command() : '' );
			echo '</div>';
		}
		echo '</section>';
	}

	/**
	 * Returns the address that shows the explanation.
	 */
	private function explain_url(): string {
		return Customers::url( $this->user, array( 'explain' => 1 ) ) . '#loyaltyd-explain';
	}

	/**
	 * Prints the beginning of a card.
	 *
	 * @param string $name  Of it.
	 * @param string $title Of it.
	 * @param string $more  Safe markup beside the title.
	 */
	private function open( string $name, string $title, string $more = '' ) {
		printf( '<section class="loyaltyd-card" aria-labelledby="loyaltyd-%1$s"><header><h2 id="loyaltyd-%1$s">%2$s</h2>%3$s</header>', esc_attr( $name ), esc_html( $title ), $more ); // phpcs:ignore WordPress.Security.EscapeOutput -- escaped by the caller.
	}
}
