<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Data\Range;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * The three cards at the top of the dashboard.
 */
final class DashboardCards {

	const EARNERS = 10;

	/** @var Services */
	private $services;

	/** @var Range */
	private $range;

	/** @var array<string,string> */
	private $period;

	/** @var array<string,mixed>|null Of the reports; null: the page's script fetches it, see admin.js. */
	private $customers;

	/**
	 * @param Services             $services Shared objects.
	 * @param Range                $range    Which days.
	 * @param array<string,string> $period   The same as arguments of an address.
	 * @param bool                 $count    Count customers, however long it takes.
	 */
	public function __construct( Services $services, Range $range, array $period, bool $count ) {
		$this->services = $services;
		$this->range    = $range;
		$this->period   = $period;
		if ( $count || $services->reports()->is_stored( $range ) ) {
			$this->customers = $services->reports()->customers( $range );
		}
	}

	/**
	 * Prints Points Status.
	 */
	public function status() {
		$status = $this->services->reports()->status( $this->range );
		$rows   = self::lines( $status );
		$this->open( 'status', __( 'Points Status', 'loyaltyd' ) );
		$this->head( array( __( 'Information', 'loyaltyd' ), __( 'Points', 'loyaltyd' ), __( 'Value', 'loyaltyd' ) ) );
		foreach ( $rows as $name => list( $label, $points, $about ) ) {
			printf(
				'<tr class="loyaltyd-%s"><th scope="row">%s%s</th><td class="num">%s</td><td class="num">%s</td></tr>',
				esc_attr( $name ),
				esc_html( $label ),
				'' === $about ? '' : '<span class="loyaltyd-about">' . esc_html( $about ) . '</span>',
				esc_html( 'adjusted' === $name ? Figures::signed( $points ) : Figures::points( $points ) ),
				$this->value( $name, (int) $points, $status ) // phpcs:ignore WordPress.Security.EscapeOutput -- safe markup of price().
			);
		}
		echo '</tbody></table>';
		if ( null === $this->customers ) {
			$this->to_count();
			return;
		}
		$participants = $this->customers['participants'];
		/* translators: %s: a number of customers. */
		printf( '<p class="loyaltyd-foot">%s</p></section>', esc_html( sprintf( _n( '%s customer had entries in this period.', '%s customers had entries in this period.', $participants, 'loyaltyd' ), Figures::points( $participants ) ) ) );
	}

	/**
	 * Prints where the number of customers comes to stand.
	 */
	private function to_count() {
		printf(
			'<p class="loyaltyd-foot" data-count="%s" data-locale="%s" aria-live="polite"><a href="%s">%s</a></p></section>',
			esc_attr( add_query_arg( array_map( 'rawurlencode', $this->period + array( 'limit' => (string) self::EARNERS ) ), '/loyaltyd/v1/reports/customers' ) ),
			esc_attr( str_replace( '_', '-', determine_locale() ) ),
			esc_url( Menu::url( 'dashboard', $this->period + array( 'count' => '1' ) ) ),
			esc_html__( 'Count the customers of this range', 'loyaltyd' )
		);
	}

	/**
	 * Returns the lines of Points Status: label, points and a remark by name.
	 *
	 * @param array<string,mixed> $status Of the reports.
	 * @return array<string,array{0:string,1:int,2:string}>
	 */
	public static function lines( array $status ): array {
		return array(
			'opening'  => array( __( 'Opening balance', 'loyaltyd' ), (int) ( $status['opening'] ?? 0 ), '' ),
			'issued'   => array( __( 'Total points issued', 'loyaltyd' ), (int) ( $status['issued'] ?? 0 ), '' ),
			'redeemed' => array( __( 'Claimed', 'loyaltyd' ), (int) ( $status['redeemed'] ?? 0 ), __( 'less what was given back', 'loyaltyd' ) ),
			'expired'  => array( __( 'Expired', 'loyaltyd' ), (int) ( $status['expired'] ?? 0 ), '' ),
			'revoked'  => array( __( 'Deducted', 'loyaltyd' ), (int) ( $status['revoked'] ?? 0 ), __( 'for refunds and cancellations', 'loyaltyd' ) ),
			'adjusted' => array( __( 'Adjusted', 'loyaltyd' ), (int) ( $status['adjusted'] ?? 0 ), __( 'by hand', 'loyaltyd' ) ),
			'balance'  => array( __( 'Unclaimed', 'loyaltyd' ), (int) ( $status['balance'] ?? 0 ), __( 'closing balance', 'loyaltyd' ) ),
			'pending'  => array( __( 'Pending', 'loyaltyd' ), (int) ( $status['pending'] ?? 0 ), __( 'held, not in the balance', 'loyaltyd' ) ),
		);
	}

	/**
	 * Prints Points Sources.
	 */
	public function sources() {
		$sources = $this->services->reports()->sources( $this->range );
		$this->open( 'sources', __( 'Points Sources', 'loyaltyd' ) );
		if ( ! $sources ) {
			$this->nothing( __( 'No points were earned in this period.', 'loyaltyd' ) );
			return;
		}
		$most = max( 1, max( array_map( 'abs', array_column( $sources, 'points' ) ) ) );
		$this->head( array( __( 'Source', 'loyaltyd' ), __( 'Points', 'loyaltyd' ), __( 'Customers', 'loyaltyd' ) ) );
		foreach ( $sources as $source ) {
			printf(
				'<tr><th scope="row">%s<span class="loyaltyd-share%s" style="--share:%s%%" aria-hidden="true"></span></th><td class="num">%s</td><td class="num"%s>%s</td></tr>',
				esc_html( $source['label'] ),
				$source['points'] < 0 ? ' is-negative' : '',
				esc_attr( (string) max( 1, (int) round( 100 * abs( $source['points'] ) / $most ) ) ),
				esc_html( Figures::points( $source['points'] ) ),
				null === $this->customers ? ' data-customers="' . esc_attr( $source['source'] ) . '"' : '',
				null === $this->customers ? '–' : esc_html( Figures::points( $this->customers['sources'][ $source['source'] ] ?? 0 ) )
			);
		}
		echo '</tbody></table></section>';
	}

	/**
	 * Prints Top Earning Customers.
	 */
	public function earners() {
		$this->open( 'earners', __( 'Top Earning Customers', 'loyaltyd' ) );
		if ( null === $this->customers ) {
			echo '<p class="loyaltyd-empty" data-earners>–</p></section>';
			return;
		}
		$earners = $this->services->reports()->earners( $this->range, self::EARNERS );
		if ( ! $earners ) {
			$this->nothing( __( 'No customer earned points in this period.', 'loyaltyd' ) );
			return;
		}
		$this->head( array( __( 'Customer', 'loyaltyd' ), __( 'Points', 'loyaltyd' ), __( 'Balance', 'loyaltyd' ) ) );
		foreach ( $earners as $earner ) {
			printf(
				'<tr><th scope="row"><a href="%s"><bdi>%s</bdi></a></th><td class="num">%s</td><td class="num">%s</td></tr>',
				esc_url( Customers::url( $earner['user_id'] ) ),
				esc_html( $earner['name'] ),
				esc_html( Figures::points( $earner['earned'] ) ),
				esc_html( Figures::points( $earner['balance'] ) )
			);
		}
		echo '</tbody></table></section>';
	}

	/**
	 * Returns what points of a line are worth, as safe markup.
	 *
	 * @param string              $name   Of the line.
	 * @param int                 $points Of it.
	 * @param array<string,mixed> $status Of the reports.
	 */
	private function value( string $name, int $points, array $status ): string {
		if ( 'balance' === $name ) {
			return Figures::price( (string) ( $status['value'] ?? '0' ), (string) ( $status['currency'] ?? '' ) );
		}
		return Figures::price( $this->services->reports()->worth( $points ), (string) ( $status['currency'] ?? '' ) );
	}

	/**
	 * Prints the beginning of a card.
	 *
	 * @param string $name  Of the report.
	 * @param string $title Of the card.
	 */
	private function open( string $name, string $title ) {
		printf(
			'<section class="loyaltyd-card" aria-labelledby="loyaltyd-%1$s"><header><h2 id="loyaltyd-%1$s">%2$s</h2><a class="loyaltyd-csv" href="%3$s">%4$s<span class="screen-reader-text"> %2$s</span></a></header>',
			esc_attr( $name ),
			esc_html( $title ),
			esc_url( Downloads::url( $name, $this->period ) ),
			esc_html__( 'CSV', 'loyaltyd' )
		);
	}

	/**
	 * Prints the head of a table: a name and two numbers.
	 *
	 * @param array<int,string> $columns Titles.
	 */
	private function head( array $columns ) {
		echo '<table class="loyaltyd-table"><thead><tr>';
		foreach ( $columns as $i => $title ) {
			printf( '<th scope="col"%s>%s</th>', $i > 0 ? ' class="num"' : '', esc_html( $title ) );
		}
		echo '</tr></thead><tbody>';
	}

	/**
	 * Prints a card without rows.
	 *
	 * @param string $text Why.
	 */
	private function nothing( string $text ) {
		printf( '<p class="loyaltyd-empty">%s</p></section>', esc_html( $text ) );
	}
}
