package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

// What a shop admin saves counts from the next run on; what is wrong does not,
// even after a restart; a programme in the configuration wins.
func theProgrammeInWordPress(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "10", spring)
		d := l.at(s)
		s.awaitIssued(10)
		place := func(total string, points int64) {
			s.t.Helper()
			want := s.issued() + points
			s.order(ada, total, time.Now().Add(time.Second))
			s.awaitIssued(want)
		}
		s.option("loyaltyd_program", `{"earn": {"purchase": {"points_per_unit": "3"}}, "redeem": {"points_per_unit": "50"}}`)
		s.awaitProgramme(`"origin":"wordpress"`, `"points_per_unit":"3"`, `"locked":false`, `"error":""`)
		await(s.t, "the new rules", func() bool { return s.value(`SELECT COUNT(*) FROM {p}loyalty_programs`) == 2 })
		place("10", 30)

		s.option("loyaltyd_program", `{"earn": {"purchase": {"points_per_unit": "-4"}, "signp": {}}}`)
		s.awaitProgramme(`"origin":"wordpress"`, `"points_per_unit":"3"`, `signp`)
		const told = "the programme in WordPress is not used; the last good one stays in force"
		d.says(told, 1)
		place("10", 30)
		if a := s.command("doctor"); a.status != exitFailure || !strings.Contains(a.stdout, "FAIL  programme: the programme in WordPress is not used") {
			s.t.Errorf("doctor: exit status %d\n%s", a.status, a.stdout)
		}
		if n := len(d.out.lines(s.t, told)); n != 1 {
			s.t.Errorf("told %d times", n)
		}
		d.stops()

		d = l.at(s)
		d.says(told, 1)
		place("10", 30)
		if out := s.ok("config", "print"); !regexp.MustCompile(`points_per_unit: "?3"?`).MatchString(out) {
			s.t.Errorf("config print says\n%s", out)
		}
		s.option("loyaltyd_program", `no JSON`)
		s.awaitProgramme(`not a JSON object`)
		place("10", 30)
		s.option("loyaltyd_program", `{"earn": {"purchase": {"points_per_unit": "5"}}}`)
		s.awaitProgramme(`"points_per_unit":"5"`, `"error":""`)
		place("10", 50)
		d.stops()

		d = l.at(s, "--set", "program.earn.purchase.points_per_unit=7")
		s.awaitProgramme(`"origin":"file"`, `"points_per_unit":"7"`, `"locked":true`, `"error":""`)
		await(s.t, "the rules of the configuration", func() bool { return s.value(`SELECT COUNT(*) FROM {p}loyalty_programs`) == 4 })
		place("10", 70)
		d.stops()

		s.exec(`DELETE FROM {p}options WHERE option_name = 'loyaltyd_program'`)
		s.ok("sync")
		s.awaitProgramme(`"origin":"defaults"`, `"locked":false`)
		s.ok("verify")
	})
}

// awaitProgramme waits until the site is told of a programme with all of that.
func (s *stand) awaitProgramme(parts ...string) {
	s.t.Helper()
	await(s.t, fmt.Sprintf("a programme with %v", parts), func() bool {
		var value string
		_ = s.db.Root.Get(&value, s.shop.Prefix.SQL(`SELECT value FROM {p}loyalty_daemon_state WHERE name = 'program'`))
		for _, part := range parts {
			if !strings.Contains(value, part) {
				return false
			}
		}
		return true
	})
}
