package program

import (
	"time"

	"github.com/cockroachdb/apd/v3"
)

// Order is an order of the store as it stands now, with its refunds. All
// times are UTC; a zero time is a missing one. Amounts are exact, in the
// order's currency.
type Order struct {
	ID          int64
	Customer    int64  // WordPress user id; 0 for a guest
	Email       string // billing e-mail as stored
	Marked      bool   // carries WooCommerce's mark of orders that it made anonymous; only read where it matters
	Status      string // without "wc-"
	Currency    string
	Created     time.Time
	Modified    time.Time
	Paid        time.Time
	Completed   time.Time
	Total       apd.Decimal // the order's own stored total, tax included
	Shipping    apd.Decimal // the order's own stored total, without tax
	ShippingTax apd.Decimal
	Lines       []Line
	Fees        []Fee
	Refunds     []Refund // by creation, then id
}

// Line is a product line of an order.
type Line struct {
	ID          int64
	Name        string // only read for people; may be empty
	Product     int64
	Variation   int64 // 0: none
	Quantity    apd.Decimal
	Total       apd.Decimal
	Subtotal    apd.Decimal
	Tax         apd.Decimal // of Total
	SubtotalTax apd.Decimal // of Subtotal
}

// Fee is a fee line of an order or of a refund.
type Fee struct {
	Total apd.Decimal
	Tax   apd.Decimal
}

// Refund is a refund of an order. Its stored totals, taxes and quantities are
// negative; Amount is the stored positive one.
type Refund struct {
	ID          int64
	Created     time.Time
	Amount      apd.Decimal
	Shipping    apd.Decimal
	ShippingTax apd.Decimal
	Lines       []RefundLine
	Fees        []Fee
}

// RefundLine is a product line of a refund.
type RefundLine struct {
	Item     int64 // the order line it names; 0: none
	Quantity apd.Decimal
	Total    apd.Decimal
	Tax      apd.Decimal
}

// Comment is a comment on a post or a product.
type Comment struct {
	ID         int64
	User       int64 // 0: not a registered user
	Post       int64
	PostType   string // empty: the post is gone
	PostAuthor int64
	Parent     int64
	Type       string // "review", "comment", "" or anything else
	Approved   string // WordPress's comment_approved: "1" is approved
	At         time.Time
	Verified   bool // WooCommerce's verified-owner mark
}

// User is a registered WordPress user.
type User struct {
	ID         int64
	Email      string
	Registered time.Time
	Roles      []string
	Outsider   bool // he has no capabilities in this site, not even none
}
