<?php
/**
 * @package Loyaltyd
 */

require_once __DIR__ . '/support/Books.php';
require_once __DIR__ . '/support/Peer.php';

use Loyaltyd\Admin\Admin;
use Loyaltyd\Admin\CsvFile;
use Loyaltyd\Admin\DailyChart;
use Loyaltyd\Admin\Draft;
use Loyaltyd\Admin\Menu;
use Loyaltyd\Admin\Preview;
use Loyaltyd\Admin\SettingsGroups;
use Loyaltyd\Admin\SettingsValues;
use Loyaltyd\Data\Range;
use Loyaltyd\Programme\Document;
use Loyaltyd\Programme\Schema;
use PHPUnit\Framework\TestCase;

/**
 * Coupons > Loyalty in wp-admin.
 */
final class AdminTest extends TestCase {

	/** @var int */
	private $admin;

	protected function setUp(): void {
		Books::open();
		Books::heartbeat( '127.0.0.1:1' );
		$this->admin = Books::user( array( 'role' => 'administrator' ) );
		get_userdata( $this->admin )->add_cap( 'manage_woocommerce' );
		wp_set_current_user( $this->admin );
		Loyaltyd\Plugin::services()->daemon()->refresh();
	}

	protected function tearDown(): void {
		wp_set_current_user( 0 );
		$GLOBALS['menu']    = null;
		$GLOBALS['submenu'] = null;
		$_GET               = array();
		$_REQUEST           = array();
	}

	/** @return array<string,array{0:array,1:array,2:?string,3:int}> menu, submenu, parent, place. */
	public function menus(): array {
		$coupons   = 'edit.php?post_type=shop_coupon';
		$marketing = array( 'Marketing', 'manage_woocommerce', 'woocommerce-marketing' );
		$woo       = array( 'WooCommerce', 'edit_others_shop_orders', 'woocommerce' );
		$below     = array( array( 'Overview', 'manage_woocommerce', 'overview' ), array( 'Coupons', 'manage_woocommerce', $coupons ), array( 'Last', 'manage_woocommerce', 'last' ) );
		return array(
			'beside Coupons under Marketing'   => array( array( $woo, $marketing ), array( 'woocommerce-marketing' => $below ), 'woocommerce-marketing', 2 ),
			'under Advanced Coupons'           => array( array( $marketing, array( 'Coupons', 'manage_woocommerce', 'acfw-admin' ) ), array( 'woocommerce-marketing' => $below ), 'acfw-admin', 0 ),
			'under a menu called Coupons'      => array( array( $marketing, array( 'Coupons <span class="count">3</span>', 'manage_woocommerce', 'vouchers' ) ), array(), 'vouchers', 0 ),
			'under the coupons\' own menu'     => array( array( $marketing, array( 'Coupons', 'manage_woocommerce', $coupons ) ), array(), $coupons, 0 ),
			'not where WordPress refuses it'   => array( array( $marketing, array( 'Coupons', 'manage_woocommerce', $coupons ) ), array( 'woocommerce-marketing' => $below ), 'woocommerce-marketing', 2 ),
			'under WooCommerce'                => array( array( $woo ), array(), 'woocommerce', 0 ),
			'on its own, where there is none'  => array( array(), array(), null, 0 ),
			'not under a menu that was removed' => array( array(), array( 'woocommerce-marketing' => $below ), null, 0 ),
		);
	}

	/** @dataProvider menus */
	public function test_the_page_stands_with_the_coupons( array $menu, array $submenu, ?string $parent, int $place ) {
		$GLOBALS['menu']    = $menu;
		$GLOBALS['submenu'] = $submenu;
		$this->assertNotFalse( ( new Menu() )->add( 'manage_woocommerce', '__return_null' ) );
		if ( null === $parent ) {
			$this->assertContains( Menu::SLUG, array_column( $GLOBALS['menu'], 2 ) );
			return;
		}
		$below = array_column( array_values( $GLOBALS['submenu'][ $parent ] ), 2 );
		$this->assertContains( Menu::SLUG, $below );
		if ( $place > 0 ) {
			$this->assertSame( $place, array_search( Menu::SLUG, $below, true ) );
		}
	}

	/** @return array<string,array{0:mixed,1:string}> */
	public function cells(): array {
		return array(
			'formula'            => array( '=1+1', "'=1+1" ),
			'after a space'      => array( ' =1+1', " '=1+1" ),
			'plus'               => array( '+cmd|x', "'+cmd|x" ),
			'minus'              => array( '-cmd|x', "'-cmd|x" ),
			'at'                 => array( '@SUM(A1)', "'@SUM(A1)" ),
			'tab'                => array( "\t=1", "\t'=1" ),
			'wide sign'          => array( '＝1+1', "'＝1+1" ),
			'after a hard space' => array( "\u{a0}=1+1", "\u{a0}'=1+1" ),
			'after a semicolon'  => array( 'Bob;=1+1', "Bob;'=1+1" ),
			'negative points'    => array( -50, '-50' ),
			'negative money'     => array( '-5.00000000', '-5.00000000' ),
			'not quite a number' => array( '-5+3', "'-5+3" ),
			'name'               => array( 'O\'Brien <b>', 'O\'Brien <b>' ),
			'not UTF-8'          => array( "=\xff", "'=\xff" ),
			'nothing'            => array( '', '' ),
		);
	}

	/** @dataProvider cells */
	public function test_no_cell_of_a_file_is_a_formula( $cell, string $want ) {
		$this->assertSame( $want, CsvFile::cell( $cell ) );
	}

	/** A programme in which no key has its default. */
	private function unusual(): array {
		return Document::complete(
			array(
				'starts'           => '2026-01-01',
				'starts_by'        => 'creation',
				'guests'           => 'match_email',
				'exclude'          => array( 'roles' => array( 'editor', 'no-such-role' ), 'users' => array( $this->admin, 999999 ) ),
				'hold_days'        => 14,
				'negative_balance' => 'clamp',
				'earn'             => array(
					'purchase'       => array(
						'points_per_unit' => '1.5', 'discounts' => 'ignore', 'tax' => true, 'shipping' => true, 'fees' => true,
						'statuses' => array( 'completed', 'packed' ), 'custom_statuses' => array( 'sent' ), 'min_order' => '10.50', 'max_points' => 500, 'rounding' => 'nearest', 'credit' => 'deduct',
						'currencies' => array( 'EUR' => '1.08' ),
						'products'   => array( 812 => array( 'exclude' => true ), 910 => array( 'points' => '0.5' ), 911 => array( 'points_per_unit' => '2' ) ),
						'categories' => array( 17 => array( 'points_per_unit' => '2' ), 18 => array( 'exclude' => true ) ),
					),
					'first_order'    => array( 'points' => 100 ),
					'high_spend'     => array( array( 'amount' => '100', 'points' => 50 ), array( 'amount' => '200.01', 'points' => 0 ) ),
					'campaigns'      => array(
						array( 'name' => '<Spring> 🌷 "x"', 'from' => '2026-03-20 08:30', 'to' => '2026-04-05 08:30:15', 'multiplier' => '2' ),
						array( 'to' => '2026-05-01', 'points' => 5 ),
						array( 'points' => 0 ),
					),
					'product_review' => array( 'points' => 25, 'verified_only' => true ),
					'blog_comment'   => array( 'points' => 3 ),
					'signup'         => array( 'points' => 50 ),
				),
				'redeem'           => array( 'points_per_unit' => '12.5', 'min' => 10, 'max' => 1000, 'multiple' => 5, 'coupon_days' => 30, 'give_back' => array( 'deleted' ) ),
				'expiry'           => array( 'mode' => 'lots', 'days' => 90 ),
			)
		);
	}

	public function test_a_programme_comes_back_from_the_form_as_it_was() {
		foreach ( array( Document::defaults(), $this->unusual() ) as $document ) {
			$sent = SettingsValues::of_form( SettingsValues::of_programme( $document )->all() );
			// Rows left empty say nothing.
			$again = $sent->all();
			foreach ( array( 'earn.high_spend', 'earn.campaigns', 'exclude.users' ) as $rows ) {
				$again[ $rows ][] = array();
			}
			$sent = SettingsValues::of_form( $again );
			$this->assertSame( array(), $sent->problems() );
			$this->assertSame( $document, Document::complete( Document::normal( $sent->document() ) ) );
			$this->assertSame( array(), Loyaltyd\Plugin::services()->programme()->validate( $sent->document() ) );
		}
	}

	public function test_every_key_of_the_programme_has_a_field() {
		$fields = array_merge( ...array_values( array_column( SettingsGroups::all(), 'fields' ) ) );
		$this->assertSame( array(), array_diff( Schema::paths(), array_keys( $fields ) ) );
		$this->assertSame( array(), array_diff( array_keys( $fields ), Schema::paths() ) );
		foreach ( $fields as $key => $field ) {
			$this->assertSame( array( $key, $field['label'] ), SettingsGroups::field_of( $key . '[0].x' ) );
		}
	}

	public function test_what_was_typed_wrongly_stands_there_again() {
		$typed           = SettingsValues::of_programme( Document::defaults() )->all();
		$typed['earn.purchase.points_per_unit'] = '1,5';
		$typed['earn.purchase.products']        = array( array( 'product' => 'no such shoe', 'gives' => 'points', 'number' => 'x' ) );
		$values          = SettingsValues::of_form( $typed );
		$problems        = Loyaltyd\Plugin::services()->programme()->validate( Document::normal( $values->document() ) );
		$this->assertSame( '1,5', $values->get( 'earn.purchase.points_per_unit' ) );
		$this->assertArrayHasKey( 'earn.purchase.points_per_unit', $problems );
		$this->assertArrayHasKey( 'earn.purchase.products.no such shoe', $problems );
		ob_start();
		( new Loyaltyd\Admin\SettingsFields( $values, $problems, false ) )->render();
		$page = ob_get_clean();
		$this->assertStringContainsString( 'value="1,5" aria-describedby="loyaltyd-earn-purchase-points-per-unit-help loyaltyd-earn-purchase-points-per-unit-error" aria-invalid="true"', $page );
		$this->assertStringContainsString( 'value="no such shoe"', $page );
	}

	public function test_two_rules_for_one_product_are_refused_not_merged() {
		$typed = SettingsValues::of_programme( Document::defaults() )->all();
		$typed['earn.purchase.products']   = array( array( 'product' => '12', 'gives' => 'exclude', 'number' => '' ), array( 'product' => '#12', 'gives' => 'points', 'number' => '5' ) );
		$typed['earn.purchase.currencies'] = array( array( 'code' => 'eur', 'rate' => '1' ), array( 'code' => 'EUR', 'rate' => '2' ) );
		$this->assertSame( array( 'earn.purchase.currencies.EUR', 'earn.purchase.products.12' ), array_keys( SettingsValues::of_form( $typed )->problems() ) );
	}

	public function test_a_form_of_nonsense_is_read_without_a_notice() {
		$nonsense = array();
		foreach ( Schema::paths() as $key ) {
			$nonsense[ $key ] = array( array( 'x' => array( "\xff" ) ), 'mode' => array(), 'list' => 'x' );
		}
		foreach ( array( array(), $nonsense, array_fill_keys( Schema::paths(), "\xff<script>" ) ) as $sent ) {
			$document = Document::normal( SettingsValues::of_form( $sent )->document() );
			$this->assertNotEmpty( Loyaltyd\Plugin::services()->programme()->validate( $document ) );
		}
	}

	public function test_the_example_order_is_checked_before_the_daemon_is_asked() {
		$preview = new Preview( Loyaltyd\Plugin::services() );
		$rules   = $this->unusual();
		foreach ( array( 'amount' => array( 'amount' => '1,5' ), 'product' => array( 'product' => 'no such shoe' ) ) as $what => $wrong ) {
			$this->assertStringContainsString( $what, $preview->ask( $rules, $wrong + Preview::example( array() ) )['problem'] );
		}
		$excluded = $preview->ask( $rules, array( 'role' => 'editor' ) + Preview::example( array() ) );
		$this->assertSame( 0, $excluded['points'] );
	}

	/** @return array<string,array{0:string,1:string,2:int}> */
	public function ranges(): array {
		return array(
			'a month by day'        => array( '2026-03-01', '2026-03-31', 31 ),
			'one day'               => array( '2026-03-31', '2026-03-31', 1 ),
			'a year by week'        => array( '2026-01-01', '2026-12-31', 53 ),
			'ten years by month'    => array( '2017-01-15', '2026-12-15', 120 ),
		);
	}

	/** @dataProvider ranges */
	public function test_the_chart_leaves_no_day_out( string $from, string $to, int $bars ) {
		update_option( 'start_of_week', 1 );
		$days = array();
		for ( $at = strtotime( $from . ' UTC' ); $at <= strtotime( $to . ' UTC' ); $at += DAY_IN_SECONDS ) {
			$days[] = array( 'day' => gmdate( 'Y-m-d', $at ), 'issued' => 2, 'redeemed' => 1 );
		}
		ob_start();
		( new DailyChart( $days, new Range( 'custom', $from, $to, '' ) ) )->render();
		$this->assertSame( 1, preg_match( '/data-plot="([^"]*)"/', ob_get_clean(), $part ) );
		$data = json_decode( html_entity_decode( $part[1], ENT_QUOTES ), true );
		$this->assertCount( $bars, $data['issued'] );
		$this->assertSame( 2 * count( $days ), array_sum( $data['issued'] ) );
		$this->assertSame( count( $days ), array_sum( $data['redeemed'] ) );
	}

	public function test_a_draft_is_shown_once_and_to_its_author_only() {
		Draft::keep( 'adjust', array( 'note' => 'a\\b "c" 🎁' ) );
		$other = Books::user( array( 'role' => 'administrator' ) );
		wp_set_current_user( $other );
		$this->assertNull( Draft::take( 'adjust' ) );
		wp_set_current_user( $this->admin );
		$this->assertSame( array( 'note' => 'a\\b "c" 🎁' ), Draft::take( 'adjust' ) );
		$this->assertNull( Draft::take( 'adjust' ) );
	}

	/** Prints a tab as WordPress would. */
	private function page( array $query ): string {
		$_GET = $query + array( 'page' => Menu::SLUG );
		// WordPress remembers a screen's columns for as long as the process lives.
		$GLOBALS['hook_suffix'] = 'toplevel_page_loyaltyd_' . ( $query['tab'] ?? '' );
		set_current_screen();
		$admin = new Admin( Loyaltyd\Plugin::services() );
		$admin->register();
		$admin->prepare();
		ob_start();
		$admin->render();
		return ob_get_clean();
	}

	public function test_hostile_names_and_notes_are_text() {
		$user = Books::user( array( 'display_name' => '<script>alert(1)</script> "𝕏" אב' ) );
		wp_update_user( array( 'ID' => $user, 'display_name' => '&lt;script&gt;alert(1)&lt;/script&gt;' ) );
		Books::post( $user, 'earn', 'purchase', 50, gmdate( 'Y-m-d H:i:s', time() - 60 ) );
		Books::post( $user, 'adjust', 'admin', -5, gmdate( 'Y-m-d H:i:s', time() - 30 ), '"><img src=x onerror=alert(1)>' );
		foreach ( array( array( 'period' => 'all_time', 's' => '"><script>' ), array(), array( 'tab' => 'customers' ), array( 'tab' => 'customers', 'user' => (string) $user ), array( 'tab' => 'settings' ), array( 'tab' => 'status' ) ) as $query ) {
			$page = $this->page( $query );
			$this->assertStringNotContainsString( '<script>', $page );
			$this->assertStringNotContainsString( '<img src=x', $page );
		}
		$this->assertStringContainsString( '&lt;script&gt;alert(1)&lt;/script&gt;', $this->page( array( 'tab' => 'customers', 'user' => (string) $user ) ) );
	}

	public function test_a_dashboard_takes_at_most_ten_queries() {
		global $wpdb;
		$users = array();
		for ( $i = 0; $i < 12; $i++ ) {
			$users[] = Books::user();
			Books::post( $users[ $i ], 'earn', 'purchase', 50 + $i, gmdate( 'Y-m-d H:i:s', time() - 60 * $i ) );
		}
		Books::post( $users[0], 'redeem', 'coupon', 1, gmdate( 'Y-m-d H:i:s' ) );
		$custom = array( 'period' => 'custom', 'from' => '2020-01-01', 'to' => gmdate( 'Y-m-d', time() + DAY_IN_SECONDS ) );
		$wpdb->insert( $wpdb->prefix . 'loyalty_points_status', array( 'period' => 'all_time', 'opening' => 0, 'issued' => 7, 'redeemed' => 0, 'expired' => 0, 'revoked' => 0, 'adjusted' => 0, 'balance' => 7, 'pending' => 0, 'value' => '0.07', 'currency' => 'EUR', 'participants' => 12, 'refreshed_at' => '2026-01-01 00:00:00' ) );
		foreach ( array( array( 'period' => 'all_time' ), array( 'period' => 'all_time', 's' => (string) $users[0] ), array( 'period' => 'all_time', 's' => 'e', 'type' => 'redeem' ), array(), $custom, $custom + array( 'count' => '1' ), $custom + array( 's' => 'e' ), $custom + array( 's' => (string) $users[0], 'type' => 'earn' ), array( 'period' => 'all_time', 'type' => 'earn', 'orderby' => 'points' ) ) as $query ) {
			foreach ( array( 'reports', 'accounts', 'names', 'daemon', 'tables' ) as $made ) {
				$services = new ReflectionProperty( Loyaltyd\Services::class, 'made' );
				$services->setAccessible( true );
				$services->setValue( Loyaltyd\Plugin::services(), array() );
			}
			$counted = 0;
			$count   = function ( $sql ) use ( &$counted, $wpdb ) {
				$counted += false !== strpos( $sql, $wpdb->prefix . 'loyalty' ) || false !== strpos( $sql, 'display_name' ) ? 1 : 0;
				return $sql;
			};
			add_filter( 'query', $count );
			$page = $this->page( $query );
			remove_filter( 'query', $count );
			$this->assertStringContainsString( 'loyaltyd-entries', $page );
			$this->assertLessThanOrEqual( 10, $counted, wp_json_encode( $query ) );
		}
	}

	public function test_customers_of_a_range_wait_for_the_script_or_for_a_click() {
		$user = Books::user( array( 'display_name' => 'Counted Later' ) );
		Books::post( $user, 'earn', 'purchase', 50, '2018-05-05 12:00:00' );
		$range = array( 'period' => 'custom', 'from' => '2018-05-01', 'to' => '2018-05-31' );
		$page  = $this->page( $range );
		$this->assertStringContainsString( 'data-count="/loyaltyd/v1/reports/customers?period=custom&amp;from=2018-05-01&amp;to=2018-05-31', $page );
		$this->assertStringContainsString( 'data-customers="purchase"', $page );
		$this->assertStringNotContainsString( 'customer had entries', $page );
		$this->assertMatchesRegularExpression( '/<a href="[^"]*count=1[^"]*">Count the customers of this range</', $page );
		$page = $this->page( $range + array( 'count' => '1' ) );
		$this->assertStringContainsString( '1 customer had entries', $page );
		$this->assertStringContainsString( 'Counted Later</bdi></a></th>', $page );
		$this->assertStringNotContainsString( 'data-count', $page );
	}

	public function test_every_tab_says_so_when_the_daemon_never_ran() {
		Books::close();
		Loyaltyd\Plugin::services()->daemon()->refresh();
		foreach ( array( 'dashboard', 'customers', 'settings', 'status' ) as $tab ) {
			$this->assertStringContainsString( 'loyaltyd serve --wp-path', html_entity_decode( $this->page( array( 'tab' => $tab ) ), ENT_QUOTES ), $tab );
		}
	}
}
