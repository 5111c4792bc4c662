package program_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

type (
	rules = program.Rules
	order = program.Order
)

// purchaseCase is one rule of what an order's contents earn.
type purchaseCase struct {
	name       string
	rules      func(*rules)
	order      *order
	categories program.Categories
	want       int64
}

func runPurchase(t *testing.T, cases []purchaseCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			categories := c.categories
			if categories == nil {
				categories = noCategories
			}
			p := compile(t, c.rules)
			if got := p.Worth(c.order, categories); got.Of(ledger.Purchase) != c.want {
				t.Errorf("%d purchase points, want %d\n%s", got.Of(ledger.Purchase), c.want, strings.Join(p.Explain(c.order, categories), "\n"))
			}
		})
	}
}

func status(status string) *order {
	return with(completed(line(1, 5, "10")), func(o *order) { o.Status = status })
}

func TestWhenAnOrderEarns(t *testing.T) {
	t.Parallel()
	custom := func(mode string, list ...string) func(*rules) {
		return func(r *rules) {
			r.Earn.Purchase.CustomStatuses = program.CustomStatuses{Mode: mode, List: list}
		}
	}
	unpaid := func(o *order) { o.Paid = time.Time{} }
	cases := []purchaseCase{
		{"processing earns by default", nil, status("processing"), nil, 10},
		{"completed earns by default", nil, status("completed"), nil, 10},
		{"on-hold does not earn by default", nil, status("on-hold"), nil, 0},
		{"pending does not earn by default", nil, status("pending"), nil, 0},
		{"a listed status earns", func(r *rules) { r.Earn.Purchase.Statuses = []string{"on-hold"} }, status("on-hold"), nil, 10},
		{"a status that is not listed does not", func(r *rules) { r.Earn.Purchase.Statuses = []string{"on-hold"} }, status("completed"), nil, 0},
		{"a listed status needs no paid date", nil, with(status("completed"), unpaid), nil, 10},
		{"a paid custom status earns by default", nil, status("shipped"), nil, 10},
		{"an unpaid custom status does not", nil, with(status("shipped"), unpaid), nil, 0},
		{"custom statuses may be ignored", custom("ignore"), status("shipped"), nil, 0},
		{"a custom status on the list earns", custom("list", "shipped", "packed"), status("shipped"), nil, 10},
		{"a custom status not on the list does not", custom("list", "packed"), status("shipped"), nil, 0},
		{"a custom status on the list must be paid", custom("list", "shipped"), with(status("shipped"), unpaid), nil, 0},
		{"a custom status in statuses earns unpaid", func(r *rules) {
			r.Earn.Purchase.Statuses = []string{"shipped"}
			r.Earn.Purchase.CustomStatuses.Mode = "ignore"
		}, with(status("shipped"), unpaid), nil, 10},
		{"a name longer than its column is stored cut off", custom("list", "awaiting-courier-pickup"), status("awaiting-courier-"), nil, 10},
		{"whatever it ends in", custom("list", "awaiting-courier-x"), status("awaiting-courier-"), nil, 10},
		{"but not a shorter one", custom("list", "awaiting-courier"), status("awaiting-courier-"), nil, 0},
		{"nor one that differs before", custom("list", "awaiting-couriers-pickup"), status("awaiting-courier-"), nil, 0},
		{"a name of 17 characters is whole", custom("list", "packed-and-billed"), status("packed-and-billed"), nil, 10},
		{"a cut one must be paid too", custom("list", "awaiting-courier-pickup"), with(status("awaiting-courier-"), unpaid), nil, 0},
		{"a long name in statuses earns unpaid", func(r *rules) {
			r.Earn.Purchase.Statuses = []string{"awaiting_supplier_confirmation"}
			r.Earn.Purchase.CustomStatuses.Mode = "ignore"
		}, with(status("awaiting_supplier"), unpaid), nil, 10},
		{"the store's own name may be whole", custom("list", "awaiting-courier-pickup"), status("awaiting-courier-pickup"), nil, 10},
		{"characters are not bytes", nil, status("größenänderung-offen"), nil, 10},
		{"no status is no custom status", nil, status(""), nil, 0},
	}
	for s := range strings.FieldsSeq("pending on-hold cancelled refunded failed checkout-draft new publish future draft private trash " +
		"auto-draft inherit request-pending request-confirmed request-failed request-completed") {
		cases = append(cases, purchaseCase{s + " is not custom", nil, status(s), nil, 0})
		if program.CustomStatus(s) {
			t.Errorf("CustomStatus(%q)", s)
		}
	}
	for long, want := range map[string]string{
		"": "", "on-hold": "on-hold", "packed-and-billed": "packed-and-billed", "packed-and-billed-": "packed-and-billed",
		"größenänderung-offen": "größenänderung-of", "\xff\xfe2345678901234567890": "\xff\xfe234567890123456",
	} {
		if got := program.StoredStatus(long); got != want {
			t.Errorf("StoredStatus(%q) = %q, want %q", long, got, want)
		}
	}
	runPurchase(t, cases)
}

func TestEarningTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                     string
		paid, completed, created string
		want                     string
	}{
		{"is the paid date", "2026-01-03 00:00:00", "2026-01-02 00:00:00", "2026-01-01 00:00:00", "2026-01-03 00:00:00"},
		{"else the completed date", "", "2026-01-02 00:00:00", "2026-01-01 00:00:00", "2026-01-02 00:00:00"},
		{"else the created date", "", "", "2026-01-01 00:00:00", "2026-01-01 00:00:00"},
		{"with none at all it is 1970-01-01", "", "", "", "1970-01-01 00:00:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			date := func(text string) time.Time {
				if text == "" {
					return time.Time{}
				}
				return at(text)
			}
			o := &order{Paid: date(c.paid), Completed: date(c.completed), Created: date(c.created)}
			if got := program.EarnsAt(o); !got.Equal(at(c.want)) {
				t.Errorf("EarnsAt = %v, want %s", got, c.want)
			}
			w := compile(t, nil).Worth(o, noCategories)
			if !w.EarnsAt.Equal(at(c.want)) {
				t.Errorf("Worth.EarnsAt = %v, want %s", w.EarnsAt, c.want)
			}
		})
	}
}

func TestTheStartOfTheProgramme(t *testing.T) {
	t.Parallel()
	starts := func(at, by string) func(*rules) {
		return func(r *rules) { r.Starts, r.StartsBy = at, by }
	}
	// Placed on 1 March at 9, paid at 10.
	placed := func(change func(*order)) *order { return with(completed(line(1, 5, "10")), change) }
	same := func(*order) {}
	imported := func(o *order) { o.Created = at("2019-05-01 12:00:00") }
	undated := func(o *order) { o.Created = time.Time{} }
	runPurchase(t, []purchaseCase{
		{"goes by the paid date", starts("2026-03-01 09:30", "earning"), placed(same), nil, 10},
		{"or by that of creation", starts("2026-03-01 09:30", "creation"), placed(same), nil, 0},
		{"which may be the start itself", starts("2026-03-01 09:00", "creation"), placed(same), nil, 10},
		{"but not a second before", starts("2026-03-01 09:00:01", "creation"), placed(same), nil, 0},
		{"an old order is paid today", starts("2026-01-01", "earning"), placed(imported), nil, 10},
		{"and is old all the same", starts("2026-01-01", "creation"), placed(imported), nil, 0},
		{"without a start nothing is too old", starts("", "creation"), placed(imported), nil, 10},
		{"an order paid before it was placed", starts("2026-02-01", "creation"), placed(func(o *order) { o.Paid = at("2026-01-01 00:00:00") }), nil, 10},
		{"one without a date of creation goes by its earning time", starts("2026-03-01 09:30", "creation"), placed(undated), nil, 10},
		{"also when that is too early", starts("2026-03-01 10:30", "creation"), placed(undated), nil, 0},
	})
	// A refunded one has no story then.
	p := compile(t, starts("2026-01-01", "creation"))
	if steps := p.Story(placed(func(o *order) { imported(o); o.Status = "refunded" }), noCategories); len(steps) != 0 {
		t.Errorf("an old order that was refunded has the story %v", steps)
	}
	if steps := p.Story(placed(func(o *order) { o.Status = "refunded" }), noCategories); len(steps) != 2 {
		t.Errorf("a new order that was refunded has the story %v", steps)
	}
	// Reviews and registrations are no orders.
	if got := compile(t, func(r *rules) { starts("2026-01-01", "creation")(r); r.Earn.Signup.Points = 5 }).Signup(&program.User{Registered: at("2025-12-31 00:00:00")}); got != 0 {
		t.Errorf("a registration before the start earns %d", got)
	}
}

func TestBaseOfALine(t *testing.T) {
	t.Parallel()
	discounted := func() *order {
		return completed(program.Line{
			ID: 1, Quantity: dec("2"), Total: dec("80"), Subtotal: dec("100"), Tax: dec("16"), SubtotalTax: dec("20"),
		})
	}
	buy := func(change func(*program.Purchase)) func(*rules) {
		return func(r *rules) { change(&r.Earn.Purchase) }
	}
	ignore := buy(func(p *program.Purchase) { p.Discounts = "ignore" })
	tax := buy(func(p *program.Purchase) { p.Tax = true })
	both := buy(func(p *program.Purchase) { p.Discounts, p.Tax = "ignore", true })
	extras := func() *order {
		return with(completed(line(1, 5, "10")), func(o *order) {
			o.Shipping, o.ShippingTax = dec("5"), dec("1")
			o.Fees = []program.Fee{{Total: dec("2"), Tax: dec("0.4")}, {Total: dec("1"), Tax: dec("0.2")}}
		})
	}
	runPurchase(t, []purchaseCase{
		{"is its total by default", nil, discounted(), nil, 80},
		{"is its subtotal if discounts are ignored", ignore, discounted(), nil, 100},
		{"takes the total's tax with tax", tax, discounted(), nil, 96},
		{"takes the subtotal's tax if discounts are ignored", both, discounted(), nil, 120},
		{"a subtotal is never less than its total", ignore, completed(program.Line{ID: 1, Total: dec("80"), Subtotal: dec("70")}), nil, 80},
		{"nor its tax less than the total's", both, completed(program.Line{
			ID: 1, Total: dec("80"), Subtotal: dec("90"), Tax: dec("16"), SubtotalTax: dec("15"),
		}), nil, 106},
		{"may be negative", nil, completed(line(1, 5, "100"), line(2, 6, "-30")), nil, 70},
		{"several lines are added before rounding", nil, completed(line(1, 5, "0.5"), line(2, 6, "0.5")), nil, 1},
		{"fractions of pieces do not matter to it", nil, with(completed(line(1, 5, "9.99")), func(o *order) {
			o.Lines[0].Quantity = dec("0.125")
		}), nil, 9},
		{"shipping and fees are no bases by default", nil, extras(), nil, 10},
		{"shipping is one if wanted", buy(func(p *program.Purchase) { p.Shipping = true }), extras(), nil, 15},
		{"shipping takes its tax along", buy(func(p *program.Purchase) { p.Shipping, p.Tax = true, true }), extras(), nil, 16},
		{"the sum of fees is one if wanted", buy(func(p *program.Purchase) { p.Fees = true }), extras(), nil, 13},
		{"fees take their tax along", buy(func(p *program.Purchase) {
			p.Fees, p.Tax, p.Rounding = true, true, "up"
		}), extras(), nil, 14}, // 10 + 3 + 0.6
		{"an order without lines earns by its shipping", buy(func(p *program.Purchase) { p.Shipping = true }), with(completed(), func(o *order) {
			o.Shipping = dec("5")
		}), nil, 5},
	})
}

func TestRateOfALine(t *testing.T) {
	t.Parallel()
	perUnit := func(text string) program.Rule { return program.Rule{PointsPerUnit: decp(text)} }
	excluded := program.Rule{Exclude: true}
	products := func(rules map[int64]program.Rule, categories map[int64]program.Rule) func(*program.Rules) {
		return func(r *program.Rules) {
			r.Earn.Purchase.PointsPerUnit = dec("2")
			r.Earn.Purchase.Products = rules
			r.Earn.Purchase.Categories = categories
		}
	}
	variation := func() *order {
		return with(completed(line(1, 5, "10")), func(o *order) { o.Lines[0].Variation = 55 })
	}
	type m = map[int64]program.Rule
	runPurchase(t, []purchaseCase{
		{"is the programme's", products(nil, nil), variation(), nil, 20},
		{"the product's rule comes before", products(m{5: perUnit("3")}, nil), variation(), nil, 30},
		{"the variation's before the product's", products(m{5: perUnit("3"), 55: perUnit("4")}, nil), variation(), nil, 40},
		{"a product rule wins over category rules", products(m{5: perUnit("3")}, m{8: perUnit("1")}), variation(), in(8), 30},
		{"of category rules the lowest wins", products(nil, m{8: perUnit("7"), 9: perUnit("5")}), variation(), in(9, 8), 50},
		{"a category rule may be above the programme's", products(nil, m{8: perUnit("7")}), variation(), in(8, 10), 70},
		{"exclusion of a category counts as 0", products(nil, m{8: perUnit("7"), 9: excluded}), variation(), in(8, 9), 0},
		{"categories without a rule do not count", products(nil, m{8: perUnit("7")}), variation(), in(10), 20},
		{"a rule counts for sub-categories", products(nil, m{8: perUnit("7")}), variation(), under(program.CategoryPath{11, 8}), 70},
		{"however far below", products(nil, m{8: perUnit("7")}), variation(), under(program.CategoryPath{13, 12, 11, 8, 3}), 70},
		{"the nearest one counts", products(nil, m{8: perUnit("7"), 11: perUnit("9"), 3: excluded}), variation(), under(program.CategoryPath{12, 11, 8, 3}), 90},
		{"its own is the nearest", products(nil, m{12: perUnit("1"), 11: perUnit("9")}), variation(), under(program.CategoryPath{12, 11}), 10},
		{"a sub-category is no longer excluded by a rule of its own", products(nil, m{8: excluded, 11: perUnit("3")}), variation(), under(program.CategoryPath{11, 8}), 30},
		{"an excluded one above excludes", products(nil, m{8: excluded}), variation(), under(program.CategoryPath{11, 8}), 0},
		{"of several direct ones the lowest counts", products(nil, m{8: perUnit("7"), 3: perUnit("5")}), variation(), under(program.CategoryPath{11, 8}, program.CategoryPath{4, 3}), 50},
		{"each of them by its nearest", products(nil, m{8: perUnit("7"), 11: perUnit("9"), 3: perUnit("8")}), variation(), under(program.CategoryPath{11, 8}, program.CategoryPath{4, 3}), 80},
		{"one without any rule does not count beside it", products(nil, m{8: perUnit("7")}), variation(), under(program.CategoryPath{11, 8}, program.CategoryPath{4, 3}), 70},
		{"a parent that is a direct one too counts by itself", products(nil, m{8: perUnit("5"), 11: perUnit("9")}), variation(), under(program.CategoryPath{8}, program.CategoryPath{11, 8}), 50},
		{"an excluded product earns nothing", products(m{5: excluded}, nil), variation(), nil, 0},
		{"exclusion leaves the other lines", products(m{5: excluded}, nil), completed(line(1, 5, "10"), line(2, 6, "1")), nil, 2},
		{"an excluded product is not saved by its category", products(m{5: excluded}, m{8: perUnit("7")}), variation(), in(8), 0},
		{"a product may give fixed points per piece", products(m{5: {Points: decp("2.5")}}, nil), with(variation(), func(o *order) {
			o.Lines[0].Quantity = dec("4")
		}), nil, 10},
		{"a variation may give fixed points", products(m{5: perUnit("3"), 55: {Points: decp("1")}}, nil), variation(), nil, 1},
		{"fixed points count fractions of pieces", products(m{5: {Points: decp("100")}}, nil), with(variation(), func(o *order) {
			o.Lines[0].Quantity = dec("0.125")
		}), nil, 12},
		{"a line whose product was deleted has the programme's", products(m{5: excluded}, m{8: excluded}), completed(line(1, 0, "10")), nil, 20},
		{"shipping and fees earn at the programme's", func(r *program.Rules) {
			products(m{5: excluded}, nil)(r)
			r.Earn.Purchase.Shipping, r.Earn.Purchase.Fees = true, true
		}, with(variation(), func(o *order) {
			o.Shipping, o.Fees = dec("3"), []program.Fee{{Total: dec("4")}}
		}), nil, 14},
	})
}

func TestPathsThroughCategories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		parents map[int64]int64
		want    program.CategoryPath
	}{
		{"nothing above", map[int64]int64{2: 1}, program.CategoryPath{7}},
		{"to the top", map[int64]int64{7: 5, 5: 3, 3: 1, 4: 3}, program.CategoryPath{7, 5, 3, 1}},
		{"its own parent", map[int64]int64{7: 7}, program.CategoryPath{7}},
		{"in a loop", map[int64]int64{7: 5, 5: 7}, program.CategoryPath{7, 5}},
		{"into a loop", map[int64]int64{7: 5, 5: 3, 3: 4, 4: 5}, program.CategoryPath{7, 5, 3, 4}},
	} {
		if got := (program.CategoryPath{7}).Up(c.parents); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCategoriesAreTheProductsNotTheVariations(t *testing.T) {
	t.Parallel()
	p := compile(t, func(r *rules) {
		r.Earn.Purchase.Categories = map[int64]program.Rule{8: {Exclude: true}}
	})
	o := completed(line(1, 5, "10"))
	o.Lines[0].Variation = 55
	var asked []int64
	p.Worth(o, func(product int64) []program.CategoryPath { asked = append(asked, product); return nil })
	if len(asked) != 1 || asked[0] != 5 {
		t.Errorf("asked for the categories of %v, want of product 5", asked)
	}
}

func TestMinimumRoundingCap(t *testing.T) {
	t.Parallel()
	buy := func(change func(*program.Purchase)) func(*rules) {
		return func(r *rules) { change(&r.Earn.Purchase) }
	}
	rounding := func(how string) func(*rules) { return buy(func(p *program.Purchase) { p.Rounding = how }) }
	minimum := func(text string) func(*rules) { return buy(func(p *program.Purchase) { p.MinOrder = dec(text) }) }
	priced := func(text string) *order { return completed(line(1, 5, text)) }
	shipped := with(priced("90"), func(o *order) { o.Shipping = dec("10") })
	refundedBelow := with(priced("100"), func(o *order) {
		o.Refunds = []program.Refund{refund(30, "2026-03-05 00:00:00", "60", back(1, "-1", "-60"))}
	})
	runPurchase(t, []purchaseCase{
		{"an order at the minimum earns", minimum("100"), priced("100"), nil, 100},
		{"an order below the minimum does not", minimum("100"), priced("99.99999999"), nil, 0},
		{"a minimum of 0 is none", minimum("0"), completed(line(1, 5, "-5"), line(2, 5, "6")), nil, 1},
		{"the minimum looks at the order before refunds", minimum("100"), refundedBelow, nil, 40},
		{"shipping counts for the minimum only if it is a base", minimum("100"), shipped, nil, 0},
		{"shipping counts for the minimum if it is a base", buy(func(p *program.Purchase) {
			p.Shipping, p.MinOrder = true, dec("100")
		}), shipped, nil, 100},
		{"the minimum counts tax if bases do", buy(func(p *program.Purchase) {
			p.Tax, p.MinOrder = true, dec("100")
		}), completed(program.Line{ID: 1, Total: dec("90"), Tax: dec("10")}), nil, 100},
		{"excluded and fixed lines count for the minimum", buy(func(p *program.Purchase) {
			p.MinOrder = dec("100")
			p.Products = map[int64]program.Rule{5: {Exclude: true}, 6: {Points: decp("3")}}
		}), completed(line(1, 5, "50"), line(2, 6, "40"), line(3, 7, "10")), nil, 13},
		{"the minimum is in store currency", buy(func(p *program.Purchase) {
			p.MinOrder = dec("100")
			p.Currencies["USD"] = dec("0.5")
		}), with(priced("199.98"), func(o *order) { o.Currency = "USD" }), nil, 0},

		{"down is toward zero", rounding("down"), priced("1.99999999999999999999999999999999999999"), nil, 1},
		{"up is away from zero", rounding("up"), priced("1.00000000000000000000000000000000000001"), nil, 2},
		{"up leaves whole points alone", rounding("up"), priced("2.00"), nil, 2},
		{"nearest takes a half up", rounding("nearest"), priced("1.5"), nil, 2},
		{"nearest takes less than a half down", rounding("nearest"), priced("1.49999999999999999999999999999999"), nil, 1},
		{"what is below 0 is 0", rounding("up"), priced("-3.5"), nil, 0},
		{"the cap comes after rounding", buy(func(p *program.Purchase) {
			p.Rounding, p.MaxPoints = "up", 10
		}), priced("9.1"), nil, 10},
		{"points above the cap are cut", buy(func(p *program.Purchase) { p.MaxPoints = 10 }), priced("99"), nil, 10},
		{"a cap of 0 is none", buy(func(p *program.Purchase) { p.MaxPoints = 0 }), priced("99"), nil, 99},
		{"a cap makes a huge amount earn all the same", buy(func(p *program.Purchase) { p.MaxPoints = 10 }), priced("1e50000"), nil, 10},
		{"a hugely negative amount is 0", nil, priced("-1e50000"), nil, 0},
		{"the most that a fact is worth", nil, priced("1000000000000000.9"), nil, 1_000_000_000_000_000},
	})
}

func TestStarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		starts string
		want   int64
	}{
		{"", 10},
		{"2026-03-01", 10},
		{"2026-03-01 10:00", 10},
		{"2026-03-01T10:00:00", 10},
		{"2026-03-01 10:00:01", 0},
		{"2026-03-02", 0},
	} {
		t.Run("at "+c.starts, func(t *testing.T) {
			p := compile(t, func(r *rules) {
				r.Starts = c.starts
				r.Earn.HighSpend = []program.Threshold{{Amount: dec("1"), Points: 10}}
				r.Earn.Campaigns = []program.Campaign{{Points: new(int64(10))}}
				r.Earn.Signup.Points = 10
			})
			w := p.Worth(completed(line(1, 5, "10")), noCategories)
			if w.Of(ledger.Purchase) != c.want || w.Of(ledger.HighSpend) != c.want || w.Of(ledger.Campaign) != c.want {
				t.Errorf("Worth = %+v, want %d each", w, c.want)
			}
			if got := p.Signup(&program.User{Registered: at("2026-03-01 10:00:00")}); got != c.want {
				t.Errorf("Signup = %d, want %d", got, c.want)
			}
		})
	}
	p := compile(t, func(r *rules) { r.Starts = "2026-03-01"; r.Earn.Signup.Points = 10 })
	if got := p.Signup(&program.User{}); got != 0 {
		t.Errorf("a user without a registration date earns %d after a start", got)
	}
	p = compileAt(t, program.Site{Zone: time.FixedZone("", -5*3600), Currency: "EUR", Decimals: 2}, func(r *rules) { r.Starts = "2026-03-01 05:00" })
	if w := p.Worth(completed(line(1, 5, "10")), noCategories); w.Of(ledger.Purchase) != 10 {
		t.Errorf("starts at 05:00 in a zone five hours behind: %+v", w)
	}
}
