package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/config"
)

// TestProblems shows every problem of several bad files at once, as people
// read them.
func TestProblems(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad-*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata/bad-*.yaml", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = load(t, string(content), nil)
		golden(t, strings.TrimSuffix(filepath.Base(file), ".yaml")+".golden", strings.Join(problems(t, err), "\n")+"\n")
	}
}

func TestProblemsOfVariablesAndFlags(t *testing.T) {
	t.Parallel()
	environ := []string{
		"LOYALTYD_PROGRAM_STRATS=2026-01-01",
		"LOYALTYD_PROGRAM_HOLD_DAYS=36501",
		"LOYALTYD_BRAKE_PERCENT=5%",
		`LOYALTYD_PROGRAM_EARN_PURCHASE_PRODUCTS={"12": {"exclude": true}, "12": {"points": 1}}`,
		`LOYALTYD_PROGRAM_EARN_PURCHASE_CATEGORIES={"12": `,
		"LOYALTYD_PROGRAM_EARN_HIGH_SPEND=100:50",
		`LOYALTYD_PROGRAM_EARN_CAMPAIGNS=[{"points": 1}, {"from": "2026-13-01", "points": 1}]`,
		"LOYALTYD_PROGRAM_EARN_PURCHASE_CUSTOM_STATUSES=packed",
		"LOYALTYD_PROGRAM_EXCLUDE_USERS=3, x",
		"LOYALTYD_STORE_DSN=u@tcp(h:1)/d", "LOYALTYD_STORE_WP_PATH=/srv",
		"LOYALTYD_WHÄT=1",
	}
	_, err := load(t, "", environ, "--listen", "0.0.0.0:1", "--set", "endpoint.listen=127.0.0.1:1", "--set", "brake.entris=3", "--set", "brake", "--set", "program.exclude={}", "--set", "program.expiry.mode=")
	golden(t, "places.golden", strings.Join(problems(t, err), "\n")+"\n")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	purchase := func(text string) string { return "program: {earn: {purchase: {" + text + "}}}" }
	campaign := func(text string) string { return "program: {earn: {campaigns: [{" + text + "}]}}" }
	cases := []struct{ name, file, want string }{
		{"not YAML", "a: [", "neither YAML nor JSON"},
		{"bad escape", `a: "\z"`, "neither YAML nor JSON"},
		{"broken UTF-8", "a: \xff", "neither YAML nor JSON"},
		{"a list", "[1]", "must hold keys (store, ledger, endpoint, brake, schedule, program), not a list"},
		{"a word", "hello", "must hold keys"},
		{"two documents", "brake: {entries: 1}\n---\nbrake: {entries: 2}", "more than one document"},
		{"an alias", "brake: &x {entries: 1}\nschedule: *x", "anchors and aliases"},
		{"an alias to nothing", "brake: *x", "anchors and aliases"},
		{"a billion laughs", "a: &a [x]\nb: &b [*a, *a]\n", "anchors and aliases"},
		{"a tag", "brake: {entries: !!int 1}", "tags"},
		{"a merge", "brake: {<<: {entries: 1}}", `brake."<<": unknown key`},
		{"a map as key", "? {a: b}\n: 1", "a key must be a single word or number, not a map"},
		{"a typing error", "sotre: {wp_path: /a}", "sotre: unknown key; the nearest known one is store"},
		{"a wrong section", "program: {purchase: {tax: true}}", "program.purchase: unknown key; the nearest known one is program.earn.purchase"},
		{"no section", "tax: true", "tax: unknown key; the nearest known one is program.earn.purchase.tax"},
		{"a path as key", "store.dsn: x", `"store.dsn": unknown key`},
		{"an empty key", `"": x`, `"": unknown key`},
		{"a hostile key", "\"a\\e[2J\\nb\": x", `"a\x1b[2j\nb": unknown key`},
		{"twice", "brake: {percent: 1}\nbrake: {percent: 2}", "loyaltyd.yaml:2: brake: stands twice, first on line 1: remove one"},
		{"twice in other letters", "brake: {percent: 1, PERCENT: 2}", "brake.percent: stands twice"},
		{"twice in JSON", `{"brake": {"percent": 1}, "brake": {}}`, "brake: stands twice"},
		{"a section that is a value", "brake: 5", "brake: must hold keys (percent, entries), not a single value"},

		{"a float", "brake: {entries: 1.0}", `brake.entries: "1.0" is not a whole number`},
		{"an exponent", "brake: {entries: 1e3}", `"1e3" is not a whole number`},
		{"underscores", "brake: {entries: 1_000}", `"1_000" is not a whole number`},
		{"octal", "brake: {entries: 010}", `"010" is not a whole number`},
		{"hexadecimal", "brake: {entries: 0x10}", `"0x10" is not a whole number`},
		{"negative", "brake: {entries: -1}", `"-1" is not a whole number from 0 to 9223372036854775807`},
		{"too large", "brake: {entries: 9223372036854775808}", `"9223372036854775808" is not a whole number`},
		{"a list for a number", "brake: {entries: [1]}", "brake.entries: a list is not a whole number"},
		{"a map for a number", "brake: {percent: {a: 1}}", "brake.percent: a map is not a number"},
		{"over 100 percent", "brake: {percent: 100.0001}", `"100.0001" is more than 100`},
		{"infinity", purchase("min_order: .inf"), `".inf" is not a number`},
		{"not a number", purchase("min_order: NaN"), `"NaN" is not a number`},
		{"a negative rate", purchase("points_per_unit: -0.1"), `"-0.1" is not a number of 0 or more`},
		{"a decimal comma", purchase(`points_per_unit: "0,5"`), `"0,5" is not a number`},
		{"octal decimal", purchase("min_order: 010"), `"010" is not a number`},
		{"nothing", purchase(`min_order: ""`), `"" is not a number`},
		{"a huge exponent", purchase("min_order: 1e101"), "more than 100 digits"},
		{"a tiny exponent", purchase("min_order: 1e-99999"), "more than 100 digits"},
		{"beyond all exponents", purchase("min_order: 1e999999999999"), "is not a number"},
		{"yes", purchase("tax: yes"), `tax: "yes" is not true or false`},
		{"an absurd rate", purchase("points_per_unit: 1000000000.1"), "is more than 1000000000"},
		{"rates that multiply to overflow", purchase("points_per_unit: 1000000, currencies: {BTC: 10000000}"), "program.earn.purchase.currencies.BTC: 10000000 makes more points for 1000000 units"},
		{"a product's rate that overflows", purchase("products: {1: {points_per_unit: 1000000}}, currencies: {BTC: 10000000}"), "currencies.BTC: 10000000 makes more points"},
		{"a multiplier that overflows", "program: {earn: {purchase: {points_per_unit: 10000000}, campaigns: [{points: 1}, {multiplier: 1000000}]}}", "program.earn.campaigns[1].multiplier: 1000000 makes more points"},

		{"discounts", purchase("discounts: keep"), `"keep" is not one of deduct, ignore`},
		{"rounding", purchase("rounding: half"), `"half" is not one of down, up, nearest`},
		{"guests", "program: {guests: all}", `"all" is not one of ignore, match_email`},
		{"negative balance", "program: {negative_balance: never}", `"never" is not one of allow, clamp`},
		{"deleted orders", "program: {deleted_orders: forget}", `"forget" is not one of take_back, keep`},
		{"expiry", "program: {expiry: {mode: all}}", `"all" is not one of none, idle, lots`},
		{"expiry after no days", "program: {expiry: {days: 0}}", `"0" is not a whole number from 1`},
		{"redeem", "program: {redeem: {min: 10, max: 5}}", `program.redeem.min: "10" is more than program.redeem.max (5)`},

		{"redeem in steps that do not fit", "program: {redeem: {min: 110, max: 190, multiple: 100}}", `program.redeem.multiple: "100" has no multiple from program.redeem.min (110) to program.redeem.max (190)`},
		{"redeem in steps above the maximum", "program: {redeem: {max: 99, multiple: 100}}", `program.redeem.multiple: "100" has no multiple`},
		{"redeem in no steps", "program: {redeem: {multiple: 0}}", `program.redeem.multiple: "0" is not a whole number from 1`},
		{"give back", "program: {redeem: {give_back: [expired, lost]}}", `program.redeem.give_back[1]: "lost" is not one of expired, deleted, refunded`},
		{"give back in one word", "program: {redeem: {give_back: expired}}", `program.redeem.give_back: "expired" is not a list`},

		{"wc-", purchase("statuses: [wc-processing]"), `statuses[0]: "wc-processing" has the prefix wc-: write "processing"`},
		{"cancelled", purchase("statuses: [completed, cancelled]"), `statuses[1]: "cancelled" can never earn`},
		{"trash", purchase("statuses: [trash]"), "can never earn"},
		{"capitals", purchase("statuses: [Completed]"), "is not a status"},
		{"cut off, another's", purchase("statuses: [request-completed-by-hand]"), `statuses[0]: "request-completed-by-hand" can never earn`},
		{"cut off, another's, custom", purchase("custom_statuses: [request-confirmed-by-us]"), `"request-confirmed-by-us" is not a custom status`},
		{"no list", purchase("statuses: completed"), `"completed" is not a list`},
		{"an empty status", purchase("statuses: [~]"), "statuses[0]: an empty value is not a text"},
		{"known custom status", purchase("custom_statuses: [completed]"), "is not a custom status"},
		{"custom statuses", purchase("custom_statuses: all"), `"all" is neither earn nor ignore nor a list`},

		{"currency", purchase("currencies: {€: 1}"), `currencies."€": the key is not a currency code`},
		{"currency twice", purchase("currencies: {usd: 1, USD: 2}"), "currencies.USD: stands twice"},
		{"currencies as list", purchase("currencies: [USD]"), "a list is not a map"},
		{"id 0", purchase("products: {0: {exclude: true}}"), "products.0: the key is not an id"},
		{"id with zeros", purchase("products: {012: {exclude: true}}"), "products.012: the key is not an id"},
		{"id as word", purchase("products: {shoe: {exclude: true}}"), "products.shoe: the key is not an id"},
		{"huge id", purchase("products: {9223372036854775808: {exclude: true}}"), "the key is not an id"},
		{"empty rule", purchase("products: {1: {}}"), "products.1: has none of exclude, points, points_per_unit"},
		{"no rule", purchase("products: {1: }"), "products.1: an empty value is not a map of keys"},
		{"two rules", purchase("products: {1: {exclude: true, points: 1}}"), "products.1: has exclude and points together"},
		{"not excluded", purchase("products: {1: {exclude: false}}"), `products.1.exclude: "false" says nothing`},
		{"points of a category", purchase("categories: {1: {points: 1}}"), "categories.1.points: fixed points are for products only"},
		{"unknown rule", purchase("products: {1: {excluded: true}}"), "products.1.excluded: unknown key; the nearest known one is exclude"},
		{"a rule of nothing", purchase("products: {1: {points: }}"), "products.1.points: an empty value is not a number"},
		{"a rule twice", purchase("products: {1: {exclude: true}, 1: {exclude: true}}"), "products.1: stands twice"},

		{"threshold without points", "program: {earn: {high_spend: [{amount: 1}]}}", "high_spend[0]: has no points"},
		{"threshold with half points", "program: {earn: {high_spend: [{amount: 1, points: 0.5}]}}", `high_spend[0].points: "0.5" is not a whole number`},
		{"campaign with nothing", campaign("name: x"), "campaigns[0]: has none of points, multiplier"},
		{"campaign with both", campaign("points: 1, multiplier: 2"), "campaigns[0]: has points and multiplier together"},
		{"multiplier below 1", campaign("multiplier: 0.99"), `campaigns[0].multiplier: "0.99" is less than 1`},
		{"campaign backwards", campaign("from: 2026-02-01, to: 2026-01-01, points: 1"), `campaigns[0].from: "2026-02-01" is not before "2026-01-01"`},
		{"campaign of no length", campaign(`from: 2026-02-01, to: "2026-02-01T00:00", points: 1`), "is not before"},
		{"campaign in one word", "program: {earn: {campaigns: [summer]}}", `campaigns[0]: "summer" is not a map of keys`},

		{"no such day", "program: {starts: 2026-02-29}", `program.starts: "2026-02-29" is not a date`},
		{"an offset", `program: {starts: "2026-02-01T00:00:00Z"}`, "is not a date"},
		{"a fraction", `program: {starts: "2026-02-01 00:00:00.5"}`, "is not a date"},
		{"an hour of one digit", `program: {starts: "2026-02-01 1:00"}`, "is not a date"},
		{"hour 24", `program: {starts: "2026-02-01 24:00"}`, "is not a date"},
		{"a year", "program: {starts: 2026}", "is not a date"},
		{"a user", "program: {exclude: {users: [0]}}", `users[0]: "0" is not a whole number from 1`},
		{"a role", `program: {exclude: {roles: [" "]}}`, `roles[0]: " " is not a role`},
		{"a role that is a truth", `program: {exclude: {roles: [true]}}`, `roles[0]: "true" is not a text`},
		{"a role that is a list", `program: {exclude: {roles: [[a]]}}`, `roles[0]: a list is not a text`},
		{"too many days", "program: {hold_days: 36501}", `"36501" is not a whole number from 0 to 36500`},

		{"no such schedule", "schedule: {sync: often}", `schedule.sync: "often" is not a schedule`},
		{"never", "schedule: {sync: 0 2 31 2 *}", "never comes"},
		{"a zone", "schedule: {sync: TZ=Europe/Berlin}", "must not name a time zone"},
		{"a zone and a time", "schedule: {sync: CRON_TZ=Europe/Berlin 0 2 * * *}", "must not name a time zone"},
		{"a nanosecond", `schedule: {sync: "@every 1ns"}`, "is not a whole number of seconds"},
		{"backwards", `schedule: {sync: "@every -5s"}`, "is not a whole number of seconds"},
		{"half seconds", `schedule: {sync: "@every 1500ms"}`, "is not a whole number of seconds"},
		{"every what", `schedule: {sync: "@every day"}`, "has no interval"},
		{"no schedule", `schedule: {sync: ""}`, "is not a schedule"},
		{"six fields", "schedule: {sync: 0 0 0 * * *}", "is not a schedule"},

		{"all addresses", `endpoint: {listen: ":8787"}`, "is not a loopback address"},
		{"another machine", `endpoint: {listen: "10.0.0.1:8787"}`, "set endpoint.remote: true"},
		{"a name", `endpoint: {listen: "example.org:8787"}`, "is not a loopback address"},
		{"no port", "endpoint: {listen: 127.0.0.1}", "is not an address"},
		{"a service name", `endpoint: {listen: "127.0.0.1:http"}`, "has no port number"},
		{"a high port", `endpoint: {listen: "127.0.0.1:65536"}`, "has no port number"},
		{"a relative socket", `endpoint: {listen: "unix:x.sock"}`, "does not name a socket by its full path"},
		{"a long socket", "endpoint: {listen: /" + strings.Repeat("x", 107) + "}", "is longer than the 107 bytes"},

		{"a short key", "endpoint: {key: secret}", "endpoint.key: is shorter than 32 characters"},
		{"a token with a space", `endpoint: {token: "0123456789 0123456789 0123456789 0123456789"}`, "endpoint.token: has spaces or characters other than ASCII"},
		{"a token and its file", "endpoint: {token: 0123456789012345678901234567890x, token_file: /a}", "endpoint.token_file: given together with endpoint.token"},
		{"no key file", "endpoint: {key_file: /nowhere/at/all}", `endpoint.key_file: "/nowhere/at/all" cannot be read`},
		{"an empty key file", "endpoint: {key_file: /dev/null}", `endpoint.key_file: what is in "/dev/null" is shorter than 32 characters`},

		{"both stores", "store: {wp_path: /a, dsn: u@tcp(h:1)/d}", "store.dsn: given together with store.wp_path"},
		{"both ledgers", "ledger: {dsn: u@tcp(h:1)/d, dsn_file: /a}", "ledger.dsn_file: given together with ledger.dsn"},
		{"a DSN without database", "ledger: {dsn: u@tcp(h:1)/}", "ledger.dsn: the DSN names no database"},
		{"no DSN", "ledger: {dsn: nonsense}", "ledger.dsn: the DSN is not of the form user:password@tcp"},
		{"a DSN of two lines", `ledger: {dsn: "u@tcp(h:1)/d\nx"}`, "the DSN is not of the form"},
		{"no DSN file", "ledger: {dsn_file: /nowhere/at/all}", `ledger.dsn_file: "/nowhere/at/all" cannot be read: no such file or directory`},
		{"a folder as DSN file", "ledger: {dsn_file: /}", `"/" cannot be read: is a directory`},
		{"a prefix", "store: {table_prefix: wp-}", `table prefix "wp-": only letters`},
		{"a table", "store: {users_table: a.b.c}", `table "a.b.c": only letters`},
		{"a table of nothing", "store: {usermeta_table: people.}", `table "people.": only letters`},
		{"a table with more", "store: {users_table: \"users; DROP TABLE x\"}", `table "users; DROP TABLE x": only letters`},
	}
	for _, test := range cases {
		_, err := load(t, test.file, nil)
		got := problems(t, err)
		if !strings.Contains(strings.Join(got, "\n"), test.want) {
			t.Errorf("%s: problems\n  %s\nwant one with\n  %s", test.name, strings.Join(got, "\n  "), test.want)
		}
		if len(got) > 1 && test.name != "a billion laughs" {
			t.Errorf("%s: %d problems for one mistake\n  %s", test.name, len(got), strings.Join(got, "\n  "))
		}
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a largest redemption that is a multiple": "program: {redeem: {min: 100, max: 100, multiple: 100}}",
		"nothing is given back":                   "program: {redeem: {give_back: []}}",
		"a socket":                                "endpoint: {listen: /run/loyaltyd/loyaltyd.sock}",
		"a socket with its scheme":                `endpoint: {listen: "unix:/run/l.sock"}`,
		"IPv6":                                    `endpoint: {listen: "[::1]:8787"}`,
		"any port":                                `endpoint: {listen: "LOCALHOST:0"}`,
		"all, when it is wanted":                  `endpoint: {listen: ":8787", remote: true}`,
		"a leap day":                              `schedule: {sync: 0 0 29 2 *}`,
		"zero in disguise":                        "program: {earn: {purchase: {min_order: -0.000}}}",
		"an exponent in an amount":                "program: {earn: {purchase: {min_order: 1.5e3}}}",
		"thirty digits":                           "program: {earn: {purchase: {min_order: 999999999999999999999999999999}}}",
		"the highest rate":                        "program: {earn: {purchase: {points_per_unit: 1000000000}}}",
		"a status longer than its column":         "program: {earn: {purchase: {custom_statuses: [ready-for-collection-in-our-shop-round-the-corner]}}}",
		"no status":                               "program: {earn: {purchase: {statuses: [], custom_statuses: []}}}",
		"an open campaign":                        "program: {earn: {campaigns: [{from: , to: \"\", multiplier: 1}]}}",
		"a numeric campaign name":                 "program: {earn: {campaigns: [{name: 2026, points: 0}]}}",
		"seconds":                                 `program: {starts: "2026-01-01 10:00:59"}`,
	} {
		if _, err := load(t, file, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	huge := write(t, "huge.yaml", strings.Repeat("# nothing\n", 200_000))
	for path, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): "cannot be read: no such file or directory: check the name and who may read it",
		dir:                             "cannot be read: is a directory",
		huge:                            "is larger than 1048576 bytes",
	} {
		_, err := load(t, "", nil, "--config", path)
		if got := problems(t, err); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%s: problems %q, want %q", path, got, want)
		}
	}
}

// A file that is not a configuration at all takes neither for ever nor a
// screen without end.
func TestManyProblemsAreCut(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&file, "not_a_known_key_at_all_%d: 1\n", i)
	}
	began := time.Now()
	_, err := load(t, file.String(), nil)
	if err == nil || strings.Count(err.Error(), "\n") != 51 {
		t.Errorf("%d lines, want a headline, 50 problems and the count of the rest", strings.Count(err.Error(), "\n")+1)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestOneProblemIsOneLine(t *testing.T) {
	t.Parallel()
	_, err := load(t, "", []string{"LOYALTYD_BRAKE_ENTRIES=x"})
	want := `configuration: LOYALTYD_BRAKE_ENTRIES: brake.entries: "x" is not a whole number from 0 to 9223372036854775807, written in digits only`
	if d := cmp.Diff(want, fmt.Sprint(err)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestCronRunsInTheTimeZoneItIsAskedIn(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("site", 5*3600+1800)
	now := time.Date(2026, 3, 1, 23, 0, 0, 0, zone)
	if got, want := cronLine("5 0 * * *").Next(now), time.Date(2026, 3, 2, 0, 5, 0, 0, zone); !got.Equal(want) {
		t.Errorf("next at %v, want %v", got, want)
	}
	if got, want := cronLine("@every 15s").Next(now), now.Add(15*time.Second); !got.Equal(want) {
		t.Errorf("next at %v, want %v", got, want)
	}
	if !(config.Cron{}).Next(now).IsZero() {
		t.Error("a schedule that was not given comes")
	}
}

func TestEndpointAddress(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string][2]string{
		"127.0.0.1:8787": {"tcp", "127.0.0.1:8787"},
		"/run/l.sock":    {"unix", "/run/l.sock"},
		"unix:/run/l":    {"unix", "/run/l"},
	} {
		network, address := config.Endpoint{Listen: listen}.Address()
		if [2]string{network, address} != want {
			t.Errorf("%s: %s %s, want %v", listen, network, address, want)
		}
	}
}

func FuzzLoadFile(f *testing.F) {
	f.Add(everythingYAML)
	f.Add(everythingJSON)
	f.Add("a: [")
	f.Add("? {a: b}\n: 1")
	f.Add("store: {dsn: &a b, x: *a}")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file string) {
		path := filepath.Join(dir, "loyaltyd.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := load(t, "", nil, "--config", path)
		if err != nil {
			problems(t, err) // an InvalidError, always
			return
		}
		if err := c.Program.Rules.Validate(); err != nil {
			t.Errorf("rules that mean nothing are accepted: %v", err)
		}
		text := printed(t, c)
		if strings.Contains(text, " not shown") {
			return
		}
		again, err := load(t, text, nil)
		if err != nil {
			t.Fatalf("what Print wrote cannot be loaded: %v\n%s", err, text)
		}
		if d := diff(c, again); d != "" {
			t.Errorf("(-printed +loaded)\n%s", d)
		}
	})
}

func FuzzParseCron(f *testing.F) {
	for _, seed := range []string{"5 0 * * *", "@every 1h", "TZ=x", "CRON_TZ=", "*/0 * * * *", "0-99999999999999999999 * * * *", "@", "? ? ? ? ?"} {
		f.Add(seed)
	}
	start := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.ParseCron(text)
		if err != nil {
			return
		}
		first := c.Next(start)
		if second := c.Next(first); second.Sub(first) < time.Second {
			t.Errorf("%q comes at %v and again at %v", text, first, second)
		}
	})
}
