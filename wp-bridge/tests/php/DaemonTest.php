<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/Books.php';

use Loyaltyd\Bridge\BridgeError;
use Loyaltyd\Bridge\Key;
use Loyaltyd\Programme\Document;
use Loyaltyd\Services;
use PHPUnit\Framework\TestCase;

/**
 * The plugin and the real daemon, which find each other without configuration.
 */
final class DaemonTest extends TestCase {

	/** @var resource|null */
	private static $process;

	/** @var string */
	private static $log;

	public static function setUpBeforeClass(): void {
		$binary = getenv( 'LOYALTYD_TEST_BINARY' );
		if ( ! $binary ) {
			return;
		}
		Books::close();
		delete_option( Key::OPTION );
		delete_option( 'loyaltyd_program' );
		delete_transient( 'loyaltyd_unreachable' );
		self::$log     = tempnam( sys_get_temp_dir(), 'loyaltyd' );
		self::$process = proc_open(
			array( $binary, 'serve', '--wp-path', ABSPATH ),
			array( 1 => array( 'file', self::$log, 'a' ), 2 => array( 'file', self::$log, 'a' ) ),
			$pipes,
			null,
			array( 'PATH' => getenv( 'PATH' ), 'HOME' => sys_get_temp_dir() )
		);
		$ready = self::until(
			function () {
				( new Key() )->ensure();
				try {
					return ! empty( ( new Services() )->client()->get( '/readyz' )['ready'] );
				} catch ( BridgeError $e ) {
					delete_transient( 'loyaltyd_unreachable' );
					return false;
				}
			}
		);
		if ( ! $ready ) {
			throw new RuntimeException( "the daemon is not ready:\n" . file_get_contents( self::$log ) );
		}
	}

	public static function tearDownAfterClass(): void {
		if ( self::$process ) {
			proc_terminate( self::$process );
			proc_close( self::$process );
			self::$process = null;
			unlink( self::$log );
		}
		Books::close();
		delete_option( 'loyaltyd_program' );
	}

	protected function setUp(): void {
		if ( ! self::$process ) {
			$this->markTestSkipped( 'LOYALTYD_TEST_BINARY names no daemon' );
		}
	}

	/**
	 * Waits until something is so.
	 *
	 * @param callable $is_so Says whether it is.
	 */
	private static function until( callable $is_so, float $seconds = 30 ): bool {
		$end = microtime( true ) + $seconds;
		while ( microtime( true ) < $end ) {
			if ( $is_so() ) {
				return true;
			}
			usleep( 50000 );
		}
		return false;
	}

	/** Returns a new customer with points. */
	private function customer( int $points ): int {
		$user   = Books::user();
		$answer = ( new Services() )->client()->post( "/v1/customers/$user/adjustments", array( 'points' => $points, 'note' => 'for a test', 'actor' => 'test' ), 'points-of-' . $user );
		$this->assertSame( $points, $answer['entry']['balance'] );
		return $user;
	}

	private function refusal( callable $call ): string {
		try {
			$call();
		} catch ( BridgeError $e ) {
			return $e->code();
		}
		return '';
	}

	public function test_points_become_one_coupon_and_are_gone() {
		$user   = $this->customer( 700 );
		$coupon = ( new Services() )->redeemer()->redeem( $user, 500, 'form-of-' . $user );
		$again  = ( new Services() )->redeemer()->redeem( $user, 500, 'form-of-' . $user );
		$this->assertSame( $coupon->get_id(), $again->get_id() );
		$this->assertSame( array( '5.00', 'publish' ), array( $coupon->get_amount(), get_post_status( $coupon->get_id() ) ) );
		$row = ( new Services() )->redemptions()->by_coupon( $coupon->get_id() );
		$this->assertSame( array( 'confirmed', $user, 500, $coupon->get_code() ), array( $row['state'], $row['user_id'], $row['points'], $row['code'] ) );
		$this->assertSame( 200, ( new Services() )->client()->get( "/v1/customers/$user" )['balance'] );
		$this->assertSame( 'insufficient_points', $this->refusal( function () use ( $user ) {
			( new Services() )->redeemer()->redeem( $user, 201, 'second-form-of-' . $user );
		} ) );
		wp_set_current_user( $user );
		$this->assertTrue( $coupon->is_valid() );
		wp_set_current_user( 0 );
		$this->assertFalse( ( new WC_Coupon( $coupon->get_id() ) )->is_valid() );
	}

	public function test_a_deleted_coupon_gives_its_points_back_within_seconds() {
		$user   = $this->customer( 300 );
		$coupon = ( new Services() )->redeemer()->redeem( $user, 300, 'form-of-' . $user );
		$list   = new Loyaltyd\Store\DirtyList( new Services() );
		$list->register();
		wp_trash_post( $coupon->get_id() );
		$list->write();
		$began = microtime( true );
		$this->assertTrue( self::until( function () use ( $user ) {
			return 300 === ( new Services() )->accounts()->one( $user )['balance'];
		} ), file_get_contents( self::$log ) );
		$this->assertLessThan( 5, microtime( true ) - $began );
		$this->assertSame( 'closed', ( new Services() )->redemptions()->by_coupon( $coupon->get_id() )['state'] );
	}

	public function test_an_order_is_on_the_dashboard_within_seconds() {
		$user = $this->customer( 1 );
		wp_set_current_user( $user );
		wc_load_cart();
		WC()->cart->empty_cart();
		foreach ( get_posts( array( 'post_type' => 'product', 'numberposts' => 50 ) ) as $post ) {
			$product = wc_get_product( $post );
			if ( $product->is_type( 'simple' ) && (float) $product->get_price() >= 1 ) {
				WC()->cart->add_to_cart( $post->ID, 3 );
				break;
			}
		}
		$list = new Loyaltyd\Store\DirtyList( new Services() );
		$list->register();
		$order = standin_checkout( array( 'email' => 'a@example.com', 'first_name' => 'A', 'last_name' => 'B' ) );
		$list->write();
		wp_set_current_user( 0 );
		$began = microtime( true );
		$this->assertTrue( self::until( function () use ( $user ) {
			return ( new Services() )->accounts()->one( $user )['balance'] > 1;
		} ), file_get_contents( self::$log ) );
		$this->assertLessThan( 5, microtime( true ) - $began );
		$rows = ( new Services() )->accounts()->history( $user )['rows'];
		$this->assertSame( array( 'purchase', $order->get_id() ), array( $rows[0]['source'], $rows[0]['object_id'] ) );
		$this->assertNotNull( ( new Services() )->reports()->refreshed_at() );
	}

	public function test_figures_of_a_period_and_of_the_same_days_agree() {
		$services = new Services();
		$client   = $services->client();
		$client->post( '/v1/sync', array( 'mode' => 'full' ) );
		foreach ( array( 'month_to_date', 'last_month', 'year_to_date', 'last_30_days' ) as $name ) {
			$services = new Services();
			$period   = $services->periods()->named( $name );
			$stored   = $services->reports()->status( $period );
			$custom   = new Loyaltyd\Data\Range( 'custom', $period->from, $period->to, '' );
			$counted  = $services->reports()->customers( $custom );
			$computed = array( 'participants' => $counted['participants'] ) + $services->reports()->status( $custom );
			foreach ( Loyaltyd\Data\Reports::FIGURES as $figure ) {
				$this->assertSame( $stored[ $figure ], $computed[ $figure ], "$name $figure" );
			}
			$this->assertSame( $stored['currency'], $computed['currency'] );
			$sources = $services->reports()->sources( $custom );
			foreach ( $sources as $i => $source ) {
				$sources[ $i ]['customers'] = $counted['sources'][ $source['source'] ];
			}
			$this->assertEquals( $services->reports()->sources( $period ), $sources, $name );
			$this->assertSame( $services->reports()->earners( $period, 50 ), $services->reports()->earners( $custom, 50 ), $name );
		}
	}

	public function test_keys_change_under_load_without_a_failed_request() {
		$ids = array();
		for ( $i = 0; $i < 40; $i++ ) {
			if ( 0 === $i % 8 ) {
				( new Key() )->rotate();
			}
			$services = new Services();
			$this->assertArrayHasKey( 'version', $services->client()->get( '/v1/status' ) );
			$ids[ $services->key()->id() ] = true;
		}
		$this->assertGreaterThanOrEqual( 5, count( $ids ) );
	}

	public function test_explaining_and_erasing() {
		$user        = $this->customer( 50 );
		$explanation = ( new Services() )->client()->get( "/v1/customers/$user/explanation" );
		$this->assertSame( 50, $explanation['balance'] );
		$this->assertSame( 'for a test', ( new Services() )->accounts()->history( $user )['rows'][0]['note'] );
		$answer = ( new Loyaltyd\Privacy( new Services() ) )->erase( get_userdata( $user )->user_email );
		$this->assertSame( array( true, false ), array( $answer['items_removed'], $answer['items_retained'] ) );
		$this->assertSame( '', ( new Services() )->accounts()->history( $user )['rows'][0]['note'] );
		$this->assertSame( 50, ( new Services() )->accounts()->one( $user )['balance'] );
	}

	/**
	 * What one end refuses, the other refuses.
	 *
	 * @dataProvider documents
	 */
	public function test_both_ends_agree_on_a_programme( array $document ) {
		$theirs = ( new Services() )->client()->post( '/v1/program/check', array( 'program' => Document::for_json( Document::normal( $document ) ) ) );
		$ours   = ( new Services() )->programme()->validate( $document );
		$this->assertSame( $theirs['ok'], array() === $ours, wp_json_encode( array( $theirs['problems'], $ours ) ) );
		foreach ( $theirs['problems'] as $i => $problem ) {
			// The plugin may name a field where the daemon names its row.
			$this->assertStringStartsWith( $problem['key'], array_keys( $ours )[ $i ] );
		}
		$this->assertCount( count( $theirs['problems'] ), $ours );
		if ( $theirs['ok'] ) {
			$this->assertSame( Document::stamp( Document::complete( $document ) ), Document::stamp( Document::complete( $theirs['program'] ) ), wp_json_encode( $theirs['program'] ) );
		}
	}

	public function documents(): array {
		require_once __DIR__ . '/ProgrammeTest.php';
		$cases = new ProgrammeTest();
		$all   = array();
		foreach ( array_merge( $cases->right(), $cases->wrong() ) as $case ) {
			$document = $case[1];
			foreach ( array_reverse( explode( '.', $case[0] ) ) as $name ) {
				$document = array( $name => $document );
			}
			$all[ $case[0] . ' ' . substr( wp_json_encode( $case[1] ), 0, 60 ) ] = array( $document );
		}
		return $all;
	}

	public function test_a_programme_that_is_saved_comes_into_force() {
		( new Services() )->programme()->save( array( 'redeem' => array( 'min' => 123 ) ) );
		$this->assertTrue( ( new Services() )->programme()->is_waiting() );
		( new Services() )->client()->post( '/v1/sync', array( 'mode' => 'increment' ) );
		$this->assertTrue( self::until( function () {
			return 123 === ( new Services() )->programme()->current()['redeem']['min'];
		} ), file_get_contents( self::$log ) );
		$this->assertFalse( ( new Services() )->programme()->is_waiting() );
		$this->assertSame( '', ( new Services() )->programme()->error() );
		$user = $this->customer( 500 );
		$this->assertSame( 'below_minimum', $this->refusal( function () use ( $user ) {
			( new Services() )->redeemer()->redeem( $user, 122, 'low-form-of-' . $user );
		} ) );
	}
}
