<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Plugin;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * One tab of the Loyalty page, with its actions.
 */
abstract class Tab {

	/** @var Services */
	protected $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/** Returns the tab's name in addresses. */
	abstract public function name(): string;

	/** Returns what the tab is called. */
	abstract public function title(): string;

	/** Adds the tab's actions; see action(). */
	public function register() {}

	/** Runs before anything is printed: reads the request, adds screen options. */
	public function prepare() {}

	/** Prints the tab. */
	abstract public function render();

	/**
	 * Answers admin-post.php for people who may and who asked from our own page.
	 *
	 * @param string      $name   Of the action, without loyaltyd_.
	 * @param callable    $do     Gets the request, unslashed; returns where to go, or null when it has answered.
	 * @param string|null $object Key of the request whose number is part of the nonce.
	 */
	protected function action( string $name, callable $do, ?string $object = null ) {
		add_action(
			'admin_post_loyaltyd_' . $name,
			function () use ( $name, $do, $object ) {
				if ( ! current_user_can( Plugin::capability() ) ) {
					wp_die( esc_html__( 'You are not allowed to do this. Ask an administrator of the shop.', 'loyaltyd' ), '', array( 'response' => 403 ) );
				}
				$request = wp_unslash( $_REQUEST ); // phpcs:ignore WordPress.Security.NonceVerification
				check_admin_referer( self::nonce( $name, null === $object ? null : self::number( $request, $object ) ) );
				$to = $do( $request );
				if ( null !== $to ) {
					wp_safe_redirect( $to );
					exit;
				}
			}
		);
	}

	/**
	 * Returns the name of an action's nonce.
	 *
	 * @param string   $name   Of the action.
	 * @param int|null $object That it is about.
	 */
	public static function nonce( string $name, ?int $object = null ): string {
		return 'loyaltyd_' . $name . ( null === $object ? '' : '_' . $object );
	}

	/**
	 * Prints what a form needs to reach an action.
	 *
	 * @param string   $name   Of the action.
	 * @param int|null $object That it is about.
	 */
	public static function action_fields( string $name, ?int $object = null ) {
		printf( '<input type="hidden" name="action" value="%s">', esc_attr( 'loyaltyd_' . $name ) );
		wp_nonce_field( self::nonce( $name, $object ) );
	}

	/**
	 * Returns the page that a request came from, or the tab's own.
	 *
	 * @param array<string,mixed> $more Arguments to set.
	 */
	protected function back( array $more = array() ): string {
		$from = wp_get_referer();
		return $from ? add_query_arg( $more, $from ) : Menu::url( $this->name(), $more );
	}

	/**
	 * Returns a text of the request; empty when there is none.
	 *
	 * @param array<string,mixed> $request Unslashed.
	 * @param string              $key     Of the text.
	 */
	protected static function text( array $request, string $key ): string {
		return isset( $request[ $key ] ) && is_scalar( $request[ $key ] ) ? trim( wp_check_invalid_utf8( (string) $request[ $key ] ) ) : '';
	}

	/**
	 * Returns a number of 0 or more of the request; 0 when there is none.
	 *
	 * @param array<string,mixed> $request Unslashed.
	 * @param string              $key     Of the number.
	 */
	protected static function number( array $request, string $key ): int {
		$text = self::text( $request, $key );
		return preg_match( '/^\d{1,18}$/D', $text ) ? (int) $text : 0;
	}

	/**
	 * Returns the arguments of the page's address, unslashed.
	 *
	 * @return array<string,mixed>
	 */
	protected static function query(): array {
		return wp_unslash( $_GET ); // phpcs:ignore WordPress.Security.NonceVerification
	}
}
