package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"loyaltyd/config"
)

func printed(t *testing.T, c config.Config) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPrint(t *testing.T) {
	t.Parallel()
	cases := map[string]config.Config{
		"print-defaults.yaml": mustLoad(t, "", nil),
		"print-file.yaml":     mustLoad(t, everythingYAML, nil),
		"print-mixed.yaml": mustLoad(t, "store: {wp_path: /srv}\nprogram: {starts: 2026-01-01, exclude: {roles: [a]}}",
			[]string{
				"LOYALTYD_PROGRAM_EXCLUDE_ROLES='x', a: b", "LOYALTYD_BRAKE_PERCENT=7.0",
				`LOYALTYD_PROGRAM_EARN_PURCHASE_PRODUCTS={"12":{"exclude":true},"13":{"points":"1"}}`,
				"LOYALTYD_PROGRAM_EARN_HIGH_SPEND=[]", "LOYALTYD_PROGRAM_EARN_PURCHASE_CUSTOM_STATUSES=ignore",
			},
			"--dsn", "me@tcp(db)/shop?tls=true", "--ledger-dsn", "you:hush@unix(/run/x.sock)/points", "--listen", "localhost:1",
			"--set", "program.earn.campaigns=[{\"name\":\"\\u001b[2J\",\"points\":1}]"),
	}
	for name, c := range cases {
		golden(t, name, withoutFolders(printed(t, c)))
	}
}

func TestPrintLoadsAgain(t *testing.T) {
	t.Parallel()
	without := strings.NewReplacer(":p@ss@", "@", keyText, "", tokenText, "")
	for _, file := range []string{"", everythingYAML, everythingJSON} {
		c := mustLoad(t, without.Replace(file), nil)
		again := mustLoad(t, printed(t, c), nil)
		if d := diff(c, again); d != "" {
			t.Errorf("(-printed +loaded)\n%s", d)
		}
	}
}

func TestPrintedPasswordIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	_, err := load(t, printed(t, mustLoad(t, everythingYAML, nil)), nil)
	want := []string{
		"store.dsn: the DSN has *** in place of the password", "endpoint.key: is ***, as `loyaltyd config print` shows it",
		"endpoint.token: is ***, as `loyaltyd config print` shows it",
	}
	got := problems(t, err)
	for i := range want {
		if len(got) != len(want) || !strings.Contains(got[i], want[i]) {
			t.Fatalf("problems %q, want %q", got, want)
		}
	}
}

func TestPasswordsNeverShow(t *testing.T) {
	t.Parallel()
	const secret = "tr0ub4dor"
	dsn := "shop:" + secret + "@tcp(db:3306)/wordpress"
	key := strings.Repeat(secret, 4)
	c := mustLoad(t, "ledger: {dsn: \""+dsn+"\"}\nendpoint: {key: "+key+"}", nil, "--dsn", dsn, "--set", "endpoint.token="+key)
	if c.Store.DSN.Reveal() != dsn || c.Ledger.DSN.Reveal() != dsn {
		t.Fatal("the DSN did not arrive")
	}
	if c.Endpoint.Key.Reveal() != key || c.Endpoint.Token.Reveal() != key {
		t.Fatal("the key did not arrive")
	}
	hidden := struct{ private config.DSN }{c.Store.DSN}

	var outputs []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		for _, v := range []any{c, &c, c.Store, c.Store.DSN, &c.Store.DSN, c.Endpoint, c.Endpoint.Key, &c.Endpoint.Token, hidden, []config.DSN{c.Store.DSN}} {
			outputs = append(outputs, fmt.Sprintf(verb, v))
		}
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(c.Store)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c, "dsn", c.Store.DSN, "store", c.Store)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", c, "dsn", c.Store.DSN, "store", c.Store)
	outputs = append(outputs, string(asJSON), string(asYAML), log.String(), printed(t, c))

	// Nor in errors, where a DSN stands wrong or in the wrong place.
	for _, file := range []string{
		"store: {dsn: \"" + dsn + "\", dsn_file: /x}", "store: \"" + dsn + "\"", "store: [\"" + dsn + "\"]",
		"store: {dsn: [\"" + dsn + "\"]}", "store: {dsn: \"" + secret + "@nowhere\"}", "store: {dsn: \"u:" + secret + "@tcp(h:1)/\"}",
		"store: {dsn: \"u:" + secret + "@tcp(h:1)/d?tls=none-such\"}", "store: {dsn: !x \"" + dsn + "\"}",
		"store: {dsn: *" + secret + "}",
		"endpoint: {key: " + secret + "}", "endpoint: {key: [" + key + "]}", "endpoint: {token: \"" + key + " ö\"}",
		"endpoint: \"" + key + "\"", "endpoint: {key: " + key + ", key_file: /x}", "endpoint: {key: !x \"" + key + "\"}",
	} {
		_, err := load(t, file, nil)
		if err == nil {
			t.Errorf("%q is accepted", file)
			continue
		}
		outputs = append(outputs, err.Error())
	}
	for _, out := range outputs {
		if strings.Contains(out, secret) || strings.Contains(out, fmt.Sprintf("%x", secret)) {
			t.Errorf("the password shows in:\n%s", out)
		}
	}
	if got, want := c.Store.DSN.String(), "shop:***@tcp(db:3306)/wordpress"; got != want {
		t.Errorf("String %q, want %q", got, want)
	}
}

// withoutFolders cuts the folder off the notes that name a file.
func withoutFolders(text string) string {
	return regexp.MustCompile(`# /\S*/`).ReplaceAllString(strings.ReplaceAll(text, "from /", "from # /"), "# ")
}
