package program

import (
	"strings"
	"time"
)

// StoreCurrency is a currency that the store has, or had. A daemon does not see
// the moment of a change: from when it last saw the former currency until it
// first saw this one, both count.
type StoreCurrency struct {
	Code string
	// FormerSeen is when the currency before it was last seen, Seen when this one
	// was first seen; both are zero for the first one, which counts from the
	// beginning of time.
	FormerSeen, Seen time.Time
}

// currencies are those of a store, the first one first, with their codes in
// capitals.
type currencies []StoreCurrency

func newCurrencies(site Site) currencies {
	known := site.Currencies
	if len(known) == 0 {
		known = []StoreCurrency{{Code: site.Currency}}
	}
	all := make(currencies, len(known))
	for i, c := range known {
		c.Code = strings.ToUpper(c.Code)
		all[i] = c
	}
	return all
}

// had reports whether the store had a currency at a time.
func (all currencies) had(code string, at time.Time) bool {
	for i, c := range all {
		begun := i == 0 || !at.Before(c.FormerSeen)
		ended := i < len(all)-1 && !at.Before(all[i+1].Seen)
		if c.Code == code && begun && !ended {
			return true
		}
	}
	return false
}

// currencyRate returns the units of store currency for one unit of an order's
// currency, and false if no rate is known. An order is in the currency of the
// store if the store had it when the order was created or when it earned, so
// that a shop that moves to another currency takes no point back.
func (p *Program) currencyRate(o *Order, earnsAt time.Time) (number, bool) {
	code := strings.ToUpper(o.Currency)
	if code == "" || p.storeCurrencies.had(code, earnsAt) || !o.Created.IsZero() && p.storeCurrencies.had(code, o.Created) {
		return one, true
	}
	rate, ok := p.currencies[code]
	return rate, ok
}
