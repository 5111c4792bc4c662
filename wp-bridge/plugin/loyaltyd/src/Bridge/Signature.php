<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Bridge;

defined( 'ABSPATH' ) || exit;

/**
 * Signatures of requests and answers: HMAC-SHA256 in lower-case hexadecimal.
 */
final class Signature {

	/**
	 * Returns the signature of a request.
	 *
	 * @param string $secret          Bytes.
	 * @param string $method          Such as GET.
	 * @param string $target          Path and query as sent.
	 * @param int    $time            Unix seconds.
	 * @param string $nonce           32 lower-case hexadecimal digits.
	 * @param string $idempotency_key "" without one.
	 * @param string $body            As sent.
	 */
	public static function of_request( string $secret, string $method, string $target, int $time, string $nonce, string $idempotency_key, string $body ): string {
		return self::sign( $secret, array( 'loyaltyd-request-v1', $method, $target, $time, $nonce, $idempotency_key, hash( 'sha256', $body ) ) );
	}

	/**
	 * Returns the signature of an answer.
	 *
	 * @param string $secret Bytes.
	 * @param int    $status Of the answer.
	 * @param string $nonce  Of the request.
	 * @param string $time   As the answer's header has it.
	 * @param string $body   As received.
	 */
	public static function of_answer( string $secret, int $status, string $nonce, string $time, string $body ): string {
		return self::sign( $secret, array( 'loyaltyd-answer-v1', $status, $nonce, $time, hash( 'sha256', $body ) ) );
	}

	/**
	 * @param string                $secret Bytes.
	 * @param array<int,string|int> $lines  What is signed.
	 */
	private static function sign( string $secret, array $lines ): string {
		return hash_hmac( 'sha256', implode( "\n", $lines ), $secret );
	}
}
