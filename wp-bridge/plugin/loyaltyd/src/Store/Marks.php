<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Store;

use Loyaltyd\Data\Tables;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * What is marked as changed and not written yet. Marks are collected in memory
 * and written by one statement when everything else is done.
 */
final class Marks {

	/** So many marks are written at once. */
	const MOST = 500;

	/** @var Services */
	private $services;

	/** @var int The site whose list it is, of those in a network. */
	private $site;

	/** @var array<string,array{0:string,1:int}> */
	private $marks = array();

	/** @var array<int,bool> Lines whose orders are not known yet. */
	private $lines = array();

	/** @var float When the first of them was marked. */
	private $since = 0.0;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
		$this->site     = get_current_blog_id();
	}

	/**
	 * Marks something as changed.
	 *
	 * @param string $kind order, comment, user, coupon or product.
	 * @param mixed  $id   Of it.
	 */
	public function mark( string $kind, $id ) {
		if ( ! is_numeric( $id ) || (int) $id < 1 || get_current_blog_id() !== $this->site ) {
			return;
		}
		$this->make_room();
		$this->marks[ $kind . (int) $id ] = array( $kind, (int) $id );
	}

	/**
	 * Marks the order of a line that changed.
	 *
	 * @param mixed $line Its id.
	 * @param mixed $of   The order's; if it is no number it is looked up in the end.
	 */
	public function mark_line( $line, $of = null ) {
		if ( ! is_numeric( $line ) || get_current_blog_id() !== $this->site ) {
			return;
		}
		if ( is_numeric( $of ) ) {
			$this->mark( 'order', $of );
			unset( $this->lines[ (int) $line ] );
			return;
		}
		$this->make_room();
		$this->lines[ (int) $line ] = true;
	}

	/**
	 * Marks the order of a line that is about to be deleted.
	 *
	 * @param mixed $line Its id.
	 */
	public function mark_doomed_line( $line ) {
		foreach ( is_numeric( $line ) ? $this->orders_of( array( (int) $line ) ) : array() as $id ) {
			$this->mark( 'order', $id );
		}
	}

	/**
	 * Writes the marks. Nothing that goes wrong here may break a shop's page.
	 */
	public function write() {
		try {
			$this->find_lines();
			$marks       = array_values( $this->marks );
			$this->marks = array();
			if ( ! $marks || $this->services->key()->is_copy() ) {
				return;
			}
			$this->services->tables()->write(
				'INSERT INTO {p}loyalty_dirty (kind, object_id, noted_at) VALUES ' . implode( ', ', array_fill( 0, count( $marks ), '(%s, %d, UTC_TIMESTAMP(6))' ) ),
				array_merge( ...$marks )
			);
		} catch ( \Throwable $e ) {
			self::complain( $e );
		}
	}

	/**
	 * Says what went wrong where a developer looks.
	 *
	 * @param \Throwable $e What went wrong.
	 */
	public static function complain( \Throwable $e ) {
		if ( defined( 'WP_DEBUG' ) && WP_DEBUG ) {
			error_log( 'loyaltyd: ' . $e->getMessage() ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
		}
	}

	/**
	 * Writes what is there already if it is much or old. What comes next waits:
	 * many hooks are called just before the change that they tell of.
	 */
	private function make_room() {
		$held = count( $this->marks ) + count( $this->lines );
		if ( $held ) {
			$is_long = defined( 'WP_CLI' ) || wp_doing_cron();
			if ( $held < self::MOST && ( ! $is_long || microtime( true ) - $this->since <= 1 ) ) {
				return;
			}
			$this->write();
		}
		$this->since = microtime( true );
	}

	/**
	 * Marks the orders of lines that were changed by themselves.
	 */
	private function find_lines() {
		$lines       = array_keys( $this->lines );
		$this->lines = array();
		foreach ( array_chunk( $lines, self::MOST ) as $some ) {
			foreach ( $this->orders_of( $some ) as $id ) {
				$this->marks[ 'order' . $id ] = array( 'order', $id );
			}
		}
	}

	/**
	 * Returns the orders that lines belong to.
	 *
	 * @param array<int,int> $lines Ids, at least one.
	 * @return array<int,int>
	 */
	private function orders_of( array $lines ): array {
		$sql  = 'SELECT DISTINCT order_id FROM {p}woocommerce_order_items WHERE order_id > 0 AND order_item_id IN (' . Tables::placeholders( $lines ) . ')';
		$rows = $this->services->tables()->rows( $sql, $lines );
		return array_map( 'intval', array_column( $rows, 'order_id' ) );
	}
}
