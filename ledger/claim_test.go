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

func TestAChangeOfARedemptionIsOneRequest(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(7, 1, 1000))
		kept, dropped := d.reserve("kept", 100), d.reserve("dropped", 50)
		confirm := func(key string, id, coupon int64) func() (ledger.Redemption, int64, error) {
			return func() (ledger.Redemption, int64, error) { return d.Confirm(ctx, key, id, coupon) }
		}
		cancel := func(key string, id int64) func() (ledger.Redemption, int64, error) {
			return func() (ledger.Redemption, int64, error) { return d.Cancel(ctx, key, id) }
		}
		for _, c := range []struct {
			name    string
			change  func() (ledger.Redemption, int64, error)
			balance int64
			want    error
		}{
			{"confirm", confirm("k", kept.ID, 5), 850, nil},
			{"again", confirm("k", kept.ID, 5), 850, nil},
			{"again, with another key", confirm("k2", kept.ID, 5), 850, nil},
			{"another coupon", confirm("k", kept.ID, 6), 0, ledger.ErrKeyReused},
			{"another redemption", confirm("k ", dropped.ID, 5), 0, ledger.ErrKeyReused}, // the table compares without the space
			{"another kind", cancel("k", kept.ID), 0, ledger.ErrKeyReused},
			{"the key of a reservation", cancel("dropped", dropped.ID), 0, ledger.ErrKeyReused},
			{"refused", cancel("refused", kept.ID), 0, ledger.ErrConfirmed},
			{"what was refused has its key", cancel("refused", dropped.ID), 0, ledger.ErrKeyReused},
			{"nothing", cancel("nothing", 99999), 0, ledger.ErrNoRedemption},
			{"cancel", cancel("c", dropped.ID), 900, nil},
			{"cancel again", cancel("c", dropped.ID), 900, nil},
		} {
			if _, balance, err := c.change(); !errors.Is(err, c.want) || balance != c.balance {
				t.Errorf("%s: balance %d, %v, want %d, %v", c.name, balance, err, c.balance, c.want)
			}
		}
		for _, key := range []string{strings.Repeat("k", 192), "ключ", "a\nb"} {
			if _, _, err := d.Cancel(ctx, key, dropped.ID); err == nil {
				t.Errorf("the key %q is taken", key)
			}
		}
		if _, _, _, err := d.Reserve(ctx, reservation("k", 5)); !errors.Is(err, ledger.ErrKeyReused) {
			t.Errorf("reserving with the key of a confirmation: %v", err)
		}
		if err := d.Claim(ctx, "k", "erase 7"); !errors.Is(err, ledger.ErrKeyReused) {
			t.Errorf("another request with the key of a confirmation: %v", err)
		}
		d.proveRedemptions()
	})
}

func TestOfTwoChangesWithOneKeyOneIsDone(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(7, 1, 1000))
		first, second := d.reserve("first", 100), d.reserve("second", 100)
		var errs [2]error
		var balances [2]int64
		d.together(d.Ledger, func() {},
			func() { _, balances[0], errs[0] = d.Confirm(ctx, "one key", first.ID, 5) },
			func() { _, balances[1], errs[1] = d.Confirm(ctx, "one key", second.ID, 6) })
		if errs[0] != nil || balances[0] != 800 || !errors.Is(errs[1], ledger.ErrKeyReused) {
			t.Errorf("balances %v, errors %v", balances, errs)
		}
		if a, b := d.redemption(first.ID), d.redemption(second.ID); a.State != ledger.Confirmed || a.Coupon != 5 || b.State != ledger.Reserved {
			t.Errorf("%+v, %+v", a, b)
		}
	})
}

func TestManyConfirmedTogetherHaveEachTheirCoupon(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(7, 1, 1000))
		const many = 10
		var confirm []func()
		var made []ledger.Redemption
		for i := range many {
			r := d.reserve(fmt.Sprint("r", i), 10)
			made = append(made, r)
			confirm = append(confirm, func() {
				if got, balance, err := d.Confirm(ctx, fmt.Sprint("c", i), r.ID, int64(100+i)); err != nil || balance != 900 || got.Coupon != int64(100+i) {
					t.Errorf("%+v, balance %d, %v", got, balance, err)
				}
			})
		}
		d.together(d.Ledger, func() {}, confirm...)
		for i, r := range made {
			if got := d.redemption(r.ID); got.State != ledger.Confirmed || got.Coupon != int64(100+i) || got.Code != r.Code || got.Returned != 0 || got.Order != 0 {
				t.Errorf("%+v", got)
			}
		}
		d.proveRedemptions()
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
