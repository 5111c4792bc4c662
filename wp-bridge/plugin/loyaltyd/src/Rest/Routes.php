<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Rest;

use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * The plugin's REST routes, below loyaltyd/v1.
 */
final class Routes {

	const SPACE = 'loyaltyd/v1';

	/** @var Services */
	private $services;

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
		add_action(
			'rest_api_init',
			function () {
				foreach ( array( new ReportRoutes( $this->services ), new CustomerRoutes( $this->services ), new ManageRoutes( $this->services ), new ShopperRoutes( $this->services ) ) as $routes ) {
					foreach ( $routes->routes() as $path => $route ) {
						register_rest_route( self::SPACE, $path, $route );
					}
				}
			}
		);
	}
}
