<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Store;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Tells the daemon what changed, so that points follow within seconds. It sees
 * that by the hooks of WooCommerce and of WordPress; marking what did not change
 * does no harm. What is missed here, the daemon finds by itself later.
 */
final class DirtyList {

	/** Comments that can earn. */
	const COMMENT_TYPES = array( '', 'comment', 'review' );

	const ORDER_TYPES = array( 'shop_order', 'shop_order_refund' );

	/** Of an order's line: what points are made of. */
	const LINE_KEYS = '/^_(qty|product_id|variation_id|refunded_item_id|line_.*|fee_amount)$|^cost$/';

	/** Of an order or a refund. */
	const ORDER_KEYS = '/^_(customer_user|billing_email|order_(currency|total|tax|shipping|shipping_tax)|(date_)?(paid|completed)(_date)?|refund_amount|anonymized)$/';

	/** @var Marks */
	private $marks;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->marks = new Marks( $services );
	}

	/**
	 * Adds the hooks.
	 */
	public function register() {
		$this->on_orders();
		$this->on_lines();
		$this->on_posts();
		$this->on_categories();
		$this->on_comments();
		$this->on_users();
		$this->on_coupons();
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
		$this->marks->mark( $kind, $id );
	}

	/**
	 * Writes what is marked.
	 */
	public function write() {
		$this->marks->write();
	}

	/**
	 * Adds a callback to hooks, filters among them. It gets null for what is
	 * missing: not everybody calls a hook with all of its values, and nothing
	 * that goes wrong here may break what the shop was about to do.
	 *
	 * @param array<int,string> $hooks Names.
	 * @param callable          $what  Gets the values.
	 * @param int               $count How many values it wants.
	 */
	private function on( array $hooks, callable $what, int $count = 1 ) {
		$safe = function ( ...$values ) use ( $what, $count ) {
			try {
				$what( ...array_pad( $values, $count, null ) );
			} catch ( \Throwable $e ) {
				Marks::complain( $e );
			}
			return $values[0] ?? null;
		};
		foreach ( $hooks as $hook ) {
			add_filter( $hook, $safe, 10, $count );
		}
	}

	/**
	 * Orders and their refunds in either storage, by WooCommerce's own hooks.
	 */
	private function on_orders() {
		$this->on(
			array(
				'woocommerce_new_order',
				'woocommerce_update_order',
				'woocommerce_order_status_changed',
				'woocommerce_trash_order',
				'woocommerce_untrash_order',
				'woocommerce_before_delete_order',
				'woocommerce_delete_order',
				'woocommerce_order_refunded',
				'woocommerce_saved_order_items',
				// Of a refund; the daemon knows whose it was.
				'woocommerce_delete_order_refund',
				// Before 7.8 nothing else tells that all lines were removed.
				'woocommerce_delete_shop_order_transients',
			),
			function ( $id ) {
				$this->mark( 'order', $id );
			}
		);
		$this->on(
			array(
				// Also of drafts, and when the lines are written too.
				'woocommerce_after_order_object_save',
				'woocommerce_after_order_refund_object_save',
				// Refunds deleted through REST.
				'woocommerce_rest_delete_shop_order_refund_object',
				'woocommerce_removed_order_items',
				'woocommerce_hpos_post_record_migrated_on_read',
			),
			function ( $order ) {
				$this->mark_order( $order );
			}
		);
		// A filter, since 8.1: with tables of orders nothing else tells that a
		// refund is deleted.
		$this->on(
			array( 'woocommerce_pre_delete_order_refund' ),
			function ( $instead, $refund ) {
				$this->mark_order( $refund );
			},
			2
		);
		// The second value is the order.
		$this->on(
			array( 'woocommerce_refund_deleted' ),
			function ( $refund, $of ) {
				$this->mark( 'order', $of );
			},
			2
		);
		$this->on(
			array( 'added_order_meta', 'updated_order_meta', 'deleted_order_meta' ),
			function ( $ids, $order, $key ) {
				if ( preg_match( self::ORDER_KEYS, (string) $key ) ) {
					$this->mark( 'order', $order );
				}
			},
			3
		);
	}

	/**
	 * Orders' lines.
	 */
	private function on_lines() {
		$this->on(
			array( 'woocommerce_new_order_item', 'woocommerce_update_order_item' ),
			function ( $line, $item, $of ) {
				// wc_update_order_item does not say whose line it is.
				$this->marks->mark_line( $line, $of );
			},
			3
		);
		$this->on( array( 'woocommerce_before_delete_order_item' ), array( $this->marks, 'mark_doomed_line' ) );
		$this->on(
			array( 'added_order_item_meta', 'updated_order_item_meta', 'deleted_order_item_meta' ),
			function ( $ids, $line, $key ) {
				if ( preg_match( self::LINE_KEYS, (string) $key ) ) {
					$this->marks->mark_line( $line );
				}
			},
			3
		);
	}

	/**
	 * Posts, by WordPress's hooks: orders that are posts, coupons, and what can
	 * be commented on. WooCommerce calls its own hooks for these only where it
	 * makes the change itself.
	 */
	private function on_posts() {
		$this->on(
			array( 'trashed_post', 'untrashed_post', 'before_delete_post', 'save_post_shop_order', 'save_post_shop_order_refund' ),
			function ( $id ) {
				$this->mark_post( is_numeric( $id ) ? (int) $id : 0 );
			}
		);
		$this->on(
			array( 'deleted_post' ),
			function ( $id, $post ) {
				$this->mark_order_post( $post );
			},
			2
		);
		$this->on(
			array( 'added_post_meta', 'updated_post_meta', 'deleted_post_meta' ),
			function ( $ids, $id, $key ) {
				if ( preg_match( self::ORDER_KEYS, (string) $key ) ) {
					$this->mark_order_post( get_post( $id ) );
				}
			},
			3
		);
	}

	/**
	 * Products' categories.
	 */
	private function on_categories() {
		$this->on(
			array( 'set_object_terms' ),
			function ( $id, $terms, $term_ids, $taxonomy ) {
				if ( 'product_cat' === $taxonomy ) {
					$this->mark( 'product', $id );
				}
			},
			4
		);
	}

	/**
	 * Comments and reviews.
	 */
	private function on_comments() {
		$this->on(
			array( 'wp_insert_comment', 'edit_comment', 'delete_comment' ),
			function ( $id ) {
				$this->mark_comment( get_comment( $id ) );
			}
		);
		$this->on(
			array( 'transition_comment_status' ),
			function ( $new, $old, $comment ) {
				$this->mark_comment( $comment );
			},
			3
		);
	}

	/**
	 * Users and their roles.
	 */
	private function on_users() {
		$this->on(
			array( 'user_register', 'profile_update', 'deleted_user', 'set_user_role', 'add_user_role', 'remove_user_role', 'add_user_to_blog', 'remove_user_from_blog' ),
			function ( $id ) {
				$this->mark( 'user', $id );
			}
		);
	}

	/**
	 * Coupons that were made from points.
	 */
	private function on_coupons() {
		$this->on(
			array(
				'woocommerce_new_coupon',
				'woocommerce_update_coupon',
				'woocommerce_trash_coupon',
				'woocommerce_increase_coupon_usage_count',
				'woocommerce_decrease_coupon_usage_count',
				'save_post_shop_coupon',
			),
			function ( $coupon ) {
				$this->mark_coupon( $coupon instanceof \WC_Coupon ? (int) $coupon->get_id() : $coupon );
			}
		);
	}

	/**
	 * @param mixed $order An order or a refund; one that was deleted has no id.
	 */
	private function mark_order( $order ) {
		if ( $order instanceof \WC_Abstract_Order ) {
			$this->mark( 'order', 'shop_order_refund' === $order->get_type() ? $order->get_parent_id() : $order->get_id() );
		}
	}

	/**
	 * @param mixed $post A post, or null.
	 */
	private function mark_order_post( $post ) {
		if ( $post instanceof \WP_Post && in_array( $post->post_type, self::ORDER_TYPES, true ) ) {
			$this->mark( 'order', $post->ID );
			if ( 'shop_order_refund' === $post->post_type ) {
				$this->mark( 'order', $post->post_parent );
			}
		}
	}

	/**
	 * Marks what went to the trash, came back or is about to be deleted.
	 *
	 * @param int $id Of a post.
	 */
	private function mark_post( int $id ) {
		$type = (string) get_post_type( $id );
		if ( in_array( $type, self::ORDER_TYPES, true ) ) {
			$this->mark_order_post( get_post( $id ) );
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
					'number'  => Marks::MOST,
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
	 * @param mixed $id Of a coupon; others than ours are nothing to the daemon.
	 */
	private function mark_coupon( $id ) {
		if ( is_numeric( $id ) && get_post_meta( (int) $id, Redeemer::META, true ) ) {
			$this->mark( 'coupon', $id );
		}
	}
}
