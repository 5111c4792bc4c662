package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"loyaltyd/sync/store"
)

const (
	contentBucket = 4 * bucketSize // ids of orders
	contentSlice  = 50_000         // ids of meta rows that are read at once
)

// contents is what the rows of a slice of the items' meta came to when they
// were last put together with the orders that they belong to.
type contents struct {
	Sum         uint64           // of the rows and of the items in between
	First, Last int64            // the items
	Bodies      map[int64]uint64 `json:",omitempty"` // what they add to those of orders, by bucket
}

// scattered reports whether the items lie too far apart to be read as well:
// the rows were added long after them. Such a slice is put together each time.
func (c contents) scattered() bool { return c.Last-c.First >= contentSlice }

// sweepContents finds lines and fees that were edited without a trace. It reads
// them along the key of their meta, and only when it comes to the end, what
// that gives is combined and compared with what was seen. In slices, it reads
// the next ones of a pass that takes half a day.
//
// To find the order of each row costs more than to read it. A slice of which
// neither the rows nor their items changed gives what it gave before.
//
// A row that changes after it was read makes its order look different, or is
// found by the next pass: a difference that is there when a pass begins and
// when it ends is in the rows that it read.
func (r *run) sweepContents(ctx context.Context, pass *passes) error {
	var last int64
	err := r.once(func(sn *store.Snapshot) (err error) {
		last, err = sn.MaxContent(ctx)
		return err
	})
	if err != nil {
		return err
	}
	through := last
	if slice := r.sliceOf(pass, last, leastContents); r.slices && slice < last-pass.Line {
		through = pass.Line + slice - 1
	}
	if err := r.readContents(ctx, pass, through, last); err != nil {
		return err
	}
	if pass.Line <= last && pass.Line < lastID {
		return nil
	}
	maps.DeleteFunc(pass.Lines, func(n int64, _ contents) bool { return n > last/contentSlice })
	if err := r.compareContents(ctx, pass.Lines); err != nil {
		return err
	}
	pass.Line = 0
	return nil
}

// readContents brings the slices up to an id up to date.
func (r *run) readContents(ctx context.Context, pass *passes, through, last int64) error {
	for pass.Line <= through {
		n := pass.Line / contentSlice
		slice, err := r.readSlice(ctx, pass, n)
		if err != nil {
			return err
		}
		next := n + 1
		pass.Line = lastID
		if next <= lastID/contentSlice {
			pass.Line = next * contentSlice
		}
		if pass.Lines[n] = slice; slice.Last == 0 && pass.Line <= last { // perhaps a gap: ids are given out at will
			err := r.once(func(sn *store.Snapshot) error {
				id, err := sn.NextContent(ctx, pass.Line)
				next = max(next, id/contentSlice)
				return err
			})
			if err != nil {
				return err
			}
			maps.DeleteFunc(pass.Lines, func(other int64, _ contents) bool { return n < other && other < next })
			pass.Line = next * contentSlice
		}
		r.report("lines", min(pass.Line, last), last)
		if pass.Line == lastID {
			return nil
		}
	}
	return nil
}

// readSlice returns what a slice comes to: what is known of it if it did not
// change.
func (r *run) readSlice(ctx context.Context, pass *passes, n int64) (slice contents, err error) {
	from, to := n*contentSlice, lastID
	if n < lastID/contentSlice {
		to = from + contentSlice
	}
	if known, is := pass.Lines[n]; is && !known.scattered() {
		var now contents
		err := r.paced(ctx, "lines", func() error {
			return r.once(func(sn *store.Snapshot) (err error) {
				now, err = sumSlice(ctx, sn, from, to)
				return err
			})
		})
		if err != nil || now.Sum == known.Sum {
			return known, err
		}
	}
	err = r.paced(ctx, "lines with their orders", func() error {
		return r.snapshot(ctx, func(sn *store.Snapshot) (err error) {
			if slice, err = sumSlice(ctx, sn, from, to); err != nil {
				return err
			}
			slice.Bodies = map[int64]uint64{}
			return sn.Contents(ctx, r.settings.Storage, from, to, contentBucket, slice.Bodies)
		})
	})
	return slice, err
}

func sumSlice(ctx context.Context, sn *store.Snapshot, from, to int64) (slice contents, err error) {
	if slice.Sum, slice.First, slice.Last, err = sn.ContentSum(ctx, from, to); err != nil || slice.scattered() {
		return slice, err
	}
	items, err := sn.ItemSum(ctx, slice.First, slice.Last)
	slice.Sum ^= items
	return slice, err
}

// compareContents looks into the buckets whose sums are not those of what was
// seen.
func (r *run) compareContents(ctx context.Context, lines map[int64]contents) error {
	var seen []bucket
	err := r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
		SELECT id DIV ? AS n, BIT_XOR(body) AS sum FROM {p}loyalty_seen_orders WHERE body <> 0 GROUP BY n`), contentBucket)
	if err != nil {
		return fmt.Errorf("sum up what was seen of lines: %w", err)
	}
	differ := map[int64]uint64{}
	for _, slice := range lines {
		for n, sum := range slice.Bodies {
			differ[n] ^= sum
		}
	}
	for _, b := range seen {
		differ[b.N] ^= b.Sum
	}
	for _, n := range slices.Sorted(maps.Keys(differ)) {
		if differ[n] == 0 {
			continue
		}
		// An order may have come or gone, though its lines are the same.
		maps.DeleteFunc(lines, func(_ int64, slice contents) bool { return slice.Bodies[n] != 0 })
		for i := range int64(contentBucket / bucketSize) {
			part := n*(contentBucket/bucketSize) + i
			if err := r.paced(ctx, "orders that differ", func() error { return r.lookInto(ctx, part*bucketSize, endOfBucket(part)) }); err != nil {
				return err
			}
		}
	}
	return nil
}
