package sync

import (
	"context"
	"errors"
	"sync"

	"loyaltyd/internal/database"
	"loyaltyd/sync/store"
)

// pagesAhead is how many pages may be read, or be under way, while one is
// judged and posted.
const pagesAhead = 2

// readAhead reads pages, each in a snapshot of its own, while earlier ones are
// posted.
type readAhead[P any] struct {
	store  *store.Store
	read   pageReader[P]
	next   chan *page[P] // where the next page comes
	slots  chan struct{} // taken by each page until it is posted
	cancel context.CancelFunc
	open   sync.WaitGroup // snapshots
}

// pageReader reads pages. Find reads of the page after an id what tells up to
// which id it goes: lastID if there is nothing more. Fill, if not nil, reads the
// rest, while the next page is found and filled too.
type pageReader[P any] struct {
	find func(ctx context.Context, sn *store.Snapshot, after int64) (content P, through int64, err error)
	fill func(ctx context.Context, sn *store.Snapshot, found P) (P, error)
}

// page is a page as read. Its snapshot stays open until done is closed.
type page[P any] struct {
	content P
	through int64
	sn      *store.Snapshot
	next    chan *page[P] // where the page after it comes
	done    chan struct{}
	err     error
}

func newReadAhead[P any](ctx context.Context, s *store.Store, read pageReader[P], after int64) *readAhead[P] {
	ctx, cancel := context.WithCancel(ctx)
	a := &readAhead[P]{store: s, read: read, next: make(chan *page[P], 1), slots: make(chan struct{}, pagesAhead), cancel: cancel}
	first := a.next
	a.open.Go(func() { a.readPage(ctx, after, first) })
	return a
}

// stop ends the reading and waits until its connections are free.
func (a *readAhead[P]) stop() {
	a.cancel()
	a.open.Wait()
}

// readPage reads the page after an id, sets the reading of the next one going
// as soon as it knows where that begins, and keeps its own snapshot open while
// that is in use.
func (a *readAhead[P]) readPage(ctx context.Context, after int64, to chan<- *page[P]) {
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	err := a.store.Snapshot(ctx, func(sn *store.Snapshot) error {
		p := &page[P]{sn: sn, next: make(chan *page[P], 1), done: make(chan struct{})}
		var err error
		if p.content, p.through, err = a.read.find(ctx, sn, after); err != nil {
			return err
		}
		if p.through != lastID {
			a.open.Go(func() { a.readPage(ctx, p.through, p.next) })
		}
		if a.read.fill != nil {
			if p.content, err = a.read.fill(ctx, sn, p.content); err != nil {
				return err
			}
		}
		to <- p
		select {
		case <-p.done:
		case <-ctx.Done():
		}
		return nil
	})
	if err != nil {
		to <- &page[P]{err: err}
	}
}

// take waits for the next page.
func (a *readAhead[P]) take(ctx context.Context) (*page[P], error) {
	select {
	case p := <-a.next:
		<-a.slots
		a.next = p.next
		return p, p.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// errReadAgain says that a page cannot be dealt with as it was read.
var errReadAgain = errors.New("read the page again")

// everyPage posts all pages after an id, reading ahead. Post deals with a page
// that was read and returns the id up to which it did, again reads the page
// after an id itself; report hears how far it is.
func everyPage[P any](
	ctx context.Context, s *store.Store, read pageReader[P], after int64,
	post func(context.Context, *page[P], int64) (int64, error),
	again func(context.Context, int64) (int64, error),
	report func(through int64),
) error {
	ahead := newReadAhead(ctx, s, read, after)
	defer func() { ahead.stop() }()
	for after != lastID {
		through, err := postNext(ctx, ahead, after, post)
		if errors.Is(err, errReadAgain) || overflows(err) || database.Retryable(err) {
			// Alone, and once more, without anything else being read meanwhile.
			ahead.stop()
			if through, err = again(ctx, after); err == nil {
				ahead = newReadAhead(ctx, s, read, through)
			}
		}
		if err != nil {
			return err
		}
		after = through
		report(after)
	}
	return nil
}

func postNext[P any](ctx context.Context, ahead *readAhead[P], after int64, post func(context.Context, *page[P], int64) (int64, error)) (int64, error) {
	p, err := ahead.take(ctx)
	if err != nil {
		if ctx.Err() == nil {
			err = errReadAgain // it may have been one connection too many
		}
		return 0, err
	}
	defer close(p.done)
	return post(ctx, p, after)
}
