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
	 * Returns a statement that gives user_id of users whose name, e-mail or
	 * login contains the text, and, for a number such as 12 or #12, of the
	 * account with that id, also when its user was deleted.
	 *
	 * @param Tables $tables To quote the text.
	 * @param string $text   What was typed, not empty.
	 * @return array{0:string,1:array} Statement and values.
	 */
	public static function users( Tables $tables, string $text ): array {
		$like = $tables->containing( $text );
		// Display names are stored with HTML entities, but for quotes.
		$name = $tables->containing( htmlspecialchars( $text, ENT_NOQUOTES, 'UTF-8', false ) );
		$sql  = 'SELECT ID AS user_id FROM {users} WHERE display_name LIKE %s OR display_name LIKE %s OR user_email LIKE %s OR user_login LIKE %s';
		$args = array( $like, $name, $like, $like );
		if ( preg_match( '/^#?([1-9]\d{0,18})$/D', $text, $part ) ) {
			$sql .= ' UNION SELECT ID FROM {users} WHERE ID = %d UNION SELECT user_id FROM {p}loyalty_accounts WHERE user_id = %d';
			$args = array_merge( $args, array( (int) $part[1], (int) $part[1] ) );
		}
		return array( $sql, $args );
	}
}
