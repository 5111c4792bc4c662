<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * What customers are called, read by one query for a whole page.
 */
final class Names {

	/** @var Tables */
	private $tables;

	/** @var array<int,string|null> Plain text; null: there is no such user. */
	private $known = array();

	/**
	 * @param Tables $tables Where to read.
	 */
	public function __construct( Tables $tables ) {
		$this->tables = $tables;
	}

	/**
	 * Reads the names of users that are not known yet.
	 *
	 * @param array<int,int> $users Ids.
	 */
	public function load( array $users ) {
		$missing = array_values( array_unique( array_filter( array_map( 'intval', $users ), array( $this, 'is_unknown' ) ) ) );
		if ( ! $missing ) {
			return;
		}
		$this->known += array_fill_keys( $missing, null );
		$rows = $this->tables->rows( 'SELECT ID, display_name FROM {users} WHERE ID IN (' . Tables::placeholders( $missing ) . ')', $missing );
		foreach ( $rows as $row ) {
			$this->known[ (int) $row['ID'] ] = (string) $row['display_name'];
		}
	}

	/**
	 * Remembers a name that was read with something else.
	 *
	 * @param int         $user Id.
	 * @param string|null $name As stored; null: there is no such user.
	 */
	public function note( int $user, ?string $name ) {
		$this->known[ $user ] = $name;
	}

	/**
	 * Returns a customer's name as plain text, to be escaped where it is shown.
	 *
	 * @param int $user Id.
	 */
	public function of( int $user ): string {
		$this->load( array( $user ) );
		$name = $this->known[ $user ];
		if ( null === $name ) {
			/* translators: %d: user id. */
			return sprintf( __( 'Deleted customer #%d', 'loyaltyd' ), $user );
		}
		// WordPress stores display names with HTML entities.
		$name = trim( html_entity_decode( $name, ENT_QUOTES | ENT_HTML5, 'UTF-8' ) );
		/* translators: %d: user id. */
		return '' === $name ? sprintf( __( 'Customer #%d', 'loyaltyd' ), $user ) : $name;
	}

	/**
	 * Says whether the user exists.
	 *
	 * @param int $user Id.
	 */
	public function exists( int $user ): bool {
		$this->load( array( $user ) );
		return null !== $this->known[ $user ];
	}

	/**
	 * @param int $user Id.
	 */
	private function is_unknown( int $user ): bool {
		return ! array_key_exists( $user, $this->known );
	}
}
