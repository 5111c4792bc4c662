package program

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Exclusion names the users who earn nothing: by role, whatever its case, or
// by id.
type Exclusion struct {
	Roles []string `json:"roles"`
	Users []int64  `json:"users"`
}

// Excludes tells whether a user earns nothing.
func (e Exclusion) Excludes(u *User) bool {
	if slices.Contains(e.Users, u.ID) {
		return true
	}
	return slices.ContainsFunc(u.Roles, func(role string) bool {
		return slices.ContainsFunc(e.Roles, func(excluded string) bool {
			return strings.EqualFold(role, excluded)
		})
	})
}

// FoldEmail returns a text that two e-mail addresses share exactly when
// strings.EqualFold takes them for equal. Empty stays empty, and matches
// nobody.
func FoldEmail(email string) string {
	var folded strings.Builder
	folded.Grow(len(email))
	for _, r := range email { // a broken byte counts as U+FFFD, as in EqualFold
		folded.WriteRune(foldRune(r))
	}
	return folded.String()
}

// foldRune returns the least of the runes that differ from r only by case.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// anonymous is the e-mail address that WooCommerce gives an order whose
// personal data it removes, in place of the customer's.
const anonymous = "deleted@site.invalid"

// Anonymised reports whether WooCommerce removed the personal data of the
// order. It takes its customer away too: an order that names one again is
// theirs.
func (o *Order) Anonymised() bool {
	return o.Customer == 0 && (o.Marked || strings.EqualFold(o.Email, anonymous))
}

// ContactEmail returns the e-mail address by which the order may belong to a
// user; empty: none.
func (o *Order) ContactEmail() string {
	if o.Anonymised() || nobodys(o.Email) {
		return ""
	}
	return o.Email
}

// nobodys reports whether an address is one at which nobody can be: it ends in
// a name that is reserved for that (RFC 2606).
func nobodys(email string) bool {
	return strings.HasSuffix(FoldEmail(email), FoldEmail(".invalid"))
}

// Account is an account that has entries of an order.
type Account struct {
	User   int64
	Frozen bool // its user is excluded or no longer exists
}

// Why nobody earns an order.
const (
	WhyGuest         = "guest"
	WhyNoEmail       = "guest without e-mail"
	WhyNoMatch       = "no user with this e-mail"
	WhyNoSuchUser    = "no such user"
	WhyExcluded      = "excluded"
	WhyFrozenAccount = "frozen account"
	WhyAnonymous     = "made anonymous"
)

// Ownership says whose an order is.
type Ownership struct {
	User   int64  // whose points its are; 0: nobody
	Counts int64  // for whom it counts, or would if they earned; 0: nobody known
	Why    string // nobody earns it

	// Claims tells that the order is the user's whatever a frozen account holds
	// of it.
	Claims bool
}

// Known is what is known of an order from before.
type Known struct {
	// Counted is for whom it counted when it was last seen; 0: nobody.
	Counted int64
	// Posted are the accounts that have entries of it, the one with the latest
	// entry last; of the frozen ones only those that have points of it.
	Posted []Account
}

// OrderOwner returns whose an order is.
//
// customer tells whether a user exists and is excluded. byEmail finds the
// user with the lowest id whose e-mail has that FoldEmail; it is only asked
// if the programme matches guests.
func (p *Program) OrderOwner(
	o *Order,
	known Known,
	customer func(user int64) (exists, excluded bool),
	byEmail func(folded string) (user int64, excluded, ok bool),
) Ownership {
	names := o.Customer
	if o.Anonymised() {
		if names = known.Counted; names == 0 {
			return Ownership{Why: WhyAnonymous}
		}
	}
	if names != 0 {
		exists, excluded := customer(names)
		switch {
		case !exists:
			return Ownership{Counts: names, Why: WhyNoSuchUser}
		case excluded:
			return Ownership{Counts: names, Why: WhyExcluded}
		}
		return Ownership{User: names, Counts: names, Claims: true}
	}
	for _, a := range slices.Backward(known.Posted) {
		if a.Frozen {
			return Ownership{Counts: a.User, Why: WhyFrozenAccount}
		}
	}
	if p.rules.Guests != GuestsMatchEmail {
		return Ownership{Why: WhyGuest}
	}
	if n := len(known.Posted); n > 0 {
		return Ownership{User: known.Posted[n-1].User, Counts: known.Posted[n-1].User}
	}
	email := o.ContactEmail()
	if email == "" {
		return Ownership{Why: WhyNoEmail}
	}
	user, excluded, ok := byEmail(FoldEmail(email))
	switch {
	case !ok:
		return Ownership{Why: WhyNoMatch}
	case excluded:
		return Ownership{Counts: user, Why: WhyExcluded}
	}
	return Ownership{User: user, Counts: user}
}
