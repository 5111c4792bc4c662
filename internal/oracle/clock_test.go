package oracle

import (
	"testing"
	"time"
)

func TestSiteTimesBecomeInstants(t *testing.T) {
	for _, c := range []struct{ zone, wall, want, why string }{
		{"America/New_York", "2025-07-01", "2025-07-01T04:00:00Z", "summer is UTC-4"},
		{"America/New_York", "2025-12-01 18:30", "2025-12-01T23:30:00Z", "winter is UTC-5"},
		{"America/New_York", "2025-11-02 01:30:00", "2025-11-02T05:30:00Z", "twice: the first, still UTC-4"},
		{"America/New_York", "2025-11-02T02:00", "2025-11-02T07:00:00Z", "after the hour that comes twice"},
		{"America/New_York", "2025-11-02 00:59:59", "2025-11-02T04:59:59Z", "before it"},
		{"America/New_York", "2026-03-08 02:30", "2026-03-08T07:00:00Z", "never: the jump"},
		{"America/New_York", "2026-03-08 02:00", "2026-03-08T07:00:00Z", "never: the jump"},
		{"America/New_York", "2026-03-08 03:00", "2026-03-08T07:00:00Z", "the jump itself"},
		{"America/New_York", "2026-03-08 01:59:59", "2026-03-08T06:59:59Z", "before the jump"},
		{"Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00:00Z", "a day that never was"},
		{"Europe/Berlin", "2040-07-01", "2040-06-30T22:00:00Z", "beyond the tables"},
		{"+05:30", "2025-07-01 00:00", "2025-06-30T18:30:00Z", "an offset"},
		{"-03:30", "2025-07-01 00:00", "2025-07-01T03:30:00Z", "an offset west"},
		{"UTC", "2025-07-01 10:11:12", "2025-07-01T10:11:12Z", "UTC"},
	} {
		zone, err := siteZone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		wall, err := parseLocal(c.wall)
		if err != nil {
			t.Fatal(err)
		}
		if got := instant(wall, zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s (%s): %s, want %s", c.wall, c.zone, c.why, got, c.want)
		}
	}
}

func TestStartsIsTheSitesTime(t *testing.T) {
	zone, err := siteZone("+05:30")
	if err != nil {
		t.Fatal(err)
	}
	s := shop(plain(1, "10", "2025-06-01 12:00:00"))
	s.Zone = zone
	for starts, want := range map[string]int64{"2025-06-01 17:30": 10, "2025-06-01 17:30:01": 0} {
		if got := s.under(t, `starts: "`+starts+`"`).Balances[7]; got != want {
			t.Errorf("starts %s: %d points, want %d", starts, got, want)
		}
	}
}

func TestOtherTimesAreRefused(t *testing.T) {
	for _, text := range []string{"2025-02-30", "2025-6-1", "2025-06-01 9:00", "2025-06-01 12:00Z", "2025-06-01 12:00:00.5", "2025-06-01 24:00", "now", " 2025-06-01", "2025-06-01T", "2025-06-01 12"} {
		if got, err := parseLocal(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}
