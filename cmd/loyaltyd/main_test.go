package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
)

var update = flag.Bool("update", false, "write the golden files")

// stand is a store with what tests ask of it and of the commands.
type stand struct {
	t    *testing.T
	db   *testshop.Database
	shop *testshop.Shop
	dsn  string // of the commands' user
}

// each runs test on a fresh store for each server.
func each(t *testing.T, o testshop.Options, test func(s *stand)) {
	t.Helper()
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		test(newStand(t, db, o))
	})
}

func newStand(t *testing.T, db *testshop.Database, o testshop.Options) *stand {
	t.Helper()
	s := &stand{t: t, db: db, shop: db.Shop(t, o), dsn: db.DSN()}
	s.dsn = s.user()
	return s
}

// user makes a database user with what `loyaltyd grants` prints, and nothing
// else, and returns its DSN.
func (s *stand) user(args ...string) string {
	s.t.Helper()
	text := s.ok(append([]string{"grants", "--user", "somebody@somewhere"}, args...)...)
	return s.db.User(s.t, strings.ReplaceAll(text, "'somebody'@'somewhere'", "{user}"))
}

// answer is what a command did.
type answer struct {
	status         int
	stdout, stderr string
}

// command runs loyaltyd on the stand's store.
func (s *stand) command(args ...string) answer {
	s.t.Helper()
	where := []string{"--dsn", s.dsn, "--set", "brake.percent=100", "--table-prefix", string(s.shop.Prefix)}
	if users := s.shop.UserTables; users != database.UsersUnder(s.shop.UsersPrefix) {
		where = append(where, "--set", "store.users_table="+string(users.Users))
		if users.Meta != database.UsersUnder(s.shop.UsersPrefix).Meta {
			where = append(where, "--set", "store.usermeta_table="+string(users.Meta))
		}
	}
	return command(s.t, append(where, args...)...)
}

func command(t testing.TB, args ...string) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), args, strings.NewReader(""), &stdout, &stderr, nil)
	return answer{status, stdout.String(), stderr.String()}
}

// ok runs a command that must succeed and returns its output.
func (s *stand) ok(args ...string) string {
	s.t.Helper()
	a := s.command(args...)
	if a.status != 0 {
		s.t.Fatalf("loyaltyd %s: exit status %d\n%s%s", strings.Join(args, " "), a.status, a.stdout, a.stderr)
	}
	return a.stdout
}

func (s *stand) ctx() context.Context { return s.t.Context() }

// customer adds a user and returns his id.
func (s *stand) customer(login string) int64 {
	s.t.Helper()
	id, err := s.shop.AddUser(s.ctx(), testshop.User{
		Login: login, Email: login + "@mail.example", DisplayName: strings.ToUpper(login[:1]) + login[1:],
		Registered: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// order places a paid order of one line.
func (s *stand) order(customer int64, total string, at time.Time) int64 {
	s.t.Helper()
	id, err := s.shop.PlaceOrder(s.ctx(), testshop.Order{
		Customer: customer, Status: "completed", Lines: []testshop.Line{{Name: "A thing", Total: total}},
		Created: at, Modified: at, Paid: at, Completed: at,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

var spring = time.Date(2026, 4, 5, 6, 7, 8, 0, time.UTC)

// golden compares text with a file under testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs:\n%s\nwant:\n%s", path, text, want)
	}
}

var (
	tookTime = regexp.MustCompile(`\d+(\.\d+)?(µs|ms|s)\)`)
	fullTime = regexp.MustCompile(`20\d\d-\d\d-\d\d(T| )\d\d:\d\d(:\d\d(\.\d+)?)?Z?`)
)

// steady replaces what differs from run to run: durations, the times of today,
// versions, names of users, databases and sockets.
func steady(text string) string {
	text = tookTime.ReplaceAllString(text, "0s)")
	text = fullTime.ReplaceAllStringFunc(text, func(at string) string {
		if strings.HasPrefix(at, "2026-04-05") || strings.HasPrefix(at, "2026-01-02") {
			return at
		}
		whole, _, _ := strings.Cut(at, ".")
		return digits.ReplaceAllString(strings.TrimSuffix(whole, "Z"), "#")
	})
	for _, r := range volatile {
		text = r.pattern.ReplaceAllString(text, r.with)
	}
	return text
}

var digits = regexp.MustCompile(`\d`)

var volatile = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`command line: [^\]"]+`), "command line: me"},
	{regexp.MustCompile(`(u_)?[0-9a-f]{12}:\*\*\*`), "user:***"},
	{regexp.MustCompile(`'u_[0-9a-f]{12}'@'[^']*'`), "'user'@'host'"},
	{regexp.MustCompile(`u_[0-9a-f]{12}`), "user"},
	{regexp.MustCompile(`test_[0-9a-f]{12}`), "database"},
	{regexp.MustCompile(`/[^ ()]*/s\.sock`), "/s.sock"},
	{regexp.MustCompile(`runs on [^\n]+`), "runs on VERSION"},
	{regexp.MustCompile(`\d+ seconds? ago`), "N seconds ago"},
}

func TestFirstSyncPostsAndReports(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		out := s.ok("sync")
		golden(s.t, "sync_first", steady(out))
		golden(s.t, "sync_nothing", steady(s.ok("sync")))
		golden(s.t, "report_earners", s.ok("report", "earners"))
		golden(s.t, "report_sources", s.ok("report", "sources"))
		golden(s.t, "report_status", s.ok("report", "status"))
		golden(s.t, "report_history", s.ok("report", "history", "--user", "ADA"))
		golden(s.t, "report_balances", steady(s.ok("report", "balances", "--format", "csv")))
	})
}

func TestExplainAdjustVerify(t *testing.T) {
	each(t, testshop.Options{Timezone: "Europe/Berlin"}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		s.ok("sync")
		golden(s.t, "adjust", s.ok("adjust", "ada@MAIL.example", "-50", "--note", "Given twice", "--key", "k1"))
		golden(s.t, "adjust_again", s.ok("adjust", "2", "-50", "--note", "Given twice", "--key", "k1"))
		golden(s.t, "explain", steady(s.ok("explain", "ada")))
		golden(s.t, "explain_json", steady(s.ok("explain", "ada", "--format", "json")))
		golden(s.t, "verify", s.ok("verify"))
	})
}

func TestDoctor(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		golden(s.t, "doctor_before", steady(s.ok("doctor")))
		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		s.ok("sync")
		golden(s.t, "doctor_after", steady(s.ok("doctor")))
		golden(s.t, "grants", steady(s.ok("grants")))
		golden(s.t, "grants_apart", steady(s.ok("grants", "--ledger-dsn", "a:b@tcp(elsewhere:3306)/points")))
	})
}
