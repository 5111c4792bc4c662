package program

import "github.com/cockroachdb/apd/v3"

// refunded adds up what an order's refunds took back, and says what is left.
type refunded struct {
	o        *Order
	halfUnit number        // half the smallest unit of currency
	index    map[int64]int // order line id → its index; nil until a refund names one
	lines    []refundedLine
	shipping number // without tax, like total
	fees     number // the positive ones
	named    number // lines, shipping and fees that refunds name, with tax
	amount   number // what was paid back in all
	rounded  int64  // half units that rounding may have added to what was paid back
}

// refundedLine is what refunds took back of one line, as positive numbers.
type refundedLine struct {
	total    number
	quantity number
}

func (p *Program) refunded(o *Order) *refunded { return &refunded{o: o, halfUnit: p.halfUnit(o)} }

// add counts one more refund. Stored totals, taxes and quantities of refunds
// are negative, so minus them is what came back, whatever their sign.
func (r *refunded) add(refund *Refund) {
	r.amount = r.amount.add(numberOf(&refund.Amount))
	r.rounded += 2
	if len(refund.Lines) > 0 && r.lines == nil {
		r.index = make(map[int64]int, len(r.o.Lines))
		for i := range r.o.Lines {
			r.index[r.o.Lines[i].ID] = i
		}
		r.lines = make([]refundedLine, len(r.o.Lines))
	}
	for i := range refund.Lines {
		l := &refund.Lines[i]
		n, ok := r.index[l.Item]
		if !ok {
			continue // unnamed: a part of what is spread
		}
		total := numberOf(&l.Total)
		line := &r.lines[n]
		line.total = line.total.sub(total)
		line.quantity = line.quantity.sub(numberOf(&l.Quantity))
		r.named = r.named.sub(total).sub(numberOf(&l.Tax))
		r.rounded++
	}
	shipping, shippingTax := numberOf(&refund.Shipping), numberOf(&refund.ShippingTax)
	r.shipping = r.shipping.sub(shipping)
	r.named = r.named.sub(shipping).sub(shippingTax)
	if shipping.sign() != 0 || shippingTax.sign() != 0 {
		r.rounded++
	}
	for i := range refund.Fees {
		f := &refund.Fees[i]
		total := numberOf(&f.Total)
		if total.sign() < 0 {
			r.fees = r.fees.sub(total) // else it takes back a negative fee
		}
		r.named = r.named.sub(total).sub(numberOf(&f.Tax))
		r.rounded++
	}
}

// left returns 1 − the refunded share of a total, the share held between 0
// and 1; everything is left of a total of 0.
func left(total, back number) fraction {
	if total.sign() == 0 || back.sign() == 0 {
		return whole(one)
	}
	return ratio(total.sub(back), total)
}

// lineLeft returns the part of a line that was not refunded: by money, or by
// pieces if the line cost nothing.
func (r *refunded) lineLeft(i int) fraction {
	if r.lines == nil {
		return whole(one)
	}
	line := &r.o.Lines[i]
	if total := numberOf(&line.Total); total.sign() != 0 {
		return left(total, r.lines[i].total)
	}
	return left(numberOf(&line.Quantity), r.lines[i].quantity)
}

func (r *refunded) shippingLeft() fraction {
	return left(numberOf(&r.o.Shipping), r.shipping)
}

func (r *refunded) feesLeft() fraction {
	if r.fees.sign() == 0 {
		return whole(one)
	}
	var total number
	for i := range r.o.Fees {
		if fee := &r.o.Fees[i]; fee.positive() {
			total = total.add(numberOf(&fee.Total))
		}
	}
	return left(total, r.fees)
}

// spread returns the factor by which refunds that name nothing lessen
// everything: max(0, R − U) ÷ R, R being what is left of the order after what
// refunds name, U what they paid back beyond that. A gift card or store credit
// lowers an order's total, but not what was bought with it; and a U that may
// come from rounding counts as 0.
func (r *refunded) spread(t *trace) fraction {
	if r.amount.sign() == 0 {
		return whole(one)
	}
	all := larger(numberOf(&r.o.Total), r.o.bought())
	rest := all.sub(r.named)
	if rest.sign() <= 0 {
		t.spread(r, all, rest, number{}, fraction{})
		return fraction{}
	}
	unnamed := larger(r.amount.sub(r.named), number{})
	if unnamed.sign() > 0 && unnamed.cmp(r.halfUnit.mul(numberOfInt(r.rounded))) <= 0 {
		t.rounded(unnamed)
		return whole(one)
	}
	factor := left(rest, unnamed)
	t.spread(r, all, rest, unnamed, factor)
	return factor
}

// Bought returns the sum of an order's lines, shipping and fees with their
// taxes, which is its total unless something like a gift card paid a part.
func (o *Order) Bought() apd.Decimal { return o.bought().decimal() }

// bought returns the sum of an order's lines, shipping and fees with their
// taxes.
func (o *Order) bought() number {
	sum := o.goods()
	for i := range o.Fees {
		sum = sum.add(numberOf(&o.Fees[i].Total)).add(numberOf(&o.Fees[i].Tax))
	}
	return sum
}

// goods returns the sum of an order's lines and shipping with their taxes.
func (o *Order) goods() number {
	sum := numberOf(&o.Shipping).add(numberOf(&o.ShippingTax))
	for i := range o.Lines {
		sum = sum.add(numberOf(&o.Lines[i].Total)).add(numberOf(&o.Lines[i].Tax))
	}
	return sum
}
