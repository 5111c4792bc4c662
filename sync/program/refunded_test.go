package program_test

import (
	"strings"
	"testing"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

func TestRefundedShare(t *testing.T) {
	t.Parallel()
	const day = "2026-03-05 00:00:00"
	refunds := func(o *order, refunds ...program.Refund) *order {
		o.Refunds = refunds
		return o
	}
	buy := func(change func(*program.Purchase)) func(*rules) {
		return func(r *rules) { change(&r.Earn.Purchase) }
	}
	pieces := func(id, product int64, quantity, total string) program.Line {
		l := line(id, product, total)
		l.Quantity = dec(quantity)
		return l
	}
	fixed := buy(func(p *program.Purchase) { p.Products = map[int64]program.Rule{5: {Points: decp("10")}} })
	shipping := buy(func(p *program.Purchase) { p.Shipping = true })
	fees := buy(func(p *program.Purchase) { p.Fees = true })
	free := func() *order { return completed(pieces(1, 5, "4", "0"), line(2, 6, "100")) }
	withShipping := func() *order {
		return with(completed(line(1, 5, "100")), func(o *order) {
			o.Shipping, o.ShippingTax, o.Total = dec("20"), dec("4"), dec("124")
		})
	}
	withFees := func() *order {
		return with(completed(line(1, 5, "100")), func(o *order) {
			o.Fees = []program.Fee{{Total: dec("20")}, {Total: dec("10")}}
			o.Total = dec("130")
		})
	}
	runPurchase(t, []purchaseCase{
		{
			"is the refunded total divided by the line's", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "25", back(1, "0", "-25"))),
			nil, 75,
		},
		{
			"adds up over refunds", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "25", back(1, "0", "-25")), refund(4, day, "5", back(1, "0", "-5"))),
			nil, 70,
		},
		{
			"adds up over lines of one refund", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "30", back(1, "0", "-25"), back(1, "0", "-5"))),
			nil, 70,
		},
		{
			"is by total without tax, whatever the base", buy(func(p *program.Purchase) { p.Tax = true }),
			refunds(completed(program.Line{ID: 1, Total: dec("100"), Tax: dec("20")}),
				refund(3, day, "50", program.RefundLine{Item: 1, Total: dec("-50"), Tax: dec("0")})),
			nil, 60,
		},
		{
			"is by total, not subtotal, if discounts are ignored", buy(func(p *program.Purchase) { p.Discounts = "ignore" }),
			refunds(completed(program.Line{ID: 1, Total: dec("80"), Subtotal: dec("100")}), refund(3, day, "40", back(1, "0", "-40"))),
			nil, 50,
		},
		{
			"divides once, at the end", nil,
			refunds(completed(line(1, 5, "3"), line(2, 5, "3"), line(3, 5, "3")),
				refund(3, day, "6", back(1, "0", "-2"), back(2, "0", "-2"), back(3, "0", "-2"))),
			nil, 3,
		},
		{
			"of thirds is exact", buy(func(p *program.Purchase) { p.PointsPerUnit, p.Discounts = dec("1"), "ignore" }),
			refunds(completed(program.Line{ID: 1, Total: dec("3"), Subtotal: dec("9")}, program.Line{ID: 2, Total: dec("7"), Subtotal: dec("49")}),
				refund(3, day, "8", back(1, "0", "-2"), back(2, "0", "-6"))),
			nil, 10,
		},
		{
			"is by pieces if the line's total is 0", fixed,
			refunds(free(), refund(3, day, "0", back(1, "-1", "0"))),
			nil, 130,
		},
		{
			"is 0 if the quantity is 0 too", fixed,
			refunds(completed(pieces(1, 5, "0", "0"), line(2, 6, "100")), refund(3, day, "0", back(1, "-1", "0"))),
			nil, 100,
		},
		{
			"by money also lessens the pieces", fixed,
			refunds(completed(pieces(1, 5, "4", "40")), refund(3, day, "10", back(1, "-4", "-10"))),
			nil, 30,
		},
		{
			"does not ask for pieces if money was paid", fixed,
			refunds(completed(pieces(1, 5, "4", "40")), refund(3, day, "0", back(1, "-4", "0"))),
			nil, 40,
		},
		{
			"is never more than 1", nil,
			refunds(completed(line(1, 5, "100"), line(2, 5, "100")), refund(3, day, "150", back(1, "0", "-150"))),
			nil, 100,
		},
		{
			"is never less than 0", nil,
			refunds(completed(line(1, 5, "100"), line(2, 5, "100")), refund(3, day, "0", back(1, "0", "50"))),
			nil, 200,
		},
		{
			"keeps the sign of what is stored", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "40", back(1, "0", "-50"), back(1, "0", "10"))),
			nil, 60,
		},
		{
			"of a negative line is by its negative total", nil,
			refunds(completed(line(1, 5, "100"), line(2, 5, "-40")), refund(3, day, "-10", back(2, "0", "10"))),
			nil, 70,
		},
		{
			"of shipping is by its total without tax", shipping,
			refunds(withShipping(), program.Refund{ID: 3, Created: at(day), Amount: dec("6"), Shipping: dec("-5"), ShippingTax: dec("-1")}),
			nil, 115,
		},
		{
			"of shipping that cost nothing is 0", shipping,
			refunds(with(completed(line(1, 5, "100")), func(o *order) { o.ShippingTax = dec("4"); o.Total = dec("104") }),
				program.Refund{ID: 3, Created: at(day), Amount: dec("0"), Shipping: dec("-5")}),
			nil, 100,
		},
		{
			"of fees is by their sum", fees,
			refunds(withFees(), program.Refund{ID: 3, Created: at(day), Amount: dec("9"), Fees: []program.Fee{{Total: dec("-8")}, {Total: dec("-1")}}}),
			nil, 121,
		},
		{
			"of fees that cost nothing is 0", fees,
			refunds(with(completed(line(1, 5, "100")), func(o *order) { o.Fees = []program.Fee{{Total: dec("0")}} }),
				program.Refund{ID: 3, Created: at(day), Amount: dec("0"), Fees: []program.Fee{{Total: dec("-5")}}}),
			nil, 100,
		},
		{
			"excluded lines may be refunded without harm to others", buy(func(p *program.Purchase) {
				p.Products = map[int64]program.Rule{5: {Exclude: true}}
			}),
			refunds(completed(line(1, 5, "100"), line(2, 6, "50")), refund(3, day, "100", back(1, "-1", "-100"))),
			nil, 50,
		},
	})
}

func TestSpreadOfUnnamedRefunds(t *testing.T) {
	t.Parallel()
	const day = "2026-03-05 00:00:00"
	refunds := func(o *order, refunds ...program.Refund) *order {
		o.Refunds = refunds
		return o
	}
	total := func(o *order, text string) *order {
		o.Total = dec(text)
		return o
	}
	taxed := func() *order {
		return completed(program.Line{ID: 1, Total: dec("100"), Tax: dec("20")}, program.Line{ID: 2, Total: dec("100"), Tax: dec("20")})
	}
	fixed := func(r *rules) { r.Earn.Purchase.Products = map[int64]program.Rule{5: {Points: decp("10")}} }
	shipping := func(r *rules) { r.Earn.Purchase.Shipping = true }
	runPurchase(t, []purchaseCase{
		{"without refunds everything counts", nil, total(completed(line(1, 5, "100")), "0"), nil, 100},
		{
			"an unnamed refund lessens everything", nil,
			refunds(completed(line(1, 5, "75"), line(2, 6, "25")), refund(3, day, "40")),
			nil, 60,
		},
		{
			"also fixed points", fixed,
			refunds(completed(line(1, 5, "75"), line(2, 6, "25")), refund(3, day, "40")),
			nil, 21, // (10 + 25) × 0.6
		},
		{
			"also shipping", shipping,
			refunds(with(completed(line(1, 5, "80")), func(o *order) { o.Shipping, o.Total = dec("20"), dec("100") }), refund(3, day, "40")),
			nil, 60,
		},
		{
			"it is measured by the order's total, tax included", nil,
			refunds(taxed(), refund(3, day, "60")),
			nil, 150, // 200 × 180 ÷ 240
		},
		{
			"by the stored total if that is more than the lines' sum", nil,
			refunds(total(completed(line(1, 5, "100")), "125"), refund(3, day, "25")),
			nil, 80,
		},
		{
			"by the sum if a gift card lowered the total", nil,
			refunds(total(completed(line(1, 5, "100")), "50"), refund(3, day, "25")),
			nil, 75,
		},
		{
			"what a gift card paid of another line is not refunded", nil,
			refunds(total(completed(line(1, 5, "70"), line(2, 6, "30")), "20"), refund(3, day, "30", back(2, "-1", "-30"))),
			nil, 70,
		},
		{
			"the sum is with shipping, fees and all taxes", func(r *rules) { r.Earn.Purchase.Discounts = "ignore" },
			refunds(with(completed(program.Line{ID: 1, Total: dec("100"), Tax: dec("20")}), func(o *order) {
				o.Shipping, o.ShippingTax, o.Total = dec("10"), dec("2"), dec("0")
				o.Fees = []program.Fee{{Total: dec("5"), Tax: dec("1")}, {Total: dec("-20"), Tax: dec("-4")}}
			}), refund(3, day, "57")),
			nil, 50,
		},
		{
			"what a refund names is not spread, tax included", nil,
			refunds(taxed(), refund(3, day, "120", program.RefundLine{Item: 1, Total: dec("-100"), Tax: dec("-20")})),
			nil, 100,
		},
		{
			"only the rest is", nil,
			refunds(taxed(), refund(3, day, "150", program.RefundLine{Item: 1, Total: dec("-100"), Tax: dec("-20")})),
			nil, 75, // 100 × (120 − 30) ÷ 120
		},
		{
			"amounts of all refunds are added before", nil,
			refunds(taxed(), refund(3, day, "30"), refund(4, day, "120", program.RefundLine{Item: 1, Total: dec("-100"), Tax: dec("-20")})),
			nil, 75,
		},
		{
			"naming more than was paid back spreads nothing", nil,
			refunds(completed(line(1, 5, "100"), line(2, 5, "100")), refund(3, day, "10", back(1, "0", "-50"))),
			nil, 150,
		},
		{
			"a refund line that names no line is unnamed", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "40", back(0, "-1", "-40"))),
			nil, 60,
		},
		{
			"so is one that names a line of another order", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "40", back(99, "-1", "-40"))),
			nil, 60,
		},
		{
			"refunded shipping always counts as named", nil,
			refunds(with(completed(line(1, 5, "100")), func(o *order) { o.Shipping, o.ShippingTax, o.Total = dec("20"), dec("4"), dec("124") }),
				program.Refund{ID: 3, Created: at(day), Amount: dec("24"), Shipping: dec("-20"), ShippingTax: dec("-4")}),
			nil, 100,
		},
		{
			"also if the order has none", nil,
			refunds(completed(line(1, 5, "100")), program.Refund{ID: 3, Created: at(day), Amount: dec("20"), Shipping: dec("-20")}),
			nil, 100,
		},
		{
			"refunded fees always count as named", nil,
			refunds(with(completed(line(1, 5, "100")), func(o *order) {
				o.Fees, o.Total = []program.Fee{{Total: dec("10"), Tax: dec("2")}}, dec("112")
			}), program.Refund{ID: 3, Created: at(day), Amount: dec("12"), Fees: []program.Fee{{Total: dec("-10"), Tax: dec("-2")}}}),
			nil, 100,
		},
		{
			"paying back more than everything leaves nothing", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "140")),
			nil, 0,
		},
		{
			"an order total of 0 does not say that nothing was bought", nil,
			refunds(total(completed(line(1, 5, "100")), "0"), refund(3, day, "1")),
			nil, 99,
		},
		{
			"nor does a negative one", nil,
			refunds(total(completed(line(1, 5, "100")), "-5"), refund(3, day, "1")),
			nil, 99,
		},
		{
			"an order of which nothing cost anything has nothing left", fixed,
			refunds(completed(line(1, 5, "0")), refund(3, day, "1")),
			nil, 0,
		},
		{
			"naming the whole total leaves nothing of the rest", fixed,
			refunds(completed(line(1, 5, "0"), line(2, 6, "100")), refund(3, day, "100", back(2, "-1", "-100"))),
			nil, 0, // R = 0, although the free gift was kept
		},
		{
			"refunded amounts of 0 spread nothing, whatever they name", fixed,
			refunds(completed(line(1, 5, "0"), line(2, 6, "100")), refund(3, day, "0", back(2, "-1", "-100"))),
			nil, 10,
		},
		{
			"nor do amounts that sum to 0", nil,
			refunds(total(completed(line(1, 5, "100")), "0"), refund(3, day, "5"), refund(4, day, "-5")),
			nil, 100,
		},
		{
			"a negative sum of amounts spreads nothing either", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "-5")),
			nil, 100,
		},
		{
			"what was named with the wrong sign enlarges the rest", nil,
			refunds(completed(line(1, 5, "100")), refund(3, day, "10", back(1, "0", "50"))),
			nil, 60, // I = −50, R = 150, U = 60
		},
	})
}

func TestRoundingIsNoRefund(t *testing.T) {
	t.Parallel()
	const day = "2026-03-05 00:00:00"
	// Whole points are bought, so that the smallest refund takes one.
	bought := func(refunds ...program.Refund) *order {
		o := completed(line(1, 5, "100"), line(2, 6, "30"), line(3, 6, "20"), program.Line{ID: 4, Product: 6, Total: dec("16"), Tax: dec("3.19")})
		o.Shipping, o.ShippingTax, o.Total = dec("5"), dec("0.95"), dec("177.52")
		o.Fees = []program.Fee{{Total: dec("2"), Tax: dec("0.38")}}
		o.Refunds = refunds
		return o
	}
	extras := func(r program.Refund) program.Refund {
		r.Shipping, r.ShippingTax = dec("-5"), dec("-0.95")
		r.Fees = []program.Fee{{Total: dec("-2"), Tax: dec("-0.38")}}
		return r
	}
	taxed := program.RefundLine{Item: 4, Quantity: dec("-1"), Total: dec("-16.806723"), Tax: dec("-3.19")}
	whole, thousandths := euro, euro
	whole.Decimals, thousandths.Decimals = 0, 3
	for _, c := range []struct {
		name    string
		site    program.Site
		refunds []program.Refund
		want    int64
	}{
		{"of one tax", euro, []program.Refund{refund(9, day, "20.00", taxed)}, 150},
		{"a unit for a refund and half a one for its line", euro, []program.Refund{refund(9, day, "30.015", back(2, "-1", "-30"))}, 136},
		{"but not more", euro, []program.Refund{refund(9, day, "30.0151", back(2, "-1", "-30"))}, 135},
		{"half a one for each line", euro, []program.Refund{refund(9, day, "50.02", back(2, "-1", "-30"), back(3, "-1", "-20"))}, 116},
		{"but not more, either", euro, []program.Refund{refund(9, day, "50.0201", back(2, "-1", "-30"), back(3, "-1", "-20"))}, 115},
		{"half a one for shipping and for each fee", euro, []program.Refund{extras(refund(9, day, "8.35"))}, 166},
		{"and no more", euro, []program.Refund{extras(refund(9, day, "8.3501"))}, 165},
		{"none for a line that is not the order's", euro, []program.Refund{refund(9, day, "30.0151", back(2, "-1", "-30"), back(77, "-1", "0"))}, 135},
		{"a unit for each refund", euro, []program.Refund{refund(9, day, "0.01"), refund(10, day, "0.01")}, 166},
		{"two units for one refund are money", euro, []program.Refund{refund(9, day, "0.02")}, 165},
		{"for refunds together", euro, []program.Refund{refund(9, day, "30.03", back(2, "-1", "-30")), refund(10, day, "20", back(3, "-1", "-20"))}, 116},
		{"a unit is one where prices have no decimals", whole, []program.Refund{refund(9, day, "31.5", back(2, "-1", "-30"))}, 136},
		{"and no more there", whole, []program.Refund{refund(9, day, "31.6", back(2, "-1", "-30"))}, 134},
		{"and a thousandth where they have three", thousandths, []program.Refund{refund(9, day, "30.0015", back(2, "-1", "-30"))}, 136},
		{"and no more than that", thousandths, []program.Refund{refund(9, day, "30.01", back(2, "-1", "-30"))}, 135},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, o := compileAt(t, c.site, nil), bought(c.refunds...)
			if got := p.Worth(o, noCategories); got.Of(ledger.Purchase) != c.want {
				t.Errorf("%d points, want %d\n%s", got.Of(ledger.Purchase), c.want, strings.Join(p.Explain(o, noCategories), "\n"))
			}
		})
	}
}
