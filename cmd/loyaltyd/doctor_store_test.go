package main

import (
	"fmt"
	"strings"
	"testing"

	"loyaltyd/internal/testshop"
)

// Orders without any date, dates that are none, and customers who do not exist
// are named by sync and doctor.
func TestDoctorNamesOrders(t *testing.T) {
	for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
		t.Run(storage.String(), func(t *testing.T) {
			each(t, testshop.Options{Storage: storage}, func(s *stand) {
				ada := s.customer("ada")
				s.order(ada, "10", spring)
				if out := s.ok("doctor"); !strings.Contains(out, "ok    dates: every order has a date") || strings.Contains(out, "customers:") {
					s.t.Errorf("in order:\n%s", out)
				}
				var names []string
				for i := range 12 {
					id := s.order(ada, "10", spring)
					if err := s.shop.LoseDates(s.ctx(), id); err != nil {
						s.t.Fatal(err)
					}
					if i < 10 {
						names = append(names, fmt.Sprintf("#%d", id))
					}
				}
				unknown := s.order(ada+100, "10", spring)
				odd, err := s.shop.PlaceOrder(s.ctx(), testshop.Order{Customer: ada, Status: "shipped", Paid: testshop.Never})
				if err != nil {
					s.t.Fatal(err)
				}
				if err := s.shop.WriteDate(s.ctx(), odd, "_paid_date", "31/12/2025"); err != nil {
					s.t.Fatal(err)
				}
				out := s.ok("doctor", "--set", "program.starts=2026-01-01")
				for _, want := range []string{
					"warn  dates: 12 orders without any date: " + strings.Join(names, ", ") + " … — give them a date of creation in WooCommerce; until then they count as of 1970-01-01",
					fmt.Sprintf("warn  customers: 1 order of customers who are no users of WordPress: #%d — ", unknown),
					fmt.Sprintf(`warn  dates: 1 date cannot be read among the newest 15 orders: order %d: _paid_date "31/12/2025" is no date — `, odd),
				} {
					if !strings.Contains(out, want) {
						s.t.Errorf("doctor lacks %q:\n%s", want, out)
					}
				}
				out = s.ok("sync", "--set", "program.starts=2026-01-01")
				for _, want := range []string{
					"What cannot be read, or cannot be meant; amounts count as 0, dates as missing:",
					fmt.Sprintf("order %s has no date at all", strings.TrimPrefix(names[3], "#")),
					fmt.Sprintf(`order %d: _paid_date "31/12/2025" is no date`, odd),
				} {
					if !strings.Contains(out, want) {
						s.t.Errorf("sync lacks %q:\n%s", want, out)
					}
				}
			})
		})
	}
}
