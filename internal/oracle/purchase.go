package oracle

import (
	"math/big"
	"time"
)

// worth is what an order is worth under one programme.
type worth struct {
	purchase *big.Int
	spend    *big.Rat // all bases after refunds and spread, in store currency
}

// base is a sum that may earn: what it is, and how much of it is left.
type base struct {
	sum  *big.Rat
	left *big.Rat // 1 - refunded share
	rule Rule
	qty  *big.Rat
}

// value works out an earning order of a store; rate is its currency's, in store
// currency.
func (p Purchase) value(o Order, rate *big.Rat, s *Store) worth {
	spread, discount := o.spread(s.Decimals), whole(1)
	if !p.IgnoreDiscounts {
		discount = o.discount()
	}
	credit, creditBefore := whole(1), whole(1)
	if p.DeductCredit && o.onCredit(s.Decimals) {
		credit, creditBefore = o.money(o.paidBack()), o.money(new(big.Rat))
	}
	earned, fixed := new(big.Rat), new(big.Rat)
	before, after := new(big.Rat), new(big.Rat)
	for _, b := range p.bases(o, s.Parents) {
		before = plus(before, times(b.sum, discount, creditBefore))
		sum := times(b.sum, discount, credit)
		after = plus(after, times(sum, b.left))
		if b.rule.Fixed != nil {
			fixed = plus(fixed, times(b.rule.Fixed, b.qty, b.left, discount, credit))
			continue
		}
		earned = plus(earned, times(b.rule.Rate, sum, b.left))
	}
	w := worth{new(big.Int), times(after, spread, rate)}
	if p.MinOrder.Sign() > 0 && times(before, rate).Cmp(p.MinOrder) < 0 {
		return w
	}
	rounded := round(times(plus(times(earned, rate), fixed), spread), p.Rounding)
	if p.MaxPoints > 0 && rounded.Cmp(big.NewInt(p.MaxPoints)) > 0 {
		rounded = big.NewInt(p.MaxPoints)
	}
	if rounded.Sign() > 0 {
		w.purchase = rounded
	}
	return w
}

func (p Purchase) bases(o Order, parents map[int64]int64) []base {
	var all []base
	general := Rule{Rate: p.Rate}
	for _, l := range o.Lines {
		sum, tax := l.Total.value(), l.Tax.value()
		if p.IgnoreDiscounts {
			sum, tax = larger(l.Subtotal.value(), sum), larger(l.SubtotalTax.value(), tax)
		}
		all = append(all, base{p.taxed(sum, tax), minus(whole(1), o.lineShare(l)), p.rule(l, parents), l.Quantity.value()})
	}
	if p.Shipping {
		refunded, _ := o.refundedShipping()
		left := minus(whole(1), fraction(refunded, o.Shipping.value()))
		all = append(all, base{p.taxed(o.Shipping.value(), o.ShippingTax.value()), left, general, nil})
	}
	if p.Fees {
		sum, tax := feeSums(positive(o.Fees))
		refunded := new(big.Rat)
		for _, r := range o.Refunds {
			back, _ := feeSums(negative(r.Fees)) // negative: it pays back a positive fee
			refunded = minus(refunded, back)
		}
		all = append(all, base{p.taxed(sum, tax), minus(whole(1), fraction(refunded, sum)), general, nil})
	}
	return all
}

func (p Purchase) taxed(sum, tax *big.Rat) *big.Rat {
	if p.Tax {
		return plus(sum, tax)
	}
	return sum
}

func (p Purchase) rule(l Line, parents map[int64]int64) Rule {
	if r, ok := p.Products[l.VariationID]; ok {
		return r
	}
	if r, ok := p.Products[l.ProductID]; ok {
		return r
	}
	lowest := Rule{}
	for _, c := range l.Categories {
		if r, ok := p.above(c, parents); ok && (lowest.Rate == nil || r.Rate.Cmp(lowest.Rate) < 0) {
			lowest = r
		}
	}
	if lowest.Rate != nil {
		return lowest
	}
	return Rule{Rate: p.Rate}
}

// above is the rule of a category or of the nearest one above it that has one.
func (p Purchase) above(category int64, parents map[int64]int64) (Rule, bool) {
	for met := map[int64]bool{}; category != 0 && !met[category]; category = parents[category] {
		if r, ok := p.Categories[category]; ok {
			return r, true
		}
		met[category] = true
	}
	return Rule{}, false
}

// lineShare is how much of a line was refunded by name, 0 to 1.
func (o Order) lineShare(l Line) *big.Rat {
	sum, qty := new(big.Rat), new(big.Rat)
	for _, r := range o.Refunds {
		for _, rl := range r.Lines {
			if rl.Names == l.ID {
				sum = plus(sum, rl.Total.refunded())
				qty = plus(qty, rl.Quantity.refunded())
			}
		}
	}
	if l.Total.value().Sign() == 0 {
		return fraction(qty, l.Quantity.value())
	}
	return fraction(sum, l.Total.value())
}

func (o Order) refundedShipping() (sum, tax *big.Rat) {
	sum, tax = new(big.Rat), new(big.Rat)
	for _, r := range o.Refunds {
		sum, tax = plus(sum, r.Shipping.refunded()), plus(tax, r.ShippingTax.refunded())
	}
	return sum, tax
}

func (o Order) refundedFees() (sum, tax *big.Rat) {
	sum, tax = new(big.Rat), new(big.Rat)
	for _, r := range o.Refunds {
		s, t := feeSums(r.Fees)
		sum, tax = minus(sum, s), minus(tax, t)
	}
	return sum, tax
}

func feeSums(fees []Fee) (sum, tax *big.Rat) {
	sum, tax = new(big.Rat), new(big.Rat)
	for _, f := range fees {
		sum, tax = plus(sum, f.Total.value()), plus(tax, f.Tax.value())
	}
	return sum, tax
}

func positive(fees []Fee) (some []Fee) {
	for _, f := range fees {
		if f.Total.value().Sign() > 0 {
			some = append(some, f)
		}
	}
	return some
}

func negative(fees []Fee) (some []Fee) {
	for _, f := range fees {
		if f.Total.value().Sign() < 0 {
			some = append(some, f)
		}
	}
	return some
}

// discount is what negative fees leave of every base: 1 + N/G, at least 0.
func (o Order) discount() *big.Rat {
	n := plus(feeSums(negative(o.Fees)))
	g := plus(o.Shipping.value(), o.ShippingTax.value(), plus(feeSums(positive(o.Fees))))
	for _, l := range o.Lines {
		g = plus(g, l.Total.value(), l.Tax.value())
	}
	if g.Sign() <= 0 {
		return whole(1)
	}
	return larger(plus(whole(1), new(big.Rat).Quo(n, g)), new(big.Rat))
}

// spread is what refunds that name nothing leave of every part of the order.
func (o Order) spread(decimals int) *big.Rat {
	own, namings := map[int64]bool{}, int64(0)
	for _, l := range o.Lines {
		own[l.ID] = true
	}
	amounts, named := new(big.Rat), new(big.Rat)
	for _, r := range o.Refunds {
		amounts = plus(amounts, r.Amount.value())
		namings += int64(len(r.Fees))
		if r.Shipping.value().Sign() != 0 || r.ShippingTax.value().Sign() != 0 {
			namings++
		}
		for _, l := range r.Lines {
			if own[l.Names] {
				namings++
				named = plus(named, l.Total.refunded(), l.Tax.refunded())
			}
		}
	}
	if amounts.Sign() == 0 {
		return whole(1)
	}
	shipping, shippingTax := o.refundedShipping()
	fees, feesTax := o.refundedFees()
	named = plus(named, shipping, shippingTax, fees, feesTax)

	rest := minus(larger(o.Total.value(), o.parts()), named)
	if rest.Sign() <= 0 {
		return new(big.Rat)
	}
	unnamed := larger(minus(amounts, named), new(big.Rat))
	// A unit for each refund, half a one for each thing that refunds name.
	rounding := plus(whole(int64(len(o.Refunds))), big.NewRat(namings, 2))
	if unnamed.Cmp(times(rounding, unit(decimals))) <= 0 {
		return whole(1)
	}
	left := larger(minus(rest, unnamed), new(big.Rat))
	return new(big.Rat).Quo(left, rest)
}

// onCredit tells whether the total is so far below what was bought that it
// is not for rounding alone.
func (o Order) onCredit(decimals int) bool {
	parts := len(o.Lines) + len(o.Fees)
	if o.Shipping.value().Sign() != 0 || o.ShippingTax.value().Sign() != 0 {
		parts++
	}
	rounding := times(big.NewRat(int64(parts), 2), unit(decimals))
	return minus(o.parts(), o.Total.value()).Cmp(rounding) > 0
}

// money is the share of an order that was not paid by credit, without what
// came back.
func (o Order) money(back *big.Rat) *big.Rat {
	all := minus(o.parts(), back)
	if all.Sign() <= 0 {
		return new(big.Rat)
	}
	return fraction(minus(o.Total.value(), back), all)
}

func (o Order) paidBack() *big.Rat {
	sum := new(big.Rat)
	for _, r := range o.Refunds {
		sum = plus(sum, r.Amount.value())
	}
	return sum
}

// parts is the sum of lines, shipping and fees with their taxes.
func (o Order) parts() *big.Rat {
	sum := plus(o.Shipping.value(), o.ShippingTax.value())
	for _, l := range o.Lines {
		sum = plus(sum, l.Total.value(), l.Tax.value())
	}
	fees, tax := feeSums(o.Fees)
	return plus(sum, fees, tax)
}

// earningTime is the paid date, else the completed one, else the created one.
func (o Order) earningTime() time.Time {
	for _, s := range []stamp{o.Paid, o.Completed, o.Created} {
		if !s.IsZero() {
			return s.Time
		}
	}
	return time.Unix(0, 0).UTC()
}

// earns tells whether an order of this status (and payment) earns.
func (p Purchase) earns(o Order) bool {
	if p.Statuses[stored(o.Status)] {
		return true
	}
	return isCustom(o.Status) && (p.AllCustom || p.Custom[stored(o.Status)]) && !o.Paid.IsZero()
}
