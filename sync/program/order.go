package program

import (
	"fmt"
	"slices"
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
	// Absurd tells that the order would be worth more than MostPoints, and so
	// counts as 0.
	Absurd bool

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

// bonusValue returns the points of a bonus for an order, tooMany if they are
// more than MostPoints.
type bonusValue func(bonusOrder, *trace) int64

// bonusOrder is an order as its bonuses see it. It is handed on by value, which
// keeps it off the heap.
type bonusOrder struct {
	*valued
	earnsAt time.Time
	refunds refunded // all of them
	factor  fraction // of everything, besides the shares that refunds name
	points  int64    // for the order's contents
}

// SkippedCurrency is the Skipped of an order that would earn if its currency
// had a rate.
const SkippedCurrency = "currency"

// CategoryPath is a product category with those above it: itself, its parent
// and so on to the top.
type CategoryPath []int64

// Up returns the path up from its last category by the parents of categories. A
// loop ends at the first category that would come twice.
func (path CategoryPath) Up(parents map[int64]int64) CategoryPath {
	for {
		parent := parents[path[len(path)-1]]
		if parent == 0 || slices.Contains(path, parent) {
			return path
		}
		path = append(path, parent)
	}
}

// Categories gives a product's direct categories; nil for a product without.
type Categories func(product int64) []CategoryPath

// MostPoints is the most that a fact can be worth. Whoever could earn more by
// one order or one review meets a slip of somebody's finger.
const MostPoints = 1_000_000_000_000_000

// tooMany stands for any number of points above MostPoints.
const tooMany = MostPoints + 1

func within(points *apd.BigInt) int64 {
	if points.Cmp(apd.NewBigInt(MostPoints)) > 0 {
		return tooMany
	}
	return points.Int64()
}

// Problem says what is wrong with an order's worth; "" if nothing is.
func (w *Worth) Problem(order int64) string {
	if !w.Absurd {
		return ""
	}
	return fmt.Sprintf("order %d: worth more than %d points", order, int64(MostPoints))
}

// Worth returns what an order is worth now. Whose it is, and whether they may
// earn, is OrderOwner's to say.
func (p *Program) Worth(o *Order, categories Categories) Worth {
	return p.worth(o, categories, nil)
}

func (p *Program) worth(o *Order, categories Categories, t *trace) Worth {
	w := Worth{EarnsAt: EarnsAt(o)}
	t.order(p, o, w.EarnsAt)
	if !p.statusEarns(o) {
		t.noEarning(o)
		return w
	}
	if at := p.startsBy(o); !p.started(at) {
		t.early(p, at)
		return w
	}
	v, ok := p.value(o, categories, t)
	if !ok {
		w.Skipped = SkippedCurrency
		t.say("Its currency is %q, not %s, and no rate is set for it: 0 points.", plain(o.Currency), p.currency)
		return w
	}
	r := p.refunded(o)
	for i := range o.Refunds {
		r.add(&o.Refunds[i])
	}
	factor := v.factor(r, t)
	w.purchase = v.purchase(r, factor, t)
	all := w.purchase
	for i, value := range p.bonuses {
		if value != nil && all <= MostPoints {
			w.bonuses[i] = value(bonusOrder{v, w.EarnsAt, *r, factor, w.purchase}, t)
			all += w.bonuses[i]
		}
	}
	if all > MostPoints {
		t.say("That is more than %d points, which no order is worth: it counts as 0.", int64(MostPoints))
		return Worth{EarnsAt: w.EarnsAt, Absurd: true}
	}
	return w
}

// valued is an order with its bases and their rates, before refunds.
type valued struct {
	p        *Program
	o        *Order
	currency number // units of store currency for one of the order's
	lines    []valuedLine
	shipping number   // base; 0 if shipping does not count
	fees     number   // base; 0 if fees do not count
	discount fraction // what negative fees leave of all bases and fixed points
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
			if fee := &o.Fees[i]; fee.positive() {
				v.fees = v.fees.add(numberOf(&fee.Total))
				if buy.Tax {
					v.fees = v.fees.add(numberOf(&fee.Tax))
				}
			}
		}
	}
	v.discount = whole(one)
	if buy.Discounts == DiscountsDeduct {
		v.discount = o.discount(t)
	}
	return v, true
}

func (f *Fee) positive() bool { return f.Total.Sign() > 0 }

// discount returns what negative fees, which are an admin's or a wallet's
// discounts, leave of an order: max(0, 1 + N ÷ G), N being their sum, G that of
// lines, shipping and positive fees, all with their taxes.
func (o *Order) discount(t *trace) fraction {
	var negative, positive number
	for i := range o.Fees {
		switch fee := &o.Fees[i]; fee.Total.Sign() {
		case -1:
			negative = negative.add(numberOf(&fee.Total)).add(numberOf(&fee.Tax))
		case 1:
			positive = positive.add(numberOf(&fee.Total)).add(numberOf(&fee.Tax))
		}
	}
	if negative.sign() == 0 {
		return whole(one)
	}
	positive = positive.add(o.goods())
	if positive.sign() <= 0 {
		return whole(one)
	}
	factor := fraction{positive.add(negative), positive}
	if factor.n.sign() < 0 {
		factor = fraction{}
	}
	t.discount(negative.neg(), positive, factor)
	return factor
}

// factor returns what is left of everything that the order earns, besides the
// shares that refunds name.
func (v *valued) factor(r *refunded, t *trace) fraction {
	factor := v.discount.mul(r.spread(t))
	if v.p.rules.Earn.Purchase.Credit == CreditDeduct {
		factor = factor.mul(v.paid(r.amount, t))
	}
	return factor
}

// paid returns the part of an order that was not paid by store credit or a gift
// card, which lower its total and nothing else, when so much of it was paid
// back. A total may be below what was bought by half a smallest unit of currency
// for each part of it, from rounding.
func (v *valued) paid(back number, t *trace) fraction {
	total, bought := numberOf(&v.o.Total), v.o.bought()
	credit := bought.sub(total)
	if credit.cmp(v.p.halfUnit(v.o).mul(numberOfInt(v.o.parts()))) <= 0 {
		return whole(one)
	}
	var factor fraction
	if rest := bought.sub(back); rest.sign() > 0 {
		factor = ratio(total.sub(back), rest)
	}
	t.credit(credit, bought, back, factor)
	return factor
}

// parts is how many lines, shipping and fees an order has.
func (o *Order) parts() int64 {
	n := len(o.Lines) + len(o.Fees)
	if o.Shipping.Sign() != 0 || o.ShippingTax.Sign() != 0 {
		n++
	}
	return int64(n)
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

// lineRate returns the product's rule, variation first, else the lowest that
// its categories have, else the programme's own rate.
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

// purchase returns the points for the order's contents after refunds, tooMany
// if they are more than MostPoints.
func (v *valued) purchase(r *refunded, factor fraction, t *trace) int64 {
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
	points := money.times(v.currency).add(pieces).mul(factor)
	t.sum(v, money, pieces, factor, points)

	buy := &v.p.rules.Earn.Purchase
	if v.p.minOrder.sign() > 0 {
		before := v.before()
		if before.cmp(v.p.minOrder) < 0 {
			if t != nil {
				t.say("Before refunds the order counts %s %s, which is below the minimum of %s: 0 purchase points.", before, v.p.currency, v.p.minOrder)
			}
			return 0
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
		return within(apd.NewBigInt(buy.MaxPoints))
	}
	if rounded.Sign() < 0 {
		t.say("Never below 0: 0 purchase points.")
		return 0
	}
	return within(rounded)
}

// before returns the sum of all bases before refunds, in store currency.
func (v *valued) before() fraction {
	sum := v.shipping.add(v.fees)
	for i := range v.lines {
		sum = sum.add(v.lines[i].base)
	}
	all := v.discount.times(sum.mul(v.currency))
	if v.p.rules.Earn.Purchase.Credit == CreditDeduct {
		all = all.mul(v.paid(number{}, nil))
	}
	return all
}

// left returns what is left of all bases after refunds, in store currency.
func (b *bonusOrder) left() fraction {
	sum := b.refunds.shippingLeft().times(b.shipping).add(b.refunds.feesLeft().times(b.fees))
	for i := range b.lines {
		sum = sum.add(b.refunds.lineLeft(i).times(b.lines[i].base))
	}
	return sum.mul(b.factor).times(b.currency)
}
