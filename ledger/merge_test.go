package ledger_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

var merger = ledger.Merger{Key: "m-1", From: 3, Into: 4, Note: "one person", Actor: "ann"}

func TestAFrozenAccountIsMergedIntoALiveOne(t *testing.T) {
	for name, balance := range map[string]int64{"what is left": 70, "a debt": -30} {
		t.Run(name, func(t *testing.T) {
			each(t, ledger.Options{Clamp: true}, func(t *testing.T, d *desk) {
				ctx := t.Context()
				d.post(of(3, 9, posting(ledger.Adjust, balance)), hold(3, 1, 5), earn(4, 2, 10))
				if _, _, _, err := d.Merge(ctx, merger); !errors.Is(err, ledger.ErrNotFrozen) {
					t.Errorf("a live account was merged: %v", err)
				}
				d.update(func(tx *ledger.Tx) error { return tx.Freeze(ctx, 3, true) })
				left, came, repeated, err := d.Merge(ctx, merger)
				if err != nil || repeated {
					t.Fatalf("merged: repeated %v, %v", repeated, err)
				}
				if left.User != 3 || left.Points != -balance || left.Balance != 0 || came.User != 4 || came.Points != balance || came.Balance != 10+balance {
					t.Errorf("merged by %+v and %+v", left, came)
				}
				for _, e := range []ledger.Entry{left, came} {
					if e.Type != ledger.Adjust || e.Source != ledger.Admin || e.Object != left.Object || !e.RecordedAt.Equal(left.RecordedAt) {
						t.Errorf("an entry of the pair: %+v", e)
					}
					notes, err := d.Notes(ctx, e.User)
					if want := (ledger.Note{Entry: e.ID, Note: "one person", Actor: "ann"}); err != nil || notes[e.ID] != want {
						t.Errorf("notes %+v, %v", notes, err)
					}
				}
				// The same again is the same request.
				left2, came2, repeated, err := d.Merge(ctx, merger)
				if err != nil || !repeated || !cmp.Equal(left, left2) || !cmp.Equal(came, came2) {
					t.Errorf("merged again by %+v and %+v: repeated %v, %v", left2, came2, repeated, err)
				}
				other := merger
				other.Into = 5
				if _, _, _, err := d.Merge(ctx, other); !errors.Is(err, ledger.ErrKeyReused) {
					t.Errorf("the key of another request: %v", err)
				}
				other.Key = "m-2"
				if _, _, _, err := d.Merge(ctx, other); !errors.Is(err, ledger.ErrNothing) {
					t.Errorf("nothing is left: %v", err)
				}
				if a := d.account(3); a.Balance != 0 || a.Pending != 5 || !a.Frozen {
					t.Errorf("account %+v", a)
				}
				d.proven()
			})
		})
	}
}

func TestMergersThatMakeNoSenseAreRefused(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	ctx := t.Context()
	d.post(earn(3, 1, 5), of(4, 2, posting(ledger.Adjust, math.MaxInt64)), earn(6, 3, 1))
	d.update(func(tx *ledger.Tx) error {
		return errors.Join(tx.Freeze(ctx, 3, true), tx.Freeze(ctx, 6, true))
	})
	for name, change := range map[string]func(*ledger.Merger){
		"no note":        func(m *ledger.Merger) { m.Note = " " },
		"no key":         func(m *ledger.Merger) { m.Key = "" },
		"nobody":         func(m *ledger.Merger) { m.From = 0 },
		"into nobody":    func(m *ledger.Merger) { m.Into = -1 },
		"into itself":    func(m *ledger.Merger) { m.Into = 3 },
		"into a frozen":  func(m *ledger.Merger) { m.Into = 6 },
		"of an unknown":  func(m *ledger.Merger) { m.From = 77 },
		"over the range": func(*ledger.Merger) {},
	} {
		m := merger
		change(&m)
		if left, came, _, err := d.Merge(ctx, m); err == nil || left.ID != 0 || came.ID != 0 {
			t.Errorf("%s: %+v, %+v, %v", name, left, came, err)
		}
	}
	if n := d.number(`SELECT COUNT(*) FROM {p}loyalty_entries`); n != 3 {
		t.Errorf("%d entries", n)
	}
}

func TestFrozenAccountsBelowZero(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	ctx := t.Context()
	for user, balance := range map[int64]int64{1: -5, 2: 5, 3: -50, 4: -1, 5: -7} {
		d.post(of(user, user, posting(ledger.Adjust, balance)))
	}
	d.update(func(tx *ledger.Tx) error {
		return errors.Join(tx.Freeze(ctx, 1, true), tx.Freeze(ctx, 2, true), tx.Freeze(ctx, 3, true), tx.Freeze(ctx, 4, true))
	})
	debts, err := d.Debts(ctx, 2)
	if diff := cmp.Diff([]ledger.Debt{{User: 3, Balance: -50}, {User: 1, Balance: -5}}, debts); err != nil || diff != "" {
		t.Errorf("debts (-want +got):\n%s%v", diff, err)
	}
}
