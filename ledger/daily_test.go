package ledger_test

import (
	"fmt"
	"math"
	"testing"
	"time"
	_ "time/tzdata" // the days must be those of the zone on every machine

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// daily returns the roll-up in words.
func (d *desk) daily() []string {
	d.Helper()
	var rows []struct {
		Day     time.Time `db:"day"`
		Type    string    `db:"type"`
		Source  string    `db:"source"`
		Points  int64     `db:"points"`
		Pending int64     `db:"pending"`
		Entries int64     `db:"entries"`
	}
	err := d.db.Root.SelectContext(d.Context(), &rows, prefix.SQL(`SELECT * FROM {p}loyalty_points_daily ORDER BY day, type, source`))
	if err != nil {
		d.Fatal(err)
	}
	said := []string{}
	for _, r := range rows {
		said = append(said, fmt.Sprintf("%s %s %s %d %d in %d", r.Day.Format(time.DateOnly), r.Type, r.Source, r.Points, r.Pending, r.Entries))
	}
	return said
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func on(at string, p ledger.Posting) ledger.Posting {
	p.OccurredAt, _ = time.Parse("2006-01-02 15:04:05.999999", at)
	return p
}

func TestDaysAreTheZones(t *testing.T) {
	// New York springs forward on 8 March 2026 at 07:00 UTC and falls back on
	// 1 November at 06:00 UTC; Kolkata is five and a half hours ahead.
	postings := []ledger.Posting{
		on("2026-03-08 04:59:59.999999", earn(1, 1, 1)), on("2026-03-08 05:00:00", earn(2, 2, 2)),
		on("2026-03-09 03:59:59.999999", earn(1, 3, 4)), on("2026-03-09 04:00:00", earn(2, 4, 8)),
		on("2026-11-01 03:59:59", earn(1, 5, 16)), on("2026-11-02 04:59:59", earn(1, 6, 32)), on("2026-11-02 05:00:00", earn(1, 7, 64)),
		on("2026-12-31 18:29:59", hold(1, 8, 128)), on("2026-12-31 18:30:00", revoke(1, 9, 256)),
	}
	tests := []struct {
		zone string
		want []string
	}{
		{"America/New_York", []string{
			"2026-03-07 earn purchase 1 0 in 1", "2026-03-08 earn purchase 6 0 in 2", "2026-03-09 earn purchase 8 0 in 1",
			"2026-10-31 earn purchase 16 0 in 1", "2026-11-01 earn purchase 32 0 in 1", "2026-11-02 earn purchase 64 0 in 1",
			"2026-12-31 hold purchase 0 128 in 1", "2026-12-31 revoke purchase -256 0 in 1",
		}},
		{"Asia/Kolkata", []string{
			"2026-03-08 earn purchase 3 0 in 2", "2026-03-09 earn purchase 12 0 in 2",
			"2026-11-01 earn purchase 16 0 in 1", "2026-11-02 earn purchase 96 0 in 2",
			"2026-12-31 hold purchase 0 128 in 1", "2027-01-01 revoke purchase -256 0 in 1",
		}},
		{"UTC", []string{
			"2026-03-08 earn purchase 3 0 in 2", "2026-03-09 earn purchase 12 0 in 2",
			"2026-11-01 earn purchase 16 0 in 1", "2026-11-02 earn purchase 96 0 in 2",
			"2026-12-31 hold purchase 0 128 in 1", "2026-12-31 revoke purchase -256 0 in 1",
		}},
	}
	for _, test := range tests {
		t.Run(test.zone, func(t *testing.T) {
			each(t, ledger.Options{Zone: zone(t, test.zone)}, func(t *testing.T, d *desk) {
				for _, p := range postings {
					d.post(p)
				}
				if diff := cmp.Diff(test.want, d.daily()); diff != "" {
					t.Errorf("posted (-want +got):\n%s", diff)
				}
				d.exec(`UPDATE {p}loyalty_points_daily SET points = points + 1`)
				d.exec(`INSERT INTO {p}loyalty_points_daily VALUES ('2020-01-01', 'earn', 'tier', 1, 1, 1)`)
				if err := d.RebuildDaily(t.Context(), d.lease); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, d.daily()); diff != "" {
					t.Errorf("rebuilt (-want +got):\n%s", diff)
				}
				d.proven()
			})
		})
	}
}

func TestAnotherZoneRebuildsTheDays(t *testing.T) {
	each(t, ledger.Options{Zone: zone(t, "America/New_York")}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		set := func(l *ledger.Ledger, want bool) {
			t.Helper()
			if rebuilt, err := l.SetZone(ctx, d.lease); err != nil || rebuilt != want {
				t.Errorf("SetZone answered %v, %v; want %v", rebuilt, err, want)
			}
		}
		set(d.Ledger, false)
		d.post(on("2026-03-08 04:00:00", earn(1, 1, 1)))
		set(d.Ledger, false)
		india := d.with(ledger.Options{Zone: zone(t, "Asia/Kolkata")})
		if err := settle(ctx, india, d.lease, 1, map[int64]int64{2: 5}); err == nil {
			t.Error("days of two zones were mixed")
		}
		set(india, true)
		set(india, false)
		if diff := cmp.Diff([]string{"2026-03-08 earn purchase 1 0 in 1"}, d.daily()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if err := settle(ctx, india, d.lease, 1, map[int64]int64{2: 5}); err != nil {
			t.Error(err)
		}
		if _, err := d.try(earn(1, 3, 1)); err == nil {
			t.Error("the old zone could still post")
		}
		if sum, err := d.Outstanding(ctx); err != nil || sum != 6 {
			t.Errorf("outstanding %d, %v", sum, err)
		}
		d.proven()
	})
}

func TestNothingIsOutstandingInAnEmptyLedger(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		if sum, err := d.Outstanding(t.Context()); err != nil || sum != 0 {
			t.Errorf("outstanding %d, %v", sum, err)
		}
		if got := d.account(5); got.User != 5 || got.Seq != 0 || len(got.Head) != 32 {
			t.Errorf("an account without entries is %+v", got)
		}
		d.proven()
	})
}

func TestOutstandingPointsBeyond64BitsAreCutToWhatFits(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		d := newDesk(t, db, ledger.Options{})
		for _, day := range []string{"2026-01-01", "2026-01-02"} {
			d.exec(`INSERT INTO {p}loyalty_points_daily (day, type, source, points, pending, entries)
				VALUES (?, 'earn', 'purchase', 9223372036854775807, 0, 1)`, day)
		}
		if got, err := d.Outstanding(d.Context()); err != nil || got != math.MaxInt64 {
			t.Errorf("outstanding %d, %v", got, err)
		}
	})
}
