package store

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// writtenDate is a date as meta holds it: an instant or, if local, what the
// site's clock showed, as if in UTC.
type writtenDate struct {
	at    time.Time
	local bool
}

// readDate reads the date of a meta value as WooCommerce does, in whole
// seconds. These forms are read:
//
//	1772359500, 1772359500.25, @1772359500   seconds since 1970
//	2026-03-01, 2026/3/1                     the year first
//	1-3-2026, 01.03.2026                     the day first
//	3/1/2026                                 the month first
//	1 March 2026, 01-Mar-2026, March 1st, 2026; perhaps after a weekday
//	20260301T100500
//
// A date is perhaps followed, after spaces, a comma or a T, by a time such as
// 9:05, 10:05:00, 10:05:00.5 or 9:05 pm, and that by a zone such as Z, UTC,
// +02:00, -0500, GMT+2, CEST or Europe/Berlin. Without a zone it is in the
// site's time. Days and hours may run over: 30 February, 24:00.
//
// Empty text, a zero date and seconds that are not after 1970 are a missing
// date. Any other text is not readable.
func readDate(text string) (d writtenDate, readable bool) {
	if at := parseUnix(text); !at.IsZero() {
		return writtenDate{at: at}, true
	}
	text = strings.TrimSpace(text)
	if at, is := plainTime([]byte(text)); is {
		return writtenDate{at, true}, true
	}
	if parts := secondsForm.FindStringSubmatch(text); parts != nil {
		at := parseUnix(parts[2])
		missing := parts[1] != "" || strings.Trim(parts[2], "0") == ""
		if missing {
			at = time.Time{}
		}
		return writtenDate{at: at}, missing || !at.IsZero()
	}
	// What became of a zero date in PHP.
	if text == "" || strings.HasPrefix(text, "-0001-11-30") {
		return writtenDate{}, true
	}
	return readDateText(text)
}

var secondsForm = regexp.MustCompile(`^@?(-?)(\d+)(?:\.\d*)?$`)

const (
	weekdayForm = `(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]?\s+)?`
	monthForm   = `(?P<name>jan|january|feb|february|mar|march|apr|april|may|jun|june|jul|july|aug|august|sept?|september|oct|october|nov|november|dec|december)\.?`
	dayForm     = `(?P<day>\d{1,2})`
	clockForm   = `(?:(?:\s+|\s*,\s*|t)(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,]\d+)?)?\s*(?P<half>am|pm|a\.m\.|p\.m\.)?)?`
	zoneForm    = `(?:\s*(?P<zone>(?:z|utc|gmt)?[+-]\d{1,2}(?::?\d{2})?|[a-z]{1,4}|[a-z_]+(?:/[a-z0-9_+-]+)+))?`
)

// dateForms are the forms of a date that is no number of seconds.
var dateForms = func() (all []*regexp.Regexp) {
	for _, day := range []string{
		`(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/]` + dayForm,
		dayForm + `[-.](?P<month>\d{1,2})[-.](?P<year>\d{4})`,
		`(?P<month>\d{1,2})/` + dayForm + `/(?P<year>\d{4})`,
		weekdayForm + dayForm + `(?:st|nd|rd|th)?[ -]*` + monthForm + `[ ,-]*(?P<year>\d{4})`,
		weekdayForm + monthForm + `[ -]+` + dayForm + `(?:st|nd|rd|th)?[ ,-]+(?P<year>\d{4})`,
	} {
		all = append(all, regexp.MustCompile(`(?i)^`+day+clockForm+zoneForm+`$`))
	}
	return append(all, regexp.MustCompile(`(?i)^(?P<year>\d{4})(?P<month>\d{2})`+
		`(?P<day>\d{2})t(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})`+zoneForm+`$`))
}()

func readDateText(text string) (d writtenDate, readable bool) {
	for _, form := range dateForms {
		values := form.FindStringSubmatch(text)
		if values == nil {
			continue
		}
		parts := map[string]string{}
		for i, name := range form.SubexpNames() {
			if name != "" {
				parts[name] = values[i]
			}
		}
		return dateOf(parts)
	}
	return writtenDate{}, false
}

// dateOf makes a date of the parts that its form names.
func dateOf(parts map[string]string) (d writtenDate, readable bool) {
	number := func(name string) int {
		n, _ := strconv.Atoi(parts[name]) // digits, or nothing
		return n
	}
	year, month, day := number("year"), number("month"), number("day")
	if name := strings.ToLower(parts["name"]); name != "" {
		month = 1 + strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", name[:3])/3
	}
	if year == 0 || month == 0 || day == 0 {
		return writtenDate{}, true // a zero date
	}
	hour, minute, second := number("hour"), number("minute"), number("second")
	if half := strings.ToLower(parts["half"]); half != "" {
		if hour < 1 || hour > 12 {
			return writtenDate{}, false
		}
		hour %= 12
		if half[0] == 'p' {
			hour += 12
		}
	}
	if month > 12 || day > 31 || hour > 24 || minute > 59 || second > 60 {
		return writtenDate{}, false
	}
	at := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if parts["zone"] == "" {
		return writtenDate{at, true}, true
	}
	zone, known := writtenZone(parts["zone"])
	if !known {
		return writtenDate{}, false
	}
	return writtenDate{at: siteTime(at, zone)}, true
}

// zoneHours are the abbreviations of zones that are read, as PHP reads them.
var zoneHours = map[string]int{
	"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

// writtenZone returns the zone that is written after a time.
func writtenZone(text string) (*time.Location, bool) {
	name := strings.ToUpper(text)
	if hours, known := zoneHours[name]; known {
		return time.FixedZone(name, hours*3600), true
	}
	if strings.Contains(text, "/") {
		zone, err := time.LoadLocation(text)
		return zone, err == nil
	}
	offset := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(name, "Z"), "UTC"), "GMT")
	if digits := offset[min(1, len(offset)):]; len(digits) == 4 && !strings.Contains(digits, ":") {
		offset = offset[:3] + ":" + offset[3:]
	} else if len(digits) == 3 {
		offset = offset[:2] + ":" + offset[2:]
	}
	return offsetZone(offset)
}

// siteTime returns the instant, in UTC, at which clocks in the zone show the
// local time. One that they skip is, as to PHP, as much later as they jump.
func siteTime(local time.Time, zone *time.Location) time.Time {
	year, month, day := local.Date()
	hour, minute, second := local.Clock()
	at := time.Date(year, month, day, hour, minute, second, 0, zone)
	if at.Hour() != hour || at.Minute() != minute {
		_, offset := at.Add(-24 * time.Hour).Zone()
		at = local.Add(-time.Duration(offset) * time.Second)
	}
	return at.UTC()
}

// siteZone returns the site's time zone, which is read when it is first
// needed.
func (sn *Snapshot) siteZone(ctx context.Context) (*time.Location, error) {
	if sn.zone == nil {
		settings, err := sn.settings(ctx)
		if err != nil {
			return nil, err
		}
		sn.zone = settings.Zone
	}
	return sn.zone, nil
}

// written returns the first of two values that is a date, as WooCommerce falls
// back on the second. Without any, the problem is what should be one.
func (sn *Snapshot) written(ctx context.Context, first, second amount) (at time.Time, problem amount, err error) {
	for _, value := range [...]amount{first, second} {
		if value.text == "" {
			continue
		}
		d, readable := readDate(value.text)
		switch {
		case !readable && problem.text == "":
			problem = value
		case d.at.IsZero():
		case !d.local:
			return d.at, amount{}, nil
		default:
			zone, err := sn.siteZone(ctx)
			return siteTime(d.at, zone), amount{}, err
		}
	}
	return time.Time{}, problem, nil
}

// idle are the statuses in which an order is worth nothing whatever its dates.
var idle = []string{"wc-cancelled", "wc-failed", "wc-checkout-draft", "trash", "auto-draft", "draft"}

// noDate is the SQL condition that a column holds no date. (In some modes MySQL
// refuses the zero date itself.)
func noDate(column string) string {
	return `(` + column + ` IS NULL OR ` + column + ` < '0001-01-01')`
}

// setDates reads the dates that are written in meta; those that are none go
// into the row's problems with dates.
func (sn *Snapshot) setDates(ctx context.Context, row *orderRow, paid, completed [2]amount) error {
	var problems [2]amount
	for i, date := range []struct {
		at     *time.Time
		values [2]amount
	}{{&row.paid, paid}, {&row.completed, completed}} {
		if !date.at.IsZero() {
			continue
		}
		var err error
		if *date.at, problems[i], err = sn.written(ctx, date.values[0], date.values[1]); err != nil {
			return err
		}
	}
	if row.parent != 0 || slices.Contains(idle, row.status) {
		return nil
	}
	for _, value := range problems {
		if value.text != "" {
			row.dates = append(row.dates, problem(place{order: row.id}, value)+" is no date")
		}
	}
	if row.created.IsZero() && row.paid.IsZero() && row.completed.IsZero() {
		row.undated = true
		row.dates = append(row.dates, fmt.Sprintf("order %d has no date at all, it counts as of 1970-01-01: give it a date of creation in WooCommerce", row.id))
	}
	return nil
}
