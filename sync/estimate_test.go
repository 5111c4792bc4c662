package sync_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

const estimateProgramme = `
exclude: {roles: [wholesale]}
earn:
  purchase: {points_per_unit: 2, shipping: true, tax: true, currencies: {EUR: 1.1}, categories: {16: {points_per_unit: 3}}}
  first_order: {points: 50}
  high_spend: [{amount: 60, points: 7}]
  campaigns: [{name: Always, multiplier: 1.5}]
`

func cartLine(product int64, total, tax string) program.Line {
	return program.Line{Product: product, Quantity: dec("2"), Total: dec(total), Subtotal: dec(total), Tax: dec(tax), SubtotalTax: dec(tax)}
}

// An estimate is what the order earns once it is placed and paid.
func TestAnEstimateIsWhatTheOrderEarns(t *testing.T) {
	storages(t, estimateProgramme, func(t *testing.T, s *stage) {
		s.now = time.Now().UTC().Add(-time.Minute)
		category := must(s.AddCategory(s.ctx, "Cups", 0))
		for category < 16 {
			category = must(s.AddCategory(s.ctx, "Cups", 0))
		}
		cup := must(s.AddProduct(s.ctx, testshop.Product{Name: "Cup <b>", Categories: []int64{category}}))
		ann := s.customer("ann")
		wholesale := must(s.AddUser(s.ctx, testshop.User{Login: "bulk", Email: "bulk@example.com", Roles: []string{"wholesale"}}))
		s.run(sync.Full)
		cart := sync.EstimateOrder{
			User: ann, Lines: []program.Line{cartLine(s.product, "20.00", "2.00"), cartLine(cup, "30.00", "0")},
			Shipping: dec("10.00"), ShippingTax: dec("1.00"),
		}
		want := map[ledger.Source]int64{ledger.Purchase: 156, ledger.Campaign: 78, ledger.FirstOrder: 50, ledger.HighSpend: 7}
		check := func(what string, order sync.EstimateOrder, rules *program.Rules, want map[ledger.Source]int64) *sync.Estimate {
			t.Helper()
			estimate := must(s.engine.Estimate(s.ctx, order, rules))
			got, sum := map[ledger.Source]int64{}, int64(0)
			for _, source := range estimate.Sources {
				got[source.Source] = source.Points
				sum += source.Points
			}
			for source, points := range want {
				if got[source] != points {
					t.Errorf("%s: %d under %s, want %d\n%s", what, got[source], source, points, strings.Join(estimate.Why, "\n"))
				}
			}
			if len(got) != len(want) || sum != estimate.Points {
				t.Errorf("%s: %v, in all %d", what, estimate.Sources, estimate.Points)
			}
			return estimate
		}
		estimate := check("a first order", cart, nil, want)
		for _, line := range []string{"Cup <b>: 30 × 3 = 90 (the lowest rule of its categories)", "And it would be the customer's first order: 50 points more."} {
			if !slices.Contains(estimate.Why, line) {
				t.Errorf("%q is not said:\n%s", line, strings.Join(estimate.Why, "\n"))
			}
		}
		if strings.Contains(estimate.Why[0], "Order 0") {
			t.Errorf("it has a number: %s", estimate.Why[0])
		}

		id := must(s.PlaceOrder(s.ctx, testshop.Order{
			Customer: ann, Status: "processing", Shipping: "10.00", ShippingTax: "1.00",
			Lines: []testshop.Line{{Product: s.product, Total: "20.00", Tax: "2.00"}, {Product: cup, Total: "30.00"}},
		}))
		s.run(sync.Increment)
		if got := s.balances()[ann]; got != estimate.Points {
			t.Errorf("order %d earned %d, the estimate was %d", id, got, estimate.Points)
		}

		again := map[ledger.Source]int64{ledger.Purchase: 156, ledger.Campaign: 78, ledger.HighSpend: 7}
		check("a second order", cart, nil, again)
		cart.User = 0
		check("a guest", cart, nil, want)
		cart.User = 999_999_999
		check("nobody", cart, nil, want)
		cart.Currency = "EUR"
		cart.User = ann
		check("euros", cart, nil, map[ledger.Source]int64{ledger.Purchase: 171, ledger.Campaign: 85, ledger.HighSpend: 7})
		cart.Currency = "JPY"
		check("no rate", cart, nil, map[ledger.Source]int64{ledger.Purchase: 0})
		cart.Currency, cart.User = "", wholesale
		check("an excluded customer", cart, nil, map[ledger.Source]int64{ledger.Purchase: 0})
		check("an empty cart", sync.EstimateOrder{}, nil, map[ledger.Source]int64{ledger.Purchase: 0})

		other := program.Defaults()
		other.Earn.Purchase.Statuses = []string{"on-hold"}
		cart.User = ann
		check("rules that are not saved", cart, &other, map[ledger.Source]int64{ledger.Purchase: 50})
		other.Starts = "2999-01-01"
		check("rules that have not begun", cart, &other, map[ledger.Source]int64{ledger.Purchase: 0})
		other.Guests = "nonsense"
		if _, err := s.engine.Estimate(s.ctx, cart, &other); err == nil {
			t.Error("rules that are none are taken")
		}
		cart = sync.EstimateOrder{Lines: []program.Line{cartLine(s.product, "9223372036854775807", "0")}}
		check("more than any order is worth", cart, nil, map[ledger.Source]int64{ledger.Purchase: 0})
		// A cart is paid in full, and its negative fees are discounts.
		other = program.Defaults()
		other.Earn.Purchase.Credit = program.CreditDeduct
		cart = sync.EstimateOrder{Lines: []program.Line{cartLine(s.product, "40", "0")}, Fees: []program.Fee{{Total: dec("-10")}}}
		check("paid in full, with a discount", cart, &other, map[ledger.Source]int64{ledger.Purchase: 30})
	})
}

func dec(text string) apd.Decimal { return must(program.ParseDecimal(text)) }
