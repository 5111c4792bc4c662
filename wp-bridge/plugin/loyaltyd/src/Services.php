<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd;

defined( 'ABSPATH' ) || exit;

/**
 * The objects that parts share, each made when it is first asked for.
 */
final class Services {

	/** @var array<string,object> */
	private $made = array();

	/**
	 * Makes the objects anew when they are next asked for, so that they know
	 * nothing of what they read; for processes that run for long.
	 */
	public function renew() {
		$this->made = array();
	}

	/** Asks the daemon. */
	public function client(): Bridge\Client {
		return $this->made['client'] ?? $this->made['client'] = new Bridge\Client( $this->key(), $this->daemon() );
	}

	/** Signs for this site. */
	public function key(): Bridge\Key {
		return $this->made['key'] ?? $this->made['key'] = new Bridge\Key();
	}

	/** Reads loyaltyd's tables. */
	public function tables(): Data\Tables {
		return $this->made['tables'] ?? $this->made['tables'] = new Data\Tables();
	}

	/** Names of customers. */
	public function names(): Data\Names {
		return $this->made['names'] ?? $this->made['names'] = new Data\Names( $this->tables() );
	}

	/** The periods that reports are kept for. */
	public function periods(): Data\Periods {
		return $this->made['periods'] ?? $this->made['periods'] = new Data\Periods();
	}

	/** Words for sources and entries. */
	public function labels(): Data\Labels {
		return $this->made['labels'] ?? $this->made['labels'] = new Data\Labels();
	}

	/** Figures of the programme. */
	public function reports(): Data\Reports {
		return $this->made['reports'] ?? $this->made['reports'] = new Data\Reports( $this->tables(), $this->names(), $this->labels() );
	}

	/** Customers' accounts. */
	public function accounts(): Data\Accounts {
		return $this->made['accounts'] ?? $this->made['accounts'] = new Data\Accounts( $this->tables(), $this->names(), $this->labels() );
	}

	/** Points that became coupons. */
	public function redemptions(): Data\Redemptions {
		return $this->made['redemptions'] ?? $this->made['redemptions'] = new Data\Redemptions( $this->tables() );
	}

	/** What the daemon says of itself. */
	public function daemon(): Data\Daemon {
		return $this->made['daemon'] ?? $this->made['daemon'] = new Data\Daemon( $this->tables() );
	}

	/** The rules of the programme. */
	public function programme(): Programme\Programme {
		return $this->made['programme'] ?? $this->made['programme'] = new Programme\Programme( $this->daemon() );
	}

	/** Makes coupons from points. */
	public function redeemer(): Store\Redeemer {
		return $this->made['redeemer'] ?? $this->made['redeemer'] = new Store\Redeemer( $this->client(), $this->redemptions() );
	}
}
