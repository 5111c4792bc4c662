package program_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"loyaltyd/sync/program"
)

func TestOrderOwner(t *testing.T) {
	t.Parallel()
	const matched, excluded = "Ann@Example.com", "excluded@example.com"
	customer := func(user int64) (bool, bool) { return user != 404, user == 13 }
	byEmail := func(folded string) (int64, bool, bool) {
		switch folded {
		case program.FoldEmail(matched):
			return 5, false, true
		case program.FoldEmail(excluded):
			return 13, true, true
		}
		return 0, false, false
	}
	live := func(users ...int64) (accounts []program.Account) {
		for _, user := range users {
			accounts = append(accounts, program.Account{User: user})
		}
		return accounts
	}
	frozen := program.Account{User: 13, Frozen: true}
	for _, c := range []struct {
		name     string
		guests   string
		customer int64
		email    string
		posted   []program.Account
		want     int64
		why      string
	}{
		{"the customer earns", "ignore", 7, "", nil, 7, ""},
		{"if he exists", "ignore", 404, "", nil, 0, program.WhyNoSuchUser},
		{"if he is not excluded", "ignore", 13, "", nil, 0, program.WhyExcluded},
		{"the customer's e-mail does not matter", "match_email", 404, matched, nil, 0, program.WhyNoSuchUser},
		{"a guest earns for nobody", "ignore", 0, matched, nil, 0, program.WhyGuest},
		{"a guest may earn for the user with his e-mail", "match_email", 0, matched, nil, 5, ""},
		{"compared without regard to case", "match_email", 0, "ann@example.COM", nil, 5, ""},
		{"nothing trimmed", "match_email", 0, " ann@example.com", nil, 0, program.WhyNoMatch},
		{"an empty e-mail matches nobody", "match_email", 0, "", nil, 0, program.WhyNoEmail},
		{"an unknown e-mail matches nobody", "match_email", 0, "x@example.com", nil, 0, program.WhyNoMatch},
		{"a guest does not earn for an excluded user", "match_email", 0, excluded, nil, 0, program.WhyExcluded},
		{"a guest's order stays with the account that has entries", "match_email", 0, matched, live(6), 6, ""},
		{"also if its e-mail matches nobody any more", "match_email", 0, "x@example.com", live(6), 6, ""},
		{"also if it has no e-mail any more", "match_email", 0, "", live(6), 6, ""},
		{"of several accounts with the one of the latest entry", "match_email", 0, matched, live(6, 8), 8, ""},
		{"a customer who is known now earns himself", "match_email", 7, matched, live(6), 7, ""},
		{"an order moves from one live customer to another", "ignore", 7, "", live(6), 7, ""},
		{"guests ignored earn for nobody, whatever was posted", "ignore", 0, matched, live(6), 0, program.WhyGuest},
		{"a frozen account keeps the order from its customer", "ignore", 7, "", []program.Account{frozen}, 0, program.WhyFrozenAccount},
		{"from matched guests", "match_email", 0, matched, []program.Account{frozen}, 0, program.WhyFrozenAccount},
		{"even beside live accounts", "match_email", 0, matched, append(live(6), frozen, program.Account{User: 8}), 0, program.WhyFrozenAccount},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := compile(t, func(r *rules) { r.Guests = c.guests })
			user, why := p.OrderOwner(&order{Customer: c.customer, Email: c.email}, c.posted, customer, byEmail)
			if user != c.want || why != c.why {
				t.Errorf("OrderOwner = %d, %q, want %d, %q", user, why, c.want, c.why)
			}
		})
	}
}

func TestExclusion(t *testing.T) {
	t.Parallel()
	e := program.Exclusion{Roles: []string{"Administrator", "ШЕФ"}, Users: []int64{42}}
	for _, c := range []struct {
		name string
		user program.User
		want bool
	}{
		{"a user by id", program.User{ID: 42}, true},
		{"a user by role", program.User{ID: 1, Roles: []string{"administrator"}}, true},
		{"by any of his roles", program.User{ID: 1, Roles: []string{"customer", "ADMINISTRATOR"}}, true},
		{"roles ignore case in every script", program.User{ID: 1, Roles: []string{"шеф"}}, true},
		{"not another role", program.User{ID: 1, Roles: []string{"customer", "admin"}}, false},
		{"not a user without a role", program.User{ID: 1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := e.Excludes(&c.user); got != c.want {
				t.Errorf("Excludes = %v", got)
			}
		})
	}
	if (program.Exclusion{}).Excludes(&program.User{ID: 1, Roles: []string{"administrator", ""}}) {
		t.Error("no exclusion excludes somebody")
	}
}

// sameFold fails if FoldEmail and EqualFold disagree.
func sameFold(t rapid.TB, a, b string) {
	t.Helper()
	if got, want := program.FoldEmail(a) == program.FoldEmail(b), strings.EqualFold(a, b); got != want {
		t.Fatalf("FoldEmail equal: %v, EqualFold: %v, for %q and %q", got, want, a, b)
	}
}

func TestFoldEmailIsEqualFold(t *testing.T) {
	t.Parallel()
	if program.FoldEmail("") != "" {
		t.Error("empty does not stay empty")
	}
	for r := range rune(0x20000) { // no rune above has another case
		text := string(r)
		sameFold(t, text, string(unicode.SimpleFold(r)))
		sameFold(t, text, string(r+1))
		sameFold(t, text, strings.ToUpper(text))
		sameFold(t, text, strings.ToLower(text))
	}
	for _, pair := range [][2]string{
		{"\xff", "\ufffd"},
		{"\xff", "\xfe"},
		{"a\xffb", "A\xfeB"},
		{"\xe2\x82", "\ufffd\ufffd"}, // a cut rune is two broken bytes
		{"K@x", "\u212a@X"},
		{"straße", "STRASSE"},
		{"s", "ſ"},
		{"İ", "i"},
		{"", "\xff"},
	} {
		sameFold(t, pair[0], pair[1])
	}
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SliceOfN(rapid.SampledFrom([]byte("aAkKsS@\xff\xe2\x84\xaa\xc5\xbf")), 0, 8)
		sameFold(t, string(bytes.Draw(t, "a")), string(bytes.Draw(t, "b")))
		// Two writings of one address differ by case only.
		a := rapid.String().Draw(t, "address")
		var b strings.Builder
		for _, r := range a {
			for range rapid.IntRange(0, 2).Draw(t, "turn") {
				r = unicode.SimpleFold(r)
			}
			b.WriteRune(r)
		}
		sameFold(t, a, b.String())
	})
}
