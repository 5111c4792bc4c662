package program

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cockroachdb/apd/v3"
)

// What a rule is for.
const (
	OfProduct  = "product" // or a variation
	OfCategory = "category"
)

// What a rule gives.
const (
	GivesNothing = "exclude"
	GivesPoints  = "points"          // for each piece
	GivesPerUnit = "points_per_unit" // of store currency
)

// ItemRule is the rule of one product or category from a version of the
// programme on.
type ItemRule struct {
	Kind    string // OfProduct or OfCategory
	ID      int64
	Version int64
	Gives   string // GivesNothing, GivesPoints or GivesPerUnit; "": there is no rule any more
	Amount  string // points as a decimal; "" where nothing is given
}

// ItemRules returns the rules by product and category, each once, products
// first, by id, for no version.
func (r Rules) ItemRules() []ItemRule {
	var all []ItemRule
	add := func(kind string, rules map[int64]Rule) {
		for id, rule := range rules {
			item := ItemRule{Kind: kind, ID: id, Gives: GivesNothing}
			switch {
			case rule.Points != nil:
				item.Gives, item.Amount = GivesPoints, canonical(rule.Points)
			case rule.PointsPerUnit != nil:
				item.Gives, item.Amount = GivesPerUnit, canonical(rule.PointsPerUnit)
			}
			all = append(all, item)
		}
	}
	add(OfProduct, r.Earn.Purchase.Products)
	add(OfCategory, r.Earn.Purchase.Categories)
	slices.SortFunc(all, compareItems)
	return all
}

func compareItems(a, b ItemRule) int {
	return cmp.Or(cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
}

// RuleBook is the rules by product and category in all versions of a programme.
// It never changes and may be used from several goroutines.
type RuleBook struct {
	products   map[int64][]itemRate
	categories map[int64][]itemRate
}

// itemRate is a rate from a version on.
type itemRate struct {
	version int64
	rate    rate
	none    bool // there is no rule any more
}

// NewRuleBook returns the book of some rules. Its error names a rule that
// cannot be read.
func NewRuleBook(rules []ItemRule) (*RuleBook, error) {
	b := &RuleBook{products: map[int64][]itemRate{}, categories: map[int64][]itemRate{}}
	sorted := slices.SortedFunc(slices.Values(rules), compareItems)
	for _, item := range sorted {
		of := b.products
		if item.Kind == OfCategory {
			of = b.categories
		}
		entry := itemRate{version: item.Version, none: item.Gives == ""}
		if !entry.none {
			var err error
			if entry.rate, err = item.rate(); err != nil {
				return nil, err
			}
		}
		of[item.ID] = append(of[item.ID], entry)
	}
	return b, nil
}

func (item ItemRule) rate() (rate, error) {
	var amount apd.Decimal
	var err error
	if item.Gives != GivesNothing {
		amount, err = ParseDecimal(item.Amount)
	}
	reason := "its product rule"
	if item.Kind == OfCategory {
		reason = "the lowest rule of its categories"
	}
	switch {
	case err != nil || item.Kind != OfProduct && item.Kind != OfCategory:
	case item.Gives == GivesPerUnit:
		return rate{perUnit: numberOf(&amount), reason: reason}, nil
	case item.Gives == GivesNothing && item.Kind == OfProduct:
		return rate{reason: "excluded by its product rule"}, nil
	case item.Gives == GivesNothing:
		return rate{reason: reason}, nil
	case item.Gives == GivesPoints && item.Kind == OfProduct:
		return rate{fixed: true, perPiece: numberOf(&amount), reason: "fixed points of its product rule"}, nil
	}
	return rate{}, fmt.Errorf("the rule of %s %d, %s %q, cannot be read", shorten(item.Kind), item.ID, shorten(item.Gives), shorten(item.Amount))
}

// HasCategories reports whether any version has a rule for a category.
func (b *RuleBook) HasCategories() bool { return len(b.categories) > 0 }

// in returns the rate that counts in a version.
func in(rates []itemRate, version int64) (rate, bool) {
	for _, r := range slices.Backward(rates) {
		if r.version <= version {
			return r.rate, !r.none
		}
	}
	return rate{}, false
}

// product returns the rate of a line's own rule: its variation's, else its
// product's.
func (b *RuleBook) product(l *Line, version int64) (rate, bool) {
	if len(b.products) == 0 {
		return rate{}, false
	}
	if r, ok := in(b.products[l.Variation], version); ok {
		return r, true
	}
	return in(b.products[l.Product], version)
}

// lowest returns the lowest rate of some categories.
func (b *RuleBook) lowest(categories []CategoryPath, version int64) (lowest rate, ruled bool) {
	for _, path := range categories {
		if r, ok := b.nearest(path, version); ok && (!ruled || r.perUnit.cmp(lowest.perUnit) < 0) {
			lowest, ruled = r, true
		}
	}
	return lowest, ruled
}

// nearest returns the rate of a category: its own, else that of the nearest
// category above it that has one.
func (b *RuleBook) nearest(path CategoryPath, version int64) (rate, bool) {
	for _, id := range path {
		if r, ok := in(b.categories[id], version); ok {
			return r, true
		}
	}
	return rate{}, false
}
