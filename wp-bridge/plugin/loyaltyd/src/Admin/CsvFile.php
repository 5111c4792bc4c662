<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Admin;

defined( 'ABSPATH' ) || exit;

/**
 * A CSV file that is sent to the browser while it is made.
 */
final class CsvFile {

	/** @var resource */
	private $out;

	/**
	 * Begins the answer.
	 *
	 * @param string            $name    Of the file, without .csv.
	 * @param array<int,string> $columns Titles.
	 */
	public function __construct( string $name, array $columns ) {
		if ( function_exists( 'set_time_limit' ) ) {
			@set_time_limit( 0 ); // phpcs:ignore -- some hosts forbid it.
		}
		while ( ob_get_level() > 0 ) {
			ob_end_clean();
		}
		nocache_headers();
		header( 'Content-Type: text/csv; charset=utf-8' );
		header( 'Content-Disposition: attachment; filename="' . sanitize_file_name( $name . '.csv' ) . '"' );
		header( 'X-Content-Type-Options: nosniff' );
		$this->out = fopen( 'php://output', 'wb' );
		// Excel takes a file without this mark for one of an old code page.
		fwrite( $this->out, "\xEF\xBB\xBF" );
		$this->row( $columns );
	}

	/**
	 * Sends a row.
	 *
	 * @param array<int,mixed> $cells Texts and numbers.
	 */
	public function row( array $cells ) {
		fputcsv( $this->out, array_map( array( self::class, 'cell' ), $cells ), ',', '"', '' );
	}

	/**
	 * Sends what is left.
	 */
	public function end() {
		fclose( $this->out );
	}

	/**
	 * Returns a cell that no spreadsheet takes for a formula. Numbers stay
	 * numbers, also negative ones.
	 *
	 * @param mixed $cell Text or number.
	 */
	public static function cell( $cell ): string {
		$text = (string) $cell;
		if ( is_int( $cell ) || preg_match( '/^-?\d+(\.\d+)?$/D', $text ) ) {
			return $text;
		}
		// Some spreadsheets begin cells at semicolons and tabs too, and read the wide signs of Chinese and Japanese as = + - @.
		$wide = '\xEF\xBC(?:\x9D|\x8B|\x8D|\xA0)';
		return (string) preg_replace( '/(?:^|[;\t])(?:\s|\xC2\xA0)*+\K(?=[=+\-@]|' . $wide . ')/', "'", $text );
	}
}
