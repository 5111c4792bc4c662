<?php
/**
 * What plugins declare, and where orders are.
 */

namespace Automattic\WooCommerce\Utilities;

/** Plugins say here with which features they go together. */
final class FeaturesUtil {

	/** @var array feature => file => bool. */
	private static $declared = array();

	/**
	 * @param string $feature  Such as custom_order_tables.
	 * @param string $file     The plugin's main file.
	 * @param bool   $positive Whether they go together.
	 */
	public static function declare_compatibility( string $feature, string $file, bool $positive = true ): bool {
		if ( ! did_action( 'before_woocommerce_init' ) || did_action( 'woocommerce_init' ) ) {
			_doing_it_wrong( __METHOD__, 'Call it in before_woocommerce_init.', '6.6' );
			return false;
		}
		self::$declared[ $feature ][ plugin_basename( $file ) ] = $positive;
		return true;
	}

	/** What was declared, for tests. */
	public static function declared(): array {
		return self::$declared;
	}
}

/** Where orders are. */
final class OrderUtil {

	/** Whether orders have tables of their own. */
	public static function custom_orders_table_usage_is_enabled(): bool {
		return 'yes' === get_option( 'woocommerce_custom_orders_table_enabled' );
	}

	/**
	 * @param int|\WC_Order $order Or its id.
	 * @param array         $types Types of orders.
	 */
	public static function is_order( $order, $types = array( 'shop_order' ) ): bool {
		return in_array( self::get_order_type( $order ), (array) $types, true );
	}

	/** @param int|\WC_Order $order Or its id. */
	public static function get_order_type( $order ) {
		$order = wc_get_order( $order );
		return $order ? $order->get_type() : null;
	}

	/** @param int $id Of an order. */
	public static function get_order_admin_edit_url( int $id ): string {
		return admin_url( self::custom_orders_table_usage_is_enabled() ? 'admin.php?page=wc-orders&action=edit&id=' . $id : 'post.php?action=edit&post=' . $id );
	}
}
