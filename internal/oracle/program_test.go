package oracle

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
)

func TestProgramsSayWhatTheyMean(t *testing.T) {
	p, err := Parse(everything)
	if err != nil {
		t.Fatal(err)
	}
	e := p.Purchase
	switch {
	case !p.MatchGuests, p.FirstOrder != 50, p.Review != 8, p.BlogComment != 3, p.Signup != 20, p.Starts.Year() != 1:
		t.Errorf("the programme was read as %+v", p)
	case e.Rate.Cmp(big.NewRat(5, 4)) != 0, !e.IgnoreDiscounts, !e.Tax, !e.Shipping, !e.Fees, e.Rounding != "nearest", e.MaxPoints != 2000:
		t.Errorf("purchase was read as %+v", e)
	case !reflect.DeepEqual(e.Statuses, map[string]bool{"processing": true, "completed": true, "on-hold": true}),
		e.AllCustom, !reflect.DeepEqual(e.Custom, map[string]bool{"shipped": true}):
		t.Errorf("statuses were read as %v and %v", e.Statuses, e.Custom)
	case e.Currencies["JPY"].Cmp(big.NewRat(66, 10000)) != 0, e.Products[14].Fixed.Cmp(big.NewRat(5, 2)) != 0,
		e.Products[18].Rate.Sign() != 0, e.Categories[16].Rate.Cmp(big.NewRat(7, 4)) != 0, len(e.Products) != 3:
		t.Errorf("rules were read as %v, %v, %v", e.Currencies, e.Products, e.Categories)
	case len(p.HighSpend) != 2, len(p.Campaigns) != 2, p.Campaigns[1].Multiplier.Cmp(whole(2)) != 0:
		t.Errorf("bonuses were read as %v and %v", p.HighSpend, p.Campaigns)
	}
}

func TestOneProgramInSeveralForms(t *testing.T) {
	want, err := Parse("guests: match_email\nearn: {purchase: {points_per_unit: 0.10, products: {11: {points: 2}}}}")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"program:\n  guests: match_email\n  earn: {purchase: {points_per_unit: \"0.1\", products: {\"11\": {points: \"2.0\"}}}}",
		`{"guests":"match_email","earn":{"purchase":{"points_per_unit":0.1,"products":{"11":{"points":2}}}}}`,
		`{"program":{"guests":"match_email","starts":null,"earn":{"high_spend":[],"purchase":{"points_per_unit":"1e-1","products":{"11":{"points":2}}}}}}`,
	} {
		got, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s was read as %v, want %v", text, got, want)
		}
	}
}

func TestWrongProgramsAreRefused(t *testing.T) {
	for _, text := range []string{
		`{start: 2025-01-01}`, `{guests: match}`, `{hold_days: -1}`, `{hold_days: 1.5}`, `{exclude: {users: [ann]}}`, `{exclude: {users: [0]}}`,
		`{earn: {purchase: {points_per_unit: -1}}}`, `{earn: {purchase: {points_per_unit: 1/3}}}`, `{earn: {purchase: {points_per_unit: .inf}}}`,
		`{earn: {purchase: {points_per_unit: 0x10}}}`, `{earn: {purchase: {max_points: 0.5}}}`, `{earn: {purchase: {tax: perhaps}}}`,
		`{earn: {purchase: {statuses: [refunded]}}}`, `{earn: {purchase: {statuses: [wc-shipped]}}}`, `{earn: {purchase: {custom_statuses: [trash]}}}`,
		`{earn: {purchase: {products: {11: {}}}}}`, `{earn: {purchase: {products: {11: {exclude: false}}}}}`,
		`{earn: {purchase: {products: {11: {exclude: true, points: 1}}}}}`, `{earn: {purchase: {products: {11: {points: 1}, "11": {points: 1}}}}}`,
		`{earn: {purchase: {products: {0: {points: 1}}}}}`, `{earn: {purchase: {categories: {16: {points: 1}}}}}`,
		`{earn: {purchase: {currencies: {EUR: 1, eur: 2}}}}`, `{earn: {campaigns: [{points: 1, multiplier: 2}]}}`, `{earn: {campaigns: [{name: x}]}}`,
		`{earn: {campaigns: [{multiplier: 0.9}]}}`, `{earn: {high_spend: [{points: 1}]}}`, `{starts: 2025-13-01}`, `[]`, `{`,
	} {
		if p, err := Parse(text); err == nil {
			t.Errorf("%s was read as %+v", text, p)
		}
	}
}

func TestEveryOfferedProgramIsValid(t *testing.T) {
	names := map[string]bool{}
	list := Programs()
	for seed := range int64(2000) {
		list = append(list, RandomProgram(seed))
	}
	for _, n := range list {
		if names[n.Name] {
			t.Errorf("two programmes are named %q", n.Name)
		}
		names[n.Name] = true
		if _, err := Parse(n.Text); err != nil {
			t.Errorf("%s: %v\n%s", n.Name, err, n.Text)
		}
		if _, err := Parse("program:\n  " + strings.ReplaceAll(strings.TrimSpace(n.Text), "\n", "\n  ")); err != nil {
			t.Errorf("%s, below its key: %v", n.Name, err)
		}
	}
	if len(Programs()) < 30 {
		t.Errorf("only %d named programmes", len(Programs()))
	}
}

func TestRandomProgramsAreJSONAndRepeatable(t *testing.T) {
	said := map[string]bool{}
	for seed := range int64(500) {
		n := RandomProgram(seed)
		if n != RandomProgram(seed) {
			t.Fatalf("seed %d gave two programmes", seed)
		}
		var keys map[string]map[string]json.RawMessage
		var all map[string]json.RawMessage
		if err := json.Unmarshal([]byte(n.Text), &all); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := json.Unmarshal([]byte(`{"earn":`+string(all["earn"])+`}`), &keys); err != nil && all["earn"] != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for k := range all {
			said[k] = true
		}
		for k := range keys["earn"] {
			said["earn."+k] = true
		}
		var purchase map[string]json.RawMessage
		if text := keys["earn"]["purchase"]; text != nil {
			if err := json.Unmarshal(text, &purchase); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		for k := range purchase {
			said["purchase."+k] = true
		}
	}
	for _, k := range []string{
		"starts", "guests", "exclude", "hold_days", "negative_balance", "earn.first_order", "earn.high_spend", "earn.campaigns",
		"earn.product_review", "earn.blog_comment", "earn.signup", "purchase.points_per_unit", "purchase.discounts", "purchase.tax",
		"purchase.shipping", "purchase.fees", "purchase.statuses", "purchase.custom_statuses", "purchase.min_order",
		"purchase.max_points", "purchase.rounding", "purchase.currencies", "purchase.products", "purchase.categories",
	} {
		if !said[k] {
			t.Errorf("no random programme says %s", k)
		}
	}
}

func TestExpiryIsNotJudged(t *testing.T) {
	p, err := Parse("expiry: {mode: lots, days: 30}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shop().Balances(p, later); err == nil {
		t.Error("a programme with expiry was valued without it")
	}
}
