<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd;

defined( 'ABSPATH' ) || exit;

/**
 * Rows of WooCommerce > Status, for people who help shops.
 */
final class StatusReport {

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Adds the hook.
	 */
	public function register() {
		add_action( 'woocommerce_system_status_report', array( $this, 'render' ) );
	}

	/**
	 * Prints the table.
	 */
	public function render() {
		echo '<table class="wc_status_table widefat" cellspacing="0"><thead><tr><th colspan="3" data-export-label="Loyaltyd"><h2>' . esc_html__( 'Loyalty points', 'loyaltyd' ) . '</h2></th></tr></thead><tbody>';
		foreach ( $this->rows() as $row ) {
			printf(
				'<tr><td data-export-label="%1$s">%2$s:</td><td class="help">&nbsp;</td><td>%3$s</td></tr>',
				esc_attr( $row[0] ),
				esc_html( $row[1] ),
				esc_html( $row[2] )
			);
		}
		echo '</tbody></table>';
	}

	/**
	 * Returns the rows: their name in English for reports, in the site's
	 * language, and the value. No secret is among them.
	 *
	 * @return array<int,array{0:string,1:string,2:string}>
	 */
	public function rows(): array {
		$daemon = $this->services->daemon()->state();
		$seen   = null === $daemon['age'] ? '–' : human_time_diff( time() - $daemon['age'] );
		$fresh  = $this->services->reports()->refreshed_at();
		$key    = $this->services->key();
		return array(
			array( 'Plugin', __( 'Plugin', 'loyaltyd' ), LOYALTYD_VERSION ),
			array( 'Daemon', __( 'Daemon', 'loyaltyd' ), $daemon['present'] ? $daemon['version'] : __( 'never ran', 'loyaltyd' ) ),
			array( 'Last heard of', __( 'Last heard of', 'loyaltyd' ), $seen ),
			array( 'Address', __( 'Address', 'loyaltyd' ), '' === $daemon['address'] ? '–' : $daemon['address'] ),
			array( 'Key', __( 'Key', 'loyaltyd' ), trim( $key->origin() . ' ' . $key->id() ) ),
			array( 'Programme', __( 'Programme', 'loyaltyd' ), $this->services->programme()->origin() ),
			array( 'Figures of', __( 'Figures of', 'loyaltyd' ), null === $fresh ? '–' : gmdate( 'Y-m-d H:i:s', $fresh ) . ' UTC' ),
		);
	}
}
