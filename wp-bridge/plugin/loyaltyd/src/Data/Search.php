<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * Finds customers by what people type.
 */
final class Search {

	/**
	 * Returns a statement that gives user_id: for a number such as 12 or #12,
	 * when there is a customer of that id, of that one, also when the user was
	 * deleted; else of users whose name, e-mail or login contains the text, for
	 * which the whole table of users is read.
	 *
	 * @param Tables $tables Where to read.
	 * @param string $text   What was typed, not empty.
	 * @return array{0:string,1:array} Statement and values.
	 */
	public static function users( Tables $tables, string $text ): array {
		if ( preg_match( '/^#?([1-9]\d{0,18})$/D', $text, $part ) ) {
			$id = (int) $part[1];
			if ( $tables->rows( 'SELECT ID FROM {users} WHERE ID = %d UNION SELECT user_id FROM {p}loyalty_accounts WHERE user_id = %d', array( $id, $id ) ) ) {
				return array( 'SELECT %d AS user_id', array( $id ) );
			}
		}
		$like  = $tables->containing( $text );
		$where = 'display_name LIKE %s OR user_email LIKE %s OR user_login LIKE %s';
		$args  = array( $like, $like, $like );
		// Display names are stored with HTML entities, but for quotes.
		$name = $tables->containing( htmlspecialchars( $text, ENT_NOQUOTES, 'UTF-8', false ) );
		if ( $name !== $like ) {
			$where .= ' OR display_name LIKE %s';
			$args[] = $name;
		}
		return array( 'SELECT ID AS user_id FROM {users} WHERE ' . $where, $args );
	}
}
