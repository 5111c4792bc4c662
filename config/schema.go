package config

import (
	"slices"
	"strings"

	"loyaltyd/sync/program"
)

// key is one key of the configuration.
type key struct {
	path     string
	fallback string // the default, as YAML
	shape    shape
	read     func(entry) // checks a value and puts it into the Config
}

// shape says how a value is written where there is only text: in environment
// variables and in --set.
type shape int

const (
	aText   shape = iota
	aPlain        // a number, or true or false
	words         // a list as JSON, or separated by commas
	aList         // a list as JSON
	aMap          // a map as JSON
	aChoice       // a word, or a list as JSON or separated by commas
)

// keys lists every key, in the order of the documentation. Reading a value
// puts it into c.
func (c *Config) keys() []key {
	rules := &c.Program.Rules
	earn := &rules.Earn
	purchase := &earn.Purchase
	return []key{
		{"store.wp_path", `""`, aText, text(&c.Store.WPPath)},
		{"store.dsn", `""`, aText, dsn(&c.Store.DSN)},
		{"store.dsn_file", `""`, aText, text(&c.Store.DSNFile)},
		{"store.table_prefix", `""`, aText, tablePrefix(&c.Store.TablePrefix)},
		{"ledger.dsn", `""`, aText, dsn(&c.Ledger.DSN)},
		{"ledger.dsn_file", `""`, aText, text(&c.Ledger.DSNFile)},
		{"endpoint.listen", `127.0.0.1:8787`, aText, text(&c.Endpoint.Listen)},
		{"endpoint.remote", `false`, aPlain, boolean(&c.Endpoint.Remote)},
		{"endpoint.key", `""`, aText, secret(&c.Endpoint.Key, checkKey)},
		{"endpoint.key_file", `""`, aText, text(&c.Endpoint.KeyFile)},
		{"endpoint.token", `""`, aText, secret(&c.Endpoint.Token, checkToken)},
		{"endpoint.token_file", `""`, aText, text(&c.Endpoint.TokenFile)},
		{"brake.percent", `5`, aPlain, percent(&c.Brake.Percent)},
		{"brake.entries", `1000`, aPlain, integer(&c.Brake.Entries)},
		{"schedule.sync", `"@every 15s"`, aText, schedule(&c.Schedule.Sync)},
		{"schedule.sweep", `"@every 10m"`, aText, schedule(&c.Schedule.Sweep)},
		{"schedule.expire", `5 0 * * *`, aText, schedule(&c.Schedule.Expire)},
		{"schedule.verify", `30 3 * * *`, aText, schedule(&c.Schedule.Verify)},

		{"program.starts", `""`, aText, localTime(&rules.Starts)},
		{"program.guests", `ignore`, aText, choice(&rules.Guests, program.GuestsIgnore, program.GuestsMatchEmail)},
		{"program.exclude.roles", `[]`, words, list(&c.Program.Exclude.Roles, entry.role)},
		{"program.exclude.users", `[]`, words, list(&c.Program.Exclude.Users, entry.id)},
		{"program.hold_days", `0`, aPlain, days(&rules.HoldDays, 0, 36500)},
		{"program.negative_balance", `allow`, aText, choice(&c.Program.NegativeBalance, NegativeAllow, NegativeClamp)},

		{"program.earn.purchase.points_per_unit", `1`, aPlain, rate(&purchase.PointsPerUnit)},
		{"program.earn.purchase.discounts", `deduct`, aText, choice(&purchase.Discounts, program.DiscountsDeduct, program.DiscountsIgnore)},
		{"program.earn.purchase.tax", `false`, aPlain, boolean(&purchase.Tax)},
		{"program.earn.purchase.shipping", `false`, aPlain, boolean(&purchase.Shipping)},
		{"program.earn.purchase.fees", `false`, aPlain, boolean(&purchase.Fees)},
		{"program.earn.purchase.statuses", `[processing, completed]`, words, list(&purchase.Statuses, entry.status)},
		{"program.earn.purchase.custom_statuses", `earn`, aChoice, customStatuses(&purchase.CustomStatuses)},
		{"program.earn.purchase.min_order", `0`, aPlain, amount(&purchase.MinOrder)},
		{"program.earn.purchase.max_points", `0`, aPlain, integer(&purchase.MaxPoints)},
		{"program.earn.purchase.rounding", `down`, aText, choice(&purchase.Rounding, program.RoundDown, program.RoundUp, program.RoundNearest)},
		{"program.earn.purchase.currencies", `{}`, aMap, mapping(&purchase.Currencies, strings.ToUpper, currencyCode, entry.amount)},
		{"program.earn.purchase.products", `{}`, aMap, mapping(&purchase.Products, nil, objectID, entry.productRule)},
		{"program.earn.purchase.categories", `{}`, aMap, mapping(&purchase.Categories, nil, objectID, entry.categoryRule)},
		{"program.earn.first_order.points", `0`, aPlain, integer(&earn.FirstOrder.Points)},
		{"program.earn.high_spend", `[]`, aList, list(&earn.HighSpend, entry.threshold)},
		{"program.earn.campaigns", `[]`, aList, list(&earn.Campaigns, entry.campaign)},
		{"program.earn.product_review.points", `0`, aPlain, integer(&earn.ProductReview.Points)},
		{"program.earn.product_review.verified_only", `false`, aPlain, boolean(&earn.ProductReview.VerifiedOnly)},
		{"program.earn.blog_comment.points", `0`, aPlain, integer(&earn.BlogComment.Points)},
		{"program.earn.signup.points", `0`, aPlain, integer(&earn.Signup.Points)},

		{"program.redeem.points_per_unit", `100`, aPlain, rate(&c.Program.Redeem.PointsPerUnit)},
		{"program.redeem.min", `0`, aPlain, integer(&c.Program.Redeem.Min)},
		{"program.redeem.max", `0`, aPlain, integer(&c.Program.Redeem.Max)},
		{"program.redeem.multiple", `1`, aPlain, multiple(&c.Program.Redeem.Multiple)},
		{"program.redeem.coupon_days", `365`, aPlain, days(&c.Program.Redeem.CouponDays, 0, 36500)},
		{"program.redeem.give_back", `[expired, deleted, refunded]`, words, giveBack(&c.Program.Redeem.GiveBack)},
		{"program.expiry.mode", `none`, aText, choice(&c.Program.Expiry.Mode, ExpiryNone, ExpiryIdle, ExpiryLots)},
		{"program.expiry.days", `365`, aPlain, days(&c.Program.Expiry.Days, 1, 36500)},
	}
}

// Key describes one key of the configuration.
type Key struct {
	Path    string // such as program.earn.purchase.rounding
	Env     string // the environment variable that sets it
	Default string // as YAML
}

// Keys returns every key, in the order in which Print shows them.
func Keys() []Key {
	var all []Key
	for _, k := range new(Config).keys() {
		all = append(all, Key{Path: k.path, Env: envName(k.path), Default: k.fallback})
	}
	return all
}

const envPrefix = "LOYALTYD_"

func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// schema knows the names of all keys and sections.
type schema struct {
	keys     []string            // full paths
	sections map[string][]string // names below each section, "" being the whole
}

func newSchema() schema {
	s := schema{sections: map[string][]string{}}
	for _, k := range new(Config).keys() {
		s.keys = append(s.keys, k.path)
		path := k.path
		for path != "" {
			section := path[:max(0, strings.LastIndexByte(path, '.'))]
			if name := lastPart(path); !slices.Contains(s.sections[section], name) {
				s.sections[section] = append(s.sections[section], name)
			}
			path = section
		}
	}
	return s
}

func (s schema) isKey(path string) bool { return slices.Contains(s.keys, path) }

// nearest returns the known key or section that an unknown path in section
// was most likely meant to be.
func (s schema) nearest(path, section string) string {
	var siblings []string
	for _, name := range s.sections[section] {
		siblings = append(siblings, join(section, name))
	}
	all := slices.Clone(s.keys)
	for name := range s.sections {
		if name != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return nearest(path, siblings, all)
}

func join(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}
