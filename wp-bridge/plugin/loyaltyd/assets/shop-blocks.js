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
	var useRef = wp.element.useRef;
	var useState = wp.element.useState;
	var OrderMeta = wc.blocksCheckout.ExperimentalOrderMeta;
	var DiscountsMeta = wc.blocksCheckout.ExperimentalDiscountsMeta;
	var settings = wc.wcSettings.getSetting( 'loyaltyd_data', {} );

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

	/** The form. */
	function Redeem( props ) {
		var offer = ours( props ).redeem;
		var points = useState( null );
		var busy = useState( false );
		var message = useState( { text: '', bad: false } );
		// The key of an attempt whose outcome is not known.
		var attempt = useRef( null );

		if ( ! offer ) {
			return message[ 0 ].text ? el( 'div', { className: 'wc-block-components-totals-wrapper', role: 'status' }, message[ 0 ].text ) : null;
		}

		var value = null === points[ 0 ] ? String( offer.points ) : points[ 0 ];
		var worth = window.loyaltydWorth ? window.loyaltydWorth( value, offer.worth ) : '';

		function submit( event ) {
			event.preventDefault();
			event.stopPropagation();
			if ( busy[ 0 ] ) {
				return;
			}
			if ( ! attempt.current || attempt.current.points !== value ) {
				attempt.current = { points: value, key: offer.key };
			}
			busy[ 1 ]( true );
			message[ 1 ]( { text: '', bad: false } );
			wc.blocksCheckout.extensionCartUpdate( {
				namespace: 'loyaltyd',
				data: { points: value, key: attempt.current.key }
			} ).then( function () {
				attempt.current = null;
				points[ 1 ]( null );
				message[ 1 ]( { text: settings.done, bad: false } );
			} ).catch( function ( error ) {
				var known = error && 'string' === typeof error.code && 0 === error.code.indexOf( 'loyaltyd_' );
				message[ 1 ]( { text: known && error.message ? error.message : settings.trouble, bad: true } );
			} ).then( function () {
				busy[ 1 ]( false );
			} );
		}

		// No form element: the blocks are one already.
		return el( 'details', { className: 'wc-block-components-totals-wrapper loyaltyd-box' },
			el( 'summary', null, offer.title ),
			el( 'div', { className: 'loyaltyd-redeem', 'aria-busy': busy[ 0 ] },
				el( 'label', { htmlFor: 'loyaltyd-points-block' }, settings.label ),
				el( 'span', { className: 'loyaltyd-redeem__field' },
					el( 'input', {
						id: 'loyaltyd-points-block',
						type: 'number',
						inputMode: 'numeric',
						min: offer.least,
						max: offer.most,
						step: offer.multiple,
						value: value,
						'aria-describedby': 'loyaltyd-points-block-hint',
						onChange: function ( event ) {
							points[ 1 ]( event.target.value );
						},
						onKeyDown: function ( event ) {
							if ( 'Enter' === event.key ) {
								submit( event );
							}
						}
					} ),
					el( 'button', {
						type: 'button',
						className: 'wc-block-components-button wp-element-button contained',
						disabled: busy[ 0 ],
						onClick: submit
					}, settings.redeem ),
					el( 'output', { className: 'loyaltyd-redeem__worth', htmlFor: 'loyaltyd-points-block', 'aria-live': 'polite' }, worth )
				),
				el( 'span', { className: 'loyaltyd-redeem__hint', id: 'loyaltyd-points-block-hint' }, offer.hint )
			),
			el( 'p', { className: 'loyaltyd-redeem__message' + ( message[ 0 ].bad ? ' loyaltyd-redeem__message--bad' : '' ), role: message[ 0 ].bad ? 'alert' : 'status' }, message[ 0 ].text )
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
