package ledger_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loyaltyd/ledger"
)

// model is a ledger in memory, as naive as can be: it keeps the entries and
// what is held, and adds up everything else each time it is asked.
type model struct {
	clamp   bool
	zone    *time.Location
	entries []ledger.Entry
	frozen  map[int64]bool
	held    map[heldKey]heldUntil
}

type heldKey struct {
	user   int64
	source ledger.Source
	object int64
}

type heldUntil struct {
	points int64
	at     time.Time
}

func (m *model) clone() *model {
	return &model{m.clamp, m.zone, slices.Clone(m.entries), maps.Clone(m.frozen), maps.Clone(m.held)}
}

func (m *model) sum(which func(ledger.Entry) bool) (points, pending, n int64) {
	for _, e := range m.entries {
		if which(e) {
			points, pending, n = points+e.Points, pending+e.Pending, n+1
		}
	}
	return points, pending, n
}

func (m *model) balance(user int64) int64 {
	points, _, _ := m.sum(func(e ledger.Entry) bool { return e.User == user })
	return points
}

func (m *model) append(p ledger.Posting) {
	_, _, revision := m.sum(func(e ledger.Entry) bool { return e.Source == p.Source && e.Object == p.Object })
	before, _, n := m.sum(func(e ledger.Entry) bool { return e.User == p.User })
	m.entries = append(m.entries, ledger.Entry{
		User: p.User, Seq: n + 1, Type: p.Type, Source: p.Source, Object: p.Object, Revision: revision,
		Points: p.Points, Pending: p.Pending, Balance: before + p.Points, OccurredAt: p.OccurredAt,
	})
}

func (m *model) post(postings []ledger.Posting) error {
	for _, p := range postings {
		before := m.balance(p.User)
		switch {
		case m.frozen[p.User] && p.Type != ledger.Adjust:
			return ledger.ErrFrozen
		case p.Type == ledger.Redeem && before+p.Points < 0:
			return ledger.ErrInsufficient
		}
		m.append(p)
		if floor := min(before, 0); m.clamp && before+p.Points < floor && p.Type != ledger.Adjust {
			p.Type, p.Source, p.Points = ledger.Adjust, ledger.Clamp, floor-(before+p.Points)
			m.append(p)
		}
		if p.Pending != 0 {
			k := heldKey{p.User, p.Source, p.Object}
			h := m.held[k]
			h.points += p.Pending
			if p.Type == ledger.Hold {
				h.at = p.ReleaseAt
			}
			m.held[k] = h
		}
	}
	for k, h := range m.held {
		if h.points < 0 {
			return ledger.ErrNotHeld
		}
		if h.points == 0 {
			delete(m.held, k)
		}
	}
	return nil
}

func (m *model) releaseDue() int {
	var due []heldKey
	for k, h := range m.held {
		if !m.frozen[k.user] && h.at.Year() < 2090 {
			due = append(due, k)
		}
	}
	slices.SortFunc(due, func(a, b heldKey) int {
		return cmp.Or(m.held[a].at.Compare(m.held[b].at), cmp.Compare(a.user, b.user), cmp.Compare(a.object, b.object), cmp.Compare(a.source, b.source))
	})
	for _, k := range due {
		h := m.held[k]
		delete(m.held, k)
		p := ledger.Posting{User: k.user, Type: ledger.Release, Source: k.source, Object: k.object, Pending: -h.points, OccurredAt: h.at}
		m.append(p)
		p.Type, p.Points, p.Pending = ledger.Earn, h.points, 0
		m.append(p)
	}
	return len(due)
}

// said is all that the ledger must say.
type said struct {
	Entries  []string
	Accounts []string
	Days     []string
	Held     int64
}

func entryLine(e ledger.Entry) string {
	return fmt.Sprintf("%d.%d %s %s %d.%d: %d %d = %d at %s", e.User, e.Seq, e.Type, e.Source, e.Object, e.Revision, e.Points, e.Pending, e.Balance, e.OccurredAt.Format(time.DateTime))
}

func accountLine(a ledger.Account) string {
	return fmt.Sprintf("%d: %d and %d pending; %d earned, %d redeemed, %d expired, %d revoked, %d adjusted in %d, frozen %v",
		a.User, a.Balance, a.Pending, a.Earned, a.Redeemed, a.Expired, a.Revoked, a.Adjusted, a.Seq, a.Frozen)
}

const modelUsers = 3

func (m *model) says() said {
	var s said
	days := map[string]bool{}
	for user := int64(1); user <= modelUsers; user++ {
		of := func(kinds ...ledger.Type) int64 {
			points, _, _ := m.sum(func(e ledger.Entry) bool { return e.User == user && slices.Contains(kinds, e.Type) })
			return points
		}
		balance, pending, n := m.sum(func(e ledger.Entry) bool { return e.User == user })
		s.Accounts = append(s.Accounts, accountLine(ledger.Account{
			User: user, Balance: balance, Pending: pending, Earned: of(ledger.Earn, ledger.Revoke), Redeemed: -of(ledger.Redeem, ledger.Restore),
			Expired: -of(ledger.Expire), Revoked: -of(ledger.Revoke), Adjusted: of(ledger.Adjust), Seq: n, Frozen: m.frozen[user] && n > 0,
		}))
		for _, e := range m.entries {
			if e.User == user {
				s.Entries = append(s.Entries, entryLine(e))
			}
		}
	}
	day := func(e ledger.Entry) string {
		return fmt.Sprintf("%s %s %s", e.OccurredAt.In(m.zone).Format(time.DateOnly), e.Type, e.Source)
	}
	for _, e := range m.entries {
		days[day(e)] = true
	}
	for _, key := range slices.Sorted(maps.Keys(days)) {
		points, pending, n := m.sum(func(e ledger.Entry) bool { return day(e) == key })
		s.Days = append(s.Days, fmt.Sprintf("%s %d %d in %d", key, points, pending, n))
	}
	for _, h := range m.held {
		s.Held += h.points
	}
	return s
}

func (d *desk) says() said {
	var s said
	for user := int64(1); user <= modelUsers; user++ {
		s.Accounts = append(s.Accounts, accountLine(d.account(user)))
		for _, e := range d.entries(user) {
			s.Entries = append(s.Entries, entryLine(e))
		}
	}
	s.Days = append(s.Days, d.daily()...)
	s.Held = d.number(`SELECT COALESCE(SUM(pending), 0) FROM {p}loyalty_holds`)
	return s
}

func anyPosting(r *rapid.T) ledger.Posting {
	kind := rapid.SampledFrom([]ledger.Type{
		ledger.Earn, ledger.Earn, ledger.Earn, ledger.Revoke, ledger.Revoke, ledger.Redeem, ledger.Restore, ledger.Expire,
		ledger.Adjust, ledger.Adjust, ledger.Hold, ledger.Hold, ledger.Hold, ledger.Hold, ledger.Release, ledger.CancelHold,
	}).Draw(r, "type")
	amount := rapid.Int64Range(1, 20).Draw(r, "amount")
	switch kind {
	case ledger.Redeem, ledger.Release, ledger.CancelHold: // small, so that not too many are refused
		amount = -(amount + 4) / 5
	case ledger.Revoke, ledger.Expire:
		amount = -amount
	case ledger.Adjust:
		if rapid.Bool().Draw(r, "down") {
			amount = -amount
		}
	}
	p := of(rapid.Int64Range(1, modelUsers).Draw(r, "user"), rapid.Int64Range(1, 2).Draw(r, "object"), posting(kind, amount))
	if p.Source == ledger.Purchase {
		p.Source = rapid.SampledFrom([]ledger.Source{ledger.Purchase, ledger.Campaign}).Draw(r, "source")
	}
	p.OccurredAt = noon.Add(time.Duration(rapid.IntRange(-1500, 1500).Draw(r, "minutes")) * time.Minute)
	if kind == ledger.Hold {
		p.ReleaseAt = rapid.SampledFrom([]time.Time{noon.AddDate(0, 0, 7), noon.AddDate(0, 0, 8), noon.AddDate(70, 0, 0)}).Draw(r, "until")
	}
	if rapid.IntRange(0, 9).Draw(r, "noted") == 0 {
		p.Note = "n"
	}
	return p
}

var errOnPurpose = errors.New("on purpose")

// step draws a transaction, does it to the ledger and to the model, and fails
// when they do not answer alike.
func step(r *rapid.T, d *desk, l *ledger.Ledger, m *model) *model {
	ctx := d.Context()
	if rapid.IntRange(0, 7).Draw(r, "release due") == 0 {
		n, err := l.ReleaseDue(ctx, d.lease, 100)
		if want := m.releaseDue(); err != nil || n != want {
			r.Fatalf("released %d, %v; want %d", n, err, want)
		}
		return m
	}
	posts := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(anyPosting), 1, 4), 1, 2).Draw(r, "posts")
	marked := rapid.SampledFrom([]int64{0, 0, 0, 0, 0, 1, 2}).Draw(r, "mark")
	mark := rapid.IntRange(0, 2).Draw(r, "frozen") == 0
	stop := rapid.IntRange(0, 5).Draw(r, "stop") == 0
	look := rapid.Bool().Draw(r, "look between")

	next := m.clone()
	want := func() error {
		if _, _, n := m.sum(func(e ledger.Entry) bool { return e.User == marked }); n > 0 {
			next.frozen[marked] = mark
		}
		for _, postings := range posts {
			if err := next.post(postings); err != nil {
				return err
			}
		}
		if stop {
			return errOnPurpose
		}
		return nil
	}()
	got := l.Update(ctx, d.lease, func(tx *ledger.Tx) error {
		if account, err := tx.Account(ctx, max(marked, 1)); err != nil || account.Seq > 0 && marked > 0 {
			if err := errors.Join(err, tx.Freeze(ctx, marked, mark)); err != nil {
				return err
			}
		}
		for _, postings := range posts {
			if _, err := tx.Post(ctx, postings); err != nil {
				return err
			}
			if look {
				if _, err := tx.Posted(ctx, ledger.Purchase, []int64{1, 2, 3}); err != nil {
					return err
				}
			}
		}
		if stop {
			return errOnPurpose
		}
		return nil
	})
	if !errors.Is(got, want) {
		r.Fatalf("the ledger answered %v, the model %v", got, want)
	}
	if want != nil {
		return m
	}
	return next
}

func TestRandomTransactionsAgreeWithANaiveModel(t *testing.T) {
	kolkata := zone(t, "Asia/Kolkata")
	each(t, ledger.Options{Zone: kolkata}, func(t *testing.T, d *desk) {
		answered := map[string]int{}
		rapid.Check(t, func(r *rapid.T) {
			d.empty("entries", "entry_notes", "accounts", "holds", "points_daily")
			m := &model{clamp: rapid.Bool().Draw(r, "clamp"), zone: kolkata, frozen: map[int64]bool{}, held: map[heldKey]heldUntil{}}
			l := d.with(ledger.Options{Zone: kolkata, Clamp: m.clamp})
			for range rapid.IntRange(1, 8).Draw(r, "transactions") {
				before := m
				m = step(r, d, l, m)
				if m == before {
					answered["refused"]++
				} else {
					answered["posted"]++
				}
				if diff := gocmp.Diff(m.says(), d.says()); diff != "" {
					r.Fatalf("the model and the ledger differ (-model +ledger):\n%s", diff)
				}
				if findings := d.verify().Findings; len(findings) > 0 {
					r.Fatalf("verify found: %s", findings[0])
				}
			}
		})
		if answered["refused"] == 0 || answered["posted"] == 0 {
			t.Errorf("some outcome never came about: %v", answered)
		}
	})
}
