package sync

import (
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
		JOIN {p}loyalty_seen_users u ON u.id = a.user_id WHERE a.frozen <> u.frozen`))
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
		through := lastID
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
	next := func(sn *store.Snapshot, id int64) (int64, error) { return sn.NextUserID(ctx, id) }
	err = r.eachSpan(ctx, "users", "seen_users", 0, last, next, func(from, to int64) (empty bool, err error) {
		var inStore []store.Bucket
		err = r.paced(ctx, func() error {
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
