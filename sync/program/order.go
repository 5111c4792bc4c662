package program

import (
	"fmt"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/ledger"
)

// Worth is what an order earns as it stands, if somebody earns it: points by
// source.
type Worth struct {
	EarnsAt time.Time // also set if nothing is earned
	// Skipped is SkippedCurrency if only the missing rate of its currency
	// keeps the order from earning, else "".
	Skipped string

	purchase   int64
	firstOrder int64
	bonuses    [len(orderBonuses)]int64
}

// Of returns the points under a source.
func (w *Worth) Of(source ledger.Source) int64 {
	switch source {
	case ledger.Purchase:
		return w.purchase
	case ledger.FirstOrder:
		return w.firstOrder
	}
	for i := range orderBonuses {
		if orderBonuses[i].source == source {
			return w.bonuses[i]
		}
	}
	return 0
}

// orderBonus is a bonus that an order earns by itself.
type orderBonus struct {
	source ledger.Source // whose row in the ledger's table says that it is of an order
	// compile makes a programme's rules for it ready; nil if there are none.
	compile func(*Program) (bonusValue, error)
}

// bonusValue returns the points of a bonus for an order. Its error is an
// *OverflowError.
type bonusValue func(bonusOrder, *trace) (int64, error)

// bonusOrder is an order as its bonuses see it. It is handed on by value, which
// keeps it off the heap.
type bonusOrder struct {
	*valued
	earnsAt time.Time
	refunds refunded // all of them
	spread  fraction // of what these do not name
	points  int64    // for the order's contents
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
	if w.purchase, err = v.purchase(r, spread, t); err != nil {
		return Worth{EarnsAt: w.EarnsAt}, err
	}
	for i, value := range p.bonuses {
		if value == nil {
			continue
		}
		w.bonuses[i], err = value(bonusOrder{v, w.EarnsAt, *r, spread, w.purchase}, t)
		if err != nil {
			return Worth{EarnsAt: w.EarnsAt}, err
		}
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
	currency, ok := p.currencyRate(o, EarnsAt(o))
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

// left returns what is left of all bases after refunds, in store currency.
func (b *bonusOrder) left() fraction {
	sum := b.refunds.shippingLeft().times(b.shipping).add(b.refunds.feesLeft().times(b.fees))
	for i := range b.lines {
		sum = sum.add(b.refunds.lineLeft(i).times(b.lines[i].base))
	}
	return sum.mul(b.spread).times(b.currency)
}
