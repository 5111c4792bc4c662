package sync

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"loyaltyd/sync/store"
)

// A sweep compares sums over buckets of ids, on both sides inside the
// database, and looks into a bucket only where they differ. It works the same
// whether the ledger lives beside the store or on another server.
const (
	bucketSize = 256
	sweepSpan  = 64 * bucketSize
)

// bucket is what the ledger's side has of a bucket.
type bucket struct {
	N     int64  `db:"n"`
	Count int64  `db:"rows_in"`
	Sum   uint64 `db:"sum"`
}

// differing returns the numbers of the buckets that are not the same on both
// sides.
func differing(inStore []store.Bucket, seen []bucket) []int64 {
	other := make(map[int64]bucket, len(seen))
	for _, b := range seen {
		other[b.N] = b
	}
	var numbers []int64
	for _, b := range inStore {
		if o := other[b.N]; o.Count != b.Count || o.Sum != b.Sum {
			numbers = append(numbers, b.N)
		}
		delete(other, b.N)
	}
	for n, b := range other {
		if b.Count > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// seenBuckets sums up a column of what was seen, for ids from ≤ id < to.
func (r *run) seenBuckets(ctx context.Context, table, column, condition string, from, to int64) ([]bucket, error) {
	var buckets []bucket
	err := r.ledger.DB().SelectContext(ctx, &buckets, r.sql(`
		SELECT id DIV ? AS n, COUNT(*) AS rows_in, BIT_XOR(`+column+`) AS sum
		FROM {p}loyalty_`+table+` WHERE id >= ? AND id < ? AND `+condition+` GROUP BY n`), bucketSize, from, to)
	if err != nil {
		return nil, fmt.Errorf("sum up what was seen: %w", err)
	}
	return buckets, nil
}

// sweepOrders finds every difference between the orders in the store and what
// was seen of them: edits that moved no date, deletions, lost changes. In
// slices, it compares the states of all orders and the next slice of the rest.
func (r *run) sweepOrders(ctx context.Context) error {
	last, err := r.lastOrder(ctx)
	if err != nil {
		return err
	}
	at, err := r.loadPasses(ctx)
	if err != nil {
		return err
	}
	from, through := int64(0), last
	if r.slices {
		if err := r.sweepStates(ctx); err != nil {
			return err
		}
		if at.Order <= last {
			from = at.Order
		}
		if slice := r.sliceOf(at, last, leastOrders); slice < last-from {
			through = from + slice
		}
	}
	next := func(sn *store.Snapshot, id int64) (int64, error) { return sn.NextOrderID(ctx, r.settings.Storage, id) }
	err = r.eachSpan(ctx, "orders", "seen_orders", from, through, next, func(from, to int64) (empty bool, err error) {
		numbers, empty, err := r.differingOrders(ctx, from, to)
		if err != nil {
			return false, err
		}
		for _, n := range numbers {
			if err := r.lookInto(ctx, n*bucketSize, endOfBucket(n)); err != nil {
				return false, err
			}
		}
		return empty, nil
	})
	if err != nil {
		return err
	}
	if at.Order = 0; through < last {
		at.Order = through + 1
	}
	if err := r.sweepContents(ctx, at); err != nil {
		return err
	}
	r.passes = at
	return nil
}

// sweepStates finds orders and refunds that came, went or changed their status.
func (r *run) sweepStates(ctx context.Context) error {
	var states []store.Bucket
	err := r.paced(ctx, "states", func() error {
		return r.once(func(sn *store.Snapshot) (err error) {
			states, err = sn.States(ctx, r.settings.Storage, bucketSize)
			return err
		})
	})
	if err != nil {
		return err
	}
	var seen []bucket
	err = r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
		SELECT id DIV ? AS n, COUNT(*) AS rows_in, BIT_XOR(head >> 32) AS sum FROM {p}loyalty_seen_orders GROUP BY n`), bucketSize)
	if err != nil {
		return fmt.Errorf("sum up the states seen: %w", err)
	}
	for _, n := range differing(states, seen) {
		if err := r.lookInto(ctx, n*bucketSize, endOfBucket(n)); err != nil {
			return err
		}
	}
	return nil
}

// eachSpan walks over the ids from one to last, a span at a time, and skips the
// gaps in which neither side has any: ids are given out at will.
func (r *run) eachSpan(
	ctx context.Context, stage, table string, from, last int64,
	next func(sn *store.Snapshot, id int64) (int64, error),
	sweep func(from, to int64) (empty bool, err error),
) error {
	for from <= last {
		to := lastID
		if from < lastID-sweepSpan {
			to = from + sweepSpan
		}
		empty, err := sweep(from, to)
		if err != nil {
			return err
		}
		r.report(stage, min(to, last), last)
		if to == lastID {
			return nil
		}
		from = to
		if empty {
			if from, err = r.nextID(ctx, table, to, next); err != nil || from == 0 {
				return err
			}
		}
	}
	return nil
}

// nextID returns the lowest id from id on that either side has, 0 if none.
func (r *run) nextID(ctx context.Context, table string, id int64, next func(*store.Snapshot, int64) (int64, error)) (lowest int64, err error) {
	err = r.snapshot(ctx, func(sn *store.Snapshot) error {
		lowest, err = next(sn, id)
		return err
	})
	if err != nil {
		return 0, err
	}
	var seen sql.NullInt64
	if err := r.ledger.DB().GetContext(ctx, &seen, r.sql(`SELECT MIN(id) FROM {p}loyalty_`+table+` WHERE id >= ?`), id); err != nil {
		return 0, fmt.Errorf("find the next id seen: %w", err)
	}
	if seen.Valid && (lowest == 0 || seen.Int64 < lowest) {
		lowest = seen.Int64
	}
	return lowest, nil
}

func endOfBucket(n int64) int64 {
	if n >= lastID/bucketSize {
		return lastID
	}
	return (n + 1) * bucketSize
}

func (r *run) differingOrders(ctx context.Context, from, to int64) (numbers []int64, empty bool, err error) {
	var heads []store.Bucket
	err = r.paced(ctx, "heads", func() error {
		return r.once(func(sn *store.Snapshot) error {
			var err error
			heads, err = sn.HeadBuckets(ctx, r.settings.Storage, from, to, bucketSize)
			return err
		})
	})
	if err != nil {
		return nil, false, err
	}
	seen, err := r.seenBuckets(ctx, "seen_orders", "head", "1 = 1", from, to)
	if err != nil {
		return nil, false, err
	}
	return differing(heads, seen), len(heads) == 0 && len(seen) == 0, nil
}

// lookInto looks at the orders from ≤ id < to that differ.
func (r *run) lookInto(ctx context.Context, from, to int64) error {
	var heads []store.RowSums
	var bodies map[int64]uint64
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		if heads, err = sn.Heads(ctx, r.settings.Storage, from, to); err != nil {
			return err
		}
		bodies, err = sn.Bodies(ctx, r.settings.Storage, from, to)
		return err
	})
	if err != nil {
		return err
	}
	var rows []seenOrder
	err = r.ledger.DB().SelectContext(ctx, &rows, r.sql(`
		SELECT `+seenOrderColumns+` FROM {p}loyalty_seen_orders WHERE id >= ? AND id < ?`), from, to)
	if err != nil {
		return fmt.Errorf("read what was seen of orders: %w", err)
	}
	seen := make(map[int64]seenOrder, len(rows))
	for _, row := range rows {
		seen[row.ID] = row
	}
	batch := orderBatch{settle: true}
	listed := map[int64]bool{}
	for _, head := range heads {
		before, known := seen[head.ID]
		delete(seen, head.ID)
		order := head.ID
		if head.Parent != 0 {
			order = head.Parent
		}
		same := known && before.Head == head.Head && before.Body == bodies[head.ID] && before.Parent == head.Parent
		if !same && !listed[order] {
			listed[order] = true
			batch.orders = append(batch.orders, found{id: order})
		}
	}
	for _, row := range seen {
		batch.vanished(row)
	}
	return r.lookAtOrders(ctx, batch)
}

func (r *run) lastOf(ctx context.Context, table string, inStore func(*store.Snapshot) (int64, error)) (last int64, err error) {
	err = r.snapshot(ctx, func(sn *store.Snapshot) error {
		last, err = inStore(sn)
		return err
	})
	if err != nil {
		return 0, err
	}
	var seen int64
	if err := r.ledger.DB().GetContext(ctx, &seen, r.sql(`SELECT COALESCE(MAX(id), 0) FROM {p}loyalty_`+table)); err != nil {
		return 0, fmt.Errorf("find the last id seen: %w", err)
	}
	return max(last, seen), nil
}

// differingIn returns the ids of a bucket whose digests are not the same on
// both sides.
func (r *run) differingIn(ctx context.Context, table, condition string, n int64, sums func(sn *store.Snapshot, from, to int64) (map[int64]uint64, error)) ([]int64, error) {
	from, to := n*bucketSize, endOfBucket(n)
	var inStore map[int64]uint64
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		inStore, err = sums(sn, from, to)
		return err
	})
	if err != nil {
		return nil, err
	}
	var seen []struct {
		ID     int64  `db:"id"`
		Digest uint64 `db:"digest"`
	}
	err = r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
		SELECT id, digest FROM {p}loyalty_`+table+` WHERE id >= ? AND id < ? AND `+condition), from, to)
	if err != nil {
		return nil, fmt.Errorf("read what was seen: %w", err)
	}
	var ids []int64
	for _, row := range seen {
		digest, there := inStore[row.ID]
		if !there || digest != row.Digest {
			ids = append(ids, row.ID)
		}
		delete(inStore, row.ID)
	}
	for id := range inStore {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, nil
}
