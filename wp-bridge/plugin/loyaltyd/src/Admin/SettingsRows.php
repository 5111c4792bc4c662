<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * Prints a setting that has any number of rows. Without the script there are
 * always two empty ones to fill in, and an emptied row goes away; with it rows
 * are added and removed by buttons.
 */
final class SettingsRows {

	const EMPTY_ROWS = 2;

	/** More categories than this are not offered in a list. */
	const MOST_CATEGORIES = 1000;

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
		$titles = self::titles()[ $this->field['rows'] ];
		$blank  = array_fill_keys( SettingsValues::COLUMNS[ $this->field['rows'] ], '' );
		$rows   = $this->locked ? $this->rows : array_merge( $this->rows, array_fill( 0, self::EMPTY_ROWS, $blank ) );
		if ( ! $rows ) {
			echo '<p>' . esc_html__( 'None.', 'loyaltyd' ) . '</p>';
			return;
		}
		printf( '<table class="loyaltyd-rows"%s><thead><tr>', $this->locked ? '' : ' data-add="' . esc_attr( $this->field['add'] ) . '"' );
		foreach ( $titles as $title ) {
			printf( '<th scope="col">%s</th>', esc_html( $title ) );
		}
		echo '</tr></thead><tbody>';
		foreach ( $rows as $i => $row ) {
			$this->row( $i, $row, $titles );
		}
		echo '</tbody></table>';
	}

	/**
	 * Returns the titles of the columns.
	 *
	 * @return array<string,array<string,string>>
	 */
	private static function titles(): array {
		return array(
			'currencies' => array( 'code' => __( 'Currency', 'loyaltyd' ), 'rate' => __( 'Worth', 'loyaltyd' ) ),
			'high_spend' => array( 'amount' => __( 'Amount', 'loyaltyd' ), 'points' => __( 'Points', 'loyaltyd' ) ),
			'campaigns'  => array(
				'name'   => __( 'Name', 'loyaltyd' ),
				'from'   => __( 'From', 'loyaltyd' ),
				'to'     => __( 'Until before', 'loyaltyd' ),
				'gives'  => __( 'Gives', 'loyaltyd' ),
				'number' => __( 'Number', 'loyaltyd' ),
			),
			'products'   => array( 'product' => __( 'Product', 'loyaltyd' ), 'gives' => __( 'Gives', 'loyaltyd' ), 'number' => __( 'Number', 'loyaltyd' ) ),
			'categories' => array( 'category' => __( 'Category', 'loyaltyd' ), 'gives' => __( 'Gives', 'loyaltyd' ), 'number' => __( 'Number', 'loyaltyd' ) ),
			'users'      => array( 'user' => __( 'Customer', 'loyaltyd' ) ),
		);
	}

	/**
	 * @param int                  $i      Number of the row.
	 * @param array<string,string> $row    Values.
	 * @param array<string,string> $titles By column.
	 */
	private function row( int $i, array $row, array $titles ) {
		list( $wrong, $message ) = $this->problem( $i, $row );
		$error                   = SettingsFields::id( $this->key ) . '-' . $i . '-error';
		echo '<tr>';
		foreach ( $titles as $column => $title ) {
			$is_first = array_key_first( $titles ) === $column;
			$more     = ' aria-label="' . esc_attr( $title ) . '"';
			if ( 0 === $i && $is_first ) {
				$more .= ' id="' . esc_attr( SettingsFields::id( $this->key ) ) . '"';
			}
			if ( '' !== $message ) {
				$more .= ' aria-describedby="' . esc_attr( $error ) . '"' . ( '' === $wrong || $wrong === $column ? ' aria-invalid="true"' : '' );
			}
			printf( '<td data-title="%s">', esc_attr( $title ) );
			$this->cell( sprintf( 'program[%s][%d][%s]', $this->key, $i, $column ), $column, $row[ $column ], $more );
			if ( '' !== $message && $is_first ) {
				printf( '<p class="loyaltyd-error" id="%s">%s</p>', esc_attr( $error ), esc_html( $message ) );
			}
			echo '</td>';
		}
		echo '</tr>';
	}

	/**
	 * @param string $name   Of the input.
	 * @param string $column Of the row.
	 * @param string $value  Of it.
	 * @param string $more   Safe attributes.
	 */
	private function cell( string $name, string $column, string $value, string $more ) {
		// phpcs:disable WordPress.Security.EscapeOutput -- $more is made of escaped parts.
		if ( 'gives' === $column ) {
			printf( '<select name="%s"%s>', esc_attr( $name ), $more );
			SettingsFields::options( $this->gives(), $value );
			echo '</select>';
			return;
		}
		if ( 'category' === $column && self::categories() ) {
			printf( '<select name="%s"%s>', esc_attr( $name ), $more );
			SettingsFields::options( array( '' => '—' ) + self::categories(), $value );
			echo '</select>';
			return;
		}
		$kinds = array(
			'from'    => 'type="datetime-local"' . ( strlen( $value ) > 16 ? ' step="1"' : '' ),
			'to'      => 'type="datetime-local"' . ( strlen( $value ) > 16 ? ' step="1"' : '' ),
			'product' => 'type="text" autocomplete="off" data-suggest="/wp/v2/search?type=post&amp;subtype=product&amp;per_page=10&amp;search="',
			'user'    => 'type="text" autocomplete="off" data-suggest="/wp/v2/users?per_page=10&amp;search="',
			'code'    => 'type="text" autocomplete="off" maxlength="20"',
			'name'    => 'type="text" autocomplete="off"',
		);
		printf( '<input %s name="%s" value="%s"%s>', $kinds[ $column ] ?? 'type="text" autocomplete="off" inputmode="decimal"', esc_attr( $name ), esc_attr( $value ), $more );
		// phpcs:enable
	}

	/**
	 * Returns what a row of this setting can give.
	 *
	 * @return array<string,string>
	 */
	private function gives(): array {
		switch ( $this->field['rows'] ) {
			case 'campaigns':
				return array(
					'points'     => __( 'Extra points an order', 'loyaltyd' ),
					'multiplier' => __( 'Times the points', 'loyaltyd' ),
				);
			case 'products':
				return array(
					'points_per_unit' => __( 'Points per unit of money', 'loyaltyd' ),
					'points'          => __( 'Points per piece', 'loyaltyd' ),
					'exclude'         => __( 'Nothing', 'loyaltyd' ),
				);
		}
		return array(
			'points_per_unit' => __( 'Points per unit of money', 'loyaltyd' ),
			'exclude'         => __( 'Nothing', 'loyaltyd' ),
		);
	}

	/**
	 * Returns the shop's categories by number; empty when there are none, or too
	 * many for a list.
	 *
	 * @return array<int,string>
	 */
	private static function categories(): array {
		static $names;
		if ( null === $names ) {
			$terms = get_terms(
				array(
					'taxonomy'   => 'product_cat',
					'hide_empty' => false,
					'number'     => self::MOST_CATEGORIES + 1,
					'fields'     => 'id=>name',
					'orderby'    => 'name',
				)
			);
			$names = is_array( $terms ) && count( $terms ) <= self::MOST_CATEGORIES ? array_map( 'wp_specialchars_decode', $terms ) : array();
		}
		return $names;
	}

	/**
	 * Returns the column that is wrong in a row, or an empty text for the whole
	 * row, and the message.
	 *
	 * @param int                  $i   Number of the row.
	 * @param array<string,string> $row Values.
	 * @return array{0:string,1:string}
	 */
	private function problem( int $i, array $row ): array {
		if ( '' === implode( '', array_diff_key( $row, array_flip( SettingsValues::CHOSEN ) ) ) ) {
			return array( '', '' );
		}
		$name  = SettingsRead::name_of( $this->field['rows'], $row );
		$begin = null === $name ? $this->key . '[' . $i . ']' : $this->key . '.' . $name;
		foreach ( $this->problems as $at => $message ) {
			if ( $at === $begin ) {
				return array( null !== $name && 'currencies' === $this->field['rows'] ? 'rate' : (string) array_key_first( $row ), $message );
			}
			if ( 0 === strpos( $at, $begin . '.' ) ) {
				$part = substr( $at, strlen( $begin ) + 1 );
				return array( isset( $row[ $part ] ) ? $part : 'number', $message );
			}
		}
		return array( '', '' );
	}
}
