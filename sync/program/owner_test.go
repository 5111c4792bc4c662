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
	const matched, excluded, nobodys = "Ann@Example.com", "excluded@example.com", "zoe@shop.Invalid"
	customer := func(user int64) (bool, bool) { return user != 404, user == 13 }
	byEmail := func(folded string) (int64, bool, bool) {
		switch folded {
		case program.FoldEmail(matched):
			return 5, false, true
		case program.FoldEmail(excluded):
			return 13, true, true
		case program.FoldEmail(nobodys):
			return 9, false, true
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
	known := func(counted int64, posted ...program.Account) program.Known {
		return program.Known{Counted: counted, Posted: posted}
	}
	posted := func(users ...int64) program.Known { return known(0, live(users...)...) }
	const gone = "deleted@site.invalid"
	for _, c := range []struct {
		name   string
		guests string
		order  order
		known  program.Known
		want   program.Ownership
	}{
		{"the customer earns", "ignore", order{Customer: 7}, known(0), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"if they exist", "ignore", order{Customer: 404}, known(0), program.Ownership{Counts: 404, Why: program.WhyNoSuchUser}},
		{"if they are not excluded", "ignore", order{Customer: 13}, known(0), program.Ownership{Counts: 13, Why: program.WhyExcluded}},
		{"the customer's e-mail does not matter", "match_email", order{Customer: 404, Email: matched}, known(0), program.Ownership{Counts: 404, Why: program.WhyNoSuchUser}},
		{"a guest earns for nobody", "ignore", order{Email: matched}, known(0), program.Ownership{Why: program.WhyGuest}},
		{"a guest may earn for the user with that e-mail", "match_email", order{Email: matched}, known(0), program.Ownership{User: 5, Counts: 5}},
		{"compared without regard to case", "match_email", order{Email: "ann@example.COM"}, known(0), program.Ownership{User: 5, Counts: 5}},
		{"nothing trimmed", "match_email", order{Email: " ann@example.com"}, known(0), program.Ownership{Why: program.WhyNoMatch}},
		{"an empty e-mail matches nobody", "match_email", order{}, known(0), program.Ownership{Why: program.WhyNoEmail}},
		{"an unknown e-mail matches nobody", "match_email", order{Email: "x@example.com"}, known(0), program.Ownership{Why: program.WhyNoMatch}},
		{"a guest does not earn for an excluded user", "match_email", order{Email: excluded}, known(0), program.Ownership{Counts: 13, Why: program.WhyExcluded}},
		{"a guest's order stays with the account that has entries", "match_email", order{Email: matched}, posted(6), program.Ownership{User: 6, Counts: 6}},
		{"also if its e-mail matches nobody any more", "match_email", order{Email: "x@example.com"}, posted(6), program.Ownership{User: 6, Counts: 6}},
		{"also if it has no e-mail any more", "match_email", order{}, posted(6), program.Ownership{User: 6, Counts: 6}},
		{"of several accounts with the one of the latest entry", "match_email", order{Email: matched}, posted(6, 8), program.Ownership{User: 8, Counts: 8}},
		{"a customer who is known now earns alone", "match_email", order{Customer: 7, Email: matched}, posted(6), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"an order moves from one live customer to another", "ignore", order{Customer: 7}, posted(6), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"guests ignored earn for nobody, whatever was posted", "ignore", order{Email: matched}, posted(6), program.Ownership{Why: program.WhyGuest}},

		{"a frozen account gives an order to its live customer", "ignore", order{Customer: 7}, known(0, frozen), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"not to one who is excluded", "ignore", order{Customer: 13}, known(0, program.Account{User: 14, Frozen: true}), program.Ownership{Counts: 13, Why: program.WhyExcluded}},
		{"not to one who is gone", "ignore", order{Customer: 404}, known(0, frozen), program.Ownership{Counts: 404, Why: program.WhyNoSuchUser}},
		{"it keeps a guest's order from whom its e-mail matches", "match_email", order{Email: matched}, known(0, frozen), program.Ownership{Counts: 13, Why: program.WhyFrozenAccount}},
		{"even beside live accounts", "match_email", order{Email: matched}, known(0, append(live(6), frozen, program.Account{User: 8})...), program.Ownership{Counts: 13, Why: program.WhyFrozenAccount}},

		{"made anonymous, it stays with whom it counted for", "ignore", order{Email: gone}, known(7, live(7)...), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"also without entries", "match_email", order{Email: "Deleted@Site.INVALID"}, known(7), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"also when only the mark tells", "match_email", order{Email: matched, Marked: true}, known(7), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"and with nobody else, whoever has entries", "match_email", order{Email: gone}, known(7, live(6)...), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"also if they are excluded", "ignore", order{Email: gone}, known(13, frozen), program.Ownership{Counts: 13, Why: program.WhyExcluded}},
		{"also if they are gone", "ignore", order{Email: gone}, known(404), program.Ownership{Counts: 404, Why: program.WhyNoSuchUser}},
		{"first seen so it is nobody's", "match_email", order{Email: gone}, known(0), program.Ownership{Why: program.WhyAnonymous}},
		{"nor by the e-mail that it still has", "match_email", order{Email: matched, Marked: true}, known(0), program.Ownership{Why: program.WhyAnonymous}},
		{"naming a customer again it is theirs", "ignore", order{Customer: 7, Email: gone, Marked: true}, known(6, live(6)...), program.Ownership{User: 7, Counts: 7, Claims: true}},
		{"an address where nobody can be matches nobody", "match_email", order{Email: nobodys}, known(0), program.Ownership{Why: program.WhyNoEmail}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := compile(t, func(r *rules) { r.Guests = c.guests })
			if got := p.OrderOwner(&c.order, c.known, customer, byEmail); got != c.want {
				t.Errorf("OrderOwner = %+v, want %+v", got, c.want)
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
