package store

import (
	"context"
	"time"
)

// hposOwners joins to an order o nothing and to a refund o its order p;
// hposOwned then tells the rows that belong to an order: orders, and refunds
// whose order exists.
const (
	hposOwners = `{p}wc_orders o
		LEFT JOIN {p}wc_orders p ON p.id = o.parent_order_id AND p.type = 'shop_order' AND o.type = 'shop_order_refund'`
	hposOwned = `(o.type = 'shop_order' OR p.id IS NOT NULL)`

	// What only refunds have, of duplicates the first.
	hposRefunded = `CASE WHEN o.type = 'shop_order_refund' THEN (
		SELECT m.meta_value FROM {p}wc_orders_meta m
		WHERE m.order_id = o.id AND m.meta_key = '_refund_amount' ORDER BY m.id LIMIT 1) END`
)

// hposWritten is a date of an order in its meta, of duplicates the first, where
// the order has none in its column and needs one: WooCommerce's move of orders
// to these tables leaves there the dates of releases before 3.0. Whoever has a
// paid date needs no other.
func hposWritten(key, unless string) string {
	return `CASE WHEN ` + noDate("d.date_paid_gmt") + unless + ` AND o.type = 'shop_order' AND o.status NOT IN (` + quoted(idle) + `) THEN (
		SELECT m.meta_value FROM {p}wc_orders_meta m
		WHERE m.order_id = o.id AND m.meta_key = '` + key + `' ORDER BY m.id LIMIT 1) END`
}

const hposStatus = 10 // its place

// The date of the last change is left out: each save moves it.
var (
	hposFields = []string{
		"o.id", utf8("o.type"), "o.parent_order_id", "o.customer_id", "o.total_amount",
		"o.date_created_gmt", "d.date_paid_gmt", "d.date_completed_gmt", "d.shipping_total_amount", "d.shipping_tax_amount",
		utf8("o.status"), utf8("o.currency"), utf8(hposRefunded),
		utf8(hposWritten("_paid_date", "")), utf8(hposWritten("_completed_date", " AND "+noDate("d.date_completed_gmt"))),
		utf8("o.billing_email"),
	}

	hposHead = headSQL(hposFields, hposStatus)
)

func (sn *Snapshot) hposRows(ctx context.Context, ids []int64) ([]*orderRow, error) {
	return withRefunds(ids, "o.type", "o.id", "o.parent_order_id", func(condition string) ([]*orderRow, error) {
		return sn.hposSelect(ctx, condition)
	})
}

func (sn *Snapshot) hposSelect(ctx context.Context, condition string) ([]*orderRow, error) {
	var rows []*orderRow
	var written []hposDates
	var values texts
	same := words{}
	var scratch []byte
	err := sn.each(ctx, `
		SELECT `+columns(hposFields)+`, o.date_updated_gmt
		FROM {p}wc_orders o
		LEFT JOIN {p}wc_order_operational_data d ON d.order_id = o.id
		WHERE `+condition, nil,
		func(r record) error {
			row := &orderRow{
				id: r.id(0), customer: r.id(3), created: r.time(5), paid: r.time(6), completed: r.time(7), modified: r.time(16),
				status: same.keep(r.bytes(hposStatus)), currency: same.keep(r.bytes(11)), email: values.keep(r.bytes(15)),
				total:       amount{"total_amount", values.keep(r.bytes(4))},
				shipping:    amount{"shipping_total_amount", values.keep(r.bytes(8))},
				shippingTax: amount{"shipping_tax_amount", values.keep(r.bytes(9))},
				refunded:    amount{"_refund_amount", values.keep(r.bytes(12))},
			}
			if isRefund(r.bytes(1)) {
				row.parent = r.id(2)
			}
			row.head, scratch = headOf(scratch, r[:len(hposFields)], hposStatus)
			rows = append(rows, row)
			if row.parent == 0 && row.paid.IsZero() {
				written = append(written, hposDates{row, values.keep(r.bytes(13)), values.keep(r.bytes(14))})
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	for _, w := range written {
		err := sn.setDates(ctx, w.row, [2]amount{{"_paid_date", w.paid}}, [2]amount{{"_completed_date", w.completed}})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// hposDates are what the meta of an order says of its dates.
type hposDates struct {
	row             *orderRow
	paid, completed string
}

// hposChanged returns the ids changed at c or later, in order of change, at
// most limit, and the cursor after them.
func (sn *Snapshot) hposChanged(ctx context.Context, c Cursor, limit int) (ids []int64, next Cursor, more bool, err error) {
	now, err := sn.now(ctx)
	if err != nil {
		return nil, c, false, err
	}
	from := c.Updated.UTC().Format(time.DateTime)
	next, last, read := c, c, 0
	// Two plain comparisons, because neither server uses the index for
	// (date_updated_gmt, id) > (?, ?).
	err = sn.each(ctx, `
		SELECT id, date_updated_gmt FROM {p}wc_orders
		WHERE date_updated_gmt >= ? AND (date_updated_gmt > ? OR id > ?)
		ORDER BY date_updated_gmt, id LIMIT ?`, []any{from, from, c.Post, limit},
		func(r record) error {
			read++
			ids = append(ids, r.id(0))
			last.Updated, last.Post = r.time(1), r.id(0)
			if !last.Updated.After(now) {
				next = last
			}
			return nil
		})
	if err != nil {
		return nil, c, false, err
	}
	if more = read == limit; more {
		return ids, last, true, nil
	}
	// At the end the cursor rests on the last change that is not in the
	// future: clocks may be wrong, and dates be set at will.
	if next.Updated.After(now) {
		next.Updated, next.Post = now, 0
	}
	return ids, next, false, nil
}

func (sn *Snapshot) now(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := sn.each(ctx, `SELECT UTC_TIMESTAMP()`, nil, func(r record) error {
		now = r.time(0)
		return nil
	})
	return now, err
}
