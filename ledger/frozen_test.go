package ledger_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/ledger"
)

func TestAFrozenAccountTakesOnlyAdjustments(t *testing.T) {
	each(t, ledger.Options{Clamp: true}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		freeze := func(user int64, frozen bool) {
			d.update(func(tx *ledger.Tx) error { return tx.Freeze(ctx, user, frozen) })
		}
		d.post(hold(1, 1, 20), earn(1, 2, 30), earn(2, 3, 5))
		freeze(1, true)
		for _, p := range []ledger.Posting{
			posting(ledger.Earn, 1), posting(ledger.Revoke, -1), posting(ledger.Redeem, -1), posting(ledger.Restore, 1),
			posting(ledger.Expire, -1), posting(ledger.Hold, 1), posting(ledger.Release, -1), posting(ledger.CancelHold, -1),
		} {
			if _, err := d.try(earn(2, 9, 1), of(1, 1, p)); !errors.Is(err, ledger.ErrFrozen) {
				t.Errorf("%s in a frozen account answered %v", p.Type, err)
			}
		}
		d.post(of(1, 4, posting(ledger.Adjust, -40)))
		if got := d.account(1); !got.Frozen || got.Balance != -10 || got.Pending != 20 || got.Seq != 3 {
			t.Errorf("the frozen account is %+v", got)
		}
		if got := d.account(2); got.Frozen || got.Seq != 1 {
			t.Errorf("the live account is %+v", got)
		}
		d.update(func(tx *ledger.Tx) error {
			frozen, err := tx.Frozen(ctx, []int64{1, 2, 3, 1})
			if diff := cmp.Diff(map[int64]bool{1: true}, frozen); diff != "" {
				t.Errorf("frozen (-want +got):\n%s", diff)
			}
			return err
		})
		freeze(1, false)
		d.post(earn(1, 5, 1))
		// Marks count within the transaction that sets them.
		err := d.Update(ctx, d.lease, func(tx *ledger.Tx) error {
			if err := tx.Freeze(ctx, 2, true); err != nil {
				return err
			}
			_, err := tx.Post(ctx, []ledger.Posting{earn(2, 6, 1)})
			return err
		})
		if !errors.Is(err, ledger.ErrFrozen) || d.account(2).Frozen {
			t.Errorf("freezing and posting answered %v and left %+v", err, d.account(2))
		}
		d.update(func(tx *ledger.Tx) error {
			if err := tx.Freeze(ctx, 2, true); err != nil {
				return err
			}
			if _, err := tx.Post(ctx, []ledger.Posting{of(2, 7, posting(ledger.Adjust, 1))}); err != nil {
				return err
			}
			if err := tx.Freeze(ctx, 2, false); err != nil {
				return err
			}
			_, err := tx.Post(ctx, []ledger.Posting{earn(2, 8, 1)})
			return err
		})
		if got := d.account(2); got.Frozen || got.Seq != 3 {
			t.Errorf("thawed within a transaction: %+v", got)
		}
		d.proven()
	})
}

// What a frozen account has of an object can only go to another account, and
// is never clamped.
func TestAFrozenAccountGivesAnObjectToAnotherAccount(t *testing.T) {
	each(t, ledger.Options{Clamp: true}, func(t *testing.T, d *desk) {
		d.post(earn(1, 1, 30), hold(1, 2, 20), of(1, 3, posting(ledger.Adjust, -25)))
		d.update(func(tx *ledger.Tx) error { return tx.Freeze(t.Context(), 1, true) })
		moves := func(p ledger.Posting) ledger.Posting {
			p.Moves = true
			return p
		}
		for _, p := range []ledger.Posting{earn(1, 4, 1), hold(1, 4, 1), of(1, 2, posting(ledger.Release, -1)), of(1, 5, posting(ledger.Adjust, 1))} {
			if _, err := d.try(moves(p)); err == nil {
				t.Errorf("%s moved an object", p.Type)
			}
		}
		made := d.post(moves(revoke(1, 1, 30)), earn(2, 1, 30), moves(of(1, 2, posting(ledger.CancelHold, -20))), hold(2, 2, 20))
		if len(made) != 4 {
			t.Errorf("posted %+v", made)
		}
		if got := d.account(1); !got.Frozen || got.Balance != -25 || got.Pending != 0 {
			t.Errorf("the frozen account is %+v", got)
		}
		if got := d.account(2); got.Balance != 30 || got.Pending != 20 {
			t.Errorf("the other account is %+v", got)
		}
		// One that is live is clamped all the same.
		if made := d.post(of(2, 3, posting(ledger.Adjust, -10)), moves(revoke(2, 1, 30))); len(made) != 3 || made[2].Source != ledger.Clamp {
			t.Errorf("posted %+v", made)
		}
		d.proven()
	})
}
