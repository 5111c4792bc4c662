package store

import (
	"context"
	"fmt"
)

// contentsSQL reads the rows of the items' meta from one id to before another
// and what they belong to. Along the primary key neighbouring rows belong
// together, so that hardly any item or order is looked up twice; from the
// orders' side each row would be looked up by itself.
func contentsSQL(storage Storage) (string, error) {
	owners, owned, id := hposOwners, hposOwned, "o.id"
	switch storage {
	case HPOS:
	case Legacy:
		owners, owned, id = legacyOwners, legacyOwned, "o.ID"
	default:
		return "", unknownStorage(storage)
	}
	return `
		SELECT i.order_id DIV ? AS n, BIT_XOR(` + bodyDigest + `)
		FROM {p}woocommerce_order_itemmeta m FORCE INDEX (PRIMARY)
		STRAIGHT_JOIN {p}woocommerce_order_items i ON i.order_item_id = m.order_item_id
		STRAIGHT_JOIN ` + owners + `
		WHERE ` + id + ` = i.order_id AND ` + owned + ` AND i.order_item_type IN (` + quoted(itemKinds) + `)
		  AND m.meta_id >= ? AND m.meta_id < ? AND m.meta_key IN (` + quoted(itemKeys) + `)
		GROUP BY n`, nil
}

// Contents adds to sums what the rows of the items' meta with
// from <= id < to add to the bodies of orders and refunds, combined in buckets
// of the owners' ids. Over all rows of the table that gives the combined body
// sums of each bucket. The statement is as long as the range, whatever the
// ids of the orders are.
func (sn *Snapshot) Contents(ctx context.Context, storage Storage, from, to, size int64, sums map[int64]uint64) error {
	query, err := contentsSQL(storage)
	if err != nil {
		return err
	}
	err = sn.each(ctx, query, []any{size, from, to}, func(r record) error {
		sums[r.id(0)] ^= r.sum(1)
		return nil
	})
	if err != nil {
		return fmt.Errorf("sum the lines of orders, meta rows %d to %d: %w", from, to, err)
	}
	return nil
}

// ContentSum returns one digest of the same rows, without a look at what they
// belong to, and the lowest and the highest id of the items that they name, 0
// if there are no rows. While it and the ItemSum of those items stay the same,
// and the same orders exist, so does what the rows add to Contents. It costs
// little more than to read them.
func (sn *Snapshot) ContentSum(ctx context.Context, from, to int64) (sum uint64, first, last int64, err error) {
	err = sn.each(ctx, `
		SELECT BIT_XOR(`+digestMetaSQL("m.order_item_id")+`), MIN(m.order_item_id), MAX(m.order_item_id)
		FROM {p}woocommerce_order_itemmeta m FORCE INDEX (PRIMARY)
		WHERE m.meta_id >= ? AND m.meta_id < ? AND m.meta_key IN (`+quoted(itemKeys)+`)`, []any{from, to}, func(r record) error {
		sum, first, last = r.sum(0), r.id(1), r.id(2)
		return nil
	})
	if err != nil {
		return 0, 0, 0, fmt.Errorf("sum meta rows %d to %d of items: %w", from, to, err)
	}
	return sum, first, last, nil
}

// ItemSum returns one digest of the items from first to last.
func (sn *Snapshot) ItemSum(ctx context.Context, first, last int64) (sum uint64, err error) {
	err = sn.each(ctx, `
		SELECT BIT_XOR(`+digestSQL("i.order_item_id", "i.order_id", utf8("i.order_item_type"))+`)
		FROM {p}woocommerce_order_items i FORCE INDEX (PRIMARY)
		WHERE i.order_item_id BETWEEN ? AND ?`, []any{first, last}, func(r record) error {
		sum = r.sum(0)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sum items %d to %d: %w", first, last, err)
	}
	return sum, nil
}

// MaxContent returns the highest id of the items' meta, 0 if there is none.
func (sn *Snapshot) MaxContent(ctx context.Context) (int64, error) {
	return sn.maxID(ctx, `SELECT MAX(meta_id) FROM {p}woocommerce_order_itemmeta`)
}

// NextContent returns the lowest id of the items' meta from id on, 0 if there
// is none.
func (sn *Snapshot) NextContent(ctx context.Context, id int64) (int64, error) {
	return sn.nextID(ctx, `SELECT MIN(meta_id) FROM {p}woocommerce_order_itemmeta WHERE meta_id >= ?`, id)
}
