<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Programme\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * Prints the fields of the settings, each with its label, its help and what is
 * wrong with it.
 */
final class SettingsFields {

	/** @var SettingsValues */
	private $values;

	/** @var array<string,string> Messages by key of the programme. */
	private $problems;

	/** @var bool */
	private $locked;

	/**
	 * @param SettingsValues       $values   To show.
	 * @param array<string,string> $problems Messages by key of the programme.
	 * @param bool                 $locked   Whether nothing can be changed.
	 */
	public function __construct( SettingsValues $values, array $problems, bool $locked ) {
		$this->values   = $values;
		$this->problems = $problems;
		$this->locked   = $locked;
	}

	/**
	 * Prints all groups.
	 */
	public function render() {
		foreach ( SettingsGroups::all() as $name => $group ) {
			printf( '<fieldset class="loyaltyd-group" id="loyaltyd-group-%s"%s><legend>%s</legend>', esc_attr( $name ), $this->locked ? ' disabled' : '', esc_html( $group['title'] ) );
			if ( '' !== $group['intro'] ) {
				printf( '<p class="loyaltyd-intro">%s</p>', esc_html( $group['intro'] ) );
			}
			foreach ( $group['fields'] as $key => $field ) {
				$this->field( $key, $field );
			}
			echo '</fieldset>';
		}
	}

	/**
	 * Returns the id of a field, to which lists of problems link.
	 *
	 * @param string $key Of the programme.
	 */
	public static function id( string $key ): string {
		return 'loyaltyd-' . str_replace( array( '.', '_' ), '-', $key );
	}

	/**
	 * @param string              $key   Of the programme.
	 * @param array<string,mixed> $field Of SettingsGroups.
	 */
	private function field( string $key, array $field ) {
		$id      = self::id( $key );
		$control = SettingsRead::control( $field );
		$message = 'rows' === $control ? ( $this->problems[ $key ] ?? '' ) : $this->message( $key );
		$about   = trim( ( isset( $field['help'] ) ? $id . '-help ' : '' ) . ( '' === $message ? '' : $id . '-error' ) );
		$more    = ( '' === $about ? '' : ' aria-describedby="' . esc_attr( $about ) . '"' ) . ( '' === $message ? '' : ' aria-invalid="true"' );
		$single  = ! in_array( $control, array( 'bool', 'checks', 'either', 'rows' ), true );
		printf(
			$single ? '<div class="loyaltyd-field"><label class="loyaltyd-label" for="%1$s">%2$s</label><div>' : '<div class="loyaltyd-field" role="group" aria-labelledby="%1$s-label"><span class="loyaltyd-label" id="%1$s-label">%2$s</span><div>',
			esc_attr( $id ),
			esc_html( $field['label'] )
		);
		$this->control( $key, $field, $id, $more );
		if ( isset( $field['help'] ) ) {
			printf( '<p class="description" id="%s-help">%s</p>', esc_attr( $id ), esc_html( $field['help'] ) );
		}
		if ( '' !== $message ) {
			printf( '<p class="loyaltyd-error" id="%s-error">%s</p>', esc_attr( $id ), esc_html( $message ) );
		}
		echo '</div></div>';
	}

	/**
	 * @param string              $key   Of the programme.
	 * @param array<string,mixed> $field Of SettingsGroups.
	 * @param string              $id    Of the control.
	 * @param string              $more  Safe attributes.
	 */
	private function control( string $key, array $field, string $id, string $more ) {
		$value = $this->values->get( $key );
		$name  = 'program[' . $key . ']';
		// phpcs:disable WordPress.Security.EscapeOutput -- $more is made of escaped parts.
		switch ( SettingsRead::control( $field ) ) {
			case 'decimal':
			case 'whole':
				printf( '<input type="text" class="loyaltyd-short" inputmode="%s" autocomplete="off" id="%s" name="%s" value="%s"%s>', 'whole' === $field['kind'] ? 'numeric' : 'decimal', esc_attr( $id ), esc_attr( $name ), esc_attr( $value ), $more );
				break;
			case 'bool':
				printf( '<label><input type="checkbox" id="%s" name="%s" value="1"%s%s> %s</label>', esc_attr( $id ), esc_attr( $name ), checked( $value, '1', false ), $more, esc_html( Schema::text( $field['text'] ) ) );
				break;
			case 'checks':
				$this->checks( $name, SettingsChoices::of( $field['item'] ), $value, $id, $more );
				break;
			case 'either':
				$this->either( $name, $field, $value, $id, $more );
				break;
			case 'rows':
				( new SettingsRows( $key, $field, $value, $this->problems, $this->locked ) )->render();
				break;
			default:
				self::input( $field, $name, $value, ' id="' . esc_attr( $id ) . '"' . $more, 'choice' !== $field['kind'] );
		}
		// phpcs:enable
	}

	/**
	 * Prints the control of a single value.
	 *
	 * @param array<string,mixed> $kind     Of the schema.
	 * @param string              $name     Of the input.
	 * @param string              $value    Of it.
	 * @param string              $more     Safe attributes.
	 * @param bool                $optional Whether nothing can be chosen.
	 */
	public static function input( array $kind, string $name, string $value, string $more, bool $optional ) {
		$choices = SettingsChoices::of( $kind );
		// phpcs:disable WordPress.Security.EscapeOutput -- $more is made of escaped parts.
		if ( $choices ) {
			printf( '<select name="%s"%s>', esc_attr( $name ), $more );
			self::options( ( $optional ? array( '' => '—' ) : array() ) + $choices, $value );
			echo '</select>';
			return;
		}
		if ( in_array( $kind['kind'], array( 'bool', 'yes' ), true ) ) {
			printf( '<input type="checkbox" name="%s" value="1"%s%s>', esc_attr( $name ), checked( $value, '1', false ), $more );
			return;
		}
		$types = array(
			'time'     => 'type="datetime-local"' . ( strlen( $value ) > 16 ? ' step="1"' : '' ),
			'product'  => 'type="text" autocomplete="off" data-suggest="/wp/v2/search?type=post&amp;subtype=product&amp;per_page=10&amp;search="',
			'user'     => 'type="text" autocomplete="off" data-suggest="/wp/v2/users?per_page=10&amp;search="',
			'currency' => 'type="text" autocomplete="off" maxlength="20"',
			'text'     => 'type="text" autocomplete="off"',
		);
		printf( '<input %s name="%s" value="%s"%s>', $types[ $kind['kind'] ] ?? 'type="text" autocomplete="off" inputmode="decimal"', esc_attr( $name ), esc_attr( $value ), $more );
		// phpcs:enable
	}

	/**
	 * Prints boxes to tick, also for values that the site no longer knows.
	 *
	 * @param string               $name    Of the inputs, without [].
	 * @param array<string,string> $choices Labels by value.
	 * @param array<int,string>    $chosen  Values.
	 * @param string               $id      Of the first.
	 * @param string               $more    Safe attributes.
	 */
	private function checks( string $name, array $choices, array $chosen, string $id, string $more ) {
		$choices += array_combine( $chosen, $chosen ) ?: array();
		echo '<div class="loyaltyd-choices">';
		foreach ( $choices as $value => $label ) {
			printf(
				'<label><input type="checkbox"%s name="%s[]" value="%s"%s%s> %s</label>',
				'' === $id ? '' : ' id="' . esc_attr( $id ) . '"',
				esc_attr( $name ),
				esc_attr( (string) $value ),
				checked( in_array( (string) $value, $chosen, true ), true, false ),
				$more, // phpcs:ignore WordPress.Security.EscapeOutput
				esc_html( $label )
			);
			$id = '';
		}
		echo '</div>';
	}

	/**
	 * Prints buttons for the words that can stand instead of a list, and for the
	 * list if there is anything to tick in it.
	 *
	 * @param string              $name  Of the inputs.
	 * @param array<string,mixed> $field Of SettingsGroups.
	 * @param array<string,mixed> $value mode and list.
	 * @param string              $id    Of the first.
	 * @param string              $more  Safe attributes.
	 */
	private function either( string $name, array $field, array $value, string $id, string $more ) {
		$choices = SettingsChoices::of( $field['item'] );
		$modes   = SettingsChoices::of( $field );
		if ( $choices || $value['list'] ) {
			$modes['list'] = Schema::text( $field['list_label'] );
		}
		foreach ( $modes as $mode => $label ) {
			printf(
				'<div><label><input type="radio"%s name="%s[mode]" value="%s"%s%s> %s</label></div>',
				array_key_first( $modes ) === $mode ? ' id="' . esc_attr( $id ) . '"' : '',
				esc_attr( $name ),
				esc_attr( $mode ),
				checked( $value['mode'], $mode, false ),
				$more, // phpcs:ignore WordPress.Security.EscapeOutput
				esc_html( $label )
			);
		}
		if ( isset( $modes['list'] ) ) {
			$this->checks( $name . '[list]', $choices, $value['list'], '', '' );
		}
	}

	/**
	 * Prints the options of a choice.
	 *
	 * @param array<int|string,string> $choices Labels by value.
	 * @param string                   $chosen  Value.
	 */
	public static function options( array $choices, string $chosen ) {
		if ( ! isset( $choices[ $chosen ] ) && '' !== $chosen ) {
			$choices[ $chosen ] = $chosen;
		}
		foreach ( $choices as $value => $label ) {
			printf( '<option value="%s"%s>%s</option>', esc_attr( (string) $value ), selected( (string) $value, $chosen, false ), esc_html( $label ) );
		}
	}

	/**
	 * Returns what is wrong with a key or with anything in it.
	 *
	 * @param string $key Of the programme.
	 */
	private function message( string $key ): string {
		foreach ( $this->problems as $at => $message ) {
			if ( $at === $key || 0 === strpos( $at, $key . '[' ) || 0 === strpos( $at, $key . '.' ) ) {
				return $message;
			}
		}
		return '';
	}
}
