package oracle

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
	_ "time/tzdata" // the stores name their zones
)

var offsetZone = regexp.MustCompile(`^([+-])(\d{2}):(\d{2})$`)

// siteZone reads WordPress's wp_timezone_string: a zone's name or "+05:30".
func siteZone(name string) (*time.Location, error) {
	if m := offsetZone.FindStringSubmatch(name); m != nil {
		hours, _ := strconv.Atoi(m[2])
		minutes, _ := strconv.Atoi(m[3])
		seconds := hours*3600 + minutes*60
		if m[1] == "-" {
			seconds = -seconds
		}
		return time.FixedZone(name, seconds), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("read the site's zone: %w", err)
	}
	return zone, nil
}

var localForms = []string{
	"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05",
}

// parseLocal reads the wall clock of starts, from and to; the result carries
// its digits as if they were UTC. Empty text is the zero time: open.
func parseLocal(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range localForms {
		// Go takes one-digit hours and trailing fractions; the form's length does not.
		if t, err := time.Parse(form, text); err == nil && len(text) == len(form) {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not YYYY-MM-DD[ HH:MM[:SS]]", text)
}

// instant is the moment the site's clock first shows the wall time; where the
// clock jumps over it, the moment of the jump.
func instant(wall time.Time, zone *time.Location) time.Time {
	const dayAndMore = 48 * time.Hour // no zone is further from UTC
	for at := wall.Add(-dayAndMore).In(zone); ; {
		begin, end := at.ZoneBounds()
		if !end.IsZero() && !end.After(at) { // the last day of a leap year, where a zone follows a rule
			end = at.Truncate(24 * time.Hour).Add(24 * time.Hour).In(zone)
		}
		_, offset := at.Zone()
		candidate := wall.Add(-time.Duration(offset) * time.Second)
		if end.IsZero() || candidate.Before(end) {
			if !begin.IsZero() && candidate.Before(begin) {
				candidate = begin
			}
			return candidate.UTC()
		}
		at = end
	}
}

// stamp is a stored UTC time; null, "" and a zero date are no time.
type stamp struct{ time.Time }

func (s *stamp) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" || text == `""` || (len(text) > 5 && text[:5] == `"0000`) {
		return nil
	}
	t, err := time.Parse(`"2006-01-02 15:04:05"`, text)
	s.Time = t
	return err
}
