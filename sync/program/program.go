// Package program says what a fact of the store is worth under a programme's
// rules, and to whom. It is pure: no clock, no database, no floating point.
package program

import (
	"fmt"
	"strings"
	"time"
)

// Site is what rules need to know of the site that they are for.
type Site struct {
	Zone     *time.Location // nil: UTC
	Currency string         // the store's, such as "EUR"
	Decimals int            // of the store's prices: its smallest unit is 10 to the minus these
	// Currencies are those that the store had, the first one first, Currency last;
	// none: it had no other.
	Currencies []StoreCurrency
}

// Program is rules made ready for a site. It never changes and may be used
// from several goroutines.
type Program struct {
	rules      Rules
	zone       *time.Location
	currency   string
	starts     time.Time       // zero: open
	statuses   map[string]bool // as they are stored
	customs    map[string]bool // likewise, those that are listed
	rate       number
	minOrder   number
	currencies map[string]number
	// storeCurrencies are those that the store had.
	storeCurrencies currencies
	book            *RuleBook    // by product and category
	version         int64        // whose rules of the book count
	bonuses         []bonusValue // as orderBonuses; nil: the rules have none
}

// rate is what a product line earns.
type rate struct {
	perUnit  number // points per unit of store currency
	fixed    bool
	perPiece number // points per piece, if fixed
	reason   string // for people; "" is the programme's own rate
}

// Compile makes rules ready for a site. Its error names every problem that
// the rules have.
func Compile(r Rules, site Site) (*Program, error) {
	r, err := r.normal()
	if err != nil {
		return nil, err
	}
	zone := site.Zone
	if zone == nil {
		zone = time.UTC
	}
	buy := &r.Earn.Purchase
	p := &Program{
		rules:           r,
		zone:            zone,
		currency:        strings.ToUpper(site.Currency),
		storeCurrencies: newCurrencies(site),
		statuses:        make(map[string]bool, len(buy.Statuses)),
		customs:         make(map[string]bool, len(buy.CustomStatuses.List)),
		rate:            numberOf(&buy.PointsPerUnit),
		minOrder:        numberOf(&buy.MinOrder),
		currencies:      make(map[string]number, len(buy.Currencies)),
	}
	if p.book, err = NewRuleBook(r.ItemRules()); err != nil {
		return nil, err
	}
	if p.starts, err = resolve(r.Starts, zone); err != nil {
		return nil, fmt.Errorf("starts: %w", err)
	}
	for _, status := range buy.Statuses {
		p.statuses[StoredStatus(status)] = true
	}
	if buy.CustomStatuses.Mode == CustomList {
		for _, status := range buy.CustomStatuses.List {
			p.customs[StoredStatus(status)] = true
		}
	}
	for code, units := range buy.Currencies {
		p.currencies[code] = numberOf(&units)
	}
	for i := range orderBonuses {
		value, err := orderBonuses[i].compile(p)
		if err != nil {
			return nil, err
		}
		p.bonuses = append(p.bonuses, value)
	}
	return p, nil
}

// With returns the program with a book's rules by product and category, as they
// are in a version, in place of its own.
func (p *Program) With(book *RuleBook, version int64) *Program {
	other := *p
	other.book, other.version = book, version
	return &other
}

// Rules returns the rules in their canonical form. Its maps and lists are the
// program's own and must not be changed.
func (p *Program) Rules() Rules { return p.rules }

// HoldEnds returns when the points of an order with that earning time become
// available: as many times 24 hours later as the programme holds them. It
// returns false if it does not hold points.
func (p *Program) HoldEnds(earnsAt time.Time) (time.Time, bool) {
	if p.rules.HoldDays <= 0 {
		return time.Time{}, false
	}
	return earnsAt.Add(time.Duration(p.rules.HoldDays) * 24 * time.Hour), true
}

// Signup returns the points for a user's registration, which time is
// Registered. Whether the user is excluded is the caller's to ask.
func (p *Program) Signup(u *User) int64 {
	if !p.started(u.Registered) {
		return 0
	}
	return p.rules.Earn.Signup.Points
}
