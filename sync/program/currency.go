package program

import (
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// StoreCurrency is a currency that the store has, or had. A daemon does not see
// the moment of a change: from when it last saw the former currency until it
// first saw this one, both count.
type StoreCurrency struct {
	Code     string
	Decimals int // of its prices: its smallest unit is 10 to the minus these
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
		known = []StoreCurrency{{Code: site.Currency, Decimals: site.Decimals}}
	}
	all := make(currencies, len(known))
	for i, c := range known {
		c.Code = strings.ToUpper(c.Code)
		all[i] = c
	}
	return all
}

// at returns the latest of the store's currencies at a time that has a code, or,
// for none, any.
func (all currencies) at(code string, at time.Time) (StoreCurrency, bool) {
	for i, c := range slices.Backward(all) {
		begun := i == 0 || !at.Before(c.FormerSeen)
		ended := i < len(all)-1 && !at.Before(all[i+1].Seen)
		if (code == "" || c.Code == code) && begun && !ended {
			return c, true
		}
	}
	return StoreCurrency{}, false
}

// of returns the store's currency that an order is in: the store had it when the
// order earned, or when it was created.
func (all currencies) of(o *Order, earnsAt time.Time) (StoreCurrency, bool) {
	code := strings.ToUpper(o.Currency)
	c, is := all.at(code, earnsAt)
	if !is && !o.Created.IsZero() {
		c, is = all.at(code, o.Created)
	}
	return c, is
}

// currencyRate returns the units of store currency for one unit of an order's
// currency, and false if no rate is known. An order that is in what was the
// store's currency needs none, so that a shop that moves to another currency
// takes no point back.
func (p *Program) currencyRate(o *Order, earnsAt time.Time) (number, bool) {
	if _, is := p.storeCurrencies.of(o, earnsAt); is || o.Currency == "" {
		return one, true
	}
	rate, ok := p.currencies[strings.ToUpper(o.Currency)]
	return rate, ok
}

// halfUnit returns half the smallest unit of currency by which an order was
// rounded.
func (p *Program) halfUnit(o *Order) number {
	decimals := p.storeCurrencies[len(p.storeCurrencies)-1].Decimals
	if len(p.storeCurrencies) > 1 {
		if c, is := p.storeCurrencies.of(o, EarnsAt(o)); is {
			decimals = c.Decimals
		}
	}
	return number{c: *apd.NewBigInt(5), e: -decimals - 1}
}
