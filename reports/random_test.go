package reports_test

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

// histories makes rapid try so many cases, unless -rapid.checks says otherwise:
// each is hundreds of statements.
func histories(t *testing.T, n int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return
	}
	before := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
}

// drawLine draws an entry dated around now: mostly of late, often at the edge
// of a day, sometimes long ago, sometimes ahead.
func drawLine(rt *rapid.T, now time.Time, zone *time.Location) line {
	kinds := []struct{ kind, source string }{
		{"earn", "purchase"},
		{"earn", "signup"},
		{"earn", "product_review"},
		{"revoke", "purchase"},
		{"revoke", "signup"},
		{"redeem", "coupon"},
		{"restore", "coupon"},
		{"expire", "expiry"},
		{"adjust", "admin"},
		{"hold", "purchase"},
		{"release", "purchase"},
		{"cancel_hold", "purchase"},
	}
	kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
	days := rapid.OneOf(rapid.IntRange(-2, 1), rapid.IntRange(-45, 10), rapid.IntRange(-800, 60)).Draw(rt, "days")
	local := now.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day()+days, 0, 0, 0, 0, zone).
		Add(rapid.SampledFrom([]time.Duration{0, -time.Microsecond, time.Microsecond, 90 * time.Minute, 3 * time.Hour, 13 * time.Hour}).Draw(rt, "hour"))
	amount := int64(rapid.IntRange(1, 6).Draw(rt, "points"))
	l := line{
		User: int64(rapid.IntRange(1, 70).Draw(rt, "user")), At: at, Type: kind.kind, Source: kind.source,
		Note: rapid.SampledFrom([]string{"", "", "", "thanks 🎁"}).Draw(rt, "note"),
	}
	switch kind.kind {
	case "earn", "restore":
		l.Points = amount
	case "revoke", "redeem", "expire":
		l.Points = -amount
	case "adjust":
		l.Points = rapid.SampledFrom([]int64{-amount, amount}).Draw(rt, "sign")
	case "hold":
		l.Pending = amount
	default:
		l.Pending = -amount
	}
	return l
}

var zoneNames = []string{
	"Asia/Kolkata", "America/New_York", "Europe/Berlin", "UTC", "Pacific/Apia",
	"Africa/Cairo", // puts its clocks forward at midnight
	"America/Havana",
}

// Edges around which days and periods are odd.
var edges = []time.Time{
	time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC),   // New York changes its clocks on the 8th
	time.Date(2026, 10, 30, 20, 0, 0, 0, time.UTC), // and on 1 November
	time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC),  // Cairo on the 24th
	time.Date(2024, 2, 27, 12, 0, 0, 0, time.UTC),  // leap day
	time.Date(2026, 12, 28, 12, 0, 0, 0, time.UTC), // year, quarter, month and week end
	time.Date(2026, 6, 28, 12, 0, 0, 0, time.UTC),
}

// The reports beside the ledger and the copies elsewhere show at every moment
// what adding up all entries gives, whatever was posted, through every
// midnight; and making them anew changes nothing.
func TestRandomHistoriesGiveWhatTheEntriesGive(t *testing.T) {
	histories(t, 12)
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		beside := makeShop(t, b, db, "wp_")
		apart := makeShop(t, b, db, "site_")
		both := []shop{beside, apart}

		rapid.Check(t, func(rt *rapid.T) {
			ctx := t.Context()
			zone := location(t, rapid.SampledFrom(zoneNames).Draw(rt, "zone"))
			b.reset(ctx, zone)
			for _, s := range both {
				clearReports(s)
			}
			set := settings(t, zone, rapid.SampledFrom(edges).Draw(rt, "start"))
			set.StartOfWeek = rapid.SampledFrom([]time.Weekday{time.Sunday, time.Monday, time.Saturday}).Draw(rt, "week")

			check := func(refresh bool) {
				want := naive(b.lines, set)
				for i, s := range both {
					if refresh {
						if _, err := s.reports.Refresh(ctx, set); err != nil {
							rt.Fatalf("shop %d: %v", i, err)
						}
					}
					got, err := read(ctx, s.reports)
					if err != nil {
						rt.Fatal(err)
					}
					if d := differences(got, want); d != "" {
						rt.Fatalf("shop %d at %s: %s", i, set.Now, d)
					}
				}
			}
			check(true)
			steps := rapid.IntRange(4, 10).Draw(rt, "steps")
			for range steps {
				switch rapid.SampledFrom([]string{"post", "post", "post", "midnight", "later", "long", "settings", "zone"}).Draw(rt, "step") {
				case "post":
					var lines []line
					for range rapid.IntRange(1, 60).Draw(rt, "entries") {
						lines = append(lines, drawLine(rt, set.Now, zone))
					}
					b.post(ctx, lines...)
				case "midnight":
					set.Now = (reports.DayOf(set.Now, zone) + 1).Starts(zone)
				case "later":
					set.Now = set.Now.Add(time.Duration(rapid.IntRange(1, 200).Draw(rt, "hours")) * time.Hour)
				case "long":
					set.Now = set.Now.AddDate(0, 0, rapid.IntRange(8, 500).Draw(rt, "days"))
				case "settings":
					set.PointsPerUnit = decimal(t, rapid.SampledFrom([]string{"0", "7", "0.01", "100"}).Draw(rt, "rate"))
				case "zone":
					zone = location(t, rapid.SampledFrom(zoneNames).Draw(rt, "other"))
					set.Zone = zone
					b.moveTo(ctx, zone)
				}
				check(true)
			}
			for i, s := range both {
				found, err := s.reports.Verify(ctx, set)
				if err != nil || len(found) > 0 {
					rt.Fatalf("verify shop %d: %v %v", i, found, err)
				}
				if err := s.reports.Rebuild(ctx, set); err != nil {
					rt.Fatal(err)
				}
			}
			check(false)
		})
	})
}

// moveTo makes the ledger count days of another zone.
func (b *bank) moveTo(ctx context.Context, zone *time.Location) {
	b.zone = zone
	b.exec(ctx, `DELETE FROM {p}loyalty_points_daily`)
	b.exec(ctx, `UPDATE {p}loyalty_writer SET zone = ? WHERE id = 1`, zone.String())
	for _, l := range b.lines {
		b.exec(ctx, `INSERT INTO {p}loyalty_points_daily (day, type, source, points, pending, entries) VALUES (?, ?, ?, ?, ?, 1)
			ON DUPLICATE KEY UPDATE points = points + VALUES(points), pending = pending + VALUES(pending), entries = entries + VALUES(entries)`,
			l.At.In(zone).Format(time.DateOnly), l.Type, l.Source, l.Points, l.Pending)
	}
}

// clearReports makes the tables as they are after the first migration.
func clearReports(s shop) {
	for _, table := range []string{"points_status", "points_sources", "top_earners", "period_earners", "period_customers"} {
		s.site.MustExec(fmt.Sprintf("DELETE FROM %sloyalty_%s", s.sitePrefix, table))
	}
	s.site.MustExec(fmt.Sprintf("UPDATE %sloyalty_report_state SET day = NULL, through_entry = 0 WHERE id = 1", s.sitePrefix))
}
