<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

use Loyaltyd\Programme\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * Prints a setting that has any number of rows. Without the script there are
 * always two empty ones to fill in, and an emptied row goes away; with it rows
 * are added and removed by buttons.
 */
final class SettingsRows {

	const EMPTY_ROWS = 2;

	/** @var string */
	private $key;

	/** @var array<string,mixed> */
	private $field;

	/** @var array<int,array<string,string>> */
	private $rows;

	/** @var array<string,string> */
	private $problems;

	/** @var bool */
	private $locked;

	/**
	 * @param string                          $key      Of the programme.
	 * @param array<string,mixed>             $field    Of SettingsGroups.
	 * @param array<int,array<string,string>> $rows     Filled ones.
	 * @param array<string,string>            $problems Messages by key of the programme.
	 * @param bool                            $locked   Whether nothing can be changed.
	 */
	public function __construct( string $key, array $field, array $rows, array $problems, bool $locked ) {
		$this->key      = $key;
		$this->field    = $field;
		$this->rows     = $rows;
		$this->problems = $problems;
		$this->locked   = $locked;
	}

	/**
	 * Prints the table.
	 */
	public function render() {
		$columns = SettingsColumns::of( $this->field );
		$blank   = array_fill_keys( array_keys( $columns ), '' );
		$rows    = $this->locked ? $this->rows : array_merge( $this->rows, array_fill( 0, self::EMPTY_ROWS, $blank ) );
		if ( ! $rows ) {
			echo '<p>' . esc_html__( 'None.', 'loyaltyd' ) . '</p>';
			return;
		}
		printf( '<table class="loyaltyd-rows"%s><thead><tr>', $this->locked ? '' : ' data-add="' . esc_attr( Schema::text( $this->field['add'] ) ) . '"' );
		foreach ( $columns as $about ) {
			printf( '<th scope="col">%s</th>', esc_html( $about['title'] ) );
		}
		echo '</tr></thead><tbody>';
		foreach ( $rows as $i => $row ) {
			$this->row( $i, $row, $columns );
		}
		echo '</tbody></table>';
	}

	/**
	 * @param int                               $i       Number of the row.
	 * @param array<string,string>              $row     Values.
	 * @param array<string,array<string,mixed>> $columns Of SettingsColumns.
	 */
	private function row( int $i, array $row, array $columns ) {
		list( $wrong, $message ) = $this->problem( $i, $row );
		$error                   = SettingsFields::id( $this->key ) . '-' . $i . '-error';
		echo '<tr>';
		foreach ( $columns as $column => $about ) {
			$is_first = array_key_first( $columns ) === $column;
			$more     = ' aria-label="' . esc_attr( $about['title'] ) . '"';
			if ( 0 === $i && $is_first ) {
				$more .= ' id="' . esc_attr( SettingsFields::id( $this->key ) ) . '"';
			}
			if ( '' !== $message ) {
				$more .= ' aria-describedby="' . esc_attr( $error ) . '"' . ( $wrong === $column ? ' aria-invalid="true"' : '' );
			}
			printf( '<td data-title="%s">', esc_attr( $about['title'] ) );
			SettingsFields::input( $about, sprintf( 'program[%s][%d][%s]', $this->key, $i, $column ), $row[ $column ], $more, SettingsColumns::GIVES !== $column );
			if ( '' !== $message && $is_first ) {
				printf( '<p class="loyaltyd-error" id="%s">%s</p>', esc_attr( $error ), esc_html( $message ) );
			}
			echo '</td>';
		}
		echo '</tr>';
	}

	/**
	 * Returns the column that is wrong in a row, and the message; both are empty
	 * when all is well.
	 *
	 * @param int                  $i   Number of the row.
	 * @param array<string,string> $row Values.
	 * @return array{0:string,1:string}
	 */
	private function problem( int $i, array $row ): array {
		if ( ! SettingsColumns::is_filled( $row ) ) {
			return array( '', '' );
		}
		$name  = SettingsColumns::name_of( $this->field, $row );
		$begin = null === $name ? $this->key . '[' . $i . ']' : $this->key . '.' . $name;
		foreach ( $this->problems as $at => $message ) {
			if ( $at === $begin || 0 === strpos( $at, $begin . '.' ) ) {
				return array( SettingsColumns::wrong( $this->field, (string) substr( $at, strlen( $begin ) + 1 ) ), $message );
			}
		}
		return array( '', '' );
	}
}
