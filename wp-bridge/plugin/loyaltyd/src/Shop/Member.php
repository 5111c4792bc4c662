<?php
/**
 * Who takes part in the programme.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Membership as the programme's exclusions say it.
 */
final class Member {

	/**
	 * Whether a user is excluded by id or by role (case ignored).
	 *
	 * @param int   $user      User id; 0, a guest, is not excluded.
	 * @param array $programme The programme in force.
	 */
	public static function excluded( int $user, array $programme ): bool {
		$exclude = (array) ( $programme['exclude'] ?? array() );
		if ( 0 === $user ) {
			return false;
		}
		if ( in_array( $user, array_map( 'intval', (array) ( $exclude['users'] ?? array() ) ), true ) ) {
			return true;
		}
		$data  = get_userdata( $user );
		$roles = $data ? array_map( 'strtolower', $data->roles ) : array();
		return array() !== array_intersect( $roles, array_map( 'strtolower', array_map( 'strval', (array) ( $exclude['roles'] ?? array() ) ) ) );
	}
}
