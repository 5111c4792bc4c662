package reports_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

// The lists of earners grow until they are cut, and run short when those on
// them lose what they earned; the top earners are right all the while.
func TestTopEarnersAreRightWhenListsAreCutAndRunShort(t *testing.T) {
	histories(t, 6)
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		s := makeShop(t, b, db, "wp_")
		s.reports.KeepEarners(reports.Places)
		set := settings(t, time.UTC, noon)
		var cut, short int
		rapid.Check(t, func(rt *rapid.T) {
			b.reset(t.Context(), time.UTC)
			clearReports(s)
			s.refresh(t, set)
			earned := map[int64]int64{}
			for range 8 {
				var lines []line
				for range rapid.IntRange(20, 60).Draw(rt, "earnings") {
					l := line{
						User: int64(rapid.IntRange(1, 200).Draw(rt, "user")), At: noon, Type: "earn", Source: "purchase",
						Points: int64(rapid.IntRange(1, 4).Draw(rt, "points")),
					}
					earned[l.User] += l.Points
					lines = append(lines, l)
				}
				b.post(t.Context(), lines...)
				before := s.list(t)
				s.refresh(t, set)
				if s.list(t) < before {
					cut++
				}
				s.check(t, set)
				if found, err := s.reports.Verify(t.Context(), set); err != nil || len(found) > 0 {
					rt.Fatal(found, err)
				}
			}
			for len(earned) > 20 {
				var lines []line
				for range min(25, len(earned)) {
					best := int64(0)
					for user, points := range earned {
						if best == 0 || points > earned[best] || points == earned[best] && user < best {
							best = user
						}
					}
					lines = append(lines, line{User: best, At: noon, Type: "revoke", Source: "purchase", Points: -earned[best]})
					delete(earned, best)
				}
				b.post(t.Context(), lines...)
				before := s.list(t)
				s.refresh(t, set)
				if s.list(t) > before-len(lines) {
					short++
				}
				s.check(t, set)
			}
		})
		if cut == 0 || short == 0 {
			t.Errorf("lists were cut %d times and ran short %d times: this test tries neither", cut, short)
		}
	})
}

// list returns how many customers are on the list of all time.
func (s shop) list(t testing.TB) int {
	t.Helper()
	var n int
	if err := s.site.GetContext(t.Context(), &n, s.sitePrefix.SQL(`SELECT COUNT(*) FROM {p}loyalty_period_earners WHERE span = 'all_time'`)); err != nil {
		t.Fatal(err)
	}
	return n
}

// Of a customer with very many entries the last ones are looked at first.
func TestCustomersWithManyEntriesAreCountedByTheirLastOnes(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		s := makeShop(t, b, db, "wp_")
		set := settings(t, time.UTC, noon)
		var lines []line
		for i := range 2500 {
			lines = append(lines, line{User: 1, At: noon.AddDate(0, 0, -i%40), Type: "earn", Source: "purchase", Points: 1})
		}
		b.post(t.Context(), line{User: 1, At: noon, Type: "earn", Source: "signup", Points: 5})
		b.post(t.Context(), lines...)
		trade(b, t, 200, 90, 60)
		s.refresh(t, set)
		for _, l := range []line{
			{User: 1, At: noon, Type: "earn", Source: "purchase", Points: 3},
			{User: 1, At: noon, Type: "earn", Source: "signup", Points: 3},         // the former one is out of sight
			{User: 1, At: noon, Type: "earn", Source: "product_review", Points: 3}, // there was none
			{User: 1, At: noon.AddDate(-1, 0, 0), Type: "revoke", Source: "purchase", Points: -3},
			{User: 1, At: noon, Type: "revoke", Source: "purchase", Points: -2500},
			{User: 1, At: noon, Type: "earn", Source: "purchase", Points: 2000},
			{User: 1, At: noon, Type: "redeem", Source: "coupon", Points: -30},
		} {
			b.post(t.Context(), l)
			s.refresh(t, set)
			s.check(t, set)
		}
		if found, err := s.reports.Verify(t.Context(), set); err != nil || len(found) > 0 {
			t.Error(found, err)
		}
	})
}
