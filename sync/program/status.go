package program

import (
	"slices"
	"time"
)

// listable are the statuses of WordPress and WooCommerce that a programme may
// list; unlistable are the others that are not custom.
var (
	listable   = []string{"pending", "processing", "on-hold", "completed"}
	unlistable = []string{
		"cancelled", "refunded", "failed", "checkout-draft", "new", "publish", "future", "draft", "private", "trash",
		"auto-draft", "inherit", "request-pending", "request-confirmed", "request-failed", "request-completed",
	}
)

// refundedStatus is what WooCommerce calls an order that was refunded wholly.
const refundedStatus = "refunded"

// StoredStatus returns what of a status, written without "wc-", the store's
// tables keep: their column holds 20 characters and cuts off the rest, and what
// plugins register may be longer.
func StoredStatus(status string) string {
	const column = 20
	characters := 0
	for at := range status {
		if characters++; characters > column-len("wc-") {
			return status[:at]
		}
	}
	return status
}

// CustomStatus tells whether a status, written without "wc-", is one that a
// shop made itself: none of WooCommerce's and none of WordPress's own.
func CustomStatus(status string) bool {
	return status != "" && !slices.Contains(listable, status) && !slices.Contains(unlistable, status)
}

// EarnsAt returns an order's earning time: its paid date, else its completed
// date, else its created date, else 1970-01-01.
func EarnsAt(o *Order) time.Time {
	for _, at := range []time.Time{o.Paid, o.Completed, o.Created} {
		if !at.IsZero() {
			return at
		}
	}
	return time.Unix(0, 0).UTC()
}

// statusEarns tells whether the order's status lets it earn.
func (p *Program) statusEarns(o *Order) bool {
	status := StoredStatus(o.Status)
	if p.statuses[status] {
		return true
	}
	return !o.Paid.IsZero() && CustomStatus(status) && (p.rules.Earn.Purchase.CustomStatuses.Mode == CustomEarn || p.customs[status])
}

// startsBy returns the time of an order that is not to be before the start of
// the programme. One without a date of creation goes by its earning time.
func (p *Program) startsBy(o *Order) time.Time {
	if p.rules.StartsBy == StartsByCreation && !o.Created.IsZero() {
		return o.Created
	}
	return EarnsAt(o)
}

// started tells whether the programme was running at a time.
func (p *Program) started(at time.Time) bool {
	return p.starts.IsZero() || !at.Before(p.starts)
}
