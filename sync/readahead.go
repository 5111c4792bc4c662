package sync

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// readAhead reads the pages of orders one after the other, each in a snapshot
// of its own, and is at most one page ahead.
type readAhead struct {
	pages  chan *orderPage
	cancel context.CancelFunc
	open   sync.WaitGroup // snapshots
}

// orderPage is a page of orders as read. Its snapshot stays open until done is
// closed.
type orderPage struct {
	ids     []int64
	records []store.OrderRecord
	sn      *store.Snapshot
	done    chan struct{}
	err     error
}

func (r *run) readAhead(ctx context.Context, after int64) *readAhead {
	ctx, cancel := context.WithCancel(ctx)
	a := &readAhead{pages: make(chan *orderPage), cancel: cancel}
	a.open.Go(func() { r.readPage(ctx, a, after) })
	return a
}

// stop ends the reading and waits until its connections are free.
func (a *readAhead) stop() {
	a.cancel()
	a.open.Wait()
}

// readPage reads the page after an id and, once that is taken, goes on with
// the next one while its own snapshot is in use.
func (r *run) readPage(ctx context.Context, a *readAhead, after int64) {
	err := r.Store.Snapshot(ctx, func(sn *store.Snapshot) error {
		page := &orderPage{sn: sn, done: make(chan struct{})}
		var err error
		if page.ids, err = sn.OrderIDs(ctx, r.settings.Storage, after, pageEvery); err != nil {
			return err
		}
		if page.records, err = sn.Orders(ctx, r.settings.Storage, page.ids, false); err != nil {
			return err
		}
		select {
		case a.pages <- page:
		case <-ctx.Done():
			return nil
		}
		if len(page.ids) == pageEvery {
			a.open.Go(func() { r.readPage(ctx, a, page.ids[pageEvery-1]) })
		}
		select {
		case <-page.done:
		case <-ctx.Done():
		}
		return nil
	})
	if err == nil {
		return
	}
	select {
	case a.pages <- &orderPage{err: err}:
	case <-ctx.Done():
	}
}

// errReadAgain says that a page cannot be dealt with as it was read.
var errReadAgain = errors.New("read the page of orders again")

// lookAtPage brings the ledger up to date with the next page that was read and
// returns the id up to which it looked.
func (r *run) lookAtPage(ctx context.Context, ahead *readAhead, after int64) (through int64, err error) {
	var page *orderPage
	select {
	case page = <-ahead.pages:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	if page.err != nil {
		return 0, errReadAgain // it may have been one connection too many
	}
	defer close(page.done)
	through, err = r.postPage(ctx, page, after)
	if overflows(err) || database.Retryable(err) {
		err = errReadAgain
	}
	return through, err
}

func (r *run) postPage(ctx context.Context, page *orderPage, after int64) (through int64, err error) {
	batch, through, err := r.batchOf(ctx, page.sn, page.ids, after)
	if err != nil {
		return 0, err
	}
	read := through == lastID || len(page.ids) > 0 && through == page.ids[len(page.ids)-1]
	if !read || len(batch.gone) > 0 {
		return 0, errReadAgain
	}
	batch.done = r.passed(through)
	if len(batch.orders) == 0 && batch.done == nil {
		return through, nil
	}
	if err := r.lookAtRecords(ctx, page.sn, batch, page.records); err != nil {
		return 0, fmt.Errorf("orders %s: %w", idRange(page.ids), err)
	}
	return through, nil
}

// lookAtRecords brings the ledger up to date with a batch of orders as read.
func (r *run) lookAtRecords(ctx context.Context, sn *store.Snapshot, batch orderBatch, records []store.OrderRecord) error {
	var result batchResult
	err := r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
		result = batchResult{}
		plan, err := r.planOrders(ctx, sn, tx, batch, records)
		if err != nil {
			return err
		}
		return plan.apply(ctx, &result)
	})
	if err == nil {
		r.count(result)
	}
	return err
}
