<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Bridge;

defined( 'ABSPATH' ) || exit;

/**
 * Why the daemon did not do what it was asked for. The message is for admins,
 * never for shoppers.
 */
final class BridgeError extends \RuntimeException {

	/** There is no answer: the daemon does not run, or cannot be reached. */
	const UNREACHABLE = 'unreachable';

	/** This site has no key, or one of another site. */
	const UNPAIRED = 'unpaired';

	/** Something answered that does not know the key. */
	const UNSIGNED_ANSWER = 'unsigned_answer';

	/** @var string */
	private $word;

	/** @var int */
	private $status;

	/** @var string */
	private $request;

	/**
	 * @param string $code    A code of the endpoint, or one of the constants.
	 * @param string $message A sentence with the way out.
	 * @param int    $status  Of the answer; 0 without one.
	 * @param string $request Id of the request in the daemon's log, or "".
	 */
	public function __construct( string $code, string $message, int $status = 0, string $request = '' ) {
		parent::__construct( $message, $status );
		$this->word    = $code;
		$this->status  = $status;
		$this->request = $request;
	}

	/** Returns why, such as insufficient_points, unreachable or unpaired. */
	public function code(): string {
		return $this->word;
	}

	/** Returns the status of the answer, 0 when there was none. */
	public function status(): int {
		return $this->status;
	}

	/** Returns the request's id in the daemon's log, "" when there is none. */
	public function request(): string {
		return $this->request;
	}

	/**
	 * Says whether the daemon, not the request, is what is wrong: later it may work.
	 */
	public function is_outage(): bool {
		return $this->status >= 500 || in_array(
			$this->word,
			array( self::UNREACHABLE, self::UNPAIRED, self::UNSIGNED_ANSWER, 'unknown_key', 'bad_signature', 'stale_request', 'replayed', 'bad_host', 'unsigned' ),
			true
		);
	}
}
