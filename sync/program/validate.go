package program

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// maxHoldDays is a hundred years: nobody means more.
const maxHoldDays = 36500

// Validate returns an error that names everything in the rules that has no
// meaning, one problem a line, each with its key within the programme.
func (r Rules) Validate() error {
	var c checker
	c.local("starts", r.Starts)
	c.word("guests", r.Guests, GuestsIgnore, GuestsMatchEmail)
	c.when(r.HoldDays < 0 || r.HoldDays > maxHoldDays, "hold_days", "%d is not between 0 and %d", r.HoldDays, maxHoldDays)
	c.purchase(&r.Earn.Purchase)
	for i := range r.Earn.HighSpend {
		t := &r.Earn.HighSpend[i]
		key := fmt.Sprintf("earn.high_spend[%d]", i)
		c.amount(key+".amount", &t.Amount)
		c.points(key+".points", t.Points)
	}
	for i := range r.Earn.Campaigns {
		c.campaign(fmt.Sprintf("earn.campaigns[%d]", i), &r.Earn.Campaigns[i])
	}
	c.points("earn.first_order.points", r.Earn.FirstOrder.Points)
	c.points("earn.product_review.points", r.Earn.ProductReview.Points)
	c.points("earn.blog_comment.points", r.Earn.BlogComment.Points)
	c.points("earn.signup.points", r.Earn.Signup.Points)
	return errors.Join(c.problems...)
}

type checker struct{ problems []error }

func (c *checker) when(wrong bool, key, format string, args ...any) {
	if wrong {
		c.problems = append(c.problems, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
}

func (c *checker) word(key, word string, allowed ...string) {
	c.when(!slices.Contains(allowed, word), key, "%q is none of %s", shorten(word), strings.Join(allowed, ", "))
}

func (c *checker) points(key string, points int64) {
	c.when(points < 0, key, "%d is below 0", points)
}

func (c *checker) amount(key string, d *apd.Decimal) {
	if d.Form != apd.Finite {
		c.when(true, key, "not a number")
		return
	}
	c.when(d.Sign() < 0, key, "%s is below 0", shorten(d.String()))
}

func (c *checker) local(key, text string) {
	if text == "" {
		return
	}
	if _, err := ParseLocal(text); err != nil {
		c.problems = append(c.problems, fmt.Errorf("%s: %w", key, err))
	}
}

func (c *checker) purchase(p *Purchase) {
	const at = "earn.purchase."
	c.amount(at+"points_per_unit", &p.PointsPerUnit)
	c.word(at+"discounts", p.Discounts, DiscountsDeduct, DiscountsIgnore)
	for _, status := range p.Statuses {
		c.status(at+"statuses", status, "cannot earn; only custom statuses can, and "+strings.Join(listable, ", "), listable...)
	}
	c.word(at+"custom_statuses", p.CustomStatuses.Mode, CustomEarn, CustomIgnore, CustomList)
	for _, status := range p.CustomStatuses.List {
		c.status(at+"custom_statuses", status, "is not a custom status")
	}
	c.amount(at+"min_order", &p.MinOrder)
	c.points(at+"max_points", p.MaxPoints)
	c.word(at+"rounding", p.Rounding, RoundDown, RoundUp, RoundNearest)
	seen := map[string]bool{}
	for _, code := range slices.Sorted(maps.Keys(p.Currencies)) {
		units := p.Currencies[code]
		key := at + "currencies." + plain(code)
		c.when(code == "", key, "a currency needs a code")
		c.amount(key, &units)
		c.when(seen[strings.ToUpper(code)], key, "is given twice")
		seen[strings.ToUpper(code)] = true
	}
	for _, id := range slices.Sorted(maps.Keys(p.Products)) {
		c.rule(fmt.Sprintf(at+"products.%d", id), id, p.Products[id])
	}
	for _, id := range slices.Sorted(maps.Keys(p.Categories)) {
		key, rule := fmt.Sprintf(at+"categories.%d", id), p.Categories[id]
		c.when(rule.Points != nil, key, "points per piece are for products only; give points_per_unit or exclude")
		c.rule(key, id, rule)
	}
}

func (c *checker) status(key, status, refusal string, allowed ...string) {
	if bare, prefixed := strings.CutPrefix(status, "wc-"); prefixed {
		c.when(true, key, "%q is written without wc-: %q", shorten(status), shorten(bare))
		return
	}
	earns := CustomStatus(status) || slices.Contains(allowed, status)
	c.when(!earns, key, "%q %s", shorten(status), refusal)
}

func (c *checker) rule(key string, id int64, rule Rule) {
	c.when(id < 1, key, "ids start at 1")
	given := 0
	if rule.Exclude {
		given++
	}
	if rule.Points != nil {
		given++
		c.amount(key+".points", rule.Points)
	}
	if rule.PointsPerUnit != nil {
		given++
		c.amount(key+".points_per_unit", rule.PointsPerUnit)
	}
	c.when(given != 1, key, "give exactly one of exclude, points and points_per_unit")
}

func (c *checker) campaign(key string, campaign *Campaign) {
	c.local(key+".from", campaign.From)
	c.local(key+".to", campaign.To)
	from, errFrom := ParseLocal(campaign.From)
	to, errTo := ParseLocal(campaign.To)
	c.when(errFrom == nil && errTo == nil && !from.Before(to), key, "it ends (%s) before it begins (%s)", campaign.To, campaign.From)
	c.when((campaign.Points == nil) == (campaign.Multiplier == nil), key, "give exactly one of points and multiplier")
	if campaign.Points != nil {
		c.points(key+".points", *campaign.Points)
	}
	if m := campaign.Multiplier; m != nil {
		below := m.Form != apd.Finite || m.Cmp(apd.New(1, 0)) < 0
		c.when(below, key+".multiplier", "%s is below 1", shorten(m.String()))
	}
}
