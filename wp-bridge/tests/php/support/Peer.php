<?php
/**
 * @package Loyaltyd
 */

/**
 * A process that answers in the daemon's place, so that answers can be tried
 * that the daemon never gives.
 */
final class Peer {

	/** @var resource */
	private $process;

	/** @var string */
	private $folder;

	/** @var string Host and port. */
	public $address;

	/** @var array<string,array> */
	private $answers = array();

	public function __construct() {
		$this->folder = sys_get_temp_dir() . '/loyaltyd-peer-' . bin2hex( random_bytes( 6 ) );
		mkdir( $this->folder );
		$socket        = stream_socket_server( 'tcp://127.0.0.1:0' );
		$this->address = stream_socket_get_name( $socket, false );
		fclose( $socket );
		$this->know( array() );
		$this->write();
		$this->process = proc_open(
			array( getenv( 'LOYALTYD_TEST_PHP' ) ? getenv( 'LOYALTYD_TEST_PHP' ) : PHP_BINARY, '-S', $this->address, __DIR__ . '/daemon.php' ),
			array( 1 => array( 'file', '/dev/null', 'w' ), 2 => array( 'file', '/dev/null', 'w' ) ),
			$pipes,
			null,
			array( 'LOYALTYD_ANSWERS' => $this->folder ) + getenv()
		);
		$until = microtime( true ) + 20;
		while ( ! @fsockopen( 'tcp://' . $this->address ) ) {
			if ( microtime( true ) > $until ) {
				throw new RuntimeException( 'the peer does not answer' );
			}
			usleep( 20000 );
		}
	}

	/** Ends the process. */
	public function stop() {
		if ( is_resource( $this->process ) ) {
			proc_terminate( $this->process );
			proc_close( $this->process );
		}
		array_map( 'unlink', glob( $this->folder . '/*' ) );
		@rmdir( $this->folder );
	}

	/**
	 * Tells it the keys of the site.
	 *
	 * @param array<int,array{id:string,secret:string}> $keys As Key::usable() returns them.
	 */
	public function know( array $keys ) {
		$secrets = array();
		foreach ( $keys as $key ) {
			$secrets[ $key['id'] ] = bin2hex( $key['secret'] );
		}
		file_put_contents( $this->folder . '/keys.json', json_encode( (object) $secrets ) );
	}

	/**
	 * Lets it answer a request; the last answer of several stays.
	 *
	 * @param string $line   Method and path.
	 * @param int    $status Of the answer.
	 * @param mixed  $body   JSON, or a text.
	 * @param array  $more   unsigned, sign_with, nonce, headers, sent, wait_ms.
	 */
	public function answer( string $line, int $status, $body, array $more = array() ) {
		$this->answers[ $line ][] = array( 'status' => $status, 'body' => $body ) + $more;
		$this->write();
	}

	/**
	 * Lets it refuse a request.
	 *
	 * @param string $line   Method and path.
	 * @param int    $status Of the answer.
	 * @param string $code   Of the refusal.
	 */
	public function refuse( string $line, int $status, string $code ) {
		$this->answer( $line, $status, array( 'error' => array( 'code' => $code, 'message' => 'Because of ' . $code . '.', 'request' => 'r9' ) ) );
	}

	/** Forgets answers and requests. */
	public function forget() {
		$this->answers = array();
		$this->write();
		@unlink( $this->folder . '/requests.log' );
	}

	/**
	 * Returns what it was asked.
	 *
	 * @return array<int,array>
	 */
	public function requests(): array {
		$log = @file( $this->folder . '/requests.log' );
		return array_map(
			function ( $line ) {
				return json_decode( $line, true );
			},
			is_array( $log ) ? $log : array()
		);
	}

	private function write() {
		file_put_contents( $this->folder . '/answers.json', json_encode( (object) $this->answers ) );
	}
}
