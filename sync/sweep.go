package sync

import (
	"context"
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
// was seen of them: edits that moved no date, deletions, lost changes.
func (r *run) sweepOrders(ctx context.Context) error {
	last, err := r.lastOrder(ctx)
	if err != nil {
		return err
	}
	for from := int64(0); from <= last; from += sweepSpan {
		numbers, err := r.differingOrders(ctx, from, from+sweepSpan)
		if err != nil {
			return err
		}
		for _, n := range numbers {
			if err := r.lookInto(ctx, n*bucketSize, (n+1)*bucketSize); err != nil {
				return err
			}
		}
		r.report("orders", min(from+sweepSpan, last), last)
	}
	return nil
}

func (r *run) differingOrders(ctx context.Context, from, to int64) ([]int64, error) {
	var heads, bodies []store.Bucket
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		if heads, err = sn.HeadBuckets(ctx, r.settings.Storage, from, to, bucketSize); err != nil {
			return err
		}
		bodies, err = sn.BodyBuckets(ctx, r.settings.Storage, from, to, bucketSize)
		return err
	})
	if err != nil {
		return nil, err
	}
	seenHeads, err := r.seenBuckets(ctx, "seen_orders", "head", "1 = 1", from, to)
	if err != nil {
		return nil, err
	}
	seenBodies, err := r.seenBuckets(ctx, "seen_orders", "body", "body <> 0", from, to)
	if err != nil {
		return nil, err
	}
	numbers := append(differing(heads, seenHeads), differing(bodies, seenBodies)...)
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
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

func (r *run) lookForUsers(ctx context.Context) error {
	if r.mode == Increment && !r.recheckUsers {
		return r.newUsers(ctx)
	}
	if r.mode == Sweep && !r.recheckUsers {
		return r.sweepUsers(ctx)
	}
	return r.everyUser(ctx)
}

// newUsers looks at users with ids that were not seen before.
func (r *run) newUsers(ctx context.Context) error {
	after := max(0, r.state.Users-overlapIDs)
	for {
		records, err := r.usersAfter(ctx, after)
		if err != nil {
			return err
		}
		var ids []int64
		for _, record := range records {
			after = record.User.ID
			ids = append(ids, after)
		}
		if ids, err = r.changedUsers(ctx, ids, records); err != nil {
			return err
		}
		if err := r.lookAtUsers(ctx, ids, nil); err != nil {
			return err
		}
		r.state.Users = max(r.state.Users, after)
		if len(records) < pageUsers {
			return nil
		}
	}
}

func (r *run) usersAfter(ctx context.Context, after int64) (records []store.UserRecord, err error) {
	err = r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err = sn.UsersAfter(ctx, after, pageUsers)
		return err
	})
	return records, err
}

// changedUsers keeps the ids whose digest is not the one last seen.
func (r *run) changedUsers(ctx context.Context, ids []int64, records []store.UserRecord) ([]int64, error) {
	seen, err := r.seenUsers(ctx, r.ledger.DB(), ids)
	if err != nil {
		return nil, err
	}
	var changed []int64
	for _, record := range records {
		if before := seen[record.User.ID]; before == nil || before.Gone || before.Digest != record.Sum {
			changed = append(changed, record.User.ID)
		}
	}
	return changed, nil
}

// everyUser looks at every user that the store has or had.
func (r *run) everyUser(ctx context.Context) error {
	after := r.resume()
	var of int64
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		of, err = sn.MaxUserID(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for {
		records, err := r.usersAfter(ctx, after)
		if err != nil {
			return err
		}
		ids := make([]int64, len(records))
		for i, record := range records {
			ids[i] = record.User.ID
		}
		last := len(ids) < pageUsers
		through := int64(1<<63 - 1)
		if !last {
			through = ids[len(ids)-1]
		}
		if !r.first {
			var seen []int64
			err := r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
				SELECT id FROM {p}loyalty_seen_users WHERE id > ? AND id <= ? AND gone = 0`), after, through)
			if err != nil {
				return fmt.Errorf("read what was seen of users: %w", err)
			}
			ids = append(ids, seen...)
			slices.Sort(ids)
			ids = slices.Compact(ids)
		}
		for chunk := range slices.Chunk(ids, pageUsers) {
			if err := r.lookAtUsers(ctx, chunk, r.passed(chunk[len(chunk)-1])); err != nil {
				return err
			}
		}
		if last {
			r.state.Users = max(r.state.Users, of)
			r.report("users", of, of)
			return nil
		}
		after = through
		r.report("users", after, of)
	}
}

// sweepUsers finds users whose e-mail, roles or date changed and those that
// are gone.
func (r *run) sweepUsers(ctx context.Context) error {
	last, err := r.lastOf(ctx, "seen_users", func(sn *store.Snapshot) (int64, error) { return sn.MaxUserID(ctx) })
	if err != nil {
		return err
	}
	for from := int64(0); from <= last; from += sweepSpan {
		var inStore []store.Bucket
		err := r.snapshot(ctx, func(sn *store.Snapshot) error {
			var err error
			inStore, err = sn.UserBuckets(ctx, from, from+sweepSpan, bucketSize)
			return err
		})
		if err != nil {
			return err
		}
		seen, err := r.seenBuckets(ctx, "seen_users", "digest", "gone = 0", from, from+sweepSpan)
		if err != nil {
			return err
		}
		for _, n := range differing(inStore, seen) {
			ids, err := r.differingIn(ctx, "seen_users", "gone = 0", n, func(sn *store.Snapshot, from, to int64) (map[int64]uint64, error) {
				return sn.UserSums(ctx, from, to)
			})
			if err != nil {
				return err
			}
			if err := r.lookAtUsers(ctx, ids, nil); err != nil {
				return err
			}
		}
	}
	r.state.Users = max(r.state.Users, last)
	return nil
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
	from, to := n*bucketSize, (n+1)*bucketSize
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

func (r *run) lookForComments(ctx context.Context) error {
	switch r.mode {
	case Full:
		return r.everyComment(ctx)
	case Sweep:
		return r.sweepComments(ctx)
	default:
		return r.newComments(ctx)
	}
}

func (r *run) commentsAfter(ctx context.Context, after int64) (records []store.CommentRecord, err error) {
	err = r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err = sn.CommentsAfter(ctx, after, pageComments)
		return err
	})
	return records, err
}

// newComments looks at comments with ids that were not seen before.
func (r *run) newComments(ctx context.Context) error {
	after := max(0, r.state.Comments-overlapIDs)
	for {
		records, err := r.commentsAfter(ctx, after)
		if err != nil {
			return err
		}
		changed, err := r.changedComments(ctx, records)
		if err != nil {
			return err
		}
		if err := r.lookAtComments(ctx, changed, nil); err != nil {
			return err
		}
		if n := len(records); n > 0 {
			after = records[n-1].Comment.ID
		}
		r.state.Comments = max(r.state.Comments, after)
		if len(records) < pageComments {
			return nil
		}
	}
}

func (r *run) changedComments(ctx context.Context, records []store.CommentRecord) ([]found, error) {
	ids := make([]int64, len(records))
	for i, record := range records {
		ids[i] = record.Comment.ID
	}
	type digest struct {
		ID     int64  `db:"id"`
		Digest uint64 `db:"digest"`
	}
	seen, err := selectIn[digest](ctx, r.ledger.DB(), r.sql(`SELECT id, digest FROM {p}loyalty_seen_comments WHERE id IN (?)`), ids)
	if err != nil {
		return nil, fmt.Errorf("read what was seen of comments: %w", err)
	}
	digests := make(map[int64]uint64, len(seen))
	for _, row := range seen {
		digests[row.ID] = row.Digest
	}
	var changed []found
	for _, record := range records {
		if before, known := digests[record.Comment.ID]; !known || before != record.Sum {
			changed = append(changed, found{id: record.Comment.ID})
		}
	}
	return changed, nil
}

// everyComment looks at every comment that the store has or had.
func (r *run) everyComment(ctx context.Context) error {
	after := r.resume()
	of, err := r.lastOf(ctx, "seen_comments", func(sn *store.Snapshot) (int64, error) { return sn.MaxCommentID(ctx) })
	if err != nil {
		return err
	}
	for {
		records, err := r.commentsAfter(ctx, after)
		if err != nil {
			return err
		}
		ids := make([]int64, len(records))
		for i, record := range records {
			ids[i] = record.Comment.ID
		}
		last := len(ids) < pageComments
		through := int64(1<<63 - 1)
		if !last {
			through = ids[len(ids)-1]
		}
		if !r.first {
			var seen []int64
			err := r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
				SELECT id FROM {p}loyalty_seen_comments WHERE id > ? AND id <= ?`), after, through)
			if err != nil {
				return fmt.Errorf("read what was seen of comments: %w", err)
			}
			ids = append(ids, seen...)
			slices.Sort(ids)
			ids = slices.Compact(ids)
		}
		for chunk := range slices.Chunk(ids, pageComments) {
			comments := make([]found, len(chunk))
			for i, id := range chunk {
				comments[i] = found{id: id}
			}
			if err := r.lookAtComments(ctx, comments, r.passed(chunk[len(chunk)-1])); err != nil {
				return err
			}
		}
		if last {
			r.state.Comments = max(r.state.Comments, of)
			r.report("comments", of, of)
			return nil
		}
		after = through
		r.report("comments", after, of)
	}
}

// sweepComments finds comments that were approved, un-approved, moved or
// deleted, and those whose post or author changed.
func (r *run) sweepComments(ctx context.Context) error {
	last, err := r.lastOf(ctx, "seen_comments", func(sn *store.Snapshot) (int64, error) { return sn.MaxCommentID(ctx) })
	if err != nil {
		return err
	}
	for from := int64(0); from <= last; from += sweepSpan {
		var inStore []store.Bucket
		err := r.snapshot(ctx, func(sn *store.Snapshot) error {
			var err error
			inStore, err = sn.CommentBuckets(ctx, from, from+sweepSpan, bucketSize)
			return err
		})
		if err != nil {
			return err
		}
		seen, err := r.seenBuckets(ctx, "seen_comments", "digest", "1 = 1", from, from+sweepSpan)
		if err != nil {
			return err
		}
		for _, n := range differing(inStore, seen) {
			ids, err := r.differingIn(ctx, "seen_comments", "1 = 1", n, func(sn *store.Snapshot, from, to int64) (map[int64]uint64, error) {
				return sn.CommentSums(ctx, from, to)
			})
			if err != nil {
				return err
			}
			comments := make([]found, len(ids))
			for i, id := range ids {
				comments[i] = found{id: id}
			}
			if err := r.lookAtComments(ctx, comments, nil); err != nil {
				return err
			}
		}
	}
	r.state.Comments = max(r.state.Comments, last)
	return nil
}
