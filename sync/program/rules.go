package program

import (
	"slices"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/settings"
)

// Rules is the versioned part of a programme: a fact is valued by the Rules
// in force at its time, and keeps them. Texts of local times are
// "YYYY-MM-DD[ HH:MM[:SS]]" in the site's zone. Amounts are in the store's
// currency. Rules are read only once they are compiled.
type Rules struct {
	Starts   string `json:"starts"`    // facts with an earlier time earn nothing; "": open
	StartsBy string `json:"starts_by"` // which time of an order that is: StartsByEarning or StartsByCreation
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
	Name       string       `json:"name,omitempty"`
	From       string       `json:"from,omitempty"`
	To         string       `json:"to,omitempty"`
	Points     *int64       `json:"points,omitempty"`
	Multiplier *apd.Decimal `json:"multiplier,omitempty"`
}

// orderBonuses are what an order earns by itself beside its purchase points, in
// the order in which it is explained. A new one is a file like bonus_campaign.go,
// a line here, a field of Earn with its key below, and a row in the ledger's
// table of sources.
var orderBonuses = [...]orderBonus{highSpend, campaign}

// bonusKeys are the keys of what orders earn besides their contents, and of
// what else earns.
var bonusKeys = []settings.Key{
	{
		Path: "earn.first_order.points", Kind: points(), Default: `0`, Unit: "points", Versioned: true,
		Group: "bonuses", Label: "First order", Help: "Points for a customer’s first order. 0: none.",
	},
	{
		Path: "earn.high_spend", Default: `[]`, Versioned: true,
		Kind: settings.List(settings.Record("amount",
			settings.Field{Name: "amount", Kind: Decimal().Labelled("Amount"), Required: true},
			settings.Field{Name: "points", Kind: points().Labelled("Points"), Required: true},
		)).AddedBy("Add an amount"),
		Example: `[{"amount": "100", "points": 50}]`,
		Group:   "bonuses", Label: "Spending over a certain amount",
		Help: "An order gets the points of the highest amount that it reaches.",
	},
	{
		Path: "earn.campaigns", Default: `[]`, Versioned: true,
		Kind:    settings.List(campaignKind()).AddedBy("Add a campaign"),
		Example: `[{"name": "May", "from": "2026-05-01", "to": "2026-06-01", "multiplier": "2"}]`,
		Group:   "campaigns", Label: "Extra points during a period",
		Help: "“Times the points” with 2 doubles the points of the purchase.",
	},
	{
		Path: "earn.product_review.points", Kind: points(), Default: `0`, Unit: "points", Versioned: true,
		Group: "reviews", Label: "Points for a product review",
	},
	{
		Path: "earn.product_review.verified_only", Default: `false`, Versioned: true, Needs: "earn.product_review.points",
		Kind:  settings.Bool("Only reviews by customers who bought the product"),
		Group: "reviews", Label: "Verified owners",
	},
	{
		Path: "earn.blog_comment.points", Kind: points(), Default: `0`, Unit: "points", Versioned: true,
		Group: "reviews", Label: "Points for a comment on a post",
	},
	{
		Path: "earn.signup.points", Kind: points(), Default: `0`, Unit: "points", Versioned: true,
		Group: "registering", Label: "Points for registering", Help: "0: none.",
	},
}

func campaignKind() settings.Kind {
	k := settings.Record("campaign",
		settings.Field{Name: "name", Kind: settings.Text().Labelled("Name")},
		settings.Field{Name: "from", Kind: localTime().Labelled("From")},
		settings.Field{Name: "to", Kind: localTime().Labelled("Until before")},
		settings.Field{Name: "points", Kind: points().Labelled("Extra points an order")},
		settings.Field{Name: "multiplier", Kind: multiplier().Labelled("Times the points")},
	)
	k.OneOf, k.Before = []string{"points", "multiplier"}, []string{"from", "to"}
	return k
}

// versioned are the keys of Rules, in the order of all.
var versioned = settings.NewTable(slices.DeleteFunc(Keys(), func(k settings.Key) bool { return !k.Versioned }))

// Defaults returns the rules of a programme that says nothing: one point for
// each unit of store currency of a processing or completed order, and no
// bonuses. Each call returns its own copy.
func Defaults() Rules {
	var r Rules
	tree, err := versioned.Parse([]byte("{}"))
	if err == nil {
		err = tree.Into(&r)
	}
	if err != nil {
		panic("reading the defaults: " + err.Error()) // the table of keys is wrong
	}
	return r
}

// Validate returns an *settings.InvalidError that names everything in the rules
// that has no meaning, each with its key within the programme.
func (r Rules) Validate() error {
	_, err := versioned.Of(&r)
	return err
}
