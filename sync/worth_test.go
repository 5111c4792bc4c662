package sync_test

import (
	"fmt"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// What the rules about money say reaches the ledger from either storage, at
// first sight and bit by bit alike.

// twice looks at what a customer has after a fresh run over all that happened,
// and after a run for each step of it.
func twice(t *testing.T, name, programme string, want int64, steps ...func(s *stage, customer int64)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		storages(t, programme, func(t *testing.T, s *stage) {
			ann, bob := s.customer("ann"), s.customer("bob")
			s.run(sync.Increment)
			for i, step := range steps {
				s.on(i + 1)
				step(s, ann)
				s.run(sync.Increment)
			}
			for i, step := range steps {
				s.on(len(steps) + i + 1)
				step(s, bob)
			}
			s.run(sync.Increment)
			all := map[int64]int64{ann: want, bob: want}
			if want == 0 {
				all = map[int64]int64{}
			}
			s.wantBalances("step by step, and at once", all)
			s.sound()
		})
	})
}

// latest is the order that a customer placed last.
func (s *stage) latest(customer int64) int64 {
	s.t.Helper()
	query := `SELECT MAX(id) FROM {p}wc_orders WHERE customer_id = ? AND type = 'shop_order'`
	if s.Storage == testshop.Legacy {
		query = `SELECT MAX(post_id) FROM {p}postmeta WHERE meta_key = '_customer_user' AND meta_value = ?`
	}
	var id int64
	s.do(s.DB.Get(&id, prefix.SQL(query), customer))
	return id
}

func (s *stage) line(order int64, n int) int64 {
	s.t.Helper()
	return must(s.Items(s.ctx, order, "line_item"))[n]
}

func places(o testshop.Order) func(*stage, int64) {
	return func(s *stage, customer int64) {
		o := o
		o.Customer = customer
		must(s.PlaceOrder(s.ctx, o))
	}
}

func TestRoundingOfRefundsOfTheStore(t *testing.T) {
	taxed := testshop.Order{Status: "completed", Lines: []testshop.Line{
		{Total: "8.403361", Tax: "1.60"}, {Total: "100", Tax: "19"}, {Total: "25.210084", Tax: "4.79"},
	}}
	refund := func(amount string, lines ...testshop.RefundLine) func(*stage, int64) {
		return func(s *stage, customer int64) {
			order := s.latest(customer)
			named := make([]testshop.RefundLine, len(lines))
			for i, l := range lines {
				l.Item = s.line(order, int(l.Item))
				named[i] = l
			}
			must(s.Refund(s.ctx, order, testshop.Refund{Amount: amount, Lines: named}))
		}
	}
	first := testshop.RefundLine{Item: 0, Qty: "1", Total: "8.403361", Tax: "1.60"}
	third := testshop.RefundLine{Item: 2, Qty: "1", Total: "25.210084", Tax: "4.79"}
	const exact = `earn: {purchase: {points_per_unit: 1000}}`
	twice(t, "a cent too much for two lines", exact, 100_000, places(taxed), refund("40.01", first, third))
	twice(t, "in two refunds", exact, 100_000, places(taxed), refund("10.01", first), refund("30.01", third))
	twice(t, "two cents for one line", exact, 125_193, places(taxed), refund("10.023361", first)) // R 149, U 0.02
	twice(t, "a gift card is no refund", exact, 125_210, func(s *stage, customer int64) {
		o := taxed
		o.Total = "30.00"
		places(o)(s, customer)
	}, refund("10.00", first))
	t.Run("decimals of prices", func(t *testing.T) {
		storages(t, exact, func(t *testing.T, s *stage) {
			s.do(s.SetOption(s.ctx, "woocommerce_price_num_decimals", "0"))
			buys := func(customer int64) {
				places(testshop.Order{Status: "completed", Lines: []testshop.Line{{Total: "1000"}, {Total: "500"}}})(s, customer)
				refund("501", testshop.RefundLine{Item: 1, Qty: "1", Total: "500"})(s, customer)
			}
			ann, bob := s.customer("ann"), s.customer("bob")
			buys(ann)
			s.run(sync.Increment)
			s.wantBalances("a whole unit is rounding", map[int64]int64{ann: 1_000_000})
			s.do(s.SetOption(s.ctx, "woocommerce_price_num_decimals", "2"))
			s.run(sync.Increment)
			s.wantBalances("it stays so for orders of then", map[int64]int64{ann: 1_000_000})
			s.now = time.Now().UTC()
			buys(bob)
			s.run(sync.Increment)
			s.wantBalances("from now on a hundredth is", map[int64]int64{ann: 1_000_000, bob: 999_000})
			s.sound()
		})
	})
}

func TestNegativeFeesOfTheStore(t *testing.T) {
	order := testshop.Order{
		Status: "completed", Lines: []testshop.Line{{Total: "100", Tax: "20"}}, Shipping: "10", ShippingTax: "2",
		Fees: []testshop.Fee{{Name: "Wrapping", Total: "20", Tax: "4"}, {Name: "Wallet", Total: "-39"}},
	}
	refundFee := func(s *stage, customer int64) {
		order := s.latest(customer)
		fees := must(s.Items(s.ctx, order, "fee"))
		must(s.Refund(s.ctx, order, testshop.Refund{Fees: []testshop.RefundLine{{Item: fees[0], Total: "10", Tax: "2"}}}))
	}
	twice(t, "a quarter of all", `{}`, 75, places(order))
	twice(t, "of all bases", `earn: {purchase: {tax: true, shipping: true, fees: true}}`, 117, places(order))
	twice(t, "ignored", `earn: {purchase: {discounts: ignore, fees: true}}`, 120, places(order))
	twice(t, "half of the other fee is refunded", `earn: {purchase: {fees: true}}`, 82, places(order), refundFee)
	twice(t, "the fee is edited away", `{}`, 100, places(order), func(s *stage, customer int64) {
		order := s.latest(customer)
		s.do(s.EditItem(s.ctx, must(s.Items(s.ctx, order, "fee"))[1], "_line_total", "0"), s.Save(s.ctx, order))
	})
}

func TestCreditOfTheStore(t *testing.T) {
	order := func(total string) testshop.Order {
		return testshop.Order{Status: "completed", Lines: []testshop.Line{{Total: "80"}, {Total: "40"}}, Shipping: "10", Total: total}
	}
	const deduct = `earn: {purchase: {credit: deduct}, high_spend: [{amount: 60, points: 7}]}`
	half := func(s *stage, customer int64) {
		order := s.latest(customer)
		must(s.Refund(s.ctx, order, testshop.Refund{Lines: []testshop.RefundLine{{Item: s.line(order, 1), Qty: "1", Total: "40"}}}))
	}
	twice(t, "earns", `{}`, 120, places(order("65.00")))
	twice(t, "half in money", deduct, 67, places(order("65.00")))
	twice(t, "nothing in money", deduct, 0, places(order("0.00")))
	twice(t, "all in money", deduct, 127, places(order("130.00")))
	twice(t, "refunded in money", deduct, 22, places(order("65.00")), half) // 80 × 25 ÷ 90
}

func TestTheStartByCreationOfTheStore(t *testing.T) {
	imported := testshop.Order{Status: "completed", Created: time.Date(2019, 6, 1, 12, 0, 0, 0, time.UTC), Lines: []testshop.Line{{Total: "100"}}}
	fresh := testshop.Order{Status: "completed", Created: day(-1), Lines: []testshop.Line{{Total: "7"}}}
	starts := func(at, by string) string { return fmt.Sprintf(`{starts: %q, starts_by: %s}`, at, by) }
	twice(t, "old ones earn nothing", starts("2025-01-01", "creation"), 7, places(imported), places(fresh))
	twice(t, "but when they were paid counts by default", starts("2025-01-01", "earning"), 107, places(imported), places(fresh))
	twice(t, "the site's time counts", starts("2025-03-02 10:00:01", "creation"), 0, places(fresh))
	twice(t, "refunded or not", starts("2025-01-01", "creation"), 7, places(imported), func(s *stage, customer int64) {
		s.refund(s.latest(customer), "30.00")
	}, places(fresh))
}

func TestLongStatusesOfTheStore(t *testing.T) {
	cut := testshop.Order{Status: "awaiting-courier-", Paid: day(0), Lines: []testshop.Line{{Total: "100"}}}
	twice(t, "listed by its name", `earn: {purchase: {custom_statuses: [awaiting-courier-pickup]}}`, 100, places(cut))
	twice(t, "among the statuses", `earn: {purchase: {statuses: [awaiting-courier-pickup], custom_statuses: ignore}}`, 100, places(cut))
	twice(t, "another", `earn: {purchase: {custom_statuses: [awaiting-couriers-pickup]}}`, 0, places(cut))
	twice(t, "moved on to it", `earn: {purchase: {statuses: [], custom_statuses: [awaiting-courier-pickup]}}`, 30,
		places(testshop.Order{Status: "processing", Lines: []testshop.Line{{Total: "30"}}}),
		func(s *stage, customer int64) { s.do(s.SetStatus(s.ctx, s.latest(customer), "awaiting-courier-")) })
}
