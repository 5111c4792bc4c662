package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

// Orders without any date, dates that are none, and customers who do not exist
// are named by sync and doctor.
func TestDoctorNamesOrders(t *testing.T) {
	for _, storage := range []testshop.Storage{testshop.HPOS, testshop.Legacy} {
		t.Run(storage.String(), func(t *testing.T) {
			each(t, testshop.Options{Storage: storage}, func(s *stand) {
				ada := s.customer("ada")
				s.order(ada, "10", spring)
				if out := s.ok("doctor"); !strings.Contains(out, "ok    dates: every order has a date") || strings.Contains(out, "customers:") {
					s.t.Errorf("in order:\n%s", out)
				}
				var names []string
				for i := range 12 {
					id := s.order(ada, "10", spring)
					if err := s.shop.LoseDates(s.ctx(), id); err != nil {
						s.t.Fatal(err)
					}
					if i < 10 {
						names = append(names, fmt.Sprintf("#%d", id))
					}
				}
				unknown := s.order(ada+100, "10", spring)
				odd, err := s.shop.PlaceOrder(s.ctx(), testshop.Order{Customer: ada, Status: "shipped", Paid: testshop.Never})
				if err != nil {
					s.t.Fatal(err)
				}
				if err := s.shop.WriteDate(s.ctx(), odd, "_paid_date", "31/12/2025"); err != nil {
					s.t.Fatal(err)
				}
				out := s.ok("doctor", "--set", "program.starts=2026-01-01")
				for _, want := range []string{
					"warn  dates: 12 orders without any date: " + strings.Join(names, ", ") + " … — give them a date of creation in WooCommerce; until then they count as of 1970-01-01",
					fmt.Sprintf("warn  customers: 1 order of customers who are no users of WordPress: #%d — ", unknown),
					fmt.Sprintf(`warn  dates: 1 date cannot be read among the newest 15 orders: order %d: _paid_date "31/12/2025" is no date — `, odd),
				} {
					if !strings.Contains(out, want) {
						s.t.Errorf("doctor lacks %q:\n%s", want, out)
					}
				}
				out = s.ok("sync", "--set", "program.starts=2026-01-01")
				for _, want := range []string{
					"What cannot be read, or cannot be meant; amounts count as 0, dates as missing:",
					fmt.Sprintf("order %s has no date at all", strings.TrimPrefix(names[3], "#")),
					fmt.Sprintf(`order %d: _paid_date "31/12/2025" is no date`, odd),
				} {
					if !strings.Contains(out, want) {
						s.t.Errorf("sync lacks %q:\n%s", want, out)
					}
				}
			})
		})
	}
}

// Who moves a shop to another currency is told what a point is worth now.
func TestDoctorSaysThatTheCurrencyChanged(t *testing.T) {
	each(t, testshop.Options{Currency: "BGN"}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		s.ok("sync")
		if err := s.shop.SetOption(s.ctx(), "woocommerce_currency", "EUR"); err != nil {
			s.t.Fatal(err)
		}
		if out := s.ok("sync"); !strings.Contains(out, "the store's currency was BGN and is EUR now") {
			s.t.Errorf("sync says\n%s", out)
		}
		out := s.ok("doctor")
		if !strings.Contains(out, "ok    store currency: BGN until ") || !strings.Contains(out, "EUR since; 100 points are worth 1 EUR now and were worth 1 BGN") ||
			!strings.Contains(out, "ok    currencies: every currency") {
			s.t.Errorf("doctor says\n%s", out)
		}
		if got := s.balances(); got[ada] != 120 {
			s.t.Errorf("balances %v", got)
		}
	})
}

// An order that nobody means counts as nothing, and is named; the others are
// posted.
func TestAbsurdOrdersAreNamed(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		ada, bob := s.customer("ada"), s.customer("bob")
		amount, worth := s.order(ada, "99999999999999999999", spring), s.order(ada, "1000000000000001", spring)
		s.order(bob, "50", spring)
		text := s.ok("sync")
		advice := s.command("doctor").stdout
		for _, want := range []string{
			fmt.Sprintf("order %d: line", amount), `_line_total "99999999999999999999"`,
			fmt.Sprintf("order %d: worth more than 1000000000000000 points", worth),
		} {
			if !strings.Contains(text, want) || !strings.Contains(advice, want) {
				s.t.Errorf("no %q in one of\n%s\n%s", want, text, advice)
			}
		}
		if got := fmt.Sprint(s.balances()); got != fmt.Sprintf("map[%d:50]", bob) {
			s.t.Errorf("balances %s", got)
		}
		s.ok("verify")
	})
}

// What doctor warns of, each by its cause.
func TestDoctorFindsCauses(t *testing.T) {
	each(t, testshop.Options{Storage: testshop.Synced}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "10", spring)
		if _, err := s.shop.PlaceOrder(s.ctx(), testshop.Order{Customer: ada, Status: "processing", Currency: "CHF", Lines: []testshop.Line{{Total: "5"}}}); err != nil {
			s.t.Fatal(err)
		}
		ahead := s.order(ada, "10", spring)
		if err := s.shop.SetModified(s.ctx(), ahead, time.Now().Add(84*time.Hour)); err != nil {
			s.t.Fatal(err)
		}
		s.exec(`UPDATE {p}woocommerce_order_itemmeta SET meta_value = 'many' WHERE meta_key = '_line_total' LIMIT 1`)
		s.exec(`UPDATE {p}posts SET post_status = 'wc-failed' WHERE post_type = 'shop_order' LIMIT 1`)
		s.ok("sync")
		// The daemon has stopped long ago.
		s.exec(`UPDATE {p}loyalty_daemon SET lease_holder = 'somebody', heartbeat = UTC_TIMESTAMP(6) - INTERVAL 3 DAY`)
		out := s.ok("doctor", "--dsn", s.db.DSN(), "--set", "program.redeem.points_per_unit=0",
			"--set", "program.earn.purchase.statuses=completed,processing,sent", "--set", `program.earn.purchase.products={"4711": {"exclude": true}}`)
		golden(s.t, "doctor_causes", steady(out))
	})
}

// One cause is told once, however many tables it concerns.
func TestDoctorTellsACauseOnce(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		s.order(s.customer("ada"), "10", spring)
		s.ok("sync")
		lines := func(a answer) []string {
			s.t.Helper()
			if a.status != 1 {
				s.t.Errorf("exit status %d\n%s%s", a.status, a.stdout, a.stderr)
			}
			return regexp.MustCompile(`(?m)^FAIL .*`).FindAllString(a.stdout, -1)
		}
		if got := lines(s.command("doctor", "--table-prefix", "zz_")); len(got) != 1 || !strings.Contains(got[0], `wrong prefix "zz_"`) {
			s.t.Errorf("wrong prefix: %q", got)
		}
		reader := s.db.User(s.t, "GRANT SELECT ON *.* TO {user};")
		if got := lines(s.command("doctor", "--dsn", reader)); len(got) != 1 || strings.Count(got[0], "denied") != 1 || !strings.Contains(got[0], "wp_loyalty_writer") {
			s.t.Errorf("a user who may only read: %q", got)
		}
		s.exec(`RENAME TABLE {p}loyalty_seen_orders TO {p}elsewhere`)
		if got := lines(s.command("doctor", "--dsn", s.db.DSN())); len(got) != 1 || !strings.Contains(got[0], "tables: these are gone, or this user may not see them: wp_loyalty_seen_orders") {
			s.t.Errorf("a table that is gone: %q", got)
		}
	})
}
