package program_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/sync/program"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the tests with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	site := program.Site{Zone: zone(t, "America/New_York"), Currency: "USD", Decimals: 2}
	rich := compileAt(t, site, func(r *rules) {
		p := &r.Earn.Purchase
		p.PointsPerUnit, p.Tax, p.Shipping, p.Fees, p.MaxPoints = dec("2"), true, true, true, 500
		p.Currencies["EUR"] = dec("1.08")
		p.Products = map[int64]program.Rule{5: {Exclude: true}, 6: {Points: decp("12.5")}, 7: {PointsPerUnit: decp("5")}}
		p.Categories = map[int64]program.Rule{8: {PointsPerUnit: decp("1")}}
		r.Earn.HighSpend = []program.Threshold{{Amount: dec("100"), Points: 10}}
		r.Earn.Campaigns = []program.Campaign{{Name: "Spring\x1b[2J", Multiplier: decp("1.5")}}
	})
	o := completed(line(1, 5, "30"), line(2, 6, "30"), line(3, 7, "19.99"), line(4, 9, "45"), line(5, 0, "60"))
	for i, name := range []string{"Gift card", "Mug <b>☕</b>", "Shirt\x00\x1b[31m", strings.Repeat("Very long ", 20), ""} {
		o.Lines[i].Name = name
	}
	o.Lines[1].Quantity, o.Lines[2].Tax = dec("3"), dec("4.0")
	o.Shipping, o.Fees, o.Currency, o.Total = dec("7"), []program.Fee{{Total: dec("2.5")}}, "EUR", dec("198.49")
	o.Refunds = []program.Refund{
		refund(30, "2026-03-05 00:00:00", "20", back(5, "0", "-20")),
		refund(31, "2026-03-06 00:00:00", "10"),
	}
	categories := func(product int64) []program.CategoryPath {
		if product == 9 {
			return []program.CategoryPath{{8}}
		}
		return nil
	}
	change := func(change func(*order)) *order {
		other := *o
		change(&other)
		return &other
	}
	plain := compile(t, func(r *rules) {
		r.Starts, r.Earn.Purchase.MinOrder = "2026-01-01", dec("50")
		r.Earn.HighSpend = []program.Threshold{{Amount: dec("100"), Points: 10}}
	})
	money := compile(t, func(r *rules) {
		r.Starts, r.StartsBy, r.Earn.Purchase.Credit = "2026-01-01", "creation", "deduct"
	})
	var text strings.Builder
	for _, c := range []struct {
		title   string
		program *program.Program
		order   *order
	}{
		{"everything at once", rich, o},
		{"all of it refunded by hand", rich, change(func(o *order) {
			o.Refunds = []program.Refund{refund(30, "2026-03-05 00:00:00", "198.49", back(5, "0", "-198.49"))}
		})},
		{"the plain case", plain, completed(line(1, 5, "70.40"))},
		{"below the minimum", plain, completed(line(1, 5, "49.99"))},
		{"below zero", compile(t, nil), completed(line(1, 5, "-5"))},
		{"a status that does not earn", plain, change(func(o *order) { o.Status = "cancelled" })},
		{"refunded", plain, change(func(o *order) { o.Status = "refunded" })},
		{"a custom status that is not paid", plain, change(func(o *order) { o.Status, o.Paid = "shipped", time.Time{} })},
		{"before the start", plain, change(func(o *order) { o.Paid = at("2025-12-31 23:59:59") })},
		{"a currency without a rate", plain, change(func(o *order) { o.Currency = "GBP" })},
		{"no date at all", plain, change(func(o *order) { o.Paid, o.Completed, o.Created = time.Time{}, time.Time{}, time.Time{} })},
		{"a negative fee", plain, with(completed(line(1, 5, "90")), func(o *order) { o.Fees = []program.Fee{{Total: dec("10")}, {Total: dec("-25")}} })},
		{"paid with a gift card, a part refunded", money, with(completed(line(1, 5, "90"), line(2, 5, "30")), func(o *order) {
			o.Total = dec("60")
			o.Refunds = []program.Refund{refund(30, "2026-03-05 00:00:00", "30.01", back(2, "-1", "-30"))}
		})},
		{"placed before the start", money, with(completed(line(1, 5, "90")), func(o *order) { o.Created = at("2019-12-31 23:59:59") })},
		{"too much", plain, completed(line(1, 5, "1e19"))},
	} {
		text.WriteString("# " + c.title + "\n" + strings.Join(c.program.Explain(c.order, categories), "\n") + "\n\n")
	}
	golden(t, "explain.txt", text.String())
}
