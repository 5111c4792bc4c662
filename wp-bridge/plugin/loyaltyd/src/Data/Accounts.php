<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Data;

defined( 'ABSPATH' ) || exit;

/**
 * Customers' accounts.
 */
final class Accounts {

	const FIGURES = array( 'balance', 'pending', 'earned', 'redeemed', 'expired', 'revoked', 'adjusted' );

	/**
	 * All columns that there are: a copy of a ledger that lives elsewhere does
	 * not have each. The last user_id is the one that counts.
	 */
	const COLUMNS = 'a.*, f.user_id, u.ID AS exists_id, u.display_name, u.user_email';

	/** What the list may be sorted by. */
	const SORTS = array(
		'name'          => 'u.display_name',
		'user_id'       => 'a.user_id',
		'balance'       => 'a.balance',
		'pending'       => 'a.pending',
		'earned'        => 'a.earned',
		'redeemed'      => 'a.redeemed',
		'last_entry_at' => 'a.last_entry_at',
	);

	/** @var Tables */
	private $tables;

	/** @var Names */
	private $names;

	/** @var Labels */
	private $labels;

	/**
	 * @param Tables $tables Where to read.
	 * @param Names  $names  Names of customers.
	 * @param Labels $labels Words.
	 */
	public function __construct( Tables $tables, Names $names, Labels $labels ) {
		$this->tables = $tables;
		$this->names  = $names;
		$this->labels = $labels;
	}

	/**
	 * Returns one page of the accounts that have entries; with a search, of the
	 * users that it finds, whether they have entries or not.
	 *
	 * @param string $search Part of a name, e-mail or login, or an id; "" for all.
	 * @param int    $page   From 1.
	 * @param int    $per    Accounts of a page, 1 to 200.
	 * @param string $sort   One of SORTS.
	 * @param string $order  desc or asc.
	 * @return array{rows:array<int,array>,total:int} Rows as one() returns them, with email.
	 */
	public function find( string $search, int $page = 1, int $per = 20, string $sort = 'earned', string $order = 'desc' ): array {
		$search = trim( $search );
		$order  = 'asc' === strtolower( $order ) ? 'ASC' : 'DESC';
		$by     = self::SORTS[ $sort ] ?? self::SORTS['earned'];
		$per    = max( 1, min( 200, $per ) );
		$skip   = ( max( 1, $page ) - 1 ) * $per;
		$found  = '' === $search ? $this->all( $by, $order, $skip, $per ) : $this->searched( $search, $by, $order, $skip, $per );
		return array(
			'rows'  => array_map( array( $this, 'account' ), $found['rows'] ),
			'total' => $found['total'],
		);
	}

	/**
	 * Reads a page of all accounts. Which ones are on it is found first: by the
	 * index on what was earned, when that is the order, from nothing else.
	 *
	 * @param string $by    One of SORTS' columns.
	 * @param string $order ASC or DESC.
	 * @param int    $skip  Accounts before the page.
	 * @param int    $per   Accounts of the page.
	 * @return array{rows:array,total:int}
	 */
	private function all( string $by, string $order, int $skip, int $per ): array {
		$names = 0 === strpos( $by, 'u.' ) ? 'LEFT JOIN {users} u ON u.ID = a.user_id' : '';
		$rows  = $this->tables->rows(
			'SELECT ' . self::COLUMNS . " FROM (SELECT a.user_id FROM {p}loyalty_accounts a $names ORDER BY $by $order, a.user_id $order LIMIT %d, %d) f
			JOIN {p}loyalty_accounts a ON a.user_id = f.user_id LEFT JOIN {users} u ON u.ID = f.user_id ORDER BY $by $order, f.user_id $order",
			array( $skip, $per )
		);
		// An account comes into being with its first entry.
		$total = $this->tables->number( 'SELECT participants FROM {p}loyalty_points_status WHERE period = %s', array( Periods::ALL_TIME ) );
		if ( $total < $skip + count( $rows ) ) {
			$total = $this->tables->number( 'SELECT COUNT(*) FROM {p}loyalty_accounts' );
		}
		return array( 'rows' => $rows, 'total' => $total );
	}

	/**
	 * Reads a page of the accounts of users that are searched for. The table of
	 * users is read once.
	 *
	 * @param string $search What was typed.
	 * @param string $by     One of SORTS' columns.
	 * @param string $order  ASC or DESC.
	 * @param int    $skip   Accounts before the page.
	 * @param int    $per    Accounts of the page.
	 * @return array{rows:array,total:int}
	 */
	private function searched( string $search, string $by, string $order, int $skip, int $per ): array {
		list( $users, $args ) = Search::users( $this->tables, $search );
		// Some of them have no account.
		$by   = str_replace( 'a.user_id', 'f.user_id', $by );
		$rows = $this->tables->rows(
			'SELECT COUNT(*) OVER () AS found, ' . self::COLUMNS . "
			FROM ($users) f LEFT JOIN {p}loyalty_accounts a ON a.user_id = f.user_id LEFT JOIN {users} u ON u.ID = f.user_id
			ORDER BY $by $order, f.user_id $order LIMIT %d, %d",
			array_merge( $args, array( $skip, $per ) )
		);
		if ( ! $rows && $skip > 0 ) {
			return array( 'rows' => $rows, 'total' => $this->tables->number( "SELECT COUNT(*) FROM ($users) f", $args ) );
		}
		return array( 'rows' => $rows, 'total' => (int) ( $rows[0]['found'] ?? 0 ) );
	}

	/**
	 * Returns a customer's figures, zeros when there is no account.
	 *
	 * @param int $user Id.
	 * @return array{user_id:int,name:string,email:string,exists:bool,balance:int,pending:int,earned:int,redeemed:int,expired:int,revoked:int,adjusted:int,entries:int,last_entry_at:?string,frozen:bool,url:string}
	 *               exists: the user; last_entry_at: UTC text of when the last entry was recorded.
	 */
	public function one( int $user ): array {
		$row = $this->tables->row(
			'SELECT ' . self::COLUMNS . ' FROM (SELECT %d AS user_id) f LEFT JOIN {p}loyalty_accounts a ON a.user_id = f.user_id LEFT JOIN {users} u ON u.ID = f.user_id',
			array( $user )
		);
		if ( null === $row ) {
			// There is no table of accounts yet.
			$data = get_userdata( $user );
			$row  = array(
				'user_id'    => $user,
				'exists_id'  => $data ? $user : null,
				'user_email' => $data ? $data->user_email : '',
			);
		}
		return $this->account( $row );
	}

	/**
	 * Returns only a customer's balance and pending points; for pages of the shop.
	 *
	 * @param int $user Id.
	 * @return array{balance:int,pending:int}
	 */
	public function balance( int $user ): array {
		$row = $this->tables->row( 'SELECT balance, pending FROM {p}loyalty_accounts WHERE user_id = %d', array( $user ) );
		return array(
			'balance' => (int) ( $row['balance'] ?? 0 ),
			'pending' => (int) ( $row['pending'] ?? 0 ),
		);
	}

	/**
	 * Returns one page of a customer's history, the newest first, in the order
	 * along which his balance runs. Any page costs the same.
	 *
	 * @param int $user Id.
	 * @param int $page From 1.
	 * @param int $per  Entries of a page, 1 to 1000.
	 * @return array{rows:array<int,array>,total:int} Rows as in Entries::where.
	 */
	public function history( int $user, int $page = 1, int $per = 20 ): array {
		$per   = max( 1, min( 1000, $per ) );
		$total = $this->tables->number( 'SELECT seq FROM {p}loyalty_accounts WHERE user_id = %d', array( $user ) );
		// An account's entries are numbered from 1 without gaps.
		$last = $total - ( max( 1, $page ) - 1 ) * $per;
		if ( $last < 1 ) {
			return array( 'rows' => array(), 'total' => $total );
		}
		$entries = new Entries( $this->tables, $this->names );
		return array(
			'rows'  => $entries->where( 'user_id = %d AND seq <= %d AND seq > %d ORDER BY seq DESC', array( $user, $last, $last - $per ) ),
			'total' => $total,
		);
	}

	/**
	 * @param array<string,mixed> $row Of the tables.
	 * @return array<string,mixed>
	 */
	private function account( array $row ): array {
		$user = (int) $row['user_id'];
		$this->names->note( $user, isset( $row['exists_id'] ) ? (string) ( $row['display_name'] ?? get_userdata( $user )->display_name ) : null );
		$account = array(
			'user_id' => $user,
			'name'    => $this->names->of( $user ),
			'email'   => (string) ( $row['user_email'] ?? '' ),
			'exists'  => isset( $row['exists_id'] ),
		);
		foreach ( self::FIGURES as $figure ) {
			$account[ $figure ] = (int) ( $row[ $figure ] ?? 0 );
		}
		$account['entries']       = (int) ( $row['seq'] ?? 0 );
		$account['last_entry_at'] = $row['last_entry_at'] ?? null;
		$account['frozen']        = (bool) (int) ( $row['frozen'] ?? 0 );
		$account['url']           = $this->labels->customer_url( $user );
		return $account;
	}
}
