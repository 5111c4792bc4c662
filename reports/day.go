package reports

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Day is a calendar day of the site, counted from 1970-01-01. Which instants
// it covers depends on the site's time zone.
type Day int32

// The days between which everything lies: what DATE columns can hold.
var (
	MinDay = NewDay(1000, time.January, 1)
	MaxDay = NewDay(9999, time.December, 31)
)

const secondsPerDay = 24 * 60 * 60

// NewDay returns the day of a date; overflowing months and days carry over.
func NewDay(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// DayOf returns the day that clocks in zone show at t.
func DayOf(t time.Time, zone *time.Location) Day {
	return NewDay(t.In(zone).Date())
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a day: write it as YYYY-MM-DD", text)
	}
	day := NewDay(t.Date())
	if day < MinDay {
		return 0, fmt.Errorf("%q is before %s", text, MinDay)
	}
	return day, nil
}

// Starts returns the first instant at which clocks in zone show the day, or a
// later one when the zone skipped it. It is not always midnight: some zones
// put their clocks forward at midnight.
func (d Day) Starts(zone *time.Location) time.Time {
	wall := d.utc()
	// No zone was ever further than this from UTC.
	at := wall.Add(-26 * time.Hour).In(zone)
	for {
		end := zoneEnd(at)
		_, offset := at.Zone()
		starts := wall.Add(-time.Duration(offset) * time.Second)
		if starts.Before(at) {
			starts = at
		}
		if end.IsZero() || starts.Before(end) {
			return starts.UTC()
		}
		at = end
	}
}

// zoneEnd returns the end of the offset in force at t, or an instant before it
// from which to ask again; zero if it never ends. Go ends a year that follows
// a rule after 365 days, so that on the last day of a leap year the end it
// gives is not after t.
func zoneEnd(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		end = t.Truncate(24 * time.Hour).Add(24 * time.Hour).In(t.Location())
	}
	return end
}

// Weekday returns the day of the week.
func (d Day) Weekday() time.Weekday { return d.utc().Weekday() }

// String returns the day as YYYY-MM-DD.
func (d Day) String() string { return d.utc().Format(time.DateOnly) }

func (d Day) utc() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// Value makes a Day a DATE.
func (d Day) Value() (driver.Value, error) { return d.String(), nil }

// Scan reads a DATE.
func (d *Day) Scan(value any) error {
	t, ok := value.(time.Time)
	if !ok {
		return fmt.Errorf("read a day: got %T", value)
	}
	*d = NewDay(t.Date())
	return nil
}
