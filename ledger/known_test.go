package ledger_test

import (
	"errors"
	"math"
	"testing"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// What a writer knows of an account it may use only until anybody else posts,
// or until it cannot tell whether its own transaction was kept.
func TestAccountsAreKnownUntilSomebodyElsePosts(t *testing.T) {
	errChanged := errors.New("changed my mind")
	for name, between := range map[string]func(d *desk, l *ledger.Ledger, lose func()) error{
		"nothing": func(*desk, *ledger.Ledger, func()) error { return nil },
		"an adjustment": func(d *desk, _ *ledger.Ledger, _ func()) error {
			_, _, err := d.Adjust(d.Context(), ledger.Adjustment{Key: "k", User: 1, Points: 100, Note: "n", Actor: "a"})
			return err
		},
		"another under the same lease": func(d *desk, _ *ledger.Ledger, _ func()) error {
			return settle(d.Context(), ledger.Open(pool(d, d.db.DSN()), prefix, ledger.Options{}), d.lease, 1, map[int64]int64{50: 100})
		},
		"another's work alone and its own": func(d *desk, l *ledger.Ledger, _ func()) error {
			if _, _, err := d.Adjust(d.Context(), ledger.Adjustment{Key: "k", User: 1, Points: 60, Note: "n", Actor: "a"}); err != nil {
				return err
			}
			return settle(d.Context(), l, d.lease, 1, map[int64]int64{50: 40})
		},
		"one that changes its mind": func(d *desk, l *ledger.Ledger, _ func()) error {
			err := l.Update(d.Context(), d.lease, func(tx *ledger.Tx) error {
				if _, err := tx.Post(d.Context(), []ledger.Posting{earn(1, 50, 100)}); err != nil {
					return err
				}
				return errChanged
			})
			if !errors.Is(err, errChanged) {
				d.Errorf("it ended with %v", err)
			}
			return settle(d.Context(), l, d.lease, 1, map[int64]int64{51: 100})
		},
		"one that fails halfway": func(d *desk, l *ledger.Ledger, _ func()) error {
			err := l.Update(d.Context(), d.lease, func(tx *ledger.Tx) error {
				_, err := tx.Post(d.Context(), []ledger.Posting{earn(1, 50, 100), earn(1, 51, math.MaxInt64)})
				return err
			})
			if _, over := errors.AsType[*ledger.OverflowError](err); !over {
				d.Errorf("it ended with %v", err)
			}
			return settle(d.Context(), l, d.lease, 1, map[int64]int64{52: 100})
		},
		"a lost answer to a COMMIT": func(d *desk, l *ledger.Ledger, lose func()) error {
			lose()
			return settle(d.Context(), l, d.lease, 1, map[int64]int64{50: 100})
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, ledger.Options{}, func(t *testing.T, d *desk) {
				proxy, l := d.behindProxy()
				if err := settle(t.Context(), l, d.lease, 1, map[int64]int64{1: 5}); err != nil {
					t.Fatal(err)
				}
				if err := between(d, l, func() { proxy.LoseCommit(0) }); err != nil {
					t.Fatal(err)
				}
				if err := settle(t.Context(), l, d.lease, 1, map[int64]int64{2: 7}); err != nil {
					t.Fatal(err)
				}
				want := int64(112)
				if name == "nothing" {
					want = 12
				}
				if got := d.account(1); got.Balance != want || got.Seq != int64(len(d.entries(1))) {
					t.Errorf("%d points in %d entries, want %d in %d", got.Balance, got.Seq, want, len(d.entries(1)))
				}
				d.proven()
			})
		})
	}
}

func TestAnAccountThatAnotherFreezesIsKnownAsFrozen(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		freeze := func(l *ledger.Ledger, frozen bool) {
			err := l.UpdateAlone(t.Context(), func(tx *ledger.Tx) error { return tx.Freeze(t.Context(), 1, frozen) })
			if err != nil {
				t.Fatal(err)
			}
		}
		d.post(earn(1, 1, 5))
		freeze(d.Ledger, true)
		if _, err := d.try(earn(1, 2, 5)); !errors.Is(err, ledger.ErrFrozen) {
			t.Errorf("posting to a frozen account: %v", err)
		}
		d.update(func(tx *ledger.Tx) error { return tx.Freeze(t.Context(), 1, false) })
		d.post(earn(1, 2, 5))
		d.update(func(tx *ledger.Tx) error { return tx.Freeze(t.Context(), 1, true) })
		if _, err := d.try(earn(1, 3, 5)); !errors.Is(err, ledger.ErrFrozen) {
			t.Errorf("posting to an account that the writer froze itself: %v", err)
		}
		// That an account without entries is frozen is kept for one transaction.
		d.update(func(tx *ledger.Tx) error { return tx.Freeze(t.Context(), 2, true) })
		d.post(earn(2, 4, 5))
		d.proven()
	})
}

// An account is read once while nobody else posts, and not at all in a ledger
// that had none.
func TestKnownAccountsAreNotReadAgain(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	db := pool(t, d.db.DSN())
	db.SetMaxOpenConns(1)
	l := ledger.Open(db, prefix, ledger.Options{})
	selects := func(object int64) int64 {
		before := comSelects(d, db)
		if err := settle(t.Context(), l, d.lease, 1, map[int64]int64{object: 5}); err != nil {
			t.Fatal(err)
		}
		return comSelects(d, db) - before
	}
	empty, known := selects(1), selects(2)
	if _, _, err := d.Adjust(t.Context(), ledger.Adjustment{Key: "k", User: 2, Points: 1, Note: "n", Actor: "a"}); err != nil {
		t.Fatal(err)
	}
	unknown, again := selects(3), selects(4)
	if empty != known || unknown != known+1 || again != known {
		t.Errorf("SELECTs in an empty ledger %d, right after %d, after another's work %d, after that %d", empty, known, unknown, again)
	}
	d.proven()
}

func comSelects(d *desk, db *sqlx.DB) int64 {
	d.Helper()
	var row struct {
		Name  string `db:"Variable_name"`
		Value int64  `db:"Value"`
	}
	if err := db.GetContext(d.Context(), &row, `SHOW SESSION STATUS LIKE 'Com_select'`); err != nil {
		d.Fatal(err)
	}
	return row.Value
}
