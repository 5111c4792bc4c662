<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Programme;

defined( 'ABSPATH' ) || exit;

/**
 * What a programme can say and what points can be for, as a file says it that
 * is made of the daemon's own tables: the keys with their kinds and defaults,
 * the groups in which the settings show them, the sources and types of
 * entries. Texts in it are English: text() translates one where it is shown.
 */
final class Schema {

	/** The lists of the file, each with what names its members. */
	const LISTS = array(
		'groups'  => 'name',
		'keys'    => 'path',
		'types'   => 'type',
		'sources' => 'source',
	);

	/** @var array<string,array<string,array<string,mixed>>>|null Members by name, by list; null: not read yet. */
	private static $lists;

	/**
	 * Returns the groups of the settings in their order.
	 *
	 * @return array<string,array<string,mixed>> title and perhaps intro, by name.
	 */
	public static function groups(): array {
		return self::lists()['groups'];
	}

	/**
	 * Returns the keys in the order of a document. Each is a kind as well: what
	 * it can hold is said by kind and by what belongs to that kind.
	 *
	 * @return array<string,array<string,mixed>> By path, such as earn.purchase.rounding.
	 */
	public static function keys(): array {
		return self::lists()['keys'];
	}

	/**
	 * Returns a key; null for a section, and for what is not known.
	 *
	 * @param string $path Such as earn.purchase.rounding.
	 * @return array<string,mixed>|null
	 */
	public static function key( string $path ): ?array {
		return self::keys()[ $path ] ?? null;
	}

	/**
	 * Returns the paths of all keys.
	 *
	 * @return array<int,string>
	 */
	public static function paths(): array {
		return array_keys( self::keys() );
	}

	/**
	 * Returns the types of entries.
	 *
	 * @return array<string,array<string,mixed>> label, activity and what they count in, by type.
	 */
	public static function types(): array {
		return self::lists()['types'];
	}

	/**
	 * Returns what points can be for.
	 *
	 * @return array<string,array<string,mixed>> object and label, by source.
	 */
	public static function sources(): array {
		return self::lists()['sources'];
	}

	/**
	 * Returns the kind of thing that the entries of a source are about, such as
	 * order; "" when the source is not known.
	 *
	 * @param string $source Such as purchase.
	 */
	public static function object_of( string $source ): string {
		return (string) ( self::sources()[ $source ]['object'] ?? '' );
	}

	/**
	 * Returns members of a list in the order in which people see them: as they
	 * stand there, but the later ones behind.
	 *
	 * @param array<int|string,array<string,mixed>> $members Some of them with late, a whole number.
	 * @return array<int|string,array<string,mixed>>
	 */
	public static function in_order( array $members ): array {
		$late = array();
		foreach ( $members as $name => $member ) {
			$late[ $member['late'] ?? 0 ][ $name ] = $member;
		}
		ksort( $late );
		return array_replace( array(), ...$late );
	}

	/**
	 * Translates a text of the file. scripts/plugin-pot finds these texts in the
	 * file itself.
	 *
	 * @param string $english As it stands there.
	 */
	public static function text( string $english ): string {
		// The empty text is the one under which translations keep their header.
		return '' === $english ? '' : translate( $english, 'loyaltyd' ); // phpcs:ignore WordPress.WP.I18n -- see above: not a literal.
	}

	/**
	 * Takes another schema from now on; for tests.
	 *
	 * @param array<string,array<int,array<string,mixed>>>|null $schema Of the file's form; null: the file again.
	 */
	public static function replace( ?array $schema ) {
		self::$lists = null;
		foreach ( null === $schema ? array() : self::LISTS as $list => $name ) {
			self::$lists[ $list ] = array_column( $schema[ $list ] ?? array(), null, $name );
		}
	}

	/**
	 * @return array<string,array<string,array<string,mixed>>>
	 */
	private static function lists(): array {
		if ( null === self::$lists ) {
			self::replace( wp_json_file_decode( dirname( LOYALTYD_FILE ) . '/programme.schema.json', array( 'associative' => true ) ) );
		}
		return self::$lists;
	}
}
