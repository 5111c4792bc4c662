package config_test

import (
	"testing"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/config"
	"loyaltyd/sync/program"
)

// everything gives each key a value that is not its default, as a variable.
var everything = map[string]string{
	"store.wp_path":                             "", // excludes dsn; see TestAlternatives
	"store.dsn":                                 "shop:p@ss@tcp(db:3306)/wordpress",
	"store.dsn_file":                            "",
	"store.table_prefix":                        "wp_2_",
	"store.users_table":                         "people",
	"store.usermeta_table":                      "main.people-meta",
	"ledger.dsn":                                "points@unix(/run/mysqld/mysqld.sock)/points",
	"ledger.dsn_file":                           "",
	"endpoint.listen":                           "192.168.1.5:9000",
	"endpoint.remote":                           "true",
	"endpoint.key":                              keyText,
	"endpoint.key_file":                         "",
	"endpoint.token":                            tokenText,
	"endpoint.token_file":                       "",
	"brake.percent":                             "2.50",
	"brake.entries":                             "7",
	"schedule.sync":                             "@every 1m",
	"schedule.sweep":                            "@hourly",
	"schedule.expire":                           "0 1 * * *",
	"schedule.verify":                           "0 2 * * 1-5",
	"program.starts":                            "2026-01-01T10:30",
	"program.starts_by":                         "creation",
	"program.guests":                            "match_email",
	"program.exclude.roles":                     "Administrator, shop_manager",
	"program.exclude.users":                     "[3, \"4\"]",
	"program.hold_days":                         "14",
	"program.negative_balance":                  "clamp",
	"program.deleted_orders":                    "keep",
	"program.earn.purchase.points_per_unit":     "0.1",
	"program.earn.purchase.discounts":           "ignore",
	"program.earn.purchase.tax":                 "true",
	"program.earn.purchase.shipping":            "true",
	"program.earn.purchase.fees":                "true",
	"program.earn.purchase.statuses":            "completed,on-hold",
	"program.earn.purchase.custom_statuses":     `["packed", "shipped"]`,
	"program.earn.purchase.min_order":           "12345678901234567890.123456789",
	"program.earn.purchase.max_points":          "9223372036854775807",
	"program.earn.purchase.rounding":            "nearest",
	"program.earn.purchase.credit":              "deduct",
	"program.earn.purchase.currencies":          `{"usd": 0.92000, "NO": "1.5"}`,
	"program.earn.purchase.products":            `{"12": {"exclude": true}, "13": {"points": 2.5}, "14": {"points_per_unit": "3"}}`,
	"program.earn.purchase.categories":          `{"9223372036854775807": {"points_per_unit": 0.3}}`,
	"program.earn.first_order.points":           "1",
	"program.earn.high_spend":                   `[{"amount": 100.10, "points": 50}]`,
	"program.earn.campaigns":                    `[{"name": "May 🎉", "from": "2026-05-01", "to": "2026-06-01", "multiplier": 2}, {"points": 5}]`,
	"program.earn.product_review.points":        "2",
	"program.earn.product_review.verified_only": "true",
	"program.earn.blog_comment.points":          "3",
	"program.earn.signup.points":                "4",
	"program.redeem.points_per_unit":            "50",
	"program.redeem.min":                        "10",
	"program.redeem.max":                        "20",
	"program.redeem.multiple":                   "5",
	"program.redeem.coupon_days":                "30",
	"program.redeem.give_back":                  "refunded, expired",
	"program.expiry.mode":                       "lots",
	"program.expiry.days":                       "400",
}

func wantEverything() config.Config {
	return config.Config{
		Store:  config.Store{DSN: config.NewDSN("shop:p@ss@tcp(db:3306)/wordpress"), TablePrefix: "wp_2_", UsersTable: "people", UserMetaTable: "main.people-meta"},
		Ledger: config.Ledger{DSN: config.NewDSN("points@unix(/run/mysqld/mysqld.sock)/points")},
		Endpoint: config.Endpoint{
			Listen: "192.168.1.5:9000", Remote: true, Key: config.NewSecret(keyText),
			Token: config.NewSecret(tokenText),
		},
		Brake: config.Brake{Percent: decimal("2.50"), Entries: 7},
		Schedule: config.Schedule{
			Sync: cronLine("@every 1m"), Sweep: cronLine("@hourly"),
			Expire: cronLine("0 1 * * *"), Verify: cronLine("0 2 * * 1-5"),
		},
		Program: program.Settings{
			Rules: program.Rules{
				Starts: "2026-01-01T10:30", StartsBy: "creation", Guests: "match_email", HoldDays: 14,
				Earn: program.Earn{
					Purchase: program.Purchase{
						PointsPerUnit: decimal("0.1"), Discounts: "ignore", Tax: true, Shipping: true, Fees: true,
						Statuses:       []string{"completed", "on-hold"},
						CustomStatuses: program.CustomStatuses{Mode: "list", List: []string{"packed", "shipped"}},
						MinOrder:       decimal("12345678901234567890.123456789"), MaxPoints: 9223372036854775807,
						Rounding: "nearest", Credit: "deduct",
						Currencies: map[string]apd.Decimal{"USD": decimal("0.92000"), "NO": decimal("1.5")},
						Products: map[int64]program.Rule{
							12: {Exclude: true}, 13: {Points: new(decimal("2.5"))}, 14: {PointsPerUnit: new(decimal("3"))},
						},
						Categories: map[int64]program.Rule{9223372036854775807: {PointsPerUnit: new(decimal("0.3"))}},
					},
					FirstOrder: program.Bonus{Points: 1},
					HighSpend:  []program.Threshold{{Amount: decimal("100.10"), Points: 50}},
					Campaigns: []program.Campaign{
						{Name: "May 🎉", From: "2026-05-01", To: "2026-06-01", Multiplier: new(decimal("2"))},
						{Points: new(int64(5))},
					},
					ProductReview: program.Review{Points: 2, VerifiedOnly: true},
					BlogComment:   program.Bonus{Points: 3},
					Signup:        program.Bonus{Points: 4},
				},
			},
			Exclude:         program.Exclusion{Roles: []string{"administrator", "shop_manager"}, Users: []int64{3, 4}},
			NegativeBalance: "clamp",
			DeletedOrders:   "keep",
			Redeem:          program.Redeem{PointsPerUnit: decimal("50"), Min: 10, Max: 20, Multiple: 5, CouponDays: 30, GiveBack: program.GiveBack{Expired: true, Refunded: true}},
			Expiry:          program.Expiry{Mode: "lots", Days: 400},
		},
	}
}

func TestEveryKeyHasAVariableThatArrives(t *testing.T) {
	t.Parallel()
	var environ, settings []string
	for _, k := range config.Keys() {
		text, ok := everything[k.Path]
		if !ok {
			t.Fatalf("no value for %s: add one to the table above", k.Path)
		}
		environ = append(environ, k.Env+"="+text)
		if text != "" {
			settings = append(settings, "--set", k.Path+"="+text)
		}
	}
	if len(everything) != len(config.Keys()) {
		t.Errorf("%d values for %d keys", len(everything), len(config.Keys()))
	}
	if d := diff(wantEverything(), mustLoad(t, "", environ)); d != "" {
		t.Errorf("environment (-want +got)\n%s", d)
	}
	if d := diff(wantEverything(), mustLoad(t, "", nil, settings...)); d != "" {
		t.Errorf("--set (-want +got)\n%s", d)
	}

	// Alone, each is seen too: none depends on another.
	standard := printed(t, mustLoad(t, "", nil))
	for _, k := range config.Keys() {
		text := everything[k.Path]
		if text == "" || k.Path == "endpoint.listen" || k.Path == "program.redeem.min" {
			continue
		}
		if printed(t, mustLoad(t, "", []string{k.Env + "=" + text})) == standard {
			t.Errorf("%s=%s changes nothing", k.Env, text)
		}
	}
}

func TestVariablesAreNamedApart(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for _, k := range config.Keys() {
		if other, twice := names[k.Env]; twice {
			t.Errorf("%s sets both %s and %s", k.Env, other, k.Path)
		}
		names[k.Env] = k.Path
	}
}

const everythingYAML = `# as people write it
store:
  dsn: shop:p@ss@tcp(db:3306)/wordpress
  table_prefix: wp_2_
  users_table: people
  UserMeta_Table: main.people-meta
  wp_path:
ledger: {dsn: points@unix(/run/mysqld/mysqld.sock)/points}
endpoint: {listen: "192.168.1.5:9000", remote: true, key: "` + keyText + `", token: ` + tokenText + `}
Brake: {Percent: 2.50, ENTRIES: "7"}
schedule: {sync: "@every 1m", sweep: "@hourly", expire: 0 1 * * *, verify: 0 2 * * 1-5}
program:
  starts: 2026-01-01T10:30
  starts_by: creation
  guests: match_email
  exclude:
    roles: [Administrator, shop_manager]
    users: [3, "4"]
  hold_days: 14
  negative_balance: clamp
  deleted_orders: keep
  earn:
    purchase:
      points_per_unit: 0.1
      discounts: ignore
      tax: true
      shipping: true
      fees: true
      statuses: [completed, on-hold]
      custom_statuses: [packed, shipped]
      min_order: 12345678901234567890.123456789
      max_points: 9223372036854775807
      rounding: nearest
      credit: deduct
      currencies:
        usd: 0.92000
        NO: "1.5"
      products:
        12: {exclude: true}
        "13": {points: 2.5}
        14:
          points_per_unit: 3
      categories: {9223372036854775807: {points_per_unit: 0.3}}
    first_order: {points: 1}
    high_spend:
      - {amount: 100.10, points: 50}
    campaigns:
      - name: May 🎉
        from: 2026-05-01
        to: 2026-06-01
        multiplier: 2
      - {points: 5}
    product_review: {points: 2, verified_only: true}
    blog_comment: {points: 3}
    signup: {points: 4}
  redeem: {points_per_unit: 50, min: 10, max: 20, multiple: 5, coupon_days: 30, give_back: [expired, refunded]}
  expiry: {mode: lots, days: 400}
`

const everythingJSON = "\ufeff{\n" + `	"store": {"dsn": "shop:p@ss@tcp(db:3306)\/wordpress", "table_prefix": "wp_2_", "users_table": "people", "usermeta_table": "main.people-meta", "wp_path": null},
	"ledger": {"dsn": "points@unix(/run/mysqld/mysqld.sock)/points"},
	"endpoint": {"listen": "192.168.1.5:9000", "remote": true, "key": "` + keyText + `", "token": "` + tokenText + `"},
	"brake": {"percent": 2.50, "entries": 7},
	"schedule": {"sync": "@every 1m", "sweep": "@hourly", "expire": "0 1 * * *", "verify": "0 2 * * 1-5"},
	"program": {
		"starts": "2026-01-01T10:30", "starts_by": "creation", "guests": "match_email",
		"exclude": {"roles": ["Administrator", "shop_manager"], "users": [3, "4"]},
		"hold_days": 14, "negative_balance": "clamp", "deleted_orders": "keep",
		"earn": {
			"purchase": {
				"points_per_unit": 0.1, "discounts": "ignore", "tax": true, "shipping": true, "fees": true,
				"statuses": ["completed", "on-hold"], "custom_statuses": ["packed", "shipped"],
				"min_order": 12345678901234567890.123456789, "max_points": 9223372036854775807,
				"rounding": "nearest", "credit": "deduct", "currencies": {"usd": 0.92000, "NO": "1.5"},
				"products": {"12": {"exclude": true}, "13": {"points": 2.5}, "14": {"points_per_unit": 3}},
				"categories": {"9223372036854775807": {"points_per_unit": 0.3}}
			},
			"first_order": {"points": 1}, "high_spend": [{"amount": 100.10, "points": 50}],
			"campaigns": [{"name": "May \ud83c\udf89", "from": "2026-05-01", "to": "2026-06-01", "multiplier": 2}, {"points": 5}],
			"product_review": {"points": 2, "verified_only": true}, "blog_comment": {"points": 3}, "signup": {"points": 4}
		},
		"redeem": {"points_per_unit": 50, "min": 10, "max": 20, "multiple": 5, "coupon_days": 30, "give_back": ["expired", "refunded"]},
		"expiry": {"mode": "lots", "days": 400}
	}
}`

func TestFileInYAMLAndJSON(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"YAML": everythingYAML, "JSON": everythingJSON} {
		if d := diff(wantEverything(), mustLoad(t, file, nil)); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}
