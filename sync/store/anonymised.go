package store

import (
	"context"
	"fmt"
)

// Anonymised returns those of the orders that carry WooCommerce's mark of orders
// without personal data.
func (sn *Snapshot) Anonymised(ctx context.Context, storage Storage, ids []int64) ([]int64, error) {
	var table, order string
	switch storage {
	case HPOS:
		table, order = "{p}wc_orders_meta", "order_id"
	case Legacy:
		table, order = "{p}postmeta", "post_id"
	default:
		return nil, unknownStorage(storage)
	}
	var marked []int64
	err := chunks(ids, maxList, func(part []int64) error {
		return sn.each(ctx, `
			SELECT DISTINCT `+order+` FROM `+table+`
			WHERE `+order+` IN (`+list(part)+`) AND meta_key = '_anonymized' AND meta_value = 'yes'`, nil,
			func(r record) error {
				marked = append(marked, r.id(0))
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read which orders were made anonymous: %w", err)
	}
	return marked, nil
}
