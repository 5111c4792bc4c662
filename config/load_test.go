package config_test

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"loyaltyd/config"
	"loyaltyd/sync/program"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// load loads with the content of a file ("" for none), variables and flags.
func load(t *testing.T, file string, environ []string, args ...string) (config.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(flags)
	if file != "" {
		args = append(args, "--config", write(t, "loyaltyd.yaml", file))
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(flags, environ)
}

func mustLoad(t *testing.T, file string, environ []string, args ...string) config.Config {
	t.Helper()
	c, err := load(t, file, environ, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// problems returns the problems of err, with folders cut off their places.
func problems(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*config.InvalidError](err)
	if !ok {
		t.Fatalf("got %T (%v), want an InvalidError", err, err)
	}
	var all []string
	for _, p := range invalid.Problems {
		if filepath.IsAbs(p.Place) {
			p.Place = filepath.Base(p.Place)
		}
		all = append(all, p.String())
	}
	return all
}

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
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got), run with -update if that is right:\n%s", path, diff)
	}
}

func diff(want, got any) string {
	return cmp.Diff(want, got,
		cmp.Comparer(func(a, b apd.Decimal) bool { return a.Text('f') == b.Text('f') }), // digits too
		cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() }),
		cmp.Comparer(func(a, b config.Cron) bool { return a.String() == b.String() }),
		cmpopts.IgnoreUnexported(config.Config{}),
		cmpopts.EquateEmpty())
}

func decimal(text string) apd.Decimal {
	d, _, err := apd.NewFromString(text)
	if err != nil {
		panic(err)
	}
	return *d
}

func cronLine(text string) config.Cron {
	c, err := config.ParseCron(text)
	if err != nil {
		panic(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got := mustLoad(t, "", nil)
	want := config.Config{
		Endpoint: config.Endpoint{Listen: "127.0.0.1:8787"},
		Brake:    config.Brake{Percent: decimal("5"), Entries: 1000},
		Schedule: config.Schedule{
			Sync: cronLine("@every 15s"), Sweep: cronLine("@every 10m"),
			Expire: cronLine("5 0 * * *"), Verify: cronLine("30 3 * * *"),
		},
		Program: config.Program{
			Rules:           program.Defaults(),
			NegativeBalance: config.NegativeAllow,
			Redeem:          config.Redeem{PointsPerUnit: decimal("100"), Multiple: 1, CouponDays: 365, GiveBack: program.GiveBack{Expired: true, Deleted: true, Refunded: true}},
			Expiry:          config.Expiry{Mode: config.ExpiryNone, Days: 365},
		},
	}
	if d := diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if got.HasProgram() {
		t.Error("a programme is configured, though nothing was said")
	}
}

const (
	keyText   = "a key of thirty-two characters, or more ö"
	tokenText = "token-0123456789-0123456789-0123456789"
)

// everything gives each key a value that is not its default, as a variable.
var everything = map[string]string{
	"store.wp_path":                             "", // excludes dsn; see TestAlternatives
	"store.dsn":                                 "shop:p@ss@tcp(db:3306)/wordpress",
	"store.dsn_file":                            "",
	"store.table_prefix":                        "wp_2_",
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
	"program.guests":                            "match_email",
	"program.exclude.roles":                     "Administrator, shop_manager",
	"program.exclude.users":                     "[3, \"4\"]",
	"program.hold_days":                         "14",
	"program.negative_balance":                  "clamp",
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
		Store:  config.Store{DSN: config.NewDSN("shop:p@ss@tcp(db:3306)/wordpress"), TablePrefix: "wp_2_"},
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
		Program: config.Program{
			Rules: program.Rules{
				Starts: "2026-01-01T10:30", Guests: "match_email", HoldDays: 14,
				Earn: program.Earn{
					Purchase: program.Purchase{
						PointsPerUnit: decimal("0.1"), Discounts: "ignore", Tax: true, Shipping: true, Fees: true,
						Statuses:       []string{"completed", "on-hold"},
						CustomStatuses: program.CustomStatuses{Mode: "list", List: []string{"packed", "shipped"}},
						MinOrder:       decimal("12345678901234567890.123456789"), MaxPoints: 9223372036854775807,
						Rounding:   "nearest",
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
			Redeem:          config.Redeem{PointsPerUnit: decimal("50"), Min: 10, Max: 20, Multiple: 5, CouponDays: 30, GiveBack: program.GiveBack{Expired: true, Refunded: true}},
			Expiry:          config.Expiry{Mode: "lots", Days: 400},
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
  wp_path:
ledger: {dsn: points@unix(/run/mysqld/mysqld.sock)/points}
endpoint: {listen: "192.168.1.5:9000", remote: true, key: "` + keyText + `", token: ` + tokenText + `}
Brake: {Percent: 2.50, ENTRIES: "7"}
schedule: {sync: "@every 1m", sweep: "@hourly", expire: 0 1 * * *, verify: 0 2 * * 1-5}
program:
  starts: 2026-01-01T10:30
  guests: match_email
  exclude:
    roles: [Administrator, shop_manager]
    users: [3, "4"]
  hold_days: 14
  negative_balance: clamp
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

const everythingJSON = "\ufeff{\n" + `	"store": {"dsn": "shop:p@ss@tcp(db:3306)\/wordpress", "table_prefix": "wp_2_", "wp_path": null},
	"ledger": {"dsn": "points@unix(/run/mysqld/mysqld.sock)/points"},
	"endpoint": {"listen": "192.168.1.5:9000", "remote": true, "key": "` + keyText + `", "token": "` + tokenText + `"},
	"brake": {"percent": 2.50, "entries": 7},
	"schedule": {"sync": "@every 1m", "sweep": "@hourly", "expire": "0 1 * * *", "verify": "0 2 * * 1-5"},
	"program": {
		"starts": "2026-01-01T10:30", "guests": "match_email",
		"exclude": {"roles": ["Administrator", "shop_manager"], "users": [3, "4"]},
		"hold_days": 14, "negative_balance": "clamp",
		"earn": {
			"purchase": {
				"points_per_unit": 0.1, "discounts": "ignore", "tax": true, "shipping": true, "fees": true,
				"statuses": ["completed", "on-hold"], "custom_statuses": ["packed", "shipped"],
				"min_order": 12345678901234567890.123456789, "max_points": 9223372036854775807,
				"rounding": "nearest", "currencies": {"usd": 0.92000, "NO": "1.5"},
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

func TestLaterPlacesWin(t *testing.T) {
	t.Parallel()
	const file = "brake: {percent: 1, entries: 1}\nprogram: {earn: {signup: {points: 1}, purchase: {currencies: {USD: 1, GBP: 1}}}}"
	environ := []string{
		"LOYALTYD_BRAKE_ENTRIES=2", "LOYALTYD_PROGRAM_EARN_SIGNUP_POINTS=2",
		`LOYALTYD_PROGRAM_EARN_PURCHASE_CURRENCIES={"JPY": 3}`, "LOYALTYD_BRAKE_PERCENT=", "PATH=/bin", "=odd",
	}
	c := mustLoad(t, file, environ, "--set", "program.earn.signup.points=3")
	got := []any{c.Brake.Percent.String(), c.Brake.Entries, c.Program.Rules.Earn.Signup.Points, c.Program.Rules.HoldDays}
	if d := cmp.Diff([]any{"1", int64(2), int64(3), 0}, got); d != "" {
		t.Errorf("percent from the file, entries from the environment, signup from the flag, hold_days by default (-want +got)\n%s", d)
	}
	// A map is replaced, not merged.
	if codes := slices.Sorted(maps.Keys(c.Program.Rules.Earn.Purchase.Currencies)); !slices.Equal(codes, []string{"JPY"}) {
		t.Errorf("currencies %v, want those of the environment only", codes)
	}
	if !c.HasProgram() {
		t.Error("HasProgram is false, though the file has one")
	}

	flagged := mustLoad(t, file, nil, "--wp-path", "/srv/www", "--table-prefix", "x_", "--ledger-dsn", "u@tcp(h:1)/d", "--listen", "[::1]:0")
	if flagged.Store.WPPath != "/srv/www" || flagged.Store.TablePrefix != "x_" || flagged.Ledger.DSN.Reveal() != "u@tcp(h:1)/d" || flagged.Endpoint.Listen != "[::1]:0" {
		t.Errorf("flags did not arrive: %+v %+v %+v", flagged.Store, flagged.Ledger, flagged.Endpoint)
	}
}

func TestFileNamedByTheEnvironment(t *testing.T) {
	t.Parallel()
	path := write(t, "c.yaml", "brake: {entries: 3}")
	if c := mustLoad(t, "", []string{"LOYALTYD_CONFIG=" + path}); c.Brake.Entries != 3 {
		t.Errorf("entries %d, want the file's 3", c.Brake.Entries)
	}
	if c := mustLoad(t, "brake: {entries: 4}", []string{"LOYALTYD_CONFIG=" + path}); c.Brake.Entries != 4 {
		t.Errorf("entries %d, want 4 of the file that the flag names", c.Brake.Entries)
	}
}

func TestEmptyFileIsTheDefaults(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"\n", "# nothing\n", "---\n", "store:\nprogram: {earn: {purchase: }}\n", "{}"} {
		if d := diff(mustLoad(t, "", nil), mustLoad(t, file, nil)); d != "" {
			t.Errorf("%q (-want +got)\n%s", file, d)
		}
	}
}

func TestServiceVariablesOfKubernetesAreIgnored(t *testing.T) {
	t.Parallel()
	mustLoad(t, "", []string{
		"LOYALTYD_SERVICE_HOST=10.0.0.1", "LOYALTYD_PORT=tcp://10.0.0.1:8787", "LOYALTYD_PORT_8787_TCP=x",
		"LOYALTYD_TEST_MYSQL=/tmp/x",
	})
}

func TestAlternatives(t *testing.T) {
	t.Parallel()
	secret := write(t, "dsn", "\n filed:pw@tcp(h:1)/d \n")
	cases := map[string]struct {
		file    string
		environ []string
		args    []string
		wpPath  string
		dsn     string
	}{
		"a flag over the file":            {"store: {wp_path: /a}", nil, []string{"--dsn", "u@tcp(h:1)/d"}, "", "u@tcp(h:1)/d"},
		"a variable over the file":        {"store: {dsn: u@tcp(h:1)/d}", []string{"LOYALTYD_STORE_WP_PATH=/a"}, nil, "/a", ""},
		"a flag over a variable":          {"", []string{"LOYALTYD_STORE_DSN=u@tcp(h:1)/d"}, []string{"--wp-path=/a"}, "/a", ""},
		"a file that holds the DSN":       {"store: {dsn_file: " + secret + "}", nil, nil, "", "filed:pw@tcp(h:1)/d"},
		"what is set aside is not opened": {"store: {dsn_file: /nowhere}", nil, []string{"--wp-path=/a"}, "/a", ""},
	}
	for name, test := range cases {
		c := mustLoad(t, test.file, test.environ, test.args...)
		if c.Store.WPPath != test.wpPath || c.Store.DSN.Reveal() != test.dsn {
			t.Errorf("%s: wp_path %q, dsn %q, want %q, %q", name, c.Store.WPPath, c.Store.DSN.Reveal(), test.wpPath, test.dsn)
		}
	}
}

func TestWarnsOfPasswordsThatEverybodyMayRead(t *testing.T) {
	t.Parallel()
	path := write(t, "dsn", "u:pw@tcp(h:1)/d")
	args := []string{"--set", "store.dsn_file=" + path}
	if w := mustLoad(t, "", nil, args...).Warnings; len(w) != 0 {
		t.Errorf("warned of a private file: %q", w)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	w := mustLoad(t, "", nil, args...).Warnings
	if len(w) != 1 || !strings.Contains(w[0], path) || !strings.Contains(w[0], "chmod") {
		t.Errorf("warnings %q, want one that names %s and the way out", w, path)
	}

	file := write(t, "loyaltyd.yaml", "store: {dsn: u:pw@tcp(h:1)/d}\nledger: {dsn: u:pw@tcp(h:1)/e}")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if w := mustLoad(t, "", nil, "--config", file).Warnings; len(w) != 1 {
		t.Errorf("warnings %q, want one for the one file", w)
	}
}

func TestAKeyIsReadFromItsFile(t *testing.T) {
	t.Parallel()
	key, token := write(t, "key", "  "+keyText+"\n"), write(t, "token", tokenText+"\r\n")
	args := []string{"--set", "endpoint.key_file=" + key, "--set", "endpoint.token_file=" + token}
	c := mustLoad(t, "endpoint: {key: "+strings.Repeat("x", 32)+"}", nil, args...)
	if c.Endpoint.Key.Reveal() != keyText || c.Endpoint.Token.Reveal() != tokenText || len(c.Warnings) != 0 {
		t.Errorf("key %q, token %q, warnings %q", c.Endpoint.Key.Reveal(), c.Endpoint.Token.Reveal(), c.Warnings)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if w := mustLoad(t, "", nil, args...).Warnings; len(w) != 1 || !strings.Contains(w[0], key+" holds a key") {
		t.Errorf("warnings %q", w)
	}
}

func TestProgramFromElsewhere(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, "brake: {entries: 3}", nil)
	next, err := c.WithProgram([]byte(`{"hold_days": 3, "earn": {"signup": {"points": "7"}}}`), "WordPress settings")
	if err != nil {
		t.Fatal(err)
	}
	if next.Program.Rules.HoldDays != 3 || next.Program.Rules.Earn.Signup.Points != 7 || next.Brake.Entries != 3 {
		t.Errorf("got %+v", next.Program.Rules)
	}
	if c.Program.Rules.HoldDays != 0 || c.HasProgram() {
		t.Error("the configuration it came from has changed")
	}
	if out := printed(t, next); !strings.Contains(out, "hold_days: 3 # WordPress settings") {
		t.Errorf("Print does not tell where the programme comes from:\n%s", out)
	}

	// What the document does not name has its default, not the earlier value.
	again, err := next.WithProgram([]byte(`{}`), "WordPress settings")
	if err != nil || again.Program.Rules.HoldDays != 0 {
		t.Errorf("hold_days %d, error %v, want the default", again.Program.Rules.HoldDays, err)
	}

	_, err = c.WithProgram([]byte(`{"earn": {"signup": {"points": -1}}, "strats": ""}`), "WordPress settings")
	want := []string{
		`WordPress settings:1: program.strats: unknown key; the nearest known one is program.starts`,
		`WordPress settings:1: program.earn.signup.points: "-1" is not a whole number from 0 to 9223372036854775807, written in digits only`,
	}
	if d := cmp.Diff(want, problems(t, err)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if _, err := c.WithProgram([]byte(`[`), "WordPress settings"); len(problems(t, err)) != 1 {
		t.Errorf("error %v, want one problem", err)
	}
}

func TestReadsAreRepeatable(t *testing.T) {
	t.Parallel()
	_, first := load(t, "store: {a: 1, b: 2, c: 3}\nbrake: 5\nprogram: {earn: {purchase: {currencies: {A: 1, B: x, C: -1}}}}", nil)
	for range 20 {
		_, again := load(t, "store: {a: 1, b: 2, c: 3}\nbrake: 5\nprogram: {earn: {purchase: {currencies: {A: 1, B: x, C: -1}}}}", nil)
		if d := cmp.Diff(problems(t, first), problems(t, again)); d != "" {
			t.Fatalf("problems come in another order\n%s", d)
		}
	}
}
