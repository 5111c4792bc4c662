package sync

import (
	"context"
	"fmt"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

func (r *run) lookForOrders(ctx context.Context) error {
	switch r.mode {
	case Full:
		return r.everyOrder(ctx)
	case Sweep:
		if err := r.changedOrders(ctx); err != nil {
			return err
		}
		return r.sweepOrders(ctx)
	default:
		return r.changedOrders(ctx)
	}
}

// changedOrders looks at the orders that show a change since the last run.
func (r *run) changedOrders(ctx context.Context) error {
	cursor := r.state.Orders.Back(r.settings.Storage, overlapTime, overlapIDs)
	// Most of what is read again has not changed: several pages make one batch.
	batch := orderBatch{settle: true}
	listed := map[int64]bool{} // in the batch
	for more := true; more; {
		var rows []store.Row
		var next store.Cursor
		err := r.snapshot(ctx, func(sn *store.Snapshot) error {
			var err error
			rows, next, more, err = sn.ChangedOrders(ctx, r.settings.Storage, cursor, pageOrders)
			return err
		})
		if err != nil {
			return err
		}
		changed, err := r.reallyChanged(ctx, rows)
		if err != nil {
			return err
		}
		cursor = next
		for _, f := range changed {
			if !listed[f.id] {
				listed[f.id] = true
				batch.orders = append(batch.orders, f)
			}
		}
		for len(batch.orders) > pageOrders {
			part := orderBatch{orders: batch.orders[:pageOrders], settle: true}
			if err := r.lookAtOrders(ctx, part); err != nil {
				return err
			}
			for _, f := range part.orders {
				delete(listed, f.id)
			}
			batch.orders = batch.orders[pageOrders:]
		}
	}
	if r.state.Orders != cursor {
		batch.done = func(ctx context.Context, tx *ledger.Tx) error {
			r.state.Orders = cursor
			return r.saveState(ctx, tx)
		}
	}
	if err := r.lookAtOrders(ctx, batch); err != nil {
		return err
	}
	return r.modifiedOrders(ctx)
}

// reallyChanged returns the orders whose rows are not as they were last seen.
func (r *run) reallyChanged(ctx context.Context, rows []store.Row) ([]found, error) {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	type head struct {
		ID   int64  `db:"id"`
		Head uint64 `db:"head"`
	}
	seen, err := selectIn[head](ctx, r.ledger.DB(), r.sql(`SELECT id, head FROM {p}loyalty_seen_orders WHERE id IN (?)`), ids)
	if err != nil {
		return nil, fmt.Errorf("read what was seen of orders: %w", err)
	}
	heads := make(map[int64]uint64, len(seen))
	for _, row := range seen {
		heads[row.ID] = row.Head
	}
	var changed []found
	listed := map[int64]bool{}
	for _, row := range rows {
		head, known := heads[row.ID]
		if order := row.Order(); (!known || head != row.Head) && !listed[order] {
			listed[order] = true
			changed = append(changed, found{id: order})
		}
	}
	return changed, nil
}

// lastID is after every id.
const lastID = int64(1<<63 - 1)

// everyOrder looks at every order that the store has or had. While pages are
// judged and posted the next ones are read.
func (r *run) everyOrder(ctx context.Context) error {
	of, err := r.lastOrder(ctx)
	if err != nil {
		return err
	}
	read := pageReader[orderPage]{find: r.findOrders, fill: r.fillOrders}
	return everyPage(ctx, r.Store, read, r.resume(), r.postPage, r.lookAtPageAgain,
		func(through int64) { r.report("orders", min(through, of), of) })
}

// orderPage is a page of orders as read, with what those that show it
// themselves are worth.
type orderPage struct {
	ids     []int64
	records []store.OrderRecord
	valued  []valuedOrder // as records; nil if unknown
}

func (r *run) findOrders(ctx context.Context, sn *store.Snapshot, after int64) (page orderPage, through int64, err error) {
	most := r.density.orders(r.pageEvery())
	page.ids, err = sn.OrderIDs(ctx, r.settings.Storage, after, most)
	through = lastID
	if len(page.ids) == most {
		through = page.ids[most-1]
	}
	return page, through, err
}

func (r *run) fillOrders(ctx context.Context, sn *store.Snapshot, page orderPage) (orderPage, error) {
	var err error
	page.records, err = sn.Orders(ctx, r.settings.Storage, page.ids, false)
	r.density.note(page.records)
	page.valued = r.valueAhead(page.records)
	return page, err
}

// postPage brings the ledger up to date with a page that was read.
func (r *run) postPage(ctx context.Context, page *page[orderPage], after int64) (through int64, err error) {
	batch, through, err := r.batchOf(ctx, page.sn, page.content.ids, after, page.through)
	if err != nil {
		return 0, err
	}
	if through != page.through || len(batch.gone) > 0 {
		return 0, errReadAgain
	}
	batch.done = r.passed(through)
	if len(batch.orders) == 0 && batch.done == nil {
		return through, nil
	}
	if err := r.lookAtRecords(ctx, page.sn, batch, page.content); err != nil {
		return 0, fmt.Errorf("orders %s: %w", idRange(page.content.ids), err)
	}
	return through, nil
}

// lookAtPageAgain looks at the page of orders after an id, reading it itself.
func (r *run) lookAtPageAgain(ctx context.Context, after int64) (through int64, err error) {
	batch, through, err := r.pageOfOrders(ctx, after)
	if err != nil {
		return 0, err
	}
	batch.done = r.passed(through)
	return through, r.lookAtOrders(ctx, batch)
}

// pageOfOrders returns the next orders with an id above after, those that were
// seen but are gone included, and the id up to which it looked.
func (r *run) pageOfOrders(ctx context.Context, after int64) (batch orderBatch, through int64, err error) {
	err = r.snapshot(ctx, func(sn *store.Snapshot) error {
		page, end, err := r.findOrders(ctx, sn, after)
		if err != nil {
			return err
		}
		batch, through, err = r.batchOf(ctx, sn, page.ids, after, end)
		return err
	})
	return batch, through, err
}

// batchOf makes a batch of a page of orders as the store has them now.
func (r *run) batchOf(ctx context.Context, sn *store.Snapshot, ids []int64, after, through int64) (orderBatch, int64, error) {
	var seen []seenOrder
	if !r.first {
		// The store may have lost any number of orders.
		const most = 2 * pageEvery
		err := r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
			SELECT `+seenOrderColumns+` FROM {p}loyalty_seen_orders WHERE id > ? AND id <= ? ORDER BY id LIMIT ?`), after, through, most)
		if err != nil {
			return orderBatch{}, 0, fmt.Errorf("read what was seen of orders: %w", err)
		}
		if len(seen) == most {
			through = min(through, seen[most-1].ID)
		}
	}
	var batch orderBatch
	for _, id := range ids {
		if id <= through {
			batch.orders = append(batch.orders, found{id: id})
		}
	}
	if len(seen) == 0 {
		return batch, through, nil
	}
	return batch, through, r.addVanished(ctx, sn, &batch, seen, after, through)
}

func (r *run) lastOrder(ctx context.Context) (int64, error) {
	var inStore int64
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		inStore, err = sn.MaxOrderID(ctx, r.settings.Storage)
		return err
	})
	if err != nil {
		return 0, err
	}
	var seen int64
	err = r.ledger.DB().GetContext(ctx, &seen, r.sql(`SELECT COALESCE(MAX(id), 0) FROM {p}loyalty_seen_orders`))
	if err != nil {
		return 0, fmt.Errorf("find the last order seen: %w", err)
	}
	return max(inStore, seen), nil
}

// addVanished adds the rows after < id <= through that were seen but are no
// longer in the store.
func (r *run) addVanished(ctx context.Context, sn *store.Snapshot, batch *orderBatch, seen []seenOrder, after, through int64) error {
	heads, err := sn.Heads(ctx, r.settings.Storage, after+1, upTo(through))
	if err != nil {
		return err
	}
	there := make(map[int64]bool, len(heads))
	for _, row := range heads {
		there[row.ID] = true
	}
	for _, row := range seen {
		if !there[row.ID] {
			batch.vanished(row)
		}
	}
	return nil
}

func upTo(through int64) int64 {
	if through == lastID {
		return through
	}
	return through + 1
}

// vanished adds a row that the store no longer has.
func (b *orderBatch) vanished(row seenOrder) {
	f, gone := found{id: row.ID}, goneRow{id: row.ID, order: row.ID}
	if row.Parent != 0 {
		f, gone = found{id: row.Parent, cause: causeUnrefunded}, goneRow{id: row.ID, order: row.Parent}
	}
	for _, have := range b.orders {
		if have.id == f.id {
			b.gone = append(b.gone, gone)
			return
		}
	}
	b.orders = append(b.orders, f)
	b.gone = append(b.gone, gone)
}

// newestPosts is how many of the highest ids of legacy storage an increment
// looks at the dates of.
const newestPosts = 2000

// modifiedSlack is what an order's date of change may lie behind the clock of
// the database when it is read.
const modifiedSlack = overlapTime

// newestFrom returns the id after which the newest posts are.
func (s *state) newestFrom() int64 { return max(0, s.Orders.Post-newestPosts) }

// modifiedOrders finds, in legacy storage, orders whose date of change is their
// only trace. No index leads there, so only the newest are asked for it; older
// ones are left to the sweep.
func (r *run) modifiedOrders(ctx context.Context) error {
	if r.settings.Storage != store.Legacy || r.mode != Increment {
		return nil
	}
	since, after := r.state.Scanned.Add(-modifiedSlack), r.state.newestFrom()
	for {
		var rows []store.Row
		err := r.snapshot(ctx, func(sn *store.Snapshot) error {
			var err error
			rows, err = sn.ModifiedSince(ctx, r.settings.Storage, since, after, pageOrders)
			return err
		})
		if err != nil {
			return err
		}
		changed, err := r.reallyChanged(ctx, rows)
		if err != nil {
			return err
		}
		if err := r.lookAtOrders(ctx, orderBatch{orders: changed, settle: true}); err != nil {
			return err
		}
		if len(rows) < pageOrders {
			break
		}
		after = rows[len(rows)-1].ID
	}
	r.state.Scanned = r.clock
	return nil
}
