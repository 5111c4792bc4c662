package program

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/settings"
)

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
	Credit         string         `json:"credit"`     // CreditEarn or CreditDeduct
	// Currencies holds, by code, the units of store currency for one unit.
	Currencies Rates          `json:"currencies"`
	Products   map[int64]Rule `json:"products"`   // by id of a variation or a product
	Categories map[int64]Rule `json:"categories"` // by term id
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
	StartsByEarning  = "earning"
	StartsByCreation = "creation"

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

	CreditEarn   = "earn"
	CreditDeduct = "deduct"
)

var purchaseKeys = []settings.Key{
	{
		Path: "earn.purchase.points_per_unit", Kind: rates(), Default: `1`, Unit: "points for one unit of store currency", Versioned: true,
		Group: "earning", Label: "Points for each %s 1 spent", Help: "0.5 gives one point for every two. 0 turns points for purchases off.",
	},
	{
		Path: "earn.purchase.discounts", Default: DiscountsDeduct, Versioned: true,
		Kind: settings.Choice(
			settings.Option{Value: DiscountsDeduct, Label: "Points for what was really paid"},
			settings.Option{Value: DiscountsIgnore, Label: "Points for the price before coupons"},
		),
		Group: "earning", Label: "Discounts",
	},
	{
		Path: "earn.purchase.tax", Kind: settings.Bool("Tax earns points too"), Default: `false`, Versioned: true,
		Group: "earning", Label: "Tax",
	},
	{
		Path: "earn.purchase.shipping", Kind: settings.Bool("Shipping earns points too"), Default: `false`, Versioned: true,
		Group: "earning", Label: "Shipping",
	},
	{
		Path: "earn.purchase.fees", Kind: settings.Bool("Fees earn points too"), Default: `false`, Versioned: true,
		Group: "earning", Label: "Fees",
	},
	{
		Path: "earn.purchase.statuses", Kind: settings.Set(status()), Default: `[processing, completed]`, Versioned: true,
		Group: "earning", Late: 1, Label: "Orders earn while they are",
	},
	{
		Path: "earn.purchase.custom_statuses", Default: CustomEarn, Versioned: true,
		Kind:  customStatuses(),
		Group: "earning", Late: 1, Label: "Statuses of other plugins", Help: "An order counts as paid when it has a payment date.",
	},
	{
		Path: "earn.purchase.min_order", Kind: Decimal(), Default: `0`, Unit: "store currency", Versioned: true,
		Group: "earning", Label: "Smallest order that earns", Help: "In %s. 0: every order earns.",
	},
	{
		Path: "earn.purchase.max_points", Kind: limit(), Default: `0`, Unit: "points", Versioned: true,
		Group: "earning", Label: "Most points for one order", Help: "0: no limit.",
	},
	{
		Path: "earn.purchase.rounding", Default: RoundDown, Versioned: true,
		Kind: settings.Choice(
			settings.Option{Value: RoundDown, Label: "Down to whole points"},
			settings.Option{Value: RoundUp, Label: "Up to whole points", Late: 1},
			settings.Option{Value: RoundNearest, Label: "To the nearest whole point"},
		),
		Group: "earning", Label: "Rounding",
	},
	{
		Path: "earn.purchase.credit", Default: CreditEarn, Versioned: true,
		Kind: settings.Choice(
			settings.Option{Value: CreditEarn, Label: "Earns points like money"},
			settings.Option{Value: CreditDeduct, Label: "Earns no points"},
		),
		Group: "earning", Label: "What a gift card or store credit paid",
		Help: "As far as it lowers the total of the order. Coupons and negative fees are discounts instead.",
	},
	{
		Path: "earn.purchase.currencies", Default: `{}`, Unit: "store currency for one unit", Versioned: true,
		Kind:  settings.Map(currencyCode().Labelled("Currency"), Decimal().Labelled("Worth"), strings.ToUpper).AddedBy("Add a currency"),
		Group: "earning", Late: 3, Label: "Orders in other currencies",
		Help: "How many %s one unit of the other currency is worth. Orders in a currency that is not listed earn nothing.",
	},
	{
		Path: "earn.purchase.products", Default: `{}`, Versioned: true, PerID: true,
		Kind:  settings.Map(named("product").Labelled("Product"), productRule(), nil).AddedBy("Add a product"),
		Group: "products", Label: "Products", Help: "Type a part of the name, or the number of a product or variation.",
	},
	{
		Path: "earn.purchase.categories", Default: `{}`, Versioned: true, PerID: true,
		Kind:  settings.Map(named("category").Labelled("Category"), categoryRule(), nil).AddedBy("Add a category"),
		Group: "products", Label: "Categories", Help: "A rule counts for products in the category and in those below it that have no rule of their own.",
	},
}

func customStatuses() settings.Kind {
	k := settings.Either(settings.Set(customStatus()).Labelled("Paid orders earn in these:"),
		"is neither earn nor ignore nor a list of statuses: write one of them, like [packed, shipped]",
		settings.Option{Value: CustomEarn, Label: "Paid orders earn in all of them"},
		settings.Option{Value: CustomIgnore, Label: "Orders earn in none of them"},
	)
	k.Neither = "Write earn, ignore, or a list of custom statuses."
	return k
}

func productRule() settings.Kind {
	k := settings.Record("rule",
		settings.Field{Name: "points_per_unit", Kind: rates().Labelled("Points per unit of money")},
		settings.Field{Name: "points", Kind: rates().Labelled("Points per piece")},
		settings.Field{Name: "exclude", Kind: settings.Yes().Labelled("Nothing")},
	)
	k.OneOf = []string{"exclude", "points", "points_per_unit"}
	return k
}

func categoryRule() settings.Kind {
	k := settings.Record("rule",
		settings.Field{Name: "points_per_unit", Kind: rates().Labelled("Points per unit of money")},
		settings.Field{Name: "exclude", Kind: settings.Yes().Labelled("Nothing")},
	)
	k.OneOf = []string{"exclude", "points_per_unit"}
	k.Refused = map[string]string{"points": "Fixed points are for products only: write points_per_unit."}
	return k
}

// Rates are units of store currency for one unit of another, by its code.
type Rates map[string]apd.Decimal

// MarshalJSON writes the rates as text, so that no reader rounds them.
func (r Rates) MarshalJSON() ([]byte, error) {
	// A decimal writes itself as text only where it can be addressed.
	form := make(map[string]*apd.Decimal, len(r))
	for code, units := range maps.All(r) {
		form[code] = &units
	}
	return json.Marshal(form)
}

// CustomStatuses says which custom statuses earn once the order is paid: all,
// none, or those listed.
type CustomStatuses struct {
	Mode string // CustomEarn, CustomIgnore or CustomList
	List []string
}

// MarshalJSON writes the mode, or the list.
func (s CustomStatuses) MarshalJSON() ([]byte, error) {
	if s.Mode == CustomList {
		return json.Marshal(append([]string{}, s.List...))
	}
	return json.Marshal(s.Mode)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *CustomStatuses) UnmarshalJSON(text []byte) error {
	if strings.HasPrefix(string(text), "[") {
		s.Mode = CustomList
		return json.Unmarshal(text, &s.List)
	}
	s.List = nil
	return json.Unmarshal(text, &s.Mode)
}
