package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"loyaltyd/ledger"
)

// redeemModel is what redemptions do to balances, as naive as can be.
type redeemModel struct {
	balance map[int64]int64 // by user
	frozen  map[int64]bool
	posted  int64 // all that was earned, revoked and adjusted
	rows    []redeemRow
	keys    map[string]int // index of rows
}

type redeemRow struct {
	id, user, points, returned, coupon, order int64
	state                                     ledger.RedemptionState
}

var errNothing = errors.New("this settlement means nothing")

func (m *redeemModel) reserve(key string, user, points int64) (row int, balance int64, err error) {
	if i, known := m.keys[key]; known {
		if m.rows[i].user != user || m.rows[i].points != points {
			return 0, 0, ledger.ErrKeyReused
		}
		return i, 0, nil
	}
	switch {
	case m.frozen[user]:
		return 0, 0, ledger.ErrFrozen
	case m.balance[user] < points:
		return 0, 0, ledger.ErrInsufficient
	}
	m.balance[user] -= points
	m.keys[key] = len(m.rows)
	m.rows = append(m.rows, redeemRow{user: user, points: points, state: ledger.Reserved})
	return len(m.rows) - 1, m.balance[user], nil
}

func (m *redeemModel) confirm(r *redeemRow, coupon int64) error {
	switch r.state {
	case ledger.Cancelled:
		return ledger.ErrCancelled
	case ledger.Closed:
		return ledger.ErrClosed
	case ledger.Reserved:
		r.state, r.coupon = ledger.Confirmed, coupon
	case ledger.Confirmed, ledger.Used:
		if r.coupon != coupon {
			return ledger.ErrOtherCoupon
		}
	}
	return nil
}

func (m *redeemModel) cancel(r *redeemRow) error {
	switch {
	case r.state == ledger.Cancelled:
		return nil
	case r.state == ledger.Closed:
		return ledger.ErrClosed
	case r.state != ledger.Reserved:
		return ledger.ErrConfirmed
	case m.frozen[r.user]:
		return ledger.ErrFrozen
	}
	m.balance[r.user] += r.points
	r.state, r.returned = ledger.Cancelled, r.points
	return nil
}

// allowed says which settlements mean something, state by state.
func (r redeemRow) allowed(s ledger.Settlement) bool {
	coupon := s.Coupon != 0 || r.coupon != 0
	if s.Returned > r.points || (s.Order != 0) != (s.State == ledger.Used) {
		return false
	}
	switch s.State {
	case ledger.Confirmed:
		return coupon
	case ledger.Used, ledger.Closed:
		return true
	case ledger.Cancelled:
		return !coupon && s.Returned == r.points
	}
	return false
}

func (m *redeemModel) settle(r *redeemRow, s ledger.Settlement) error {
	if !r.allowed(s) {
		return errNothing
	}
	if s.Returned != r.returned && m.frozen[r.user] {
		return nil
	}
	for r.returned < s.Returned {
		r.returned++
		m.balance[r.user]++
	}
	for r.returned > s.Returned && m.balance[r.user] > 0 {
		r.returned--
		m.balance[r.user]--
	}
	r.state, r.order = s.State, s.Order
	if s.Coupon != 0 {
		r.coupon = s.Coupon
	}
	return nil
}

// redeemStep draws one thing that happens, lets it happen to both, and fails
// when they do not answer alike.
func redeemStep(r *rapid.T, d *desk, m *redeemModel) string {
	ctx := context.Background()
	user := rapid.Int64Range(1, modelUsers).Draw(r, "user")
	n := rapid.Int64Range(1, 30).Draw(r, "points")
	act := rapid.SampledFrom([]string{"earn", "revoke", "freeze", "reserve", "reserve", "confirm", "cancel", "settle", "settle", "settle"}).Draw(r, "act")
	same := func(got, want error) {
		if errors.Is(want, errNothing) && got != nil {
			return
		}
		if !errors.Is(got, want) || (got == nil) != (want == nil) {
			r.Fatalf("%s: the ledger answered %v, the model %v", act, got, want)
		}
	}
	if act == "reserve" {
		key := fmt.Sprint("key ", rapid.IntRange(0, 12).Draw(r, "key"))
		asked := reservation(key, n)
		asked.User = user
		_, known := m.keys[key]
		row, balance, want := m.reserve(key, user, n)
		got, left, repeated, err := d.Reserve(ctx, asked)
		same(err, want)
		if err == nil && !known {
			m.rows[row].id = got.ID
		}
		if err == nil && (got.ID != m.rows[row].id || repeated != known || !known && left != balance) {
			r.Fatalf("reserved %+v, balance %d, repeated %v; the model says %+v, %d, %v", got, left, repeated, m.rows[row], balance, known)
		}
		return act
	}
	if act == "earn" || act == "revoke" || act == "freeze" {
		frozen := m.frozen[user]
		err := d.Update(ctx, d.lease, func(tx *ledger.Tx) error {
			switch {
			case act == "freeze":
				return tx.Freeze(ctx, user, !frozen)
			case frozen:
				return nil
			}
			p := earn(user, int64(len(m.rows))+1, n)
			if act == "revoke" {
				p = revoke(user, int64(len(m.rows))+1, n)
			}
			_, err := tx.Post(ctx, []ledger.Posting{p})
			return err
		})
		same(err, nil)
		switch {
		case act == "freeze":
			m.frozen[user] = !frozen
		case frozen:
		case act == "earn":
			m.balance[user], m.posted = m.balance[user]+n, m.posted+n
		default:
			m.balance[user], m.posted = m.balance[user]-n, m.posted-n
		}
		return act
	}
	if len(m.rows) == 0 {
		return "nothing"
	}
	i := rapid.IntRange(0, len(m.rows)-1).Draw(r, "redemption")
	row := &m.rows[i]
	switch act {
	case "confirm":
		coupon := rapid.Int64Range(70, 72).Draw(r, "coupon")
		want := m.confirm(row, coupon)
		_, err := d.confirm(ctx, row.id, coupon)
		same(err, want)
	case "cancel":
		want := m.cancel(row)
		_, err := d.cancel(ctx, row.id)
		same(err, want)
	case "settle":
		s := ledger.Settlement{
			State:    rapid.SampledFrom([]ledger.RedemptionState{ledger.Confirmed, ledger.Used, ledger.Used, ledger.Closed, ledger.Cancelled, ledger.Reserved}).Draw(r, "state"),
			Coupon:   rapid.SampledFrom([]int64{0, 0, 71}).Draw(r, "coupon"),
			Returned: rapid.Int64Range(0, row.points).Draw(r, "returned"),
			Cause:    "drawn",
		}
		if s.State == ledger.Cancelled && rapid.Bool().Draw(r, "whole") {
			s.Returned = row.points
		}
		if (s.State == ledger.Used) != (rapid.IntRange(0, 9).Draw(r, "order") == 0) {
			s.Order = 900
		}
		want := m.settle(row, s)
		err := d.UpdateAlone(ctx, func(tx *ledger.Tx) error {
			_, err := tx.SettleRedemption(ctx, row.id, s)
			return err
		})
		same(err, want)
		if want != nil {
			return "refused"
		}
	}
	return act
}

func TestRandomRedemptionsAgreeWithANaiveModel(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		did := map[string]int{}
		rapid.Check(t, func(r *rapid.T) {
			d.empty("entries", "entry_notes", "accounts", "points_daily", "redemptions", "requests")
			m := &redeemModel{balance: map[int64]int64{}, frozen: map[int64]bool{}, keys: map[string]int{}}
			for user := int64(1); user <= modelUsers; user++ {
				d.post(earn(user, 1000+user, 40))
				m.balance[user], m.posted = 40, m.posted+40
			}
			for range rapid.IntRange(1, 14).Draw(r, "steps") {
				did[redeemStep(r, d, m)]++
				agree(r, d, m)
			}
		})
		for _, act := range []string{"earn", "revoke", "freeze", "reserve", "confirm", "cancel", "settle", "refused"} {
			if did[act] == 0 {
				t.Errorf("%q never came about: %v", act, did)
			}
		}
	})
}

// agree compares all that can be seen, and proves that no point came from
// nowhere.
func agree(r *rapid.T, d *desk, m *redeemModel) {
	stored, err := d.Redemptions(context.Background(), ledger.RedemptionFilter{})
	if err != nil || len(stored) != len(m.rows) {
		r.Fatalf("%d redemptions, %v; the model has %d", len(stored), err, len(m.rows))
	}
	out := int64(0)
	for i, row := range m.rows {
		s := stored[i]
		if got := (redeemRow{s.ID, s.User, s.Points, s.Returned, s.Coupon, s.Order, s.State}); got != row {
			r.Fatalf("redemption %d is %+v, the model says %+v", i, got, row)
		}
		out += row.points - row.returned
	}
	sum := int64(0)
	for _, user := range slices.Sorted(maps.Keys(m.balance)) {
		account := d.account(user)
		if account.Balance != m.balance[user] {
			r.Fatalf("user %d has %d points, the model says %d", user, account.Balance, m.balance[user])
		}
		sum += account.Balance
	}
	if sum != m.posted-out {
		r.Fatalf("%d points are left of %d when %d are spent", sum, m.posted, out)
	}
	findings, err := d.VerifyRedemptions(context.Background())
	if err != nil || len(findings) > 0 {
		r.Fatalf("verify of redemptions found %v, %v", findings, err)
	}
	if findings := d.verify().Findings; len(findings) > 0 {
		r.Fatalf("verify found %s", findings[0])
	}
}
