package schedule_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"loyaltyd/internal/schedule"
)

func parse(t rapid.TB, text string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func zone(t rapid.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// chain returns the schedule's instants after from, up to to.
func chain(s schedule.Schedule, from, to time.Time, z *time.Location) []time.Time {
	var all []time.Time
	for at := s.Next(from, z); !at.IsZero() && !at.After(to); at = s.Next(at, z) {
		all = append(all, at)
	}
	return all
}

// years are those in which something happens to the clocks of a zone.
var years = []struct {
	zone string
	year int
}{
	{"America/New_York", 2026},    // 02:00 to 03:00, and back
	{"Europe/London", 2026},       // 01:00 to 02:00
	{"Australia/Lord_Howe", 2026}, // by half an hour
	{"Pacific/Apia", 2011},        // no 30 December
	{"America/Sao_Paulo", 2017},   // midnight is skipped, and 23:00 comes twice
	{"America/Nuuk", 2024},        // a day ends at 23:00
	{"America/St_Johns", 2010},    // one minute after midnight, back into the day before
	{"Africa/Casablanca", 2026},   // back and forth for Ramadan
	{"Asia/Kathmandu", 2026},      // nothing
}

// changes returns the instants of the year at which the zone's clocks change,
// and its beginning.
func changes(z *time.Location, year int) []time.Time {
	at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	all := []time.Time{at}
	for {
		_, at = at.In(z).ZoneBounds()
		if at.IsZero() || at.Year() > year {
			return all
		}
		all = append(all, at.UTC())
	}
}

// A year of daily runs has one for each of its days.
func TestADailyLineRunsAsOftenAsTheYearHasDays(t *testing.T) {
	for _, test := range years {
		z := zone(t, test.zone)
		from := time.Date(test.year, 1, 1, 0, 0, 0, 0, z)
		days := 365
		if time.Date(test.year, 2, 29, 0, 0, 0, 0, time.UTC).Day() == 29 {
			days++
		}
		if test.zone == "Pacific/Apia" {
			days--
		}
		for half := range 24 * 2 {
			line := fmt.Sprintf("%d %d * * *", half%2*30, half/2)
			before := from.Add(-time.Nanosecond)
			if got := len(chain(parse(t, line), before, from.AddDate(1, 0, 0).Add(-time.Nanosecond), z)); got != days {
				t.Errorf("%s: %q runs %d times in %d, want %d", test.zone, line, got, test.year, days)
			}
		}
	}
}

// TestADailyLineRunsOnceOnEveryDay compares with a walk through every minute
// around each change: a day's run is at the first minute at which clocks show
// the line's time or later, on each day that has any minute.
func TestADailyLineRunsOnceOnEveryDay(t *testing.T) {
	daily := map[string]time.Duration{}
	for _, of := range []string{"00:00", "00:05", "01:00", "01:30", "02:00", "02:15", "02:30", "03:00", "12:00", "23:30", "23:59"} {
		at, err := time.Parse("15:04", of)
		if err != nil {
			t.Fatal(err)
		}
		daily[fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour())] = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	for _, test := range years {
		t.Run(test.zone, func(t *testing.T) {
			t.Parallel()
			z := zone(t, test.zone)
			for _, around := range changes(z, test.year) {
				from, to := around.AddDate(0, 0, -3), around.AddDate(0, 0, 4)
				for line, after := range daily {
					got, want := chain(parse(t, line), from, to, z), walk(z, from, to, after)
					if !slices.Equal(got, want) {
						t.Errorf("%s: %s", line, firstDifference(got, want, z))
					}
				}
			}
		})
	}
}

// walk returns the instants after from, up to to, at which clocks show a day's
// time or later for the first time, of days that exist.
func walk(z *time.Location, from, to time.Time, after time.Duration) []time.Time {
	type day struct{ first, run time.Time }
	var order []time.Time
	days := map[time.Time]*day{}
	latest := time.Time{} // the latest clock reading so far
	for at := from.AddDate(0, 0, -2); at.Before(to.AddDate(0, 0, 2)); at = at.Add(time.Minute) {
		y, m, d := at.In(z).Date()
		midnight := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		h, mi, _ := at.In(z).Clock()
		shown := midnight.Add(time.Duration(h)*time.Hour + time.Duration(mi)*time.Minute)
		if days[midnight] == nil {
			days[midnight] = &day{first: at}
			order = append(order, midnight)
		}
		if !shown.After(latest) {
			continue
		}
		latest = shown
		for _, earlier := range order[max(0, len(order)-3):] {
			if days[earlier].run.IsZero() && !shown.Before(earlier.Add(after)) {
				days[earlier].run = at
			}
		}
	}
	var runs []time.Time
	for _, midnight := range order {
		if at := days[midnight].run; at.After(from) && !at.After(to) {
			runs = append(runs, at)
		}
	}
	return runs
}

func firstDifference(got, want []time.Time, z *time.Location) string {
	for i := range min(len(got), len(want)) {
		if !got[i].Equal(want[i]) {
			return fmt.Sprintf("run %d is at %s, want %s", i, got[i].In(z), want[i].In(z))
		}
	}
	return fmt.Sprintf("%d runs, want %d", len(got), len(want))
}

func TestWhenClocksChange(t *testing.T) {
	for _, test := range []struct {
		name, line, zone, from, to string
		want                       []string // UTC
	}{
		{
			"a skipped time is the jump", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z",
			[]string{"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"},
		},
		{
			"a repeated time is its first", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z",
			[]string{"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"},
		},
		{
			"an hour that comes twice has every quarter twice", "*/15 * * * *", "Europe/London", "2026-10-25T00:25:00Z", "2026-10-25T02:10:00Z",
			[]string{"2026-10-25T00:30:00Z", "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z", "2026-10-25T01:45:00Z", "2026-10-25T02:00:00Z"},
		},
		{
			"half an hour that comes twice", "@hourly", "Australia/Lord_Howe", "2026-04-04T13:30:00Z", "2026-04-04T16:45:00Z",
			// 01:00, 02:00 at the change's end, 03:00; the half hour after 01:30 is twice
			[]string{"2026-04-04T14:00:00Z", "2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z"},
		},
		{
			"minutes that are skipped", "10 * * * *", "Australia/Lord_Howe", "2026-10-03T14:00:00Z", "2026-10-03T17:00:00Z",
			// 01:10, the jump from 02:00 to 02:30, 03:10
			[]string{"2026-10-03T14:40:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:10:00Z"},
		},
		{
			"a day that is left out has no run", "0 9 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z",
			// 29 December at -10, 31 December at +14
			[]string{"2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z"},
		},
		{
			"a weekday", "0 8 * * 1", "Europe/London", "2026-03-27T00:00:00Z", "2026-04-07T00:00:00Z",
			[]string{"2026-03-30T07:00:00Z", "2026-04-06T07:00:00Z"},
		},
		{
			"leap days", "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2033-01-01T00:00:00Z",
			[]string{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"},
		},
		{
			"from between two seconds", "* * * * *", "UTC", "2026-01-01T00:00:59.9999Z", "2026-01-01T00:02:00Z",
			[]string{"2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"},
		},
		{
			"an interval knows no clocks", "@every 90m", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T09:30:00Z",
			[]string{"2026-03-08T06:30:00Z", "2026-03-08T08:00:00Z", "2026-03-08T09:30:00Z"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var want []time.Time
			for _, text := range test.want {
				want = append(want, instant(t, text))
			}
			z := zone(t, test.zone)
			got := chain(parse(t, test.line), instant(t, test.from), instant(t, test.to), z)
			if !slices.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A line for every minute is held against the fact that every minute is one,
// wherever and whenever.
func TestALineForEveryMinuteHasEveryMinute(t *testing.T) {
	every := parse(t, "* * * * *")
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(years).Draw(t, "zone").zone)
		// Zones had odd seconds before there were clocks to agree with.
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
		if got, want := every.Next(at, z), at.Truncate(time.Minute).Add(time.Minute); !got.Equal(want) {
			t.Fatalf("after %s comes %s", at, got)
		}
	})
}

// TestWhateverIsMissedIsDoneOnce wakes a daemon at random: it runs if and only
// if something fell due since it last looked, and however much did, once.
func TestWhateverIsMissedIsDoneOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		where := rapid.SampledFrom(years).Draw(t, "zone")
		z := zone(t, where.zone)
		line := rapid.SampledFrom([]string{
			"30 2 * * *", "5 0 * * *", "59 23 * * *", "0 4 * * 1", "@hourly", "@monthly", "15 1,2 * * *", "@every 7m", "@every 25h",
		}).Draw(t, "schedule")
		s := parse(t, line)
		now := time.Date(where.year, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24).Draw(t, "start")) * time.Hour)
		last := now
		all := chain(s, now, now.AddDate(0, 2, 0), z)
		for _, minutes := range rapid.SliceOfN(rapid.IntRange(1, 3*24*60), 1, 15).Draw(t, "naps") {
			before := now
			now = now.Add(time.Duration(minutes) * time.Minute)
			var missed []time.Time
			for _, at := range all {
				if at.After(before) && !at.After(now) {
					missed = append(missed, at)
				}
			}
			at, due := s.Due(last, now, z)
			if due != (len(missed) > 0) {
				t.Fatalf("woken at %s after %s: due is %t, missed %v", now.In(z), before.In(z), due, missed)
			}
			if !due {
				continue
			}
			if !at.Equal(missed[0]) {
				t.Fatalf("due since %s, want %s", at.In(z), missed[0].In(z))
			}
			last = s.Reached(last, now)
			if again, due := s.Due(last, now, z); due {
				t.Fatalf("due again at once, since %s", again.In(z))
			}
		}
	})
}

func TestIntervalsDoNotDrift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := parse(t, "@every 15s")
		start := time.Date(2026, 3, 8, 6, 59, 0, 0, time.UTC)
		last := start
		for i := 1; i <= 50; i++ {
			at, _ := s.Due(last, last, time.UTC)
			late := time.Duration(rapid.IntRange(0, 14_999).Draw(t, "late")) * time.Millisecond
			now := at.Add(late)
			if _, due := s.Due(last, now, time.UTC); !due {
				t.Fatalf("not due at %s", now)
			}
			last = s.Reached(last, now)
			if want := start.Add(time.Duration(i) * 15 * time.Second); !last.Equal(want) {
				t.Fatalf("run %d stands for %s, want %s", i, last, want)
			}
		}
	})
}

func TestWithoutAPastAJobIsDue(t *testing.T) {
	s := parse(t, "30 3 * * *")
	now := instant(t, "2026-05-06T07:08:09Z")
	if _, due := s.Due(time.Time{}, now, time.UTC); !due {
		t.Error("a job that never ran is not due")
	}
	if _, due := s.Due(now.Add(time.Hour), now, time.UTC); !due {
		t.Error("a clock that was set back keeps a job waiting")
	}
	if _, due := s.Due(now.Add(time.Second), now, time.UTC); due {
		t.Error("a second between two servers' clocks makes a job due")
	}
	if _, due := s.Due(now, now, time.UTC); due {
		t.Error("due at the moment it ran")
	}
}

func TestWhatIsNotASchedule(t *testing.T) {
	for _, text := range []string{"", "now", "61 * * * *", "* * * *", "@every soon"} {
		if _, err := schedule.Parse(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
