package store

import (
	"context"
	"fmt"
)

// heads gives for each order, and each refund of one, for which condition on
// its row o holds: id, order of a refund or NULL, head sum, date of change.
func (sn *Snapshot) heads(ctx context.Context, storage Storage, condition string, args []any, visit func(record) error) error {
	query, err := headsSQL(storage, condition)
	if err != nil {
		return err
	}
	return sn.each(ctx, query+` ORDER BY o.id`, args, visit)
}

func headsSQL(storage Storage, condition string) (string, error) {
	switch storage {
	case HPOS:
		return `
			SELECT o.id AS id, p.id AS parent, ` + hposHead + ` AS head, o.date_updated_gmt AS modified
			FROM ` + hposOwners + `
			LEFT JOIN {p}wc_order_operational_data d ON d.order_id = o.id
			WHERE ` + hposOwned + ` AND ` + condition, nil
	case Legacy:
		return `
			SELECT o.ID AS id, p.ID AS parent, ` + legacyHead + ` AS head, o.post_modified_gmt AS modified
			FROM ` + legacyOwners + `
			WHERE ` + legacyOwned + ` AND ` + condition, nil
	}
	return "", unknownStorage(storage)
}

// bodyDigest is that of a row m of the meta of an item i.
var bodyDigest = digestMetaSQL("i.order_id", "i.order_item_id", utf8("i.order_item_type"))

// bodiesSQL gives for each such order or refund with lines or fees: id, body
// sum.
func bodiesSQL(storage Storage, condition string) (string, error) {
	owners, owned := hposOwners, hposOwned
	switch storage {
	case HPOS:
	case Legacy:
		owners, owned = legacyOwners, legacyOwned
	default:
		return "", unknownStorage(storage)
	}
	return `
		SELECT i.order_id AS id, BIT_XOR(` + bodyDigest + `) AS body
		FROM ` + owners + `
		JOIN {p}woocommerce_order_items i ON i.order_id = o.id AND i.order_item_type IN (` + quoted(itemKinds) + `)
		JOIN {p}woocommerce_order_itemmeta m ON m.order_item_id = i.order_item_id AND m.meta_key IN (` + quoted(itemKeys) + `)
		WHERE ` + owned + ` AND ` + condition + `
		GROUP BY i.order_id`, nil
}

const inRange = `o.id >= ? AND o.id < ?`

// Heads returns the rows of orders, and of refunds of an order, with
// from <= id < to, by id, without their bodies.
func (sn *Snapshot) Heads(ctx context.Context, storage Storage, from, to int64) ([]RowSums, error) {
	var rows []RowSums
	err := sn.heads(ctx, storage, inRange, []any{from, to}, func(r record) error {
		rows = append(rows, RowSums{ID: r.id(0), Parent: r.id(1), Head: r.sum(2)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sum orders %d to %d: %w", from, to, err)
	}
	return rows, nil
}

// Bodies returns the body sums of those of the same rows that own lines or
// fees.
func (sn *Snapshot) Bodies(ctx context.Context, storage Storage, from, to int64) (map[int64]uint64, error) {
	query, err := bodiesSQL(storage, inRange)
	if err != nil {
		return nil, err
	}
	return sn.sums(ctx, "the lines of orders", query, from, to)
}

// HeadBuckets returns what Heads does, combined in buckets of ids, by bucket.
func (sn *Snapshot) HeadBuckets(ctx context.Context, storage Storage, from, to, size int64) ([]Bucket, error) {
	query, err := headsSQL(storage, inRange)
	if err != nil {
		return nil, err
	}
	return sn.buckets(ctx, "orders", query, "head", from, to, size)
}

// buckets combines the sums of query, which gives id and sum of the rows from
// its first parameter to before its second.
func (sn *Snapshot) buckets(ctx context.Context, what, query, sum string, from, to, size int64) ([]Bucket, error) {
	var all []Bucket
	err := sn.each(ctx, `
		SELECT s.id DIV ? AS n, COUNT(*), BIT_XOR(s.`+sum+`) FROM (`+query+`) s GROUP BY n ORDER BY n`,
		[]any{size, from, to},
		func(r record) error {
			all = append(all, Bucket{N: r.id(0), Count: r.id(1), Sum: r.sum(2)})
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("sum %s %d to %d: %w", what, from, to, err)
	}
	return all, nil
}

// sums returns the sums of query, which gives id and sum of the rows from its
// first parameter to before its second.
func (sn *Snapshot) sums(ctx context.Context, what, query string, from, to int64) (map[int64]uint64, error) {
	sums := map[int64]uint64{}
	err := sn.each(ctx, query, []any{from, to}, func(r record) error {
		sums[r.id(0)] = r.sum(1)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sum %s %d to %d: %w", what, from, to, err)
	}
	return sums, nil
}
