package sync_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

const brakeProgram = `
guests: match_email
earn: {purchase: {currencies: {EUR: 2}}, first_order: {points: 50}}
`

// braked is a store of customers with one order of 100.00 each, all synced,
// and a brake at a percentage and a number of entries.
func braked(t *testing.T, db *testshop.Database, customers int, percent string, entries int64) (s *stage, users, orders []int64) {
	t.Helper()
	return brakedBy(t, db, brakeProgram, customers, percent, entries)
}

// fromFiveProgram begins five hours before the orders, in UTC.
const fromFiveProgram = brakeProgram + "starts: 2025-03-04 05:00\n"

func brakedBy(t *testing.T, db *testshop.Database, programme string, customers int, percent string, entries int64) (s *stage, users, orders []int64) {
	t.Helper()
	s = newStage(t, db, testshop.HPOS, programme)
	for i := range customers {
		users = append(users, s.customer(fmt.Sprint("customer", i)))
		orders = append(orders, s.on(1).order(users[i], "completed", "100.00"))
	}
	limit, err := program.ParseDecimal(percent)
	if err != nil {
		t.Fatal(err)
	}
	s.engine.Programme.Brake = sync.BrakeLimits{Percent: limit, Entries: entries}
	s.run(sync.Increment)
	return s, users, orders
}

// held runs and proves that the brake holds.
func (b *bench) held(options sync.Options) *sync.BrakeError {
	b.t.Helper()
	before := b.balances()
	_, err := b.runError(options)
	held, ok := errors.AsType[*sync.BrakeError](err)
	if !ok {
		b.t.Fatalf("want the brake, got %v", err)
	}
	for user, points := range before {
		if now := b.balances()[user]; now < points {
			b.t.Fatalf("the brake holds, and %d points were taken from account %d", points-now, user)
		}
	}
	return held
}

func (s *stage) cancel(orders ...int64) {
	s.t.Helper()
	for _, order := range orders {
		s.do(s.SetStatus(s.ctx, order, "cancelled"))
	}
}

func TestTheBrakeHoldsOverItsLimits(t *testing.T) {
	for _, limit := range []struct {
		name      string
		customers int
		cancelled int
		percent   string
		entries   int64
		holds     bool
	}{
		// Each order is worth 150, its bonus included, in two entries.
		{"over percent and entries", 10, 5, "49.9", 9, true},
		{"at the percent", 10, 5, "50", 9, false},
		{"over percent, at the entries", 10, 5, "49.9", 10, false},
		{"over percent and over 20 accounts", 42, 21, "49.9", 1000, true},
		{"over percent, 20 accounts", 40, 20, "49.9", 1000, false},
		{"over entries and accounts, not percent", 42, 21, "50", 1, false},
	} {
		t.Run(limit.name, func(t *testing.T) {
			s, _, orders := braked(t, testshop.New(t), limit.customers, limit.percent, limit.entries)
			s.on(2).cancel(orders[:limit.cancelled]...)
			if limit.holds {
				if held := s.held(sync.Options{Mode: sync.Increment}); held.Points != int64(limit.cancelled)*150 || held.Entries != int64(limit.cancelled)*2 {
					t.Errorf("the plan: %+v", held)
				}
				return
			}
			s.run(sync.Increment)
			if n := len(s.balances()); n != limit.customers-limit.cancelled {
				t.Errorf("%d accounts have points", n)
			}
			s.sound()
		})
	}
}

func TestTheBrakeFromTripToAcceptance(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s, users, orders := braked(t, db, 8, "10", 3)
		s.on(2).cancel(orders[:2]...)
		// Nobody tells of these; only a sweep sees them.
		for _, order := range orders[2:4] {
			s.do(s.EditItem(s.ctx, must(s.Items(s.ctx, order, "line_item"))[0], "_line_total", "1.00"))
		}
		s.do(s.Delete(s.ctx, orders[4]))
		late := s.customer("late")
		s.on(2).order(late, "completed", "70.00")

		plan := s.held(sync.Options{Mode: sync.Increment})
		if plan.Points != 2*150+2*99+150 || plan.Entries != 2*2+2+2 || plan.Accounts != 5 || plan.More {
			t.Errorf("the increment did not sweep for the whole plan: %+v", plan)
		}
		if !strings.Contains(plan.Error(), "sync --accept "+plan.Plan) || !strings.Contains(plan.Reason, "1 of the orders are no longer in the store") {
			t.Errorf("the brake says %s", plan)
		}
		if got := s.balances()[late]; got != 120 {
			t.Errorf("earning did not go on: %d", got)
		}
		for _, mode := range []sync.Mode{sync.Increment, sync.Sweep, sync.Full, sync.Increment, sync.Sweep} {
			if again := s.held(sync.Options{Mode: mode}); again.Plan != plan.Plan || again.Points != plan.Points {
				t.Errorf("%s: another plan: %+v", mode, again)
			}
		}
		facts, err := s.engine.Verify(s.ctx)
		if err != nil || len(facts.Findings) > 0 || facts.Waiting == 0 {
			t.Errorf("verify while the brake holds: %+v, %v", facts, err)
		}

		// The store changes: the old plan is refused and the new one shown.
		s.on(3).cancel(orders[5])
		_, err = s.runError(sync.Options{Mode: sync.Increment, Accept: plan.Plan})
		changed, ok := errors.AsType[*sync.BrakeError](err)
		if !ok || changed.Plan == plan.Plan || changed.Points != plan.Points+150 || !strings.Contains(changed.Reason, plan.Plan+" no longer fits") {
			t.Fatalf("a plan of a store that changed: %v", err)
		}
		if _, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Increment, Accept: "0000000000000000"}); err == nil {
			t.Error("a made-up plan was accepted")
		}
		before := s.balances()
		summary, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Increment, Accept: changed.Plan})
		if err != nil {
			t.Fatal(err)
		}
		if summary.Points[ledger.Revoke] != -changed.Points || summary.Entries != changed.Entries {
			t.Errorf("accepted %d points in %d entries, posted %d in %d", changed.Points, changed.Entries, -summary.Points[ledger.Revoke], summary.Entries)
		}
		if got := before[users[2]] - s.balances()[users[2]]; got != 99 {
			t.Errorf("taken from a customer: %d", got)
		}
		_, err = s.runError(sync.Options{Mode: sync.Increment, Accept: changed.Plan})
		if _, ok := errors.AsType[*sync.NoPlanError](err); !ok {
			t.Errorf("accepted twice: %v", err)
		}
		s.sound()
	})
}

func TestTheBrakeIsReleasedWhenTheOrdersComeBack(t *testing.T) {
	for _, found := range []sync.Mode{sync.Increment, sync.Full} {
		t.Run(string(found), func(t *testing.T) {
			s, _, orders := braked(t, testshop.New(t), 6, "5", 3)
			before := s.balances()
			s.do(s.Exec(s.ctx, `CREATE TABLE lost AS SELECT * FROM {p}wc_orders WHERE type = 'shop_order'`))
			s.do(s.Exec(s.ctx, `DELETE FROM {p}wc_orders WHERE type = 'shop_order'`))
			mode := found
			if mode == sync.Increment {
				mode = sync.Sweep // an increment sees no deletion
			}
			plan := s.held(sync.Options{Mode: mode})
			if plan.Points != 6*150 || !strings.Contains(plan.Reason, fmt.Sprintf("%d of the orders", len(orders))) || !strings.Contains(plan.Reason, "old backup") {
				t.Errorf("the brake says %s", plan)
			}
			s.do(s.Exec(s.ctx, `INSERT INTO {p}wc_orders SELECT * FROM lost`))
			s.run(sync.Sweep)
			s.run(sync.Increment)
			if !maps.Equal(before, s.balances()) {
				t.Errorf("%v became %v", before, s.balances())
			}
			s.sound()
		})
	}
}

// The deductions of a changed time zone, in which the orders are from before the
// programme's start, show in no row of the store. The plan stands all the same
// until it is accepted or the zone is restored.
func TestThePlanOfAChangedSettingStands(t *testing.T) {
	s, _, _ := brakedBy(t, testshop.New(t), fromFiveProgram, 6, "5", 3)
	before := s.balances()
	s.do(s.SetTimezone(s.ctx, "", "-12"))
	plan := s.held(sync.Options{Mode: sync.Increment})
	if plan.Points != 6*150 || !strings.Contains(plan.Reason, "time zone -12:00") {
		t.Errorf("the brake says %s", plan)
	}
	for _, mode := range []sync.Mode{sync.Increment, sync.Sweep, sync.Increment} {
		if again := s.held(sync.Options{Mode: mode}); again.Plan != plan.Plan || again.Reason != plan.Reason {
			t.Errorf("%s: another plan: %+v", mode, again)
		}
	}
	facts, err := s.engine.Verify(s.ctx)
	if err != nil || len(facts.Findings) > 0 || facts.Waiting != 6 {
		t.Errorf("verify while the brake holds: %+v, %v", facts, err)
	}
	s.do(s.SetTimezone(s.ctx, "", "0"))
	s.run(sync.Increment)
	if !maps.Equal(before, s.balances()) {
		t.Errorf("%v became %v", before, s.balances())
	}
	s.sound()
	s.do(s.SetTimezone(s.ctx, "", "-12"))
	plan = s.held(sync.Options{Mode: sync.Increment})
	if _, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Increment, Accept: plan.Plan}); err != nil {
		t.Fatal(err)
	}
	if len(s.balances()) != 0 {
		t.Errorf("after acceptance: %v", s.balances())
	}
	s.sound()
}

// A run that is killed between withholding and posting leaves everything to
// be found again, also what shows in no row of the store.
func TestKilledBetweenWithholdingAndPosting(t *testing.T) {
	db := testshop.New(t)
	s, _, orders := brakedBy(t, db, fromFiveProgram, 6, "100", 1000)
	s.do(s.SetTimezone(s.ctx, "", "-12"))
	s.do(s.SetStatus(s.ctx, orders[0], "failed"))
	s.do(s.Exec(s.ctx, `CREATE TRIGGER killed BEFORE INSERT ON {p}loyalty_entries FOR EACH ROW SIGNAL SQLSTATE '45000'`))
	if _, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Increment}); err == nil {
		t.Fatal("the run was not stopped")
	}
	s.do(s.Exec(s.ctx, `DROP TRIGGER killed`))
	if len(s.balances()) != 6 {
		t.Fatalf("something was posted: %v", s.balances())
	}
	s.run(sync.Increment)
	if len(s.balances()) != 0 {
		t.Errorf("not all was found again: %v", s.balances())
	}
	s.sound()
}

func TestTheFirstRunHasNoBrake(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, brakeProgram)
	s.engine.Programme.Brake = sync.BrakeLimits{}
	for i := range 25 {
		order := s.on(1).order(s.customer(fmt.Sprint("customer", i)), "completed", "100.00")
		s.on(2).refund(order, "60.00")
	}
	summary := s.run(sync.Increment)
	if summary.Points[ledger.Revoke] != -25*60 {
		t.Errorf("revoked %d", summary.Points[ledger.Revoke])
	}
}

func TestTheBrakeCountsTheLastDay(t *testing.T) {
	s, users, orders := braked(t, testshop.New(t), 10, "20", 3)
	s.on(2).cancel(orders[0])
	s.run(sync.Increment) // 150 of 1500 points: allowed
	s.on(3).cancel(orders[1])
	plan := s.held(sync.Options{Mode: sync.Increment}) // 300 of 1350 in one day are not
	if plan.Recent != 150 || plan.Points != 150 {
		t.Errorf("the plan: %+v", plan)
	}
	// A day and ten minutes later the first deduction is forgotten.
	var state string
	s.do(s.db.Get(&state, `SELECT value FROM wp_loyalty_checkpoints WHERE name = 'sync'`))
	state = regexp.MustCompile(`"Since":"[^"]*"`).ReplaceAllString(state,
		`"Since":"`+time.Now().Add(-24*time.Hour-11*time.Minute).UTC().Format(time.RFC3339)+`"`)
	s.do(s.Exec(s.ctx, `UPDATE {p}loyalty_checkpoints SET value = ? WHERE name = 'sync'`, state))
	s.run(sync.Sweep)
	if s.balances()[users[1]] != 0 {
		t.Error("the brake still holds")
	}
	s.sound()
}

// What touches the same accounts is withheld together: nobody gets points that
// another is still to lose.
func TestTheBrakeWithholdsAFactAsAWhole(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s, users, orders := braked(t, db, 6, "1", 1)
		ann, bob, cid := users[0], users[1], users[2]
		s.on(2).do(s.SetCustomer(s.ctx, orders[0], bob)) // ann loses, bob gains; his first order stays his
		// An order of cid, older than his first: the bonus moves inside his account.
		older := s.on(2).place(testshop.Order{Customer: cid, Status: "completed", Created: day(-9), Paid: day(-9)}, "10.00")
		before := s.balances()
		plan := s.held(sync.Options{Mode: sync.Increment})
		if got := s.balances(); !maps.Equal(got, before) {
			t.Errorf("a part was posted: %v became %v", before, got)
		}
		if _, err := s.engine.Run(context.Background(), sync.Options{Accept: plan.Plan}); err != nil {
			t.Fatal(err)
		}
		got := s.balances()
		if got[ann] != 0 || got[bob] != 250 || got[cid] != 160 {
			t.Errorf("ann %d, bob %d, cid %d", got[ann], got[bob], got[cid])
		}
		s.wantEntries("the first order of cid", cid, 2, "earn 10 purchase, day -9: earned",
			"earn 50 first_order, day -9: earned", "revoke -50 first_order, now: first order changed")
		s.oneTransaction("loses to bob", orders[0], 4)
		s.oneTransaction("first place", older, 2)
		s.sound()
	})
}

// oneTransaction proves that the last entries of an order were recorded at one
// moment.
func (b *bench) oneTransaction(what string, order int64, entries int) {
	b.t.Helper()
	var moments int
	err := b.db.Get(&moments, `SELECT COUNT(DISTINCT recorded_at) FROM
		(SELECT recorded_at FROM wp_loyalty_entries WHERE object_id = ? ORDER BY id DESC LIMIT ?) last`, order, entries)
	if err != nil {
		b.t.Fatal(err)
	}
	if moments != 1 {
		b.t.Errorf("%s: %d transactions", what, moments)
	}
}

// A plan that is found and posted page by page is posted whole, although
// first-order bonuses move from page to page meanwhile.
func TestAPlanOfManyPagesIsPostedWhole(t *testing.T) {
	s, _, _ := braked(t, testshop.New(t), 1, "5", 100)
	s.many(100_000, 1200)
	s.run(sync.Sweep)
	s.do(s.Exec(s.ctx, `DELETE FROM {p}wc_orders WHERE id >= 100000`))
	plan := s.held(sync.Options{Mode: sync.Sweep})
	if plan.Points != 1200*10+1000*50 || plan.Entries != 2200 || !plan.More {
		t.Errorf("the plan: %+v", plan)
	}
	if _, err := s.engine.Run(s.ctx, sync.Options{Accept: plan.Plan}); err != nil {
		t.Fatal(err)
	}
	if left := s.balances(); len(left) != 1 {
		t.Errorf("%d accounts have points", len(left))
	}
	s.sound()
}

// A person decides by what the brake says that it saw.
func TestTheBrakeSaysWhatItSaw(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s, _, orders := braked(t, db, 4, "5", 1)
		s.cancel(orders[:3]...)
		held := s.held(sync.Options{Mode: sync.Sweep})
		if want := `3 of the orders have the status "cancelled" now.`; held.Reason != want {
			t.Errorf("reason %q, want %q", held.Reason, want)
		}
		mistyped := s.held(sync.Options{Accept: "nonsense"})
		if mistyped.Plan != held.Plan || !strings.HasPrefix(mistyped.Reason, "Plan nonsense no longer fits: the store has changed since, or it was mistyped.") {
			t.Errorf("a mistyped plan: %v", mistyped)
		}
		again := s.held(sync.Options{Mode: sync.Sweep})
		if again.Reason != held.Reason {
			t.Errorf("the reason became %q", again.Reason)
		}
	})
}
