package store

import (
	"context"
	"fmt"
)

// statesSQL gives bucket, number and combined state sums of the orders and, in
// a second part, of the refunds whose order exists. An index with type and
// status holds all that is asked of an order.
func statesSQL(storage Storage) (string, error) {
	state := ` COUNT(*), BIT_XOR(` + stateSQL("o.id", hposFields[hposStatus]) + `) FROM `
	switch storage {
	case HPOS:
		return `
			SELECT o.id DIV ? AS n,` + state + `{p}wc_orders o WHERE o.type = 'shop_order' GROUP BY n
			UNION ALL
			SELECT o.id DIV ? AS n,` + state + hposOwners + `
			WHERE o.type = 'shop_order_refund' AND p.id IS NOT NULL GROUP BY n`, nil
	case Legacy:
		state = ` COUNT(*), BIT_XOR(` + stateSQL("o.ID", legacyPostFields[legacyStatus]) + `) FROM `
		return `
			SELECT o.ID DIV ? AS n,` + state + `{p}posts o WHERE o.post_type = 'shop_order' GROUP BY n
			UNION ALL
			SELECT o.ID DIV ? AS n,` + state + legacyOwners + `
			WHERE o.post_type = 'shop_order_refund' AND p.ID IS NOT NULL GROUP BY n`, nil
	}
	return "", unknownStorage(storage)
}

// States returns the combined states of all orders and refunds in buckets of
// ids: what State says of their heads.
func (sn *Snapshot) States(ctx context.Context, storage Storage, size int64) ([]Bucket, error) {
	query, err := statesSQL(storage)
	if err != nil {
		return nil, err
	}
	var all []Bucket
	at := map[int64]int{}
	err = sn.each(ctx, query, []any{size, size}, func(r record) error {
		n := r.id(0)
		i, known := at[n]
		if !known {
			i = len(all)
			at[n], all = i, append(all, Bucket{N: n})
		}
		all[i].Count += r.id(1)
		all[i].Sum ^= r.sum(2)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sum the states of orders: %w", err)
	}
	return all, nil
}
