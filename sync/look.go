package sync

import (
	"context"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

const (
	pageOrders   = 1000
	pageEvery    = maxRows // orders or comments, when all are looked at
	pageUsers    = maxRows
	pageComments = 500

	// What is read again in each increment, because it may have become
	// visible late: changes of orders by the web servers' clocks, and rows by
	// ids, which are given out before they are committed.
	overlapTime = 10 * time.Minute
	overlapIDs  = 200
)

// pageEvery returns how many orders, or comments, to take at a time when all are
// looked at. A first run asks nothing about them that takes a list of all.
func (r *run) pageEvery() int {
	if r.first {
		return 2 * pageEvery
	}
	return pageEvery
}

// look finds the facts that may have changed, in an order that shows a
// customer's sign-up before his orders, and brings the ledger up to date with
// them.
func (r *run) look(ctx context.Context) error {
	var start store.Cursor
	err := r.once(func(sn *store.Snapshot) error {
		var err error
		start, err = sn.OrderCursor(ctx, r.settings.Storage)
		return err
	})
	if err != nil {
		return err
	}
	r.older = r.state.Done && wentBack(r.settings.Storage, start, r.state.Orders)
	if r.mode != Increment {
		if err := r.sweepCategories(ctx); err != nil {
			return err
		}
	}
	if err := r.lookAgain(ctx, true); err != nil {
		return err
	}
	for _, k := range kinds() {
		if k.stage == "" || r.first && r.state.First != nil && stageDone(k.stage, r.state.First.Stage) {
			continue
		}
		if r.first && (r.state.First == nil || r.state.First.Stage != k.stage) {
			if r.state.First == nil {
				// What changes from now on is seen by increments.
				r.state.Orders, r.state.Scanned = start, r.clock
			}
			r.state.First = &position{Stage: k.stage}
		}
		if err := k.find(r, ctx); err != nil {
			return err
		}
	}
	if err := r.lookAgain(ctx, false); err != nil {
		return err
	}
	for _, k := range kinds() {
		if k.stage != "" {
			continue
		}
		if err := k.find(r, ctx); err != nil {
			return err
		}
	}
	if r.mode == Full && !r.first {
		r.state.Orders, r.state.Scanned = start, r.clock
	}
	return nil
}

func (r *run) report(stage string, at, of int64) {
	if r.Progress != nil {
		r.Progress(stage, at, of)
	}
}

// passed saves the position of a first run with the page that it has done.
func (r *run) passed(after int64) func(context.Context, *ledger.Tx) error {
	if !r.first {
		return nil
	}
	return func(ctx context.Context, tx *ledger.Tx) error {
		r.state.First.After = after
		return r.saveState(ctx, tx)
	}
}

// resume returns the id after which a pass over everything begins.
func (r *run) resume() int64 {
	if r.first && r.state.First != nil {
		return r.state.First.After
	}
	return 0
}

// lookAgain looks at the facts that were noted for it: those that settle, at
// the start of a run, the others at its end.
func (r *run) lookAgain(ctx context.Context, settling bool) error {
	for _, k := range kinds() {
		reconcile := k.recheck
		if settling {
			reconcile = k.settle
		}
		for after, more := int64(0), reconcile != nil; more; {
			list, err := r.todos(ctx, k.name, settling, after, k.page)
			if err != nil {
				return err
			}
			var facts []found
			for _, t := range list {
				after = t.ID
				facts = append(facts, found{id: t.ID, cause: t.Cause})
			}
			if err := reconcile(r, ctx, facts); err != nil {
				return err
			}
			more = len(list) == k.page
		}
	}
	return nil
}

func (r *run) recheckOrders(ctx context.Context, orders []found) error {
	return r.lookAtOrders(ctx, orderBatch{orders: orders})
}
