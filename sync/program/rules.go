package program

import "github.com/cockroachdb/apd/v3"

// Rules is the versioned part of a programme: a fact is valued by the Rules
// in force at its time, and keeps them. Texts of local times are
// "YYYY-MM-DD[ HH:MM[:SS]]" in the site's zone. Amounts are in the store's
// currency. Rules are read only once they are compiled.
type Rules struct {
	Starts   string `json:"starts"`    // facts with an earlier time earn nothing; "": open
	Guests   string `json:"guests"`    // GuestsIgnore or GuestsMatchEmail
	HoldDays int    `json:"hold_days"` // days that order points stay pending; 0: none
	Earn     Earn   `json:"earn"`
}

// Earn is what each source of points is worth.
type Earn struct {
	Purchase      Purchase    `json:"purchase"`
	FirstOrder    Bonus       `json:"first_order"`
	HighSpend     []Threshold `json:"high_spend"`
	Campaigns     []Campaign  `json:"campaigns"`
	ProductReview Review      `json:"product_review"`
	BlogComment   Bonus       `json:"blog_comment"`
	Signup        Bonus       `json:"signup"`
}

// Bonus is a fixed number of points; 0 switches it off.
type Bonus struct {
	Points int64 `json:"points"`
}

// Review is the bonus for a product review.
type Review struct {
	Points       int64 `json:"points"`
	VerifiedOnly bool  `json:"verified_only"` // only with WooCommerce's verified-owner mark
}

// Threshold is a bonus for an order that reaches an amount.
type Threshold struct {
	Amount apd.Decimal `json:"amount"`
	Points int64       `json:"points"`
}

// Campaign is a window of time with extra points for orders: From is
// included, To is not, "" is open. It has exactly one of Points and
// Multiplier (at least 1).
type Campaign struct {
	Name       string       `json:"name"`
	From       string       `json:"from"`
	To         string       `json:"to"`
	Points     *int64       `json:"points,omitempty"`
	Multiplier *apd.Decimal `json:"multiplier,omitempty"`
}

// Purchase says what an order's contents earn.
type Purchase struct {
	PointsPerUnit  apd.Decimal    `json:"points_per_unit"`
	Discounts      string         `json:"discounts"` // DiscountsDeduct or DiscountsIgnore
	Tax            bool           `json:"tax"`
	Shipping       bool           `json:"shipping"`
	Fees           bool           `json:"fees"`
	Statuses       []string       `json:"statuses"` // without "wc-"
	CustomStatuses CustomStatuses `json:"custom_statuses"`
	MinOrder       apd.Decimal    `json:"min_order"`  // 0: none
	MaxPoints      int64          `json:"max_points"` // 0: no cap
	Rounding       string         `json:"rounding"`   // RoundDown, RoundUp or RoundNearest
	// Currencies holds, by code, the units of store currency for one unit.
	Currencies map[string]apd.Decimal `json:"currencies"`
	Products   map[int64]Rule         `json:"products"`   // by id of a variation or a product
	Categories map[int64]Rule         `json:"categories"` // by term id
}

// CustomStatuses says which custom statuses earn once the order is paid: all,
// none, or those listed.
type CustomStatuses struct {
	Mode string   `json:"mode"` // CustomEarn, CustomIgnore or CustomList
	List []string `json:"list,omitempty"`
}

// Rule is what one product or category earns. It has exactly one of Exclude,
// Points (products only: fixed points per piece) and PointsPerUnit.
type Rule struct {
	Exclude       bool         `json:"exclude,omitempty"`
	Points        *apd.Decimal `json:"points,omitempty"`
	PointsPerUnit *apd.Decimal `json:"points_per_unit,omitempty"`
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
