/**
 * Points to earn that the page did not know yet: asks for them after the page
 * is shown, again when WooCommerce draws its totals anew, and when a variation
 * is chosen. When there is no answer, nothing is shown.
 */
( function () {
	'use strict';

	var settings = window.loyaltydShop || {};
	var asked = {};

	function ask( url ) {
		if ( ! asked[ url ] ) {
			var headers = { Accept: 'application/json' };
			if ( settings.nonce ) {
				headers[ 'X-WP-Nonce' ] = settings.nonce;
			}
			asked[ url ] = window.fetch( url, { credentials: 'same-origin', headers: headers } ).then( function ( response ) {
				return response.ok ? response.json() : null;
			} ).catch( function () {
				return null;
			} );
		}
		return asked[ url ];
	}

	function show( element, text ) {
		var place = element.querySelector( '.loyaltyd-earn__text' );
		place.textContent = text;
		place.hidden = '' === text;
		element.removeAttribute( 'data-loyaltyd-wait' );
		var row = element.closest( '.loyaltyd-earn-row' );
		if ( row ) {
			row.hidden = '' === text;
		}
	}

	function fill( element, url ) {
		element.setAttribute( 'data-loyaltyd-wait', '' );
		element.loyaltydAsked = url;
		ask( url ).then( function ( answer ) {
			// Another variation may have been chosen meanwhile.
			if ( element.loyaltydAsked !== url ) {
				return;
			}
			var guest = 'A' === element.querySelector( '.loyaltyd-earn__text' ).tagName;
			show( element, answer ? ( guest ? answer.guest : answer.text ) : '' );
		} );
	}

	function waiting() {
		document.querySelectorAll( '.loyaltyd-earn[data-loyaltyd-wait]' ).forEach( function ( element ) {
			if ( ! element.loyaltydAsked ) {
				// The cart may have changed since it was asked for last.
				delete asked[ element.getAttribute( 'data-loyaltyd-earn' ) ];
				fill( element, element.getAttribute( 'data-loyaltyd-earn' ) );
			}
		} );
	}

	/** WooCommerce tells of variations through jQuery's events only. */
	function variations() {
		var element = document.querySelector( '.product .loyaltyd-earn' );
		if ( ! element || ! window.jQuery || ! document.querySelector( '.variations_form' ) ) {
			return;
		}
		window.jQuery( '.variations_form' ).on( 'found_variation', function ( event, variation ) {
			if ( 'string' === typeof variation.loyaltyd_earn ) {
				element.loyaltydAsked = '';
				show( element, variation.loyaltyd_earn );
			} else {
				fill( element, element.getAttribute( 'data-loyaltyd-earn' ) + variation.variation_id );
			}
		} ).on( 'reset_data', function () {
			element.loyaltydAsked = '';
			show( element, '' );
		} );
	}

	function start() {
		waiting();
		variations();
		new window.MutationObserver( waiting ).observe( document.body, { childList: true, subtree: true } );
	}

	if ( 'loading' === document.readyState ) {
		document.addEventListener( 'DOMContentLoaded', start );
	} else {
		start();
	}
}() );
