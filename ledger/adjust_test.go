package ledger_test

import (
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

var gift = ledger.Adjustment{Key: "k-1", User: 3, Points: 25, Note: "a gift 🎁", Actor: "ann"}

func TestTheSameKeyIsTheSameAdjustment(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		first, repeated, err := d.Adjust(ctx, gift)
		if err != nil || repeated {
			t.Fatalf("adjusted: repeated %v, %v", repeated, err)
		}
		want := ledger.Entry{
			ID: first.ID, User: 3, Seq: 1, Type: ledger.Adjust, Source: ledger.Admin, Object: first.Object,
			Points: 25, Balance: 25, Cause: "adjusted by hand",
		}
		if diff := cmp.Diff(want, first, cmpopts.IgnoreFields(ledger.Entry{}, "OccurredAt", "RecordedAt", "NoteHash", "Hash")); diff != "" || first.ID == 0 {
			t.Errorf("the entry (-want +got):\n%s", diff)
		}
		again, repeated, err := d.Adjust(ctx, gift)
		if err != nil || !repeated {
			t.Errorf("the same request: repeated %v, %v", repeated, err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("the same request answered another entry (-first +second):\n%s", diff)
		}
		for name, change := range map[string]func(*ledger.Adjustment){
			"points": func(a *ledger.Adjustment) { a.Points = -25 },
			"user":   func(a *ledger.Adjustment) { a.User = 4 },
			"note":   func(a *ledger.Adjustment) { a.Note += "!" },
		} {
			other := gift
			change(&other)
			if entry, _, err := d.Adjust(ctx, other); !errors.Is(err, ledger.ErrKeyReused) || entry.ID != 0 {
				t.Errorf("the same key with another %s answered %+v, %v", name, entry, err)
			}
		}
		other := gift
		other.Key = "K-1" // keys are told apart by case
		if _, repeated, err := d.Adjust(ctx, other); err != nil || repeated {
			t.Errorf("another key: repeated %v, %v", repeated, err)
		}
		if got := d.account(3); got.Balance != 50 || got.Seq != 2 {
			t.Errorf("account %+v", got)
		}
		notes, err := d.Notes(ctx, 3)
		if want := (ledger.Note{Entry: first.ID, Note: "a gift 🎁", Actor: "ann"}); err != nil || notes[first.ID] != want {
			t.Errorf("notes %+v, %v", notes, err)
		}
		d.proven()
	})
}

func TestAFrozenAccountMayBeAdjusted(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	d.post(earn(3, 1, 1))
	d.update(func(tx *ledger.Tx) error { return tx.Freeze(t.Context(), 3, true) })
	if entry, _, err := d.Adjust(t.Context(), gift); err != nil || entry.Balance != 26 {
		t.Errorf("adjusted to %+v, %v", entry, err)
	}
}

func TestAdjustmentsThatMakeNoSenseAreRefused(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	for name, change := range map[string]func(*ledger.Adjustment){
		"nothing":           func(a *ledger.Adjustment) { a.Points = 0 },
		"smallest number":   func(a *ledger.Adjustment) { a.Points = math.MinInt64 },
		"nobody":            func(a *ledger.Adjustment) { a.User = 0 },
		"no key":            func(a *ledger.Adjustment) { a.Key = "" },
		"long key":          func(a *ledger.Adjustment) { a.Key = strings.Repeat("k", 192) },
		"key with an emoji": func(a *ledger.Adjustment) { a.Key = "🎁" },
		"no note":           func(a *ledger.Adjustment) { a.Note = " \t\n" },
		"broken note":       func(a *ledger.Adjustment) { a.Note = "\xff" },
	} {
		a := gift
		change(&a)
		if _, _, err := d.Adjust(t.Context(), a); err == nil {
			t.Errorf("%s: adjusted", name)
		}
	}
	a := gift
	a.Note = ""
	if _, _, err := d.Adjust(t.Context(), a); !errors.Is(err, ledger.ErrNoNote) {
		t.Errorf("without a note: %v", err)
	}
	if n := d.number(`SELECT COUNT(*) FROM {p}loyalty_requests`) + d.number(`SELECT COUNT(*) FROM {p}loyalty_entries`); n != 0 {
		t.Errorf("%d rows are left of refused requests", n)
	}
}

func TestConcurrentAdjustmentsWithOneKeyPostOnce(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		const senders = 8
		var group sync.WaitGroup
		var repeats [senders]bool
		var ids [senders]int64
		for i := range senders {
			group.Go(func() {
				entry, repeated, err := d.Adjust(t.Context(), gift)
				if err != nil {
					t.Error(err)
				}
				ids[i], repeats[i] = entry.ID, repeated
			})
		}
		group.Wait()
		firsts := 0
		for i := range senders {
			if !repeats[i] {
				firsts++
			}
			if ids[i] != ids[0] {
				t.Errorf("two entries: %d and %d", ids[0], ids[i])
			}
		}
		if got := d.account(3); firsts != 1 || got.Balance != 25 || got.Seq != 1 {
			t.Errorf("%d first answers, account %+v", firsts, got)
		}
		d.proven()
	})
}
