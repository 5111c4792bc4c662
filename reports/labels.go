package reports

import (
	"fmt"
	"strings"

	"loyaltyd/ledger"
)

// periodLabels are the names of the periods for people.
var periodLabels = map[string]string{
	WeekToDate: "Week to date", MonthToDate: "Month to date", QuarterToDate: "Quarter to date", YearToDate: "Year to date",
	LastWeek: "Last week", LastMonth: "Last month", LastQuarter: "Last quarter", LastYear: "Last year",
	Last30Days: "Last 30 days", AllTimeName: "All time",
}

// SourceLabel returns the name of a source for people; one that is unknown
// keeps its own.
func SourceLabel(source string) string { return ledger.Source(source).Info().Label }

// PeriodLabel returns the name of a period for people; one that is unknown
// keeps its own.
func PeriodLabel(period string) string {
	if label, ok := periodLabels[period]; ok {
		return label
	}
	return period
}

// Activity says for people what the entry is.
func (e Entry) Activity() string {
	return strings.Replace(ledger.Type(e.Type).Info().Activity, "%s", SourceLabel(e.Source), 1)
}

// Related names for people what the entry was posted for.
func (e Entry) Related() string {
	return fmt.Sprintf("%s #%d", ledger.Source(e.Source).Info().Object.Label(), e.Object)
}

// customer returns how a user is shown. Users without a name were deleted.
func customer(names map[int64]string, user int64) string {
	name, exists := names[user]
	switch name = clean(name); {
	case !exists:
		return fmt.Sprintf("Deleted customer #%d", user)
	case strings.TrimSpace(name) == "":
		return fmt.Sprintf("Customer #%d", user)
	}
	return name
}
