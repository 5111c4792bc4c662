<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Store;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Tells the daemon what changed, so that points follow within seconds. Marks
 * are collected in memory and written by one statement when everything else is
 * done. What is missed here, the daemon finds by itself later.
 */
final class DirtyList {

	/** So many marks are written at once. */
	const MOST = 500;

	/** Comments that can earn. */
	const COMMENT_TYPES = array( '', 'comment', 'review' );

	const ORDER_TYPES = array( 'shop_order', 'shop_order_refund' );

	/** Of an order's line: what points are made of. */
	const LINE_KEYS = '/^_(qty|product_id|variation_id|line_.*|fee_amount)$|^cost$/';

	/** @var Services */
	private $services;

	/** @var array<string,array{0:string,1:int}> */
	private $marks = array();

	/** @var array<int,bool> Lines whose orders are not known yet. */
	private $lines = array();

	/** @var float When the first of the marks was made. */
	private $since = 0.0;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Adds the hooks.
	 */
	public function register() {
		$this->on_orders();
		$this->on_comments();
		$this->on_users();
		$this->on_coupons_and_products();
		// Others save orders at the end of the request too.
		add_action( 'shutdown', array( $this, 'write' ), PHP_INT_MAX );
	}

	/**
	 * Marks something as changed.
	 *
	 * @param string $kind order, comment, user, coupon or product.
	 * @param mixed  $id   Of it.
	 */
	public function mark( string $kind, $id ) {
		if ( ! is_numeric( $id ) || (int) $id < 1 ) {
			return;
		}
		if ( ! $this->marks ) {
			$this->since = microtime( true );
		}
		$this->marks[ $kind . (int) $id ] = array( $kind, (int) $id );
		$is_long = defined( 'WP_CLI' ) || wp_doing_cron();
		if ( count( $this->marks ) >= self::MOST || ( $is_long && microtime( true ) - $this->since > 1 ) ) {
			$this->write();
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
			if ( defined( 'WP_DEBUG' ) && WP_DEBUG ) {
				error_log( 'loyaltyd: ' . $e->getMessage() ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
			}
		}
	}

	/**
	 * Orders, their refunds and their lines, in either storage.
	 */
	private function on_orders() {
		$order = function ( $id ) {
			$this->mark( 'order', $id );
		};
		$hooks = array(
			'woocommerce_new_order',
			'woocommerce_update_order',
			'woocommerce_order_status_changed',
			'woocommerce_trash_order',
			'woocommerce_untrash_order',
			'woocommerce_before_delete_order',
			'woocommerce_delete_order',
			'woocommerce_order_refunded',
			'woocommerce_saved_order_items',
		);
		foreach ( $hooks as $hook ) {
			add_action( $hook, $order, 10, 1 );
		}
		// The second value is the order.
		$second = function ( $refund, $of ) {
			$this->mark( 'order', $of );
		};
		add_action( 'woocommerce_refund_deleted', $second, 10, 2 );
		$third = function ( $line, $item, $of ) {
			$this->mark( 'order', $of );
		};
		add_action( 'woocommerce_new_order_item', $third, 10, 3 );
		add_action( 'woocommerce_update_order_item', $third, 10, 3 );
		add_action(
			'woocommerce_before_delete_order_item',
			function ( $line ) {
				$this->mark( 'order', $this->order_of_line( (int) $line ) );
			}
		);
		$meta = function ( $ids, $line, $key ) {
			if ( preg_match( self::LINE_KEYS, (string) $key ) ) {
				$this->lines[ (int) $line ] = true;
			}
		};
		foreach ( array( 'added_order_item_meta', 'updated_order_item_meta', 'deleted_order_item_meta' ) as $hook ) {
			add_action( $hook, $meta, 10, 3 );
		}
		$third_knows = function ( $line ) {
			unset( $this->lines[ (int) $line ] );
		};
		// A line that is saved as a whole was marked with its order.
		add_action( 'woocommerce_new_order_item', $third_knows, PHP_INT_MAX, 1 );
		add_action( 'woocommerce_update_order_item', $third_knows, PHP_INT_MAX, 1 );
		$post = function ( $id ) {
			$this->mark_post( (int) $id );
		};
		foreach ( array( 'trashed_post', 'untrashed_post', 'before_delete_post' ) as $hook ) {
			add_action( $hook, $post, 10, 1 );
		}
	}

	/**
	 * Comments and reviews.
	 */
	private function on_comments() {
		$by_id = function ( $id ) {
			$this->mark_comment( get_comment( $id ) );
		};
		foreach ( array( 'wp_insert_comment', 'edit_comment', 'delete_comment' ) as $hook ) {
			add_action( $hook, $by_id, 10, 1 );
		}
		add_action(
			'transition_comment_status',
			function ( $new, $old, $comment ) {
				$this->mark_comment( $comment );
			},
			10,
			3
		);
	}

	/**
	 * Users and their roles.
	 */
	private function on_users() {
		$user = function ( $id ) {
			$this->mark( 'user', $id );
		};
		foreach ( array( 'user_register', 'profile_update', 'deleted_user', 'set_user_role', 'add_user_role', 'remove_user_role', 'add_user_to_blog', 'remove_user_from_blog' ) as $hook ) {
			add_action( $hook, $user, 10, 1 );
		}
	}

	/**
	 * Coupons that were made from points, and products with their categories.
	 */
	private function on_coupons_and_products() {
		$coupon = function ( $id ) {
			$this->mark_coupon( is_object( $id ) ? (int) $id->get_id() : (int) $id );
		};
		$hooks  = array(
			'woocommerce_new_coupon',
			'woocommerce_update_coupon',
			'woocommerce_trash_coupon',
			'woocommerce_increase_coupon_usage_count',
			'woocommerce_decrease_coupon_usage_count',
			'save_post_shop_coupon',
		);
		foreach ( $hooks as $hook ) {
			add_action( $hook, $coupon, 10, 1 );
		}
		add_action(
			'set_object_terms',
			function ( $id, $terms, $term_ids, $taxonomy ) {
				if ( 'product_cat' === $taxonomy ) {
					$this->mark( 'product', $id );
				}
			},
			10,
			4
		);
	}

	/**
	 * Marks what went to the trash, came back or is about to be deleted.
	 *
	 * @param int $id Of a post.
	 */
	private function mark_post( int $id ) {
		$type = (string) get_post_type( $id );
		if ( in_array( $type, self::ORDER_TYPES, true ) ) {
			$this->mark( 'order', 'shop_order' === $type ? $id : wp_get_post_parent_id( $id ) );
		} elseif ( 'shop_coupon' === $type ) {
			$this->mark_coupon( $id );
		} elseif ( 'product' === $type ) {
			$this->mark( 'product', $id );
		} elseif ( 'post' === $type ) {
			$comments = get_comments(
				array(
					'post_id' => $id,
					'fields'  => 'ids',
					'status'  => 'any',
					'number'  => self::MOST,
					'orderby' => 'comment_ID',
				)
			);
			foreach ( $comments as $comment ) {
				$this->mark( 'comment', $comment );
			}
		}
	}

	/**
	 * @param \WP_Comment|null $comment Any.
	 */
	private function mark_comment( $comment ) {
		if ( $comment instanceof \WP_Comment && (int) $comment->user_id > 0 && in_array( (string) $comment->comment_type, self::COMMENT_TYPES, true ) ) {
			$this->mark( 'comment', $comment->comment_ID );
		}
	}

	/**
	 * @param int $id Of a coupon; others than ours are nothing to the daemon.
	 */
	private function mark_coupon( int $id ) {
		if ( get_post_meta( $id, Redeemer::META, true ) ) {
			$this->mark( 'coupon', $id );
		}
	}

	/**
	 * Marks the orders of lines that were changed by themselves.
	 */
	private function find_lines() {
		$lines       = array_keys( $this->lines );
		$this->lines = array();
		foreach ( array_slice( $lines, 0, self::MOST ) as $line ) {
			$this->mark( 'order', $this->order_of_line( $line ) );
		}
	}

	/**
	 * @param int $line Id of an order's line.
	 */
	private function order_of_line( int $line ): int {
		return function_exists( 'wc_get_order_id_by_order_item_id' ) ? (int) wc_get_order_id_by_order_item_id( $line ) : 0;
	}
}
