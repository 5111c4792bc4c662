package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
)

// balances returns what `report balances` says, by user.
func (s *stand) balances(args ...string) map[int64]int64 {
	s.t.Helper()
	var rows []struct {
		User    int64 `json:"user_id"`
		Balance int64 `json:"balance"`
	}
	if err := json.Unmarshal([]byte(s.ok(append([]string{"report", "balances", "--format", "json"}, args...)...)), &rows); err != nil {
		s.t.Fatal(err)
	}
	all := map[int64]int64{}
	for _, row := range rows {
		all[row.User] = row.Balance
	}
	return all
}

// Under exactly the rights that grants prints, every kind of store syncs,
// reports and verifies.
func TestEveryKindOfStoreUnderItsGrants(t *testing.T) {
	for name, o := range map[string]testshop.Options{
		"hpos":                 {Storage: testshop.HPOS, Timezone: "America/New_York", Currency: "EUR"},
		"legacy":               {Storage: testshop.Legacy, GMTOffset: "5.5"},
		"legacy without hpos":  {Storage: testshop.Legacy, NoOrderTables: true},
		"compatibility mode":   {Storage: testshop.Synced},
		"a site of a network":  {Prefix: "wp_7_", UsersPrefix: "wp_"},
		"a site of an unusual": {Prefix: "My$Shop_"},
		"users of other names": {UserTables: database.UserTables{Users: "all$people", Meta: "people_meta"}},
		"only the users":       {Prefix: "wp_7_", UserTables: database.UserTables{Users: "people"}},
		"only a network's":     {Prefix: "wp_7_", UsersPrefix: "wp_", UserTables: database.UserTables{Users: "people"}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, o, func(s *stand) {
				ada := s.customer("ada")
				order := s.order(ada, "120.50", spring)
				s.order(s.customer("bob"), "80", spring)
				s.ok("sync")
				if _, err := s.shop.Refund(s.ctx(), order, testshop.Refund{Amount: "20.50"}); err != nil {
					s.t.Fatal(err)
				}
				s.ok("sync", "--sweep")
				s.ok("adjust", "bob", "5", "--note", "x")
				if got := fmt.Sprint(s.balances()); got != fmt.Sprintf("map[%d:100 %d:85]", ada, ada+1) {
					s.t.Errorf("balances %s", got)
				}
				s.ok("explain", "ada@mail.example")
				s.ok("sync", "--full")
				s.ok("verify")
				s.ok("verify", "--repair")
				s.ok("doctor")
			})
		})
	}
}

// The users in another database of the server.
func TestUsersOfAnotherDatabase(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		name := s.db.Name + "_people"
		if err := s.db.Server.CreateDatabase(s.ctx(), name); err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() {
			if err := s.db.Server.DropDatabase(s.t.Context(), name); err != nil {
				s.t.Log(err)
			}
		})
		if _, err := s.db.Root.ExecContext(s.ctx(), "RENAME TABLE wp_users TO "+name+".wp_users, wp_usermeta TO "+name+".wp_usermeta"); err != nil {
			s.t.Fatal(err)
		}
		if a := s.command("sync"); a.status != 1 || !strings.Contains(a.stderr, "wp_users") {
			s.t.Errorf("without the tables: exit status %d: %s", a.status, a.stderr)
		}
		if a := s.command("sync", "--dsn", s.db.DSN()); a.status != 1 || !strings.Contains(a.stderr, "store.users_table") {
			s.t.Errorf("without the tables, with all rights: exit status %d: %s", a.status, a.stderr)
		}
		s.shop.UserTables = database.UserTables{Users: database.TableName(name + ".wp_users"), Meta: database.TableName(name + ".wp_usermeta")}
		s.dsn = s.db.DSN()
		s.dsn = s.user()
		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		s.ok("sync")
		s.ok("verify")
		s.ok("doctor")
		if got := s.balances(); got[ada] != 120 {
			s.t.Errorf("balances %v", got)
		}
	})
}

// The ledger in a database of its own, each under its own rights.
func TestLedgerElsewhere(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		name := s.db.Name + "_ledger"
		if err := s.db.Server.CreateDatabase(s.ctx(), name); err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() {
			if err := s.db.Server.DropDatabase(s.t.Context(), name); err != nil {
				s.t.Log(err)
			}
		})
		there := func(dsn string) string {
			parsed, err := mysql.ParseDSN(dsn)
			if err != nil {
				s.t.Fatal(err)
			}
			parsed.DBName = name
			return parsed.FormatDSN()
		}
		s.dsn = s.db.DSN()
		text := s.ok("grants", "--user", "somebody@somewhere", "--ledger-dsn", there(s.dsn))
		site, ledger, found := strings.Cut(text, "-- For the server of the ledger")
		if !found {
			s.t.Fatal(text)
		}
		as := func(text string) string {
			_, text, _ = strings.Cut(text, "\n")
			text = regexp.MustCompile(`(?m)^(--|changed).*$`).ReplaceAllString(text, "")
			return s.db.User(s.t, strings.ReplaceAll(text, "'somebody'@'somewhere'", "{user}"))
		}
		s.dsn = as(site)
		apart := []string{"--ledger-dsn", there(as(ledger))}
		ok := func(args ...string) string { return s.ok(append(args, apart...)...) }

		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		ok("sync")
		ok("adjust", "ada", "-20", "--note", "x")
		if got := s.balances(apart...); got[ada] != 100 {
			s.t.Errorf("balances %v", got)
		}
		ok("explain", "ada")
		ok("verify")
		ok("verify", "--repair")
		golden(s.t, "doctor_apart", steady(ok("doctor")))
		// The ledger's home cannot be changed by mistake.
		before := s.sums()
		a := s.command("sync")
		if a.status != 1 || !strings.Contains(a.stderr, "set ledger.dsn") {
			s.t.Errorf("exit status %d: %s", a.status, a.stderr)
		}
		if names := changed(before, s.sums()); len(names) > 0 {
			s.t.Errorf("changed tables %v", names)
		}
	})
}

// Deductions beyond the brake wait for a person; the reports are refreshed all
// the same, and the plan posts exactly what it showed.
func TestBrakeAndAccept(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		var orders []int64
		for i := range 30 {
			orders = append(orders, s.order(s.customer(fmt.Sprintf("c%02d", i)), "100", spring))
		}
		s.ok("sync")
		for _, order := range orders {
			if err := s.shop.Delete(s.ctx(), order); err != nil {
				s.t.Fatal(err)
			}
		}
		s.order(s.customer("late"), "7", spring.AddDate(0, 1, 0))
		braked := []string{"--set", "brake.percent=5", "--set", "brake.entries=1000"}
		command := func(args ...string) answer {
			return command(s.t, append(append([]string{"--dsn", s.dsn}, braked...), args...)...)
		}
		a := command("sync", "--sweep")
		if a.status != 1 || !strings.Contains(a.stdout, "+7 points") {
			s.t.Errorf("exit status %d\n%s%s", a.status, a.stdout, a.stderr)
		}
		plan := regexp.MustCompile(`loyaltyd sync --accept ([0-9a-f]+)`).FindStringSubmatch(a.stderr)
		if plan == nil {
			s.t.Fatalf("no plan in %s", a.stderr)
		}
		withoutPlan := regexp.MustCompile(`[0-9a-f]{16}`)
		golden(s.t, "braked", withoutPlan.ReplaceAllString(refusal(a), "PLAN"))
		if sum := s.total(); sum != 3007 {
			s.t.Errorf("%d points, want 3007: nothing taken, 7 added", sum)
		}
		if a := command("doctor"); a.status != 1 || !strings.Contains(a.stdout, "FAIL  brake") || !strings.Contains(a.stdout, plan[1]) {
			s.t.Errorf("doctor: exit status %d\n%s", a.status, a.stdout)
		}
		if a := command("sync"); a.status != 1 || !strings.Contains(a.stdout, "Nothing was posted.") || strings.Contains(a.stdout, "up to date") {
			s.t.Errorf("sync again: exit status %d\n%s%s", a.status, a.stdout, a.stderr)
		}
		if a := command("sync", "--accept", "ffffffffffffffff"); a.status != 1 {
			s.t.Errorf("another plan: exit status %d\n%s%s", a.status, a.stdout, a.stderr)
		}
		if a := command("sync", "--accept", plan[1]); a.status != 0 {
			s.t.Fatalf("accept: exit status %d\n%s%s", a.status, a.stdout, a.stderr)
		}
		if sum := s.total(); sum != 7 {
			s.t.Errorf("%d points, want 7", sum)
		}
		if a := command("doctor"); a.status != 0 {
			s.t.Errorf("doctor: exit status %d\n%s", a.status, a.stdout)
		}
		s.ok("verify")
	})
}

// total returns the balance that the reports show.
func (s *stand) total() int64 {
	s.t.Helper()
	var rows []struct {
		Balance int64 `json:"balance"`
	}
	if err := json.Unmarshal([]byte(s.ok("report", "status", "--format", "json")), &rows); err != nil {
		s.t.Fatal(err)
	}
	return rows[0].Balance
}

// Repair makes the sums anew and posts what is missing, and adds entries only.
func TestRepair(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		s.ok("sync")
		for _, harm := range []string{
			`UPDATE {p}loyalty_points_daily SET points = points + 1`,
			`UPDATE {p}loyalty_points_status SET issued = issued + 1 WHERE period = 'all_time'`,
			`DELETE FROM {p}loyalty_top_earners`,
			`UPDATE {p}loyalty_points_sources SET customers = 9`,
		} {
			s.exec(harm)
			if a := s.command("verify"); a.status != 1 || !strings.Contains(a.stdout, "FAIL") {
				s.t.Errorf("%s: exit status %d\n%s%s", harm, a.status, a.stdout, a.stderr)
			}
			// What was found is not forgotten when the next run goes well.
			s.ok("sync")
			if a := s.command("doctor"); a.status != 1 || !strings.Contains(a.stdout, "FAIL  verification: the last one, ") {
				s.t.Errorf("%s: doctor: exit status %d\n%s%s", harm, a.status, a.stdout, a.stderr)
			}
			before := s.sums()
			s.ok("verify", "--repair")
			if text := s.ok("doctor"); !strings.Contains(text, "ok    verification: all agreed, ") {
				s.t.Errorf("%s: doctor after the repair:\n%s", harm, text)
			}
			if after := s.sums(); after["wp_loyalty_entries"] != before["wp_loyalty_entries"] {
				s.t.Errorf("%s: the repair changed entries", harm)
			}
			s.ok("verify")
		}
		var v struct {
			OK         bool `json:"ok"`
			Invariants []struct {
				Number int  `json:"number"`
				OK     bool `json:"ok"`
			} `json:"invariants"`
		}
		if err := json.Unmarshal([]byte(s.ok("verify", "--format", "json")), &v); err != nil {
			s.t.Fatal(err)
		}
		if !v.OK || len(v.Invariants) != 4 {
			s.t.Errorf("verify: %+v", v)
		}
	})
}

// Reports of pages, ranges and filters.
func TestReportsChoose(t *testing.T) {
	each(t, testshop.Options{Timezone: "America/New_York"}, func(s *stand) {
		for i := range 5 {
			s.order(s.customer(fmt.Sprintf("c%d", i)), fmt.Sprint(10*(i+1)), spring.AddDate(0, i, 0))
		}
		// 2026-04-05 in UTC is the day before in New York.
		night := s.order(s.customer("owl"), "7", time.Date(2026, 4, 5, 3, 0, 0, 0, time.UTC))
		s.ok("sync")
		var out strings.Builder
		for _, args := range []string{
			"status --from 2026-05-01 --to 2026-06-30",
			"status --period all --format csv",
			"sources --from 2026-06-01",
			"sources --source signup",
			"earners --from 2026-04-05 --to 2026-04-05",
			"earners --limit 2",
			"earners --to 2026-04-04",
			"history --limit 2",
			"history --limit 2 --page 2",
			"history --limit 2 --page 9",
			"history --type revoke",
			"history --source purchase --user owl",
			"balances --limit 4 --page 2",
			"balances --user owl --format json",
		} {
			text := s.ok(append([]string{"report"}, strings.Fields(args)...)...)
			text = regexp.MustCompile(`20\d\d-\d\d-\d\d,20\d\d-\d\d-\d\d,`).ReplaceAllString(steady(text), "FROM,TO,")
			if strings.Contains(args, "--period all") {
				// What falls into this week or quarter depends on the day of the test.
				text = text[:strings.Index(text, "\n")+1]
			}
			fmt.Fprintf(&out, "$ loyaltyd report %s\n%s\n", args, text)
		}
		golden(s.t, "reports", out.String())
		_ = night
		// A program that asks for no page gets everything, a person a page.
		for range 60 {
			s.ok("adjust", "owl", "1", "--note", "x")
		}
		for args, want := range map[string]int{
			"history": 66, "history --user owl": 61, "history --page 2": 16, "history --limit 7": 7, "balances": 6, "balances --limit 4": 4,
		} {
			lines := strings.Count(s.ok(append([]string{"report"}, strings.Fields(args+" --format csv")...)...), "\n") - 1
			if lines != want {
				s.t.Errorf("report %s: %d lines of csv, want %d", args, lines, want)
			}
		}
		if text := s.ok("report", "history"); !strings.HasSuffix(text, "There is more: --page 2, or --limit for longer pages.\n") {
			s.t.Errorf("a table that ends before the history does not say so:\n%s", text)
		}
		if text := s.ok("report", "history", "--page", "2"); strings.Contains(text, "There is more") {
			s.t.Errorf("the last page says that there is more:\n%s", text)
		}
		// A report says how old it is.
		s.exec(`UPDATE {p}loyalty_points_status SET refreshed_at = refreshed_at - INTERVAL 3 HOUR`)
		s.exec(`UPDATE {p}loyalty_daemon SET run_finished = NULL`)
		if a := s.command("report", "status"); a.status != 0 || !strings.Contains(a.stderr, "3 hours old") {
			s.t.Errorf("exit status %d: %s", a.status, a.stderr)
		}
	})
}

// A WordPress folder alone is enough.
func TestWordPressFolder(t *testing.T) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	parsed, err := mysql.ParseDSN(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	php := fmt.Sprintf("<?php\ndefine('DB_NAME', '%s');\ndefine('DB_USER', '%s');\ndefine('DB_PASSWORD', '%s');\ndefine('DB_HOST', 'localhost:%s');\n$table_prefix = 'wp_';\n",
		parsed.DBName, parsed.User, parsed.Passwd, parsed.Addr)
	if err := os.WriteFile(filepath.Join(folder, "wp-config.php"), []byte(php), 0o600); err != nil {
		t.Fatal(err)
	}
	s.order(s.customer("ada"), "10", spring)
	for _, args := range [][]string{{"sync"}, {"verify"}, {"report", "status"}, {"doctor"}, {"config", "check"}, {"config", "print"}} {
		a := command(t, append(args, "--wp-path", folder)...)
		if a.status != 0 {
			t.Errorf("loyaltyd %v: exit status %d\n%s%s", args, a.status, a.stdout, a.stderr)
		}
		if strings.Contains(a.stdout+a.stderr, parsed.Passwd) {
			t.Errorf("loyaltyd %v shows the password", args)
		}
	}
}

// What needs no store works without one.
func TestWithoutAStore(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"version", "tables: ledger "},
		{"version --format json", `"schema"`},
		{"--version", "loyaltyd "},
		{"--help", "Available Commands"},
		{"report", "balances"},
		{"report status --help", "--period"},
		{"completion bash", "complete"},
		{"completion fish", "complete"},
		{"completion zsh", "compdef"},
		{"completion powershell", "Register"},
		{"config print --dsn user:geheim@tcp(db:3306)/shop", "user:***@tcp(db:3306)/shop"},
		{"config check --dsn user:geheim@tcp(db:3306)/shop", "in order"},
		{"grants --dsn user:geheim@tcp(127.0.0.1:1)/shop", "could not be looked at"},
		{"__complete report status --period la", "last_week"},
	} {
		a := command(t, strings.Fields(c.args)...)
		if a.status != 0 || !strings.Contains(a.stdout, c.want) {
			t.Errorf("loyaltyd %s: exit status %d, want %q in\n%s%s", c.args, a.status, c.want, a.stdout, a.stderr)
		}
		if strings.Contains(a.stdout+a.stderr, "geheim") {
			t.Errorf("loyaltyd %s shows the password", c.args)
		}
	}
}

// One shop of a network, and one that has its users in common with another
// site: who registered there did not sign up here.
func TestSignUpsElsewhere(t *testing.T) {
	for name, o := range map[string]testshop.Options{
		"a site of a network":  {Prefix: "wp_7_", UsersPrefix: "wp_"},
		"users in common":      {UserTables: database.UserTables{Users: "main_users", Meta: "main_usermeta"}},
		"a network of another": {Prefix: "wp_7_", UserTables: database.UserTables{Users: "main_users", Meta: "main_usermeta"}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, o, func(s *stand) {
				ada := s.customer("ada")
				for _, login := range []string{"bob", "cid", "dov"} {
					id := s.customer(login)
					err := s.shop.Exec(s.ctx(), `UPDATE {u}usermeta SET meta_key = 'wp_3_capabilities' WHERE user_id = ? AND meta_key LIKE '%capabilities'`, id)
					if err != nil {
						s.t.Fatal(err)
					}
				}
				s.order(ada+1, "80", spring)
				s.ok("sync", "--set", "program.earn.signup.points=50")
				if got, want := fmt.Sprint(s.balances()), fmt.Sprintf("map[1:50 %d:50 %d:80]", ada, ada+1); got != want {
					s.t.Errorf("balances %s, want %s", got, want)
				}
				s.ok("verify", "--set", "program.earn.signup.points=50")
				want := fmt.Sprintf("ok    users: in %s and %s; this site's are those who have capabilities in it", s.shop.UserTables.Users, s.shop.UserTables.Meta)
				if out := s.ok("doctor"); !strings.Contains(out, want) {
					s.t.Errorf("doctor lacks %q:\n%s", want, out)
				}
			})
		})
	}
}
