<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd;

use Loyaltyd\Bridge\BridgeError;

defined( 'ABSPATH' ) || exit;

/**
 * Tells Tools > Site Health whether points are kept up to date.
 */
final class SiteHealth {

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
		add_filter( 'site_status_tests', array( $this, 'add_tests' ) );
		add_action( 'rest_api_init', array( $this, 'add_route' ) );
	}

	/**
	 * @param array<string,array> $tests Of others.
	 * @return array<string,array>
	 */
	public function add_tests( $tests ) {
		$tests['direct']['loyaltyd_heartbeat'] = array(
			'label' => __( 'Loyalty points are kept up to date', 'loyaltyd' ),
			'test'  => array( $this, 'heartbeat' ),
		);
		$tests['async']['loyaltyd_ready'] = array(
			'label'             => __( 'WordPress reaches the loyaltyd daemon', 'loyaltyd' ),
			'test'              => rest_url( 'loyaltyd/v1/site-health' ),
			'has_rest'          => true,
			'async_direct_test' => array( $this, 'ready' ),
		);
		return $tests;
	}

	/**
	 * Adds the route by which the browser runs the second test.
	 */
	public function add_route() {
		register_rest_route(
			'loyaltyd/v1',
			'/site-health',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'ready' ),
				'permission_callback' => function () {
					return current_user_can( 'view_site_health_checks' );
				},
			)
		);
	}

	/**
	 * Whether the daemon was heard of lately; reads one row.
	 *
	 * @return array<string,mixed>
	 */
	public function heartbeat() {
		$state = $this->services->daemon()->state();
		if ( ! $state['present'] ) {
			return self::result(
				'loyaltyd_heartbeat',
				'recommended',
				__( 'The loyaltyd daemon has not run for this site yet', 'loyaltyd' ),
				/* translators: %s: a command. */
				sprintf( __( 'No points are counted until it runs. On the server, start it with: %s', 'loyaltyd' ), 'loyaltyd serve --wp-path ' . untrailingslashit( ABSPATH ) )
			);
		}
		if ( $state['silent'] ) {
			$since = null === $state['heartbeat'] ? __( 'It was never heard of.', 'loyaltyd' ) : sprintf(
				/* translators: %s: a length of time, such as 5 minutes. */
				__( 'It was last heard of %s ago.', 'loyaltyd' ),
				human_time_diff( time() - (int) $state['age'] )
			);
			return self::result(
				'loyaltyd_heartbeat',
				'critical',
				__( 'The loyaltyd daemon is silent, so points are not kept up to date', 'loyaltyd' ),
				$since . ' ' . __( 'Nothing is lost: when it runs again it catches up. Start it, or ask whoever runs your server.', 'loyaltyd' )
			);
		}
		return self::result( 'loyaltyd_heartbeat', 'good', __( 'Loyalty points are kept up to date', 'loyaltyd' ), __( 'The loyaltyd daemon is running.', 'loyaltyd' ) );
	}

	/**
	 * Whether WordPress reaches the daemon, and whether it is at work.
	 *
	 * @return array<string,mixed>
	 */
	public function ready() {
		try {
			$answer = $this->services->client()->get( '/readyz' );
		} catch ( BridgeError $e ) {
			$text = $e->getMessage();
			if ( BridgeError::UNREACHABLE === $e->code() && defined( 'WP_HTTP_BLOCK_EXTERNAL' ) && WP_HTTP_BLOCK_EXTERNAL ) {
				$text .= ' ' . __( 'This site blocks requests to other hosts (WP_HTTP_BLOCK_EXTERNAL). Requests to this machine are let through; a daemon on another one must be named in WP_ACCESSIBLE_HOSTS.', 'loyaltyd' );
			}
			return self::result(
				'loyaltyd_ready',
				BridgeError::UNPAIRED === $e->code() ? 'recommended' : 'critical',
				__( 'WordPress does not reach the loyaltyd daemon', 'loyaltyd' ),
				$text . ' ' . __( 'Meanwhile points cannot be redeemed or adjusted.', 'loyaltyd' )
			);
		}
		if ( ! empty( $answer['ready'] ) ) {
			return self::result( 'loyaltyd_ready', 'good', __( 'WordPress reaches the loyaltyd daemon', 'loyaltyd' ), __( 'It answers, and it is at work.', 'loyaltyd' ) );
		}
		$reasons = implode( ' ', array_column( (array) ( $answer['reasons'] ?? array() ), 'message' ) );
		return self::result( 'loyaltyd_ready', 'recommended', __( 'The loyaltyd daemon is not at work', 'loyaltyd' ), $reasons );
	}

	/**
	 * @param string $test   Its id.
	 * @param string $status good, recommended or critical.
	 * @param string $label  In one line.
	 * @param string $text   What to do.
	 * @return array<string,mixed>
	 */
	private static function result( string $test, string $status, string $label, string $text ): array {
		return array(
			'test'        => $test,
			'status'      => $status,
			'label'       => $label,
			'description' => '<p>' . esc_html( $text ) . '</p>',
			'actions'     => '',
			'badge'       => array(
				'label' => __( 'Loyalty', 'loyaltyd' ),
				'color' => 'blue',
			),
		);
	}
}
