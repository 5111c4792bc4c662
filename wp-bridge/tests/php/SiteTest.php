<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/PairedCase.php';

use Loyaltyd\Bridge\Key;
use Loyaltyd\Privacy;
use Loyaltyd\Services;
use Loyaltyd\SiteHealth;
use Loyaltyd\StatusReport;

/**
 * What the plugin adds to WordPress's own tools.
 */
final class SiteTest extends PairedCase {

	public function test_a_customer_gets_a_copy_of_all_entries_page_by_page() {
		$user = Books::user( array( 'user_email' => 'copy' . wp_rand() . '@example.com' ) );
		for ( $i = 1; $i <= Privacy::PER_PAGE + 3; $i++ ) {
			Books::post( $user, 'earn', 'purchase', $i, '2026-01-01 00:00:00', 1 === $i ? '<script>alert(1)</script>' : '' );
		}
		Books::redeem( array( 'user_id' => $user, 'code' => 'points-mine' ) );
		$privacy   = new Privacy( new Services() );
		$exporters = apply_filters( 'wp_privacy_personal_data_exporters', array() );
		$this->assertArrayHasKey( 'loyaltyd', $exporters );
		$email = get_userdata( $user )->user_email;
		$first = $privacy->export( $email, 1 );
		$last  = $privacy->export( $email, 2 );
		$this->assertFalse( $first['done'] );
		$this->assertTrue( $last['done'] );
		$items = array_merge( $first['data'], $last['data'] );
		$this->assertCount( Privacy::PER_PAGE + 3 + 2, $items );
		$this->assertCount( count( $items ), array_unique( array_column( $items, 'item_id' ) ) );
		$text = wp_json_encode( $items );
		$this->assertStringContainsString( 'points-mine', $text );
		$this->assertStringNotContainsString( '<script>', $text );
		$this->assertSame( array( 'data' => array(), 'done' => true ), $privacy->export( 'nobody@example.com' ) );
		$this->assertSame( array(), $privacy->export( get_userdata( Books::user() )->user_email )['data'] );
	}

	public function test_erasing_asks_the_daemon_and_keeps_when_it_is_silent() {
		$user    = Books::user();
		$email   = get_userdata( $user )->user_email;
		$privacy = new Privacy( new Services() );
		$this->assertFalse( $privacy->erase( $email )['items_retained'] );
		Books::post( $user, 'earn', 'purchase', 5, '2026-01-01 00:00:00' );
		self::$peer->answer( "POST /v1/customers/$user/erase", 200, array( 'notes' => 2 ) );
		$answer = $privacy->erase( $email );
		$this->assertSame( array( true, false, true ), array( $answer['items_removed'], $answer['items_retained'], $answer['done'] ) );
		$this->assertSame( '{}', self::$peer->requests()[0]['body'] );
		self::$peer->know( array() );
		$answer = $privacy->erase( $email );
		$this->assertSame( array( false, true, true ), array( $answer['items_removed'], $answer['items_retained'], $answer['done'] ) );
		$this->assertNotEmpty( $answer['messages'] );
	}

	public function test_erasing_takes_name_and_address_off_coupons_also_while_the_daemon_is_silent() {
		$user = Books::user();
		Books::post( $user, 'earn', 'purchase', 5, '2026-01-01 00:00:00' );
		$coupon = new WC_Coupon();
		$coupon->set_code( 'points-' . wp_generate_uuid4() );
		$coupon->set_description( '500 points of Ada' );
		$coupon->set_email_restrictions( array( get_userdata( $user )->user_email ) );
		$coupon->save();
		Books::redeem( array( 'user_id' => $user, 'coupon_id' => $coupon->get_id() ) );
		self::$peer->know( array() );
		$answer = ( new Privacy( new Services() ) )->erase( get_userdata( $user )->user_email );
		$this->assertSame( array( true, true ), array( $answer['items_removed'], $answer['items_retained'] ) );
		$coupon = new WC_Coupon( $coupon->get_id() );
		$this->assertSame( array( '', array() ), array( $coupon->get_description(), $coupon->get_email_restrictions() ) );
	}

	public function test_site_health_says_how_the_daemon_is() {
		$health = new SiteHealth( new Services() );
		$tests  = $health->add_tests( array( 'direct' => array(), 'async' => array() ) );
		$this->assertTrue( $tests['async']['loyaltyd_ready']['has_rest'] );
		$this->assertSame( 'good', $health->heartbeat()['status'] );
		Books::heartbeat( self::$peer->address, 400 );
		$this->assertSame( 'critical', ( new SiteHealth( new Services() ) )->heartbeat()['status'] );
		self::$peer->answer( 'GET /readyz', 200, array( 'ready' => true, 'reasons' => array() ) );
		self::$peer->answer( 'GET /readyz', 503, array( 'ready' => false, 'reasons' => array( array( 'code' => 'behind', 'message' => 'It is <behind>.' ) ) ) );
		$this->assertSame( 'good', ( new SiteHealth( new Services() ) )->ready()['status'] );
		$behind = ( new SiteHealth( new Services() ) )->ready();
		$this->assertSame( 'recommended', $behind['status'] );
		$this->assertStringContainsString( 'It is &lt;behind&gt;.', $behind['description'] );
		self::$peer->know( array() );
		$this->assertSame( 'critical', ( new SiteHealth( new Services() ) )->ready()['status'] );
		Books::close();
		$never = ( new SiteHealth( new Services() ) )->heartbeat();
		$this->assertSame( 'recommended', $never['status'] );
		$this->assertStringContainsString( 'loyaltyd serve --wp-path', $never['description'] );
	}

	public function test_the_status_report_tells_no_secret() {
		ob_start();
		( new StatusReport( new Services() ) )->render();
		$html = ob_get_clean();
		$this->assertStringContainsString( '1.2.3', $html );
		$this->assertStringContainsString( ( new Key() )->id(), $html );
		$this->assertStringNotContainsString( bin2hex( ( new Key() )->usable()[0]['secret'] ), $html );
		Books::close();
		$this->assertNotEmpty( ( new StatusReport( new Services() ) )->rows() );
	}

	public function test_activating_makes_a_key_and_an_hourly_look_and_deactivating_keeps_the_key() {
		wp_clear_scheduled_hook( 'loyaltyd_heal' );
		Loyaltyd\Plugin::services()->renew();
		Loyaltyd\Plugin::activate();
		$id = ( new Key() )->id();
		$this->assertNotSame( '', $id );
		$this->assertIsInt( wp_next_scheduled( 'loyaltyd_heal' ) );
		$this->assertSame( LOYALTYD_VERSION, get_option( 'loyaltyd_version' ) );
		Loyaltyd\Plugin::deactivate();
		$this->assertFalse( wp_next_scheduled( 'loyaltyd_heal' ) );
		$this->assertSame( $id, ( new Key() )->id() );
	}

	public function test_uninstalling_keeps_the_points_unless_told_otherwise() {
		global $wpdb;
		if ( ! defined( 'WP_UNINSTALL_PLUGIN' ) ) {
			define( 'WP_UNINSTALL_PLUGIN', 'loyaltyd/loyaltyd.php' );
		}
		$count = function () use ( $wpdb ) {
			return count( $wpdb->get_col( "SHOW TABLES LIKE '" . $wpdb->esc_like( $wpdb->prefix . 'loyalty_' ) . "%'" ) );
		};
		$wpdb->query( "CREATE TABLE IF NOT EXISTS {$wpdb->prefix}loyalty_other (id INT)" );
		$other = function () use ( $wpdb ) {
			return (bool) $wpdb->get_var( "SHOW TABLES LIKE '{$wpdb->prefix}loyalty_other'" );
		};
		$all = $count();
		$this->assertGreaterThan( 20, $all );
		require dirname( LOYALTYD_FILE ) . '/uninstall.php';
		$this->assertSame( $all, $count() );
		$this->assertNotFalse( get_option( Key::OPTION ) );
		update_option( 'loyaltyd_remove_data', 'yes' );
		loyaltyd_remove_data();
		wp_cache_flush();
		$this->assertSame( 1, $count() );
		$this->assertTrue( $other(), 'the table of another plugin' );
		$this->assertFalse( get_option( Key::OPTION ) );
		$wpdb->query( "DROP TABLE {$wpdb->prefix}loyalty_other" );
	}
}
