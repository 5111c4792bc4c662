package reports

import (
	"time"
)

// Range is a range of site days, both included.
type Range struct {
	From, To Day
}

// AllTime is the range that contains every entry, those dated in the future
// included.
var AllTime = Range{MinDay, MaxDay}

// Contains says whether the day is in the range.
func (r Range) Contains(d Day) bool { return r.From <= d && d <= r.To }

// instants returns a condition on a column of UTC times that holds for the
// instants of the range's days, and its arguments.
func (r Range) instants(column string, zone *time.Location) (condition string, args []any) {
	condition = "1 = 1"
	if r.From > MinDay {
		condition += " AND " + column + " >= ?"
		args = append(args, r.From.Starts(zone))
	}
	if r.To < MaxDay {
		condition += " AND " + column + " < ?"
		args = append(args, (r.To + 1).Starts(zone))
	}
	return condition, args
}

// Period is a named range as it stands on one day.
type Period struct {
	Name string
	Range
}

// The names of the periods.
const (
	WeekToDate    = "week_to_date"
	MonthToDate   = "month_to_date"
	QuarterToDate = "quarter_to_date"
	YearToDate    = "year_to_date"
	LastWeek      = "last_week"
	LastMonth     = "last_month"
	LastQuarter   = "last_quarter"
	LastYear      = "last_year"
	Last30Days    = "last_30_days"
	AllTimeName   = "all_time"
)

// Periods returns the ten periods that reports are kept for, as they stand at
// now in the site's zone, in the order in which people see them.
func Periods(now time.Time, zone *time.Location, startOfWeek time.Weekday) []Period {
	return periodsOn(DayOf(now, zone), startOfWeek)
}

func periodsOn(today Day, startOfWeek time.Weekday) []Period {
	year, month, _ := today.utc().Date()
	week := today - Day((today.Weekday()-startOfWeek+7)%7)
	quarter := month - (month-1)%3
	monthStart := func(offset time.Month) Day { return NewDay(year, month+offset, 1) }
	quarterStart := func(offset time.Month) Day { return NewDay(year, quarter+offset, 1) }
	yearStart := func(offset int) Day { return NewDay(year+offset, time.January, 1) }
	return []Period{
		{WeekToDate, Range{week, today}},
		{MonthToDate, Range{monthStart(0), today}},
		{QuarterToDate, Range{quarterStart(0), today}},
		{YearToDate, Range{yearStart(0), today}},
		{LastWeek, Range{week - 7, week - 1}},
		{LastMonth, Range{monthStart(-1), monthStart(0) - 1}},
		{LastQuarter, Range{quarterStart(-3), quarterStart(0) - 1}},
		{LastYear, Range{yearStart(-1), yearStart(0) - 1}},
		{Last30Days, Range{today - 29, today}},
		{AllTimeName, AllTime},
	}
}

// span names the stretch of days that the period counts. This month becomes
// last month without changing its span, so that at a period's end nothing has
// to be counted again.
func (p Period) span() string {
	switch p.Name {
	case WeekToDate, LastWeek:
		return "w" + p.From.String()
	case MonthToDate, LastMonth:
		return "m" + p.From.String()
	case QuarterToDate, LastQuarter:
		return "q" + p.From.String()
	case YearToDate, LastYear:
		return "y" + p.From.String()
	}
	return p.Name
}
