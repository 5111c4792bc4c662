package sync

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

func (r *run) lookForUsers(ctx context.Context) error {
	if r.mode == Increment && !r.recheckUsers {
		return r.newUsers(ctx)
	}
	look := r.everyUser
	if r.mode == Sweep && !r.recheckUsers {
		look = r.sweepUsers
	}
	if err := look(ctx); err != nil {
		return err
	}
	return r.alignFrozen(ctx)
}

// alignFrozen marks accounts that came to be while their users were frozen:
// an adjustment may be the first entry of an excluded user.
func (r *run) alignFrozen(ctx context.Context) error {
	var wrong []struct {
		User   int64 `db:"user_id"`
		Frozen bool  `db:"frozen"`
	}
	err := r.ledger.DB().SelectContext(ctx, &wrong, r.sql(`
		SELECT a.user_id, u.frozen FROM {p}loyalty_accounts a
		STRAIGHT_JOIN {p}loyalty_seen_users u ON u.id = a.user_id WHERE a.frozen = 1 AND u.frozen = 0
		UNION ALL
		SELECT a.user_id, u.frozen FROM {p}loyalty_seen_users u
		STRAIGHT_JOIN {p}loyalty_accounts a ON a.user_id = u.id WHERE u.frozen = 1 AND a.frozen = 0`))
	if err != nil {
		return fmt.Errorf("compare frozen accounts with their users: %w", err)
	}
	if len(wrong) == 0 {
		return nil
	}
	return r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
		for _, account := range wrong {
			if err := tx.Freeze(ctx, account.User, account.Frozen); err != nil {
				return err
			}
		}
		return nil
	})
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
	err = r.once(func(sn *store.Snapshot) error {
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
	var of int64
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		var err error
		of, err = sn.MaxUserID(ctx)
		return err
	})
	if err != nil {
		return err
	}
	read := pageReader[[]store.UserRecord]{find: readUsers}
	err = everyPage(ctx, r.Store, read, r.resume(), r.postUsers, r.lookAtUsersAgain,
		func(through int64) { r.report("users", min(through, of), of) })
	if err == nil {
		r.state.Users = max(r.state.Users, of)
	}
	return err
}

func readUsers(ctx context.Context, sn *store.Snapshot, after int64) (records []store.UserRecord, through int64, err error) {
	records, err = sn.UsersAfter(ctx, after, pageUsers)
	through = lastID
	if len(records) == pageUsers {
		through = records[len(records)-1].User.ID
	}
	return records, through, err
}

// postUsers brings the ledger up to date with a page that was read.
func (r *run) postUsers(ctx context.Context, page *page[[]store.UserRecord], after int64) (through int64, err error) {
	ids, gone, err := r.withGoneUsers(ctx, page.content, after, page.through)
	if err != nil || gone {
		return 0, cmp.Or(err, errReadAgain)
	}
	done := r.passed(page.through)
	if len(ids) == 0 && done == nil {
		return page.through, nil
	}
	if err := r.lookAtUserRecords(ctx, ids, page.content, done); err != nil {
		return 0, fmt.Errorf("users %s: %w", idRange(ids), err)
	}
	return page.through, nil
}

// lookAtUsersAgain looks at the page of users after an id, reading it itself.
func (r *run) lookAtUsersAgain(ctx context.Context, after int64) (through int64, err error) {
	var records []store.UserRecord
	err = r.once(func(sn *store.Snapshot) error {
		records, through, err = readUsers(ctx, sn, after)
		return err
	})
	if err != nil {
		return 0, err
	}
	ids, _, err := r.withGoneUsers(ctx, records, after, through)
	if err != nil {
		return 0, err
	}
	for chunk := range slices.Chunk(ids, pageUsers) {
		if err := r.lookAtUsers(ctx, chunk, r.passed(chunk[len(chunk)-1])); err != nil {
			return 0, err
		}
	}
	return through, nil
}

// withGoneUsers returns the users of a page and those after < id <= through
// that were seen but are no longer in the store.
func (r *run) withGoneUsers(ctx context.Context, records []store.UserRecord, after, through int64) (ids []int64, gone bool, err error) {
	ids = make([]int64, len(records))
	for i := range records {
		ids[i] = records[i].User.ID
	}
	if r.first {
		return ids, false, nil
	}
	var seen []int64
	err = r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
		SELECT id FROM {p}loyalty_seen_users WHERE id > ? AND id <= ? AND gone = 0`), after, through)
	if err != nil {
		return nil, false, fmt.Errorf("read what was seen of users: %w", err)
	}
	ids = append(ids, seen...)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids, len(ids) > len(records), nil
}

// sweepUsers finds users whose e-mail, roles or date changed and those that
// are gone.
func (r *run) sweepUsers(ctx context.Context) error {
	last, err := r.lastOf(ctx, "seen_users", func(sn *store.Snapshot) (int64, error) { return sn.MaxUserID(ctx) })
	if err != nil {
		return err
	}
	next := func(sn *store.Snapshot, id int64) (int64, error) { return sn.NextUserID(ctx, id) }
	err = r.eachSpan(ctx, "users", "seen_users", 0, last, next, func(from, to int64) (empty bool, err error) {
		var inStore []store.Bucket
		err = r.paced(ctx, "users", func() error {
			return r.once(func(sn *store.Snapshot) error {
				inStore, err = sn.UserBuckets(ctx, from, to, bucketSize)
				return err
			})
		})
		if err != nil {
			return false, err
		}
		seen, err := r.seenBuckets(ctx, "seen_users", "digest", "gone = 0", from, to)
		if err != nil {
			return false, err
		}
		for _, n := range differing(inStore, seen) {
			ids, err := r.differingIn(ctx, "seen_users", "gone = 0", n, func(sn *store.Snapshot, from, to int64) (map[int64]uint64, error) {
				return sn.UserSums(ctx, from, to)
			})
			if err != nil {
				return false, err
			}
			if err := r.lookAtUsers(ctx, ids, nil); err != nil {
				return false, err
			}
		}
		return len(inStore) == 0 && len(seen) == 0, nil
	})
	if err != nil {
		return err
	}
	r.state.Users = max(r.state.Users, last)
	return nil
}
