<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd;

use Loyaltyd\Bridge\BridgeError;

defined( 'ABSPATH' ) || exit;

/**
 * What WordPress's tools for personal data need: a copy of a customer's
 * points, and the erasing of what was written about them. Points themselves
 * are the shop's books, so they stay, under the number of an account.
 */
final class Privacy {

	/** Entries of one page of an export. */
	const PER_PAGE = 200;

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * Adds the hooks.
	 */
	public function register() {
		add_filter( 'wp_privacy_personal_data_exporters', array( $this, 'add_exporter' ) );
		add_filter( 'wp_privacy_personal_data_erasers', array( $this, 'add_eraser' ) );
		add_action( 'admin_init', array( $this, 'suggest_policy' ) );
	}

	/**
	 * @param array<string,array> $exporters Of others.
	 * @return array<string,array>
	 */
	public function add_exporter( $exporters ) {
		$exporters['loyaltyd'] = array(
			'exporter_friendly_name' => __( 'Loyalty points', 'loyaltyd' ),
			'callback'               => array( $this, 'export' ),
		);
		return $exporters;
	}

	/**
	 * @param array<string,array> $erasers Of others.
	 * @return array<string,array>
	 */
	public function add_eraser( $erasers ) {
		$erasers['loyaltyd'] = array(
			'eraser_friendly_name' => __( 'Loyalty points', 'loyaltyd' ),
			'callback'             => array( $this, 'erase' ),
		);
		return $erasers;
	}

	/**
	 * Returns one page of what is known of a customer's points.
	 *
	 * @param string $email Of the customer.
	 * @param int    $page  From 1.
	 * @return array{data:array,done:bool}
	 */
	public function export( $email, $page = 1 ) {
		$user = get_user_by( 'email', (string) $email );
		if ( ! $user ) {
			return array( 'data' => array(), 'done' => true );
		}
		$page = max( 1, (int) $page );
		$data = 1 === $page ? array_merge( $this->balance( $user->ID ), $this->redemptions( $user->ID ) ) : array();
		$list = $this->services->accounts()->history( $user->ID, $page, self::PER_PAGE );
		foreach ( $list['rows'] as $row ) {
			$data[] = $this->item(
				'loyaltyd-history',
				__( 'Points history', 'loyaltyd' ),
				'entry-' . $row['entry_id'],
				array(
					__( 'Date', 'loyaltyd' )     => Data\Time::shown( $row['occurred_at'], true ),
					__( 'Activity', 'loyaltyd' ) => $this->services->labels()->activity( $row ),
					__( 'Related', 'loyaltyd' )  => $this->services->labels()->related( $row )['text'],
					__( 'Points', 'loyaltyd' )   => $row['points'],
					__( 'Pending', 'loyaltyd' )  => $row['pending'],
					__( 'Balance', 'loyaltyd' )  => $row['balance'],
					__( 'Note', 'loyaltyd' )     => $row['note'],
				)
			);
		}
		return array(
			'data' => $data,
			'done' => $page * self::PER_PAGE >= $list['total'],
		);
	}

	/**
	 * Erases the notes on a customer's points, and his name and address from
	 * their coupons.
	 *
	 * @param string $email Of the customer.
	 * @param int    $page  From 1.
	 * @return array{items_removed:bool,items_retained:bool,messages:array,done:bool}
	 */
	public function erase( $email, $page = 1 ) {
		$answer = array(
			'items_removed'  => false,
			'items_retained' => false,
			'messages'       => array(),
			'done'           => true,
		);
		$user = get_user_by( 'email', (string) $email );
		if ( ! $user ) {
			return $answer;
		}
		$account = $this->services->accounts()->one( $user->ID );
		if ( 0 === $account['entries'] ) {
			return $answer;
		}
		$answer['items_removed'] = $this->erase_coupons( $user->ID );
		try {
			$erased = $this->services->client()->post( '/v1/customers/' . $user->ID . '/erase', array(), 'erase-' . wp_generate_uuid4() );
			$answer['items_removed'] = $answer['items_removed'] || (int) ( $erased['notes'] ?? 0 ) > 0;
			$answer['messages'][]    = __( 'Loyalty points are kept as bookkeeping entries under the number of the account. Notes on them were erased.', 'loyaltyd' );
		} catch ( BridgeError $e ) {
			$answer['items_retained'] = true;
			$answer['messages'][]     = __( 'Notes on loyalty points were kept, because the loyaltyd daemon did not answer. Start it and erase once more.', 'loyaltyd' );
		}
		return $answer;
	}

	/**
	 * Erases name and e-mail address from the coupons of a customer. They stay
	 * his: they know the number of his account.
	 *
	 * @param int $user Id.
	 * @return bool Whether there was anything.
	 */
	private function erase_coupons( int $user ): bool {
		$erased = false;
		foreach ( class_exists( 'WC_Coupon' ) ? $this->services->redemptions()->of( $user, 10000 ) : array() as $row ) {
			if ( ! $row['coupon_id'] || 'shop_coupon' !== get_post_type( $row['coupon_id'] ) ) {
				continue;
			}
			$coupon = new \WC_Coupon( $row['coupon_id'] );
			if ( '' === $coupon->get_description() && array() === $coupon->get_email_restrictions() ) {
				continue;
			}
			$coupon->set_description( '' );
			$coupon->set_email_restrictions( array() );
			$coupon->save();
			$erased = true;
		}
		return $erased;
	}

	/**
	 * Suggests a text for the shop's privacy policy.
	 */
	public function suggest_policy() {
		if ( ! function_exists( 'wp_add_privacy_policy_content' ) ) {
			return;
		}
		$paragraphs = array(
			__( 'If you have an account, we keep a history of your loyalty points: when and for what you earned or spent them (an order, a review, a comment, your registration), how many, and your balance.', 'loyaltyd' ),
			__( 'Coupons made from your points are bound to your account and your e-mail address.', 'loyaltyd' ),
			__( 'You can ask for a copy of this history. When your personal data is erased, notes on your points are erased; the entries themselves stay in our books under the number of your account, without your name.', 'loyaltyd' ),
			__( 'None of this leaves our own servers.', 'loyaltyd' ),
		);
		wp_add_privacy_policy_content( __( 'Loyalty points', 'loyaltyd' ), '<p>' . implode( '</p><p>', array_map( 'esc_html', $paragraphs ) ) . '</p>' );
	}

	/**
	 * @param int $user Id.
	 * @return array<int,array>
	 */
	private function balance( int $user ): array {
		$account = $this->services->accounts()->one( $user );
		if ( 0 === $account['entries'] ) {
			return array();
		}
		return array(
			$this->item(
				'loyaltyd',
				__( 'Loyalty points', 'loyaltyd' ),
				'account-' . $user,
				array(
					__( 'Balance', 'loyaltyd' ) => $account['balance'],
					__( 'Pending', 'loyaltyd' ) => $account['pending'],
					__( 'Earned', 'loyaltyd' )  => $account['earned'],
					__( 'Claimed', 'loyaltyd' ) => $account['redeemed'],
					__( 'Expired', 'loyaltyd' ) => $account['expired'],
				)
			),
		);
	}

	/**
	 * @param int $user Id.
	 * @return array<int,array>
	 */
	private function redemptions( int $user ): array {
		$items = array();
		foreach ( $this->services->redemptions()->of( $user, 10000 ) as $row ) {
			$items[] = $this->item(
				'loyaltyd-coupons',
				__( 'Coupons made from points', 'loyaltyd' ),
				'redemption-' . $row['id'],
				array(
					__( 'Date', 'loyaltyd' )        => Data\Time::shown( $row['reserved_at'], true ),
					__( 'Code', 'loyaltyd' )        => $row['code'],
					__( 'Points', 'loyaltyd' )      => $row['points'],
					__( 'Amount', 'loyaltyd' )      => rtrim( rtrim( $row['amount'], '0' ), '.' ) . ' ' . $row['currency'],
					__( 'State', 'loyaltyd' )       => $row['label'],
					__( 'Valid until', 'loyaltyd' ) => (string) $row['expires_on'],
				)
			);
		}
		return $items;
	}

	/**
	 * @param string                   $group  Id of the group.
	 * @param string                   $label  Of it.
	 * @param string                   $id     Of the item.
	 * @param array<string,string|int> $values By name; empty texts are left out.
	 */
	private function item( string $group, string $label, string $id, array $values ): array {
		$data = array();
		foreach ( $values as $name => $value ) {
			if ( '' !== $value ) {
				$data[] = array(
					'name'  => $name,
					// WordPress puts it into a page and lets some HTML through.
					'value' => esc_html( (string) $value ),
				);
			}
		}
		return array(
			'group_id'    => $group,
			'group_label' => $label,
			'item_id'     => 'loyaltyd-' . $id,
			'data'        => $data,
		);
	}
}
