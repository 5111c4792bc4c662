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
	contentSlice  = 50_000         // ids of meta rows that a statement reads
)

// sweepContents finds lines and fees that were edited without a trace. It reads
// them along the key of their meta, and what that gives is combined until it
// comes to the end; only then it is compared with what was seen. In slices, it
// reads the next one of a pass that takes half a day.
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
		through = pass.Line + slice
	}
	if err := r.readContents(ctx, pass, through, last); err != nil {
		return err
	}
	if pass.Line <= last && pass.Line < lastID {
		return nil
	}
	if err := r.compareContents(ctx, pass.Sums); err != nil {
		return err
	}
	pass.Line, pass.Sums = 0, map[int64]uint64{}
	return nil
}

// readContents adds the rows up to an id to the pass.
func (r *run) readContents(ctx context.Context, pass *passes, through, last int64) error {
	for pass.Line <= through {
		to := lastID
		if pass.Line < lastID-contentSlice {
			to = pass.Line + contentSlice
		}
		slice := map[int64]uint64{}
		err := r.paced(ctx, func() error {
			return r.once(func(sn *store.Snapshot) error {
				clear(slice)
				return sn.Contents(ctx, r.settings.Storage, pass.Line, to, contentBucket, slice)
			})
		})
		if err != nil {
			return err
		}
		for n, sum := range slice {
			pass.Sums[n] ^= sum
		}
		pass.Line = to
		r.report("lines", min(to, last), last)
		if len(slice) == 0 && to <= last { // perhaps a gap: ids are given out at will
			err := r.once(func(sn *store.Snapshot) error {
				next, err := sn.NextContent(ctx, to)
				pass.Line = max(next, to)
				return err
			})
			if err != nil {
				return err
			}
		}
		if to == lastID {
			return nil
		}
	}
	return nil
}

// compareContents looks into the buckets whose sums are not those of what was
// seen.
func (r *run) compareContents(ctx context.Context, sums map[int64]uint64) error {
	var seen []bucket
	err := r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
		SELECT id DIV ? AS n, BIT_XOR(body) AS sum FROM {p}loyalty_seen_orders WHERE body <> 0 GROUP BY n`), contentBucket)
	if err != nil {
		return fmt.Errorf("sum up what was seen of lines: %w", err)
	}
	differ := maps.Clone(sums)
	for _, b := range seen {
		differ[b.N] ^= b.Sum
	}
	for _, n := range slices.Sorted(maps.Keys(differ)) {
		if differ[n] == 0 {
			continue
		}
		for i := range int64(contentBucket / bucketSize) {
			part := n*(contentBucket/bucketSize) + i
			if err := r.paced(ctx, func() error { return r.lookInto(ctx, part*bucketSize, endOfBucket(part)) }); err != nil {
				return err
			}
		}
	}
	return nil
}
