// Package schedule says when jobs are due on a site's clock, and runs those
// that are.
//
// A schedule is a set of instants. Which of them are due follows from the last
// success and the present alone, so nothing is lost while a machine sleeps or
// another job runs long, and nothing is kept that could be wrong.
package schedule

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"loyaltyd/sync/program"
)

// Schedule is an interval, such as "@every 15s", or a cron line.
//
// A cron line's instants are the local times that it matches. One that clocks
// skip is the instant of the jump, so that a daily line runs that day too; of
// one that clocks show twice it is the first. A line that names every hour
// runs through the repeated hour as well. A day that a zone leaves out, as
// Samoa did with 30 December 2011, has none.
type Schedule struct {
	every  time.Duration
	line   cron.Schedule
	hourly bool // the line matches in every hour of the day
}

// Parse reads a schedule in the form that the configuration takes. It must not
// name a time zone.
func Parse(text string) (Schedule, error) {
	parsed, err := cron.ParseStandard(text)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule %q: %w", text, err)
	}
	switch parsed := parsed.(type) {
	case cron.ConstantDelaySchedule:
		return Schedule{every: parsed.Delay}, nil
	case *cron.SpecSchedule:
		const allHours = 1<<24 - 1
		return Schedule{line: parsed, hourly: parsed.Hour&allHours == allHours}, nil
	}
	return Schedule{}, fmt.Errorf("schedule %q is neither an interval nor a cron line", text)
}

// Next returns the first instant of the schedule after last, in UTC; the zero
// time if there is none for years.
func (s Schedule) Next(last time.Time, zone *time.Location) time.Time {
	if s.line == nil {
		return last.Add(s.every).UTC()
	}
	next := s.nextLocal(last, zone)
	if s.hourly {
		if shown := s.nextShown(last, zone); next.IsZero() || shown.Before(next) {
			next = shown
		}
	}
	return next
}

// nextLocal returns the first instant after last that a matching local time
// stands for.
func (s Schedule) nextLocal(last time.Time, zone *time.Location) time.Time {
	// What clocks have shown already stands for an instant in the past.
	local := reading(last, zone)
	for {
		local = s.line.Next(local)
		if local.IsZero() {
			return time.Time{}
		}
		at := program.Instant(local, zone)
		if at.After(last) && dayExists(local, zone) {
			return at
		}
	}
}

// nextShown returns the first instant after last at which clocks show a
// matching time, be it for the second time.
func (s Schedule) nextShown(last time.Time, zone *time.Location) time.Time {
	from := last
	for at := last; ; {
		// Up to the next change, clocks go on evenly.
		_, offset := at.In(zone).Zone()
		ahead := time.Duration(offset) * time.Second
		local := s.line.Next(from.UTC().Add(ahead))
		if local.IsZero() {
			return time.Time{}
		}
		_, change := at.In(zone).ZoneBounds()
		if !change.IsZero() && !change.After(at) {
			// Where a zone goes on by rule, the year's last bound can be past.
			change = at.Add(24 * time.Hour)
		}
		if next := local.Add(-ahead); change.IsZero() || next.Before(change) {
			return next
		}
		from, at = change.Add(-time.Nanosecond), change
	}
}

// Due returns the first instant of the schedule that a job whose last success
// stands for last has missed by now; ok is false when there is none. A job
// without a success (zero) is due. So is one whose last success lies well
// ahead: then the clock was set back, and when the job ran is not known.
func (s Schedule) Due(last, now time.Time, zone *time.Location) (at time.Time, ok bool) {
	const skew = time.Minute // between the clocks of a cluster's servers
	if last.IsZero() || last.After(now.Add(skew)) {
		return now.UTC(), true
	}
	at = s.Next(last, zone)
	return at, !at.IsZero() && !at.After(now)
}

// Reached returns what a success that began at now stands for: with all that
// was missed, the schedule's latest instant if it is an interval, so that
// intervals do not drift by the time that it takes to begin.
func (s Schedule) Reached(last, now time.Time) time.Time {
	if s.line != nil || last.IsZero() || last.After(now) {
		return now.UTC()
	}
	return last.Add(now.Sub(last).Truncate(s.every)).UTC()
}

// dayExists reports whether the zone has the day of a local time at all.
func dayExists(local time.Time, zone *time.Location) bool {
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	return program.Instant(day, zone).Before(program.Instant(day.AddDate(0, 0, 1), zone))
}

// reading is what clocks in the zone show at an instant, as if it were UTC,
// where every day has every minute once.
func reading(at time.Time, zone *time.Location) time.Time {
	at = at.In(zone)
	_, offset := at.Zone()
	return at.UTC().Add(time.Duration(offset) * time.Second)
}
