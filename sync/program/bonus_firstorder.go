package program

import (
	"cmp"
	"time"
)

// AddFirstOrder adds the bonus for a customer's first order to what that order
// is worth. Which of his orders it is depends on all of them: FirstOrder says.
func (p *Program) AddFirstOrder(w *Worth) { w.firstOrder = p.rules.Earn.FirstOrder.Points }

// Candidate is one of a customer's orders, as far as the bonus for a first
// order asks.
type Candidate struct {
	ID       int64
	EarnsAt  time.Time
	Purchase int64 // purchase points
}

// FirstOrder returns the id of a customer's first order: of those with
// purchase points the one with the earliest earning time, then the lowest id.
// It returns 0 if there is none.
func FirstOrder(orders []Candidate) int64 {
	var first *Candidate
	for i := range orders {
		c := &orders[i]
		if c.Purchase <= 0 {
			continue
		}
		if first == nil || cmp.Or(c.EarnsAt.Compare(first.EarnsAt), cmp.Compare(c.ID, first.ID)) < 0 {
			first = c
		}
	}
	if first == nil {
		return 0
	}
	return first.ID
}
