<?php
/**
 * A refusal that shoppers can read.
 *
 * @package Loyaltyd
 */

namespace Loyaltyd\Shop;

defined( 'ABSPATH' ) || exit;

/**
 * Why points were not redeemed; its message is plain text for the shopper.
 */
final class Refusal extends \Exception {

	/** @var string */
	private $reason;

	/**
	 * @param string          $reason  Code such as insufficient_points.
	 * @param string          $message Sentence for the shopper.
	 * @param \Throwable|null $cause   What was thrown below.
	 */
	public function __construct( string $reason, string $message, ?\Throwable $cause = null ) {
		parent::__construct( $message, 0, $cause );
		$this->reason = $reason;
	}

	/** The code. */
	public function reason(): string {
		return $this->reason;
	}
}
