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
	stages := []struct {
		name string
		look func(context.Context) error
	}{
		{"users", r.lookForUsers},
		{"orders", r.lookForOrders},
		{"comments", r.lookForComments},
	}
	for _, stage := range stages {
		if r.first && r.state.First != nil && stageDone(stage.name, r.state.First.Stage) {
			continue
		}
		if r.first && (r.state.First == nil || r.state.First.Stage != stage.name) {
			if r.state.First == nil {
				// What changes from now on is seen by increments.
				r.state.Orders, r.state.Scanned = start, r.clock
			}
			r.state.First = &position{Stage: stage.name}
		}
		if err := stage.look(ctx); err != nil {
			return err
		}
	}
	if err := r.lookAgain(ctx, false); err != nil {
		return err
	}
	if err := r.lookForRedemptions(ctx); err != nil {
		return err
	}
	if r.mode == Full && !r.first {
		r.state.Orders, r.state.Scanned = start, r.clock
	}
	return nil
}

func stageDone(stage, at string) bool {
	order := map[string]int{"users": 0, "orders": 1, "comments": 2}
	return order[stage] < order[at]
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
	for after := int64(0); ; {
		list, err := r.todos(ctx, kindOrder, settling, after, pageOrders)
		if err != nil {
			return err
		}
		var orders []found
		for _, t := range list {
			after = t.ID
			orders = append(orders, found{id: t.ID, cause: t.Cause})
		}
		if settling {
			err = r.settleOrders(ctx, orders)
		} else {
			err = r.lookAtOrders(ctx, orderBatch{orders: orders})
		}
		if err != nil {
			return err
		}
		if len(list) < pageOrders {
			break
		}
	}
	for after := int64(0); ; {
		list, err := r.todos(ctx, kindComment, settling, after, pageComments)
		if err != nil {
			return err
		}
		var comments []found
		for _, t := range list {
			after = t.ID
			comments = append(comments, found{id: t.ID, cause: t.Cause})
		}
		if err := r.lookAtComments(ctx, comments, nil); err != nil {
			return err
		}
		if len(list) < pageComments {
			return nil
		}
	}
}
