/**
 * Points in the cart and checkout blocks: what the cart earns, and a form that
 * redeems points and applies the coupon. Texts come from the server.
 */
( function ( wp, wc ) {
	'use strict';

	if ( ! wp || ! wp.plugins || ! wp.element || ! wc || ! wc.blocksCheckout || ! wc.wcSettings ) {
		return;
	}

	var el = wp.element.createElement;
	var useEffect = wp.element.useEffect;
	var useState = wp.element.useState;
	// Taken now: WooCommerce wants to see which script uses what.
	var OrderMeta = wc.blocksCheckout.ExperimentalOrderMeta;
	var DiscountsMeta = wc.blocksCheckout.ExperimentalDiscountsMeta;
	var extensionCartUpdate = wc.blocksCheckout.extensionCartUpdate;
	var settings = wc.wcSettings.getSetting( 'loyaltyd_data', {} );
	var ids = 0;

	function ours( props ) {
		return ( props.extensions && props.extensions.loyaltyd ) || {};
	}

	/** What the cart earns. */
	function Earn( props ) {
		var data = ours( props );
		var state = useState( { question: '', text: '' } );
		var answer = state[ 0 ];
		var setAnswer = state[ 1 ];

		useEffect( function () {
			var current = true;
			if ( null === data.earn && data.question ) {
				wp.apiFetch( { url: settings.cartPoints } ).then( function ( found ) {
					if ( current ) {
						setAnswer( { question: data.question, text: ( settings.account ? found.guest : found.text ) || '' } );
					}
				} ).catch( function () {
					// Nothing is shown when there is no answer.
				} );
			}
			return function () {
				current = false;
			};
		}, [ data.earn, data.question ] );

		var text = null === data.earn ? ( answer.question === data.question ? answer.text : '' ) : data.earn;
		if ( ! text ) {
			return null;
		}
		return el( 'div', { className: 'wc-block-components-totals-wrapper loyaltyd-earn', 'aria-live': 'polite' },
			settings.account ? el( 'a', { href: settings.account }, text ) : el( 'span', null, text )
		);
	}

	// What the shopper did in the form. Kept outside of it, because the blocks
	// draw it anew when the cart changes, and on small screens twice. attempt is
	// the request whose outcome is not known yet.
	var form = { open: false, points: null, busy: false, text: '', bad: false, attempt: null };
	var drawn = [];

	function change( changes ) {
		Object.assign( form, changes );
		drawn.forEach( function ( redraw ) {
			redraw( {} );
		} );
	}

	function redeem( offer, points ) {
		if ( form.busy ) {
			return;
		}
		if ( ! form.attempt || form.attempt.points !== points ) {
			form.attempt = { points: points, key: offer.key };
		}
		change( { busy: true, text: '', bad: false } );
		extensionCartUpdate( { namespace: 'loyaltyd', data: form.attempt } ).then( function () {
			change( { busy: false, points: null, attempt: null, text: settings.done } );
		} ).catch( function ( error ) {
			var known = error && 'string' === typeof error.code && 0 === error.code.indexOf( 'loyaltyd_' );
			change( { busy: false, text: known && error.message ? error.message : settings.trouble, bad: true } );
		} );
	}

	/** The form. */
	function Redeem( props ) {
		var offer = ours( props ).redeem;
		var redraw = useState( {} )[ 1 ];
		var id = useState( function () {
			ids += 1;
			return 'loyaltyd-points-block-' + ids;
		} )[ 0 ];

		useEffect( function () {
			drawn.push( redraw );
			return function () {
				drawn.splice( drawn.indexOf( redraw ), 1 );
			};
		}, [ redraw ] );

		var message = el( 'p', {
			className: 'loyaltyd-redeem__message' + ( form.bad ? ' loyaltyd-redeem__message--bad' : '' ),
			role: form.bad ? 'alert' : 'status'
		}, form.text );
		if ( ! offer ) {
			return form.text ? el( 'div', { className: 'wc-block-components-totals-wrapper' }, message ) : null;
		}

		var points = null === form.points ? String( offer.points ) : form.points;

		// No form element: the blocks are one already.
		return el( 'details', {
			className: 'wc-block-components-totals-wrapper loyaltyd-box',
			open: form.open,
			onToggle: function ( event ) {
				form.open = event.target.open;
			}
		},
			el( 'summary', null, offer.title ),
			el( 'div', { className: 'loyaltyd-redeem', 'aria-busy': form.busy },
				el( 'label', { htmlFor: id }, settings.label ),
				el( 'span', { className: 'loyaltyd-redeem__field' },
					el( 'input', {
						id: id,
						type: 'number',
						inputMode: 'numeric',
						min: offer.least,
						max: offer.most,
						step: offer.multiple,
						value: points,
						'aria-describedby': id + '-hint',
						onChange: function ( event ) {
							change( { points: event.target.value } );
						},
						onKeyDown: function ( event ) {
							if ( 'Enter' === event.key ) {
								event.preventDefault();
								event.stopPropagation();
								redeem( offer, points );
							}
						}
					} ),
					el( 'button', {
						type: 'button',
						className: 'wc-block-components-button wp-element-button contained',
						'aria-disabled': form.busy,
						onClick: function () {
							redeem( offer, points );
						}
					}, settings.redeem ),
					el( 'output', { className: 'loyaltyd-redeem__worth', htmlFor: id, 'aria-live': 'polite' },
						window.loyaltydWorth ? window.loyaltydWorth( points, offer.worth ) : '' )
				),
				el( 'span', { className: 'loyaltyd-redeem__hint', id: id + '-hint' }, offer.hint )
			),
			message
		);
	}

	wp.plugins.registerPlugin( 'loyaltyd', {
		scope: 'woocommerce-checkout',
		render: function () {
			return el( wp.element.Fragment, null,
				OrderMeta ? el( OrderMeta, null, el( Earn ) ) : null,
				DiscountsMeta ? el( DiscountsMeta, null, el( Redeem ) ) : null
			);
		}
	} );
}( window.wp, window.wc ) );
