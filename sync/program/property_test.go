package program_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

func drawDecimal(t *rapid.T, label string, least, most int64) apd.Decimal {
	coefficient := rapid.Int64Range(least, most).Draw(t, label)
	return *apd.New(coefficient, int32(rapid.IntRange(-4, 0).Draw(t, label+" places")))
}

func drawRate(t *rapid.T, label string) *apd.Decimal {
	d := drawDecimal(t, label, 0, 5000)
	return &d
}

// drawRules draws rules over all options, with small ids.
func drawRules(t *rapid.T) program.Rules {
	words := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	some := func(label string, from ...string) []string {
		return rapid.SliceOfN(rapid.SampledFrom(from), 0, 3).Draw(t, label)
	}
	rule := func(label string, piece bool) program.Rule {
		switch rapid.IntRange(0, 2).Draw(t, label) {
		case 0:
			return program.Rule{Exclude: true}
		case 1:
			if piece {
				return program.Rule{Points: drawRate(t, label)}
			}
		}
		return program.Rule{PointsPerUnit: drawRate(t, label)}
	}
	points := rapid.Int64Range(0, 1000)

	r := program.Defaults()
	r.Starts = words("starts", "", "", "2026-02-01", "2026-03-01T09:30")
	r.StartsBy = words("starts_by", "earning", "creation")
	r.Guests = words("guests", "ignore", "match_email")
	r.HoldDays = rapid.IntRange(0, 30).Draw(t, "hold_days")
	p := &r.Earn.Purchase
	p.PointsPerUnit = *drawRate(t, "points_per_unit")
	p.Discounts = words("discounts", "deduct", "ignore")
	p.Tax, p.Shipping, p.Fees = rapid.Bool().Draw(t, "tax"), rapid.Bool().Draw(t, "shipping"), rapid.Bool().Draw(t, "fees")
	p.Statuses = append(some("statuses", "processing", "on-hold", "shipped"), "completed")
	p.CustomStatuses.Mode = words("custom", "earn", "ignore", "list")
	p.CustomStatuses.List = some("customs", "shipped", "packed")
	p.MinOrder = drawDecimal(t, "min_order", 0, 2000)
	p.MaxPoints = rapid.SampledFrom([]int64{0, 0, 50, 1000}).Draw(t, "max_points")
	p.Rounding = words("rounding", "down", "up", "nearest")
	p.Credit = words("credit", "earn", "deduct")
	for _, code := range []string{"usd", "JPY"} {
		if rapid.Bool().Draw(t, code) {
			p.Currencies[code] = *drawRate(t, code+" rate")
		}
	}
	for id := range int64(4) {
		if rapid.Bool().Draw(t, "product rule") {
			p.Products[id+1] = rule("product", true)
		}
		if rapid.Bool().Draw(t, "category rule") {
			p.Categories[id+1] = rule("category", false)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "thresholds") {
		r.Earn.HighSpend = append(r.Earn.HighSpend, program.Threshold{Amount: *drawRate(t, "amount"), Points: points.Draw(t, "points")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "campaigns") {
		c := program.Campaign{Name: rapid.String().Draw(t, "name"), From: words("from", "", "2026-02-01", "2026-03-05"), To: words("to", "", "2026-04-01T08:00")}
		if rapid.Bool().Draw(t, "multiply") {
			m := drawDecimal(t, "multiplier", 10_000, 99_999)
			c.Multiplier = &m
		} else {
			c.Points = new(points.Draw(t, "points"))
		}
		r.Earn.Campaigns = append(r.Earn.Campaigns, c)
	}
	r.Earn.FirstOrder.Points, r.Earn.Signup.Points = points.Draw(t, "first"), points.Draw(t, "signup")
	r.Earn.ProductReview = program.Review{Points: points.Draw(t, "review"), VerifiedOnly: rapid.Bool().Draw(t, "verified_only")}
	return r
}

// drawOrder draws an order; its amounts are never below zero if positive.
func drawOrder(t *rapid.T, positive bool) *order {
	least := int64(-3000)
	if positive {
		least = 0
	}
	amount := func(label string) apd.Decimal { return drawDecimal(t, label, least, 20_000) }
	o := completed()
	o.Status = rapid.SampledFrom([]string{"completed", "completed", "completed", "shipped", "refunded", "cancelled"}).Draw(t, "status")
	o.Currency = rapid.SampledFrom([]string{"EUR", "EUR", "eur", "USD", "JPY", "GBP"}).Draw(t, "currency")
	o.Total, o.Shipping, o.ShippingTax = amount("order total"), amount("shipping"), amount("shipping tax")
	for i := range rapid.IntRange(0, 5).Draw(t, "lines") {
		l := program.Line{ID: int64(i + 1), Product: rapid.Int64Range(0, 6).Draw(t, "product"), Variation: rapid.Int64Range(0, 6).Draw(t, "variation")}
		l.Quantity, l.Total, l.Tax = amount("quantity"), amount("total"), amount("tax")
		l.Subtotal, l.SubtotalTax = amount("subtotal"), amount("subtotal tax")
		if rapid.IntRange(0, 5).Draw(t, "free") == 0 {
			l.Total = apd.Decimal{}
		}
		o.Lines = append(o.Lines, l)
	}
	for range rapid.IntRange(0, 2).Draw(t, "fees") {
		fee := drawDecimal(t, "fee", -5000, 9000)
		o.Fees = append(o.Fees, program.Fee{Total: fee, Tax: amount("fee tax")})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "refunds") {
		o.Refunds = append(o.Refunds, drawRefund(t, int64(100+i), positive))
	}
	return o
}

// drawRefund draws a refund; if honest it pays back at least what it names,
// and nothing that it names has the wrong sign.
func drawRefund(t *rapid.T, id int64, honest bool) program.Refund {
	most := int64(2000)
	if honest {
		most = 0
	}
	r := program.Refund{ID: id, Created: at("2026-03-05 00:00:00").AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "day"))}
	exact := apd.BaseContext
	var named apd.Decimal
	stored := func(label string) apd.Decimal {
		d := drawDecimal(t, label, -9000, most)
		if _, err := exact.Sub(&named, &named, &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	if rapid.Bool().Draw(t, "refunds shipping") {
		r.Shipping, r.ShippingTax = stored("shipping"), stored("shipping tax")
	}
	for range rapid.IntRange(0, 3).Draw(t, "refund lines") {
		r.Lines = append(r.Lines, program.RefundLine{
			Item: rapid.Int64Range(0, 6).Draw(t, "item"), Total: stored("total"), Tax: stored("tax"), Quantity: drawDecimal(t, "quantity", -9000, most),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "refunds fees") {
		r.Fees = append(r.Fees, program.Fee{Total: stored("fee"), Tax: stored("fee tax")})
	}
	r.Amount = drawDecimal(t, "refunded amount", 0, 20_000)
	nearly := rapid.Bool().Draw(t, "nearly what it names")
	if nearly {
		r.Amount = *apd.New(rapid.Int64Range(0, 60).Draw(t, "beyond it"), int32(rapid.IntRange(-4, -1).Draw(t, "places")))
	}
	if honest || nearly {
		if _, err := exact.Add(&r.Amount, &r.Amount, &named); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func drawCategories(t *rapid.T) program.Categories {
	of := make([][]program.CategoryPath, 7)
	for i := range of {
		for range rapid.IntRange(0, 3).Draw(t, "categories") {
			of[i] = append(of[i], rapid.SliceOfN(rapid.Int64Range(1, 6), 1, 3).Draw(t, "path"))
		}
	}
	return func(product int64) []program.CategoryPath { return of[product] }
}

func drawProgram(t *rapid.T) *program.Program {
	site := euro
	site.Decimals = rapid.IntRange(0, 3).Draw(t, "decimals")
	return drawProgramAt(t, site)
}

// unrounded is a site of which no amount is small enough to come from rounding.
var unrounded = program.Site{Zone: utc, Currency: "EUR", Decimals: 8}

func drawProgramAt(t *rapid.T, site program.Site) *program.Program {
	p, err := program.Compile(drawRules(t), site)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAStoryEndsAtTheWorth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, o, categories := drawProgram(t), drawOrder(t, false), drawCategories(t)
		w := p.Worth(o, categories)
		steps := p.Story(o, categories)
		last := int64(0)
		if len(steps) > 0 {
			last = steps[len(steps)-1].Purchase
			if !steps[0].At.Equal(w.EarnsAt) || steps[0].Refund != 0 || len(steps) < 1+len(o.Refunds) {
				t.Fatalf("story %v", steps)
			}
		}
		if last != w.Of(ledger.Purchase) {
			t.Fatalf("the story %v ends at %d, the order is worth %d", steps, last, w.Of(ledger.Purchase))
		}
		for i, step := range steps[:min(len(steps), len(o.Refunds)+1)] {
			until := *o
			if until.Status == "refunded" {
				until.Status = "completed"
			}
			until.Refunds = nil
			for _, s := range steps[1 : i+1] {
				for _, r := range o.Refunds {
					if r.ID == s.Refund {
						until.Refunds = append(until.Refunds, r)
					}
				}
			}
			if then := p.Worth(&until, categories); then.Of(ledger.Purchase) != step.Purchase {
				t.Fatalf("step %d says %d, with those refunds the order is worth %d", i, step.Purchase, then.Of(ledger.Purchase))
			}
		}
	})
}

func TestWorthDoesNotDependOnTheOrderOfRows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, o, categories := drawProgram(t), drawOrder(t, false), drawCategories(t)
		w := p.Worth(o, categories)
		other := *o
		other.Lines = rapid.Permutation(o.Lines).Draw(t, "lines")
		other.Fees = rapid.Permutation(o.Fees).Draw(t, "fees")
		other.Refunds = rapid.Permutation(o.Refunds).Draw(t, "refunds")
		if diff := cmp.Diff(w, p.Worth(&other, categories), cmp.AllowUnexported(w)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRefundsInPartsAreWorthTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, o, categories := drawProgramAt(t, unrounded), drawOrder(t, false), drawCategories(t)
		w := p.Worth(o, categories)
		// Every refund in two: one pays back a part of each amount, the
		// other the rest.
		other := *o
		other.Refunds = nil
		for _, r := range o.Refunds {
			part, rest := r, r
			split := func(whole apd.Decimal) (a, b apd.Decimal) {
				a = drawDecimal(t, "part", -9000, 9000)
				if _, err := apd.BaseContext.Sub(&b, &whole, &a); err != nil {
					t.Fatal(err)
				}
				return a, b
			}
			// A fee line tells by its sign what it pays back.
			share := func(whole apd.Decimal) (a, b apd.Decimal) {
				part := *apd.New(rapid.Int64Range(0, 10).Draw(t, "tenths"), -1)
				if _, err := apd.BaseContext.Mul(&a, &whole, &part); err != nil {
					t.Fatal(err)
				}
				if _, err := apd.BaseContext.Sub(&b, &whole, &a); err != nil {
					t.Fatal(err)
				}
				return a, b
			}
			rest.ID += 1000
			part.Amount, rest.Amount = split(r.Amount)
			part.Shipping, rest.Shipping = split(r.Shipping)
			part.ShippingTax, rest.ShippingTax = split(r.ShippingTax)
			part.Lines, rest.Lines = append([]program.RefundLine{}, r.Lines...), append([]program.RefundLine{}, r.Lines...)
			for i, l := range r.Lines {
				part.Lines[i].Total, rest.Lines[i].Total = split(l.Total)
				part.Lines[i].Tax, rest.Lines[i].Tax = split(l.Tax)
				part.Lines[i].Quantity, rest.Lines[i].Quantity = split(l.Quantity)
			}
			part.Fees, rest.Fees = append([]program.Fee{}, r.Fees...), append([]program.Fee{}, r.Fees...)
			for i, f := range r.Fees {
				part.Fees[i].Total, rest.Fees[i].Total = share(f.Total)
				part.Fees[i].Tax, rest.Fees[i].Tax = split(f.Tax)
			}
			other.Refunds = append(other.Refunds, part, rest)
		}
		if diff := cmp.Diff(w, p.Worth(&other, categories), cmp.AllowUnexported(w)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAnHonestRefundNeverAddsPoints(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, o, categories := drawProgramAt(t, unrounded), drawOrder(t, true), drawCategories(t)
		before := p.Worth(o, categories)
		o.Refunds = append(o.Refunds, drawRefund(t, 500, true))
		after := p.Worth(o, categories)
		if after.Of(ledger.Purchase) > before.Of(ledger.Purchase) {
			t.Fatalf("%d purchase points before the refund, %d after", before.Of(ledger.Purchase), after.Of(ledger.Purchase))
		}
	})
}

func TestALineInTwoIsWorthTheLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t)
		r.Earn.Purchase.Discounts = "deduct" // the lesser of subtotal and total is per line
		p, err := program.Compile(r, euro)
		if err != nil {
			t.Fatal(err)
		}
		o, categories := drawOrder(t, false), drawCategories(t)
		o.Refunds = nil
		w := p.Worth(o, categories)
		other := *o
		other.Lines = nil
		for i, l := range o.Lines {
			part, rest := l, l
			rest.ID = int64(100 + i)
			for _, f := range []func(*program.Line) *apd.Decimal{
				func(l *program.Line) *apd.Decimal { return &l.Total },
				func(l *program.Line) *apd.Decimal { return &l.Tax },
				func(l *program.Line) *apd.Decimal { return &l.Quantity },
			} {
				*f(&part) = drawDecimal(t, "part", -9000, 9000)
				if _, err := apd.BaseContext.Sub(f(&rest), f(&l), f(&part)); err != nil {
					t.Fatal(err)
				}
			}
			other.Lines = append(other.Lines, part, rest)
		}
		if diff := cmp.Diff(w, p.Worth(&other, categories), cmp.AllowUnexported(w)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestExplainEndsAtTheWorth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, o, categories := drawProgram(t), drawOrder(t, false), drawCategories(t)
		w := p.Worth(o, categories)
		lines := p.Explain(o, categories)
		want := fmt.Sprintf("Total: %d points.", w.Of(ledger.Purchase)+w.Of(ledger.HighSpend)+w.Of(ledger.Campaign))
		if last := lines[len(lines)-1]; last != want {
			t.Fatalf("the explanation ends with %q, want %q:\n%s", last, want, strings.Join(lines, "\n"))
		}
	})
}
