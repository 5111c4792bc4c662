package reports_test

import (
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

// reads returns how many rows the session's statements have read so far.
func reads(t *testing.T, conn *sqlx.DB) int64 {
	t.Helper()
	var rows []struct {
		Name  string `db:"Variable_name"`
		Value int64  `db:"Value"`
	}
	if err := conn.SelectContext(t.Context(), &rows, `SHOW SESSION STATUS LIKE 'Handler_read%'`); err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, row := range rows {
		sum += row.Value
	}
	return sum
}

func TestARefreshReadsWhatChangedNotTheLedger(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		const entries = 12_000
		trade(b, t, entries, 3000, 900)
		b.exec(t.Context(), `ANALYZE TABLE {p}loyalty_entries, {p}loyalty_points_daily, {p}loyalty_accounts`)
		one, err := database.Open(t.Context(), db.DSN())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = one.Close() })
		one.SetMaxOpenConns(1) // all statements in the session that is measured

		s := makeShop(t, b, db, "wp_")
		site := reports.Site{DB: one, Prefix: "wp_"}
		s.reports = reports.Open(site, site)
		set := settings(t, time.UTC, noon)
		s.refresh(t, set)
		b.exec(t.Context(), `ANALYZE TABLE {p}loyalty_period_earners`)

		measure := func(what string, most int64, work func()) {
			before := reads(t, one)
			work()
			if n := reads(t, one) - before; n > most {
				t.Errorf("%s read %d rows of a ledger of %d entries, want at most %d", what, n, entries, most)
			} else {
				t.Logf("%s read %d rows", what, n)
			}
		}
		measure("a refresh without news", 20, func() { s.refresh(t, set) })
		b.post(t.Context(), line{User: 5, At: noon, Type: "earn", Source: "purchase", Points: 9})
		measure("a refresh after one entry", 800, func() { s.refresh(t, set) })
		set.Now = noon.AddDate(0, 0, 1)
		measure("a midnight", 8000, func() { s.refresh(t, set) })
		s.check(t, set)

		page := func(f reports.Filter) func() {
			f.Limit = 10
			return func() {
				first, err := s.reports.History(t.Context(), f)
				if err != nil || len(first) != f.Limit {
					t.Fatalf("first page: %d entries, %v", len(first), err)
				}
				f.Before = &first[len(first)-1]
				if _, err := s.reports.History(t.Context(), f); err != nil {
					t.Fatal(err)
				}
			}
		}
		days := reports.Range{From: mustDay("2026-10-01"), To: mustDay("2026-10-31")}
		measure("two pages of the history", 100, page(reports.Filter{}))
		measure("two pages of a month", 100, page(reports.Filter{Range: &days, Zone: time.UTC}))
		measure("two pages of a source", 100, page(reports.Filter{Source: "coupon"}))
		var rare []line
		for i := range 30 {
			rare = append(rare, line{User: 7, At: noon.AddDate(0, 0, -25*i), Type: "expire", Source: "expiry", Points: -1})
		}
		b.post(t.Context(), rare...)
		measure("two pages of a rare type, and the days", 2500, page(reports.Filter{Type: "expire", Zone: time.UTC}))
		b.post(t.Context(), ten(line{User: 6, At: noon, Type: "earn", Source: "purchase", Points: 1})...)
		measure("two pages of a customer", 100, page(reports.Filter{User: 6}))
	})
}

func ten(l line) []line {
	var lines []line
	for range 10 {
		lines = append(lines, l)
	}
	return lines
}
