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

	/** Posts that comments can earn on. */
	const POST_TYPES = array( 'post', 'product' );

	const ORDER_TYPES = array( 'shop_order', 'shop_order_refund' );

	/** Of an order's line: what points are made of. */
	const LINE_KEYS = '/^_(qty|product_id|variation_id|refunded_item_id|line_.*|fee_amount)$|^cost$/';

	/** Of an order or a refund. */
	const ORDER_KEYS = '/^_(customer_user|billing_email|order_(currency|total|tax|shipping|shipping_tax)|(date_)?(paid|completed)(_date)?|refund_amount|anonymized)$/';

	/** Of a coupon. */
	const COUPON_KEYS = array( 'usage_count', 'date_expires', Redeemer::META );

	/** @var Marks */
	private $marks;

	/** @var array<int,bool> Coupons that are being deleted. */
	private $coupons = array();

	/** @var bool Whether a comment is being deleted. */
	private $deletes_comment = false;

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
			array( 'trashed_post', 'untrashed_post', 'save_post_shop_order', 'save_post_shop_order_refund', 'save_post_shop_coupon' ),
			function ( $id ) {
				$this->mark_post( get_post( $id ) );
			}
		);
		$this->on(
			array( 'deleted_post' ),
			function ( $id, $post ) {
				$this->mark_post( $post );
			},
			2
		);
		// Who wrote a post earns nothing with comments on it.
		$this->on(
			array( 'post_updated' ),
			function ( $id, $now, $before ) {
				$is_other = $now instanceof \WP_Post && $before instanceof \WP_Post &&
					( (int) $now->post_author !== (int) $before->post_author || $now->post_type !== $before->post_type );
				if ( $is_other ) {
					$this->mark_post( $now );
					$this->mark_post( $before );
				}
			},
			3
		);
		$this->on(
			array( 'added_post_meta', 'updated_post_meta', 'deleted_post_meta' ),
			function ( $ids, $id, $key ) {
				if ( in_array( $key, self::COUPON_KEYS, true ) || preg_match( self::ORDER_KEYS, (string) $key ) ) {
					$this->mark_post( get_post( $id ), Redeemer::META === $key );
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
		$this->on(
			array( 'deleted_term_relationships' ),
			function ( $id, $term_ids, $taxonomy ) {
				if ( 'product_cat' === $taxonomy ) {
					$this->mark( 'product', $id );
				}
			},
			3
		);
	}

	/**
	 * Comments and reviews.
	 */
	private function on_comments() {
		// Once it is edited it may be nobody's, or of another type.
		$this->on(
			array( 'edit_comment' ),
			function ( $id ) {
				$this->mark( 'comment', $id );
			}
		);
		$this->on(
			array( 'wp_insert_comment', 'deleted_comment' ),
			function ( $id, $comment ) {
				$this->mark_comment( $comment );
				$this->deletes_comment = false;
			},
			2
		);
		$this->on(
			array( 'delete_comment' ),
			function ( $id ) {
				$comment = get_comment( $id );
				$this->mark_comment( $comment );
				$this->deletes_comment = $comment instanceof \WP_Comment;
			}
		);
		// Answers to it take its place, of which only this tells.
		$this->on(
			array( 'clean_comment_cache' ),
			function ( $id ) {
				if ( $this->deletes_comment ) {
					$this->mark( 'comment', $id );
				}
			}
		);
		$this->on(
			array( 'transition_comment_status' ),
			function ( $new, $old, $comment ) {
				$this->mark_comment( $comment );
			},
			3
		);
		// A filter: an eraser is about to take the author from it.
		$this->on(
			array( 'wp_anonymize_comment' ),
			function ( $may, $comment ) {
				$this->mark_comment( $comment );
			},
			2
		);
		$this->on(
			array( 'added_comment_meta', 'updated_comment_meta', 'deleted_comment_meta' ),
			function ( $ids, $id, $key ) {
				if ( 'verified' === $key ) {
					$this->mark( 'comment', $id );
				}
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
		$this->on(
			array( 'added_user_meta', 'updated_user_meta', 'deleted_user_meta' ),
			function ( $ids, $id, $key ) {
				if ( substr( (string) $key, -12 ) === 'capabilities' ) {
					$this->mark( 'user', $id );
				}
			},
			3
		);
		// Posts that get another author when theirs is deleted.
		$this->on(
			array( 'delete_user' ),
			function ( $id, $to ) {
				if ( $to ) {
					$this->mark_posts_of( (int) $id );
				}
			},
			2
		);
		$this->on(
			array( 'remove_user_from_blog' ),
			function ( $id, $site, $to ) {
				if ( $to ) {
					$this->mark_posts_of( (int) $id );
				}
			},
			3
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
			),
			function ( $coupon ) {
				$this->mark_coupon( $coupon instanceof \WC_Coupon ? (int) $coupon->get_id() : $coupon );
			}
		);
		// When it is gone nothing says whether it was ours.
		$this->on(
			array( 'before_delete_post' ),
			function ( $id ) {
				if ( 'shop_coupon' === get_post_type( $id ) && $this->mark_coupon( $id ) ) {
					$this->coupons[ (int) $id ] = true;
				}
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
	 * Marks what a post is.
	 *
	 * @param mixed $post    A post, or null.
	 * @param bool  $is_ours Whether it is a coupon of ours if it is one.
	 */
	private function mark_post( $post, bool $is_ours = false ) {
		if ( ! $post instanceof \WP_Post ) {
			return;
		}
		$id = (int) $post->ID;
		if ( in_array( $post->post_type, self::ORDER_TYPES, true ) ) {
			$this->mark( 'order', $id );
			if ( 'shop_order_refund' === $post->post_type ) {
				$this->mark( 'order', $post->post_parent );
			}
		} elseif ( 'shop_coupon' === $post->post_type ) {
			if ( $is_ours || isset( $this->coupons[ $id ] ) ) {
				$this->mark( 'coupon', $id );
			} else {
				$this->mark_coupon( $id );
			}
		} elseif ( in_array( $post->post_type, self::POST_TYPES, true ) ) {
			// So the daemon looks at what was written on it, whatever it is.
			$this->mark( 'product', $id );
		}
	}

	/**
	 * @param int $user Whose posts may get another author.
	 */
	private function mark_posts_of( int $user ) {
		global $wpdb;
		$types = "'" . implode( "', '", self::POST_TYPES ) . "'";
		foreach ( $wpdb->get_col( $wpdb->prepare( "SELECT ID FROM $wpdb->posts WHERE post_author = %d AND post_type IN ($types) AND comment_count > 0", $user ) ) as $id ) { // phpcs:ignore WordPress.DB.PreparedSQL
			$this->mark( 'product', $id );
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
	 * Marks a coupon if it is ours; others are nothing to the daemon.
	 *
	 * @param mixed $id Of a coupon.
	 */
	private function mark_coupon( $id ): bool {
		$is_ours = is_numeric( $id ) && get_post_meta( (int) $id, Redeemer::META, true );
		if ( $is_ours ) {
			$this->mark( 'coupon', $id );
		}
		return $is_ours;
	}
}
