package program

import "github.com/cockroachdb/apd/v3"

// Rules is the versioned part of a programme: a fact is valued by the Rules
// in force at its time, and keeps them. Texts of local times are
// "YYYY-MM-DD[ HH:MM[:SS]]" in the site's zone. Amounts are in the store's
// currency. Rules are read only once they are compiled.
type Rules struct {
	Starts   string // facts with an earlier time earn nothing; "": open
	Guests   string // GuestsIgnore or GuestsMatchEmail
	HoldDays int    // days that order points stay pending; 0: none
	Earn     Earn
}

// Earn is what each source of points is worth.
type Earn struct {
	Purchase      Purchase
	FirstOrder    Bonus
	HighSpend     []Threshold
	Campaigns     []Campaign
	ProductReview Review
	BlogComment   Bonus
	Signup        Bonus
}

// Bonus is a fixed number of points; 0 switches it off.
type Bonus struct{ Points int64 }

// Review is the bonus for a product review.
type Review struct {
	Points       int64
	VerifiedOnly bool // only with WooCommerce's verified-owner mark
}

// Threshold is a bonus for an order that reaches an amount.
type Threshold struct {
	Amount apd.Decimal
	Points int64
}

// Campaign is a window of time with extra points for orders: From is
// included, To is not, "" is open. It has exactly one of Points and
// Multiplier (at least 1).
type Campaign struct {
	Name       string
	From       string
	To         string
	Points     *int64
	Multiplier *apd.Decimal
}

// Purchase says what an order's contents earn.
type Purchase struct {
	PointsPerUnit  apd.Decimal
	Discounts      string // DiscountsDeduct or DiscountsIgnore
	Tax            bool
	Shipping       bool
	Fees           bool
	Statuses       []string // without "wc-"
	CustomStatuses CustomStatuses
	MinOrder       apd.Decimal // 0: none
	MaxPoints      int64       // 0: no cap
	Rounding       string      // RoundDown, RoundUp or RoundNearest
	// Currencies holds, by code, the units of store currency for one unit.
	Currencies map[string]apd.Decimal
	Products   map[int64]Rule // by id of a variation or a product
	Categories map[int64]Rule // by term id
}

// CustomStatuses says which custom statuses earn once the order is paid: all,
// none, or those listed.
type CustomStatuses struct {
	Mode string // CustomEarn, CustomIgnore or CustomList
	List []string
}

// Rule is what one product or category earns. It has exactly one of Exclude,
// Points (products only: fixed points per piece) and PointsPerUnit.
type Rule struct {
	Exclude       bool
	Points        *apd.Decimal
	PointsPerUnit *apd.Decimal
}

// The words that rules are written in.
const (
	GuestsIgnore     = "ignore"
	GuestsMatchEmail = "match_email"

	DiscountsDeduct = "deduct"
	DiscountsIgnore = "ignore"

	CustomEarn   = "earn"
	CustomIgnore = "ignore"
	CustomList   = "list"

	RoundDown    = "down"
	RoundUp      = "up"
	RoundNearest = "nearest"
)

// Defaults returns the rules of a programme that says nothing: one point for
// each unit of store currency of a processing or completed order, and no
// bonuses. Each call returns its own copy.
func Defaults() Rules {
	return Rules{
		Guests: GuestsIgnore,
		Earn: Earn{Purchase: Purchase{
			PointsPerUnit:  *apd.New(1, 0),
			Discounts:      DiscountsDeduct,
			Statuses:       []string{"processing", "completed"},
			CustomStatuses: CustomStatuses{Mode: CustomEarn},
			Rounding:       RoundDown,
			Currencies:     map[string]apd.Decimal{},
			Products:       map[int64]Rule{},
			Categories:     map[int64]Rule{},
		}},
	}
}
