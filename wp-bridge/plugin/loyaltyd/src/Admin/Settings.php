<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Programme\Document;

defined( 'ABSPATH' ) || exit;

/**
 * Settings: the whole programme, and what an example order would earn under it.
 */
final class Settings extends Tab {

	/** Returns the tab's name in addresses. */
	public function name(): string {
		return 'settings';
	}

	/** Returns what the tab is called. */
	public function title(): string {
		return __( 'Settings', 'loyaltyd' );
	}

	/** Adds the form's action. */
	public function register() {
		$this->action( 'settings', array( $this, 'sent' ) );
	}

	/**
	 * Saves the settings, or tries them on an example order. What was typed
	 * stands in the form again unless it was saved.
	 *
	 * @param array<string,mixed> $request Unslashed.
	 * @return string Where to go.
	 */
	public function sent( array $request ): string {
		$is_preview = isset( $request['preview'] );
		if ( ! isset( $request['complete'], $request['program'] ) || ! is_array( $request['program'] ) ) {
			Notices::keep( Notices::ERROR, __( 'Nothing was saved: the form did not arrive whole. If there are very many rows, raise max_input_vars in PHP’s configuration.', 'loyaltyd' ) );
			return Menu::url( $this->name() );
		}
		$programme = $this->services->programme();
		if ( $programme->locked() && ! $is_preview ) {
			Notices::keep( Notices::ERROR, __( 'Nothing was saved: the programme is kept in the configuration of the loyaltyd daemon. Change it there.', 'loyaltyd' ) );
			return Menu::url( $this->name() );
		}
		$values   = $programme->locked() ? SettingsValues::of_programme( $programme->edited() ) : SettingsValues::of_form( $request['program'] );
		$document = Document::normal( $values->document() );
		$problems = $this->problems( $values, $document );
		$draft    = array(
			'values'   => $values->all(),
			'problems' => $problems,
			'stamp'    => self::text( $request, 'stamp' ),
			'example'  => Preview::example( $request ),
		);
		if ( $is_preview ) {
			$draft['preview'] = $problems ? null : ( new Preview( $this->services ) )->ask( $document, $draft['example'] );
			Draft::keep( 'settings', $draft );
			return Menu::url( $this->name() ) . ( $problems ? '#loyaltyd-problems' : '#preview' );
		}
		if ( ! $problems && $draft['stamp'] !== $programme->stamp() ) {
			Notices::keep( Notices::WARNING, __( 'Nothing was saved yet: somebody else saved the settings since you opened this form. Your values stand below. Save again to replace theirs, or open the tab anew to see them.', 'loyaltyd' ) );
			$draft['stamp'] = $programme->stamp();
			Draft::keep( 'settings', $draft );
			return Menu::url( $this->name() );
		}
		if ( $problems ) {
			Draft::keep( 'settings', $draft );
			return Menu::url( $this->name() ) . '#loyaltyd-problems';
		}
		$programme->save( $document );
		try {
			$this->services->client()->post( '/v1/sync', array( 'mode' => 'increment' ) );
		} catch ( BridgeError $e ) {
			// It takes them up by itself at its next run; until then this tab says so.
			unset( $e );
		}
		Notices::keep( Notices::SUCCESS, __( 'Settings saved.', 'loyaltyd' ) );
		return Menu::url( $this->name() );
	}

	/** Prints the tab. */
	public function render() {
		$programme = $this->services->programme();
		$locked    = $programme->locked();
		$draft     = Draft::take( 'settings' );
		$problems  = is_array( $draft['problems'] ?? null ) ? $draft['problems'] : array();
		$values    = is_array( $draft['values'] ?? null ) && ! $locked ? SettingsValues::of_form( $draft['values'] ) : SettingsValues::of_programme( $programme->edited() );

		$this->state( $locked, (bool) $problems );
		$this->summary( $problems );
		echo '<form method="post" class="loyaltyd-settings" action="' . esc_url( admin_url( 'admin-post.php' ) ) . '" novalidate>';
		self::action_fields( 'settings' );
		printf( '<input type="hidden" name="stamp" value="%s">', esc_attr( (string) ( $draft['stamp'] ?? $programme->stamp() ) ) );
		// The first button of a form is the one that the Enter key presses.
		if ( ! $locked ) {
			echo '<button class="screen-reader-text" name="save" value="1" tabindex="-1" aria-hidden="true">' . esc_html__( 'Save settings', 'loyaltyd' ) . '</button>';
		} else {
			echo '<input type="hidden" name="program[-]" value="">';
		}
		$this->contents();
		( new SettingsFields( $values, $problems, $locked ) )->render();
		( new Preview( $this->services ) )->render( is_array( $draft['example'] ?? null ) ? $draft['example'] : Preview::example( array() ), is_array( $draft['preview'] ?? null ) ? $draft['preview'] : null );
		echo '<input type="hidden" name="complete" value="1">';
		if ( ! $locked ) {
			echo '<p class="loyaltyd-save"><button class="button button-primary" name="save" value="1">' . esc_html__( 'Save settings', 'loyaltyd' ) . '</button><span class="description">' . esc_html__( 'Changed rules count for what happens from then on; points that were given stay as they are.', 'loyaltyd' ) . '</span></p>';
		}
		echo '</form>';
	}

	/**
	 * Returns what is wrong with a programme: found here, and by the daemon when
	 * it answers.
	 *
	 * @param SettingsValues      $values   As sent.
	 * @param array<string,mixed> $document Made of them.
	 * @return array<string,string> Messages by key.
	 */
	private function problems( SettingsValues $values, array $document ): array {
		$problems = $values->problems() + $this->services->programme()->validate( $document );
		if ( $problems ) {
			return $problems;
		}
		try {
			$answer = $this->services->client()->post( '/v1/program/check', array( 'program' => Document::for_json( $document ) ) );
		} catch ( BridgeError $e ) {
			// It checks again before it applies them, and says so on this tab.
			return array();
		}
		foreach ( is_array( $answer['problems'] ?? null ) ? $answer['problems'] : array() as $problem ) {
			$problems[ (string) preg_replace( '/^program\./', '', (string) ( $problem['key'] ?? '' ) ) ] = (string) ( $problem['message'] ?? '' );
		}
		return $problems;
	}

	/**
	 * Says where the programme is kept and whether it is in force.
	 *
	 * @param bool $locked       In the daemon's configuration.
	 * @param bool $has_problems With what was just typed.
	 */
	private function state( bool $locked, bool $has_problems ) {
		$programme = $this->services->programme();
		if ( $locked ) {
			Notices::show( Notices::WARNING, __( 'These settings are kept in the configuration of the loyaltyd daemon and can only be changed there. To edit them here, remove the section “program” from its configuration file and restart the daemon.', 'loyaltyd' ) );
			return;
		}
		if ( $has_problems ) {
			return;
		}
		if ( '' !== $programme->error() ) {
			/* translators: %s: a sentence that says what is wrong. */
			Notices::show( Notices::ERROR, sprintf( __( 'The daemon does not apply these settings; the last good ones stay in force. %s', 'loyaltyd' ), $programme->error() ) );
			return;
		}
		if ( $programme->is_waiting() && $this->services->daemon()->present() ) {
			Notices::show( Notices::INFO, __( 'These settings are saved and wait for the daemon’s next run.', 'loyaltyd' ) );
		}
	}

	/**
	 * Prints what is wrong, with links to the fields.
	 *
	 * @param array<string,string> $problems Messages by key.
	 */
	private function summary( array $problems ) {
		if ( ! $problems ) {
			return;
		}
		echo '<div class="notice inline notice-error" role="alert" id="loyaltyd-problems" tabindex="-1"><p>' . esc_html( _n( 'Nothing was saved. Correct this first:', 'Nothing was saved. Correct these first:', count( $problems ), 'loyaltyd' ) ) . '</p><ul class="ul-disc">';
		foreach ( $problems as $key => $message ) {
			list( $field, $label ) = SettingsGroups::field_of( $key );
			if ( '' === $field ) {
				printf( '<li>%s: %s</li>', esc_html( $key ), esc_html( $message ) );
				continue;
			}
			printf( '<li><a href="#%s">%s</a>: %s</li>', esc_attr( SettingsFields::id( $field ) ), esc_html( $label ), esc_html( $message ) );
		}
		echo '</ul></div>';
	}

	/**
	 * Prints links to the groups.
	 */
	private function contents() {
		$links = array();
		foreach ( SettingsGroups::all() as $name => $group ) {
			$links[] = sprintf( '<a href="#loyaltyd-group-%s">%s</a>', esc_attr( $name ), esc_html( $group['title'] ) );
		}
		$links[] = sprintf( '<a href="#preview">%s</a>', esc_html__( 'Preview', 'loyaltyd' ) );
		echo '<p class="loyaltyd-contents">' . implode( ' · ', $links ) . '</p>'; // phpcs:ignore WordPress.Security.EscapeOutput -- escaped above.
	}
}
