package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

func (d *desk) confirm(ctx context.Context, id, coupon int64) (ledger.Redemption, error) {
	r, _, err := d.Confirm(ctx, "", id, coupon)
	return r, err
}

func (d *desk) cancel(ctx context.Context, id int64) (ledger.Redemption, error) {
	r, _, err := d.Cancel(ctx, "", id)
	return r, err
}

// in returns a redemption of 100 of user 7's points that has come to a state.
func (d *desk) in(state ledger.RedemptionState) ledger.Redemption {
	d.Helper()
	r := d.reserve(fmt.Sprintf("%s %d", state, d.number(`SELECT COUNT(*) FROM {p}loyalty_redemptions`)), 100)
	var err error
	switch state {
	case ledger.Cancelled:
		r, err = d.cancel(d.Context(), r.ID)
	case ledger.Confirmed, ledger.Used, ledger.Closed:
		r, err = d.confirm(d.Context(), r.ID, 77)
	}
	if err != nil {
		d.Fatal(err)
	}
	switch state {
	case ledger.Used:
		r = d.settles(r.ID, ledger.Settlement{State: ledger.Used, Order: 900})
	case ledger.Closed:
		r = d.settles(r.ID, ledger.Settlement{State: ledger.Closed, Returned: 100})
	}
	return r
}

func TestWhatCanBeDoneInEachState(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(7, 1, 10_000))
		tests := []struct {
			state          ledger.RedemptionState
			same, other    error // of confirming with the coupon it has, with another
			cancel         error
			afterCancelled ledger.RedemptionState
		}{
			{ledger.Reserved, nil, nil, nil, ledger.Cancelled},
			{ledger.Confirmed, nil, ledger.ErrOtherCoupon, ledger.ErrConfirmed, ledger.Confirmed},
			{ledger.Used, nil, ledger.ErrOtherCoupon, ledger.ErrConfirmed, ledger.Used},
			{ledger.Closed, ledger.ErrClosed, ledger.ErrClosed, ledger.ErrClosed, ledger.Closed},
			{ledger.Cancelled, ledger.ErrCancelled, ledger.ErrCancelled, nil, ledger.Cancelled},
		}
		for _, test := range tests {
			for coupon, want := range map[int64]error{77: test.same, 78: test.other} {
				r := d.in(test.state)
				got, err := d.confirm(ctx, r.ID, coupon)
				if !errors.Is(err, want) || err == nil && (got.Coupon != coupon || got.State == ledger.Reserved) || err != nil && got.ID != 0 {
					t.Errorf("%s confirmed with %d: %+v, %v, want %v", test.state, coupon, got, err, want)
				}
				if now := d.redemption(r.ID); want != nil && !now.ChangedAt.Equal(r.ChangedAt) {
					t.Errorf("%s confirmed with %d: refused, but changed", test.state, coupon)
				}
			}
			r := d.in(test.state)
			got, err := d.cancel(ctx, r.ID)
			if now := d.redemption(r.ID); !errors.Is(err, test.cancel) || now.State != test.afterCancelled || err == nil && alike(got, now) != "" {
				t.Errorf("%s cancelled: %v, want %v; now %s", test.state, err, test.cancel, now.State)
			}
		}
		for name, refused := range map[string]func() (ledger.Redemption, error){
			"confirm nothing":     func() (ledger.Redemption, error) { return d.confirm(ctx, 99999, 1) },
			"cancel nothing":      func() (ledger.Redemption, error) { return d.cancel(ctx, 99999) },
			"read nothing":        func() (ledger.Redemption, error) { return d.Redemption(ctx, 99999) },
			"read a negative one": func() (ledger.Redemption, error) { return d.Redemption(ctx, -1) },
		} {
			if _, err := refused(); !errors.Is(err, ledger.ErrNoRedemption) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := d.confirm(ctx, d.in(ledger.Reserved).ID, 0); err == nil {
			t.Error("confirmed without a coupon")
		}
		d.proveRedemptions()
	})
}

// Points go out and come back step by step, and each step is dated when its
// cause came about.
func TestSettlingPostsTheDifference(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 100))
		r := d.in(ledger.Used)
		if got := d.account(7); got.Balance != 0 {
			t.Fatalf("balance %d", got.Balance)
		}
		for _, step := range []struct {
			returned, got, balance int64
		}{
			{30, 30, 30}, {30, 30, 30}, {80, 80, 80}, {50, 50, 50}, {100, 100, 100}, {0, 0, 0},
		} {
			s := ledger.Settlement{State: ledger.Used, Order: 900, Returned: step.returned, OccurredAt: noon, Cause: "refund"}
			before := d.account(7).Seq
			r = d.settles(r.ID, s)
			account := d.account(7)
			if r.Returned != step.got || account.Balance != step.balance || account.Redeemed != 100-step.got {
				t.Fatalf("returned %d: %+v, account %+v", step.returned, r, account)
			}
			if account.Seq == before {
				continue
			}
			last := d.entries(7)[account.Seq-1]
			if last.Cause != "refund" || !last.OccurredAt.Equal(noon) || last.Object != r.ID || last.Source != ledger.Coupon {
				t.Errorf("returned %d: entry %+v", step.returned, last)
			}
		}
		if got := d.account(7).Seq; got != 7 {
			t.Errorf("%d entries, want 7: settling what is settled posts nothing", got)
		}
		changed := d.redemption(r.ID).ChangedAt
		if again := d.settles(r.ID, ledger.Settlement{State: ledger.Used, Order: 900}); !again.ChangedAt.Equal(changed) {
			t.Error("settling what is settled changed the row")
		}
		d.proveRedemptions()
	})
}

// What was given back may be spent already.
func TestTakingAgainLeavesNoDebt(t *testing.T) {
	each(t, ledger.Options{Clamp: true}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 100))
		r := d.in(ledger.Used)
		used := ledger.Settlement{State: ledger.Used, Order: 900}
		back := used
		back.Returned = 80
		d.settles(r.ID, back)
		d.reserve("next", 50)
		if r = d.settles(r.ID, used); r.Returned != 50 || d.account(7).Balance != 0 {
			t.Errorf("with 30 points left: %+v, balance %d", r, d.account(7).Balance)
		}
		if again := d.settles(r.ID, used); again.Returned != 50 || !again.ChangedAt.Equal(r.ChangedAt) {
			t.Errorf("with none left: %+v", again)
		}
		d.post(earn(7, 2, 500))
		if r = d.settles(r.ID, used); r.Returned != 0 || d.account(7).Balance != 450 {
			t.Errorf("with enough again: %+v, balance %d", r, d.account(7).Balance)
		}
		d.proveRedemptions()
	})
	t.Run("of a debtor", func(t *testing.T) {
		d := newDesk(t, testshop.New(t), ledger.Options{})
		d.post(earn(7, 1, 100))
		r := d.in(ledger.Used)
		d.settles(r.ID, ledger.Settlement{State: ledger.Used, Order: 900, Returned: 40})
		d.post(revoke(7, 1, 100))
		if r = d.settles(r.ID, ledger.Settlement{State: ledger.Used, Order: 900}); r.Returned != 40 || d.account(7).Balance != -60 {
			t.Errorf("%+v, balance %d", r, d.account(7).Balance)
		}
		if r = d.settles(r.ID, ledger.Settlement{State: ledger.Used, Order: 900, Returned: 60}); r.Returned != 60 || d.account(7).Balance != -40 {
			t.Errorf("given back to a debtor: %+v, balance %d", r, d.account(7).Balance)
		}
		d.proveRedemptions()
	})
}

func TestAFrozenAccountsRedemptionsRest(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(7, 1, 1000))
		reserved, made, used := d.in(ledger.Reserved), d.in(ledger.Confirmed), d.in(ledger.Used)
		freeze := func(frozen bool) {
			d.update(func(tx *ledger.Tx) error { return tx.Freeze(ctx, 7, frozen) })
		}
		freeze(true)
		before := d.account(7)
		if _, err := d.cancel(ctx, reserved.ID); !errors.Is(err, ledger.ErrFrozen) {
			t.Errorf("cancelled: %v", err)
		}
		closing := ledger.Settlement{State: ledger.Closed, Returned: 100}
		if got := d.settles(made.ID, closing); alike(made, got) != "" || alike(made, d.redemption(made.ID)) != "" {
			t.Errorf("closed: %+v", got)
		}
		// What moves no points is recorded: a reservation's coupon, an order freed.
		if got, err := d.confirm(ctx, reserved.ID, 5); err != nil || got.State != ledger.Confirmed {
			t.Errorf("confirmed: %+v, %v", got, err)
		}
		if got := d.settles(used.ID, ledger.Settlement{State: ledger.Confirmed}); got.State != ledger.Confirmed || got.Order != 0 {
			t.Errorf("freed: %+v", got)
		}
		if diff := cmp.Diff(before, d.account(7)); diff != "" {
			t.Errorf("the frozen account moved:\n%s", diff)
		}
		freeze(false)
		if got := d.settles(made.ID, closing); got.State != ledger.Closed || d.account(7).Balance != before.Balance+100 {
			t.Errorf("live again: %+v", got)
		}
		d.proveRedemptions()
	})
}

func TestSettlementsThatMeanNothingAreRefused(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	d.post(earn(7, 1, 1000))
	for name, test := range map[string]struct {
		from ledger.RedemptionState
		s    ledger.Settlement
	}{
		"no state":                     {ledger.Confirmed, ledger.Settlement{}},
		"another state":                {ledger.Confirmed, ledger.Settlement{State: "lost"}},
		"reserved again":               {ledger.Confirmed, ledger.Settlement{State: ledger.Reserved}},
		"more than was spent":          {ledger.Confirmed, ledger.Settlement{State: ledger.Closed, Returned: 101}},
		"less than nothing":            {ledger.Confirmed, ledger.Settlement{State: ledger.Closed, Returned: -1}},
		"used by nothing":              {ledger.Confirmed, ledger.Settlement{State: ledger.Used}},
		"closed, but by an order":      {ledger.Confirmed, ledger.Settlement{State: ledger.Closed, Order: 3}},
		"confirmed without a coupon":   {ledger.Reserved, ledger.Settlement{State: ledger.Confirmed}},
		"cancelled with a coupon":      {ledger.Confirmed, ledger.Settlement{State: ledger.Cancelled, Returned: 100}},
		"cancelled, but nothing given": {ledger.Reserved, ledger.Settlement{State: ledger.Cancelled}},
	} {
		r := d.in(test.from)
		err := d.UpdateAlone(t.Context(), func(tx *ledger.Tx) error {
			_, err := tx.SettleRedemption(t.Context(), r.ID, test.s)
			return err
		})
		if err == nil || alike(r, d.redemption(r.ID)) != "" {
			t.Errorf("%s: settled with %v", name, err)
		}
	}
	err := d.UpdateAlone(t.Context(), func(tx *ledger.Tx) error {
		_, err := tx.SettleRedemption(t.Context(), 9999, ledger.Settlement{State: ledger.Closed})
		return err
	})
	if !errors.Is(err, ledger.ErrNoRedemption) {
		t.Errorf("settled nothing: %v", err)
	}
	d.proveRedemptions()
}

func TestRedemptionsAreFound(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 1000), earn(8, 2, 1000))
		var all []ledger.Redemption
		for _, state := range []ledger.RedemptionState{ledger.Reserved, ledger.Confirmed, ledger.Reserved, ledger.Cancelled} {
			all = append(all, d.in(state))
		}
		other := reservation("other", 10)
		other.User = 8
		r, _, _, err := d.Reserve(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
		for name, test := range map[string]struct {
			filter ledger.RedemptionFilter
			want   []int // indexes of all
		}{
			"all":            {ledger.RedemptionFilter{}, []int{0, 1, 2, 3, 4}},
			"a page":         {ledger.RedemptionFilter{After: all[0].ID, Limit: 2}, []int{1, 2}},
			"a state":        {ledger.RedemptionFilter{States: []ledger.RedemptionState{ledger.Reserved}}, []int{0, 2, 4}},
			"states":         {ledger.RedemptionFilter{States: []ledger.RedemptionState{ledger.Cancelled, ledger.Confirmed}}, []int{1, 3}},
			"no state":       {ledger.RedemptionFilter{States: []ledger.RedemptionState{}}, nil},
			"a user":         {ledger.RedemptionFilter{User: 8}, []int{4}},
			"a user's state": {ledger.RedemptionFilter{User: 7, States: []ledger.RedemptionState{ledger.Reserved}}, []int{0, 2}},
			"codes":          {ledger.RedemptionFilter{Codes: []string{all[3].Code, "points-none", "sommer-ü 🎁", all[1].Code}}, []int{1, 3}},
			"no code":        {ledger.RedemptionFilter{Codes: []string{}}, nil},
			"a hostile code": {ledger.RedemptionFilter{Codes: []string{"' OR 1=1 -- 🎁"}}, nil},
		} {
			got, err := d.Redemptions(t.Context(), test.filter)
			if err != nil || len(got) != len(test.want) {
				t.Errorf("%s: found %d, %v, want %d", name, len(got), err, len(test.want))
				continue
			}
			for i, at := range test.want {
				if diff := alike(all[at], got[i]); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", name, diff)
				}
			}
		}
		d.update(func(tx *ledger.Tx) error {
			got, err := tx.Redemptions(t.Context(), []int64{all[2].ID, 99999, all[0].ID, all[2].ID})
			if err != nil || len(got) != 2 || got[0].ID != all[0].ID || got[1].ID != all[2].ID {
				t.Errorf("in a transaction: %+v, %v", got, err)
			}
			return nil
		})
	})
}

func TestErasedNotesLeaveNoTrace(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(3, 1, 100), earn(4, 2, 100))
		theirs := gift
		theirs.Key, theirs.User = "k-2", 4
		spent := reservation("k-3", 20)
		spent.User = 3
		for _, a := range []ledger.Adjustment{gift, theirs} {
			if _, _, err := d.Adjust(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		r, _, _, err := d.Reserve(ctx, spent)
		if err != nil {
			t.Fatal(err)
		}
		before := d.account(3)
		for _, want := range []int64{2, 0} {
			if n, err := d.EraseNotes(ctx, 3); err != nil || n != want {
				t.Errorf("erased %d, %v, want %d", n, err, want)
			}
		}
		if notes, err := d.Notes(ctx, 3); err != nil || len(notes) != 0 {
			t.Errorf("notes %+v, %v", notes, err)
		}
		if notes, err := d.Notes(ctx, 4); err != nil || len(notes) != 1 {
			t.Errorf("the other's notes %+v, %v", notes, err)
		}
		if diff := cmp.Diff(before, d.account(3)); diff != "" {
			t.Errorf("the account moved:\n%s", diff)
		}
		d.proveRedemptions()
		// Who holds the note's request cannot test a guess of its text any more.
		if _, _, err := d.Adjust(ctx, gift); !errors.Is(err, ledger.ErrKeyReused) {
			t.Errorf("the erased request again: %v", err)
		}
		if _, repeated, err := d.Adjust(ctx, theirs); err != nil || !repeated {
			t.Errorf("the other's request again: repeated %v, %v", repeated, err)
		}
		if again, _, repeated, err := d.Reserve(ctx, spent); err != nil || !repeated || again.ID != r.ID {
			t.Errorf("the redemption again: %+v, repeated %v, %v", again, repeated, err)
		}
		// A note that was not erased but changed is still named.
		d.exec(`UPDATE {p}loyalty_entry_notes SET note = 'another'`)
		if found := d.verify().Findings; len(found) != 1 || found[0].User != 4 {
			t.Errorf("found %v", found)
		}
	})
}

func TestVerifyNamesTamperingWithRedemptions(t *testing.T) {
	const row = `UPDATE {p}loyalty_redemptions SET `
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(7, 1, 1000), earn(8, 2, 1000))
		for _, state := range []ledger.RedemptionState{ledger.Reserved, ledger.Confirmed, ledger.Used, ledger.Closed, ledger.Cancelled} {
			d.in(state) // ids 1 to 5
		}
		d.proveRedemptions()
		tables := []string{"redemptions", "entries"}
		for _, table := range tables {
			d.exec(`CREATE TABLE {p}kept_` + table + ` AS SELECT * FROM {p}loyalty_` + table)
		}
		forged := func(kind, source string, object int) string {
			return fmt.Sprintf(`INSERT INTO {p}loyalty_entries (user_id, seq, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash)
				SELECT 8, 9, occurred_at, recorded_at, '%s', '%s', %d, 99, 5, 0, 5, hash FROM {p}loyalty_entries WHERE user_id = 8`, kind, source, object)
		}
		for name, test := range map[string]struct {
			tamper, says string
			user         int64
		}{
			"points":                      {row + `points = 99 WHERE id = 2`, "redemption 2: 0 of 99 points are given back, but its entries sum up to -100", 7},
			"returned":                    {row + `returned = 1 WHERE id = 3`, "redemption 3: 1 of 100 points", 7},
			"returned too much":           {row + `returned = 101 WHERE id = 3`, "redemption 3: 101 of 100 points are given back", 7},
			"returned less than none":     {row + `returned = -1 WHERE id = 3`, "redemption 3: -1 of 100 points", 7},
			"user":                        {row + `user_id = 8 WHERE id = 4`, "redeem of -100 points for coupon 4: the account has no such redemption", 7},
			"deleted":                     {`DELETE FROM {p}loyalty_redemptions WHERE id = 5`, "coupon 5: the account has no such redemption", 7},
			"invented":                    {`INSERT INTO {p}loyalty_redemptions SELECT 6, user_id, points, returned, amount, currency, 'x', coupon_id, order_id, state, reserved_at, changed_at, expires_on FROM {p}loyalty_redemptions WHERE id = 1`, "redemption 6: 0 of 100 points are given back, but its entries sum up to 0", 7},
			"no state":                    {row + `state = 'paid' WHERE id = 2`, `redemption 2: "paid" is not a state`, 7},
			"reserved with a coupon":      {row + `coupon_id = 3 WHERE id = 1`, "redemption 1: it is reserved, but has a coupon", 7},
			"confirmed without a coupon":  {row + `coupon_id = NULL WHERE id = 2`, "redemption 2: it is confirmed, but has no coupon", 7},
			"used by nothing":             {row + `order_id = NULL WHERE id = 3`, "redemption 3: it is used, but by no order", 7},
			"closed with an order":        {row + `order_id = 3 WHERE id = 4`, "redemption 4: it is closed, but order 3 used it", 7},
			"cancelled keeps points":      {row + `returned = 50 WHERE id = 5`, "redemption 5: it is cancelled, but has a coupon or has not given all its points back", 7},
			"entry deleted":               {`DELETE FROM {p}loyalty_entries WHERE type = 'restore' AND object_id = 4`, "redemption 4: 100 of 100 points are given back, but its entries sum up to -100", 7},
			"entry of another account":    {forged("restore", "coupon", 3), "restore of 5 points for coupon 3: the account has no such redemption", 8},
			"entry of no redemption":      {forged("redeem", "coupon", 77), "redeem of 5 points for coupon 77", 8},
			"redeemed, but for an order":  {forged("redeem", "purchase", 3), "redeem of 5 points for purchase 3", 8},
			"restored, but for an order":  {forged("restore", "purchase", 3), "restore of 5 points for purchase 3", 8},
			"a coupon that earns":         {forged("earn", "coupon", 3), "earn of 5 points for coupon 3", 8},
			"it took the balance below 0": {`UPDATE {p}loyalty_entries SET balance = -1 WHERE type = 'redeem' AND object_id = 2`, "redemption 2: it took the balance below zero", 7},
		} {
			d.exec(test.tamper)
			findings, err := d.VerifyRedemptions(t.Context())
			if err != nil || len(findings) == 0 || findings[0].User != test.user || !strings.Contains(findings[0].String(), test.says) {
				t.Errorf("%s: found %v, %v, want %q", name, findings, err, test.says)
			}
			for _, table := range tables {
				d.exec(`DELETE FROM {p}loyalty_` + table)
				d.exec(`INSERT INTO {p}loyalty_` + table + ` SELECT * FROM {p}kept_` + table)
			}
		}
		d.proveRedemptions()
		d.exec(row + `state = 'paid'`)
		if findings, err := d.VerifyRedemptions(t.Context()); err != nil || len(findings) != 5 {
			t.Errorf("found %v, %v", findings, err)
		}
	})
}
