package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"loyaltyd/ledger"
)

func TestAKeyStandsForOneRequest(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		for _, c := range []struct {
			name, key, request string
			want               error
		}{
			{"first", "k", "confirm 1 5", nil},
			{"again", "k", "confirm 1 5", nil},
			{"for another request", "k", "confirm 1 6", ledger.ErrKeyReused},
			{"for another kind", "k", "cancel 1", ledger.ErrKeyReused},
			{"another key", "k2", "confirm 1 5", nil},
			{"a key in capitals is another", "K", "cancel 9", nil},
		} {
			if err := d.Claim(t.Context(), c.key, c.request); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		for _, key := range []string{"", strings.Repeat("k", 192), "ключ", "a\nb"} {
			if err := d.Claim(t.Context(), key, "cancel 1"); err == nil {
				t.Errorf("the key %q is taken", key)
			}
		}
		if _, _, _, err := d.Reserve(t.Context(), reservation("k", 1)); !errors.Is(err, ledger.ErrKeyReused) {
			t.Errorf("reserving with a claimed key: %v", err)
		}
		var wait sync.WaitGroup
		const many = 60
		errs, others := make([]error, many), make([]error, many)
		for i := range many {
			wait.Go(func() { errs[i] = d.Claim(t.Context(), "parallel", "cancel 7") })
			wait.Go(func() { others[i] = d.Claim(t.Context(), fmt.Sprint("parallel ", i/2), fmt.Sprint("cancel ", i)) })
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Errorf("in parallel: %v", err)
		}
		for i := 0; i < many; i += 2 { // one of two has the key
			if first, second := others[i], others[i+1]; (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), ledger.ErrKeyReused) {
				t.Errorf("two for one key: %v and %v", first, second)
			}
		}
	})
}

func TestAReservationIsFoundByItsKey(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		if _, _, err := d.Adjust(t.Context(), ledger.Adjustment{Key: "gift", User: 7, Points: 1000, Note: "A gift"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.Reservation(t.Context(), reservation("k", 100)); !errors.Is(err, ledger.ErrNoRedemption) {
			t.Errorf("before it was made: %v", err)
		}
		made := d.reserve("k", 100)
		d.reserve("k2", 100)
		found, balance, err := d.Reservation(t.Context(), reservation("k", 100))
		if err != nil || found.ID != made.ID || found.Code != made.Code || balance != 900 {
			t.Errorf("found %+v with balance %d: %v", found, balance, err)
		}
		for _, other := range []ledger.Reservation{reservation("k", 101), reservation("gift", 100)} {
			if _, _, err := d.Reservation(t.Context(), other); !errors.Is(err, ledger.ErrKeyReused) {
				t.Errorf("%s for %d points: %v", other.Key, other.Points, err)
			}
		}
	})
}
