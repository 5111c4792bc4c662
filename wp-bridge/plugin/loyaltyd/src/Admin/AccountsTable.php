<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Data\Time;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

require_once ABSPATH . 'wp-admin/includes/class-wp-list-table.php';

/**
 * The list of customers and their points.
 */
final class AccountsTable extends \WP_List_Table {

	/** The screen option. */
	const PER_PAGE = 'loyaltyd_customers_per_page';

	/** @var Services */
	private $services;

	/** @var array<string,string> */
	private $asked = array();

	/**
	 * @param Services            $services Shared objects.
	 * @param array<string,mixed> $query    Of the address, unslashed.
	 */
	public function __construct( Services $services, array $query ) {
		parent::__construct(
			array(
				'singular' => 'account',
				'plural'   => 'loyaltyd-accounts',
				'ajax'     => false,
			)
		);
		$this->services = $services;
		foreach ( array( 's', 'orderby', 'order' ) as $name ) {
			$this->asked[ $name ] = isset( $query[ $name ] ) && is_string( $query[ $name ] ) ? trim( wp_check_invalid_utf8( $query[ $name ] ) ) : '';
		}
	}

	/**
	 * Reads the page that was asked for.
	 */
	public function read() {
		$per         = $this->get_items_per_page( self::PER_PAGE );
		$found       = $this->services->accounts()->find(
			$this->asked['s'],
			$this->get_pagenum(),
			$per,
			'' === $this->asked['orderby'] ? 'earned' : $this->asked['orderby'],
			'asc' === $this->asked['order'] ? 'asc' : 'desc'
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
	 * Prints search and table.
	 */
	public function render() {
		echo '<h2 class="screen-reader-text">' . esc_html__( 'Customers and their points', 'loyaltyd' ) . '</h2><form method="get">';
		foreach ( Menu::arguments() + array( 'tab' => 'customers' ) as $name => $value ) {
			printf( '<input type="hidden" name="%s" value="%s">', esc_attr( $name ), esc_attr( $value ) );
		}
		$this->search_box( __( 'Find customers', 'loyaltyd' ), 'loyaltyd-customer' );
		$this->display();
		echo '</form>';
	}

	/**
	 * @return array<string,string>
	 */
	public function get_columns() {
		return array(
			'customer' => __( 'Customer', 'loyaltyd' ),
			'balance'  => __( 'Balance', 'loyaltyd' ),
			'held'     => __( 'Pending', 'loyaltyd' ), // WordPress styles what has the id "pending" as a part of its editor.
			'earned'   => __( 'Earned', 'loyaltyd' ),
			'redeemed' => __( 'Claimed', 'loyaltyd' ),
			'last'     => __( 'Last entry', 'loyaltyd' ),
		);
	}

	/**
	 * @return array<string,array{0:string,1:bool}>
	 */
	protected function get_sortable_columns() {
		return array(
			'customer' => array( 'name', false ),
			'balance'  => array( 'balance', true ),
			'held'     => array( 'pending', true ),
			'earned'   => array( 'earned', true ),
			'redeemed' => array( 'redeemed', true ),
			'last'     => array( 'last_entry_at', true ),
		);
	}

	/**
	 * @return string
	 */
	protected function get_default_primary_column_name() {
		return 'customer';
	}

	/**
	 * Prints when nothing was found.
	 */
	public function no_items() {
		if ( '' !== $this->asked['s'] ) {
			esc_html_e( 'No customer fits. Search for a part of the name or of the e-mail address, or for the customer’s number.', 'loyaltyd' );
			return;
		}
		esc_html_e( 'No customer has any points yet.', 'loyaltyd' );
	}

	/**
	 * @param array<string,mixed> $row    An account.
	 * @param string              $column Name.
	 * @return string Safe markup.
	 */
	protected function column_default( $row, $column ) {
		switch ( $column ) {
			case 'customer':
				return sprintf(
					'<strong><a class="row-title" href="%s"><bdi>%s</bdi></a></strong>%s<span class="loyaltyd-note">%s</span>',
					esc_url( Customers::url( $row['user_id'] ) ),
					esc_html( $row['name'] ),
					$row['frozen'] ? ' — <span class="post-state">' . esc_html__( 'Frozen', 'loyaltyd' ) . '</span>' : '',
					esc_html( '' === $row['email'] ? '#' . $row['user_id'] : $row['email'] )
				);
			case 'last':
				return esc_html( Time::shown( $row['last_entry_at'], true ) );
			case 'held':
				$column = 'pending';
		}
		return '<span class="loyaltyd-number' . ( $row[ $column ] < 0 ? ' is-negative' : '' ) . '">' . esc_html( Figures::points( $row[ $column ] ) ) . '</span>';
	}

	/** Keeps the table free of a nonce that no action of it needs.
	 *
	 * @param string $which top or bottom.
	 */
	protected function display_tablenav( $which ) {
		echo '<div class="tablenav ' . esc_attr( $which ) . '">';
		$this->pagination( $which );
		echo '<br class="clear"></div>';
	}
}
