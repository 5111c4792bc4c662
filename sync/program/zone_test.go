package program_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"pgregory.net/rapid"

	"loyaltyd/sync/program"
)

func zone(t rapid.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatalf("zone %s: %v", name, err)
	}
	return z
}

func TestInstant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, local, want string
	}{
		{"UTC", "UTC", "2026-03-01 08:30", "2026-03-01 08:30:00"},
		{"an ordinary time", "America/New_York", "2026-01-15", "2026-01-15 05:00:00"},
		{"New York: one that occurs twice is its first occurrence", "America/New_York", "2026-11-01 01:30", "2026-11-01 05:30:00"},
		{"New York: the start of the hour that occurs twice", "America/New_York", "2026-11-01 01:00", "2026-11-01 05:00:00"},
		{"New York: just after it", "America/New_York", "2026-11-01 02:00", "2026-11-01 07:00:00"},
		{"New York: one that does not occur is the jump", "America/New_York", "2026-03-08 02:30", "2026-03-08 07:00:00"},
		{"New York: the first one skipped", "America/New_York", "2026-03-08 02:00", "2026-03-08 07:00:00"},
		{"New York: the last one skipped", "America/New_York", "2026-03-08 02:59:59", "2026-03-08 07:00:00"},
		{"New York: just after the jump", "America/New_York", "2026-03-08 03:00:01", "2026-03-08 07:00:01"},
		{"Lord Howe turns back half an hour", "Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45:00"},
		{"Lord Howe skips half an hour", "Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30:00"},
		{"Apia skipped a day", "Pacific/Apia", "2011-12-30", "2011-12-30 10:00:00"},
		{"to its last second", "Pacific/Apia", "2011-12-30 23:59:59", "2011-12-30 10:00:00"},
		{"and went on the day after", "Pacific/Apia", "2011-12-31", "2011-12-30 10:00:00"},
		{"Kwajalein skipped one the same way", "Pacific/Kwajalein", "1993-08-21 12:00", "1993-08-21 12:00:00"},
		{"London: twice", "Europe/London", "2026-10-25 01:30", "2026-10-25 00:30:00"},
		{"London: never", "Europe/London", "2026-03-29 01:30", "2026-03-29 01:00:00"},
		{"London: all-year summer time", "Europe/London", "1970-01-01", "1969-12-31 23:00:00"},
		{"clocks that change at midnight skip it", "America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00:00"},
		{"rules go on for ever", "America/New_York", "2999-11-03 01:30", "2999-11-03 05:30:00"},
		{"the last day of a leap year", "America/New_York", "2028-12-31 19:30", "2029-01-01 00:30:00"},
		{"and two days later", "America/New_York", "2029-01-02", "2029-01-02 05:00:00"},
		{"the last day of a far leap year", "Europe/London", "2048-12-31 12:00", "2048-12-31 12:00:00"},
		{"in the south", "Australia/Lord_Howe", "2048-12-31 23:00", "2048-12-31 12:00:00"},
		{"time before zones", "Europe/Paris", "1800-01-01", "1799-12-31 23:50:39"},
	} {
		t.Run(c.name, func(t *testing.T) {
			local, err := program.ParseLocal(c.local)
			if err != nil {
				t.Fatal(err)
			}
			got := program.Instant(local, zone(t, c.zone))
			if got.Format("2006-01-02 15:04:05") != c.want {
				t.Errorf("Instant = %v, want %s", got, c.want)
			}
		})
	}
}

// reading is what clocks show at an instant, as the same reading in UTC.
func reading(at time.Time, zone *time.Location) time.Time {
	_, offset := at.In(zone).Zone()
	return at.Add(time.Duration(offset) * time.Second).UTC()
}

func TestInstantIsTheFirstThatShowsTheTimeOrMore(t *testing.T) {
	t.Parallel()
	names := []string{
		"America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Europe/London", "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns",
		"Antarctica/Troll", "America/Juneau", "Asia/Manila", "Pacific/Kiritimati", "Africa/Monrovia", "Europe/Dublin", "Asia/Gaza", "America/Caracas",
	}
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(names).Draw(t, "zone"))
		// Near a change of the clocks, where there is one.
		from := time.Unix(rapid.Int64Range(-5e9, 5e9).Draw(t, "around"), 0)
		switch rapid.IntRange(0, 2).Draw(t, "near") {
		case 0:
			if _, end := from.In(z).ZoneBounds(); !end.IsZero() {
				from = end
			}
		case 1:
			from = time.Date(from.Year(), 12, 31, 0, 0, 0, 0, utc)
		}
		local := reading(from, z).Add(time.Duration(rapid.IntRange(-26*3600, 26*3600).Draw(t, "off")) * time.Second)
		got := program.Instant(local, z)
		if reading(got, z).Before(local) {
			t.Fatalf("at %v clocks show %v, before %v", got, reading(got, z), local)
		}
		for back := time.Second; back < 60*time.Hour; back += back/3 + time.Second {
			if earlier := got.Add(-back); !reading(earlier, z).Before(local) {
				t.Fatalf("already at %v clocks show %v, not before %v", earlier, reading(earlier, z), local)
			}
		}
	})
}

func TestParseLocal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-03-01":          "2026-03-01 00:00:00",
		"2026-03-01 08:30":    "2026-03-01 08:30:00",
		"2026-03-01T08:30":    "2026-03-01 08:30:00",
		"2026-03-01 08:30:59": "2026-03-01 08:30:59",
		"2024-02-29T23:59:59": "2024-02-29 23:59:59",
	} {
		if got, err := program.ParseLocal(text); err != nil || !got.Equal(at(want)) {
			t.Errorf("ParseLocal(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", " ", "2026", "2026-3-1", "2026-02-29", "2026-13-01", "2026-00-10", "2026-03-01 24:00", "2026-03-01 08:60", "2026-03-01 08:30:60",
		"2026-03-01 8:30", "2026-03-01  8:30", "2026-03-01t08:30", "2026-03-01 08", "2026-03-01 08:30Z", "2026-03-01 08:30:00+01",
		"2026-03-01 08:30:00.5", "2026-03-01T08:30:00Z", "2026/03/01", "01.03.2026", "２026-03-1", "-026-03-01", "tomorrow", "2026-03-01\n",
	} {
		if got, err := program.ParseLocal(text); err == nil {
			t.Errorf("ParseLocal(%q) = %v", text, got)
		}
	}
}

func FuzzParseLocal(f *testing.F) {
	for _, text := range []string{"", "2026-03-01", "2026-03-08 02:30", "2011-12-30T12:00:00", "2026-03-01 08:30:00.5", "9999-12-31 23:59:59"} {
		f.Add(text)
	}
	zones := []*time.Location{zone(f, "America/New_York"), zone(f, "Pacific/Apia"), time.FixedZone("", 14*3600)}
	f.Fuzz(func(t *testing.T, text string) {
		local, err := program.ParseLocal(text)
		if err != nil {
			return
		}
		again, err := program.ParseLocal(local.Format("2006-01-02 15:04:05"))
		if err != nil || !again.Equal(local) {
			t.Errorf("%q reads as %v, which reads as %v, %v", text, local, again, err)
		}
		for _, z := range zones {
			if got := program.Instant(local, z); reading(got, z).Before(local) {
				t.Errorf("%q in %v is %v, when clocks show less", text, z, got)
			}
		}
	})
}
