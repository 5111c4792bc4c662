package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"loyaltyd/internal/testshop"
)

// sums returns a checksum of each table of the database, by name.
func (s *stand) sums() map[string]string {
	s.t.Helper()
	var tables []string
	err := s.db.Root.SelectContext(s.ctx(), &tables, `
		SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`)
	if err != nil {
		s.t.Fatal(err)
	}
	sums := map[string]string{}
	for _, table := range tables {
		var name, sum string
		if err := s.db.Root.QueryRowContext(s.ctx(), "CHECKSUM TABLE `"+table+"`").Scan(&name, &sum); err != nil {
			s.t.Fatal(err)
		}
		sums[table] = sum
	}
	return sums
}

// changed names the tables that are not as they were.
func changed(before, after map[string]string) []string {
	var names []string
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if before[name] != after[name] {
			names = append(names, name)
		}
	}
	return names
}

// exec changes the database behind everybody's back.
func (s *stand) exec(query string, args ...any) {
	s.t.Helper()
	if _, err := s.db.Root.ExecContext(s.ctx(), s.shop.Prefix.SQL(query), args...); err != nil {
		s.t.Fatal(err)
	}
}

// with returns the DSN with changes.
func (s *stand) with(change func(*mysql.Config)) string {
	s.t.Helper()
	parsed, err := mysql.ParseDSN(s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	change(parsed)
	return parsed.FormatDSN()
}

var serverWords = []struct {
	pattern *regexp.Regexp
	with    string
}{
	// The brands write these differently.
	{regexp.MustCompile("for table [`'][^ :,;)]+"), "for table TABLE"},
	{regexp.MustCompile("'(user|root)'@'(localhost|%)'"), "'user'@'host'"},
	{regexp.MustCompile(`Error (\d+) \([0-9A-Z]+\)`), "Error $1"},
	{regexp.MustCompile(`the server at [^ ]+`), "the server at ADDRESS"},
	{regexp.MustCompile(`/[^ :"]*/([a-z.]+)`), "/…/$1"},
}

func refusal(a answer) string {
	text := steady(fmt.Sprintf("exit status %d\n%s%s", a.status, a.stdout, a.stderr))
	for _, w := range serverWords {
		text = w.pattern.ReplaceAllString(text, w.with)
	}
	return text
}

// Each of these ends with a message that says what to do, the right exit
// status, and no table touched.
func TestRefusals(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		empty := testshopEmpty(s)
		file := func(text string) string {
			path := filepath.Join(s.t.TempDir(), "loyaltyd.yaml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				s.t.Fatal(err)
			}
			return path
		}
		readOnly := s.db.User(s.t, "GRANT SELECT ON `"+s.db.Name+"`.* TO {user};")
		someGrants := regexp.MustCompile(`(?m)^.*wp_commentmeta.*$`).ReplaceAllString(s.ok("grants", "--user", "a@b"), "")
		fewRights := s.db.User(s.t, strings.ReplaceAll(someGrants, "'a'@'b'", "{user}"))
		const (
			failed = 1
			misuse = 2
		)
		for _, c := range []struct {
			name   string
			status int
			args   []string
		}{
			{"wrong_password", failed, []string{"sync", "--dsn", s.with(func(c *mysql.Config) { c.Passwd = "opensesame" })}},
			{"no_server", failed, []string{"sync", "--dsn", "a:opensesame@unix(/tmp/nobody.sock)/shop"}},
			{"no_database", failed, []string{"sync", "--dsn", strings.Replace(s.db.DSN(), s.db.Name, "nosuch", 1)}},
			{"database_not_allowed", failed, []string{"sync", "--dsn", s.with(func(c *mysql.Config) { c.DBName = "nosuch" })}},
			{"no_wordpress", failed, []string{"sync", "--dsn", empty}},
			{"wrong_prefix", failed, []string{"sync", "--dsn", s.db.DSN(), "--table-prefix", "shop_"}},
			{"wrong_prefix_few_rights", failed, []string{"sync", "--dsn", s.dsn, "--table-prefix", "shop_"}},
			{"bad_prefix", misuse, []string{"sync", "--dsn", s.dsn, "--table-prefix", "wp`; DROP"}},
			{"read_only_user", failed, []string{"sync", "--dsn", readOnly}},
			{"missing_grant", failed, []string{"sync", "--dsn", fewRights}},
			{"missing_grant_doctor", failed, []string{"doctor", "--dsn", fewRights}},
			{"no_store", misuse, []string{"sync"}},
			{"no_wp_config", misuse, []string{"sync", "--wp-path", "testdata"}},
			{"typo", misuse, []string{"sync", "--dsn", s.dsn, "--config", file("program:\n  earn:\n    purchase: {points_per_unti: 2}\n")}},
			{"bad_cron", misuse, []string{"sync", "--dsn", s.dsn, "--set", "schedule.sync=every minute"}},
			{"negative_rate", misuse, []string{"sync", "--dsn", s.dsn, "--set", "program.earn.purchase.points_per_unit=-1"}},
			{"absurd_rate", misuse, []string{"sync", "--dsn", s.dsn, "--set", "program.earn.purchase.points_per_unit=1e30"}},
			{"several_problems", misuse, []string{"config", "check", "--dsn", s.dsn, "--set", "program.hold_days=soon", "--set", "brake.percent=200"}},
			{"no_tables_yet", failed, []string{"report", "status", "--dsn", s.dsn}},
			{"migrate_check", failed, []string{"migrate", "--check", "--dsn", s.dsn}},
			{"unknown_command", misuse, []string{"snyc"}},
			{"unknown_report", misuse, []string{"report", "sorces"}},
			{"unknown_flag", misuse, []string{"sync", "--fulll"}},
			{"bad_format", misuse, []string{"sync", "--format", "xml"}},
			{"two_modes", misuse, []string{"sync", "--full", "--sweep"}},
			{"too_many_arguments", misuse, []string{"sync", "now"}},
			{"no_user", misuse, []string{"explain"}},
			{"bad_period", misuse, []string{"report", "status", "--period", "fortnight"}},
			{"bad_day", misuse, []string{"report", "status", "--from", "2026-02-30"}},
			{"days_backwards", misuse, []string{"report", "status", "--from", "2026-02-03", "--to", "2026-02-02"}},
			{"period_and_days", misuse, []string{"report", "status", "--period", "last_week", "--to", "2026-02-02"}},
			{"bad_source", misuse, []string{"report", "history", "--source", "gift"}},
			{"bad_page", misuse, []string{"report", "balances", "--page", "0"}},
			{"adjust_without_note", misuse, []string{"adjust", "ada", "50", "--dsn", s.dsn}},
			{"adjust_by_nothing", misuse, []string{"adjust", "ada", "0", "--note", "x"}},
			{"adjust_overflow", misuse, []string{"adjust", "ada", "-9999999999999999999", "--note", "x"}},
			{"adjust_fraction", misuse, []string{"adjust", "ada", "1.5", "--note", "x"}},
			{"bad_account", misuse, []string{"grants", "--user", "a'; DROP"}},
		} {
			s.t.Run(c.name, func(t *testing.T) {
				before := s.sums()
				a := command(t, c.args...)
				if a.status != c.status {
					t.Errorf("exit status %d, want %d", a.status, c.status)
				}
				if names := changed(before, s.sums()); len(names) > 0 {
					t.Errorf("changed tables %v", names)
				}
				if strings.Contains(a.stdout+a.stderr, "opensesame") {
					t.Errorf("shows a password:\n%s", a.stderr)
				}
				golden(t, "refused/"+c.name, refusal(a))
			})
		}
	})
}

// testshopEmpty returns the DSN of a user who may see nothing but an empty
// database.
func testshopEmpty(s *stand) string {
	name := s.db.Name + "_empty"
	if err := s.db.Server.CreateDatabase(s.ctx(), name); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := s.db.Server.DropDatabase(s.t.Context(), name); err != nil {
			s.t.Log(err)
		}
	})
	return s.db.Server.DSN(name)
}

// These are found on a store whose ledger is in use.
func TestRefusalsOfARunningStore(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.customer("bob")
		s.order(ada, "120.50", spring)
		s.ok("sync")
		s.exec(`UPDATE {p}users SET user_email = 'ada@mail.example' WHERE user_login = 'bob'`)
		for _, c := range []struct {
			name   string
			before string // SQL
			after  string
			args   []string
		}{
			{name: "unknown_user", args: []string{"explain", "nobody@mail.example"}},
			{name: "unknown_id", args: []string{"adjust", "4711", "5", "--note", "x"}},
			{name: "ambiguous_user", args: []string{"explain", "ada@mail.example"}},
			{name: "no_plan", args: []string{"sync", "--accept", "0123456789abcdef"}},
			{name: "key_reused", args: []string{"adjust", "ada", "6", "--note", "x", "--key", "once"}},
			{
				name: "bad_time_zone", args: []string{"sync"},
				before: `UPDATE {p}options SET option_value = 'Mars/Olympus' WHERE option_name = 'timezone_string'`,
				after:  `UPDATE {p}options SET option_value = '' WHERE option_name = 'timezone_string'`,
			},
			{
				name: "newer_ledger", args: []string{"sync"},
				before: `INSERT INTO {p}loyalty_migrations VALUES ('ledger', 99, '0099_future.sql', UTC_TIMESTAMP(6))`,
				after:  `DELETE FROM {p}loyalty_migrations WHERE number = 99`,
			},
			{
				name: "newer_reports", args: []string{"report", "status"},
				before: `INSERT INTO {p}loyalty_migrations VALUES ('reports', 99, '0099_future.sql', UTC_TIMESTAMP(6))`,
				after:  `DELETE FROM {p}loyalty_migrations WHERE number = 99`,
			},
			{
				name: "edited_entry", args: []string{"verify"},
				before: `UPDATE {p}loyalty_entries SET points = 121 WHERE id = 1`,
				after:  `UPDATE {p}loyalty_entries SET points = 120 WHERE id = 1`,
			},
			{
				name: "edited_entry_repair", args: []string{"verify", "--repair"},
				before: `UPDATE {p}loyalty_entries SET points = 121 WHERE id = 1`,
				after:  `UPDATE {p}loyalty_entries SET points = 120 WHERE id = 1`,
			},
			{
				name: "no_woocommerce", args: []string{"sync"},
				before: `RENAME TABLE {p}woocommerce_order_items TO {p}woocommerce_gone`,
				after:  `RENAME TABLE {p}woocommerce_gone TO {p}woocommerce_order_items`,
			},
		} {
			outer := s
			outer.t.Run(c.name, func(t *testing.T) {
				s := *outer
				s.t = t
				if c.name == "key_reused" {
					s.ok("adjust", "ada", "5", "--note", "x", "--key", "once")
				}
				if c.before != "" {
					s.exec(c.before)
				}
				before := s.sums()
				a := s.command(c.args...)
				if a.status != 1 {
					t.Errorf("exit status %d, want 1", a.status)
				}
				names := changed(before, s.sums())
				// The lease's row counts transactions, also those that only look.
				names = slices.DeleteFunc(names, func(name string) bool { return name == "wp_loyalty_writer" })
				if len(names) > 0 && !strings.HasPrefix(c.name, "edited_entry") {
					t.Errorf("changed tables %v", names)
				}
				if slices.Contains(names, "wp_loyalty_entries") {
					t.Error("changed entries")
				}
				golden(t, "refused/"+c.name, refusal(a))
				if c.after != "" {
					s.exec(c.after)
				}
			})
		}
	})
}
