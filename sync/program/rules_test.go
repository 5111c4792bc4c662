package program_test

import (
	"math"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loyaltyd/sync/program"
)

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	text, _ := program.Defaults().Encode()
	const want = `{"earn":{"blog_comment":{"points":0},"campaigns":[],"first_order":{"points":0},"high_spend":[],` +
		`"product_review":{"points":0,"verified_only":false},` +
		`"purchase":{"categories":{},"credit":"earn","currencies":{},"custom_statuses":"earn","discounts":"deduct","fees":false,` +
		`"max_points":0,"min_order":"0","points_per_unit":"1","products":{},"rounding":"down","shipping":false,` +
		`"statuses":["completed","processing"],"tax":false},"signup":{"points":0}},` +
		`"guests":"ignore","hold_days":0,"starts":"","starts_by":"earning"}`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	one := program.Defaults()
	one.Earn.Purchase.Currencies["USD"] = dec("2")
	one.Earn.Purchase.Statuses[0] = "changed"
	if other := program.Defaults(); len(other.Earn.Purchase.Currencies) != 0 || other.Earn.Purchase.Statuses[0] == "changed" {
		t.Error("two calls of Defaults share something")
	}
}

// everything is rules that use all there is.
func everything() program.Rules {
	r := program.Defaults()
	r.Starts, r.Guests, r.HoldDays = "2026-01-01", "match_email", 14
	r.Earn.FirstOrder.Points, r.Earn.Signup.Points, r.Earn.BlogComment.Points = 100, 50, program.MostPoints
	r.Earn.ProductReview = program.Review{Points: 20, VerifiedOnly: true}
	r.Earn.HighSpend = []program.Threshold{{Amount: dec("100.50"), Points: 5}, {Amount: dec("0"), Points: 1}}
	r.Earn.Campaigns = []program.Campaign{
		{Name: "Summer <b>☀</b>", From: "2026-06-01", To: "2026-09-01T12:00", Multiplier: decp("1.50")},
		{Points: new(int64(0))},
	}
	p := &r.Earn.Purchase
	p.PointsPerUnit, p.Discounts, p.Tax, p.Shipping, p.Fees = dec("0.1000"), "ignore", true, true, true
	p.Statuses = []string{"processing", "on-hold", "shipped", "processing"}
	p.CustomStatuses = program.CustomStatuses{Mode: "list", List: []string{"packed", "ready"}}
	p.MinOrder, p.MaxPoints, p.Rounding = dec("1e1"), 1000, "nearest"
	p.Currencies = map[string]apd.Decimal{"usd": dec("0.9200"), "JPY": dec("12345678901234567890.123456789")}
	p.Products = map[int64]program.Rule{5: {Exclude: true}, 6: {Points: decp("2.50")}, math.MaxInt64: {PointsPerUnit: decp("0")}}
	p.Categories = map[int64]program.Rule{8: {Exclude: true}, 9: {PointsPerUnit: decp("1e-9")}}
	return r
}

func TestEqualRulesHaveEqualHashes(t *testing.T) {
	t.Parallel()
	base := everything()
	text, hash := base.Encode()
	for name, change := range map[string]func(*program.Rules){
		"trailing zeros":       func(r *program.Rules) { r.Earn.Purchase.PointsPerUnit = dec("0.1") },
		"powers of ten":        func(r *program.Rules) { r.Earn.Purchase.MinOrder = dec("10.00") },
		"minus zero":           func(r *program.Rules) { r.Earn.HighSpend[1].Amount = apd.Decimal{Negative: true, Exponent: -4} },
		"rates behind a map":   func(r *program.Rules) { r.Earn.Purchase.Currencies["usd"] = dec("92e-2") },
		"case of currencies":   func(r *program.Rules) { c := r.Earn.Purchase.Currencies; c["USD"] = c["usd"]; delete(c, "usd") },
		"rates of products":    func(r *program.Rules) { r.Earn.Purchase.Products[6] = program.Rule{Points: decp("25e-1")} },
		"order of statuses":    func(r *program.Rules) { r.Earn.Purchase.Statuses = []string{"shipped", "on-hold", "processing"} },
		"order of customs":     func(r *program.Rules) { r.Earn.Purchase.CustomStatuses.List = []string{"ready", "packed", "ready"} },
		"forms of a time":      func(r *program.Rules) { r.Starts = "2026-01-01T00:00" },
		"times of campaigns":   func(r *program.Rules) { r.Earn.Campaigns[0].To = "2026-09-01 12:00:00" },
		"multipliers":          func(r *program.Rules) { r.Earn.Campaigns[0].Multiplier = decp("1.5") },
		"another equal number": func(r *program.Rules) { r.Earn.Campaigns[1].Points = new(int64(0)) },
	} {
		r := everything()
		change(&r)
		if other, otherHash := r.Encode(); other != text || otherHash != hash {
			t.Errorf("%s make a difference:\n%s", name, cmp.Diff(text, other))
		}
	}
	for name, change := range map[string]func(*program.Rules){
		"a rate":           func(r *program.Rules) { r.Earn.Purchase.PointsPerUnit = dec("0.10000000000000000000000000001") },
		"a currency":       func(r *program.Rules) { delete(r.Earn.Purchase.Currencies, "usd") },
		"a product's rule": func(r *program.Rules) { r.Earn.Purchase.Products[5] = program.Rule{PointsPerUnit: decp("0")} },
		"the start":        func(r *program.Rules) { r.Starts = "" },
		"a kind of campaign": func(r *program.Rules) {
			r.Earn.Campaigns[0].Multiplier, r.Earn.Campaigns[0].Points = nil, new(int64(1))
		},
		"the order of windows": func(r *program.Rules) { c := r.Earn.Campaigns; c[0], c[1] = c[1], c[0] },
		"the days of holding":  func(r *program.Rules) { r.HoldDays = 15 },
		"guests":               func(r *program.Rules) { r.Guests = "ignore" },
	} {
		r := everything()
		change(&r)
		if other, otherHash := r.Encode(); other == text || otherHash == hash {
			t.Errorf("%s makes no difference", name)
		}
	}
	unused := program.Defaults()
	unused.Earn.Purchase.CustomStatuses.List = []string{"shipped"}
	empty := program.Defaults()
	empty.Earn.Purchase.Currencies, empty.Earn.Purchase.Products, empty.Earn.HighSpend = nil, nil, []program.Threshold{}
	want, _ := program.Defaults().Encode()
	for _, r := range []program.Rules{unused, empty} {
		if got, _ := r.Encode(); got != want {
			t.Errorf("equal to the defaults, but:\n%s", cmp.Diff(want, got))
		}
	}
}

func TestDecodeRulesReadsWhatEncodeWrote(t *testing.T) {
	t.Parallel()
	roundTrip := func(t rapid.TB, r program.Rules) {
		t.Helper()
		text, hash := r.Encode()
		decoded, err := program.DecodeRules(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if again, againHash := decoded.Encode(); again != text || againHash != hash {
			t.Fatalf("round trip:\n%s", cmp.Diff(text, again))
		}
		first, err := program.Compile(r, euro)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := first.Rules().Encode(); again != text {
			t.Fatalf("a compiled programme's rules:\n%s", cmp.Diff(text, again))
		}
	}
	roundTrip(t, everything())
	roundTrip(t, program.Defaults())
	rapid.Check(t, func(t *rapid.T) { roundTrip(t, drawRules(t)) })
}

func TestDecodeRulesGivesMissingKeysTheirDefaults(t *testing.T) {
	t.Parallel()
	want := program.Defaults()
	want.Earn.Purchase.MaxPoints, want.Earn.Purchase.Currencies = 7, map[string]apd.Decimal{"USD": dec("1.5")}
	wanted, _ := want.Encode()
	r, err := program.DecodeRules(`{"earn":{"purchase":{"max_points":7,"currencies":{"USD":"1.5"}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := r.Encode(); got != wanted {
		t.Errorf("missing keys:\n%s", cmp.Diff(wanted, got))
	}
}

func TestDecodeRulesRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":               `points: 1`,
		"nothing":               ``,
		"two values":            `{} {}`,
		"a loose bracket":       `{}}`,
		"an unknown key":        `{"strats":""}`,
		"one in purchase":       `{"earn":{"purchase":{"tx":true}}}`,
		"a rate of null":        `{"earn":{"purchase":{"currencies":{"USD":null}}}}`,
		"a rate that is NaN":    `{"earn":{"purchase":{"points_per_unit":"NaN"}}}`,
		"an infinite rate":      `{"earn":{"purchase":{"currencies":{"USD":"Infinity"}}}}`,
		"a negative rate":       `{"earn":{"purchase":{"points_per_unit":"-1"}}}`,
		"absurdly many points":  `{"earn":{"signup":{"points":1000000000000001}}}`,
		"points beyond 64 bits": `{"earn":{"signup":{"points":9223372036854775808}}}`,
		"a wrong word":          `{"guests":"welcome"}`,
	} {
		if r, err := program.DecodeRules(text); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func FuzzDecodeRules(f *testing.F) {
	text, _ := everything().Encode()
	f.Add(text)
	f.Add(`{}`)
	f.Add(`{"earn":{"purchase":{"currencies":{"usd":"1","USD":"1"}}}}`)
	f.Add(`{"earn":{"campaigns":[{"points":1,"multiplier":"1e9999"}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := program.DecodeRules(text)
		if err != nil {
			return
		}
		if _, err := program.Compile(r, euro); err != nil {
			t.Fatalf("%q decodes but does not compile: %v", text, err)
		}
		first, _ := r.Encode()
		again, err := program.DecodeRules(first)
		if err != nil {
			t.Fatalf("%q encodes as %q: %v", text, first, err)
		}
		if second, _ := again.Encode(); second != first {
			t.Fatalf("%q encodes as %q, then as %q", text, first, second)
		}
	})
}

func TestCompileNamesEveryProblem(t *testing.T) {
	t.Parallel()
	r := program.Defaults()
	r.Starts, r.Guests, r.HoldDays = "soon", "all", -1
	r.Earn.Signup.Points, r.Earn.FirstOrder.Points, r.Earn.BlogComment.Points, r.Earn.ProductReview.Points = -1, -2, -3, -4
	r.Earn.HighSpend = []program.Threshold{{Amount: dec("1")}, {Amount: dec("-1"), Points: -5}}
	r.Earn.Campaigns = []program.Campaign{
		{Points: new(int64(1)), Multiplier: decp("2")},
		{},
		{From: "2026-02-30", Points: new(int64(-1))},
		{From: "2026-03-01", To: "2026-03-01 00:00", Multiplier: decp("0.99")},
		{Multiplier: &apd.Decimal{Form: apd.NaN}},
	}
	p := &r.Earn.Purchase
	p.PointsPerUnit, p.MinOrder = apd.Decimal{Form: apd.Infinite}, dec("-0.01")
	p.Discounts, p.Rounding, p.MaxPoints = "", "sideways", -1
	p.Statuses = []string{"wc-completed", "refunded", "", "shipped"}
	p.CustomStatuses = program.CustomStatuses{Mode: "some", List: []string{"completed", "wc-shipped"}}
	p.Currencies = map[string]apd.Decimal{"usd": dec("1"), "USD": dec("2"), "": dec("1"), "100%d": dec("-1")}
	p.Products = map[int64]program.Rule{0: {Exclude: true}, 1: {}, 2: {Exclude: true, Points: decp("1")}, 3: {Points: decp("-1")}}
	p.Categories = map[int64]program.Rule{4: {Points: decp("1")}, 5: {PointsPerUnit: decp("-2")}}
	_, err := program.Compile(r, euro)
	if err == nil {
		t.Fatal("compiled")
	}
	golden(t, "problems.txt", err.Error()+"\n")
	if _, err := program.Compile(program.Rules{}, euro); err == nil {
		t.Error("the zero rules compiled")
	}
}

func TestAProgramDoesNotChangeWithTheRulesItWasMadeOf(t *testing.T) {
	t.Parallel()
	r := everything()
	p, err := program.Compile(r, euro)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := p.Rules().Encode()
	r.Earn.Purchase.Currencies["usd"] = dec("77")
	r.Earn.Purchase.Products[5] = program.Rule{Points: decp("77")}
	r.Earn.Purchase.Products[6].Points.Coeff.SetInt64(77)
	r.Earn.Purchase.Statuses[0] = "changed"
	r.Earn.Campaigns[0].Multiplier.Coeff.SetInt64(77)
	*r.Earn.Campaigns[1].Points = 77
	r.Earn.HighSpend[0].Points = 77
	if after, _ := p.Rules().Encode(); after != before {
		t.Errorf("the programme changed:\n%s", cmp.Diff(before, after))
	}
}

func TestOnlyNamesAreCut(t *testing.T) {
	t.Parallel()
	r := program.Defaults()
	r.Guests = strings.Repeat("x", 10_000)
	_, err := program.Compile(r, euro)
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("a long wrong word makes a long message: %.300v", err)
	}
}
