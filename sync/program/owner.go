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

// Account is an account that has entries of an order.
type Account struct {
	User   int64
	Frozen bool // its user is excluded or no longer exists
}

// Why nobody earns an order, as OrderOwner says it.
const (
	WhyGuest         = "guest"
	WhyNoEmail       = "guest without e-mail"
	WhyNoMatch       = "no user with this e-mail"
	WhyNoSuchUser    = "no such user"
	WhyExcluded      = "excluded"
	WhyFrozenAccount = "frozen account"
)

// OrderOwner returns the user whose points an order's are, or 0 and why
// nobody earns them.
//
// posted are the accounts that have any entry of the order, the one with the
// latest entry last. A frozen one keeps the order from everybody else.
// customer tells whether a user exists and is excluded. byEmail finds the
// user with the lowest id whose e-mail has that FoldEmail; it is only asked
// if the programme matches guests.
func (p *Program) OrderOwner(
	o *Order,
	posted []Account,
	customer func(user int64) (exists, excluded bool),
	byEmail func(folded string) (user int64, excluded, ok bool),
) (user int64, why string) {
	if slices.ContainsFunc(posted, func(a Account) bool { return a.Frozen }) {
		return 0, WhyFrozenAccount
	}
	if o.Customer != 0 {
		exists, excluded := customer(o.Customer)
		switch {
		case !exists:
			return 0, WhyNoSuchUser
		case excluded:
			return 0, WhyExcluded
		}
		return o.Customer, ""
	}
	if p.rules.Guests != GuestsMatchEmail {
		return 0, WhyGuest
	}
	if len(posted) > 0 {
		return posted[len(posted)-1].User, ""
	}
	if o.Email == "" {
		return 0, WhyNoEmail
	}
	user, excluded, ok := byEmail(FoldEmail(o.Email))
	switch {
	case !ok:
		return 0, WhyNoMatch
	case excluded:
		return 0, WhyExcluded
	}
	return user, ""
}
