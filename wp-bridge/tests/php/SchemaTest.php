<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/Books.php';

use Loyaltyd\Admin\SettingsFields;
use Loyaltyd\Admin\SettingsGroups;
use Loyaltyd\Admin\SettingsValues;
use Loyaltyd\Data\EntryKinds;
use Loyaltyd\Data\Labels;
use Loyaltyd\Programme\Document;
use Loyaltyd\Programme\Schema;
use Loyaltyd\Programme\Validator;
use PHPUnit\Framework\TestCase;

/**
 * What the schema says is enough: a key, a source or a type that is new in it
 * needs nothing of its own in the plugin.
 */
final class SchemaTest extends TestCase {

	protected function tearDown(): void {
		Schema::replace( null );
	}

	/** Returns what the file says. */
	private static function file(): array {
		return json_decode( file_get_contents( dirname( LOYALTYD_FILE ) . '/programme.schema.json' ), true );
	}

	/** Lets the schema have one more key, made.up, in a group of its own. */
	private static function with( array $key ) {
		$schema             = self::file();
		$schema['groups'][] = array( 'name' => 'made', 'title' => 'Made up' );
		$schema['keys'][]   = $key + array( 'path' => 'made.up', 'group' => 'made', 'label' => 'A <key> in %s', 'help' => 'Helps.' );
		Schema::replace( $schema );
	}

	/**
	 * Returns keys with what a form sends, what that means, and what is wrong:
	 * by the end of its path.
	 *
	 * @return array<string,array{0:array,1:mixed,2:mixed,3:mixed,4:string}>
	 */
	public function kinds(): array {
		$options = array( array( 'value' => 'sun', 'label' => 'The sun' ), array( 'value' => 'moon', 'label' => 'The moon', 'late' => 1 ), array( 'value' => 'star', 'label' => 'A star' ) );
		$gives   = array(
			array( 'name' => 'grams', 'kind' => 'decimal', 'label' => 'Grams' ),
			array( 'name' => 'pieces', 'kind' => 'whole', 'min' => '1', 'label' => 'Pieces' ),
			array( 'name' => 'nothing', 'kind' => 'yes', 'label' => 'Nothing' ),
		);
		$rule    = array( 'kind' => 'record', 'fields' => $gives, 'one_of' => array( 'nothing', 'grams', 'pieces' ), 'refused' => array( 'pounds' => 'No pounds here.' ) );
		$product = array( 'kind' => 'product', 'label' => 'Product' );
		$event   = array(
			'kind'   => 'record',
			'fields' => array(
				array( 'name' => 'title', 'kind' => 'text', 'label' => 'Title' ),
				array( 'name' => 'where', 'kind' => 'choice', 'options' => $options, 'label' => 'Where' ),
				array( 'name' => 'opens', 'kind' => 'time', 'label' => 'Opens' ),
				array( 'name' => 'closes', 'kind' => 'time', 'label' => 'Closes' ),
				array( 'name' => 'seats', 'required' => true, 'kind' => 'whole', 'min' => '1', 'label' => 'Seats' ),
				array( 'name' => 'free', 'kind' => 'bool', 'label' => 'Free' ),
				array( 'name' => 'host', 'kind' => 'user', 'label' => 'Host' ),
			),
			'before' => array( 'opens', 'closes' ),
		);
		$row     = array( 'title' => 'Fête', 'where' => 'star', 'opens' => '2026-03-01T00:00', 'closes' => '2026-03-01T08:30', 'seats' => '5', 'free' => '1', 'host' => '#12' );
		$meant   = array( 'title' => 'Fête', 'where' => 'star', 'opens' => '2026-03-01', 'closes' => '2026-03-01 08:30', 'seats' => 5, 'free' => true, 'host' => 12 );
		return array(
			'text'                => array( array( 'kind' => 'text', 'default' => 'a' ), ' b <i> ', 'b <i>', 5, '' ),
			'bool'                => array( array( 'kind' => 'bool', 'text' => 'Yes <please>', 'default' => true ), '1', true, 'yes', '' ),
			'whole'               => array( array( 'kind' => 'whole', 'min' => '2', 'max' => '9', 'default' => 3 ), '7', 7, 10, '' ),
			'whole without end'   => array( array( 'kind' => 'whole', 'min' => '2', 'default' => 3 ), (string) PHP_INT_MAX, PHP_INT_MAX, 1, '' ),
			'whole, at most'      => array( array( 'kind' => 'whole', 'min' => '0', 'default' => 0, 'at_most' => 'redeem.coupon_days' ), '365', 365, 366, '' ),
			'decimal'             => array( array( 'kind' => 'decimal', 'min' => '1', 'too_low' => 'Too low.', 'max' => '10', 'default' => '1' ), '9.5', '9.5', '0.5', '' ),
			'decimal, too high'   => array( array( 'kind' => 'decimal', 'max' => '10', 'default' => '1' ), '0', '0', '10.1', '' ),
			'choice'              => array( array( 'kind' => 'choice', 'options' => $options, 'default' => 'sun' ), 'star', 'star', 'mars', '' ),
			'time'                => array( array( 'kind' => 'time', 'default' => '' ), '2026-03-01T08:30', '2026-03-01 08:30', 'noon', '' ),
			'user'                => array( array( 'kind' => 'user', 'default' => 1 ), '12 – Ann', 12, 0, '' ),
			'role'                => array( array( 'kind' => 'role', 'default' => 'customer' ), 'editor', 'editor', 5, '' ),
			'list of roles'       => array( array( 'kind' => 'list', 'item' => array( 'kind' => 'role' ), 'default' => array() ), array( 'editor' ), array( 'editor' ), array( '' ), '[0]' ),
			'list of choices'     => array( array( 'kind' => 'list', 'item' => array( 'kind' => 'choice', 'options' => $options ), 'default' => array( 'sun' ) ), array( 'moon', 'star' ), array( 'moon', 'star' ), array( 'mars' ), '[0]' ),
			'list of statuses'    => array( array( 'kind' => 'list', 'item' => array( 'kind' => 'status', 'options' => array( array( 'value' => 'completed' ) ), 'never' => array( 'failed' ) ), 'default' => array() ), array( 'completed', 'sent' ), array( 'completed', 'sent' ), array( 'failed' ), '[0]' ),
			'list of users'       => array( array( 'kind' => 'list', 'item' => array( 'kind' => 'user', 'label' => 'Person' ), 'add' => 'Add one', 'default' => array() ), array( array( 'user' => '12' ), array( 'user' => '' ) ), array( 12 ), array( 1, 'x' ), '[1]' ),
			'list of texts'       => array( array( 'kind' => 'list', 'item' => array( 'kind' => 'text', 'label' => 'Word' ), 'add' => 'Add one', 'default' => array( 'x' ) ), array( array( 'text' => 'a' ) ), array( 'a' ), array( true ), '[0]' ),
			'list of records'     => array( array( 'kind' => 'list', 'item' => $event, 'add' => 'Add one', 'default' => array() ), array( $row, array( 'seats' => '2' ) ), array( $meant, array( 'seats' => 2, 'free' => false ) ), array( array( 'seats' => 1, 'opens' => '2026-03-02', 'closes' => '2026-03-01' ) ), '[0].opens' ),
			'list, one missing'   => array( array( 'kind' => 'list', 'item' => $event, 'add' => 'Add one', 'default' => array() ), array(), array(), array( array( 'title' => 'x' ) ), '[0].seats' ),
			'either, a list'      => array( array( 'kind' => 'either', 'options' => $options, 'item' => array( 'kind' => 'custom_status', 'never' => array( 'completed' ) ), 'default' => 'sun', 'list_label' => 'These:', 'neither' => 'Neither.' ), array( 'mode' => 'list', 'list' => array( 'sent' ) ), array( 'sent' ), array( 'completed' ), '[0]' ),
			'either, a word'      => array( array( 'kind' => 'either', 'options' => $options, 'item' => array( 'kind' => 'custom_status', 'never' => array() ), 'default' => array(), 'list_label' => 'These:', 'neither' => 'Neither.' ), array( 'mode' => 'moon' ), 'moon', 'mars', '' ),
			'map of numbers'      => array( array( 'kind' => 'map', 'names' => array( 'kind' => 'currency', 'label' => 'Currency' ), 'item' => array( 'kind' => 'whole', 'min' => '0', 'label' => 'Number' ), 'add' => 'Add one', 'default' => array() ), array( array( 'code' => 'usd', 'rate' => '5' ) ), array( 'USD' => 5 ), array( 'USD' => 'x' ), '.USD' ),
			'map, name is wrong'  => array( array( 'kind' => 'map', 'names' => $product, 'item' => array( 'kind' => 'decimal', 'label' => 'Number' ), 'add' => 'Add one', 'default' => array() ), array( array( 'product' => '#12', 'rate' => '0.5' ), array( 'product' => '5', 'rate' => '1' ) ), array( 5 => '1', 12 => '0.5' ), array( 'x' => '1' ), '.x' ),
			'map of categories'   => array( array( 'kind' => 'map', 'names' => array( 'kind' => 'category', 'label' => 'Category' ), 'item' => $rule, 'add' => 'Add one', 'default' => array() ), array( array( 'category' => '7', 'gives' => 'pieces', 'number' => '3' ) ), array( 7 => array( 'pieces' => 3 ) ), array( 7 => array( 'pounds' => 1 ) ), '.7.pounds' ),
			'map of records'      => array( array( 'kind' => 'map', 'names' => $product, 'item' => $rule, 'add' => 'Add one', 'default' => array() ), array( array( 'product' => '8', 'gives' => 'nothing', 'number' => '' ), array( 'product' => '7', 'gives' => 'grams', 'number' => '2.5' ) ), array( 7 => array( 'grams' => '2.5' ), 8 => array( 'nothing' => true ) ), array( 7 => array( 'pieces' => 0 ) ), '.7.pieces' ),
		);
	}

	/**
	 * @dataProvider kinds
	 */
	public function test_a_new_key_is_shown_read_checked_and_defaulted( array $key, $sent, $meant, $wrong, string $end ) {
		self::with( $key );
		$this->assertSame( $key['default'], Document::defaults()['made']['up'] );
		$this->assertSame( $key['default'], Document::complete( array() )['made']['up'] );

		$form = array( 'made.up' => $sent ) + SettingsValues::of_programme( Document::defaults() )->all();
		$read = Document::complete( SettingsValues::of_form( $form )->document() );
		$this->assertSame( $meant, $read['made']['up'] );
		$back = SettingsValues::of_form( SettingsValues::of_programme( $read )->all() );
		$this->assertSame( $meant, Document::complete( $back->document() )['made']['up'] );
		$this->assertSame( array(), $back->problems() );
		$this->assertSame( 'map' === $key['kind'], is_object( json_decode( Document::encode( Document::of( array( 'made.up' => array() ) ) ) )->made->up ) );

		$this->assertSame( array(), ( new Validator() )->problems( $read ) );
		$problems = ( new Validator() )->problems( Document::normal( Document::of( array( 'made.up' => $wrong ) ) ) );
		$this->assertSame( array( 'made.up' . $end ), array_keys( $problems ), wp_json_encode( $problems ) );

		$page = self::page( $back, $problems );
		$this->assertStringContainsString( '<legend>Made up</legend>', $page );
		$this->assertStringContainsString( 'A &lt;key&gt; in ' . get_woocommerce_currency() . '<', $page );
		$this->assertStringContainsString( '<p class="description" id="loyaltyd-made-up-help">Helps.</p>', $page );
		$this->assertStringContainsString( ' id="loyaltyd-made-up"', $page );
		foreach ( self::sent_names( 'program[made.up]', $sent ) as $name ) {
			$this->assertStringContainsString( ' name="' . $name . '"', $page );
		}
		foreach ( array( $key, $key['item'] ?? array(), $key['names'] ?? array() ) as $kind ) {
			foreach ( array_merge( $kind['options'] ?? array(), $kind['fields'] ?? array(), array( $kind ) ) as $part ) {
				$words = $part['text'] ?? ( $part['label'] ?? '' );
				$this->assertTrue( '' === $words || false !== strpos( $page, esc_html( $words ) ), $words );
			}
		}
	}

	/** Returns the names of the inputs of which a form sent something. */
	private static function sent_names( string $name, $sent ): array {
		if ( ! is_array( $sent ) ) {
			return array( $name );
		}
		$names = array();
		foreach ( $sent as $inner => $one ) {
			$names = array_merge( $names, self::sent_names( $name . ( is_int( $inner ) && ! is_array( $one ) ? '[]' : "[$inner]" ), $one ) );
		}
		return $names;
	}

	private static function page( SettingsValues $values, array $problems ): string {
		ob_start();
		( new SettingsFields( $values, $problems, false ) )->render();
		return ob_get_clean();
	}

	public function test_what_is_wrong_in_a_new_row_stands_in_it() {
		self::with( $this->kinds()['list of records'][0] );
		$values   = SettingsValues::of_form( array( 'made.up' => array( array( 'title' => 'x', 'seats' => 'many' ) ) ) );
		$problems = ( new Validator() )->problems( Document::normal( $values->document() ) );
		$this->assertContains( 'made.up[0].seats', array_keys( $problems ) );
		$this->assertMatchesRegularExpression( '/name="program\[made\.up\]\[0\]\[seats\]" value="many" aria-label="Seats" aria-describedby="loyaltyd-made-up-0-error" aria-invalid="true"/', self::page( $values, $problems ) );
		$this->assertSame( array( 'made.up', 'A <key> in ' . get_woocommerce_currency() ), SettingsGroups::field_of( 'made.up[0].seats' ) );
	}

	public function test_options_and_keys_stand_in_their_order() {
		self::with( $this->kinds()['choice'][0] );
		$this->assertMatchesRegularExpression( '/value="sun".*value="star".*value="moon"/', self::page( SettingsValues::of_programme( Document::defaults() ), array() ) );
		$schema = self::file();
		foreach ( array( 'a' => 1, 'b' => 0, 'c' => 1, 'd' => 0 ) as $name => $late ) {
			$schema['keys'][] = array( 'path' => "made.$name", 'kind' => 'text', 'default' => '', 'group' => 'registering', 'label' => $name, 'late' => $late );
		}
		Schema::replace( $schema );
		$this->assertSame( array( 'earn.signup.points', 'made.b', 'made.d', 'made.a', 'made.c' ), array_keys( SettingsGroups::all()['registering']['fields'] ) );
	}

	public function test_a_key_without_a_group_is_not_set_here() {
		$schema           = self::file();
		$schema['keys'][] = array( 'path' => 'made.up', 'kind' => 'whole', 'min' => '0', 'default' => 5, 'label' => 'Nowhere' );
		Schema::replace( $schema );
		$this->assertArrayNotHasKey( 'made.up', SettingsGroups::fields() );
		$this->assertSame( 5, Document::defaults()['made']['up'] );
	}

	public function test_a_new_source_and_a_new_type_have_their_words_and_figures() {
		$schema              = self::file();
		$schema['sources'][] = array( 'source' => 'round', 'object' => 'order', 'label' => 'A round sum' );
		$schema['types'][]   = array( 'type' => 'lend', 'label' => 'Lent', 'activity' => 'Lent: %s', 'figure' => 'issued', 'negative' => true, 'earned' => true );
		Schema::replace( $schema );
		$row = array( 'source' => 'round', 'type' => 'lend', 'object_id' => 7 );
		$this->assertSame( 'Lent: A round sum', ( new Labels() )->activity( $row ) );
		$this->assertSame( 'Order #7', ( new Labels() )->related( $row )['text'] );
		$this->assertSame( 'Lent', ( new Labels() )->types()['lend'] );
		$this->assertStringContainsString( "'campaign', 'round'", EntryKinds::about( 'order' ) );
		$this->assertSame( "type IN ('earn', 'revoke', 'lend')", EntryKinds::earned() );
		$this->assertSame( "SUM(CASE type WHEN 'earn' THEN points WHEN 'lend' THEN -points ELSE 0 END)", EntryKinds::sum( 'issued' ) );
		$this->assertSame( array( 'issued', -1 ), EntryKinds::figure( 'lend' ) );
	}

	public function test_every_source_and_type_has_its_words() {
		$labels = new Labels();
		$this->assertNotEmpty( $labels->sources() );
		$this->assertNotEmpty( $labels->types() );
		foreach ( $labels->sources() as $source => $label ) {
			$this->assertNotContains( $label, array( '', $source ) );
			foreach ( $labels->types() as $type => $name ) {
				$this->assertNotContains( $name, array( '', $type ) );
				$this->assertNotSame( '', $labels->activity( array( 'source' => $source, 'type' => $type ) ) );
				$this->assertStringContainsString( '#7', $labels->related( array( 'source' => $source, 'type' => $type, 'object_id' => 7 ) )['text'] );
			}
		}
	}

	/** Returns all texts of the schema that are for people: what no program reads. */
	private static function texts( $value, $name = '' ): array {
		if ( is_array( $value ) ) {
			$texts = array();
			foreach ( $value as $inner => $one ) {
				$texts = array_merge( $texts, self::texts( $one, is_int( $inner ) ? $name : $inner ) );
			}
			return $texts;
		}
		$read = array( 'about', 'name', 'path', 'kind', 'group', 'unit', 'default', 'min', 'max', 'needs', 'at_most', 'example', 'value', 'never', 'one_of', 'before', 'type', 'figure', 'source', 'object' );
		return ! is_string( $value ) || '%s' === $value || in_array( $name, $read, true ) ? array() : array( $value );
	}

	/**
	 * @testWith ["tr_TR"]
	 *           ["zh_CN"]
	 */
	public function test_every_text_is_translated( string $locale ) {
		$texts = array_unique( self::texts( self::file() ) );
		$this->assertGreaterThan( 50, count( $texts ) );
		$translations = new MO();
		$this->assertTrue( $translations->import_from_file( dirname( LOYALTYD_FILE ) . "/languages/loyaltyd-$locale.mo" ) );
		$this->assertSame( array(), array_values( array_filter( $texts, function ( $text ) use ( $translations ) {
			return ! isset( $translations->entries[ $text ] ) || '' === ( $translations->entries[ $text ]->translations[0] ?? '' );
		} ) ) );
	}
}
