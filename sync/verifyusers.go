package sync

import (
	"context"
	"slices"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// changedUsers are those who are not as they were last seen: what is worth
// something to them may wait, whether to be paid or to be taken.
type changedUsers struct {
	ids    map[int64]bool
	emails map[uint64]bool
}

func (u *changedUsers) add(before *seenUser, now *program.User) {
	if u.ids == nil {
		u.ids, u.emails = map[int64]bool{}, map[uint64]bool{}
	}
	u.ids[now.ID] = true
	u.emails[emailKey(now.Email)] = true
	if before != nil {
		u.emails[before.EmailKey] = true
	}
	delete(u.emails, 0)
}

// have reports whether the order is, was or may be one of theirs.
func (u *changedUsers) have(c *orderCase) bool {
	if c.seen != nil && (u.ids[c.seen.User] || u.emails[c.seen.EmailKey]) {
		return true
	}
	return u.ids[c.counts] || slices.ContainsFunc(c.accounts(), func(user int64) bool { return u.ids[user] })
}

func (r *run) verifyUsers(ctx context.Context, v *Verified) error {
	for after := int64(0); ; {
		records, err := r.usersAfter(ctx, after)
		if err != nil {
			return err
		}
		if err := r.verifySomeUsers(ctx, v, records); err != nil {
			return err
		}
		if len(records) < pageUsers {
			return nil
		}
		after = records[len(records)-1].User.ID
	}
}

func (r *run) verifySomeUsers(ctx context.Context, v *Verified, records []store.UserRecord) error {
	ids := make([]int64, len(records))
	states := &userStates{exclusion: r.exclusion, found: map[int64]*program.User{}}
	for i := range records {
		ids[i] = records[i].User.ID
		states.found[ids[i]] = &records[i].User
	}
	var result Verified
	err := r.only(ctx, func(tx *ledger.Tx) error {
		result = Verified{}
		seen, err := r.seenUsers(ctx, tx, ids)
		if err != nil {
			return err
		}
		posted, err := tx.Posted(ctx, ledger.Signup, ids)
		if err != nil {
			return err
		}
		for i := range records {
			user := &records[i].User
			result.Facts++
			result.findSignups(user.ID, user.ID, posted[user.ID])
			before := seen[user.ID]
			changed := before == nil || before.Digest != records[i].Sum
			if changed {
				r.usersChanged.add(before, user)
			}
			if _, excluded := states.customer(user.ID); excluded {
				continue
			}
			w, err := r.signupOf(tx, user, posted[user.ID])
			if err != nil {
				result.find("%s", err)
				continue
			}
			switch wrong := w.misfit(); {
			case wrong.fits():
			case r.unsettled || changed || before.Frozen:
				result.Waiting++
			default:
				result.find("user %d: %s", user.ID, wrong)
			}
		}
		return nil
	})
	v.add(result)
	return err
}

// findSignups names accounts that have points for a user's sign-up, but for
// the one that may.
func (v *Verified) findSignups(user, mayHave int64, posted ledger.Posted) {
	for _, standing := range posted.Accounts {
		if standing.User != mayHave && standing.Points+standing.Pending != 0 {
			v.find("user %d: account %d has %d points for his sign-up", user, standing.User, standing.Points+standing.Pending)
		}
	}
}

// verifyOrphanSignups looks at entries for the sign-up of users that neither the
// store nor sync knows.
func (r *run) verifyOrphanSignups(ctx context.Context, v *Verified, ids []int64) error {
	var result Verified
	err := r.only(ctx, func(tx *ledger.Tx) error {
		result = Verified{}
		posted, err := tx.Posted(ctx, ledger.Signup, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			result.Facts++
			result.findSignups(id, 0, posted[id])
		}
		return nil
	})
	if err == nil {
		v.add(result)
	}
	return err
}
