<?php
/**
 * @package Loyaltyd
 */

namespace Loyaltyd\Programme;

defined( 'ABSPATH' ) || exit;

/**
 * The form of a programme's document.
 */
final class Document {

	/** What a key holds. A key that is missing here is a section. */
	const KINDS = array(
		'starts'                               => 'time',
		'guests'                               => array( 'ignore', 'match_email' ),
		'exclude.roles'                        => 'roles',
		'exclude.users'                        => 'users',
		'hold_days'                            => 'days',
		'negative_balance'                     => array( 'allow', 'clamp' ),
		'earn.purchase.points_per_unit'        => 'rate',
		'earn.purchase.discounts'              => array( 'deduct', 'ignore' ),
		'earn.purchase.tax'                    => 'bool',
		'earn.purchase.shipping'               => 'bool',
		'earn.purchase.fees'                   => 'bool',
		'earn.purchase.statuses'               => 'statuses',
		'earn.purchase.custom_statuses'        => 'custom_statuses',
		'earn.purchase.min_order'              => 'amount',
		'earn.purchase.max_points'             => 'points',
		'earn.purchase.rounding'               => array( 'down', 'up', 'nearest' ),
		'earn.purchase.currencies'             => 'currencies',
		'earn.purchase.products'               => 'products',
		'earn.purchase.categories'             => 'categories',
		'earn.first_order.points'              => 'points',
		'earn.high_spend'                      => 'high_spend',
		'earn.campaigns'                       => 'campaigns',
		'earn.product_review.points'           => 'points',
		'earn.product_review.verified_only'    => 'bool',
		'earn.blog_comment.points'             => 'points',
		'earn.signup.points'                   => 'points',
		'redeem.points_per_unit'               => 'rate',
		'redeem.min'                           => 'points',
		'redeem.max'                           => 'points',
		'redeem.multiple'                      => 'multiple',
		'redeem.coupon_days'                   => 'days',
		'redeem.give_back'                     => 'give_back',
		'expiry.mode'                          => array( 'none', 'idle', 'lots' ),
		'expiry.days'                          => 'some_days',
	);

	/** Kinds of keys that hold maps: JSON objects also when they are empty. */
	const MAPS = array( 'currencies', 'products', 'categories' );

	/**
	 * Returns the usual rules.
	 *
	 * @return array<string,mixed>
	 */
	public static function defaults(): array {
		return array(
			'starts'           => '',
			'guests'           => 'ignore',
			'exclude'          => array(
				'roles' => array(),
				'users' => array(),
			),
			'hold_days'        => 0,
			'negative_balance' => 'allow',
			'earn'             => array(
				'purchase'       => array(
					'points_per_unit' => '1',
					'discounts'       => 'deduct',
					'tax'             => false,
					'shipping'        => false,
					'fees'            => false,
					'statuses'        => array( 'processing', 'completed' ),
					'custom_statuses' => 'earn',
					'min_order'       => '0',
					'max_points'      => 0,
					'rounding'        => 'down',
					'currencies'      => array(),
					'products'        => array(),
					'categories'      => array(),
				),
				'first_order'    => array( 'points' => 0 ),
				'high_spend'     => array(),
				'campaigns'      => array(),
				'product_review' => array(
					'points'        => 0,
					'verified_only' => false,
				),
				'blog_comment'   => array( 'points' => 0 ),
				'signup'         => array( 'points' => 0 ),
			),
			'redeem'           => array(
				'points_per_unit' => '100',
				'min'             => 0,
				'max'             => 0,
				'multiple'        => 1,
				'coupon_days'     => 365,
				'give_back'       => array( 'expired', 'deleted', 'refunded' ),
			),
			'expiry'           => array(
				'mode' => 'none',
				'days' => 365,
			),
		);
	}

	/**
	 * Returns a document with the usual rules where it says nothing, in normal
	 * form and in the usual order; keys that are not known are left out.
	 *
	 * @param array<string,mixed> $document Any subset.
	 * @return array<string,mixed>
	 */
	public static function complete( array $document ): array {
		return self::over( self::defaults(), self::normal( $document ), '' );
	}

	/**
	 * Returns a document in its normal form: whole numbers as such, rates and
	 * amounts as texts without spaces, codes of currencies in capitals, roles in
	 * small letters. What cannot be brought into it stays as it is, for
	 * Validator to refuse.
	 *
	 * @param array<string,mixed> $document Any subset.
	 * @return array<string,mixed>
	 */
	public static function normal( array $document ): array {
		$document = self::walk( $document, '' );
		foreach ( array( 'products', 'categories' ) as $map ) {
			if ( isset( $document['earn']['purchase'][ $map ] ) && is_array( $document['earn']['purchase'][ $map ] ) ) {
				ksort( $document['earn']['purchase'][ $map ] );
			}
		}
		return $document;
	}

	/**
	 * Returns a document as JSON.
	 *
	 * @param array<string,mixed> $document Any.
	 */
	public static function encode( array $document ): string {
		return (string) wp_json_encode( self::for_json( $document ), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
	}

	/**
	 * Returns a document in which empty maps and sections are objects, for
	 * JSON.
	 *
	 * @param array<string,mixed> $document Any.
	 * @return object|array<string,mixed>
	 */
	public static function for_json( array $document ) {
		return self::objects( $document, '' );
	}

	/**
	 * @param array<string,mixed> $section Of a document.
	 * @param string              $path    Of it.
	 * @return object|array<string,mixed>
	 */
	private static function objects( array $section, string $path ) {
		foreach ( $section as $name => $value ) {
			$key  = self::join( $path, (string) $name );
			$kind = self::KINDS[ $key ] ?? 'section';
			if ( is_array( $value ) && 'section' === $kind ) {
				$section[ $name ] = self::objects( $value, $key );
			} elseif ( is_array( $value ) && in_array( $kind, self::MAPS, true ) ) {
				$section[ $name ] = (object) $value;
			}
		}
		return $section ? $section : (object) array();
	}

	/**
	 * Returns a short text that differs between documents that say different
	 * things, however they write them: 1.50 is 1.5, and lists of words have no order.
	 *
	 * @param array<string,mixed> $document A complete one.
	 */
	public static function stamp( array $document ): string {
		return substr( hash( 'sha256', self::encode( self::plain( $document ) ) ), 0, 16 );
	}

	/**
	 * @param mixed $value Of a document.
	 * @return mixed
	 */
	private static function plain( $value ) {
		if ( is_string( $value ) ) {
			if ( preg_match( '/^\d+\.\d+$/D', $value ) ) {
				return rtrim( rtrim( $value, '0' ), '.' );
			}
			return preg_match( '/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?$/D', $value, $part )
				? preg_replace( '/( 00:00)?:00$/', '', $part[1] . ' ' . $part[2] . ( $part[3] ?? ':00' ) )
				: $value;
		}
		if ( is_array( $value ) ) {
			$value = array_map( array( self::class, 'plain' ), $value );
			if ( array_keys( $value ) !== array_keys( array_values( $value ) ) ) {
				$value = array_diff_key( $value, array_flip( array_keys( $value, '', true ) ) );
				ksort( $value );
			} elseif ( array_filter( $value, 'is_array' ) === array() ) {
				sort( $value );
			}
		}
		return $value;
	}

	/**
	 * @param array<string,mixed> $usual Rules.
	 * @param array<string,mixed> $given Rules that win.
	 * @param string              $path  Of the section.
	 * @return array<string,mixed>
	 */
	private static function over( array $usual, array $given, string $path ): array {
		foreach ( $usual as $name => $value ) {
			$key = self::join( $path, $name );
			if ( ! array_key_exists( $name, $given ) ) {
				continue;
			}
			if ( isset( self::KINDS[ $key ] ) ) {
				$usual[ $name ] = $given[ $name ];
			} elseif ( is_array( $given[ $name ] ) ) {
				$usual[ $name ] = self::over( $value, $given[ $name ], $key );
			}
		}
		return $usual;
	}

	/**
	 * @param array<string,mixed> $section Of a document.
	 * @param string              $path    Of it.
	 * @return array<string,mixed>
	 */
	private static function walk( array $section, string $path ): array {
		foreach ( $section as $name => $value ) {
			$key = self::join( $path, (string) $name );
			if ( isset( self::KINDS[ $key ] ) && null === $value ) {
				unset( $section[ $name ] ); // Empty is the usual.
			} elseif ( isset( self::KINDS[ $key ] ) ) {
				$section[ $name ] = self::value( self::KINDS[ $key ], $value );
			} elseif ( is_array( $value ) ) {
				$section[ $name ] = self::walk( $value, $key );
			}
		}
		return $section;
	}

	/**
	 * @param string|array<int,string> $kind  Of KINDS.
	 * @param mixed                    $value Any.
	 * @return mixed
	 */
	private static function value( $kind, $value ) {
		if ( is_object( $value ) ) {
			$value = json_decode( (string) wp_json_encode( $value ), true );
		}
		switch ( $kind ) {
			case 'points':
			case 'multiple':
			case 'days':
			case 'some_days':
				return self::whole( $value );
			case 'rate':
			case 'amount':
				return self::decimal( $value );
			case 'time':
				return is_string( $value ) ? trim( $value ) : $value;
			case 'users':
				return is_array( $value ) ? array_map( array( self::class, 'whole' ), array_values( $value ) ) : $value;
			case 'roles':
				return is_array( $value ) ? array_map( array( self::class, 'small' ), array_values( $value ) ) : $value;
			case 'statuses':
			case 'custom_statuses':
			case 'give_back':
				return is_array( $value ) ? array_values( $value ) : $value;
			case 'currencies':
				return is_array( $value ) ? self::currencies( $value ) : $value;
			case 'products':
			case 'categories':
				return is_array( $value ) ? array_map( array( self::class, 'rule' ), $value ) : $value;
			case 'high_spend':
			case 'campaigns':
				return is_array( $value ) ? array_map( array( self::class, 'bonus' ), $value ) : $value;
		}
		return $value;
	}

	/**
	 * @param array<string,mixed> $rates By code.
	 * @return array<string,mixed>
	 */
	private static function currencies( array $rates ): array {
		$all = array();
		foreach ( $rates as $code => $rate ) {
			$all[ strtoupper( (string) $code ) ] = self::decimal( $rate );
		}
		ksort( $all );
		return $all;
	}

	/**
	 * @param mixed $rule Of a product or category. It may give half a point a piece.
	 * @return mixed
	 */
	private static function rule( $rule ) {
		foreach ( is_array( $rule ) ? array( 'points', 'points_per_unit' ) : array() as $name ) {
			if ( isset( $rule[ $name ] ) ) {
				$rule[ $name ] = self::decimal( $rule[ $name ] );
			}
		}
		return $rule;
	}

	/**
	 * @param mixed $bonus A row of high_spend or campaigns.
	 * @return mixed
	 */
	private static function bonus( $bonus ) {
		if ( ! is_array( $bonus ) ) {
			return $bonus;
		}
		foreach ( array( 'amount', 'multiplier' ) as $name ) {
			if ( isset( $bonus[ $name ] ) ) {
				$bonus[ $name ] = self::decimal( $bonus[ $name ] );
			}
		}
		if ( isset( $bonus['points'] ) ) {
			$bonus['points'] = self::whole( $bonus['points'] );
		}
		foreach ( array( 'from', 'to' ) as $name ) {
			if ( array_key_exists( $name, $bonus ) ) {
				$bonus[ $name ] = is_string( $bonus[ $name ] ) ? trim( $bonus[ $name ] ) : ( $bonus[ $name ] ?? '' );
			}
		}
		return $bonus;
	}

	/**
	 * @param mixed $value Any.
	 * @return mixed A whole number when it is one.
	 */
	public static function whole( $value ) {
		if ( is_string( $value ) && preg_match( '/^\s*(0|[1-9]\d{0,18})\s*$/D', $value, $part ) && (string) (int) $part[1] === $part[1] ) {
			return (int) $part[1];
		}
		return $value;
	}

	/**
	 * @param mixed $value Any.
	 * @return mixed A text when it is a number.
	 */
	private static function decimal( $value ) {
		if ( is_int( $value ) ) {
			return (string) $value;
		}
		if ( is_float( $value ) ) {
			return (string) json_encode( $value );
		}
		return is_string( $value ) ? trim( $value ) : $value;
	}

	/**
	 * @param mixed $value Any.
	 * @return mixed
	 */
	private static function small( $value ) {
		return is_string( $value ) ? strtolower( trim( $value ) ) : $value;
	}

	/**
	 * @param string $path Of a section, or "".
	 * @param string $name Of a key in it.
	 */
	private static function join( string $path, string $name ): string {
		return '' === $path ? $name : $path . '.' . $name;
	}
}
