/* Coupons > Loyalty in wp-admin. Every page also works without it. */
( function () {
	'use strict';

	var __ = wp.i18n.__;

	/** The two days are asked for only when a custom range is chosen. */
	function period() {
		var select = document.getElementById( 'loyaltyd-period' );
		var days = document.querySelector( '.loyaltyd-range[data-custom]' );
		if ( ! select || ! days ) {
			return;
		}
		var show = function () {
			days.hidden = select.value !== 'custom';
			days.querySelectorAll( 'input' ).forEach( function ( input ) {
				input.disabled = days.hidden;
			} );
		};
		select.addEventListener( 'change', function () {
			show();
			if ( select.value !== 'custom' ) {
				select.form.submit();
			}
		} );
		show();
	}

	/** Bars of points issued and redeemed. */
	function plot( box ) {
		var data = JSON.parse( box.dataset.plot );
		var style = getComputedStyle( box );
		var colors = [ '--loyaltyd-issued', '--loyaltyd-redeemed' ].map( function ( name ) {
			return style.getPropertyValue( name ).trim();
		} );
		var number = new Intl.NumberFormat( data.locale );
		var short = new Intl.NumberFormat( data.locale, { notation: 'compact' } );
		var places = data.labels.map( function ( _, i ) {
			return i;
		} );
		var bars = function ( i ) {
			return {
				label: data.names[ i ],
				fill: colors[ i ],
				width: 0,
				paths: uPlot.paths.bars( { size: [ 0.4, 40 ], align: i === 0 ? -1 : 1 } ),
				points: { show: false },
				value: function ( _, points ) {
					return points === null || points === undefined ? '–' : number.format( points );
				},
			};
		};
		var axis = { stroke: '#50575e', font: '12px ' + style.fontFamily, grid: { stroke: '#f0f0f1', width: 1 }, ticks: { show: false } };
		var width = function () {
			return box.clientWidth - parseFloat( style.paddingLeft ) - parseFloat( style.paddingRight );
		};
		var chart = new uPlot( {
			width: width(),
			height: 220,
			cursor: { y: false, drag: { x: false, y: false } },
			scales: {
				x: { time: false, range: [ -0.6, places.length - 0.4 ], dir: document.dir === 'rtl' || document.body.classList.contains( 'rtl' ) ? -1 : 1 },
				y: { range: function ( _, low, high ) {
					return [ Math.min( 0, low ), Math.max( 4, high * 1.08 ) ];
				} },
			},
			series: [
				{ label: __( 'Date', 'loyaltyd' ), value: function ( _, i ) {
					return i === null || i === undefined ? '–' : data.labels[ i ];
				} },
				bars( 0 ),
				bars( 1 ),
			],
			axes: [
				Object.assign( {}, axis, {
					grid: { show: false },
					space: 64,
					incrs: [ 1, 2, 3, 5, 7, 10, 14, 20, 30, 60 ],
					values: function ( _, at ) {
						return at.map( function ( i ) {
							return data.short[ i ] || '';
						} );
					},
				} ),
				Object.assign( {}, axis, {
					side: document.body.classList.contains( 'rtl' ) ? 1 : 3,
					size: 56,
					values: function ( _, at ) {
						return at.map( function ( points ) {
							return points % 1 ? '' : short.format( points );
						} );
					},
				} ),
			],
		}, [ places, data.issued, data.redeemed ], box );
		new ResizeObserver( function () {
			chart.setSize( { width: width(), height: 220 } );
		} ).observe( box );
	}

	/** Customers of a range for which nothing stands ready are counted apart. */
	function count( foot ) {
		var cells = document.querySelectorAll( 'td[data-customers]' );
		var box = document.querySelector( '[data-earners]' );
		var link = foot.querySelector( 'a' );
		var number = new Intl.NumberFormat( foot.dataset.locale );
		var counting = __( 'Counting…', 'loyaltyd' );
		var say = function ( text ) {
			foot.textContent = text;
		};
		say( counting );
		box.textContent = counting;
		wp.apiFetch( { path: foot.dataset.count } ).then( function ( found ) {
			cells.forEach( function ( cell ) {
				cell.textContent = number.format( found.sources[ cell.dataset.customers ] || 0 );
			} );
			if ( found.earners.length ) {
				box.replaceWith( earners( found.earners, number ) );
			} else {
				box.textContent = __( 'No customer earned points in this period.', 'loyaltyd' );
			}
			/* translators: %s: a number of customers. */
			say( wp.i18n.sprintf( wp.i18n._n( '%s customer had entries in this period.', '%s customers had entries in this period.', found.participants, 'loyaltyd' ), number.format( found.participants ) ) );
		} ).catch( function () {
			box.textContent = '–';
			say( __( 'The customers could not be counted.', 'loyaltyd' ) + ' ' );
			foot.append( link );
		} );
	}

	/** The same table as the page has for periods that stand ready. */
	function earners( rows, number ) {
		var table = document.createElement( 'table' );
		var head = table.createTHead().insertRow();
		var body = table.createTBody();
		var add = function ( row, tag, content, isNumber ) {
			var cell = document.createElement( tag );
			if ( tag === 'th' ) {
				cell.scope = row === head ? 'col' : 'row';
			}
			if ( isNumber ) {
				cell.className = 'num';
			}
			cell.append( content );
			row.append( cell );
		};
		table.className = 'loyaltyd-table';
		add( head, 'th', __( 'Customer', 'loyaltyd' ), false );
		add( head, 'th', __( 'Points', 'loyaltyd' ), true );
		add( head, 'th', __( 'Balance', 'loyaltyd' ), true );
		rows.forEach( function ( one ) {
			var row = body.insertRow();
			var link = document.createElement( 'a' );
			var name = document.createElement( 'bdi' );
			name.textContent = one.name;
			link.href = one.url;
			link.append( name );
			add( row, 'th', link, false );
			add( row, 'td', number.format( one.earned ), true );
			add( row, 'td', number.format( one.balance ), true );
		} );
		return table;
	}

	/** Rows of a setting that can be added and removed. */
	function rows( table ) {
		var body = table.tBodies[ 0 ];
		var last = body.rows[ body.rows.length - 1 ];
		if ( ! last || table.dataset.locked ) {
			return;
		}
		var next = body.rows.length;
		var blank = last.cloneNode( true );
		var id = body.rows[ 0 ].querySelector( '[id]' );
		// The rows to fill in without this script give way to the button.
		Array.from( body.rows ).slice( -2 ).forEach( function ( row ) {
			row.remove();
		} );
		var removable = function ( row ) {
			var cell = row.insertCell();
			var button = document.createElement( 'button' );
			button.type = 'button';
			button.className = 'button-link button-link-delete';
			button.textContent = __( 'Remove', 'loyaltyd' );
			button.addEventListener( 'click', function () {
				var focus = row.nextElementSibling || row.previousElementSibling;
				row.remove();
				show();
				( ( focus && focus.querySelector( 'input, select' ) ) || add ).focus();
			} );
			cell.append( button );
		};
		var add = document.createElement( 'button' );
		add.type = 'button';
		add.className = 'button';
		add.textContent = table.dataset.add;
		// Where a list of problems links to when there are no rows.
		if ( id && ! body.rows.length ) {
			add.id = id.id;
		}
		var show = function () {
			table.hidden = ! body.rows.length;
		};
		add.addEventListener( 'click', function () {
			var row = blank.cloneNode( true );
			row.querySelectorAll( '[name]' ).forEach( function ( input ) {
				input.name = input.name.replace( /\[\d+\](?!.*\[\d+\])/, '[' + next + ']' );
				input.removeAttribute( 'id' );
			} );
			next++;
			removable( row );
			body.append( row );
			show();
			row.querySelectorAll( 'input[data-suggest]' ).forEach( suggestions );
			row.querySelector( 'input, select' ).focus();
		} );
		table.tHead.rows[ 0 ].insertCell().innerHTML = '<span class="screen-reader-text"></span>';
		Array.from( body.rows ).forEach( removable );
		table.after( add );
		show();
	}

	/** Suggests products and customers while people type. */
	function suggestions( input ) {
		var list = document.createElement( 'datalist' );
		var timer;
		list.id = 'loyaltyd-list-' + Math.random().toString( 36 ).slice( 2 );
		input.after( list );
		input.setAttribute( 'list', list.id );
		input.addEventListener( 'input', function () {
			clearTimeout( timer );
			var text = input.value.trim();
			if ( text.length < 2 || /^\d+ – /.test( text ) ) {
				return;
			}
			timer = setTimeout( function () {
				wp.apiFetch( { path: input.dataset.suggest + encodeURIComponent( text ) } ).then( function ( found ) {
					list.replaceChildren.apply( list, found.map( function ( one ) {
						var option = document.createElement( 'option' );
						option.value = one.id + ' – ' + new DOMParser().parseFromString( one.title || one.name, 'text/html' ).documentElement.textContent;
						return option;
					} ) );
				} ).catch( function () {} );
			}, 250 );
		} );
	}

	/** Text that can be copied by one click. */
	function copy( button ) {
		var source = document.getElementById( button.dataset.copy );
		button.hidden = false;
		button.addEventListener( 'click', function () {
			source.focus();
			source.select();
			var done = function () {
				wp.a11y && wp.a11y.speak( __( 'Copied.', 'loyaltyd' ) );
				button.textContent = __( 'Copied.', 'loyaltyd' );
			};
			if ( navigator.clipboard && window.isSecureContext ) {
				navigator.clipboard.writeText( source.value ).then( done, function () {} );
			} else if ( document.execCommand( 'copy' ) ) {
				done();
			}
		} );
	}

	/** A form that changes something is sent once. */
	function once( form ) {
		form.addEventListener( 'submit', function ( event ) {
			if ( form.dataset.sent ) {
				event.preventDefault();
				return;
			}
			form.dataset.sent = '1';
		} );
		window.addEventListener( 'pageshow', function () {
			delete form.dataset.sent;
		} );
	}

	function start() {
		period();
		document.querySelectorAll( '[data-plot]' ).forEach( plot );
		document.querySelectorAll( '[data-count]' ).forEach( count );
		document.querySelectorAll( 'table[data-add]' ).forEach( rows );
		document.querySelectorAll( 'input[data-suggest]' ).forEach( suggestions );
		document.querySelectorAll( 'button[data-copy]' ).forEach( copy );
		document.querySelectorAll( '.loyaltyd form[method="post"]' ).forEach( once );
	}

	if ( document.readyState === 'loading' ) {
		document.addEventListener( 'DOMContentLoaded', start );
	} else {
		start();
	}
}() );
