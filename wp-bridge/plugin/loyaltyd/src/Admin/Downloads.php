<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Data\Range;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * The reports as CSV files, for the same period and filters as on the screen.
 * Times are UTC, points and money plain numbers.
 */
final class Downloads {

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Returns the address of a file.
	 *
	 * @param string               $report    status, sources, earners, history or customer.
	 * @param array<string,string> $arguments Period, filters or user.
	 */
	public static function url( string $report, array $arguments ): string {
		return add_query_arg(
			array_map( 'rawurlencode', $arguments ) + array(
				'action'   => 'loyaltyd_csv',
				'report'   => $report,
				'_wpnonce' => wp_create_nonce( 'loyaltyd_csv' ),
			),
			admin_url( 'admin-post.php' )
		);
	}

	/**
	 * Sends the file that a request asks for.
	 *
	 * @param array<string,mixed> $request Unslashed.
	 * @return null
	 */
	public function send( array $request ) {
		$range  = $this->services->periods()->parse( $request );
		$report = isset( $request['report'] ) && is_string( $request['report'] ) ? $request['report'] : '';
		switch ( $report ) {
			case 'status':
				$this->status( $range );
				break;
			case 'sources':
				$this->sources( $range );
				break;
			case 'earners':
				$this->earners( $range );
				break;
			case 'history':
				$this->history( self::name( 'history', $range ), HistoryTable::filter( $range, $request ) );
				break;
			case 'customer':
				$user = isset( $request['user'] ) && is_scalar( $request['user'] ) ? (int) $request['user'] : 0;
				if ( $user > 0 ) {
					$this->history( 'loyalty-customer-' . $user, array( 'user' => $user ) );
					break;
				}
				// No customer: no such file.
			default:
				wp_die( esc_html__( 'There is no such report. Go back to the dashboard and choose one there.', 'loyaltyd' ), '', array( 'response' => 404 ) );
		}
		exit;
	}

	/**
	 * @param Range $range Which days.
	 */
	private function status( Range $range ) {
		$status = $this->services->reports()->status( $range );
		$file   = new CsvFile( self::name( 'status', $range ), array( __( 'Information', 'loyaltyd' ), __( 'Points', 'loyaltyd' ), __( 'Value', 'loyaltyd' ), __( 'Currency', 'loyaltyd' ) ) );
		foreach ( DashboardCards::lines( $status ) as $name => list( $label, $points ) ) {
			$file->row( array( $label, $points, 'balance' === $name ? $status['value'] : $this->services->reports()->worth( $points ), $status['currency'] ) );
		}
		$file->end();
	}

	/**
	 * @param Range $range Which days.
	 */
	private function sources( Range $range ) {
		$customers = $this->services->reports()->customers( $range )['sources'];
		$file      = new CsvFile( self::name( 'sources', $range ), array( __( 'Source', 'loyaltyd' ), __( 'Points', 'loyaltyd' ), __( 'Entries', 'loyaltyd' ), __( 'Customers', 'loyaltyd' ) ) );
		foreach ( $this->services->reports()->sources( $range ) as $row ) {
			$file->row( array( $row['label'], $row['points'], $row['entries'], $customers[ $row['source'] ] ?? 0 ) );
		}
		$file->end();
	}

	/**
	 * @param Range $range Which days.
	 */
	private function earners( Range $range ) {
		$file = new CsvFile( self::name( 'earners', $range ), array( __( 'Place', 'loyaltyd' ), __( 'Customer number', 'loyaltyd' ), __( 'Customer', 'loyaltyd' ), __( 'Points', 'loyaltyd' ), __( 'Balance', 'loyaltyd' ), __( 'Entries', 'loyaltyd' ) ) );
		foreach ( $this->services->reports()->earners( $range, 50 ) as $row ) {
			$file->row( array( $row['place'], $row['user_id'], $row['name'], $row['earned'], $row['balance'], $row['entries'] ) );
		}
		$file->end();
	}

	/**
	 * Sends all entries of a filter; any number of them, a thousand at a time.
	 *
	 * @param string              $name   Of the file.
	 * @param array<string,mixed> $filter Of the reports.
	 */
	private function history( string $name, array $filter ) {
		$labels = $this->services->labels();
		$file   = new CsvFile(
			$name,
			array(
				__( 'Entry', 'loyaltyd' ),
				__( 'Date (UTC)', 'loyaltyd' ),
				__( 'Customer number', 'loyaltyd' ),
				__( 'Customer', 'loyaltyd' ),
				__( 'Activity', 'loyaltyd' ),
				__( 'Type', 'loyaltyd' ),
				__( 'Source', 'loyaltyd' ),
				__( 'Points', 'loyaltyd' ),
				__( 'Pending', 'loyaltyd' ),
				__( 'Balance', 'loyaltyd' ),
				__( 'Related', 'loyaltyd' ),
				__( 'Note', 'loyaltyd' ),
			)
		);
		foreach ( $this->services->reports()->export( $filter ) as $rows ) {
			foreach ( $rows as $row ) {
				$file->row( array( $row['entry_id'], substr( $row['occurred_at'], 0, 19 ), $row['user_id'], $row['name'], $labels->activity( $row ), $row['type'], $row['source'], $row['points'], $row['pending'], $row['balance'], $labels->related( $row )['text'], $row['note'] ) );
			}
			flush();
		}
		$file->end();
	}

	/**
	 * @param string $report Which.
	 * @param Range  $range  Which days.
	 */
	private static function name( string $report, Range $range ): string {
		$days = null === $range->from && null === $range->to ? array( 'all-time' ) : array_filter( array( $range->from, $range->to ) );
		return 'loyalty-' . $report . '-' . implode( '-', $days );
	}
}
