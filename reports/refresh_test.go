package reports_test

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// trade posts n entries over the last days before noon.
func trade(b *bank, t testing.TB, n, users, days int) {
	t.Helper()
	kinds := []line{
		{Type: "earn", Source: "purchase", Points: 40},
		{Type: "earn", Source: "signup", Points: 7},
		{Type: "revoke", Source: "purchase", Points: -3},
		{Type: "redeem", Source: "coupon", Points: -5},
	}
	var lines []line
	for i := range n {
		l := kinds[i%len(kinds)]
		l.User = int64(i%users + 1)
		l.At = noon.AddDate(0, 0, -(i*7919)%days).Add(time.Duration(i) * time.Millisecond)
		lines = append(lines, l)
	}
	b.post(t.Context(), lines...)
}

func settings(t testing.TB, zone *time.Location, now time.Time) reports.Settings {
	t.Helper()
	return reports.Settings{
		Zone: zone, StartOfWeek: time.Monday, Currency: "EUR", PointsPerUnit: decimal(t, "3"), Now: now.UTC(),
	}
}

func TestRefreshBringsEveryPeriodUpToDate(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		zone := location(t, "Europe/Berlin")
		s := newShop(t, db, zone)
		now := time.Date(2026, 11, 21, 15, 0, 0, 0, zone)
		set := settings(t, zone, now)
		s.post(t.Context(),
			line{User: 7, At: now.AddDate(-1, 0, 0), Type: "earn", Source: "purchase", Points: 100},
			line{User: 7, At: now.AddDate(0, -4, 0), Type: "redeem", Source: "coupon", Points: -60},
			line{User: 9, At: now.AddDate(0, -1, 0), Type: "earn", Source: "signup", Points: 10},
			line{User: 9, At: now.AddDate(0, 0, -7), Type: "hold", Source: "purchase", Pending: 40},
			line{User: 9, At: now, Type: "earn", Source: "purchase", Points: 50},
		)
		if first := s.refresh(t, set); !first.Changed || !first.Rebuilt {
			t.Errorf("first refresh = %+v", first)
		}
		s.check(t, set)
		if again := s.refresh(t, set); again.Changed {
			t.Errorf("refresh without news = %+v", again)
		}
		s.post(t.Context(),
			line{User: 7, At: now, Type: "earn", Source: "purchase", Points: 5},
			line{User: 9, At: now.AddDate(0, -1, 0), Type: "revoke", Source: "signup", Points: -10},
			line{User: 3, At: now.AddDate(0, 0, 2), Type: "earn", Source: "birthday", Points: 1000},
			line{User: 4, At: now, Type: "expire", Source: "expiry", Points: -7},
		)
		if r := s.refresh(t, set); !r.Changed || r.Rebuilt || r.Entries != 4 {
			t.Errorf("refresh with news = %+v", r)
		}
		s.check(t, set)
		for range 40 {
			set.Now = set.Now.Add(24 * time.Hour)
			if r := s.refresh(t, set); !r.Changed || r.Rebuilt {
				t.Errorf("refresh at midnight = %+v", r)
			}
			s.check(t, set)
		}
	})
}

func TestConcurrentRefreshesAddEveryEntryOnce(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		for _, s := range []shop{
			makeShop(t, b, db, "wp_"),
			makeShop(t, b, db, "site_"),
		} {
			set := settings(t, time.UTC, noon)
			trade(b, t, 200, 20, 60)
			s.refresh(t, set)
			trade(b, t, 40, 30, 60)
			var group sync.WaitGroup
			failed := make(chan error, 6)
			for range cap(failed) {
				group.Go(func() {
					_, err := s.reports.Refresh(t.Context(), set)
					failed <- err
				})
			}
			group.Wait()
			for range cap(failed) {
				if err := <-failed; err != nil {
					t.Error(err)
				}
			}
			s.check(t, set)
		}
	})
}

func TestASourceThatOnlyOneSideKnowsStopsTheRefresh(t *testing.T) {
	s := newShop(t, testshop.New(t), time.UTC)
	trade(s.bank, t, 40, 10, 30)
	set := settings(t, time.UTC, noon)
	s.refresh(t, set)
	s.exec(t.Context(), `INSERT INTO {p}loyalty_points_daily VALUES ('2026-11-20', 'earn', 'tier', 5, 0, 1)`)
	trade(s.bank, t, 1, 1, 1)
	set.Now = noon.AddDate(0, 0, 1) // the daily sums are read when periods turn
	before, err := read(t.Context(), s.reports)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.reports.Refresh(t.Context(), set); err == nil || !strings.Contains(err.Error(), "week_to_date") {
		t.Errorf("refresh = %v, want an error that names the period", err)
	}
	after, err := read(t.Context(), s.reports)
	if err != nil {
		t.Fatal(err)
	}
	if d := differences(after, before); d != "" {
		t.Errorf("a refresh that failed changed the tables: %s", d)
	}
}

func TestSumsThatDoNotFitAreRefused(t *testing.T) {
	s := newShop(t, testshop.New(t), time.UTC)
	set := settings(t, time.UTC, noon)
	s.post(t.Context(),
		line{User: 1, At: noon, Type: "earn", Source: "import", Points: math.MaxInt64},
		line{User: 2, At: noon, Type: "earn", Source: "purchase", Points: 5})
	if _, err := s.reports.Refresh(t.Context(), set); err == nil || !strings.Contains(err.Error(), "64 bits") {
		t.Errorf("refresh = %v, want an overflow", err)
	}
}

func TestSettingsThatCannotBeRightAreRefused(t *testing.T) {
	s := newShop(t, testshop.New(t), time.UTC)
	for want, change := range map[string]func(*reports.Settings){
		"currency code": func(s *reports.Settings) { s.Currency = "€UR" },
		"zone":          func(s *reports.Settings) { s.Zone = nil },
		"time":          func(s *reports.Settings) { s.Now = time.Time{} },
		"Asia/Kolkata":  func(set *reports.Settings) { set.Zone = location(t, "Asia/Kolkata") }, // the daily sums have another
	} {
		set := settings(t, time.UTC, noon)
		change(&set)
		if _, err := s.reports.Refresh(t.Context(), set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("refresh = %v, want %q in it", err, want)
		}
	}
}

func TestARefreshThatFailsLeavesEverythingAsItWas(t *testing.T) {
	s := newShop(t, testshop.New(t), time.UTC)
	set := settings(t, time.UTC, noon)
	trade(s.bank, t, 30, 5, 10)
	s.refresh(t, set)
	trade(s.bank, t, 30, 5, 10)
	s.site.MustExec(`CREATE TRIGGER cut BEFORE DELETE ON wp_loyalty_points_status FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cut short'`)
	if _, err := s.reports.Refresh(t.Context(), set); err == nil {
		t.Fatal("the refresh was not cut short")
	}
	s.site.MustExec(`DROP TRIGGER cut`)
	if r := s.refresh(t, set); r.Entries != 30 {
		t.Errorf("refresh = %+v", r)
	}
	s.check(t, set)
}
