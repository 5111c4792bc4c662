<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Rest;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Plugin;

defined( 'ABSPATH' ) || exit;

/**
 * Who may call a route, which values it takes, and what it answers when the
 * daemon refuses. WordPress's own cookie nonce guards against other sites.
 */
final class Access {

	/**
	 * Says whether the caller runs the shop.
	 *
	 * @return true|\WP_Error
	 */
	public static function admin() {
		if ( current_user_can( Plugin::capability() ) ) {
			return true;
		}
		return new \WP_Error( 'loyaltyd_forbidden', __( 'You are not allowed to manage points.', 'loyaltyd' ), array( 'status' => rest_authorization_required_code() ) );
	}

	/**
	 * Says whether the caller is logged in.
	 *
	 * @return true|\WP_Error
	 */
	public static function shopper() {
		if ( is_user_logged_in() ) {
			return true;
		}
		return new \WP_Error( 'loyaltyd_not_logged_in', __( 'Please log in to see your points.', 'loyaltyd' ), array( 'status' => 401 ) );
	}

	/**
	 * Returns the values of pages, beside others.
	 *
	 * @param array<string,array> $others Values of the route's own.
	 * @return array<string,array>
	 */
	public static function paged( array $others = array() ): array {
		return $others + array(
			'page'     => array( 'type' => 'integer', 'minimum' => 1, 'maximum' => 10000000, 'default' => 1 ),
			'per_page' => array( 'type' => 'integer', 'minimum' => 1, 'maximum' => 100, 'default' => 20 ),
			'order'    => array( 'type' => 'string', 'enum' => array( 'asc', 'desc' ), 'default' => 'desc' ),
		);
	}

	/**
	 * Returns the values that choose days, beside others.
	 *
	 * @param array<string,array> $others Values of the route's own.
	 * @return array<string,array>
	 */
	public static function ranged( array $others = array() ): array {
		$day = array(
			'type'    => 'string',
			'pattern' => '^([1-9][0-9]{3}-[0-9]{2}-[0-9]{2})?$',
			'default' => '',
		);
		return $others + array(
			'period' => array( 'type' => 'string', 'maxLength' => 32, 'default' => '' ),
			'from'   => $day,
			'to'     => $day,
		);
	}

	/**
	 * Returns the value that makes repeated requests one.
	 *
	 * @return array<string,array>
	 */
	public static function once(): array {
		return array(
			'idempotency_key' => array(
				'type'        => 'string',
				'required'    => true,
				'pattern'     => '^[!-~]{8,128}$',
				'description' => 'The same key with the same values is the same request, however often it is sent.',
			),
		);
	}

	/**
	 * Returns the id in a route's address.
	 *
	 * @return array<string,array>
	 */
	public static function id(): array {
		return array(
			'id' => array( 'type' => 'integer', 'minimum' => 1, 'required' => true ),
		);
	}

	/**
	 * Calls and turns what the daemon refuses into an error for admins.
	 *
	 * @param callable $call Returns the answer.
	 * @return mixed
	 */
	public static function asking( callable $call ) {
		try {
			return $call();
		} catch ( BridgeError $e ) {
			$status = $e->is_outage() || $e->status() < 400 ? 503 : $e->status();
			return new \WP_Error( 'loyaltyd_' . $e->code(), $e->getMessage(), array( 'status' => $status, 'request' => $e->request() ) );
		}
	}

	/**
	 * Returns a page as an answer, with WordPress's usual headers of totals.
	 *
	 * @param array $rows  Of the page.
	 * @param int   $total Of all pages.
	 * @param int   $per   Rows of a page.
	 */
	public static function page( array $rows, int $total, int $per ): \WP_REST_Response {
		$response = new \WP_REST_Response( $rows );
		$response->header( 'X-WP-Total', (string) $total );
		$response->header( 'X-WP-TotalPages', (string) (int) ceil( $total / max( 1, $per ) ) );
		return $response;
	}
}
