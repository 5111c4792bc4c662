<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Bridge;

use Loyaltyd\Data\Daemon;

defined( 'ABSPATH' ) || exit;

/**
 * Asks the daemon. Every request is signed and every answer's signature is
 * proven, so that nothing else on this machine can answer in its place.
 */
final class Client {

	/** Seconds to wait for an answer. */
	const PATIENCE = 2;

	/** Seconds to wait for an explanation of a balance. */
	const LONG_PATIENCE = 10;

	/** After a failed connection, nothing is read for so many seconds. */
	const PAUSE = 10;

	/** Most bytes of an answer. */
	const LARGEST = 8388608;

	const PAUSED = 'loyaltyd_unreachable';

	/** Refusals of the signature itself: the only answers that carry none. */
	const OF_SIGNATURES = array( 'unsigned', 'bad_signature', 'stale_request', 'replayed', 'unknown_key' );

	/** Posts that change nothing. */
	const READING = array( '/v1/estimate', '/v1/program/check' );

	/** @var Key */
	private $key;

	/** @var Daemon */
	private $daemon;

	/**
	 * @param Key    $key    Signs.
	 * @param Daemon $daemon Knows the address.
	 */
	public function __construct( Key $key, Daemon $daemon ) {
		$this->key    = $key;
		$this->daemon = $daemon;
	}

	/**
	 * Asks for something.
	 *
	 * @param string $path Such as /v1/customers/7.
	 * @return array<string,mixed> The answer.
	 * @throws BridgeError When there is none, or a refusal.
	 */
	public function get( string $path ): array {
		return $this->ask( 'GET', $path, '', '', true );
	}

	/**
	 * Posts something.
	 *
	 * @param string              $path            Such as /v1/sync.
	 * @param array<string,mixed> $body            What to send; maps that may be empty as objects.
	 * @param string|null         $idempotency_key Makes repeated posts one; where the route wants it.
	 * @return array<string,mixed> The answer.
	 * @throws BridgeError When there is none, or a refusal.
	 */
	public function post( string $path, array $body, ?string $idempotency_key = null ): array {
		$json = wp_json_encode( (object) $body, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
		if ( false === $json ) {
			throw new BridgeError( 'bad_request', __( 'What was to be sent to the loyaltyd daemon is not valid text.', 'loyaltyd' ) );
		}
		return $this->ask( 'POST', $path, $json, (string) $idempotency_key, in_array( $path, self::READING, true ) );
	}

	/**
	 * @param string $method          GET or POST.
	 * @param string $path            With its query.
	 * @param string $body            JSON, or "".
	 * @param string $idempotency_key Or "".
	 * @param bool   $reading         Nothing is lost when it fails.
	 * @return array<string,mixed>
	 * @throws BridgeError As get and post.
	 */
	private function ask( string $method, string $path, string $body, string $idempotency_key, bool $reading ): array {
		$this->key->ensure();
		$keys = $this->key->usable();
		if ( ! $keys ) {
			throw new BridgeError( BridgeError::UNPAIRED, $this->key->problem() );
		}
		if ( $reading && get_transient( self::PAUSED ) ) {
			throw new BridgeError( BridgeError::UNREACHABLE, __( 'The loyaltyd daemon did not answer a moment ago. Try again in a few seconds.', 'loyaltyd' ) );
		}
		$address = Address::of( $this->daemon->state()['address'] );
		$tried   = array();
		$signer  = $keys[0];
		while ( true ) {
			$tried[] = $signer['id'];
			try {
				return $this->send( $address, $signer, $method, $path, $body, $idempotency_key );
			} catch ( BridgeError $e ) {
				if ( BridgeError::UNREACHABLE === $e->code() ) {
					set_transient( self::PAUSED, 1, self::PAUSE );
					$this->daemon->refresh(); // It may listen elsewhere by now.
				}
				$signer = $this->next_signer( $e, $signer, $tried );
				if ( null === $signer ) {
					throw $e;
				}
			}
		}
	}

	/**
	 * Returns with which key to try once more, or null: after a rotation that
	 * one of the two ends has not seen yet, and when the daemon was started
	 * while the request was on its way.
	 *
	 * @param BridgeError                     $error  What came back.
	 * @param array{id:string,secret:string}  $signer Of the request.
	 * @param array<int,string>               $tried  Ids of keys.
	 * @return array{id:string,secret:string}|null
	 */
	private function next_signer( BridgeError $error, array $signer, array $tried ): ?array {
		if ( 'stale_request' === $error->code() && 1 === count( $tried ) ) {
			return $signer;
		}
		if ( 'unknown_key' !== $error->code() || count( $tried ) > 2 ) {
			return null;
		}
		$this->key->forget();
		foreach ( $this->key->usable() as $key ) {
			if ( ! in_array( $key['id'], $tried, true ) ) {
				return $key;
			}
		}
		return null;
	}

	/**
	 * @param Address                        $address         Of the daemon.
	 * @param array{id:string,secret:string} $signer          Key.
	 * @param string                         $method          GET or POST.
	 * @param string                         $path            With its query.
	 * @param string                         $body            JSON, or "".
	 * @param string                         $idempotency_key Or "".
	 * @return array<string,mixed>
	 * @throws BridgeError As get and post.
	 */
	private function send( Address $address, array $signer, string $method, string $path, string $body, string $idempotency_key ): array {
		$time    = time();
		$nonce   = bin2hex( random_bytes( 16 ) );
		$headers = array(
			'Accept'             => 'application/json',
			'Loyaltyd-Key'       => $signer['id'],
			'Loyaltyd-Time'      => (string) $time,
			'Loyaltyd-Nonce'     => $nonce,
			'Loyaltyd-Signature' => Signature::of_request( $signer['secret'], $method, $path, $time, $nonce, $idempotency_key, $body ),
		);
		if ( '' !== $idempotency_key ) {
			$headers['Idempotency-Key'] = $idempotency_key;
		}
		if ( 'POST' === $method ) {
			$headers['Content-Type'] = 'application/json';
		}
		$answer = $this->request(
			$address,
			$address->base . $path,
			array(
				'method'              => $method,
				'headers'             => $headers,
				'body'                => 'POST' === $method ? $body : null,
				'timeout'             => '/explanation' === substr( $path, -12 ) ? self::LONG_PATIENCE : self::PATIENCE,
				'redirection'         => 0,
				'sslverify'           => true,
				'cookies'             => array(),
				'decompress'          => false,
				'limit_response_size' => self::LARGEST,
				'user-agent'          => 'loyaltyd-plugin/' . LOYALTYD_VERSION,
			)
		);
		if ( is_wp_error( $answer ) ) {
			/* translators: %s: what went wrong, in the words of the web server. */
			throw new BridgeError( BridgeError::UNREACHABLE, sprintf( __( 'The loyaltyd daemon does not answer: %s', 'loyaltyd' ), $answer->get_error_message() ) );
		}
		$status = (int) wp_remote_retrieve_response_code( $answer );
		$text   = (string) wp_remote_retrieve_body( $answer );
		$signed = (string) wp_remote_retrieve_header( $answer, 'loyaltyd-signature' );
		$at     = (string) wp_remote_retrieve_header( $answer, 'loyaltyd-time' );
		$proven = hash_equals( Signature::of_answer( $signer['secret'], $status, $nonce, $at, $text ), $signed );
		if ( ! $proven && ! self::refuses_signature( $status, $text ) ) {
			throw new BridgeError( BridgeError::UNSIGNED_ANSWER, __( 'What answers at the address of the loyaltyd daemon does not know this site’s key. Is another program, or another site’s daemon, listening there?', 'loyaltyd' ), $status );
		}
		if ( $proven && '1' === wp_remote_retrieve_header( $answer, 'loyaltyd-rotate' ) ) {
			$this->key->rotate( $signer['id'] );
		}
		return self::read( $status, $text );
	}

	/**
	 * Sends a request, through a socket or to a fixed IP when the address says so.
	 *
	 * @param Address             $address Of the daemon.
	 * @param string              $url     Whole address.
	 * @param array<string,mixed> $options For wp_remote_request.
	 * @return array|\WP_Error
	 */
	private function request( Address $address, string $url, array $options ) {
		$aim = function ( $curl, $arguments, $requested ) use ( $address, $url ) {
			if ( $requested !== $url ) {
				return;
			}
			if ( '' !== $address->socket ) {
				curl_setopt( $curl, CURLOPT_UNIX_SOCKET_PATH, $address->socket ); // phpcs:ignore WordPress.WP.AlternativeFunctions
			}
			if ( '' !== $address->pin ) {
				$port = (int) wp_parse_url( $url, PHP_URL_PORT );
				$ip   = false === strpos( $address->pin, ':' ) ? $address->pin : '[' . $address->pin . ']';
				curl_setopt( $curl, CURLOPT_RESOLVE, array( "localhost:$port:$ip" ) ); // phpcs:ignore WordPress.WP.AlternativeFunctions
			}
		};
		if ( '' !== $address->socket && ! defined( 'CURLOPT_UNIX_SOCKET_PATH' ) ) {
			return new \WP_Error( 'loyaltyd_no_curl', __( 'PHP needs its curl extension to reach a Unix socket.', 'loyaltyd' ) );
		}
		// What blocks requests to other machines must not block one to this one.
		add_filter( 'block_local_requests', '__return_false', PHP_INT_MAX );
		add_action( 'http_api_curl', $aim, PHP_INT_MAX, 3 );
		try {
			return wp_remote_request( $url, $options );
		} finally {
			remove_action( 'http_api_curl', $aim, PHP_INT_MAX );
			remove_filter( 'block_local_requests', '__return_false', PHP_INT_MAX );
		}
	}

	/**
	 * Says whether an answer is of the only kind that nobody can sign. Whatever
	 * else an unsigned one says, a coupon may be deleted because of it.
	 *
	 * @param int    $status Of the answer.
	 * @param string $text   Its body.
	 */
	private static function refuses_signature( int $status, string $text ): bool {
		$body = 401 === $status ? json_decode( $text, true ) : null;
		return in_array( $body['error']['code'] ?? null, self::OF_SIGNATURES, true );
	}

	/**
	 * @param int    $status Of the answer.
	 * @param string $text   Its body.
	 * @return array<string,mixed>
	 * @throws BridgeError When it is a refusal, or not JSON.
	 */
	private static function read( int $status, string $text ): array {
		$body = json_decode( $text, true );
		if ( is_array( $body ) && $status >= 200 && $status < 300 ) {
			return $body;
		}
		$error = is_array( $body ) && is_array( $body['error'] ?? null ) ? $body['error'] : array();
		if ( ! isset( $error['code'], $error['message'] ) ) {
			// The one answer of another form: not ready, with its reasons.
			if ( is_array( $body ) && isset( $body['reasons'] ) ) {
				return $body;
			}
			/* translators: %d: status of an HTTP answer. */
			throw new BridgeError( 'bad_answer', sprintf( __( 'The loyaltyd daemon answered something that the plugin cannot read (status %d). Are both of the same version?', 'loyaltyd' ), $status ), $status );
		}
		throw new BridgeError( (string) $error['code'], (string) $error['message'], $status, (string) ( $error['request'] ?? '' ) );
	}
}
