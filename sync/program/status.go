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
	if p.statuses[o.Status] {
		return true
	}
	if o.Paid.IsZero() || !CustomStatus(o.Status) {
		return false
	}
	switch custom := &p.rules.Earn.Purchase.CustomStatuses; custom.Mode {
	case CustomEarn:
		return true
	case CustomList:
		return slices.Contains(custom.List, o.Status)
	}
	return false
}

// started tells whether the programme was running at a time.
func (p *Program) started(at time.Time) bool {
	return p.starts.IsZero() || !at.Before(p.starts)
}
