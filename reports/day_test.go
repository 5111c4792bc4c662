package reports_test

import (
	"testing"
	"time"

	"loyaltyd/reports"
)

// Go's ZoneBounds ends a year that follows a rule a day early in a leap year.
func TestDaysAfterALeapYearStart(t *testing.T) {
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for year := 2025; year <= 2061; year++ {
			want := time.Date(year, 1, 1, 0, 0, 0, 0, zone)
			if got := reports.NewDay(year, 1, 1).Starts(zone); !got.Equal(want) {
				t.Errorf("%s %d: got %s, want %s", name, year, got, want)
			}
		}
	}
}
