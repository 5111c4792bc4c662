package program_test

import (
	"strings"
	"testing"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

func TestHighSpend(t *testing.T) {
	t.Parallel()
	levels := func(r *rules) {
		r.Earn.HighSpend = []program.Threshold{
			{Amount: dec("100"), Points: 10},
			{Amount: dec("500"), Points: 5},
			{Amount: dec("200"), Points: 20},
			{Amount: dec("200.0"), Points: 99},
		}
	}
	priced := func(text string) *order { return completed(line(1, 5, text)) }
	for _, c := range []struct {
		name  string
		rules func(*rules)
		order *order
		want  int64
	}{
		{"below the lowest there is none", nil, priced("99.99"), 0},
		{"a threshold is reached exactly", nil, priced("100"), 10},
		{"the highest reached counts, whatever its points", nil, priced("1000"), 5},
		{"of equal thresholds the first listed", nil, priced("300"), 20},
		{"it looks at what is left after refunds", nil, with(priced("200"), func(o *order) {
			o.Refunds = []program.Refund{refund(3, "2026-03-05 00:00:00", "50", back(1, "-1", "-50"))}
		}), 10},
		{"and after the spread", nil, with(priced("200"), func(o *order) {
			o.Refunds = []program.Refund{refund(3, "2026-03-05 00:00:00", "101")}
		}), 0},
		{"in store currency", func(r *rules) { r.Earn.Purchase.Currencies["USD"] = dec("0.5") }, with(priced("200"), func(o *order) {
			o.Currency = "USD"
		}), 10},
		{"it needs no purchase points", func(r *rules) { r.Earn.Purchase.PointsPerUnit = dec("0") }, priced("100"), 10},
		{"nor the minimum order", func(r *rules) { r.Earn.Purchase.MinOrder = dec("1000") }, priced("100"), 10},
		{"excluded lines count", func(r *rules) {
			r.Earn.Purchase.Products = map[int64]program.Rule{5: {Exclude: true}}
		}, priced("100"), 10},
		{"lines with fixed points count by their price", func(r *rules) {
			r.Earn.Purchase.Products = map[int64]program.Rule{5: {Points: decp("1")}}
		}, priced("100"), 10},
		{"bases follow the settings", func(r *rules) { r.Earn.Purchase.Shipping = true }, with(priced("95"), func(o *order) {
			o.Shipping = dec("5")
		}), 10},
		{"a threshold of 0 is not reached by less than 0", func(r *rules) {
			r.Earn.HighSpend = []program.Threshold{{Points: 5}}
		}, priced("-1"), 0},
		{"a threshold of 0 is reached by nothing", func(r *rules) {
			r.Earn.HighSpend = []program.Threshold{{Points: 5}}
		}, priced("0"), 5},
		{"an order that does not earn has none", nil, with(priced("1000"), func(o *order) { o.Status = "refunded" }), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := compile(t, func(r *rules) {
				levels(r)
				if c.rules != nil {
					c.rules(r)
				}
			})
			w := p.Worth(c.order, noCategories)
			if w.Of(ledger.HighSpend) != c.want {
				t.Errorf("HighSpend = %d, want %d\n%s", w.Of(ledger.HighSpend), c.want, strings.Join(p.Explain(c.order, noCategories), "\n"))
			}
		})
	}
}

func TestCampaign(t *testing.T) {
	t.Parallel()
	window := func(from, to string, points int64) program.Campaign {
		return program.Campaign{Name: "c", From: from, To: to, Points: &points}
	}
	times := func(text string) program.Campaign { return program.Campaign{Multiplier: decp(text)} }
	priced := func(text string) *order { return completed(line(1, 5, text)) } // earns at 2026-03-01 10:00
	for _, c := range []struct {
		name      string
		campaigns []program.Campaign
		rules     func(*rules)
		order     *order
		want      int64
	}{
		{"outside of every window there is none", []program.Campaign{window("2026-03-02", "", 5), window("", "2026-03-01", 6)}, nil, priced("10"), 0},
		{"from is included", []program.Campaign{window("2026-03-01 10:00", "", 5)}, nil, priced("10"), 5},
		{"to is not", []program.Campaign{window("", "2026-03-01 10:00", 5)}, nil, priced("10"), 0},
		{"just before to is", []program.Campaign{window("", "2026-03-01 10:00:01", 5)}, nil, priced("10"), 5},
		{"the first listed that contains it counts", []program.Campaign{
			window("2026-04-01", "", 1), window("2026-01-01", "", 2), window("", "", 3),
		}, nil, priced("10"), 2},
		{"only that one, even if it gives nothing", []program.Campaign{window("", "", 0), window("", "", 3)}, nil, priced("10"), 0},
		{"points need purchase points", []program.Campaign{window("", "", 5)}, nil, priced("0.99"), 0},
		{"a multiplier gives the rest of the multiple", []program.Campaign{times("3")}, nil, priced("10.5"), 20},
		{"a multiplier of 1 gives nothing", []program.Campaign{times("1")}, nil, priced("10"), 0},
		{"it multiplies rounded purchase points and rounds down", []program.Campaign{times("1.5")}, nil, priced("9.9"), 4},
		{"or up", []program.Campaign{times("1.25")}, func(r *rules) { r.Earn.Purchase.Rounding = "up" }, priced("9"), 3},
		{"or to the nearest", []program.Campaign{times("1.5")}, func(r *rules) { r.Earn.Purchase.Rounding = "nearest" }, priced("9"), 5},
		{"it multiplies capped points", []program.Campaign{times("2")}, func(r *rules) { r.Earn.Purchase.MaxPoints = 7 }, priced("10"), 7},
		{"it goes by the paid date", []program.Campaign{window("2026-03-01", "2026-03-01 09:30", 5)}, nil, priced("10"), 0},
		{"a refund takes its part back", []program.Campaign{times("2")}, nil, with(priced("10"), func(o *order) {
			o.Refunds = []program.Refund{refund(3, "2026-03-05 00:00:00", "5")}
		}), 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := compile(t, func(r *rules) {
				r.Earn.Campaigns = c.campaigns
				if c.rules != nil {
					c.rules(r)
				}
			})
			w := p.Worth(c.order, noCategories)
			if w.Of(ledger.Campaign) != c.want {
				t.Errorf("Campaign = %d, want %d", w.Of(ledger.Campaign), c.want)
			}
		})
	}
}

func TestWhatIsAbsurdCountsAsNothing(t *testing.T) {
	t.Parallel()
	const most = "1000000000000000"
	campaigns := func(c ...program.Campaign) func(*rules) { return func(r *rules) { r.Earn.Campaigns = c } }
	for _, c := range []struct {
		name   string
		rules  func(*rules)
		total  string
		absurd bool
	}{
		{"the most", nil, most + ".99", false},
		{"one too many", nil, "1000000000000001", true},
		{"rounded up", func(r *rules) { r.Earn.Purchase.Rounding = "up" }, most + ".01", true},
		{"to the nearest", func(r *rules) { r.Earn.Purchase.Rounding = "nearest" }, most + ".5", true},
		{"below the half", func(r *rules) { r.Earn.Purchase.Rounding = "nearest" }, most + ".49", false},
		{"far too many", nil, "1e90000", true},
		{"few, at a high rate", func(r *rules) { r.Earn.Purchase.PointsPerUnit = dec("1000000000") }, "1000000.01", true},
		{"many, at a low rate", func(r *rules) { r.Earn.Purchase.PointsPerUnit = dec("0.001") }, "1e18", false},
		{"capped", func(r *rules) { r.Earn.Purchase.MaxPoints = 500 }, "1e30", false},
		{"capped too high", func(r *rules) { r.Earn.Purchase.MaxPoints = 9223372036854775807 }, "1e30", true},
		{"below the minimum", func(r *rules) { r.Earn.Purchase.MinOrder = dec("1e40") }, "1e30", false},
		{"multiplied", campaigns(program.Campaign{Multiplier: decp("1.1")}), "999999999999999", true},
		{"multiplied by far too much", campaigns(program.Campaign{Multiplier: decp("1000000000")}), "999999999999999", true},
		{"with the points of a campaign", campaigns(program.Campaign{Points: new(int64(1))}), most, true},
		{"just with them", campaigns(program.Campaign{Points: new(int64(1))}), "999999999999999", false},
		{"with those for spending much", func(r *rules) { r.Earn.HighSpend = []program.Threshold{{Points: 1}} }, most, true},
		{"all of them at their most", func(r *rules) {
			r.Earn.HighSpend = []program.Threshold{{Points: program.MostPoints}}
			r.Earn.Campaigns = []program.Campaign{{Points: new(int64(program.MostPoints))}}
		}, most, true},
		{"negative", nil, "-1e30", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, o := compile(t, c.rules), completed(line(1, 5, c.total))
			w := p.Worth(o, noCategories)
			problem, want := w.Problem(12), ""
			if c.absurd {
				want = "order 12: worth more than 1000000000000000 points"
			}
			sum := w.Of(ledger.Purchase) + w.Of(ledger.HighSpend) + w.Of(ledger.Campaign)
			if w.Absurd != c.absurd || problem != want || c.absurd && sum != 0 || sum > program.MostPoints {
				t.Errorf("Worth = %+v, problem %q, want absurd %v", w, problem, c.absurd)
			}
			lines := p.Explain(o, noCategories)
			if last := lines[len(lines)-1]; c.absurd && (last != "Total: 0 points." || !strings.Contains(lines[len(lines)-2], "which no order is worth")) {
				t.Errorf("Explain ends with %q", lines[len(lines)-2:])
			}
		})
	}
}

func TestHoldEnds(t *testing.T) {
	t.Parallel()
	if end, held := compile(t, nil).HoldEnds(at("2026-03-01 10:00:00")); held || !end.IsZero() {
		t.Errorf("without hold_days: %v, %v", end, held)
	}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	p := compileAt(t, program.Site{Zone: newYork, Currency: "USD", Decimals: 2}, func(r *rules) { r.HoldDays = 14 })
	end, held := p.HoldEnds(at("2026-03-01 10:00:00")) // the clocks change in between
	if !held || !end.Equal(at("2026-03-15 10:00:00")) {
		t.Errorf("HoldEnds = %v, %v", end, held)
	}
}

func TestEverySourceOfOrdersHasItsWorth(t *testing.T) {
	p := compile(t, func(r *rules) {
		r.Earn.FirstOrder.Points = 3
		r.Earn.HighSpend = []program.Threshold{{Amount: dec("1"), Points: 4}}
		r.Earn.Campaigns = []program.Campaign{{Points: new(int64(5))}}
	})
	w := p.Worth(completed(line(1, 5, "10")), noCategories)
	if got := w.Of(ledger.FirstOrder); got != 0 {
		t.Errorf("an order by itself has %d points as the first one", got)
	}
	p.AddFirstOrder(&w)
	for _, source := range ledger.SourcesOf(ledger.ObjectOrder) {
		if w.Of(source) == 0 {
			t.Errorf("nothing is worth anything under %s, which the ledger has for orders", source)
		}
	}
	if got := w.Of(ledger.BlogComment); got != 0 {
		t.Errorf("an order is worth %d points as a comment", got)
	}
}
