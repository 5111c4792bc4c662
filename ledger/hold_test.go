package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/ledger"
)

// holds returns the rows that say what is still held, in words.
func (d *desk) holds() []string {
	d.Helper()
	var rows []ledger.DueHold
	err := d.db.Root.SelectContext(d.Context(), &rows, prefix.SQL(
		`SELECT source, object_id, user_id, pending, release_at FROM {p}loyalty_holds ORDER BY source, object_id, user_id`))
	if err != nil {
		d.Fatal(err)
	}
	said := []string{}
	for _, h := range rows {
		said = append(said, fmt.Sprintf("%s %d of %d: %d until %s", h.Source, h.Object, h.User, h.Pending, h.ReleaseAt.Format(time.DateOnly)))
	}
	return said
}

func (d *desk) release(limit int) int {
	d.Helper()
	n, err := d.ReleaseDue(d.Context(), d.lease, limit)
	if err != nil {
		d.Fatal(err)
	}
	return n
}

func until(p ledger.Posting, day string) ledger.Posting {
	p.ReleaseAt, _ = time.Parse(time.DateOnly, day)
	return p
}

func cancel(user, object, points int64) ledger.Posting {
	return of(user, object, posting(ledger.CancelHold, -points))
}

func release(user, object, points int64) ledger.Posting {
	return of(user, object, posting(ledger.Release, -points))
}

func TestHoldsAreWhatIsPending(t *testing.T) {
	tests := []struct {
		name  string
		posts [][]ledger.Posting // each in its own transaction
		want  []string
	}{
		{"held", [][]ledger.Posting{{until(hold(1, 5, 10), "2099-01-01")}}, []string{"purchase 5 of 1: 10 until 2099-01-01"}},
		{"cancelled in part", [][]ledger.Posting{{until(hold(1, 5, 10), "2099-01-01")}, {cancel(1, 5, 4)}}, []string{"purchase 5 of 1: 6 until 2099-01-01"}},
		{"cancelled", [][]ledger.Posting{{hold(1, 5, 10)}, {cancel(1, 5, 10)}}, []string{}},
		{"held and cancelled in one Post", [][]ledger.Posting{{hold(1, 5, 10), cancel(1, 5, 4), cancel(1, 5, 6)}}, []string{}},
		{"cancelled before it is held, in one Post", [][]ledger.Posting{{cancel(1, 5, 4), until(hold(1, 5, 10), "2099-01-01")}}, []string{"purchase 5 of 1: 6 until 2099-01-01"}},
		{"more is held: the later end counts for all", [][]ledger.Posting{{until(hold(1, 5, 10), "2099-01-01")}, {until(hold(1, 5, 1), "2099-02-02")}}, []string{"purchase 5 of 1: 11 until 2099-02-02"}},
		{"released", [][]ledger.Posting{{hold(1, 5, 10)}, {release(1, 5, 10), earn(1, 5, 10)}}, []string{}},
		{"held again after its release", [][]ledger.Posting{{hold(1, 5, 10)}, {release(1, 5, 10), earn(1, 5, 10), until(hold(1, 5, 3), "2099-03-03")}}, []string{"purchase 5 of 1: 3 until 2099-03-03"}},
		{"another account's", [][]ledger.Posting{{hold(1, 5, 10)}, {cancel(1, 5, 10), until(hold(2, 5, 10), "2099-01-01")}}, []string{"purchase 5 of 2: 10 until 2099-01-01"}},
	}
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		for _, test := range tests {
			for _, postings := range test.posts {
				d.post(postings...)
			}
			if diff := cmp.Diff(test.want, d.holds()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
			d.proven()
			d.empty("entries", "accounts", "holds", "points_daily")
		}
	})
}

func TestNoMoreIsReleasedThanIsHeld(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(hold(1, 5, 10), hold(1, 6, 10), hold(2, 5, 10))
		for name, postings := range map[string][]ledger.Posting{
			"cancel more":             {cancel(1, 5, 11)},
			"release more":            {release(1, 5, 11), earn(1, 5, 11)},
			"more in two steps":       {cancel(1, 5, 6), cancel(1, 5, 6)},
			"nothing is held":         {cancel(1, 7, 1)},
			"held by another account": {cancel(3, 5, 1)},
		} {
			if _, err := d.try(postings...); !errors.Is(err, ledger.ErrNotHeld) {
				t.Errorf("%s: answered %v", name, err)
			}
		}
		d.proven()
	})
}

func TestReleaseDueMakesPointsAvailableAtTheEndOfTheHolding(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		if n := d.release(10); n != 0 {
			t.Errorf("released %d of nothing", n)
		}
		fact := noon.AddDate(0, 0, -2)
		held := until(hold(1, 5, 10), "2026-03-15")
		held.FactAt, held.Program = fact, 3
		d.post(held, until(hold(1, 6, 7), "2999-01-01"), until(hold(2, 7, 4), "2026-03-16"), until(hold(3, 8, 9), "2026-03-14"))
		d.update(func(tx *ledger.Tx) error { return tx.Freeze(ctx, 3, true) })
		cancelled := cancel(1, 5, 2)
		cancelled.FactAt, cancelled.Program = fact, 3
		d.post(cancelled)

		// The frozen account's hold is the first that is due and is left alone.
		if n := d.release(1); n != 1 {
			t.Errorf("released %d, want the limit of 1", n)
		}
		entries := d.entries(1)[3:]
		end := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
		if len(entries) != 2 {
			t.Fatalf("released with %+v", entries)
		}
		for i, want := range []ledger.Entry{{Type: ledger.Release, Pending: -8}, {Type: ledger.Earn, Points: 8}} {
			e := entries[i]
			if e.Type != want.Type || e.Pending != want.Pending || e.Points != want.Points || !e.OccurredAt.Equal(end) ||
				!e.FactAt.Time.Equal(fact) || e.Program != 3 || e.Source != ledger.Purchase || e.Object != 5 {
				t.Errorf("entry %d is %+v, want %+v at %v", i, e, want, end)
			}
		}
		if n := d.release(10); n != 1 {
			t.Errorf("released %d, want account 2's", n)
		}
		if n := d.release(10); n != 0 {
			t.Errorf("released %d again", n)
		}
		d.update(func(tx *ledger.Tx) error { return tx.Freeze(ctx, 3, false) })
		d.update(func(tx *ledger.Tx) error { return tx.Reschedule(ctx, ledger.Purchase, 6, noon) })
		if n := d.release(10); n != 2 {
			t.Errorf("released %d, want the thawed one and the rescheduled one", n)
		}
		for user, want := range map[int64]int64{1: 15, 2: 4, 3: 9} {
			if got := d.account(user); got.Balance != want || got.Pending != 0 || got.Earned != want {
				t.Errorf("account %d is %+v, want a balance of %d", user, got, want)
			}
		}
		if diff := cmp.Diff([]string{}, d.holds()); diff != "" {
			t.Errorf("holds (-want +got):\n%s", diff)
		}
		d.proven()
	})
}
