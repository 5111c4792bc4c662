package program_test

import (
	"testing"

	"loyaltyd/sync/program"
)

func TestNegativeFeesAreDiscounts(t *testing.T) {
	t.Parallel()
	buy := func(change func(*program.Purchase)) func(*rules) {
		return func(r *rules) { change(&r.Earn.Purchase) }
	}
	fee := func(total, tax string) program.Fee { return program.Fee{Total: dec(total), Tax: dec(tax)} }
	// Goods of 200 with 40 of tax.
	less := func(fees ...program.Fee) *order {
		return with(completed(program.Line{ID: 1, Product: 5, Quantity: dec("4"), Total: dec("200"), Subtotal: dec("250"), Tax: dec("40")}),
			func(o *order) { o.Fees = fees })
	}
	shipped := func(fees ...program.Fee) *order {
		return with(less(fees...), func(o *order) { o.Shipping, o.ShippingTax = dec("50"), dec("10") })
	}
	back := func(o *order, refunds ...program.Refund) *order {
		o.Refunds = refunds
		return o
	}
	const day = "2026-03-05 00:00:00"
	runPurchase(t, []purchaseCase{
		{"half of what was bought", nil, less(fee("-100", "-20")), nil, 100},
		{"as much again as a wallet holds", nil, less(fee("-240", "0")), nil, 0},
		{"more than what was bought", nil, less(fee("-300", "0")), nil, 0},
		{
			"never turn a negative base round", buy(func(p *program.Purchase) { p.Products = map[int64]program.Rule{5: {Exclude: true}} }),
			with(less(fee("-300", "0")), func(o *order) { o.Lines = append(o.Lines, line(2, 6, "-100")) }), nil, 0,
		},
		{"are added up", nil, less(fee("-12", "0"), fee("-20", "-4")), nil, 170},
		{"count with their tax though bases do not", nil, less(fee("-30", "-6")), nil, 170},
		{"are ignored where discounts are", buy(func(p *program.Purchase) { p.Discounts = "ignore" }), less(fee("-100", "-20")), nil, 250},
		{"and then are no fees that earn", buy(func(p *program.Purchase) { p.Discounts, p.Fees = "ignore", true }), less(fee("-100", "-20"), fee("7", "1")), nil, 257},
		{"are shared by shipping, though it earns nothing", nil, shipped(fee("-60", "0")), nil, 160},
		{"lessen shipping too", buy(func(p *program.Purchase) { p.Shipping = true }), shipped(fee("-60", "0")), nil, 200},
		{"are shared by other fees, though these earn nothing", nil, less(fee("50", "10"), fee("-75", "0")), nil, 150},
		{"lessen other fees too", buy(func(p *program.Purchase) { p.Fees = true }), less(fee("50", "10"), fee("-75", "0")), nil, 187},
		{"do not care for fees of 0", buy(func(p *program.Purchase) { p.Fees = true }), less(fee("0", "0"), fee("-120", "0")), nil, 100},
		{
			"of nothing bought leave all", buy(func(p *program.Purchase) { p.Products = map[int64]program.Rule{5: {Points: decp("3")}} }),
			with(less(fee("-10", "0")), func(o *order) { o.Lines[0].Total, o.Lines[0].Tax = dec("0"), dec("0") }), nil, 12,
		},
		{
			"of less than nothing too", buy(func(p *program.Purchase) { p.Products = map[int64]program.Rule{6: {Exclude: true}} }),
			with(less(fee("-10", "0")), func(o *order) { o.Lines = append(o.Lines, line(2, 6, "-300")) }), nil, 200,
		},
		{"lessen fixed points", buy(func(p *program.Purchase) { p.Products = map[int64]program.Rule{5: {Points: decp("10")}} }), less(fee("-60", "0")), nil, 30},
		{"lessen what the minimum looks at", buy(func(p *program.Purchase) { p.MinOrder = dec("150.01") }), less(fee("-60", "0")), nil, 0},
		{"but not to below it", buy(func(p *program.Purchase) { p.MinOrder = dec("150") }), less(fee("-60", "0")), nil, 150},
		{"divide once, at the end", buy(func(p *program.Purchase) { p.Rounding = "up" }), less(fee("-80", "0")), nil, 134},
		{"are lessened by refunds as all is", nil, back(less(fee("-60", "0")), refund(3, day, "90", program.RefundLine{Item: 1, Total: dec("-100"), Tax: dec("-20")})), nil, 75},
		{"taken back with the goods leave nothing", nil, back(less(fee("-60", "0")), program.Refund{
			ID: 3, Created: at(day), Amount: dec("180"), Lines: []program.RefundLine{{Item: 1, Total: dec("-200"), Tax: dec("-40")}}, Fees: []program.Fee{fee("60", "0")},
		}), nil, 0},
		{"taken back are no part of the refunded fees", buy(func(p *program.Purchase) { p.Fees, p.Discounts = true, "ignore" }), back(less(fee("40", "0"), fee("-20", "0")), program.Refund{
			ID: 3, Created: at(day), Amount: dec("0"), Fees: []program.Fee{fee("-10", "0"), fee("10", "0")},
		}), nil, 280}, // 250 + 40 × 3/4
	})
}

func TestCreditEarnsNothingIfWanted(t *testing.T) {
	t.Parallel()
	deduct := func(change func(*program.Purchase)) func(*rules) {
		return func(r *rules) {
			r.Earn.Purchase.Credit = "deduct"
			if change != nil {
				change(&r.Earn.Purchase)
			}
		}
	}
	// Bought for 120 + 60 + 12 + 8 = 200.
	paid := func(total string, refunds ...program.Refund) *order {
		return with(completed(program.Line{ID: 1, Product: 5, Quantity: dec("2"), Total: dec("100"), Subtotal: dec("100"), Tax: dec("20")}, line(2, 6, "60")),
			func(o *order) {
				o.Shipping, o.ShippingTax, o.Total = dec("10"), dec("2"), dec(total)
				o.Fees = []program.Fee{{Total: dec("8")}}
				o.Refunds = refunds
			})
	}
	const day = "2026-03-05 00:00:00"
	first := program.RefundLine{Item: 1, Quantity: dec("-2"), Total: dec("-100"), Tax: dec("-20")}
	runPurchase(t, []purchaseCase{
		{"credit earns by default", nil, paid("50"), nil, 160},
		{"a quarter was paid with money", deduct(nil), paid("50"), nil, 40},
		{"all was", deduct(nil), paid("200"), nil, 160},
		{"more than all was", deduct(nil), paid("230"), nil, 160},
		{"nothing was", deduct(nil), paid("0"), nil, 0},
		{"less than nothing was", deduct(nil), paid("-1"), nil, 0},
		{"half a cent for each of four parts is rounding", deduct(nil), paid("199.98"), nil, 160},
		{"a little more is not", deduct(nil), paid("199.979"), nil, 159},
		{"shipping and fees too", deduct(func(p *program.Purchase) { p.Shipping, p.Fees, p.Tax = true, true, true }), paid("150"), nil, 150},
		{"fixed points too", deduct(func(p *program.Purchase) { p.Products = map[int64]program.Rule{5: {Points: decp("10")}} }), paid("50"), nil, 20},
		{"the minimum looks at what money paid", deduct(func(p *program.Purchase) { p.MinOrder = dec("40.01") }), paid("50"), nil, 0},
		{"and reaches it", deduct(func(p *program.Purchase) { p.MinOrder = dec("40") }), paid("50"), nil, 40},
		{"before refunds", deduct(func(p *program.Purchase) { p.MinOrder = dec("80") }), paid("100", refund(3, day, "60", back(2, "-1", "-60"))), nil, 28},
		// 60 × (100 − 60) ÷ (200 − 60) of what is left, 100
		{"a refund is paid back in money", deduct(nil), paid("100", refund(3, day, "60", back(2, "-1", "-60"))), nil, 28},
		// (160 × 0.7) × (100 − 60) ÷ (200 − 60)
		{"also one that names nothing", deduct(nil), paid("100", refund(3, day, "60")), nil, 32},
		{"of all the money", deduct(nil), paid("100", refund(3, day, "100")), nil, 0},
		{"of more than the money", deduct(nil), paid("100", refund(3, day, "120", first)), nil, 0},
		{"of more than was bought", deduct(nil), paid("100", refund(3, day, "200")), nil, 0},
		{"a refund into credit, of no amount", deduct(nil), paid("100", refund(3, day, "0", first)), nil, 30},
		{"negative fees are discounts, not credit", deduct(nil), with(paid("100"), func(o *order) {
			o.Fees = append(o.Fees, program.Fee{Total: dec("-100")})
		}), nil, 80},
		{"both at once", deduct(nil), with(paid("50"), func(o *order) {
			o.Fees = append(o.Fees, program.Fee{Total: dec("-100")})
		}), nil, 40},
	})
}
