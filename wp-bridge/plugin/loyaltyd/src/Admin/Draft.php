<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * What the page that follows an action has to show: what somebody typed into a
 * form that could not be accepted, or what the action has to say.
 */
final class Draft {

	/** Seconds. */
	const KEPT_FOR = 600;

	/**
	 * Keeps what was typed for the user's next page with that form.
	 *
	 * @param string              $form Name.
	 * @param array<string,mixed> $data What was typed.
	 */
	public static function keep( string $form, array $data ) {
		update_user_meta( get_current_user_id(), self::key( $form ), wp_slash( array( 'at' => time(), 'data' => $data ) ) );
	}

	/**
	 * Returns what was kept and forgets it.
	 *
	 * @param string $form Name.
	 * @return array<string,mixed>|null
	 */
	public static function take( string $form ): ?array {
		$kept = get_user_meta( get_current_user_id(), self::key( $form ), true );
		if ( ! is_array( $kept ) || ! is_array( $kept['data'] ?? null ) ) {
			return null;
		}
		delete_user_meta( get_current_user_id(), self::key( $form ) );
		return (int) $kept['at'] + self::KEPT_FOR > time() ? $kept['data'] : null;
	}

	/**
	 * Returns where it is kept: with the user, whose values WordPress has read
	 * anyway.
	 *
	 * @param string $form Name.
	 */
	private static function key( string $form ): string {
		return '_loyaltyd_draft_' . $form;
	}
}
