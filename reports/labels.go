package reports

import (
	"fmt"
	"strings"
)

// periodLabels are the names of the periods for people.
var periodLabels = map[string]string{
	WeekToDate: "Week to date", MonthToDate: "Month to date", QuarterToDate: "Quarter to date", YearToDate: "Year to date",
	LastWeek: "Last week", LastMonth: "Last month", LastQuarter: "Last quarter", LastYear: "Last year",
	Last30Days: "Last 30 days", AllTimeName: "All time",
}

// sourceLabels name the sources in the words that shop admins know.
var sourceLabels = map[string]string{
	"purchase":       "Purchasing products",
	"product_review": "Leaving a product review",
	"blog_comment":   "Leaving a blog comment",
	"signup":         "Registering as a customer",
	"first_order":    "After completing first order",
	"high_spend":     "Spending over a certain amount",
	"campaign":       "Extra points during a period",
	"referral":       "Referring a customer",
	"birthday":       "Birthday",
	"tier":           "Reaching a tier",
	"coupon":         "Coupon",
	"expiry":         "Expiry",
	"admin":          "Adjustment",
	"clamp":          "Balance kept at zero",
	"import":         "Imported points",
}

// SourceLabel returns the name of a source for people; one that is unknown
// keeps its own.
func SourceLabel(source string) string {
	if label, ok := sourceLabels[source]; ok {
		return label
	}
	return source
}

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
	label := SourceLabel(e.Source)
	switch e.Type {
	case revoke:
		return "Points deducted: " + label
	case redeem:
		return "Points claimed: " + label
	case restore:
		return "Points given back: " + label
	case expire:
		return "Points expired"
	case "hold":
		return label + " (pending)"
	case "release":
		return label + " (no longer pending)"
	case "cancel_hold":
		return label + " (pending points cancelled)"
	}
	return label
}

// Related names for people what the entry was posted for.
func (e Entry) Related() string {
	kind := "Object"
	switch e.Source {
	case "purchase", "first_order", "high_spend", "campaign":
		kind = "Order"
	case "product_review":
		kind = "Review"
	case "blog_comment":
		kind = "Comment"
	case "signup", "expiry", "birthday", "tier", "referral":
		kind = "User"
	case "coupon":
		kind = "Coupon"
	case "admin":
		kind = "Request"
	}
	return fmt.Sprintf("%s #%d", kind, e.Object)
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
