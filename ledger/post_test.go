package ledger_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loyaltyd/ledger"
)

var onlyFigures = cmpopts.IgnoreFields(ledger.Account{}, "User", "LastEntryAt", "Head")

func TestEachTypeMovesItsFigures(t *testing.T) {
	earned := posting(ledger.Earn, 100)
	held := posting(ledger.Hold, 100)
	tests := []struct {
		name     string
		postings []ledger.Posting
		want     ledger.Account
	}{
		{"earn", []ledger.Posting{earned}, ledger.Account{Balance: 100, Earned: 100, Seq: 1}},
		{"revoke", []ledger.Posting{earned, posting(ledger.Revoke, -30)}, ledger.Account{Balance: 70, Earned: 70, Revoked: 30, Seq: 2}},
		{"revoke below zero", []ledger.Posting{earned, posting(ledger.Redeem, -80), posting(ledger.Revoke, -30)}, ledger.Account{Balance: -10, Earned: 70, Revoked: 30, Redeemed: 80, Seq: 3}},
		{"redeem", []ledger.Posting{earned, posting(ledger.Redeem, -100)}, ledger.Account{Earned: 100, Redeemed: 100, Seq: 2}},
		{"restore", []ledger.Posting{earned, posting(ledger.Redeem, -60), posting(ledger.Restore, 60)}, ledger.Account{Balance: 100, Earned: 100, Seq: 3}},
		{"expire", []ledger.Posting{earned, posting(ledger.Expire, -100)}, ledger.Account{Earned: 100, Expired: 100, Seq: 2}},
		{"adjust up", []ledger.Posting{posting(ledger.Adjust, 5)}, ledger.Account{Balance: 5, Adjusted: 5, Seq: 1}},
		{"adjust below zero", []ledger.Posting{posting(ledger.Adjust, -5)}, ledger.Account{Balance: -5, Adjusted: -5, Seq: 1}},
		{"hold", []ledger.Posting{held}, ledger.Account{Pending: 100, Seq: 1}},
		{"cancel_hold", []ledger.Posting{held, posting(ledger.CancelHold, -40)}, ledger.Account{Pending: 60, Seq: 2}},
		{"release and earn", []ledger.Posting{held, posting(ledger.Release, -100), earned}, ledger.Account{Balance: 100, Earned: 100, Seq: 3}},
		{"all of them", []ledger.Posting{
			earned, posting(ledger.Revoke, -10), posting(ledger.Redeem, -20), posting(ledger.Restore, 5), posting(ledger.Expire, -7),
			posting(ledger.Adjust, 3), held, posting(ledger.CancelHold, -25), posting(ledger.Release, -75), posting(ledger.Earn, 75),
		}, ledger.Account{Balance: 146, Earned: 165, Revoked: 10, Redeemed: 15, Expired: 7, Adjusted: 3, Seq: 10}},
	}
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		for i, test := range tests {
			user := int64(i + 1)
			for j := range test.postings {
				test.postings[j].User, test.postings[j].Object = user, user
			}
			for _, together := range []bool{true, false} {
				if together {
					d.post(test.postings...)
					continue
				}
				user += 1000
				for _, p := range test.postings {
					d.post(of(user, user, p))
				}
			}
			for _, user := range []int64{int64(i + 1), int64(i + 1001)} {
				if diff := cmp.Diff(test.want, d.account(user), onlyFigures); diff != "" {
					t.Errorf("%s, account %d (-want +got):\n%s", test.name, user, diff)
				}
			}
		}
		d.proven()
	})
}

func TestEntriesKeepWhatWasPosted(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		local := time.FixedZone("far east", 9*3600+1800)
		p := ledger.Posting{
			User: math.MaxInt64, Type: ledger.Earn, Source: ledger.Campaign, Object: math.MaxInt64, Points: 12,
			OccurredAt: time.Date(2026, 1, 1, 0, 0, 0, 123456789, local), FactAt: time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC),
			Program: 3, Cause: "paid",
		}
		made := d.post(p)
		got := d.entries(math.MaxInt64)
		if diff := cmp.Diff(made, got, cmpopts.IgnoreFields(ledger.Entry{}, "ID")); diff != "" {
			t.Errorf("Post returned something else than is stored (-returned +stored):\n%s", diff)
		}
		want := ledger.Entry{
			User: math.MaxInt64, Seq: 1, Type: ledger.Earn, Source: ledger.Campaign, Object: math.MaxInt64, Points: 12, Balance: 12,
			OccurredAt: time.Date(2025, 12, 31, 14, 30, 0, 123456000, time.UTC), Program: 3, Cause: "paid",
			FactAt: ledger.NullTime{Time: time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), Valid: true},
		}
		if diff := cmp.Diff([]ledger.Entry{want}, got, cmpopts.IgnoreFields(ledger.Entry{}, "ID", "RecordedAt", "Hash")); diff != "" {
			t.Errorf("stored (-want +got):\n%s", diff)
		}
		if account := d.account(math.MaxInt64); !account.LastEntryAt.Time.Equal(got[0].RecordedAt) || !cmp.Equal(account.Head, got[0].Hash) {
			t.Errorf("account %+v does not end with entry %+v", account, got[0])
		}
		d.proven()
	})
}

// A store's dates can be absurd; one of them must not stop everything.
func TestAbsurdTimesBecomeTheNearestThatTablesKeep(t *testing.T) {
	first, last := time.Date(1000, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC)
	tests := []struct{ at, want time.Time }{
		{time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), first},
		{time.Date(-400, 1, 1, 0, 0, 0, 0, time.UTC), first},
		{time.Unix(-1<<62, 0), first},
		{time.Date(1582, 10, 10, 1, 2, 3, 0, time.UTC), time.Date(1582, 10, 10, 1, 2, 3, 0, time.UTC)},
		{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), last},
		{time.Unix(1<<61, 0), last},
	}
	for _, name := range []string{"UTC", "Pacific/Kiritimati", "Pacific/Niue"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			each(t, ledger.Options{Zone: zone}, func(t *testing.T, d *desk) {
				for i, test := range tests {
					p := hold(1, int64(i), 5)
					p.OccurredAt, p.FactAt, p.ReleaseAt = test.at, test.at, test.at
					e := d.post(p)[0]
					if !e.OccurredAt.Equal(test.want) || !e.FactAt.Time.Equal(test.want) {
						t.Errorf("%v became %v and %v, want %v", test.at, e.OccurredAt, e.FactAt.Time, test.want)
					}
				}
				d.proven()
			})
		})
	}
}

func TestMalformedPostingsAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		kind   ledger.Type
		amount int64
		change func(*ledger.Posting)
	}{
		{"earn nothing", ledger.Earn, 0, nil},
		{"earn less than nothing", ledger.Earn, -1, nil},
		{"restore less than nothing", ledger.Restore, -1, nil},
		{"revoke more than nothing", ledger.Revoke, 1, nil},
		{"redeem more than nothing", ledger.Redeem, 1, nil},
		{"expire more than nothing", ledger.Expire, 1, nil},
		{"adjust by nothing", ledger.Adjust, 0, nil},
		{"hold less than nothing", ledger.Hold, -1, nil},
		{"hold without end", ledger.Hold, 1, func(p *ledger.Posting) { p.ReleaseAt = time.Time{} }},
		{"release more than nothing", ledger.Release, 1, nil},
		{"cancel more than nothing", ledger.CancelHold, 1, nil},
		{"hold with points", ledger.Hold, 1, func(p *ledger.Posting) { p.Points = 1 }},
		{"earn with pending", ledger.Earn, 1, func(p *ledger.Posting) { p.Pending = 1 }},
		{"unknown type", "gift", 1, nil},
		{"no type", "", 1, nil},
		{"no source", ledger.Earn, 1, func(p *ledger.Posting) { p.Source = "" }},
		{"source longer than its column", ledger.Earn, 1, func(p *ledger.Posting) { p.Source = ledger.Source(strings.Repeat("x", 33)) }},
		{"a source that there is not", ledger.Earn, 1, func(p *ledger.Posting) { p.Source = "lottery" }},
		{"redeeming an order", ledger.Redeem, -1, func(p *ledger.Posting) { p.Source = ledger.Purchase }},
		{"holding a comment's points", ledger.Hold, 1, func(p *ledger.Posting) { p.Source = ledger.BlogComment }},
		{"nobody", ledger.Earn, 1, func(p *ledger.Posting) { p.User = 0 }},
		{"user below zero", ledger.Earn, 1, func(p *ledger.Posting) { p.User = -7 }},
		{"object below zero", ledger.Earn, 1, func(p *ledger.Posting) { p.Object = -1 }},
		{"program below zero", ledger.Earn, 1, func(p *ledger.Posting) { p.Program = -1 }},
		{"no time", ledger.Earn, 1, func(p *ledger.Posting) { p.OccurredAt = time.Time{} }},
		{"long cause", ledger.Earn, 1, func(p *ledger.Posting) { p.Cause = strings.Repeat("x", 65) }},
		{"cause with an emoji", ledger.Earn, 1, func(p *ledger.Posting) { p.Cause = "gift 🎁" }},
		{"cause with a line break", ledger.Earn, 1, func(p *ledger.Posting) { p.Cause = "a\nb" }},
		{"broken note", ledger.Earn, 1, func(p *ledger.Posting) { p.Note = "caf\xe9" }},
		{"note longer than its column", ledger.Earn, 1, func(p *ledger.Posting) { p.Note = strings.Repeat("é", 32768) }},
		{"broken actor", ledger.Earn, 1, func(p *ledger.Posting) { p.Actor = "\xff" }},
		{"long actor", ledger.Earn, 1, func(p *ledger.Posting) { p.Actor = strings.Repeat("é", 192) }},
	}
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		for _, test := range tests {
			p := posting(test.kind, test.amount)
			if test.change != nil {
				test.change(&p)
			}
			if _, err := d.try(earn(7, 1, 5), p); err == nil {
				t.Errorf("%s: was posted", test.name)
			}
		}
		if n := d.number(`SELECT COUNT(*) FROM {p}loyalty_entries`); n != 0 {
			t.Errorf("%d entries were kept beside refused postings", n)
		}
	})
}

func TestOverflowIsRefusedAndNothingKept(t *testing.T) {
	const most = math.MaxInt64
	tests := []struct {
		name     string
		postings []ledger.Posting
	}{
		{"balance", []ledger.Posting{earn(1, 1, most), earn(1, 2, 1)}},
		{"balance below", []ledger.Posting{of(1, 1, posting(ledger.Adjust, -most)), of(1, 2, posting(ledger.Adjust, -2))}},
		{"the smallest number", []ledger.Posting{of(1, 1, posting(ledger.Adjust, math.MinInt64))}},
		{"pending", []ledger.Posting{hold(1, 1, most), hold(1, 2, 1)}},
		{"earned, not the balance", []ledger.Posting{earn(1, 1, most), of(1, 2, posting(ledger.Redeem, -most)), earn(1, 3, 1)}},
		{"redeemed, not the balance", []ledger.Posting{
			of(1, 1, posting(ledger.Adjust, most)), of(1, 2, posting(ledger.Redeem, -most)),
			of(1, 3, posting(ledger.Adjust, 1)), of(1, 4, posting(ledger.Redeem, -1)),
		}},
		{"the sum of a day over two accounts", []ledger.Posting{earn(1, 1, most), earn(2, 2, 1)}},
	}
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		for _, test := range tests {
			_, err := d.try(test.postings...)
			if overflow := (*ledger.OverflowError)(nil); !errors.As(err, &overflow) {
				t.Errorf("%s: got %v, want an overflow", test.name, err)
			}
			if n := d.number(`SELECT COUNT(*) FROM {p}loyalty_entries`); n != 0 {
				t.Fatalf("%s: %d entries were kept", test.name, n)
			}
		}
		d.post(earn(1, 1, most))
		for _, p := range []ledger.Posting{earn(1, 2, 1), earn(2, 2, 1)} {
			if _, err := d.try(p); err == nil {
				t.Errorf("%+v was posted beside the most that fits", p)
			}
		}
		if account := d.account(1); account.Balance != most || account.Seq != 1 {
			t.Errorf("account 1 is %+v", account)
		}
		d.proven()
	})
}

// An error that the work swallows leaves accounts in memory that the entries
// do not have; committing them would break the chains.
func TestAfterARefusedPostNothingOfTheTransactionIsKept(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		d.post(earn(1, 1, 10))
		err := d.Update(t.Context(), d.lease, func(tx *ledger.Tx) error {
			if _, err := tx.Post(t.Context(), []ledger.Posting{earn(1, 2, 5)}); err != nil {
				return err
			}
			_, refused := tx.Post(t.Context(), []ledger.Posting{earn(1, 3, 5), of(1, 4, posting(ledger.Redeem, -50))})
			if !errors.Is(refused, ledger.ErrInsufficient) {
				t.Errorf("the redemption answered %v", refused)
			}
			if _, again := tx.Post(t.Context(), []ledger.Posting{earn(1, 5, 5)}); !errors.Is(again, ledger.ErrInsufficient) {
				t.Errorf("the next Post answered %v, want the first failure", again)
			}
			return nil
		})
		if !errors.Is(err, ledger.ErrInsufficient) {
			t.Errorf("Update answered %v, want the failure of its Post", err)
		}
		if account := d.account(1); account.Balance != 10 || account.Seq != 1 {
			t.Errorf("kept %+v", account)
		}
		d.proven()
	})
}

func TestARedemptionNeverTakesTheBalanceBelowZero(t *testing.T) {
	for _, clamp := range []bool{false, true} {
		each(t, ledger.Options{Clamp: clamp}, func(t *testing.T, d *desk) {
			d.post(earn(1, 1, 10))
			if _, err := d.try(of(1, 2, posting(ledger.Redeem, -11))); !errors.Is(err, ledger.ErrInsufficient) {
				t.Errorf("redeeming 11 of 10 answered %v", err)
			}
			d.post(of(1, 2, posting(ledger.Redeem, -10)))
			if _, err := d.try(of(1, 3, posting(ledger.Redeem, -1))); !errors.Is(err, ledger.ErrInsufficient) {
				t.Errorf("redeeming 1 of 0 answered %v", err)
			}
			d.post(of(1, 4, posting(ledger.Adjust, -5)))
			if _, err := d.try(of(1, 3, posting(ledger.Redeem, -1))); !errors.Is(err, ledger.ErrInsufficient) {
				t.Errorf("redeeming 1 of -5 answered %v", err)
			}
			d.proven()
		})
	}
}

func TestClampGivesBackTheShortfall(t *testing.T) {
	tests := []struct {
		name     string
		before   []ledger.Posting
		deduct   ledger.Posting
		clamp    int64 // 0: no clamp entry
		balance  int64
		adjusted int64
	}{
		{"enough", []ledger.Posting{posting(ledger.Earn, 50)}, posting(ledger.Revoke, -50), 0, 0, 0},
		{"part missing", []ledger.Posting{posting(ledger.Earn, 50), posting(ledger.Redeem, -20)}, posting(ledger.Revoke, -50), 20, 0, 20},
		{"all missing", []ledger.Posting{posting(ledger.Earn, 50), posting(ledger.Redeem, -50)}, posting(ledger.Revoke, -50), 50, 0, 50},
		{"below zero before: not lifted above where it was", []ledger.Posting{posting(ledger.Adjust, -10)}, posting(ledger.Revoke, -5), 5, -10, -5},
		{"expiry", []ledger.Posting{posting(ledger.Earn, 5)}, posting(ledger.Expire, -8), 3, 0, 3},
		{"adjusting is not clamped", []ledger.Posting{posting(ledger.Earn, 5)}, posting(ledger.Adjust, -8), 0, -3, -8},
	}
	each(t, ledger.Options{Clamp: true}, func(t *testing.T, d *desk) {
		for i, test := range tests {
			user := int64(i + 1)
			for _, p := range test.before {
				d.post(of(user, user, p))
			}
			made := d.post(of(user, user, test.deduct))
			want := 1
			if test.clamp != 0 {
				want = 2
			}
			if len(made) != want {
				t.Fatalf("%s: %d entries, want %d: %+v", test.name, len(made), want, made)
			}
			if test.clamp != 0 {
				if e := made[1]; e.Type != ledger.Adjust || e.Source != ledger.Clamp || e.Points != test.clamp || !e.OccurredAt.Equal(noon) {
					t.Errorf("%s: clamped with %+v", test.name, e)
				}
			}
			if account := d.account(user); account.Balance != test.balance || account.Adjusted != test.adjusted {
				t.Errorf("%s: balance %d, adjusted %d; want %d and %d", test.name, account.Balance, account.Adjusted, test.balance, test.adjusted)
			}
		}
		// An order and a comment with one number share the clamp's revisions.
		comment := of(50, 1, posting(ledger.Revoke, -4))
		comment.Source = ledger.ProductReview
		made := d.post(of(50, 1, posting(ledger.Revoke, -3)), comment, of(51, 1, posting(ledger.Revoke, -3)))
		if got := len(made); got != 6 {
			t.Errorf("%d entries, want three deductions and three clamps", got)
		}
		d.proven()
	})
}

func TestWithoutClampBalancesMayFallBelowZero(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		if made := d.post(revoke(1, 1, 5)); len(made) != 1 || made[0].Balance != -5 {
			t.Errorf("posted %+v", made)
		}
		d.proven()
	})
}

// More postings than one statement carries, of more accounts and objects than
// one list names, with notes between them.
func TestLongBatches(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		const n = 2345
		var postings []ledger.Posting
		for i := int64(1); i <= n; i++ {
			p := earn(i, i, i)
			if i%600 == 0 {
				p.Note = fmt.Sprintf("note %d 🎁", i)
			}
			postings = append(postings, p, hold(i, n+i, 2), of(i, n+i, posting(ledger.CancelHold, -1-i%2)))
		}
		for _, e := range d.post(postings...) {
			if e.ID != 0 != (e.NoteHash != nil) {
				t.Fatalf("the id of %+v", e)
			}
		}
		if got := d.verify(); got.Accounts != n || got.Entries != 3*n || len(got.Findings) != 0 {
			t.Errorf("verified %+v", got)
		}
		if got := d.number(`SELECT COUNT(*) FROM {p}loyalty_holds`); got != n/2 {
			t.Errorf("%d holds, want those of even accounts only", got)
		}
		if notes, err := d.Notes(t.Context(), 1800); err != nil || len(notes) != 1 {
			t.Errorf("notes of account 1800: %v, %v", notes, err)
		}
	})
}
