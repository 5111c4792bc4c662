<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

use Loyaltyd\Programme\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * Words for sources and entries, as plain text to be escaped where it is shown.
 */
final class Labels {

	/**
	 * Returns the name of each source.
	 *
	 * @return array<string,string>
	 */
	public function sources(): array {
		return array_map( array( Schema::class, 'text' ), array_column( Schema::sources(), 'label', 'source' ) );
	}

	/**
	 * Returns the name of each type of entry.
	 *
	 * @return array<string,string>
	 */
	public function types(): array {
		return array_map( array( Schema::class, 'text' ), array_column( Schema::types(), 'label', 'type' ) );
	}

	/**
	 * Returns the name of a source; one that is unknown keeps its own.
	 *
	 * @param string $source Such as purchase.
	 */
	public function source( string $source ): string {
		return $this->sources()[ $source ] ?? $source;
	}

	/**
	 * Returns the name of a type of entry; one that is unknown keeps its own.
	 *
	 * @param string $type Such as earn.
	 */
	public function type( string $type ): string {
		return $this->types()[ $type ] ?? $type;
	}

	/**
	 * Says what an entry is.
	 *
	 * @param array<string,mixed> $row Of the history, with type and source.
	 */
	public function activity( array $row ): string {
		$label = $this->source( (string) $row['source'] );
		$type  = Schema::types()[ $row['type'] ] ?? null;
		return null === $type ? $label : sprintf( Schema::text( $type['activity'] ), $label );
	}

	/**
	 * Names what an entry was posted for, and where an admin finds it.
	 *
	 * @param array<string,mixed> $row Of the history, with source and object_id, and coupon_code and coupon_id where they are known.
	 * @return array{text:string,url:string} The address is empty when there is none.
	 */
	public function related( array $row ): array {
		$id = (int) $row['object_id'];
		switch ( Schema::object_of( (string) $row['source'] ) ) {
			case 'order':
				/* translators: %d: order number. */
				return self::link( __( 'Order #%d', 'loyaltyd' ), $id, $this->order_url( $id ) );
			case 'review':
				/* translators: %d: number of the review. */
				return self::link( __( 'Review #%d', 'loyaltyd' ), $id, self::comment_url( $id ) );
			case 'comment':
				/* translators: %d: number of the comment. */
				return self::link( __( 'Comment #%d', 'loyaltyd' ), $id, self::comment_url( $id ) );
			case 'user':
				/* translators: %d: user id. */
				return self::link( __( 'User #%d', 'loyaltyd' ), $id, $this->customer_url( $id ) );
			case 'redemption':
				if ( isset( $row['coupon_code'] ) ) {
					return array(
						/* translators: %s: code of a coupon. */
						'text' => sprintf( __( 'Coupon %s', 'loyaltyd' ), $row['coupon_code'] ),
						'url'  => isset( $row['coupon_id'] ) ? admin_url( 'post.php?action=edit&post=' . $row['coupon_id'] ) : '',
					);
				}
				/* translators: %d: number of the redemption. */
				return self::link( __( 'Redemption #%d', 'loyaltyd' ), $id, '' );
			case 'request':
				/* translators: %d: number of the request. */
				return self::link( __( 'Request #%d', 'loyaltyd' ), $id, '' );
		}
		/* translators: %d: a number. */
		return self::link( __( 'Object #%d', 'loyaltyd' ), $id, '' );
	}

	/**
	 * Returns the address of a page of Coupons > Loyalty.
	 *
	 * @param array<string,string|int> $query Such as tab.
	 */
	public function admin_url( array $query = array() ): string {
		/**
		 * Filters the address of Coupons > Loyalty.
		 *
		 * @param string $url Without a tab.
		 */
		$base = (string) apply_filters( 'loyaltyd_admin_url', admin_url( 'admin.php?page=loyaltyd' ) );
		return add_query_arg( array_map( 'rawurlencode', array_map( 'strval', $query ) ), $base );
	}

	/**
	 * Returns the address of one customer's page, for admins.
	 *
	 * @param int $user Id.
	 */
	public function customer_url( int $user ): string {
		return $this->admin_url( array( 'tab' => 'customers', 'user' => $user ) );
	}

	/**
	 * Returns the address of an order's page, for admins, in either storage; it
	 * costs no query.
	 *
	 * @param int $order Id.
	 */
	public function order_url( int $order ): string {
		if ( 'yes' === get_option( 'woocommerce_custom_orders_table_enabled' ) ) {
			return admin_url( 'admin.php?page=wc-orders&action=edit&id=' . $order );
		}
		return admin_url( 'post.php?post=' . $order . '&action=edit' );
	}

	/**
	 * @param int $comment Id.
	 */
	private static function comment_url( int $comment ): string {
		return admin_url( 'comment.php?action=editcomment&c=' . $comment );
	}

	/**
	 * @param string $format With one %d.
	 * @param int    $id     For it.
	 * @param string $url    May be empty.
	 * @return array{text:string,url:string}
	 */
	private static function link( string $format, int $id, string $url ): array {
		return array(
			'text' => sprintf( $format, $id ),
			'url'  => $url,
		);
	}
}
