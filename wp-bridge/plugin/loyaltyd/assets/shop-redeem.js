/**
 * The redeeming form: what the points are worth, one click at a time; copying
 * a coupon's code. Everything works without this script too.
 */
( function () {
	'use strict';

	/** The worth of points as text, rounded down; '' for nothing. */
	function worth( points, data ) {
		var rate = /^(\d+)(?:\.(\d+))?$/.exec( data.rate );
		if ( ! /^\d{1,15}$/.test( points ) || ! rate || 'function' !== typeof window.BigInt ) {
			return '';
		}
		var fraction = rate[ 2 ] || '';
		var divisor = BigInt( rate[ 1 ] + fraction );
		if ( BigInt( 0 ) === divisor ) {
			return '';
		}
		var minor = BigInt( points + '0'.repeat( fraction.length + data.decimals ) ) / divisor;
		if ( BigInt( 0 ) === minor ) {
			return '';
		}
		var digits = minor.toString().padStart( data.decimals + 1, '0' );
		var whole = digits.slice( 0, digits.length - data.decimals ).replace( /\B(?=(\d{3})+$)/g, data.group );
		var amount = data.decimals > 0 ? whole + data.point + digits.slice( -data.decimals ) : whole;
		return data.text.split( '%s' ).join( data.price.split( '{amount}' ).join( amount ) );
	}

	window.loyaltydWorth = worth;

	function form( element ) {
		var input = element.querySelector( '[name="loyaltyd_points"]' );
		var output = element.querySelector( 'output' );
		var button = element.querySelector( 'button' );
		var data = JSON.parse( element.getAttribute( 'data-loyaltyd-worth' ) );

		input.addEventListener( 'input', function () {
			output.textContent = worth( input.value, data );
		} );
		element.addEventListener( 'submit', function () {
			// After the browser has collected the form.
			window.setTimeout( function () {
				button.disabled = true;
				element.setAttribute( 'aria-busy', 'true' );
			}, 0 );
		} );
		// A page shown again by the Back button is ready for use.
		window.addEventListener( 'pageshow', function () {
			button.disabled = false;
			element.removeAttribute( 'aria-busy' );
		} );
	}

	function copying( button ) {
		if ( ! window.navigator.clipboard ) {
			return;
		}
		button.hidden = false;
		button.addEventListener( 'click', function () {
			window.navigator.clipboard.writeText( button.getAttribute( 'data-loyaltyd-copy' ) ).then( function () {
				button.closest( 'section' ).querySelector( '.loyaltyd-copied' ).textContent = button.getAttribute( 'data-loyaltyd-copied' );
			} ).catch( function () {
				// Not allowed: the code can still be selected.
				button.hidden = true;
			} );
		} );
	}

	function start() {
		document.querySelectorAll( 'form.loyaltyd-redeem' ).forEach( form );
		document.querySelectorAll( '.loyaltyd-copy' ).forEach( copying );
	}

	if ( 'loading' === document.readyState ) {
		document.addEventListener( 'DOMContentLoaded', start );
	} else {
		start();
	}
}() );
