<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Data\Range;

defined( 'ABSPATH' ) || exit;

/**
 * The dashboard: what happened to points in a period.
 */
final class Dashboard extends Tab {

	/** @var Range */
	private $range;

	/** @var HistoryTable */
	private $history;

	/** @var bool Whether customers are counted for the page itself, for browsers without scripts. */
	private $count;

	/** Returns the tab's name in addresses. */
	public function name(): string {
		return 'dashboard';
	}

	/** Returns what the tab is called. */
	public function title(): string {
		return __( 'Dashboard', 'loyaltyd' );
	}

	/** Adds the files to download and the screen option. */
	public function register() {
		$this->action( 'csv', array( new Downloads( $this->services ), 'send' ) );
		add_filter(
			'set_screen_option_' . HistoryTable::PER_PAGE,
			function ( $keep, $option, $value ) {
				return max( 1, min( 200, (int) $value ) );
			},
			10,
			3
		);
	}

	/** Reads the request. */
	public function prepare() {
		$query       = self::query();
		$this->range = $this->services->periods()->parse( $query );
		$this->count = isset( $query['count'] );
		add_screen_option(
			'per_page',
			array(
				'label'   => __( 'Entries per page', 'loyaltyd' ),
				'default' => 20,
				'option'  => HistoryTable::PER_PAGE,
			)
		);
		$this->history = new HistoryTable( $this->services, $this->range, $query );
	}

	/** Prints the tab. */
	public function render() {
		if ( ! $this->services->daemon()->present() ) {
			return;
		}
		$control = new PeriodControl( $this->services->periods(), $this->range );
		$cards   = new DashboardCards( $this->services, $this->range, $control->arguments(), $this->count );
		$this->history->read( $control->arguments() );

		echo '<div class="loyaltyd-bar">';
		$control->render( Menu::arguments() + array( 'tab' => $this->name() ) );
		$this->show_age();
		echo '</div><div class="loyaltyd-cards">';
		$cards->status();
		$cards->sources();
		$cards->earners();
		echo '</div>';
		( new DailyChart( $this->services->reports()->daily( $this->range ), $this->range ) )->render();
		$this->history->render( $control->arguments() );
	}

	/**
	 * Says how old the figures are.
	 */
	private function show_age() {
		$refreshed = $this->services->reports()->refreshed_at();
		if ( null === $refreshed ) {
			return;
		}
		$seconds = max( 0, time() - $refreshed );
		// They are rewritten when something happened; a daemon at work that has
		// nothing to write is up to date all the same.
		$text = $this->services->daemon()->state()['silent']
			/* translators: %s: how long ago, such as 5 minutes ago. */
			? sprintf( __( 'Figures of %s', 'loyaltyd' ), Figures::ago( $seconds ) )
			/* translators: %s: how long ago, such as 5 minutes ago. */
			: sprintf( __( 'Up to date; last change %s', 'loyaltyd' ), Figures::ago( $seconds ) );
		printf( '<p class="loyaltyd-age"><time datetime="%s" title="%s">%s</time></p>', esc_attr( gmdate( 'c', $refreshed ) ), esc_attr( Figures::moment( $refreshed ) ), esc_html( $text ) );
	}
}
