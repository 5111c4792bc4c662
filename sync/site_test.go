package sync_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// Switching the order storage makes the next run look at every order; where
// both storages say the same, nothing is posted.
func TestSwitchingTheStorageWhileRunning(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db, testshop.HPOS, `earn: {first_order: {points: 50}}`)
		ann, bob := s.customer("ann"), s.customer("bob")
		order := s.on(1).order(ann, "completed", "100.00")
		s.on(2).refund(order, "10.00")
		s.run(sync.Increment)
		want := s.balances()
		for n, to := range []testshop.Storage{testshop.Synced, testshop.Legacy, testshop.Synced, testshop.HPOS, testshop.Legacy, testshop.HPOS} {
			s.on(3 + n).do(s.SwitchStorage(s.ctx, to))
			summary := s.run(sync.Increment)
			if summary.Entries != 0 {
				t.Errorf("switched to %s: %d entries posted: %v", to, summary.Entries, s.entries(ann, 0))
			}
			if noted := slices.ContainsFunc(summary.Notes, func(note string) bool { return strings.Contains(note, "order storage switched") }); noted != (summary.Mode == sync.Full) {
				t.Errorf("switched to %s: mode %s, notes %q", to, summary.Mode, summary.Notes)
			}
			s.order(bob, "completed", "1.00")
			s.run(sync.Increment)
			want[bob]++
			want[bob] = max(want[bob], 51)
			s.wantBalances("in "+to.String(), want)
		}
		s.sound()
	})
}

// The tables of the new storage are empty, as before a migration: the brake
// holds, and is released when the orders are there.
func TestSwitchingToAnEmptyStorage(t *testing.T) {
	s, _, _ := braked(t, testshop.New(t), 8, "5", 3)
	before := s.balances()
	s.do(s.SetOption(s.ctx, "woocommerce_custom_orders_table_enabled", "no"))
	for _, mode := range []sync.Mode{sync.Increment, sync.Sweep} {
		plan := s.held(sync.Options{Mode: mode})
		if plan.Points != 8*150 || !strings.Contains(plan.Reason, "Order storage switched from hpos to legacy") {
			t.Errorf("the brake says %s", plan)
		}
	}
	s.do(s.SetOption(s.ctx, "woocommerce_custom_orders_table_enabled", "yes"))
	s.run(sync.Increment)
	if !maps.Equal(before, s.balances()) {
		t.Errorf("%v became %v", before, s.balances())
	}
	s.sound()
}

// A change of the time zone moves the borders of days, campaigns and starts.
func TestTheTimeZoneChanges(t *testing.T) {
	storages(t, `{starts: 2025-03-05, earn: {campaigns: [{from: 2025-03-07, to: 2025-03-08, points: 1000}]}}`, func(t *testing.T, s *stage) {
		at := func(day, hour int) testshop.Order {
			moment := day0(day).Add(hours(hour))
			return testshop.Order{Status: "completed", Created: moment, Paid: moment}
		}
		users := map[string]int64{}
		for name, o := range map[string]testshop.Order{
			"starts": at(4, 20), "campaign": at(6, 20), "after": at(7, 20), "plain": at(9, 12),
		} {
			o.Customer = s.customer(name)
			users[name] = o.Customer
			s.place(o, "10.00")
		}
		s.run(sync.Increment)
		s.wantBalances("in UTC", map[int64]int64{users["campaign"]: 10, users["after"]: 1010, users["plain"]: 10})

		s.do(s.SetTimezone(s.ctx, "Pacific/Auckland", ""))
		summary := s.run(sync.Increment)
		if !summary.RolledUpAnew || summary.Mode != sync.Full {
			t.Errorf("the zone changed: %+v", summary)
		}
		s.wantBalances("in Auckland", map[int64]int64{users["starts"]: 10, users["campaign"]: 1010, users["after"]: 10, users["plain"]: 10})
		var wrong int
		s.do(s.db.Get(&wrong, `SELECT COUNT(*) FROM (
			SELECT DATE(occurred_at + INTERVAL 13 HOUR) AS day, SUM(points) AS points FROM wp_loyalty_entries
			WHERE occurred_at < '2025-03-15' GROUP BY 1) e
			LEFT JOIN (SELECT day, SUM(points) AS points FROM wp_loyalty_points_daily GROUP BY day) d ON d.day = e.day
			WHERE d.points IS NULL OR d.points <> e.points`))
		if wrong != 0 {
			t.Errorf("%d days of the roll-up are not those of the new zone", wrong)
		}
		if again := s.run(sync.Increment); again.RolledUpAnew || again.Mode != sync.Increment {
			t.Errorf("nothing changed: %+v", again)
		}
		s.sound()
	})
}

// A change of the store's currency leaves what was earned alone.
func TestTheCurrencyChanges(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, `earn: {purchase: {currencies: {USD: 0.5, EUR: 2}}}`)
	ann := s.customer("ann")
	s.on(1).place(testshop.Order{Customer: ann, Status: "completed"}, "10.00")
	s.on(1).place(testshop.Order{Customer: ann, Status: "completed", Currency: "EUR"}, "10.00")
	s.on(1).place(testshop.Order{Customer: ann, Status: "completed", Currency: "CHF"}, "10.00")
	if summary := s.run(sync.Increment); summary.Skipped != 1 {
		t.Errorf("skipped %d", summary.Skipped)
	}
	for _, change := range []struct {
		currency string
		balance  int64
	}{{"EUR", 10 + 20}, {"CHF", 10 + 20}, {"USD", 10 + 20}} {
		s.do(s.SetOption(s.ctx, "woocommerce_currency", change.currency))
		s.run(sync.Increment)
		if got := s.balances()[ann]; got != change.balance {
			t.Errorf("in %s: %d, want %d", change.currency, got, change.balance)
		}
	}
	s.sound()
}

// Settings that change while a first run is interrupted make it begin anew.
func TestSettingsChangeDuringTheFirstRun(t *testing.T) {
	for _, change := range []struct {
		name string
		make func(s *stage)
	}{
		{"time zone", func(s *stage) { s.do(s.SetTimezone(s.ctx, "Pacific/Auckland", "")) }},
		{"currency", func(s *stage) { s.do(s.SetOption(s.ctx, "woocommerce_currency", "EUR")) }},
		{"exclusions", func(s *stage) { s.engine.Programme.Exclusion.Users = []int64{2} }},
		{"storage", func(s *stage) { s.do(s.SwitchStorage(s.ctx, testshop.Legacy)) }},
	} {
		t.Run(change.name, func(t *testing.T) {
			s := newStage(t, testshop.New(t), testshop.HPOS, `{starts: 2025-03-05, earn: {signup: {points: 7}, product_review: {points: 3}}}`)
			ann := s.customer("ann")
			s.on(1).place(testshop.Order{Customer: ann, Status: "completed"}, "10.00") // before the start, in UTC
			must(s.on(5).AddComment(s.ctx, testshop.Comment{User: s.customer("bob"), Post: s.product}))
			// The run dies when it comes to the comments.
			s.do(s.Exec(s.ctx, `CREATE TRIGGER killed BEFORE INSERT ON {p}loyalty_seen_comments FOR EACH ROW SIGNAL SQLSTATE '45000'`))
			if _, err := s.engine.Run(s.ctx, sync.Options{Mode: sync.Increment}); err == nil {
				t.Fatal("the run was not stopped")
			}
			s.do(s.Exec(s.ctx, `DROP TRIGGER killed`))
			change.make(s)
			s.run(sync.Increment)
			if got, want := s.liveBalances("wp_"), s.freshBalances(); !maps.Equal(got, want) {
				t.Errorf("got %v, a fresh run %v", got, want)
			}
			s.sound()
		})
	}
}

// What another release noted in its own way is looked at once, and says
// nothing until then: nothing is posted, and no brake holds.
func TestDigestsOfAnotherRelease(t *testing.T) {
	storages(t, `earn: {product_review: {points: 3}, signup: {points: 7}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		order := s.on(1).order(ann, "completed", "100.00")
		s.on(2).refund(order, "10.00")
		must(s.AddComment(s.ctx, testshop.Comment{User: ann, Post: s.product}))
		s.run(sync.Increment)
		s.engine.Programme.Brake = sync.BrakeLimits{Percent: *apd.New(1, 0), Entries: 1}
		want := s.balances()
		s.do(s.Exec(s.ctx, `UPDATE {p}loyalty_checkpoints SET value = REGEXP_REPLACE(value, '"Digests":[0-9]+', '"Digests":1') WHERE name = 'sync'`),
			s.Exec(s.ctx, `UPDATE {p}loyalty_seen_orders SET head = head ^ 5, body = body ^ (6 * (body <> 0))`),
			s.Exec(s.ctx, `UPDATE {p}loyalty_seen_comments SET digest = digest ^ 5`),
			s.Exec(s.ctx, `UPDATE {p}loyalty_seen_users SET digest = digest ^ 5`))
		summary := s.run(sync.Increment)
		if summary.Mode != sync.Full || summary.Entries != 0 {
			t.Errorf("mode %s, %d entries posted: %v", summary.Mode, summary.Entries, s.entries(ann, 0))
		}
		if again := s.run(sync.Sweep); again.Mode != sync.Sweep || again.Orders != 0 || again.Comments != 0 {
			t.Errorf("the next sweep: %+v", again)
		}
		s.wantBalances("after the look", want)
		s.sound()
	})
}

// A deduction that is due when another release's digests are met is not
// blamed on a refund that was known all along.
func TestOtherDigestsBlameNoRefund(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, `{}`)
	ann := s.customer("ann")
	order := s.on(1).order(ann, "completed", "100.00")
	s.on(2).refund(order, "10.00")
	s.run(sync.Increment)
	s.do(s.Exec(s.ctx, `UPDATE {p}loyalty_checkpoints SET value = REGEXP_REPLACE(value, '"Digests":[0-9]+', '"Digests":1') WHERE name = 'sync'`),
		s.Exec(s.ctx, `UPDATE {p}loyalty_seen_orders SET head = head ^ 5`),
		s.EditItem(s.ctx, must(s.Items(s.ctx, order, "line_item"))[0], "_line_total", "80.00"))
	s.run(sync.Increment)
	last := s.entries(ann, 0)
	if got := last[len(last)-1]; !strings.Contains(got, "now") || strings.Contains(got, "refund") {
		t.Errorf("entries: %q", last)
	}
	s.sound()
}

// Settings that change, and change back before a run has looked at every fact
// by them, leave nothing behind of what they made of those it came to.
func TestSettingsThatChangeBackBeforeAllWasLookedAt(t *testing.T) {
	const programme = `{exclude: {roles: [%s]}, earn: {campaigns: [{from: 2025-03-07, to: 2025-03-08, points: 1000}]}}`
	storages(t, fmt.Sprintf(programme, "wholesale"), func(t *testing.T, s *stage) {
		s.do(s.SetTimezone(s.ctx, "UTC", ""))
		ann := s.customer("ann")
		moment := day0(6).Add(hours(20))
		s.place(testshop.Order{Customer: ann, Status: "completed", Created: moment, Paid: moment}, "10.00")
		must(s.AddComment(s.ctx, testshop.Comment{User: ann, Post: s.product}))
		s.run(sync.Increment)
		before := map[int64]int64{ann: 10}
		s.wantBalances("at first", before)

		s.do(s.SetTimezone(s.ctx, "Pacific/Auckland", ""))
		s.cutOffAt("comments")
		s.wantBalances("cut off in Auckland", map[int64]int64{ann: 1010})
		s.do(s.SetTimezone(s.ctx, "UTC", ""))
		if _, err := s.engine.Look(s.ctx, []sync.Mark{{Kind: sync.MarkUser, ID: ann}}); err != nil {
			t.Errorf("a look at one user: %v", err)
		}
		s.wantBalances("back in UTC", before)

		s.engine.Programme = configured(t, fmt.Sprintf(programme, "customer"))
		s.cutOffAt("users")
		if !s.frozen(ann) {
			t.Error("the excluded account is not frozen")
		}
		s.engine.Programme = configured(t, fmt.Sprintf(programme, "wholesale"))
		s.run(sync.Increment)
		s.run(sync.Sweep)
		if s.frozen(ann) {
			t.Error("the account stays frozen")
		}
		if summary := s.run(sync.Increment); summary.Mode != sync.Increment {
			t.Errorf("and again: %+v", summary)
		}
		s.sound()
	})
}

// cutOffAt does an increment that ends when it has come to a stage.
func (b *bench) cutOffAt(stage string) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	b.engine.Progress = func(at string, _, _ int64) {
		if at == stage {
			cancel()
		}
	}
	defer func() { b.engine.Progress = nil }()
	if summary, err := b.engine.Run(ctx, sync.Options{Mode: sync.Increment}); err == nil {
		b.t.Errorf("not cut off: %+v", summary)
	}
}

func (b *bench) frozen(user int64) (frozen bool) {
	b.t.Helper()
	if err := b.db.Get(&frozen, `SELECT frozen FROM wp_loyalty_accounts WHERE user_id = ?`, user); err != nil {
		b.t.Fatal(err)
	}
	return frozen
}
