<?php
/**
 * The little of WP-CLI that the commands call; WP-CLI itself is not in
 * Debian. Errors and early ends are thrown.
 */

namespace {
	final class WP_CLI {

		/** @var array<int,string> */
		public static $lines = array();

		/** @var array<string,mixed> */
		public static $commands = array();

		public static function add_command( $name, $callable ) {
			self::$commands[ $name ] = $callable;
		}

		public static function line( $text ) {
			self::$lines[] = $text;
		}

		public static function success( $text ) {
			self::$lines[] = 'Success: ' . $text;
		}

		public static function error( $text ) {
			throw new RuntimeException( $text, 1 );
		}

		public static function halt( $status ) {
			throw new RuntimeException( 'halt', $status );
		}
	}
}

namespace WP_CLI\Utils {
	function format_items( $format, $items, $fields ) {
		foreach ( $items as $item ) {
			\WP_CLI::line( $format . ':' . implode( '|', array_map(
				function ( $field ) use ( $item ) {
					return $field . '=' . ( is_bool( $item[ $field ] ) ? (int) $item[ $field ] : $item[ $field ] );
				},
				$fields
			) ) );
		}
	}
}
