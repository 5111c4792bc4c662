package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/config"
)

// every key of a programme with a value that is not its default.
const unusual = `{
  "starts": "2026-01-01", "starts_by": "creation", "guests": "match_email", "exclude": {"roles": ["Wholesale"], "users": [3, "4"]},
  "hold_days": 14, "negative_balance": "clamp", "deleted_orders": "keep",
  "earn": {
    "purchase": {"points_per_unit": 1.50, "discounts": "ignore", "tax": true, "shipping": true, "fees": true,
      "statuses": ["completed"], "custom_statuses": ["packed"], "min_order": "10.00", "max_points": 500, "rounding": "nearest", "credit": "deduct",
      "currencies": {"eur": 1.08}, "products": {"812": {"exclude": true}, "910": {"points": "50"}},
      "categories": {"17": {"points_per_unit": "2"}}},
    "first_order": {"points": 100}, "high_spend": [{"amount": "100", "points": 50}],
    "campaigns": [{"name": "<Spring> 🌷", "from": "2026-03-20", "to": "2026-04-05", "multiplier": "2"}, {"points": 5}],
    "product_review": {"points": 25, "verified_only": true}, "blog_comment": {"points": 3}, "signup": {"points": 50}
  },
  "redeem": {"points_per_unit": "12.5", "min": 10, "max": 1000, "multiple": 5, "coupon_days": 30, "give_back": ["deleted"]},
  "expiry": {"mode": "lots", "days": 90}
}`

func TestProgramDocumentIsReadBackAsItIs(t *testing.T) {
	t.Parallel()
	base, err := config.Load(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := base.WithProgram([]byte(unusual), "WordPress")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]config.Config{"defaults": base, "unusual": changed} {
		document := c.Program.Document()
		back, err := base.WithProgram(document, "again")
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, document)
		}
		if diff := cmp.Diff(string(document), string(back.Program.Document())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	// Each key is there, and none keeps its default.
	values, standard := leaves(t, changed.Program.Document()), leaves(t, base.Program.Document())
	for _, k := range config.Keys() {
		path, within := strings.CutPrefix(k.Path, "program.")
		if !within {
			continue
		}
		if value, there := values[path]; !there {
			t.Errorf("no %s in the document", path)
		} else if value == standard[path] {
			t.Errorf("%s is the default %s: the test has no value for it, or it is lost", path, value)
		}
	}
	if got := values["earn.purchase.points_per_unit"]; got != `"1.5"` {
		t.Errorf("a rate is %s", got)
	}
	if got := values["earn.high_spend"]; got != `[{"amount":"100","points":50}]` {
		t.Errorf("a hundred is %s", got)
	}
}

// leaves returns the document's values as JSON by their path, and those of
// maps as a whole too.
func leaves(t *testing.T, document []byte) map[string]string {
	t.Helper()
	all := map[string]string{}
	var walk func(path string, text json.RawMessage)
	walk = func(path string, text json.RawMessage) {
		all[path] = string(text)
		var branch map[string]json.RawMessage
		if json.Unmarshal(text, &branch) == nil {
			for name, child := range branch {
				walk(strings.TrimPrefix(path+"."+name, "."), child)
			}
		}
	}
	walk("", document)
	return all
}
