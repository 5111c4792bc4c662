<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/Books.php';

use Loyaltyd\Programme\Document;
use Loyaltyd\Programme\Schema;
use Loyaltyd\Services;
use PHPUnit\Framework\TestCase;

/**
 * What a programme may say, and which one is in force.
 */
final class ProgrammeTest extends TestCase {

	protected function setUp(): void {
		Books::open();
		delete_option( 'loyaltyd_program' );
	}

	/** Returns a document with one value. */
	private static function with( string $key, $value ): array {
		$document = $value;
		foreach ( array_reverse( explode( '.', $key ) ) as $name ) {
			$document = array( $name => $document );
		}
		return $document;
	}

	/**
	 * @dataProvider right
	 */
	public function test_what_is_right_is_accepted( string $key, $value ) {
		$this->assertSame( array(), ( new Services() )->programme()->validate( self::with( $key, $value ) ) );
	}

	public function right(): array {
		return array(
			array( 'starts', '' ),
			array( 'starts', null ),
			array( 'earn.signup.points', null ),
			array( 'starts', '2026-03-01' ),
			array( 'starts', '2026-03-01 08:30' ),
			array( 'starts', '2026-03-01T08:30:59' ),
			array( 'starts', '2024-02-29' ),
			array( 'guests', 'match_email' ),
			array( 'exclude.roles', array( 'Administrator', ' shop_manager ' ) ),
			array( 'exclude.users', array( 1, '2' ) ),
			array( 'hold_days', 36500 ),
			array( 'hold_days', '14' ),
			array( 'earn.purchase.points_per_unit', '0.5' ),
			array( 'earn.purchase.points_per_unit', 3 ),
			array( 'earn.purchase.points_per_unit', 0.1 ),
			array( 'earn.purchase.points_per_unit', '1000000000' ),
			array( 'earn.purchase.statuses', array( 'pending', 'on-hold', 'shipped' ) ),
			array( 'earn.purchase.statuses', array() ),
			array( 'earn.purchase.custom_statuses', 'ignore' ),
			array( 'earn.purchase.custom_statuses', array( 'shipped' ) ),
			array( 'earn.purchase.custom_statuses', array( 'ready-for-collection-in-our-shop' ) ),
			array( 'earn.purchase.currencies', array( 'usd' => '0.92' ) ),
			array( 'earn.purchase.products', array( 12 => array( 'points' => '2.5' ), '13' => array( 'exclude' => true ), 14 => array( 'points_per_unit' => 2 ) ) ),
			array( 'earn.purchase.categories', array( 7 => array( 'points_per_unit' => '0' ) ) ),
			array( 'earn.high_spend', array( array( 'amount' => '100', 'points' => '50' ), array( 'amount' => '99.99', 'points' => 0 ) ) ),
			array( 'earn.campaigns', array( array( 'name' => '<b>', 'from' => '2026-03-01', 'to' => '2026-03-02', 'points' => 5 ), array( 'multiplier' => '1' ), array( 'from' => '', 'multiplier' => '2.5' ) ) ),
			array( 'earn.signup.points', 1000000000000000 ),
			array( 'redeem.give_back', array() ),
			array( 'redeem.points_per_unit', '0' ),
			array( 'expiry.days', 1 ),
		);
	}

	/**
	 * @dataProvider wrong
	 */
	public function test_what_is_wrong_is_refused_by_its_key( string $key, $value, string $refused ) {
		$problems = ( new Services() )->programme()->validate( self::with( $key, $value ) );
		$this->assertSame( array( $refused ), array_keys( $problems ), wp_json_encode( $problems ) );
	}

	public function wrong(): array {
		$currency = 'earn.purchase.currencies';
		return array(
			array( 'starts', '2026-02-30', 'starts' ),
			array( 'starts', '2026-03-01 24:00', 'starts' ),
			array( 'starts', '2026-03-01T08:30Z', 'starts' ),
			array( 'starts', 'tomorrow', 'starts' ),
			array( 'guests', 'everybody', 'guests' ),
			array( 'exclude.roles', array( '' ), 'exclude.roles[0]' ),
			array( 'exclude.roles', 'administrator', 'exclude.roles' ),
			array( 'exclude.users', array( 0 ), 'exclude.users[0]' ),
			array( 'exclude.users', array( '1; DROP' ), 'exclude.users[0]' ),
			array( 'earn.signup.points', PHP_INT_MAX, 'earn.signup.points' ),
			array( 'hold_days', -1, 'hold_days' ),
			array( 'hold_days', 36501, 'hold_days' ),
			array( 'hold_days', '1.5', 'hold_days' ),
			array( 'hold_days', '007', 'hold_days' ),
			array( 'earn.purchase.points_per_unit', '0,5', 'earn.purchase.points_per_unit' ),
			array( 'earn.purchase.points_per_unit', '-1', 'earn.purchase.points_per_unit' ),
			array( 'earn.purchase.points_per_unit', '', 'earn.purchase.points_per_unit' ),
			array( 'earn.purchase.points_per_unit', '1 000', 'earn.purchase.points_per_unit' ),
			array( 'earn.purchase.points_per_unit', '1000000000.1', 'earn.purchase.points_per_unit' ),
			array( 'earn.purchase.points_per_unit', str_repeat( '1', 101 ), 'earn.purchase.points_per_unit' ),
			array( 'earn.purchase.points_per_unit', array(), 'earn.purchase.points_per_unit' ),
			array( 'earn.purchase.tax', 'yes', 'earn.purchase.tax' ),
			array( 'earn.purchase.rounding', 'half', 'earn.purchase.rounding' ),
			array( 'earn.purchase.statuses', array( 'refunded' ), 'earn.purchase.statuses[0]' ),
			array( 'earn.purchase.statuses', array( 'completed', 'wc-shipped' ), 'earn.purchase.statuses[1]' ),
			array( 'earn.purchase.statuses', array( 'Shipped!' ), 'earn.purchase.statuses[0]' ),
			array( 'earn.purchase.custom_statuses', array( 'completed' ), 'earn.purchase.custom_statuses[0]' ),
			array( 'earn.purchase.custom_statuses', array( 'request-completed-by-hand' ), 'earn.purchase.custom_statuses[0]' ),
			array( 'earn.purchase.custom_statuses', 'all', 'earn.purchase.custom_statuses' ),
			array( 'earn.purchase.max_points', '99999999999999999999', 'earn.purchase.max_points' ),
			array( $currency, array( 'E' => '1' ), $currency . '.E' ),
			array( $currency, array( 'EUR' => 'one' ), $currency . '.EUR' ),
			array( 'earn.purchase.products', array( 0 => array( 'exclude' => true ) ), 'earn.purchase.products.0' ),
			array( 'earn.purchase.products', array( 'x' => array( 'exclude' => true ) ), 'earn.purchase.products.x' ),
			array( 'earn.purchase.products', array( 5 => array( 'exclude' => true, 'points' => '1' ) ), 'earn.purchase.products.5' ),
			array( 'earn.purchase.products', array( 5 => array() ), 'earn.purchase.products.5' ),
			array( 'earn.purchase.products', array( 5 => array( 'exclude' => false ) ), 'earn.purchase.products.5.exclude' ),
			array( 'earn.purchase.categories', array( 5 => array( 'points' => '1' ) ), 'earn.purchase.categories.5.points' ),
			array( 'earn.purchase.categories', array( 5 => 'exclude' ), 'earn.purchase.categories.5' ),
			array( 'earn.high_spend', array( array( 'amount' => '1' ) ), 'earn.high_spend[0].points' ),
			array( 'earn.high_spend', array( array( 'amount' => '1', 'points' => '0.5' ) ), 'earn.high_spend[0].points' ),
			array( 'earn.campaigns', array( array( 'points' => 1, 'multiplier' => '2' ) ), 'earn.campaigns[0]' ),
			array( 'earn.campaigns', array( array( 'name' => 'x' ) ), 'earn.campaigns[0]' ),
			array( 'earn.campaigns', array( array( 'multiplier' => '0.9' ) ), 'earn.campaigns[0].multiplier' ),
			array( 'earn.campaigns', array( array( 'multiplier' => '2', 'from' => '2026-03-02', 'to' => '2026-03-01T00:00' ) ), 'earn.campaigns[0].from' ),
			array( 'earn.campaigns', array( array( 'multiplier' => '2', 'form' => '2026-03-02' ) ), 'earn.campaigns[0].form' ),
			array( 'earn.purchase', 5, 'earn.purchase' ),
			array( 'earn.purchse.tax', true, 'earn.purchse' ),
			array( 'redeem.multiple', 0, 'redeem.multiple' ),
			array( 'redeem', array( 'min' => 10, 'max' => 5 ), 'redeem.min' ),
			array( 'redeem.give_back', array( 'always' ), 'redeem.give_back[0]' ),
			array( 'redeem.coupon_days', 36501, 'redeem.coupon_days' ),
			array( 'expiry.mode', 'soon', 'expiry.mode' ),
			array( 'expiry.days', 0, 'expiry.days' ),
		);
	}

	public function test_an_unknown_key_names_the_nearest_one() {
		$problems = ( new Services() )->programme()->validate( array( 'earn' => array( 'sign_up' => array() ) ) );
		$this->assertStringContainsString( 'signup', $problems['earn.sign_up'] );
	}

	public function test_what_is_saved_is_whole_and_its_maps_are_objects() {
		$programme = ( new Services() )->programme();
		$programme->save( array( 'earn' => array( 'purchase' => array( 'points_per_unit' => '2', 'products' => array( '3' => array( 'points' => '1' ) ) ) ) ) );
		$text = get_option( 'loyaltyd_program' );
		$this->assertStringContainsString( '"currencies":{}', $text );
		$this->assertStringContainsString( '"products":{"3":{"points":"1"}}', $text );
		$this->assertStringContainsString( '"give_back":["expired","deleted","refunded"]', $text );
		$this->assertSame( '2', ( new Services() )->programme()->current()['earn']['purchase']['points_per_unit'] );
		$this->assertSame( 'wordpress', ( new Services() )->programme()->origin() );
		global $wpdb;
		$this->assertContains( $wpdb->get_var( "SELECT autoload FROM {$wpdb->options} WHERE option_name = 'loyaltyd_program'" ), array( 'no', 'off' ) );
	}

	public function test_what_is_wrong_is_not_saved() {
		$programme = ( new Services() )->programme();
		try {
			$programme->save( array( 'hold_days' => -1 ) );
			$this->fail( 'it was saved' );
		} catch ( InvalidArgumentException $e ) {
			$this->assertStringContainsString( 'hold_days', $e->getMessage() );
		}
		$this->assertFalse( get_option( 'loyaltyd_program' ) );
	}

	public function test_backslashes_quotes_and_emoji_survive_saving() {
		$name = 'Ann\'s "50 \\ 50" <b>🎉';
		( new Services() )->programme()->save( array( 'earn' => array( 'campaigns' => array( array( 'name' => $name, 'points' => 5 ) ) ) ) );
		$this->assertSame( $name, ( new Services() )->programme()->edited()['earn']['campaigns'][0]['name'] );
	}

	public function test_a_programme_in_the_daemons_file_is_locked() {
		$document                              = Document::defaults();
		$document['redeem']['points_per_unit'] = '250';
		( new Services() )->programme()->save( array( 'redeem' => array( 'points_per_unit' => '50' ) ) );
		Books::state( 'program', array( 'document' => $document, 'origin' => 'file', 'locked' => true, 'error' => '' ) );
		$programme = ( new Services() )->programme();
		$this->assertTrue( $programme->locked() );
		$this->assertSame( 'file', $programme->origin() );
		$this->assertSame( '250', $programme->current()['redeem']['points_per_unit'] );
		$this->assertSame( '250', $programme->edited()['redeem']['points_per_unit'] );
		$this->expectException( InvalidArgumentException::class );
		$programme->save( array() );
	}

	public function test_what_was_saved_waits_until_the_daemon_applies_it() {
		$old = Document::defaults();
		Books::state( 'program', array( 'document' => $old, 'origin' => 'defaults', 'locked' => false, 'error' => '' ) );
		( new Services() )->programme()->save( array( 'earn' => array( 'purchase' => array( 'points_per_unit' => '2.50', 'statuses' => array( 'completed', 'processing' ) ) ) ) );
		$programme = ( new Services() )->programme();
		$this->assertTrue( $programme->is_waiting() );
		$this->assertSame( '1', $programme->current()['earn']['purchase']['points_per_unit'] );
		$this->assertSame( '2.50', $programme->edited()['earn']['purchase']['points_per_unit'] );
		// The daemon writes the same in its own way.
		$old['earn']['purchase']['points_per_unit'] = '2.5';
		Books::state( 'program', array( 'document' => $old, 'origin' => 'wordpress', 'locked' => false, 'error' => '' ) );
		$this->assertFalse( ( new Services() )->programme()->is_waiting() );
	}

	public function test_a_stamp_changes_with_every_saving() {
		$programme = ( new Services() )->programme();
		$stamps    = array( $programme->stamp() );
		foreach ( array( 1, 2 ) as $days ) {
			$programme->save( array( 'hold_days' => $days ) );
			$stamps[] = $programme->stamp();
		}
		$this->assertCount( 3, array_unique( $stamps ) );
	}

	public function test_an_option_that_is_no_programme_is_none() {
		foreach ( array( '', 'x', '5', '[', 'null', '"a"' ) as $text ) {
			update_option( 'loyaltyd_program', $text );
			$this->assertSame( Document::defaults(), ( new Services() )->programme()->current() );
		}
	}

	public function test_documents_of_any_shape_are_refused_and_never_break() {
		mt_srand( 11 );
		$pieces = array( null, true, 1.5, -1, '', 'x', array(), array( 'a' => 1 ), array( 1, array() ), PHP_INT_MAX, str_repeat( '9', 400 ), "\xff" );
		$keys   = Schema::paths();
		for ( $i = 0; $i < 2000; $i++ ) {
			$document = self::with( $keys[ mt_rand( 0, count( $keys ) - 1 ) ], mt_rand( 0, 1 ) ? $pieces[ mt_rand( 0, 11 ) ] : array( $pieces[ mt_rand( 0, 11 ) ] ) );
			$this->assertIsArray( ( new Services() )->programme()->validate( $document ) );
			$this->assertIsArray( Document::complete( $document ) );
		}
	}
}
