<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Data\Range;
use Loyaltyd\Data\Time;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

require_once ABSPATH . 'wp-admin/includes/class-wp-list-table.php';

/**
 * Points History: every entry of the period, sorted, filtered, in pages.
 */
final class HistoryTable extends \WP_List_Table {

	/** The screen option. */
	const PER_PAGE = 'loyaltyd_history_per_page';

	/** @var Services */
	private $services;

	/** @var Range */
	private $range;

	/** @var array<string,string> type, source and search as asked for. */
	private $asked = array();

	/** @var array<string,string> Arguments that links and forms keep. */
	private $keep = array();

	/**
	 * @param Services            $services Shared objects.
	 * @param Range               $range    Which days.
	 * @param array<string,mixed> $query    Of the address, unslashed.
	 */
	public function __construct( Services $services, Range $range, array $query ) {
		parent::__construct(
			array(
				'singular' => 'entry',
				'plural'   => 'loyaltyd-entries',
				'ajax'     => false,
			)
		);
		$this->services = $services;
		$this->range    = $range;
		foreach ( array( 'type', 'source', 's', 'orderby', 'order' ) as $name ) {
			$this->asked[ $name ] = isset( $query[ $name ] ) && is_string( $query[ $name ] ) ? trim( wp_check_invalid_utf8( $query[ $name ] ) ) : '';
		}
		$this->asked['type']   = isset( $services->labels()->types()[ $this->asked['type'] ] ) ? $this->asked['type'] : '';
		$this->asked['source'] = isset( $services->labels()->sources()[ $this->asked['source'] ] ) ? $this->asked['source'] : '';
	}

	/**
	 * Reads the page that was asked for.
	 *
	 * @param array<string,string> $period As arguments of an address.
	 */
	public function read( array $period ) {
		$this->keep = array_filter( array( 'type' => $this->asked['type'], 'source' => $this->asked['source'], 's' => $this->asked['s'] ), 'strlen' );
		$per        = $this->get_items_per_page( self::PER_PAGE );
		$found      = $this->services->reports()->history(
			self::filter( $this->range, $this->keep ),
			'' === $this->asked['orderby'] ? 'date' : $this->asked['orderby'],
			'asc' === $this->asked['order'] ? 'asc' : 'desc',
			$this->get_pagenum(),
			$per
		);
		$this->items = $found['rows'];
		$this->set_pagination_args(
			array(
				'total_items' => $found['total'],
				'per_page'    => $per,
			)
		);
	}

	/**
	 * Returns the filter of the reports for what an address asks for.
	 *
	 * @param Range               $range Which days.
	 * @param array<string,mixed> $query type, source and s, each optional.
	 * @return array<string,mixed>
	 */
	public static function filter( Range $range, array $query ): array {
		$filter = array( 'range' => $range );
		foreach ( array( 'type' => 'type', 'source' => 'source', 's' => 'search' ) as $argument => $key ) {
			if ( isset( $query[ $argument ] ) && is_string( $query[ $argument ] ) && '' !== $query[ $argument ] ) {
				$filter[ $key ] = $query[ $argument ];
			}
		}
		return $filter;
	}

	/**
	 * Prints title, filters and table.
	 *
	 * @param array<string,string> $period As arguments of an address.
	 */
	public function render( array $period ) {
		echo '<section class="loyaltyd-history" aria-labelledby="loyaltyd-history-title" id="history"><header><h2 id="loyaltyd-history-title">' . esc_html__( 'Points History', 'loyaltyd' ) . '</h2>';
		printf(
			'<a class="loyaltyd-csv" href="%s">%s<span class="screen-reader-text"> %s</span></a></header>',
			esc_url( Downloads::url( 'history', $period + $this->keep ) ),
			esc_html__( 'CSV', 'loyaltyd' ),
			esc_html__( 'Points History', 'loyaltyd' )
		);
		echo '<form method="get">';
		foreach ( Menu::arguments() + array( 'tab' => 'dashboard' ) + $period as $name => $value ) {
			printf( '<input type="hidden" name="%s" value="%s">', esc_attr( $name ), esc_attr( $value ) );
		}
		$this->search_box( __( 'Find customers', 'loyaltyd' ), 'loyaltyd-customer' );
		$this->display();
		echo '</form></section>';
	}

	/**
	 * @return array<string,string>
	 */
	public function get_columns() {
		return array(
			'date'     => __( 'Date', 'loyaltyd' ),
			'customer' => __( 'Customer', 'loyaltyd' ),
			'activity' => __( 'Activity', 'loyaltyd' ),
			'points'   => __( 'Points', 'loyaltyd' ),
			'balance'  => __( 'Balance', 'loyaltyd' ),
			'related'  => __( 'Related', 'loyaltyd' ),
		);
	}

	/**
	 * @return array<string,array{0:string,1:bool}>
	 */
	protected function get_sortable_columns() {
		return array(
			'date'    => array( 'date', true ),
			'points'  => array( 'points', true ),
			'balance' => array( 'balance', true ),
		);
	}

	/**
	 * @return string
	 */
	protected function get_default_primary_column_name() {
		return 'date';
	}

	/**
	 * Prints when nothing was found.
	 */
	public function no_items() {
		if ( $this->keep ) {
			esc_html_e( 'No entry of this period fits the filters.', 'loyaltyd' );
			return;
		}
		esc_html_e( 'Nothing happened to points in this period.', 'loyaltyd' );
	}

	/**
	 * Prints the filters.
	 *
	 * @param string $which top or bottom.
	 */
	protected function extra_tablenav( $which ) {
		if ( 'top' !== $which ) {
			return;
		}
		echo '<div class="alignleft actions">';
		$this->choice( 'type', __( 'Filter by type', 'loyaltyd' ), __( 'All types', 'loyaltyd' ), $this->services->labels()->types() );
		$this->choice( 'source', __( 'Filter by source', 'loyaltyd' ), __( 'All sources', 'loyaltyd' ), $this->services->labels()->sources() );
		submit_button( __( 'Filter', 'loyaltyd' ), '', '', false );
		echo '</div>';
	}

	/**
	 * @param string               $name    Of the argument.
	 * @param string               $label   For screen readers.
	 * @param string               $all     The choice of nothing.
	 * @param array<string,string> $choices Labels by value.
	 */
	private function choice( string $name, string $label, string $all, array $choices ) {
		printf( '<label class="screen-reader-text" for="loyaltyd-by-%1$s">%2$s</label><select name="%1$s" id="loyaltyd-by-%1$s"><option value="">%3$s</option>', esc_attr( $name ), esc_html( $label ), esc_html( $all ) );
		foreach ( $choices as $value => $text ) {
			printf( '<option value="%s"%s>%s</option>', esc_attr( $value ), selected( $value, $this->asked[ $name ], false ), esc_html( $text ) );
		}
		echo '</select>';
	}

	/**
	 * @param array<string,mixed> $row    An entry.
	 * @param string              $column Name.
	 * @return string Safe markup.
	 */
	protected function column_default( $row, $column ) {
		return EntryCells::of( $row, $column, $this->services->labels() );
	}

	/** Keeps the table free of a nonce that no action of it needs.
	 *
	 * @param string $which top or bottom.
	 */
	protected function display_tablenav( $which ) {
		echo '<div class="tablenav ' . esc_attr( $which ) . '">';
		$this->extra_tablenav( $which );
		$this->pagination( $which );
		echo '<br class="clear"></div>';
	}
}
