package oracle

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Program is what a `program:` section says. Times are the site's wall clock.
type Program struct {
	Starts        time.Time
	ByCreation    bool // starts looks at the creation of orders
	MatchGuests   bool
	ExcludedRoles map[string]bool // lower case
	ExcludedUsers map[int64]bool
	HoldDays      int64
	Clamp         bool
	Purchase      Purchase
	FirstOrder    int64
	HighSpend     []Threshold
	Campaigns     []Campaign
	Review        int64
	VerifiedOnly  bool
	BlogComment   int64
	Signup        int64
	ExpiryMode    string
}

// Purchase says what an order is worth.
type Purchase struct {
	Rate            *big.Rat
	IgnoreDiscounts bool
	Tax             bool
	Shipping        bool
	Fees            bool
	Statuses        map[string]bool
	AllCustom       bool
	Custom          map[string]bool
	MinOrder        *big.Rat
	MaxPoints       int64
	Rounding        string
	DeductCredit    bool
	Currencies      map[string]*big.Rat // upper case
	Products        map[int64]Rule
	Categories      map[int64]Rule
}

// Rule is a rate (0 for an exclusion) or, on products, fixed points a piece.
type Rule struct {
	Rate  *big.Rat
	Fixed *big.Rat
}

// Threshold is one step of high_spend.
type Threshold struct {
	Amount *big.Rat
	Points int64
}

// Campaign gives Points or, when Multiplier is set, multiplies.
type Campaign struct {
	From, To   time.Time
	Points     int64
	Multiplier *big.Rat
}

// Parse reads the YAML or JSON text of a `program:` section, with or without
// the `program:` above it, and fills in the defaults.
func Parse(text string) (Program, error) {
	p := Program{
		ExcludedRoles: map[string]bool{}, ExcludedUsers: map[int64]bool{}, ExpiryMode: "none",
		Purchase: Purchase{
			Rate: whole(1), AllCustom: true, MinOrder: new(big.Rat), Rounding: "down",
			Statuses: map[string]bool{"processing": true, "completed": true}, Custom: map[string]bool{},
			Currencies: map[string]*big.Rat{}, Products: map[int64]Rule{}, Categories: map[int64]Rule{},
		},
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return p, fmt.Errorf("read the programme: %w", err)
	}
	if len(doc.Content) == 0 {
		return p, nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.MappingNode && len(root.Content) == 2 && root.Content[0].Value == "program" {
		root = root.Content[1]
	}
	err := section(root, fields{
		"starts":    wall(&p.Starts),
		"starts_by": choice(func(v string) { p.ByCreation = v == "creation" }, "earning", "creation"),
		"guests":    choice(func(v string) { p.MatchGuests = v == "match_email" }, "ignore", "match_email"),
		"exclude": within(fields{
			"roles": each(func(n *yaml.Node) error { p.ExcludedRoles[strings.ToLower(n.Value)] = true; return nil }),
			"users": each(func(n *yaml.Node) error {
				id, err := parseID(n.Value)
				p.ExcludedUsers[id] = true
				return err
			}),
		}),
		"hold_days":        integer(&p.HoldDays),
		"negative_balance": choice(func(v string) { p.Clamp = v == "clamp" }, "allow", "clamp"),
		"deleted_orders":   choice(func(string) {}, "take_back", "keep"), // a fresh ledger sees no deleted order
		"earn": within(fields{
			"purchase":    within(p.Purchase.fields()),
			"first_order": within(fields{"points": integer(&p.FirstOrder)}),
			"high_spend": each(func(n *yaml.Node) error {
				var t Threshold
				err := section(n, fields{"amount": rational(&t.Amount), "points": integer(&t.Points)})
				if err == nil && t.Amount == nil {
					err = fmt.Errorf("a threshold needs an amount")
				}
				p.HighSpend = append(p.HighSpend, t)
				return err
			}),
			"campaigns": each(func(n *yaml.Node) error {
				c, err := parseCampaign(n)
				p.Campaigns = append(p.Campaigns, c)
				return err
			}),
			"product_review": within(fields{"points": integer(&p.Review), "verified_only": flag(&p.VerifiedOnly)}),
			"blog_comment":   within(fields{"points": integer(&p.BlogComment)}),
			"signup":         within(fields{"points": integer(&p.Signup)}),
		}),
		"redeem": within(fields{"points_per_unit": unread, "min": unread, "max": unread, "multiple": unread, "coupon_days": unread, "give_back": unread}),
		"expiry": within(fields{
			"mode": choice(func(v string) { p.ExpiryMode = v }, "none", "idle", "lots"), "days": unread,
		}),
	})
	if err != nil {
		return p, fmt.Errorf("read the programme: %w", err)
	}
	return p, nil
}

func (p *Purchase) fields() fields {
	return fields{
		"points_per_unit": rational(&p.Rate),
		"discounts":       choice(func(v string) { p.IgnoreDiscounts = v == "ignore" }, "deduct", "ignore"),
		"tax":             flag(&p.Tax),
		"shipping":        flag(&p.Shipping),
		"fees":            flag(&p.Fees),
		"statuses": func(n *yaml.Node) error {
			p.Statuses = map[string]bool{}
			return each(func(n *yaml.Node) error {
				s := n.Value
				if !isCustom(s) && s != "processing" && s != "completed" && s != "on-hold" && s != "pending" {
					return fmt.Errorf("%q cannot earn", s)
				}
				p.Statuses[stored(s)] = true
				return nil
			})(n)
		},
		"custom_statuses": func(n *yaml.Node) error {
			p.AllCustom = false
			if n.Kind == yaml.ScalarNode {
				return choice(func(v string) { p.AllCustom = v == "earn" }, "earn", "ignore")(n)
			}
			return each(func(n *yaml.Node) error {
				if !isCustom(n.Value) {
					return fmt.Errorf("%q is not a custom status", n.Value)
				}
				p.Custom[stored(n.Value)] = true
				return nil
			})(n)
		},
		"min_order":  rational(&p.MinOrder),
		"max_points": integer(&p.MaxPoints),
		"rounding":   choice(func(v string) { p.Rounding = v }, "down", "up", "nearest"),
		"credit":     choice(func(v string) { p.DeductCredit = v == "deduct" }, "earn", "deduct"),
		"currencies": entries(func(key string, n *yaml.Node) error {
			code := strings.ToUpper(key)
			if p.Currencies[code] != nil {
				return fmt.Errorf("a second rate")
			}
			var rate *big.Rat
			err := rational(&rate)(n)
			p.Currencies[code] = rate
			return err
		}),
		"products":   rules(p.Products, true),
		"categories": rules(p.Categories, false),
	}
}

func rules(into map[int64]Rule, fixed bool) reader {
	return entries(func(key string, n *yaml.Node) error {
		id, err := parseID(key)
		if err != nil {
			return err
		}
		if _, twice := into[id]; twice {
			return fmt.Errorf("a second rule")
		}
		var rule Rule
		var exclude bool
		known := fields{"exclude": flag(&exclude), "points_per_unit": rational(&rule.Rate)}
		if fixed {
			known["points"] = rational(&rule.Fixed)
		}
		if err := section(n, known); err != nil {
			return err
		}
		if len(n.Content) != 2 || (!exclude && rule.Rate == nil && rule.Fixed == nil) {
			return fmt.Errorf("a rule has exactly one of exclude: true, points, points_per_unit")
		}
		if exclude {
			rule.Rate = new(big.Rat)
		}
		into[id] = rule
		return nil
	})
}

func parseCampaign(n *yaml.Node) (Campaign, error) {
	var c Campaign
	var points *big.Rat
	err := section(n, fields{
		"name": unread, "from": wall(&c.From), "to": wall(&c.To), "multiplier": rational(&c.Multiplier),
		"points": func(n *yaml.Node) error { points = new(big.Rat); return integer(&c.Points)(n) },
	})
	switch {
	case err != nil:
		return c, err
	case (points == nil) == (c.Multiplier == nil):
		return c, fmt.Errorf("a campaign has either points or a multiplier")
	case c.Multiplier != nil && c.Multiplier.Cmp(whole(1)) < 0:
		return c, fmt.Errorf("a multiplier is 1 or more")
	}
	return c, nil
}

// notCustom are the statuses WordPress and WooCommerce define themselves.
var notCustom = map[string]bool{
	"pending": true, "processing": true, "on-hold": true, "completed": true, "cancelled": true,
	"refunded": true, "failed": true, "checkout-draft": true, "new": true, "publish": true,
	"future": true, "draft": true, "private": true, "trash": true, "auto-draft": true, "inherit": true,
	"request-pending": true, "request-confirmed": true, "request-failed": true, "request-completed": true,
}

// stored is what a column of 20 characters keeps of "wc-" and a status.
func stored(status string) string {
	letters := []rune(status)
	return string(letters[:min(len(letters), 17)])
}

func isCustom(status string) bool {
	status = stored(status)
	return status != "" && !strings.HasPrefix(status, "wc-") && !notCustom[status]
}
