package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Cron is a schedule: five cron fields, a descriptor such as @daily, or
// "@every 15s".
type Cron struct {
	text     string
	schedule cron.Schedule
}

// Next returns the first time of the schedule after t, in t's time zone.
func (c Cron) Next(t time.Time) time.Time {
	if c.schedule == nil {
		return time.Time{}
	}
	return c.schedule.Next(t)
}

// String returns the schedule as it was written.
func (c Cron) String() string { return c.text }

// ParseCron reads a schedule. It has no time zone of its own: the site's
// counts. Intervals are whole seconds.
func ParseCron(text string) (c Cron, err error) {
	if strings.Contains(strings.ToUpper(text), "TZ=") {
		return Cron{}, fmt.Errorf("must not name a time zone: leave TZ= out, the site's time zone counts")
	}
	if every, ok := strings.CutPrefix(text, "@every "); ok {
		interval, err := time.ParseDuration(every)
		if err != nil {
			return Cron{}, fmt.Errorf(`has no interval that can be read: write it like "@every 15s" or "@every 1h30m"`)
		}
		if interval < time.Second || interval%time.Second != 0 {
			return Cron{}, fmt.Errorf("is not a whole number of seconds, at least one: write \"@every 1s\" or longer")
		}
	}
	// The library panics on some texts.
	defer func() {
		if problem := recover(); problem != nil {
			c, err = Cron{}, errNotCron
		}
	}()
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return Cron{}, errNotCron
	}
	// The library gives up after five years; the start is fixed so that the
	// answer does not depend on the day.
	if schedule.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Cron{}, fmt.Errorf("never comes: no year has such a day")
	}
	return Cron{text: text, schedule: schedule}, nil
}

// UnmarshalText reads a schedule by ParseCron.
func (c *Cron) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCron(string(text))
	return err
}

var errNotCron = fmt.Errorf(`is not a schedule: write five fields (minute hour day month weekday) like "5 0 * * *", or "@daily", or "@every 15s"`)
