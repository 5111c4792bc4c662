package program

import (
	"fmt"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// Worth is what an order earns as it stands, if somebody earns it.
type Worth struct {
	EarnsAt   time.Time // also set if nothing is earned
	Purchase  int64
	HighSpend int64
	Campaign  int64
	// Skipped is SkippedCurrency if only the missing rate of its currency
	// keeps the order from earning, else "".
	Skipped string
}

// SkippedCurrency is the Skipped of an order that would earn if its currency
// had a rate.
const SkippedCurrency = "currency"

// Categories gives a product's direct categories; nil for a product without.
type Categories func(product int64) []int64

// OverflowError tells that an order is worth more points than 64 bits hold.
type OverflowError struct {
	Order int64
	What  string // such as "purchase points"
}

// Error names the order and the way out.
func (e *OverflowError) Error() string {
	return fmt.Sprintf("order %d: its %s do not fit 64 bits; lower the rates or set max_points", e.Order, e.What)
}

// Worth returns what an order is worth now. Whose it is, and whether he may
// earn, is OrderOwner's to say. Its error is an *OverflowError.
func (p *Program) Worth(o *Order, categories Categories) (Worth, error) {
	return p.worth(o, categories, nil)
}

func (p *Program) worth(o *Order, categories Categories, t *trace) (Worth, error) {
	w := Worth{EarnsAt: EarnsAt(o)}
	t.order(p, o, w.EarnsAt)
	if !p.statusEarns(o) {
		t.noEarning(o)
		return w, nil
	}
	if !p.started(w.EarnsAt) {
		t.say("The programme starts at %s: 0 points.", p.clock(p.starts))
		return w, nil
	}
	v, ok := p.value(o, categories, t)
	if !ok {
		w.Skipped = SkippedCurrency
		t.say("Its currency is %q, not %s, and no rate is set for it: 0 points.", plain(o.Currency), p.currency)
		return w, nil
	}
	r := newRefunded(o)
	for i := range o.Refunds {
		r.add(&o.Refunds[i])
	}
	spread := r.spread(t)
	var err error
	if w.Purchase, err = v.purchase(r, spread, t); err != nil {
		return Worth{EarnsAt: w.EarnsAt}, err
	}
	w.HighSpend = v.highSpend(r, spread, t)
	if w.Campaign, err = v.campaign(w.EarnsAt, w.Purchase, t); err != nil {
		return Worth{EarnsAt: w.EarnsAt}, err
	}
	return w, nil
}

// valued is an order with its bases and their rates, before refunds.
type valued struct {
	p        *Program
	o        *Order
	currency number // units of store currency for one of the order's
	lines    []valuedLine
	shipping number // base; 0 if shipping does not count
	fees     number // base; 0 if fees do not count
}

type valuedLine struct {
	base number
	rate rate
}

// value finds bases and rates; false if the order's currency has no rate.
func (p *Program) value(o *Order, categories Categories, t *trace) (*valued, bool) {
	currency, ok := p.currencyRate(o.Currency)
	if !ok {
		return nil, false
	}
	v := &valued{p: p, o: o, currency: currency, lines: make([]valuedLine, len(o.Lines))}
	buy := &p.rules.Earn.Purchase
	for i := range o.Lines {
		l := &o.Lines[i]
		v.lines[i] = valuedLine{p.lineBase(l), p.lineRate(l, categories)}
	}
	if buy.Shipping {
		v.shipping = numberOf(&o.Shipping)
		if buy.Tax {
			v.shipping = v.shipping.add(numberOf(&o.ShippingTax))
		}
	}
	if buy.Fees {
		for i := range o.Fees {
			v.fees = v.fees.add(numberOf(&o.Fees[i].Total))
			if buy.Tax {
				v.fees = v.fees.add(numberOf(&o.Fees[i].Tax))
			}
		}
	}
	return v, true
}

// lineBase returns what a line's rate is applied to.
func (p *Program) lineBase(l *Line) number {
	buy := &p.rules.Earn.Purchase
	base, tax := numberOf(&l.Total), numberOf(&l.Tax)
	if buy.Discounts == DiscountsIgnore {
		base = larger(base, numberOf(&l.Subtotal))
		tax = larger(tax, numberOf(&l.SubtotalTax))
	}
	if buy.Tax {
		base = base.add(tax)
	}
	return base
}

// lineRate returns the product's rule, variation first, else the lowest of
// its categories' rules, else the programme's own rate.
func (p *Program) lineRate(l *Line, categories Categories) rate {
	if r, ok := p.book.product(l, p.version); ok {
		return r
	}
	if categories != nil && p.book.HasCategories() {
		if r, ok := p.book.lowest(categories(l.Product), p.version); ok {
			return r
		}
	}
	return rate{perUnit: p.rate}
}

// purchase returns the points for the order's contents after refunds.
func (v *valued) purchase(r *refunded, spread fraction, t *trace) (int64, error) {
	var money, pieces fraction
	for i := range v.lines {
		l := &v.lines[i]
		left := r.lineLeft(i)
		if l.rate.fixed {
			quantity := numberOf(&v.o.Lines[i].Quantity)
			pieces = pieces.add(left.times(quantity).times(l.rate.perPiece))
		} else {
			money = money.add(left.times(l.base).times(l.rate.perUnit))
		}
		t.line(v, i, left)
	}
	if v.shipping.sign() != 0 {
		left := r.shippingLeft()
		money = money.add(left.times(v.shipping).times(v.p.rate))
		t.part("Shipping", v.shipping, v.p.rate, left)
	}
	if v.fees.sign() != 0 {
		left := r.feesLeft()
		money = money.add(left.times(v.fees).times(v.p.rate))
		t.part("Fees", v.fees, v.p.rate, left)
	}
	points := money.times(v.currency).add(pieces).mul(spread)
	t.sum(v, money, pieces, spread, points)

	buy := &v.p.rules.Earn.Purchase
	if v.p.minOrder.sign() > 0 {
		before := v.before()
		if before.cmp(v.p.minOrder) < 0 {
			if t != nil {
				t.say("Before refunds the order counts %s %s, which is below the minimum of %s: 0 purchase points.", before, v.p.currency, v.p.minOrder)
			}
			return 0, nil
		}
	}
	rounded := points.round(buy.Rounding)
	if t != nil {
		t.say("Rounded (%s): %s purchase points.", buy.Rounding, number{c: *rounded})
	}
	if buy.MaxPoints > 0 && rounded.Cmp(apd.NewBigInt(buy.MaxPoints)) > 0 {
		if t != nil {
			t.say("Capped at the most that an order earns: %d purchase points.", buy.MaxPoints)
		}
		return buy.MaxPoints, nil
	}
	if rounded.Sign() < 0 {
		t.say("Never below 0: 0 purchase points.")
		return 0, nil
	}
	if !rounded.IsInt64() {
		return 0, &OverflowError{v.o.ID, "purchase points"}
	}
	return rounded.Int64(), nil
}

// before returns the sum of all bases before refunds, in store currency.
func (v *valued) before() number {
	sum := v.shipping.add(v.fees)
	for i := range v.lines {
		sum = sum.add(v.lines[i].base)
	}
	return sum.mul(v.currency)
}

// highSpend returns the points of the highest threshold that the bases after
// refunds reach.
func (v *valued) highSpend(r *refunded, spread fraction, t *trace) int64 {
	if len(v.p.thresholds) == 0 {
		return 0
	}
	sum := r.shippingLeft().times(v.shipping).add(r.feesLeft().times(v.fees))
	for i := range v.lines {
		sum = sum.add(r.lineLeft(i).times(v.lines[i].base))
	}
	sum = sum.mul(spread).times(v.currency)

	var best *threshold
	for i := range v.p.thresholds {
		reached := &v.p.thresholds[i]
		if sum.cmp(reached.amount) >= 0 && (best == nil || reached.amount.cmp(best.amount) > 0) {
			best = reached
		}
	}
	if best == nil {
		if t != nil {
			t.say("Spending: %s %s after refunds reaches no threshold.", sum, v.p.currency)
		}
		return 0
	}
	if t != nil {
		t.say("Spending: %s %s after refunds reaches %s: %d points.", sum, v.p.currency, best.amount, best.points)
	}
	return best.points
}

// campaign returns the points of the first campaign that contains the
// order's earning time.
func (v *valued) campaign(earnsAt time.Time, purchase int64, t *trace) (int64, error) {
	for i := range v.p.campaigns {
		w := &v.p.campaigns[i]
		if !w.contains(earnsAt) {
			continue
		}
		points := w.points
		if w.multiply {
			extra := whole(number{c: *apd.NewBigInt(purchase)}.mul(w.extra))
			rounded := extra.round(v.p.rules.Earn.Purchase.Rounding)
			if !rounded.IsInt64() {
				return 0, &OverflowError{v.o.ID, "campaign points"}
			}
			points = rounded.Int64()
		} else if purchase == 0 {
			points = 0
		}
		if t != nil {
			t.say("Campaign %q: %d points.", plain(w.name), points)
		}
		return points, nil
	}
	return 0, nil
}

func (w *window) contains(at time.Time) bool {
	return (w.from.IsZero() || !at.Before(w.from)) && (w.to.IsZero() || at.Before(w.to))
}
