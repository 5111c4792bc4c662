package reports_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

func TestHistoryPagesShowEveryEntryOnce(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newShop(t, db, time.UTC)
		trade(s.bank, t, 90, 4, 5)
		// Many at the same instant, recorded in another order than dated.
		for i := range 30 {
			s.post(t.Context(), line{User: 2, At: noon.AddDate(0, 0, -i%3), Type: "earn", Source: "purchase", Points: 1, Note: fmt.Sprint("n", i)})
		}
		s.refresh(t, settings(t, time.UTC, noon))
		days := reports.Range{From: mustDay("2026-11-19"), To: mustDay("2026-11-20")}
		for _, f := range []reports.Filter{
			{},
			{User: 2},
			{Source: "purchase"},
			{Type: "redeem"},
			{Type: "redeem", Zone: time.UTC},
			{Type: "earn", Zone: time.UTC},
			{Type: "earn", Source: "signup", Zone: time.UTC},
			{Type: "earn", Range: &days, Zone: time.UTC},
			{Type: "earn", Range: &days, Zone: location(t, "Asia/Kolkata")},
			{Type: "expire", Zone: time.UTC},
			{Range: &days, Zone: time.UTC},
			{User: 2, Source: "purchase", Type: "earn", Range: &days, Zone: time.UTC},
			{User: 99},
		} {
			f.Limit = 7
			want := map[int64]line{}
			for _, l := range s.lines {
				if (f.User == 0 || f.User == l.User) && (f.Source == "" || f.Source == l.Source) && (f.Type == "" || f.Type == l.Type) &&
					(f.Range == nil || f.Range.Contains(reports.DayOf(l.At, f.Zone))) {
					want[l.ID] = l
				}
			}
			var last *reports.Entry
			for {
				page, err := s.reports.History(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page {
					l, ok := want[e.ID]
					if !ok || e.User != l.User || e.Seq != l.Seq || !e.OccurredAt.Equal(l.At) || e.Points != l.Points || e.Balance != l.Balance || e.Note.String != l.Note {
						t.Fatalf("filter %+v: %+v is not due (%+v)", f, e, l)
					}
					delete(want, e.ID)
					switch {
					case last == nil:
					case f.User != 0 && last.Seq <= e.Seq, f.User == 0 && last.OccurredAt.Before(e.OccurredAt):
						t.Fatalf("filter %+v: %+v comes before %+v", f, last, e)
					}
					last = &e
				}
				if len(page) < f.Limit {
					break
				}
				f.Before = last
			}
			if len(want) > 0 {
				t.Errorf("filter %+v: %d entries are missing", f, len(want))
			}
		}
	})
}

// Any range gives what a period of the same days gives.
func TestCustomRangesGiveWhatPeriodsGive(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		zone := location(t, "America/New_York")
		s := newShop(t, db, zone)
		trade(s.bank, t, 300, 80, 500)
		set := settings(t, zone, noon)
		s.refresh(t, set)
		for _, want := range naive(s.lines, set).Status {
			name := want.Period
			got, err := s.reports.StatusOf(t.Context(), set, want.Range)
			if err != nil {
				t.Fatal(err)
			}
			want.Period = ""
			if d := firstDifference(name, []reports.Status{got}, []reports.Status{want}); d != "" {
				t.Error(d)
			}
			sources, err := s.reports.SourcesOf(t.Context(), set, want.Range)
			if err != nil {
				t.Fatal(err)
			}
			wantSources, err := s.reports.Sources(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			for i := range wantSources {
				wantSources[i].Period = ""
			}
			if d := firstDifference(name, sources, wantSources); d != "" {
				t.Error(d)
			}
			earners, err := s.reports.EarnersOf(t.Context(), set, want.Range, reports.Places)
			if err != nil {
				t.Fatal(err)
			}
			wantEarners, err := s.reports.Earners(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			for i := range wantEarners {
				wantEarners[i].Period = ""
			}
			if d := firstDifference(name, earners, wantEarners); d != "" {
				t.Error(d)
			}
		}
	})
}

// The view is read with the reader's rights: who may not read the ledger gets
// nothing through it.
func TestHistoryIsReadWithTheReadersRights(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		newShop(t, db, time.UTC)
		dsn := db.User(t, `GRANT SELECT ON wp_loyalty_points_history TO {user};`)
		reader, err := database.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = reader.Close() }()
		var n int
		if err := reader.Get(&n, `SELECT COUNT(*) FROM wp_loyalty_points_history`); err == nil {
			t.Error("the view showed a ledger that its reader may not read")
		}
	})
}

func TestTheDaemonSaysThatItIsAlive(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newShop(t, db, time.UTC)
		if d, err := s.reports.Daemon(t.Context()); err != nil || !d.Heartbeat.IsZero() || d.LastRun.Kind != "" {
			t.Errorf("before the first heartbeat: %+v, %v", d, err)
		}
		beat := reports.Daemon{Address: "127.0.0.1:8787", Version: "1.2.3", LeaseHolder: "host\xff process 1", Fence: 7}
		if err := s.reports.Heartbeat(t.Context(), beat); err != nil {
			t.Fatal(err)
		}
		run := reports.Run{
			Kind: "sync", Started: noon, Finished: noon.Add(time.Second), OK: false,
			Message: strings.Repeat("ü", 2000), Figures: map[string]int64{"orders": 3},
		}
		if err := s.reports.RecordRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		d, err := s.reports.Daemon(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d.Address != beat.Address || d.Version != beat.Version || d.LeaseHolder != "host process 1" || d.Fence != 7 || d.Heartbeat.IsZero() {
			t.Errorf("daemon = %+v", d)
		}
		if r := d.LastRun; r.Kind != "sync" || !r.Started.Equal(noon) || r.OK || len([]rune(r.Message)) != 1024 || r.Figures["orders"] != 3 {
			t.Errorf("last run = %+v", r)
		}
	})
}
