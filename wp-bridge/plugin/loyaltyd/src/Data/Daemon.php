<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * What the daemon says of itself in its tables, also after it stopped.
 */
final class Daemon {

	/** A daemon that was not heard of for so many seconds is silent. */
	const SILENT_AFTER = 60;

	/** @var Tables */
	private $tables;

	/** @var array<string,mixed>|null */
	private $state;

	/** @var array<string,array<mixed>|null>|null */
	private $values;

	/**
	 * @param Tables $tables Where to read.
	 */
	public function __construct( Tables $tables ) {
		$this->tables = $tables;
	}

	/**
	 * Says whether the daemon ever ran for this site: its tables exist.
	 */
	public function present(): bool {
		return $this->state()['present'];
	}

	/**
	 * Returns where the daemon is and when it was last heard of. Ages are
	 * measured by the database's clock.
	 *
	 * @return array{present:bool,address:string,version:string,lease_holder:string,heartbeat:int|null,age:int|null,silent:bool,run:array|null}
	 *               heartbeat is a Unix time, age is in seconds, run the last run: kind, started and finished
	 *               (Unix times or null), ok, message, figures.
	 */
	public function state(): array {
		if ( null === $this->state ) {
			$this->state = $this->read_state();
		}
		return $this->state;
	}

	/**
	 * Returns one of the values that the daemon keeps for the Status tab:
	 * program, schedule, jobs, runs, store, brake; null when there is none.
	 *
	 * @param string $name Of the value.
	 * @return array<mixed>|null
	 */
	public function get( string $name ): ?array {
		if ( null === $this->values ) {
			$this->values = array();
			foreach ( $this->tables->rows( 'SELECT name, value FROM {p}loyalty_daemon_state' ) as $row ) {
				$value = json_decode( (string) $row['value'], true );
				$this->values[ $row['name'] ] = is_array( $value ) ? $value : null;
			}
		}
		return $this->values[ $name ] ?? null;
	}

	/**
	 * Returns what the daemon says of the pairing.
	 *
	 * @return array{key_id:string,key_problem:string,rotate_asked:bool}
	 */
	public function pairing(): array {
		$row = $this->tables->row( 'SELECT rotate_asked_at, key_id, key_problem FROM {p}loyalty_pairing' );
		return array(
			'key_id'       => (string) ( $row['key_id'] ?? '' ),
			'key_problem'  => (string) ( $row['key_problem'] ?? '' ),
			'rotate_asked' => isset( $row['rotate_asked_at'] ),
		);
	}

	/**
	 * Forgets what was read, so that the next question reads anew.
	 */
	public function refresh() {
		$this->state  = null;
		$this->values = null;
	}

	/**
	 * @return array<string,mixed>
	 */
	private function read_state(): array {
		$row = $this->tables->row(
			'SELECT address, version, lease_holder, heartbeat, TIMESTAMPDIFF(SECOND, heartbeat, UTC_TIMESTAMP()) AS age,
				run_kind, run_started, run_finished, run_ok, run_message, run_figures
			FROM {p}loyalty_daemon WHERE id = 1'
		);
		$age   = isset( $row['age'] ) ? max( 0, (int) $row['age'] ) : null;
		$state = array(
			'present'      => null !== $row,
			'address'      => (string) ( $row['address'] ?? '' ),
			'version'      => (string) ( $row['version'] ?? '' ),
			'lease_holder' => (string) ( $row['lease_holder'] ?? '' ),
			'heartbeat'    => Time::unix( $row['heartbeat'] ?? null ),
			'age'          => $age,
			'silent'       => null === $age || $age > self::SILENT_AFTER,
			'run'          => null,
		);
		if ( '' !== (string) ( $row['run_kind'] ?? '' ) ) {
			$figures      = json_decode( (string) $row['run_figures'], true );
			$state['run'] = array(
				'kind'     => $row['run_kind'],
				'started'  => Time::unix( $row['run_started'] ),
				'finished' => Time::unix( $row['run_finished'] ),
				'ok'       => (bool) (int) $row['run_ok'],
				'message'  => (string) $row['run_message'],
				'figures'  => is_array( $figures ) ? $figures : array(),
			);
		}
		return $state;
	}
}
