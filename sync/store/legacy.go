package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// legacyOwners and legacyOwned are what hposOwners and hposOwned are.
const (
	legacyOwners = `{p}posts o
		LEFT JOIN {p}posts p ON p.ID = o.post_parent AND p.post_type = 'shop_order' AND o.post_type = 'shop_order_refund'`
	legacyOwned = `(o.post_type = 'shop_order' OR p.ID IS NOT NULL)`
)

// legacyKeys are the meta keys that an order's worth depends on.
var legacyKeys = []string{
	"_customer_user", "_billing_email", "_order_currency", "_order_total", "_order_shipping", "_order_shipping_tax",
	"_date_paid", "_date_completed", "_paid_date", "_completed_date", "_refund_amount",
}

const legacyStatus = 4 // its place

var (
	legacyPostFields = []string{
		"o.ID", utf8("o.post_type"), "o.post_parent", "o.post_date_gmt", utf8("o.post_status"),
		// WordPress leaves the date in GMT at zero until a post is published. (As
		// text, because MariaDB makes NULL of a zero date in an expression.)
		"CASE WHEN " + noDate("o.post_date_gmt") + " THEN CAST(o.post_date AS CHAR) END",
	}

	legacyHead = `(` + headSQL(legacyPostFields, legacyStatus) + ` ^ (
		SELECT BIT_XOR(` + digestMetaSQL("m.post_id") + ` & 4294967295)
		FROM {p}postmeta m WHERE m.post_id = o.ID AND m.meta_key IN (` + quoted(legacyKeys) + `)))`
)

func (sn *Snapshot) legacyRows(ctx context.Context, ids []int64) ([]*orderRow, error) {
	rows, err := withRefunds(ids, "o.post_type", "o.ID", "o.post_parent", func(condition string) ([]*orderRow, error) {
		return sn.legacySelect(ctx, condition)
	})
	if err != nil {
		return nil, err
	}
	return rows, sn.legacyMeta(ctx, rows)
}

func (sn *Snapshot) legacySelect(ctx context.Context, condition string) ([]*orderRow, error) {
	var rows []*orderRow
	var locals []localDate
	same := words{}
	var scratch []byte
	err := sn.each(ctx, `
		SELECT `+columns(legacyPostFields)+`, o.post_modified_gmt
		FROM {p}posts o WHERE `+condition, nil,
		func(r record) error {
			row := &orderRow{id: r.id(0), status: same.keep(r.bytes(legacyStatus)), created: r.time(3), modified: r.time(6)}
			if row.created.IsZero() {
				if local := r.time(5); !local.IsZero() {
					locals = append(locals, localDate{row, local})
				}
			}
			if isRefund(r.bytes(1)) {
				row.parent = r.id(2)
			}
			row.head, scratch = headOf(scratch, r[:len(legacyPostFields)], legacyStatus)
			rows = append(rows, row)
			return nil
		})
	if err != nil {
		return nil, err
	}
	for _, l := range locals {
		zone, err := sn.siteZone(ctx)
		if err != nil {
			return nil, err
		}
		l.row.created = siteTime(l.created, zone)
	}
	return rows, nil
}

// localDate is the date of creation of an order that has one only in the site's
// time.
type localDate struct {
	row     *orderRow
	created time.Time
}

// legacyMeta reads into rows what postmeta says of them.
func (sn *Snapshot) legacyMeta(ctx context.Context, rows []*orderRow) error {
	type first struct {
		id   int64
		text string
	}
	at := make(map[int64]int, len(rows))
	meta := make([]first, len(rows)*len(legacyKeys)) // row by row
	owners := make([]int64, len(rows))
	for i, row := range rows {
		owners[i], at[row.id] = row.id, i
	}
	var values texts
	var scratch []byte
	err := sn.meta(ctx, postMeta, legacyKeys, owners, func(m metaRow) {
		i, there := at[m.owner]
		if !there {
			return
		}
		var sum uint64
		scratch = strconv.AppendInt(scratch[:0], m.owner, 10)
		sum, scratch = digestMeta(scratch, checksumOwners(scratch), m.id, m.name, m.value)
		rows[i].head ^= sum & lowerHalf
		if m.key >= 0 {
			if have := &meta[i*len(legacyKeys)+m.key]; have.id == 0 || m.id < have.id {
				*have = first{m.id, values.keep(m.value)}
			}
		}
	})
	if err != nil {
		return err
	}
	for i, row := range rows {
		get := func(key string) string { return meta[i*len(legacyKeys)+slices.Index(legacyKeys, key)].text }
		row.currency, row.email = get("_order_currency"), get("_billing_email")
		row.total = amount{"_order_total", get("_order_total")}
		row.shipping = amount{"_order_shipping", get("_order_shipping")}
		row.shippingTax = amount{"_order_shipping_tax", get("_order_shipping_tax")}
		row.refunded = amount{"_refund_amount", get("_refund_amount")}
		row.customer = parseID(get("_customer_user"))
		value := func(key string) amount { return amount{key, get(key)} }
		err := sn.setDates(ctx, row, [2]amount{value("_date_paid"), value("_paid_date")},
			[2]amount{value("_date_completed"), value("_completed_date")})
		if err != nil {
			return err
		}
	}
	return nil
}

// legacyChanged returns the orders and refunds that rows newer than c belong
// to, at most limit rows of each of three tables, and the cursor after them.
// post_modified_gmt has no index and does not move with most changes, but
// WooCommerce adds a post, a note or a meta row at nearly all of them.
func (sn *Snapshot) legacyChanged(ctx context.Context, c Cursor, limit int) (ids []int64, next Cursor, more bool, err error) {
	next = c
	for _, tail := range []struct {
		cursor *int64
		query  string
	}{
		{&next.Post, `SELECT ID, CASE WHEN post_type IN ('shop_order', 'shop_order_refund') THEN ID END
			FROM {p}posts WHERE ID > ? ORDER BY ID LIMIT ?`},
		{&next.Comment, `SELECT comment_ID, CASE WHEN comment_type = 'order_note' THEN comment_post_ID END
			FROM {p}comments WHERE comment_ID > ? ORDER BY comment_ID LIMIT ?`},
		{&next.Meta, `SELECT meta_id, post_id
			FROM {p}postmeta WHERE meta_id > ? ORDER BY meta_id LIMIT ?`},
	} {
		read := 0
		err := sn.each(ctx, tail.query, []any{*tail.cursor, limit}, func(r record) error {
			read++
			*tail.cursor = r.id(0)
			ids = append(ids, r.id(1))
			return nil
		})
		if err != nil {
			return nil, c, false, err
		}
		more = more || read == limit
	}
	return ids, next, more, nil
}

// ModifiedSince returns the orders and refunds with an id above after whose
// modified date is at since or later, by id, at most limit. In legacy storage
// that reads every post above after: a change of status or date that leaves no
// note shows nowhere else.
func (sn *Snapshot) ModifiedSince(ctx context.Context, storage Storage, since time.Time, after int64, limit int) ([]Row, error) {
	var query string
	switch storage {
	case HPOS:
		query = `SELECT id FROM {p}wc_orders
			WHERE date_updated_gmt >= ? AND id > ? AND type IN ('shop_order', 'shop_order_refund')
			ORDER BY id LIMIT ?`
	case Legacy:
		query = `SELECT ID FROM {p}posts FORCE INDEX (PRIMARY)
			WHERE post_modified_gmt >= ? AND ID > ? AND post_type IN ('shop_order', 'shop_order_refund')
			ORDER BY ID LIMIT ?`
	default:
		return nil, unknownStorage(storage)
	}
	var ids []int64
	err := sn.each(ctx, query, []any{since.UTC().Format(time.DateTime), after, limit}, func(r record) error {
		ids = append(ids, r.id(0))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read orders modified since %s: %w", since.UTC().Format(time.DateTime), err)
	}
	return sn.Rows(ctx, storage, ids)
}
