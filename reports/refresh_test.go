package reports_test

import (
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

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
