package sync_test

import (
	"fmt"
	"slices"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// A date of payment that only meta has makes an order in a custom status earn.
// Whatever becomes of it there shows in a sweep; in an increment as soon as the
// order is saved or, in legacy storage, the row is new.
func TestDatesInMetaAreNoticed(t *testing.T) {
	storages(t, `{starts: "2025-03-01", earn: {}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		order := s.on(1).place(testshop.Order{Customer: ann, Status: "shipped", Paid: testshop.Never}, "80.00")
		s.run(sync.Increment)
		s.wantBalances("without a date of payment", map[int64]int64{})
		s.on(2).do(s.WriteDate(s.ctx, order, "_paid_date", "2025-03-04 10:00:00"), s.Save(s.ctx, order))
		s.run(sync.Increment)
		s.wantBalances("paid", map[int64]int64{ann: 80})
		s.wantEntries("paid", ann, 0, "earn 80 purchase, day 1: earned")

		meta := map[testshop.Storage]string{testshop.HPOS: "{p}wc_orders_meta", testshop.Legacy: "{p}postmeta"}[s.Storage]
		points := map[bool]int64{true: 80}
		for _, test := range []struct {
			value string
			earns bool
		}{
			{"2025-02-01 10:00:00", false}, // before starts
			{"2 March 2025", true},
			{"", false},
			{"1741082400", true},
			{"tomorrow", false},
			{"2025-03-05T10:00:00Z", true},
		} {
			s.do(s.Exec(s.ctx, `UPDATE `+meta+` SET meta_value = ? WHERE meta_key = '_paid_date'`, test.value))
			s.run(sync.Sweep)
			want := map[int64]int64{ann: points[test.earns]}
			if !test.earns {
				want = map[int64]int64{}
			}
			s.wantBalances(fmt.Sprintf("%q", test.value), want)
			s.sound()
		}
		s.do(s.Exec(s.ctx, `DELETE FROM `+meta+` WHERE meta_key = '_paid_date'`))
		s.run(sync.Sweep)
		s.wantBalances("gone", map[int64]int64{})
		s.sound()
	})
}

// WooCommerce's move to the order tables leaves the dates of its releases
// before 3.0 in meta: nothing changes.
func TestMovingOldDatesToTheOrderTables(t *testing.T) {
	for name, dates := range map[string][2]string{
		"the old paid date":       {"_paid_date", "2025-03-04 10:00:00"},
		"the old completed date":  {"_completed_date", "2025-03-04 10:00:00"},
		"one with its zone":       {"_paid_date", "2025-03-04T10:00:00Z"},
		"one of a month in words": {"_paid_date", "4 March 2025 10:00"},
	} {
		t.Run(name, func(t *testing.T) {
			testshop.Each(t, func(t *testing.T, db *testshop.Database) {
				s := newStage(t, db, testshop.Synced, `{earn: {campaigns: [{name: a, from: "2025-03-04", to: "2025-03-05", points: 7}]}}`)
				ann := s.customer("ann")
				order := s.on(8).place(testshop.Order{Customer: ann, Status: "completed", Paid: testshop.Never, Completed: testshop.Never}, "80.00")
				s.do(s.WriteDate(s.ctx, order, dates[0], dates[1]), s.SwitchStorage(s.ctx, testshop.Legacy))
				s.run(sync.Increment)
				s.wantBalances("in posts", map[int64]int64{ann: 87})
				s.do(s.SetOption(s.ctx, "woocommerce_custom_orders_table_enabled", "yes"))
				if summary := s.run(sync.Sweep); summary.Entries != 0 {
					t.Errorf("moved: %d entries: %v", summary.Entries, s.entries(ann, 0))
				}
				s.wantBalances("moved", map[int64]int64{ann: 87})
				s.sound()
			})
		})
	}
}

// An order without any date counts as of 1970 and is named by every run that
// looks at it.
func TestOrdersWithoutAnyDateAreNamed(t *testing.T) {
	storages(t, `{earn: {}}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		order := s.on(1).order(ann, "completed", "80.00")
		cancelled := s.on(1).order(ann, "cancelled", "70.00")
		s.do(s.LoseDates(s.ctx, order), s.LoseDates(s.ctx, cancelled))
		want := []string{fmt.Sprintf("order %d has no date at all, it counts as of 1970-01-01: give it a date of creation in WooCommerce", order)}
		if got := s.run(sync.Increment).Problems; !slices.Equal(got, want) {
			t.Errorf("problems %q, want %q", got, want)
		}
		s.wantEntries("dated", ann, 0, "earn 80 purchase, 1970-01-01 00:00:00: earned")
		if got := s.run(sync.Full).Problems; !slices.Equal(got, want) {
			t.Errorf("problems of a full run %q, want %q", got, want)
		}
		s.do(s.WriteDate(s.ctx, order, "_completed_date", "2025-03-04 10:00:00"))
		if got := s.run(sync.Sweep).Problems; len(got) > 0 {
			t.Errorf("problems with a date %q", got)
		}
		s.sound()
	})
}
