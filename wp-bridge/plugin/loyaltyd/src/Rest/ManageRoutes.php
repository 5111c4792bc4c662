<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Rest;

use Loyaltyd\Programme\Document;
use Loyaltyd\Services;

defined( 'ABSPATH' ) || exit;

/**
 * The daemon and the programme, for admins.
 */
final class ManageRoutes {

	/** @var Services */
	private $services;

	/**
	 * @param Services $services Shared objects.
	 */
	public function __construct( Services $services ) {
		$this->services = $services;
	}

	/**
	 * @return array<string,array>
	 */
	public function routes(): array {
		$document = array( 'programme' => array( 'type' => 'object', 'required' => true ) );
		$stamp    = array( 'stamp' => array( 'type' => 'string', 'maxLength' => 64, 'default' => '' ) );
		$order    = array(
			'user'     => array( 'type' => 'integer', 'minimum' => 0, 'default' => 0 ),
			'currency' => array( 'type' => 'string', 'pattern' => '^[A-Za-z0-9]{0,20}$', 'default' => '' ),
			'lines'    => array( 'type' => 'array', 'maxItems' => 200, 'items' => array( 'type' => 'object' ), 'default' => array() ),
			'shipping' => array( 'type' => 'object', 'default' => array() ),
			'fees'     => array( 'type' => 'array', 'maxItems' => 50, 'items' => array( 'type' => 'object' ), 'default' => array() ),
		);
		return array(
			'/status'          => $this->route( 'GET', 'status' ),
			'/sync'            => $this->route( 'POST', 'sync', array( 'mode' => array( 'type' => 'string', 'enum' => array( 'increment', 'sweep', 'full' ), 'default' => 'increment' ) ) ),
			'/programme'       => array( $this->route( 'GET', 'programme' ), $this->route( 'POST', 'save', $document + $stamp ) ),
			'/programme/check' => $this->route( 'POST', 'check', $document ),
			'/estimate'        => $this->route( 'POST', 'estimate', array( 'programme' => array( 'type' => 'object' ) ) + $order ),
		);
	}

	/**
	 * What the daemon says of itself; while it is silent, what it last said.
	 *
	 * @return array<string,mixed>
	 */
	public function status(): array {
		$daemon = $this->services->daemon();
		$known  = $daemon->state();
		foreach ( array( 'program', 'schedule', 'jobs', 'runs', 'store', 'brake' ) as $name ) {
			$known[ $name ] = $daemon->get( $name );
		}
		$known['key'] = array(
			'id'      => $this->services->key()->id(),
			'origin'  => $this->services->key()->origin(),
			'problem' => $this->services->key()->problem(),
		);
		$known['plugin'] = LOYALTYD_VERSION;
		return $known;
	}

	/**
	 * @param \WP_REST_Request $request With mode.
	 * @return array|\WP_Error
	 */
	public function sync( \WP_REST_Request $request ) {
		return Access::asking(
			function () use ( $request ) {
				return $this->services->client()->post( '/v1/sync', array( 'mode' => $request['mode'] ) );
			}
		);
	}

	/**
	 * @return array<string,mixed>
	 */
	public function programme(): array {
		$programme = $this->services->programme();
		return array(
			'programme' => Document::for_json( $programme->edited() ),
			'origin'    => $programme->origin(),
			'locked'    => $programme->locked(),
			'waiting'   => $programme->is_waiting(),
			'error'     => $programme->error(),
			'stamp'     => $programme->stamp(),
		);
	}

	/**
	 * @param \WP_REST_Request $request With programme and, to notice that somebody else saved, stamp.
	 * @return array|\WP_Error
	 */
	public function save( \WP_REST_Request $request ) {
		$programme = $this->services->programme();
		if ( $programme->locked() ) {
			return new \WP_Error( 'loyaltyd_locked', __( 'The programme is kept in the configuration of the loyaltyd daemon: change it there.', 'loyaltyd' ), array( 'status' => 409 ) );
		}
		if ( '' !== $request['stamp'] && $request['stamp'] !== $programme->stamp() ) {
			return new \WP_Error( 'loyaltyd_changed', __( 'Somebody else saved the programme meanwhile: look at it before you save.', 'loyaltyd' ), array( 'status' => 409 ) );
		}
		$problems = $programme->validate( $request['programme'] );
		if ( $problems ) {
			return new \WP_Error( 'loyaltyd_bad_programme', __( 'The programme has mistakes, so nothing was saved.', 'loyaltyd' ), array( 'status' => 400, 'problems' => $problems ) );
		}
		$programme->save( $request['programme'] );
		return $this->programme();
	}

	/**
	 * @param \WP_REST_Request $request With programme.
	 * @return array|\WP_Error
	 */
	public function check( \WP_REST_Request $request ) {
		$problems = $this->services->programme()->validate( $request['programme'] );
		if ( $problems ) {
			return array( 'ok' => false, 'problems' => $problems );
		}
		return Access::asking(
			function () use ( $request ) {
				$document = Document::for_json( Document::complete( $request['programme'] ) );
				$answer   = $this->services->client()->post( '/v1/program/check', array( 'program' => $document ) );
				return array(
					'ok'       => (bool) ( $answer['ok'] ?? false ),
					'problems' => (object) array_column( (array) ( $answer['problems'] ?? array() ), 'message', 'key' ),
				);
			}
		);
	}

	/**
	 * @param \WP_REST_Request $request With programme (unsaved; optional), user, currency, lines, shipping, fees.
	 * @return array|\WP_Error
	 */
	public function estimate( \WP_REST_Request $request ) {
		$zero = array( 'total' => '0', 'tax' => '0' );
		$body = array(
			'user_id'  => $request['user'],
			'currency' => '' !== $request['currency'] ? strtoupper( $request['currency'] ) : ( function_exists( 'get_woocommerce_currency' ) ? get_woocommerce_currency() : '' ),
			'lines'    => array_map( array( self::class, 'line' ), $request['lines'] ),
			'shipping' => self::texts( $request['shipping'], $zero ),
			'fees'     => array_map(
				function ( $fee ) use ( $zero ) {
					return self::texts( $fee, $zero );
				},
				$request['fees']
			),
		);
		if ( null !== $request['programme'] ) {
			$problems = $this->services->programme()->validate( $request['programme'] );
			if ( $problems ) {
				return new \WP_Error( 'loyaltyd_bad_programme', __( 'The programme has mistakes.', 'loyaltyd' ), array( 'status' => 400, 'problems' => $problems ) );
			}
			$body['program'] = Document::for_json( Document::complete( $request['programme'] ) );
		}
		return Access::asking(
			function () use ( $body ) {
				return $this->services->client()->post( '/v1/estimate', $body );
			}
		);
	}

	/**
	 * @param mixed $line Of the request.
	 */
	private static function line( $line ): array {
		$line = (array) $line;
		return array(
			'product_id'   => (int) ( $line['product_id'] ?? 0 ),
			'variation_id' => (int) ( $line['variation_id'] ?? 0 ),
		) + self::texts( $line, array( 'quantity' => '1', 'subtotal' => '0', 'total' => '0', 'subtotal_tax' => '0', 'tax' => '0' ) );
	}

	/**
	 * Returns amounts as texts, as the daemon wants them.
	 *
	 * @param mixed                $given Values by name.
	 * @param array<string,string> $usual Values that are used where there is none.
	 */
	private static function texts( $given, array $usual ): array {
		$given = (array) $given;
		foreach ( $usual as $name => $value ) {
			if ( isset( $given[ $name ] ) && is_scalar( $given[ $name ] ) && preg_match( '/^-?\d{1,20}(\.\d{1,20})?$/D', (string) $given[ $name ] ) ) {
				$usual[ $name ] = (string) $given[ $name ];
			}
		}
		return $usual;
	}

	/**
	 * @param string              $http   Method.
	 * @param string              $method Of this class.
	 * @param array<string,array> $values Of the request.
	 */
	private function route( string $http, string $method, array $values = array() ): array {
		return array(
			'methods'             => $http,
			'callback'            => array( $this, $method ),
			'permission_callback' => array( Access::class, 'admin' ),
			'args'                => $values,
		);
	}
}
