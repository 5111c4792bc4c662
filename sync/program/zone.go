package program

import (
	"fmt"
	"time"
)

// localLayouts are the forms of a local time, by their length.
var localLayouts = map[int]string{
	len("2006-01-02"):          "2006-01-02",
	len("2006-01-02 15:04"):    "2006-01-02 15:04",
	len("2006-01-02 15:04:05"): "2006-01-02 15:04:05",
}

// ParseLocal reads a local time, "YYYY-MM-DD[ HH:MM[:SS]]" with a T allowed
// instead of the space, as the same clock reading in UTC. Instant makes an
// instant of it.
func ParseLocal(text string) (time.Time, error) {
	layout, ok := localLayouts[len(text)]
	for i := 0; ok && i < len(text); i++ {
		switch wanted := layout[i]; {
		case '0' <= wanted && wanted <= '9':
			ok = '0' <= text[i] && text[i] <= '9'
		case wanted == ' ':
			ok = text[i] == ' ' || text[i] == 'T'
		default:
			ok = text[i] == wanted
		}
	}
	if !ok {
		return time.Time{}, fmt.Errorf("%q is not a time such as 2026-03-01 or 2026-03-01 08:30", shorten(text))
	}
	if len(text) > 10 {
		text = text[:10] + " " + text[11:]
	}
	at, err := time.ParseInLocation(layout, text, time.UTC)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time of the calendar", text)
	}
	return at, nil
}

// Instant returns the instant, in UTC, at which clocks in the zone show the
// local time (read as ParseLocal gives it): the first one if they show it
// twice, the instant of the jump if they skip it.
func Instant(local time.Time, zone *time.Location) time.Time {
	// It is the first instant at which clocks show the local time or more.
	// No zone is two days away from UTC.
	at := local.Add(-48 * time.Hour)
	for {
		_, offset := at.In(zone).Zone()
		candidate := local.Add(-time.Duration(offset) * time.Second)
		if candidate.Before(at) {
			candidate = at
		}
		end := nextChange(at, zone)
		if end.IsZero() || candidate.Before(end) {
			return candidate.UTC()
		}
		at = end
	}
}

// nextChange returns an instant after at up to which clocks in the zone go on
// evenly; the zero time if they do so for ever.
func nextChange(at time.Time, zone *time.Location) time.Time {
	_, end := at.In(zone).ZoneBounds()
	if !end.IsZero() && !end.After(at) {
		// Where a zone goes on by rule, ZoneBounds ends every year after
		// 365 days: on the 366th, the year's end in UTC is the bound.
		const day = 24 * time.Hour
		end = at.Truncate(day).Add(day)
	}
	return end.UTC()
}

// resolve returns the instant of a local time's text; the zero time for "".
func resolve(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	local, err := ParseLocal(text)
	if err != nil {
		return time.Time{}, err
	}
	return Instant(local, zone), nil
}

// shorten keeps hostile text from filling a message.
func shorten(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
