<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Cli;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Data\Periods;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * Shows and changes loyalty points.
 */
final class Command {

	const ENTRY_FIELDS = array( 'entry_id', 'user_id', 'name', 'seq', 'occurred_at', 'type', 'source', 'object_id', 'points', 'pending', 'balance', 'note' );

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Adds the commands where WP-CLI runs.
	 *
	 * @internal
	 */
	public function register() {
		if ( ! defined( 'WP_CLI' ) || ! WP_CLI || ! class_exists( 'WP_CLI' ) ) {
			return;
		}
		foreach ( array( 'status', 'customer', 'adjust', 'sync', 'export' ) as $name ) {
			\WP_CLI::add_command( 'loyalty ' . $name, array( $this, $name ) );
		}
		\WP_CLI::add_command( 'loyalty key', new KeyCommand( $this->services ) );
	}

	/**
	 * Shows the programme's figures and whether the daemon runs.
	 *
	 * Ends with status 1 when the daemon is silent.
	 *
	 * ## OPTIONS
	 *
	 * [--period=<period>]
	 * : week_to_date, month_to_date, quarter_to_date, year_to_date, last_week, last_month, last_quarter, last_year, last_30_days or all_time.
	 *
	 * [--from=<day>]
	 * : First day of a range of your own, YYYY-MM-DD.
	 *
	 * [--to=<day>]
	 * : Its last day.
	 *
	 * [--format=<format>]
	 * : table, json or csv.
	 * ---
	 * default: table
	 * options:
	 *   - table
	 *   - json
	 *   - csv
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     wp loyalty status --period=last_month
	 *     wp loyalty status --from=2026-01-01 --to=2026-01-31 --format=json
	 *
	 * @param array<int,string>    $args    None.
	 * @param array<string,string> $options As above.
	 */
	public function status( $args, $options ) {
		$this->check_range( $options );
		$daemon = $this->services->daemon()->state();
		if ( ! $daemon['present'] ) {
			\WP_CLI::error( __( 'The loyaltyd daemon has not run for this site yet: start it with loyaltyd serve --wp-path, followed by the folder of WordPress.', 'loyaltyd' ) );
		}
		$range  = $this->services->periods()->parse( $options );
		$status = $this->services->reports()->status( $range );
		$rows   = array();

		$status['participants'] = $this->services->reports()->customers( $range )['participants'];
		foreach ( $status as $name => $value ) {
			$rows[] = array(
				'field' => $name,
				'value' => $value,
			);
		}
		$rows[] = array(
			'field' => 'daemon',
			'value' => $daemon['silent'] ? 'silent' : 'running ' . $daemon['version'],
		);
		if ( 'json' === ( $options['format'] ?? 'table' ) ) {
			\WP_CLI::line( (string) wp_json_encode( $status + array( 'daemon' => $daemon ), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ) );
		} else {
			\WP_CLI\Utils\format_items( $options['format'] ?? 'table', $rows, array( 'field', 'value' ) );
		}
		if ( $daemon['silent'] ) {
			\WP_CLI::halt( 1 );
		}
	}

	/**
	 * Shows a customer's points, or finds customers.
	 *
	 * ## OPTIONS
	 *
	 * <customer>
	 * : Id of the user, or a part of a name or e-mail.
	 *
	 * [--history]
	 * : Show the entries instead, the newest first.
	 *
	 * [--page=<page>]
	 * : Which page.
	 * ---
	 * default: 1
	 * ---
	 *
	 * [--per-page=<number>]
	 * : Rows of a page.
	 * ---
	 * default: 20
	 * ---
	 *
	 * [--format=<format>]
	 * : table, json or csv.
	 * ---
	 * default: table
	 * options:
	 *   - table
	 *   - json
	 *   - csv
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     wp loyalty customer 42 --history
	 *     wp loyalty customer rossi
	 *
	 * @param array<int,string>    $args    The customer.
	 * @param array<string,string> $options As above.
	 */
	public function customer( $args, $options ) {
		$page   = max( 1, (int) ( $options['page'] ?? 1 ) );
		$per    = max( 1, min( 200, (int) ( $options['per-page'] ?? 20 ) ) );
		$format = $options['format'] ?? 'table';
		if ( isset( $options['history'] ) ) {
			$user = $this->user( $args[0] );
			\WP_CLI\Utils\format_items( $format, $this->services->accounts()->history( $user, $page, $per )['rows'], self::ENTRY_FIELDS );
			return;
		}
		$found = $this->services->accounts()->find( $args[0], $page, $per );
		if ( ! $found['rows'] ) {
			/* translators: %s: what was searched for. */
			\WP_CLI::error( sprintf( __( 'There is no customer like %s.', 'loyaltyd' ), $args[0] ) );
		}
		\WP_CLI\Utils\format_items( $format, $found['rows'], array( 'user_id', 'name', 'email', 'balance', 'pending', 'earned', 'redeemed', 'expired', 'revoked', 'adjusted', 'entries', 'last_entry_at', 'frozen' ) );
	}

	/**
	 * Adds points to a customer's balance, or takes them away.
	 *
	 * ## OPTIONS
	 *
	 * <user>
	 * : Id of the user.
	 *
	 * <points>
	 * : How many, such as 50 or -50. Write -- before a negative number.
	 *
	 * --note=<note>
	 * : Why; it stays in the history.
	 *
	 * [--key=<key>]
	 * : Makes repeated commands one: the same key is the same adjustment.
	 *
	 * [--porcelain]
	 * : Print only the number of the entry.
	 *
	 * ## EXAMPLES
	 *
	 *     wp loyalty adjust 42 50 --note="Sorry for the late parcel"
	 *
	 * @param array<int,string>    $args    User and points.
	 * @param array<string,string> $options As above.
	 */
	public function adjust( $args, $options ) {
		$user = $this->user( $args[0] );
		$note = trim( (string) ( $options['note'] ?? '' ) );
		if ( ! preg_match( '/^[+-]?\d{1,15}$/D', $args[1] ) || 0 === (int) $args[1] || '' === $note ) {
			\WP_CLI::error( __( 'An adjustment needs points other than 0, as a whole number, and a note.', 'loyaltyd' ) );
		}
		$login  = wp_get_current_user()->user_login;
		$answer = $this->asking(
			function () use ( $user, $args, $note, $login, $options ) {
				return $this->services->client()->post(
					'/v1/customers/' . $user . '/adjustments',
					array(
						'points' => (int) $args[1],
						'note'   => $note,
						'actor'  => 'WP-CLI' . ( $login ? ': ' . $login : '' ),
					),
					(string) ( $options['key'] ?? wp_generate_uuid4() )
				);
			}
		);
		$entry = $answer['entry'];
		if ( isset( $options['porcelain'] ) ) {
			\WP_CLI::line( (string) $entry['id'] );
			return;
		}
		/* translators: 1: number of the entry, 2: number of points. */
		\WP_CLI::success( sprintf( __( 'Entry %1$d. The balance is %2$d.', 'loyaltyd' ), $entry['id'], $entry['balance'] ) );
	}

	/**
	 * Lets the daemon look at the shop now.
	 *
	 * ## OPTIONS
	 *
	 * [--mode=<mode>]
	 * : increment looks at what has a new date, sweep at everything that may have changed, full at everything.
	 * ---
	 * default: increment
	 * options:
	 *   - increment
	 *   - sweep
	 *   - full
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     wp loyalty sync --mode=sweep
	 *
	 * @param array<int,string>    $args    None.
	 * @param array<string,string> $options As above.
	 */
	public function sync( $args, $options ) {
		$answer = $this->asking(
			function () use ( $options ) {
				return $this->services->client()->post( '/v1/sync', array( 'mode' => $options['mode'] ?? 'increment' ) );
			}
		);
		if ( empty( $answer['done'] ) ) {
			\WP_CLI::success( __( 'The daemon is at work; look at wp loyalty status for the end.', 'loyaltyd' ) );
			return;
		}
		$run = (array) ( $answer['run'] ?? array() );
		if ( empty( $run['ok'] ) ) {
			\WP_CLI::error( (string) ( $run['message'] ?? '' ) );
		}
		\WP_CLI::success( '' !== (string) ( $run['message'] ?? '' ) ? (string) $run['message'] : __( 'Done.', 'loyaltyd' ) );
	}

	/**
	 * Writes the points history to the standard output.
	 *
	 * ## OPTIONS
	 *
	 * [--user=<user>]
	 * : Only of this user.
	 *
	 * [--type=<type>]
	 * : Only of this type, such as redeem.
	 *
	 * [--source=<source>]
	 * : Only of this source, such as purchase.
	 *
	 * [--period=<period>]
	 * : Only of this period; see wp loyalty status.
	 *
	 * [--from=<day>]
	 * : Only from this day on, YYYY-MM-DD.
	 *
	 * [--to=<day>]
	 * : Only up to this day.
	 *
	 * [--format=<format>]
	 * : csv, or json with one entry a line.
	 * ---
	 * default: csv
	 * options:
	 *   - csv
	 *   - json
	 * ---
	 *
	 * ## EXAMPLES
	 *
	 *     wp loyalty export --period=last_month > points.csv
	 *
	 * @param array<int,string>    $args    None.
	 * @param array<string,string> $options As above.
	 */
	public function export( $args, $options ) {
		$this->check_range( $options );
		$filter = array_intersect_key( $options, array_flip( array( 'type', 'source' ) ) );
		if ( isset( $options['user'] ) ) {
			$filter['user'] = $this->user( $options['user'] );
		}
		if ( array_intersect_key( $options, array_flip( array( 'period', 'from', 'to' ) ) ) ) {
			$filter['range'] = $this->services->periods()->parse( $options );
		}
		$is_json = 'json' === ( $options['format'] ?? 'csv' );
		$out     = fopen( 'php://output', 'w' ); // phpcs:ignore WordPress.WP.AlternativeFunctions
		if ( ! $is_json ) {
			fputcsv( $out, self::ENTRY_FIELDS, ',', '"', '' );
		}
		foreach ( $this->services->reports()->export( $filter ) as $rows ) {
			foreach ( $rows as $row ) {
				if ( $is_json ) {
					fwrite( $out, wp_json_encode( $row, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ) . "\n" ); // phpcs:ignore WordPress.WP.AlternativeFunctions
					continue;
				}
				$line = array();
				foreach ( self::ENTRY_FIELDS as $field ) {
					$line[] = self::cell( $row[ $field ] );
				}
				fputcsv( $out, $line, ',', '"', '' );
			}
		}
		fclose( $out ); // phpcs:ignore WordPress.WP.AlternativeFunctions
	}

	/**
	 * Returns a value that no spreadsheet takes for a formula.
	 *
	 * @param string|int $value Of an entry.
	 */
	private static function cell( $value ): string {
		return is_string( $value ) && preg_match( '/^[=+\-@\t\r]/', $value ) ? "'" . $value : (string) $value;
	}

	/**
	 * @param string $text Id of a user, also of one that was deleted.
	 */
	private function user( string $text ): int {
		if ( ! preg_match( '/^[1-9]\d{0,18}$/D', $text ) ) {
			/* translators: %s: what was given instead. */
			\WP_CLI::error( sprintf( __( '%s is not the id of a user.', 'loyaltyd' ), $text ) );
		}
		return (int) $text;
	}

	/**
	 * Ends with an error when a range is not one.
	 *
	 * @param array<string,string> $options Of a command.
	 */
	private function check_range( array $options ) {
		foreach ( array( 'from', 'to' ) as $end ) {
			if ( isset( $options[ $end ] ) && null === Periods::day( (string) $options[ $end ] ) ) {
				/* translators: %s: what was given instead. */
				\WP_CLI::error( sprintf( __( '%s is not a day: write it as YYYY-MM-DD.', 'loyaltyd' ), $options[ $end ] ) );
			}
		}
		if ( isset( $options['period'] ) && ! $this->services->periods()->is( (string) $options['period'] ) ) {
			/* translators: 1: what was given instead, 2: list of names. */
			\WP_CLI::error( sprintf( __( '%1$s is not a period: choose one of %2$s.', 'loyaltyd' ), $options['period'], implode( ', ', array_keys( $this->services->periods()->all() ) ) ) );
		}
	}

	/**
	 * Calls, and ends with an error when the daemon refuses.
	 *
	 * @param callable $call Returns the answer.
	 * @return array<string,mixed>
	 */
	private function asking( callable $call ): array {
		try {
			return $call();
		} catch ( BridgeError $e ) {
			\WP_CLI::error( $e->getMessage() . ' (' . $e->code() . ')' );
		}
		return array();
	}
}
