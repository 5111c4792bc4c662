package sync

import (
	"context"
	"fmt"
	"slices"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// settleOrders looks once more at orders that may have been half written when
// they were read. One that is as it was seen is struck off the list: whatever
// else changes an order's worth lists it under a cause of its own. What is seen
// does not cover coupons, so that an order with any is always looked at.
func (r *run) settleOrders(ctx context.Context, orders []found) error {
	if len(orders) == 0 {
		return nil
	}
	ids := orderBatch{orders: orders}.ids()
	var records []store.OrderRecord
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		records, err = sn.Orders(ctx, r.settings.Storage, ids, false)
		return err
	})
	if err != nil {
		return fmt.Errorf("orders %s: %w", idRange(ids), err)
	}
	var rows []int64
	for i := range records {
		for _, row := range records[i].Rows {
			rows = append(rows, row.ID)
		}
	}
	seen, err := r.seenOrders(ctx, r.ledger.DB(), rows)
	if err != nil {
		return err
	}
	same := map[int64]bool{}
	for i := range records {
		record := &records[i]
		moved := slices.ContainsFunc(record.Rows, func(row store.RowSums) bool { return rowChanged(row, seen[row.ID]) })
		same[record.Order.ID] = !moved && len(record.Codes) == 0
	}
	var settled []int64
	var batch orderBatch
	for _, f := range orders {
		if same[f.id] {
			settled = append(settled, f.id)
		} else {
			batch.orders = append(batch.orders, f)
		}
	}
	if len(settled) > 0 {
		batch.done = func(ctx context.Context, tx *ledger.Tx) error { return r.doneTodos(ctx, tx, kindOrder, settled) }
	}
	return r.lookAtOrders(ctx, batch)
}
