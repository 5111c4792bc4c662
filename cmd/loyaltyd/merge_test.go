package main

import (
	"fmt"
	"strings"
	"testing"

	"loyaltyd/internal/testshop"
)

func TestMerge(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		ada, bob := s.customer("ada"), s.customer("bob")
		order := s.order(ada, "120.50", spring)
		s.order(bob, "10", spring)
		s.ok("sync")
		s.ok("adjust", "ada", "-100", "--note", "Spent")
		for _, refused := range []struct {
			args []string
			say  string
		}{
			{[]string{"merge", "ada", "bob"}, "user 2 is a customer"},
			{[]string{"merge", "ada", "2"}, "the same customer"},
			{[]string{"merge", "ada"}, "want two customers"},
			{[]string{"merge", "ada", "bob", "--note", " "}, "--note is empty"},
			{[]string{"merge", "ada", "bob", "--key", ""}, "--key is empty"},
			{[]string{"merge", "ada", "zoe"}, `there is no user "zoe"`},
		} {
			if a := s.command(refused.args...); a.status == 0 || !strings.Contains(a.stderr, refused.say) {
				s.t.Errorf("loyaltyd %v: exit status %d, want %q in\n%s%s", refused.args, a.status, refused.say, a.stdout, a.stderr)
			}
		}
		if err := s.shop.DeleteUser(s.ctx(), ada); err != nil {
			s.t.Fatal(err)
		}
		if a := s.command("merge", fmt.Sprint(ada), "bob"); a.status != 1 || !strings.Contains(a.stderr, "not frozen yet: run `loyaltyd sync --sweep`") {
			s.t.Errorf("before the sync: exit status %d\n%s", a.status, a.stderr)
		}
		if err := s.shop.SetCustomer(s.ctx(), order, bob); err != nil {
			s.t.Fatal(err)
		}
		s.ok("sync", "--sweep")
		const advice = "warn  frozen accounts: account 2 stands at -100; its orders are those of user 3 now — `loyaltyd merge 2 3` moves the debt there\n"
		if out := s.ok("doctor"); !strings.Contains(out, advice) {
			s.t.Errorf("doctor does not name the debt:\n%s", out)
		}
		golden(s.t, "merge", s.ok("merge", "2", "bob", "--key", "m1"))
		golden(s.t, "merge_again", s.ok("merge", "2", "3", "--key", "m1"))
		if a := s.command("merge", "2", "3"); a.status != 1 || !strings.Contains(a.stderr, "nothing is left") {
			s.t.Errorf("merged twice: exit status %d\n%s", a.status, a.stderr)
		}
		if a := s.command("merge", "3", "2"); a.status != 1 || !strings.Contains(a.stderr, "user 3 is a customer") {
			s.t.Errorf("merged back: exit status %d\n%s", a.status, a.stderr)
		}
		if out := s.ok("doctor"); strings.Contains(out, "frozen accounts") {
			s.t.Errorf("doctor names a debt that is gone:\n%s", out)
		}
		if out := s.ok("explain", "bob"); !strings.Contains(out, "Balance 30,") || !strings.Contains(out, "merged from account 2: Account #2 merged into #3") {
			s.t.Errorf("bob is explained as\n%s", out)
		}
		s.ok("verify")
		json := s.ok("merge", "2", "3", "--key", "m1", "--format", "json")
		for _, part := range []string{`"from": 2`, `"into": 3`, `"points": -100`, `"repeated": true`} {
			if !strings.Contains(json, part) {
				s.t.Errorf("%s is missing in %s", part, json)
			}
		}
	})
}
