package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// together starts the errands while another transaction posts: the first waits
// for it, all others for the first, in this order. It calls before when they all
// do, and returns when they are done.
func (d *desk) together(l *ledger.Ledger, before func(), errands ...func()) {
	d.Helper()
	var group sync.WaitGroup
	d.update(func(*ledger.Tx) error {
		group.Go(func() { _, _, _, _ = l.Reserve(d.Context(), reservation("opens", 1<<40)) })
		d.awaitWriter()
		for i, errand := range errands {
			group.Go(errand)
			for l.Queued() <= i {
				if err := d.Context().Err(); err != nil {
					return err
				}
			}
		}
		before()
		return nil
	})
	group.Wait()
}

func to(user int64, r ledger.Reservation) ledger.Reservation {
	r.User = user
	return r
}

func TestWhatWaitsSharesATransactionAndNothingElse(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(7, 1, 1000), earn(8, 2, 1000), earn(9, 3, 1000))
		d.update(func(tx *ledger.Tx) error { return tx.Freeze(ctx, 9, true) })
		before := d.reserve("before", 100)
		confirmed, cancelled := d.reserve("confirmed", 100), d.reserve("cancelled", 100)
		if err := d.Claim(ctx, "claimed", "confirm 1 5"); err != nil {
			t.Fatal(err)
		}
		reserves := func(asked ledger.Reservation, balance int64, again bool, want error) func() {
			return func() {
				r, got, repeated, err := d.Reserve(ctx, asked)
				if !errors.Is(err, want) || want == nil && (got != balance || repeated != again || r.Points != asked.Points || r.User != asked.User) {
					t.Errorf("%s: %+v, balance %d, repeated %v, %v", asked.Key, r, got, repeated, err)
				}
			}
		}
		changes := func(name string, state ledger.RedemptionState, want error, change func() (ledger.Redemption, error)) func() {
			return func() {
				if r, err := change(); !errors.Is(err, want) || want == nil && r.State != state {
					t.Errorf("%s: %+v, %v", name, r, err)
				}
			}
		}
		confirm := func(id, coupon int64) func() (ledger.Redemption, error) {
			return func() (ledger.Redemption, error) { return d.confirm(ctx, id, coupon) }
		}
		cancel := func(id int64) func() (ledger.Redemption, error) {
			return func() (ledger.Redemption, error) { return d.cancel(ctx, id) }
		}
		const writes = `SELECT n FROM {p}loyalty_writer`
		n := d.number(writes)
		d.together(d.Ledger, func() {},
			reserves(reservation("a", 300), 400, false, nil),
			reserves(reservation("too much", 500), 0, false, ledger.ErrInsufficient),
			reserves(reservation("b", 400), 0, false, nil), // all that the ones before it left
			reserves(reservation("one more", 1), 0, false, ledger.ErrInsufficient),
			reserves(to(8, reservation("c", 1000)), 0, false, nil),
			reserves(to(9, reservation("frozen", 1)), 0, false, ledger.ErrFrozen),
			reserves(to(10, reservation("nobody", 1)), 0, false, ledger.ErrInsufficient),
			reserves(reservation("before", 100), 900, true, nil),
			reserves(reservation("before  ", 100), 900, true, nil), // the table compares without these spaces
			reserves(to(8, reservation("before", 100)), 0, false, ledger.ErrKeyReused),
			reserves(reservation("claimed", 1), 0, false, ledger.ErrKeyReused),
			changes("confirm", ledger.Confirmed, nil, confirm(confirmed.ID, 11)),
			changes("cancel", ledger.Cancelled, nil, cancel(cancelled.ID)),
			changes("confirm nothing", "", ledger.ErrNoRedemption, confirm(before.ID+1000, 12)),
		)
		if got := d.number(writes) - n; got != 2 { // the one that was open, and one for all
			t.Errorf("%d transactions posted", got)
		}
		for user, want := range map[int64]int64{7: 100, 8: 0, 9: 1000, 10: 0} {
			if got := d.account(user); got.Balance != want {
				t.Errorf("account %+v, want a balance of %d", got, want)
			}
		}
		d.proveRedemptions()

		// What contradicts each other, or itself, is done one after the other.
		d.together(d.Ledger, func() {},
			reserves(reservation("twice", 50), 50, false, nil),
			reserves(reservation("twice ", 50), 50, true, nil),
			reserves(reservation("twice", 51), 0, false, ledger.ErrKeyReused),
			changes("confirm", ledger.Confirmed, nil, confirm(before.ID, 13)),
			changes("and cancel", "", ledger.ErrConfirmed, cancel(before.ID)),
			func() {
				_, balance, _, err := d.With(ledger.Options{Clamp: true}).Reserve(ctx, reservation("with other options", 10))
				if err != nil || balance != 40 {
					t.Errorf("under other options: balance %d, %v", balance, err)
				}
			},
			func() {
				if _, _, _, err := d.With(ledger.Options{Zone: zone(t, "Europe/Berlin")}).Reserve(ctx, reservation("other days", 10)); err == nil {
					t.Error("posted to a roll-up of other days")
				}
			},
		)
		d.proveRedemptions()
	})
}

// One whose points cannot be counted must not take the others with it.
func TestOneThatFailsAmongOthersFailsAlone(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		const most = 1<<63 - 1
		d.post(earn(7, 1, 1000), earn(8, 2, most-1000))
		mine, theirs := d.reserve("mine", 100), to(8, reservation("theirs", 100))
		full, _, _, err := d.Reserve(ctx, theirs)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.Adjust(ctx, ledger.Adjustment{Key: "up", User: 8, Points: 1100, Note: "n"}); err != nil {
			t.Fatal(err)
		}
		d.together(d.Ledger, func() {},
			func() {
				if r, err := d.cancel(ctx, mine.ID); err != nil || r.State != ledger.Cancelled {
					t.Errorf("%+v, %v", r, err)
				}
			},
			func() {
				var overflow *ledger.OverflowError
				if _, err := d.cancel(ctx, full.ID); !errors.As(err, &overflow) {
					t.Errorf("what does not fit was given back: %v", err)
				}
			},
			func() {
				if _, balance, _, err := d.Reserve(ctx, reservation("after", 200)); err != nil || balance != 700 && balance != 800 {
					t.Errorf("balance %d, %v", balance, err)
				}
			},
		)
		if got := d.account(7); got.Balance != 800 {
			t.Errorf("account %+v", got)
		}
		if got := d.redemption(full.ID); got.State != ledger.Reserved {
			t.Errorf("redemption %+v", got)
		}
	})
}

// shared does four changes in one transaction, as callers do, and returns what
// is wrong with their answers.
func (d *desk) shared(l *ledger.Ledger, before func(), round int64) error {
	d.Helper()
	ctx := d.Context()
	kept, dropped := d.reserve(fmt.Sprint("kept", round), 10), d.reserve(fmt.Sprint("dropped", round), 5)
	errs := make([]error, 4)
	reserve := func(at int, user, points int64) func() {
		return func() {
			r, _, repeated, err := l.Reserve(ctx, to(user, reservation(fmt.Sprint("shared", at, round), points)))
			if err != nil || repeated || r.ID == 0 {
				errs[at] = fmt.Errorf("reserve: %+v, repeated %v, %w", r, repeated, err)
			}
		}
	}
	d.together(l, before, reserve(0, 7, 3), reserve(1, 8, 4),
		func() {
			if r, _, err := l.Confirm(ctx, fmt.Sprint("confirm", round), kept.ID, round+1); err != nil || r.State != ledger.Confirmed {
				errs[2] = fmt.Errorf("confirm: %+v, %w", r, err)
			}
		},
		func() {
			if r, _, err := l.Cancel(ctx, fmt.Sprint("cancel", round), dropped.ID); err != nil || r.State != ledger.Cancelled {
				errs[3] = fmt.Errorf("cancel: %+v, %w", r, err)
			}
		})
	return errors.Join(errs...)
}

func TestAFaultInASharedTransactionChangesNothing(t *testing.T) {
	for name, fault := range map[string]struct {
		inject func(*testshop.Proxy, int)
		least  int // as many breaks as there are places to break
	}{
		"a lost answer to COMMIT": {(*testshop.Proxy).LoseCommit, 1},
		"a cut at any packet":     {(*testshop.Proxy).CutAfter, 12},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, ledger.Options{}, func(t *testing.T, d *desk) {
				d.post(earn(7, 1, 1_000_000), earn(8, 2, 1_000_000))
				proxy, l := d.behindProxy()
				for round := int64(0); ; round++ {
					before := proxy.Broken()
					if err := d.shared(l, func() { fault.inject(proxy, int(round)) }, round); err != nil {
						t.Fatalf("broken at %d: %v", round, err)
					}
					n := round + 1
					if mine, theirs := d.account(7), d.account(8); mine.Redeemed != 13*n || mine.Seq != 1+4*n || theirs.Redeemed != 4*n || theirs.Seq != 1+n {
						t.Fatalf("after %d rounds: %+v, %+v", n, mine, theirs)
					}
					d.proveRedemptions()
					if proxy.Broken() == before {
						if int(round) < fault.least {
							t.Errorf("broken at %d places only", round)
						}
						return
					}
				}
			})
		})
	}
}

// A client that goes away while it waits has asked for nothing.
func TestWhoStopsWaitingRedeemsNothing(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 1000))
		gone := errors.New("the client went away")
		ctx, cancel := context.WithCancelCause(t.Context())
		d.together(d.Ledger, func() {
			cancel(gone)
			for d.Queued() > 1 && t.Context().Err() == nil {
			}
		},
			func() {
				if _, _, _, err := d.Reserve(ctx, reservation("gone", 100)); !errors.Is(err, gone) {
					t.Errorf("it ended with %v", err)
				}
			},
			func() {
				if _, balance, _, err := d.Reserve(t.Context(), reservation("stays", 100)); err != nil || balance != 900 {
					t.Errorf("balance %d, %v", balance, err)
				}
			},
		)
		d.proveRedemptions()
	})
}
