package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/spf13/pflag"
	"pgregory.net/rapid"

	"loyaltyd/config"
	"loyaltyd/internal/oracle"
	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

// The second implementation gives random orders the same points under random
// programmes.
func TestRandomOrdersAreWorthWhatTheOracleSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := oracle.RandomProgram(rapid.Int64Range(0, 1<<40).Draw(t, "programme")).Text
		site := euro
		site.Decimals = rapid.IntRange(0, 3).Draw(t, "decimals")
		store := &oracle.Store{Zone: utc, Currency: site.Currency, Decimals: site.Decimals, Parents: map[int64]int64{}}
		store.Users = []oracle.User{{ID: 7}}
		for category := int64(15); category <= 21; category++ {
			store.Parents[category] = rapid.SampledFrom([]int64{0, 0, 15, 16, 17, 18, 19, 20, 21}).Draw(t, "parent")
		}
		in := map[int64][]int64{}
		for product := int64(11); product <= 17; product++ {
			in[product] = slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.Int64Range(15, 21), 0, 3).Draw(t, "categories"))))
		}
		categories := func(product int64) (paths []program.CategoryPath) {
			for _, category := range in[product] {
				paths = append(paths, program.CategoryPath{category}.Up(store.Parents))
			}
			return paths
		}

		var orders []*order
		for i := range rapid.IntRange(1, 3).Draw(t, "orders") {
			o := drawOrder(t, rapid.Bool().Draw(t, "honest"))
			o.ID, o.Paid = int64(i+1), o.Paid.AddDate(0, 0, rapid.IntRange(-300, 200).Draw(t, "days"))
			for j := range o.Lines {
				o.Lines[j].Product += 11
				o.Lines[j].Variation = rapid.SampledFrom([]int64{0, 27, 28}).Draw(t, "a variation")
				o.Lines[j].Subtotal = larger(o.Lines[j].Subtotal, o.Lines[j].Total)
				o.Lines[j].SubtotalTax = larger(o.Lines[j].SubtotalTax, o.Lines[j].Tax)
			}
			if rapid.IntRange(0, 2).Draw(t, "as bought") > 0 {
				o.Total = o.Bought()
			}
			if rapid.IntRange(0, 9).Draw(t, "absurd") == 0 && len(o.Lines) > 0 {
				o.Lines[0].Total = dec(rapid.SampledFrom([]string{"1e15", "1000000000000001", "3e17"}).Draw(t, "so much"))
				o.Lines[0].Subtotal = o.Lines[0].Total
			}
			orders = append(orders, o)
			store.Orders = append(store.Orders, forOracle(t, o, in))
		}

		p, excluded := parsed(t, text, site)
		rules, err := oracle.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		result, err := store.Balances(rules, at("2090-01-01 00:00:00"))
		if err != nil {
			t.Fatal(err)
		}
		got, absurd, skipped := map[string]int64{}, []int64(nil), 0
		var candidates []program.Candidate
		for _, o := range orders {
			w := p.Worth(o, categories)
			for _, source := range []ledger.Source{ledger.Purchase, ledger.HighSpend, ledger.Campaign} {
				got[string(source)] += w.Of(source)
			}
			candidates = append(candidates, program.Candidate{ID: o.ID, EarnsAt: w.EarnsAt, Purchase: w.Of(ledger.Purchase)})
			if w.Absurd {
				absurd = append(absurd, o.ID)
			}
			if w.Skipped != "" {
				skipped++
			}
		}
		if program.FirstOrder(candidates) != 0 {
			got[string(ledger.FirstOrder)] = p.Rules().Earn.FirstOrder.Points
		}
		want := maps.Clone(result.SourceByUser[7])
		delete(want, string(ledger.Signup))
		maps.DeleteFunc(got, func(_ string, points int64) bool { return points == 0 })
		if excluded {
			got, absurd, skipped = map[string]int64{}, nil, 0
		}
		if !maps.Equal(got, want) || !slices.Equal(absurd, result.Absurd) || skipped != result.Skipped {
			lines := ""
			for _, o := range orders {
				lines += fmt.Sprintln(p.Explain(o, categories))
			}
			t.Fatalf("got %v, absurd %v, skipped %d\nwant %v, %v, %d\n%s%s", got, absurd, skipped, want, result.Absurd, result.Skipped, text, lines)
		}
	})
}

func larger(a, b apd.Decimal) apd.Decimal {
	if a.Cmp(&b) < 0 {
		return b
	}
	return a
}

// parsed returns the programme of a text, as the configuration gives it, and
// whether it excludes user 7.
func parsed(t *rapid.T, text string, site program.Site) (p *program.Program, excluded bool) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(flags)
	base, err := config.Load(flags, nil)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := base.WithProgram([]byte(text), "the test's program")
	if err != nil {
		t.Fatal(err)
	}
	if p, err = program.Compile(loaded.Program.Rules, site); err != nil {
		t.Fatal(err)
	}
	return p, loaded.Program.Exclude.Excludes(&program.User{ID: 7})
}

// forOracle is an order as the oracle reads it.
func forOracle(t *rapid.T, o *order, categories map[int64][]int64) (heard oracle.Order) {
	t.Helper()
	type object map[string]any
	date := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return at.Format(time.DateTime)
	}
	fees := func(all []program.Fee) (list []object) {
		for _, f := range all {
			list = append(list, object{"stored_total": f.Total.Text('f'), "stored_total_tax": f.Tax.Text('f')})
		}
		return list
	}
	var items, refunds []object
	for _, l := range o.Lines {
		items = append(items, object{
			"item_id": l.ID, "stored_product_id": l.Product, "stored_variation_id": l.Variation, "stored_qty": l.Quantity.Text('f'),
			"stored_total": l.Total.Text('f'), "stored_subtotal": l.Subtotal.Text('f'),
			"stored_total_tax": l.Tax.Text('f'), "stored_subtotal_tax": l.SubtotalTax.Text('f'), "category_ids": categories[l.Product],
		})
	}
	for _, r := range o.Refunds {
		var lines []object
		for _, l := range r.Lines {
			lines = append(lines, object{
				"refunded_item_id": l.Item, "stored_qty": l.Quantity.Text('f'), "stored_total": l.Total.Text('f'), "stored_total_tax": l.Tax.Text('f'),
			})
		}
		refunds = append(refunds, object{
			"amount": r.Amount.Text('f'), "shipping_total": r.Shipping.Text('f'), "shipping_tax": r.ShippingTax.Text('f'),
			"items": lines, "fees": fees(r.Fees),
		})
	}
	text, err := json.Marshal(object{
		"id": o.ID, "status": o.Status, "customer_id": o.Customer, "currency": o.Currency, "total": o.Total.Text('f'),
		"date_created": date(o.Created), "date_paid": date(o.Paid), "date_completed": date(o.Completed),
		"shipping_total": o.Shipping.Text('f'), "shipping_tax": o.ShippingTax.Text('f'), "items": items, "fees": fees(o.Fees), "refunds": refunds,
	})
	if err == nil {
		err = json.Unmarshal(text, &heard)
	}
	if err != nil {
		t.Fatal(err)
	}
	return heard
}
