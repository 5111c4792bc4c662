package config_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/config"
	"loyaltyd/sync/program"
)

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
		Program: program.Settings{
			Rules:           program.Defaults(),
			NegativeBalance: program.NegativeAllow,
			DeletedOrders:   program.DeletedTakeBack,
			Redeem:          program.Redeem{PointsPerUnit: decimal("100"), Multiple: 1, CouponDays: 365, GiveBack: program.GiveBack{Expired: true, Deleted: true, Refunded: true}},
			Expiry:          program.Expiry{Mode: program.ExpiryNone, Days: 365},
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
		`WordPress settings:1: program.earn.signup.points: "-1" is not a whole number from 0 to 1000000000000000, written in digits only`,
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
