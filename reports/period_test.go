package reports_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"loyaltyd/reports"
)

func TestPeriodsAreTheDaysThatTheCalendarGives(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		set := reports.Settings{
			Zone:        location(t, rapid.SampledFrom(zoneNames).Draw(rt, "zone")),
			StartOfWeek: time.Weekday(rapid.IntRange(0, 6).Draw(rt, "week")),
			Now:         time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "now"), 0).UTC(),
		}
		want := naivePeriods(set)
		for i, p := range reports.Periods(set.Now, set.Zone, set.StartOfWeek) {
			from, to := p.From.String(), p.To.String()
			if p.Range == reports.AllTime {
				from, to = "", ""
			}
			if got := (naivePeriod{p.Name, from, to}); got != want[i] {
				rt.Errorf("at %s: got %v, want %v", set.Now, got, want[i])
			}
		}
	})
}

func TestPeriodsAtEdges(t *testing.T) {
	for _, test := range []struct {
		now, zone  string
		week       time.Weekday
		name, days string
	}{
		{"2026-11-21T18:29:59Z", "Asia/Kolkata", time.Monday, "week_to_date", "2026-11-16 2026-11-21"},
		{"2026-11-21T18:30:00Z", "Asia/Kolkata", time.Monday, "week_to_date", "2026-11-16 2026-11-22"},
		{"2026-11-21T18:30:00Z", "Asia/Kolkata", time.Sunday, "week_to_date", "2026-11-22 2026-11-22"},
		{"2026-11-22T18:30:00Z", "Asia/Kolkata", time.Monday, "last_week", "2026-11-16 2026-11-22"},
		{"2027-01-01T04:59:59Z", "America/New_York", time.Monday, "year_to_date", "2026-01-01 2026-12-31"},
		{"2027-01-01T05:00:00Z", "America/New_York", time.Monday, "year_to_date", "2027-01-01 2027-01-01"},
		{"2027-01-01T05:00:00Z", "America/New_York", time.Monday, "last_quarter", "2026-10-01 2026-12-31"},
		{"2024-03-01T12:00:00Z", "UTC", time.Monday, "last_month", "2024-02-01 2024-02-29"},
		{"2024-03-01T12:00:00Z", "UTC", time.Monday, "last_30_days", "2024-02-01 2024-03-01"},
		{"2024-03-31T12:00:00Z", "UTC", time.Monday, "last_month", "2024-02-01 2024-02-29"},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range reports.Periods(now, location(t, test.zone), test.week) {
			if got := p.From.String() + " " + p.To.String(); p.Name == test.name && got != test.days {
				t.Errorf("%s at %s in %s, weeks from %s: got %s, want %s", test.name, test.now, test.zone, test.week, got, test.days)
			}
		}
	}
}

func TestADayStartsWhenItsDateFirstShows(t *testing.T) {
	for _, test := range []struct{ day, zone, starts string }{
		{"2026-11-21", "UTC", "2026-11-21T00:00:00Z"},
		{"2026-11-21", "Asia/Kolkata", "2026-11-20T18:30:00Z"},
		{"2026-03-08", "America/New_York", "2026-03-08T05:00:00Z"}, // 23 hours
		{"2026-03-09", "America/New_York", "2026-03-09T04:00:00Z"},
		{"2026-11-01", "America/New_York", "2026-11-01T04:00:00Z"}, // 25 hours
		{"2026-11-02", "America/New_York", "2026-11-02T05:00:00Z"},
		{"2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00Z"}, // at 1 o'clock
		{"2026-10-30", "Africa/Cairo", "2026-10-29T22:00:00Z"}, // after the hour from 23 o'clock twice
		{"2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"},
		{"2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"}, // a day that never was
		{"2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00Z"},
		{"1970-01-01", "UTC", "1970-01-01T00:00:00Z"},
	} {
		if got := mustDay(test.day).Starts(location(t, test.zone)).Format(time.RFC3339); got != test.starts {
			t.Errorf("%s in %s starts at %s, want %s", test.day, test.zone, got, test.starts)
		}
	}
}

func TestDaysCoverAllInstants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		zone := location(t, rapid.SampledFrom(zoneNames).Draw(rt, "zone"))
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "at"), 0)
		day := reports.DayOf(at, zone)
		if start, next := day.Starts(zone), (day + 1).Starts(zone); at.Before(start) || !at.Before(next) {
			rt.Errorf("%s is on %s in %s, which lasts from %s to %s", at, day, zone, start, next)
		}
	})
}

func TestParseDay(t *testing.T) {
	for _, text := range []string{"", "2026-02-30", "2026-1-1", "tomorrow", "0001-01-01", "2026-01-01 00:00"} {
		if day, err := reports.ParseDay(text); err == nil {
			t.Errorf("ParseDay(%q) = %s, want an error", text, day)
		}
	}
	if day := mustDay("2026-02-28"); (day + 1).String() != "2026-03-01" {
		t.Errorf("the day after %s is %s", day, day+1)
	}
}

func TestValueIsExactToEightPlaces(t *testing.T) {
	for _, test := range []struct {
		points int64
		per    string
		want   string
	}{
		{100, "100", "1.00000000"},
		{1, "3", "0.33333333"},
		{2, "3", "0.66666667"},
		{-2, "3", "-0.66666667"},
		{1, "200000000", "0.00000001"}, // half away from zero
		{-1, "200000000", "-0.00000001"},
		{1, "200000001", "0.00000000"},
		{5, "0", "0.00000000"},
		{7, "0.07", "100.00000000"},
		{1, "1E+3", "0.00100000"},
		{9_223_372_036_854_775_807, "9.223372036854775807", "1000000000000000000.00000000"},
		{9_223_372_036_854_775_807, "92.23372036854775807", "100000000000000000.00000000"},
		{1, "1E+50000", "0.00000000"},
	} {
		per := decimal(t, test.per)
		got, err := reports.Value(test.points, &per)
		if len(test.want) > len("123456789012345678.12345678") {
			if err == nil {
				t.Errorf("%d at %s = %s, want an error", test.points, test.per, got.Text('f'))
			}
			continue
		}
		if err != nil || got.Text('f') != test.want {
			t.Errorf("%d at %s = %s (%v), want %s", test.points, test.per, got.Text('f'), err, test.want)
		}
	}
}
