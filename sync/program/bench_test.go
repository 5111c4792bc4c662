package program_test

import (
	"testing"

	"loyaltyd/sync/program"
)

// BenchmarkWorth values orders of three lines with shipping and a fee.
func BenchmarkWorth(b *testing.B) {
	plainOrder := func() *order {
		o := completed(line(1, 5, "60"), line(2, 6, "179.98"), line(3, 7, "15.005"))
		o.Shipping, o.Fees, o.Total = dec("10"), []program.Fee{{Total: dec("2.5")}}, dec("267.485")
		return o
	}
	rich := func(r *rules) {
		p := &r.Earn.Purchase
		p.PointsPerUnit, p.Tax, p.Shipping, p.Fees, p.MinOrder = dec("0.35"), true, true, true, dec("20")
		p.Products = map[int64]program.Rule{5: {Points: decp("2.5")}}
		p.Categories = map[int64]program.Rule{8: {PointsPerUnit: decp("2")}}
		r.Earn.HighSpend = []program.Threshold{{Amount: dec("100"), Points: 10}, {Amount: dec("500"), Points: 50}}
		r.Earn.Campaigns = []program.Campaign{{From: "2026-03-01", Multiplier: decp("2")}}
	}
	for _, c := range []struct {
		name  string
		rules func(*rules)
		order *order
	}{
		{"defaults", nil, plainOrder()},
		{"every option", rich, plainOrder()},
		{"every option, refunded line", rich, with(plainOrder(), func(o *order) {
			o.Refunds = []program.Refund{refund(30, "2026-03-05 00:00:00", "20", back(2, "0", "-20"))}
		})},
		{"every option, unnamed refund", rich, with(plainOrder(), func(o *order) {
			o.Refunds = []program.Refund{refund(30, "2026-03-05 00:00:00", "20")}
		})},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := compile(b, c.rules)
			categories := in(8, 9)
			b.ReportAllocs()
			for b.Loop() {
				_ = p.Worth(c.order, categories)
			}
		})
	}
}

func BenchmarkParseDecimal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := program.ParseDecimal("1234.56780000"); err != nil {
			b.Fatal(err)
		}
	}
}
