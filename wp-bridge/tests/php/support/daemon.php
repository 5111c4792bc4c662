<?php
/**
 * Answers like the daemon, or as no daemon should: a router for php -S. What it
 * has to answer is in the folder LOYALTYD_ANSWERS: keys.json with the secrets
 * (hexadecimal) by key id, answers.json with a list of answers by "METHOD path".
 * Each request is written into requests.log, one JSON text a line.
 *
 * It says by its own reading of the contract whether a request is signed.
 */

$folder  = getenv( 'LOYALTYD_ANSWERS' );
$keys    = json_decode( file_get_contents( $folder . '/keys.json' ), true );
$answers = json_decode( file_get_contents( $folder . '/answers.json' ), true );
$head    = array_change_key_case( getallheaders() );
$body    = file_get_contents( 'php://input' );
$line    = $_SERVER['REQUEST_METHOD'] . ' ' . $_SERVER['REQUEST_URI'];
$id      = $head['loyaltyd-key'] ?? '';
$secret  = isset( $keys[ $id ] ) ? hex2bin( $keys[ $id ] ) : null;
$text    = "loyaltyd-request-v1\n" . $_SERVER['REQUEST_METHOD'] . "\n" . $_SERVER['REQUEST_URI'] . "\n" . ( $head['loyaltyd-time'] ?? '' ) . "\n"
	. ( $head['loyaltyd-nonce'] ?? '' ) . "\n" . ( $head['idempotency-key'] ?? '' ) . "\n" . hash( 'sha256', $body );
$signed  = null !== $secret && hash_hmac( 'sha256', $text, $secret ) === ( $head['loyaltyd-signature'] ?? '' );
file_put_contents(
	$folder . '/requests.log',
	json_encode( array( 'line' => $line, 'key' => $id, 'signed' => $signed, 'idempotency_key' => $head['idempotency-key'] ?? '', 'host' => $head['host'], 'body' => $body ) ) . "\n",
	FILE_APPEND
);

$list   = $answers[ $line ] ?? array();
$answer = $list ? array_shift( $list ) : array( 'status' => 404, 'body' => array( 'error' => array( 'code' => 'not_found', 'message' => 'No such page.', 'request' => 'r1' ) ) );
if ( isset( $answers[ $line ] ) && count( $answers[ $line ] ) > 1 ) {
	$answers[ $line ] = $list;
	file_put_contents( $folder . '/answers.json', json_encode( $answers ) );
}
if ( ! $signed ) {
	$answer = array( 'status' => 401, 'unsigned' => true, 'body' => array( 'error' => array( 'code' => null === $secret ? 'unknown_key' : 'bad_signature', 'message' => 'Not this key.', 'request' => 'r0' ) ) );
}
usleep( 1000 * (int) ( $answer['wait_ms'] ?? 0 ) );
$content = is_string( $answer['body'] ) ? $answer['body'] : json_encode( $answer['body'] );
http_response_code( $answer['status'] );
header( 'Content-Type: application/json' );
foreach ( $answer['headers'] ?? array() as $name => $value ) {
	header( "$name: $value" );
}
if ( empty( $answer['unsigned'] ) ) {
	$time = (string) time();
	$with = isset( $answer['sign_with'] ) ? hex2bin( $answer['sign_with'] ) : $secret;
	$nonce = $answer['nonce'] ?? $head['loyaltyd-nonce'];
	header( 'Loyaltyd-Time: ' . $time );
	header( 'Loyaltyd-Signature: ' . hash_hmac( 'sha256', "loyaltyd-answer-v1\n" . $answer['status'] . "\n" . $nonce . "\n" . $time . "\n" . hash( 'sha256', $content ), $with ) );
}
echo $answer['sent'] ?? $content;
