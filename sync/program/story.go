package program

import (
	"cmp"
	"slices"
	"time"
)

// Step is one moment of an order's story: from At on its purchase points are
// Purchase.
type Step struct {
	At       time.Time
	Refund   int64 // the refund that made the step; 0: the earning, or the end of a refunded order
	Purchase int64
}

// Story returns how an order that is seen for the first time came to its
// purchase points: those without any refund at its earning time, then those
// after each refund, by creation, then id. A paid order that is now refunded
// is told as if its status earned, and ends at 0, at the latest when it was
// last modified. Any other order that does not earn has no steps, nor has an
// absurd one. The last step's points are always Worth's. A refund or an end
// without a date happens at the step before it.
func (p *Program) Story(o *Order, categories Categories) []Step {
	return p.StoryTo(p.Worth(o, categories), o, categories)
}

// StoryTo is the Story of an order that has that worth. Most orders have no
// refunds, and so no story but their worth.
func (p *Program) StoryTo(w Worth, o *Order, categories Categories) []Step {
	gone := o.Status == refundedStatus && !o.Paid.IsZero()
	if !gone && !p.statusEarns(o) || !p.started(p.startsBy(o)) || w.Skipped != "" || w.Absurd {
		return nil
	}
	if len(o.Refunds) == 0 && !gone {
		return []Step{{At: w.EarnsAt, Purchase: w.purchase}}
	}
	v, ok := p.value(o, categories, nil)
	if !ok {
		return nil
	}
	steps := make([]Step, 0, 1+len(o.Refunds))
	at, r := w.EarnsAt, p.refunded(o)
	tell := func(when time.Time, refund int64) {
		if !when.IsZero() {
			at = when
		}
		points := v.purchase(r, v.factor(r, nil), nil)
		if points > MostPoints {
			points = 0
		}
		steps = append(steps, Step{at, refund, points})
	}
	tell(at, 0)
	for _, refund := range refundsInOrder(o) {
		r.add(refund)
		tell(refund.Created, refund.ID)
	}
	if gone && steps[len(steps)-1].Purchase != 0 {
		if !o.Modified.IsZero() {
			at = o.Modified
		}
		steps = append(steps, Step{At: at})
	}
	return steps
}

// refundsInOrder returns the refunds by creation, then id.
func refundsInOrder(o *Order) []*Refund {
	refunds := make([]*Refund, len(o.Refunds))
	for i := range o.Refunds {
		refunds[i] = &o.Refunds[i]
	}
	slices.SortFunc(refunds, func(a, b *Refund) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return refunds
}
