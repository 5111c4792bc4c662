package ledger_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// euros returns an exact amount.
func euros(text string) apd.Decimal {
	d, _, err := apd.NewFromString(text)
	if err != nil {
		panic(err) // the tests' own text
	}
	return *d
}

// reservation asks for points of user 7, a hundred of them being one euro.
func reservation(key string, points int64) ledger.Reservation {
	return ledger.Reservation{Key: key, User: 7, Points: points, Amount: *apd.New(points, -2), Currency: "EUR", ExpiresOn: "2027-03-01", Actor: "shopper"}
}

func (d *desk) reserve(key string, points int64) ledger.Redemption {
	d.Helper()
	r, _, _, err := d.Reserve(d.Context(), reservation(key, points))
	if err != nil {
		d.Fatal(err)
	}
	return r
}

// settles brings a redemption to a settlement.
func (d *desk) settles(id int64, s ledger.Settlement) ledger.Redemption {
	d.Helper()
	var r ledger.Redemption
	d.update(func(tx *ledger.Tx) (err error) {
		r, err = tx.SettleRedemption(d.Context(), id, s)
		return err
	})
	return r
}

func (d *desk) redemption(id int64) ledger.Redemption {
	d.Helper()
	r, err := d.Redemption(d.Context(), id)
	if err != nil {
		d.Fatal(err)
	}
	return r
}

// proveRedemptions fails the test when a redemption contradicts its entries.
func (d *desk) proveRedemptions() {
	d.Helper()
	d.proven()
	findings, err := d.VerifyRedemptions(d.Context())
	if err != nil || len(findings) > 0 {
		d.Errorf("verify of redemptions found: %v, %v", findings, err)
	}
}

// alike compares redemptions but for when they changed.
func alike(a, b ledger.Redemption) string {
	a.ChangedAt = b.ChangedAt
	return cmp.Diff(a, b, cmp.Comparer(func(x, y apd.Decimal) bool { return x.Text('f') == y.Text('f') }))
}

func TestARedemptionFromReservationToUse(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(7, 1, 700))
		r, balance, repeated, err := d.Reserve(ctx, reservation("k", 500))
		if err != nil || balance != 200 || repeated {
			t.Fatalf("balance %d, repeated %v, %v", balance, repeated, err)
		}
		want := ledger.Redemption{
			ID: r.ID, User: 7, Points: 500, Amount: euros("5.00000000"), Currency: "EUR", Code: r.Code,
			State: ledger.Reserved, ReservedAt: r.ReservedAt, ExpiresOn: "2027-03-01",
		}
		if diff := alike(want, r); diff != "" || r.ReservedAt.IsZero() || !r.ChangedAt.Equal(r.ReservedAt) {
			t.Errorf("reserved (-want +got):\n%s", diff)
		}
		if !regexp.MustCompile(`^points-[a-hj-km-np-z2-9]{12}$`).MatchString(r.Code) {
			t.Errorf("the code is %q", r.Code)
		}
		if diff := alike(r, d.redemption(r.ID)); diff != "" {
			t.Errorf("stored (-said +stored):\n%s", diff)
		}
		entry := d.entries(7)[1]
		if entry.Type != ledger.Redeem || entry.Source != ledger.Coupon || entry.Object != r.ID || entry.Revision != 0 || entry.Points != -500 {
			t.Errorf("the entry %+v", entry)
		}
		if notes, err := d.Notes(ctx, 7); err != nil || notes[entry.ID].Actor != "shopper" {
			t.Errorf("who asked: %+v, %v", notes, err)
		}

		for range 2 {
			if r, err = d.confirm(ctx, r.ID, 77); err != nil {
				t.Fatal(err)
			}
			want.State, want.Coupon = ledger.Confirmed, 77
			if diff := alike(want, r); diff != "" {
				t.Errorf("confirmed (-want +got):\n%s", diff)
			}
		}
		if again, then, repeated, err := d.Reserve(ctx, reservation("k", 500)); err != nil || then != 200 || !repeated || alike(r, again) != "" {
			t.Errorf("asked again: %+v, balance %d, repeated %v, %v", again, then, repeated, err)
		}
		r = d.settles(r.ID, ledger.Settlement{State: ledger.Used, Order: 900})
		want.State, want.Order = ledger.Used, 900
		if diff := alike(want, r); diff != "" {
			t.Errorf("used (-want +got):\n%s", diff)
		}
		if diff := alike(r, d.redemption(r.ID)); diff != "" {
			t.Errorf("stored (-said +stored):\n%s", diff)
		}
		if stored := d.redemption(r.ID); !r.ChangedAt.After(r.ReservedAt) || !stored.ChangedAt.Equal(r.ChangedAt) {
			t.Errorf("reserved at %s, changed at %s, stored %s: copies are brought up to date by it", r.ReservedAt, r.ChangedAt, stored.ChangedAt)
		}
		if got := d.account(7); got.Balance != 200 || got.Redeemed != 500 {
			t.Errorf("account %+v", got)
		}
		d.proveRedemptions()
	})
}

func TestReservationsThatCannotBeAreRefused(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 100), earn(8, 2, 100))
		d.update(func(tx *ledger.Tx) error { return tx.Freeze(t.Context(), 8, true) })
		d.reserve("used", 10)
		for name, test := range map[string]struct {
			change func(*ledger.Reservation)
			want   error // nil: any
		}{
			"more than there is":  {func(r *ledger.Reservation) { r.Points = 91 }, ledger.ErrInsufficient},
			"of an empty account": {func(r *ledger.Reservation) { r.User = 9 }, ledger.ErrInsufficient},
			"of a frozen account": {func(r *ledger.Reservation) { r.User = 8 }, ledger.ErrFrozen},
			"another's key":       {func(r *ledger.Reservation) { r.Key, r.User = "used", 9 }, ledger.ErrKeyReused},
			"key, other points":   {func(r *ledger.Reservation) { r.Key = "used" }, ledger.ErrKeyReused},
			"no key":              {func(r *ledger.Reservation) { r.Key = "" }, nil},
			"nobody":              {func(r *ledger.Reservation) { r.User = 0 }, nil},
			"no points":           {func(r *ledger.Reservation) { r.Points = 0 }, nil},
			"points to get":       {func(r *ledger.Reservation) { r.Points = -20 }, nil},
			"worth nothing":       {func(r *ledger.Reservation) { r.Amount = euros("0.00") }, nil},
			"worth less":          {func(r *ledger.Reservation) { r.Amount = euros("-1") }, nil},
			"worth without end":   {func(r *ledger.Reservation) { r.Amount = euros("Infinity") }, nil},
			"worth no number":     {func(r *ledger.Reservation) { r.Amount = euros("NaN") }, nil},
			"worth too exact":     {func(r *ledger.Reservation) { r.Amount = euros("0.000000001") }, nil},
			"worth too much":      {func(r *ledger.Reservation) { r.Amount = euros("1e18") }, nil},
			"no currency":         {func(r *ledger.Reservation) { r.Currency = "" }, nil},
			"currency":            {func(r *ledger.Reservation) { r.Currency = "€" }, nil},
			"day":                 {func(r *ledger.Reservation) { r.ExpiresOn = "2027-02-30" }, nil},
		} {
			r := reservation("other "+name, 20)
			test.change(&r)
			got, _, _, err := d.Reserve(t.Context(), r)
			if err == nil || test.want != nil && !errors.Is(err, test.want) || got.ID != 0 {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if n := d.number(`SELECT COUNT(*) FROM {p}loyalty_redemptions`) + d.number(`SELECT COUNT(*) FROM {p}loyalty_requests`); n != 2 {
			t.Errorf("%d rows, want those of one redemption", n)
		}
		d.proveRedemptions()
	})
}

func TestAKeyOfAnAdjustmentIsNoKeyOfARedemption(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	d.post(earn(7, 1, 100))
	d.reserve("k", 10)
	if _, _, err := d.Adjust(t.Context(), ledger.Adjustment{Key: "k", User: 7, Points: 10, Note: "n"}); !errors.Is(err, ledger.ErrKeyReused) {
		t.Errorf("adjusted: %v", err)
	}
}

func TestTheLargestAmountIsKept(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 100))
		for key, text := range map[string]string{"a": "999999999999999999.99999999", "b": "0.00000001"} {
			asked := reservation(key, 10)
			asked.Amount, asked.ExpiresOn = euros(text), ""
			r, _, _, err := d.Reserve(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.redemption(r.ID); got.Amount.Text('f') != text || got.ExpiresOn != "" || alike(r, got) != "" {
				t.Errorf("%+v became %+v", r, got)
			}
		}
	})
}

// Two coupons of one code would let one customer spend another's points.
func TestACodeThatIsTakenIsDrawnAgain(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 100))
		first := d.reserve("a", 10)
		d.exec(`CREATE TRIGGER unlucky BEFORE INSERT ON {p}loyalty_redemptions FOR EACH ROW
			BEGIN SET @drawn = COALESCE(@drawn, 0) + 1; IF @drawn = 1 THEN SET NEW.code = '` + first.Code + `'; END IF; END`)
		second := d.reserve("b", 10)
		if stored := d.redemption(second.ID); second.Code == first.Code || stored.Code != second.Code {
			t.Errorf("codes %q, then %q, stored %q", first.Code, second.Code, stored.Code)
		}
		d.proveRedemptions()
	})
}
