package reports_test

import (
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

// BenchmarkRefresh measures a refresh after one new entry, and a rebuild, over
// a ledger of 300,000 entries of 30,000 customers in three years.
func BenchmarkRefresh(b *testing.B) {
	db := testshop.New(b)
	bank := newBank(b, db.Root, "wp_", time.UTC)
	s := makeShop(b, bank, db, "wp_")
	for range 30 {
		trade(bank, b, 10_000, 30_000, 1000)
	}
	set := settings(b, time.UTC, noon)
	b.Run("rebuild", func(b *testing.B) {
		for b.Loop() {
			if err := s.reports.Rebuild(b.Context(), set); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one_entry", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			bank.post(b.Context(), line{User: 77, At: set.Now, Type: "earn", Source: "purchase", Points: 3})
			b.StartTimer()
			s.refresh(b, set)
		}
	})
	b.Run("midnight", func(b *testing.B) {
		for b.Loop() {
			set.Now = set.Now.AddDate(0, 0, 1)
			s.refresh(b, set)
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if found, err := s.reports.Verify(b.Context(), set); err != nil || len(found) > 0 {
				b.Fatal(found, err)
			}
		}
	})
}
