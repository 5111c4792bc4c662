package program_test

import (
	"testing"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

func TestCurrencies(t *testing.T) {
	t.Parallel()
	rate := func(code, units string) func(*rules) {
		return func(r *rules) { r.Earn.Purchase.Currencies[code] = dec(units) }
	}
	in := func(code, amount string) *order {
		return with(completed(line(1, 5, amount)), func(o *order) { o.Currency = code })
	}
	runPurchase(t, []purchaseCase{
		{"the store's own needs no rate", nil, in("EUR", "10"), nil, 10},
		{"codes ignore case", nil, in("eur", "10"), nil, 10},
		{"another earns by its rate", rate("USD", "0.5"), in("USD", "10"), nil, 5},
		{"codes of rates ignore case", rate("usd", "0.5"), in("Usd", "10"), nil, 5},
		{"another without a rate is worth nothing", rate("USD", "0.5"), in("GBP", "10"), nil, 0},
		{"the store's own has no other rate than 1", rate("EUR", "7"), in("EUR", "10"), nil, 10},
		{"yen", rate("JPY", "0.0061"), in("JPY", "16394"), nil, 100},
		{"dinars have three decimals", rate("KWD", "3.0125"), in("KWD", "93.071"), nil, 280},
		{"rates of many digits are exact", rate("XAU", "0.3333333333333333333333333333333333333333"), in("XAU", "3"), nil, 0},
		{"and so are those just above", rate("XAU", "0.3333333333333333333333333333333333333334"), in("XAU", "3"), nil, 1},
		{"fixed points are not multiplied by the rate", func(r *rules) {
			rate("USD", "0.5")(r)
			r.Earn.Purchase.Products = map[int64]program.Rule{5: {Points: decp("100")}}
		}, in("USD", "10"), nil, 100},
	})
}

func TestSkippedCurrency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		rules func(*rules)
		order func(*order)
		want  string
	}{
		{"without a rate the order is skipped", nil, func(*order) {}, "currency"},
		{"also if it holds nothing", nil, func(o *order) { o.Lines = nil }, "currency"},
		{"not if its status does not earn", nil, func(o *order) { o.Status = "cancelled" }, ""},
		{"not if the programme starts later", func(r *rules) { r.Starts = "2026-03-02" }, func(*order) {}, ""},
		{"not if it has a rate of 0", func(r *rules) { r.Earn.Purchase.Currencies["USD"] = dec("0") }, func(*order) {}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := completed(line(1, 5, "10"))
			o.Currency = "USD"
			c.order(o)
			w := compile(t, func(r *rules) {
				r.Earn.HighSpend = []program.Threshold{{Amount: dec("0.01"), Points: 5}}
				r.Earn.Campaigns = []program.Campaign{{Points: new(int64(3))}}
				if c.rules != nil {
					c.rules(r)
				}
			}).Worth(o, noCategories)
			if w.Skipped != c.want || w.Of(ledger.Purchase)+w.Of(ledger.HighSpend)+w.Of(ledger.Campaign) != 0 {
				t.Errorf("Worth = %+v, want skipped %q", w, c.want)
			}
		})
	}
}

// Both currencies count from when the former was last seen until the new one
// was first seen, by the order's creation or by its earning time.
func TestTheStoresCurrencyOverTime(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC) }
	site := program.Site{Currency: "EUR", Decimals: 2, Currencies: []program.StoreCurrency{
		{Code: "bgn", Decimals: 2},
		{Code: "USD", Decimals: 0, FormerSeen: day(5), Seen: day(7)},
		{Code: "EUR", Decimals: 2, FormerSeen: day(20), Seen: day(20)},
	}}
	p, err := program.Compile(program.Defaults(), site)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		currency      string
		created, paid int
		want          int64
	}{
		{"BGN", 1, 1, 10},
		{"bgn", 4, 30, 10},
		{"BGN", 6, 6, 10},
		{"BGN", 7, 7, 0},
		{"BGN", 8, 3, 10},
		{"USD", 4, 4, 0},
		{"USD", 5, 5, 10},
		{"USD", 19, 25, 10},
		{"USD", 20, 20, 0},
		{"EUR", 19, 19, 0},
		{"EUR", 19, 20, 10},
		{"EUR", 21, 21, 10},
		{"", 1, 1, 10},
		{"", 21, 21, 10},
		{"CHF", 6, 6, 0},
	} {
		o := completed(line(1, 5, "10"))
		o.Currency, o.Created, o.Paid = c.currency, day(c.created), day(c.paid)
		if w := p.Worth(o, noCategories); w.Of(ledger.Purchase) != c.want || (w.Skipped != "") != (c.want == 0) {
			t.Errorf("an order in %q of day %d, paid on day %d: %+v, want %d", c.currency, c.created, c.paid, w, c.want)
		}
	}
}
