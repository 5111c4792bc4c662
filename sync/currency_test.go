package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// in places a completed order of 10 units of a currency.
func (s *stage) in(currency string, customer int64, created, paid time.Time) int64 {
	s.t.Helper()
	return s.place(testshop.Order{Customer: customer, Status: "completed", Currency: currency, Created: created, Paid: paid}, "10.00")
}

func (s *stage) moveTo(currency string) {
	s.t.Helper()
	s.do(s.SetOption(s.ctx, "woocommerce_currency", currency))
}

// hourPasses makes all changes of the currency an hour older.
func (s *stage) hourPasses() {
	s.t.Helper()
	_, err := s.db.Exec(`UPDATE wp_loyalty_store_currencies
		SET former_until = former_until - INTERVAL 1 HOUR, effective_at = effective_at - INTERVAL 1 HOUR`)
	s.do(err)
}

// A shop that moves to another currency keeps every point, and refunds of old
// orders go by what these had earned.
func TestAShopThatChangesItsCurrencyKeepsItsPoints(t *testing.T) {
	storages(t, `earn: {purchase: {currencies: {USD: 2}}, first_order: {points: 3}}`, func(t *testing.T, s *stage) {
		s.moveTo("BGN")
		ann, bob, cid, dan := s.customer("ann"), s.customer("bob"), s.customer("cid"), s.customer("dan")
		old := s.in("BGN", ann, day(1), day(1))
		s.in("bgn", bob, day(1), day(2))
		s.in("USD", cid, day(1), day(1))
		s.run(sync.Increment)
		s.wantBalances("before", map[int64]int64{ann: 13, bob: 13, cid: 23})

		s.engine.Programme.Brake = sync.BrakeLimits{Percent: *apd.New(1, 0), Entries: 1}
		s.moveTo("EUR")
		summary := s.run(sync.Increment)
		if !strings.Contains(strings.Join(summary.Notes, "; "), "was BGN and is EUR now") || summary.Entries != 0 || summary.Skipped != 0 {
			t.Errorf("the run says %q, with %d entries, %d skipped", summary.Notes, summary.Entries, summary.Skipped)
		}
		s.wantBalances("after", map[int64]int64{ann: 13, bob: 13, cid: 23})
		if summary := s.run(sync.Full); len(summary.Notes) != 0 || summary.Entries != 0 {
			t.Errorf("it changed again: %q, %d entries", summary.Notes, summary.Entries)
		}

		s.hourPasses()
		s.now = time.Now().UTC().Add(-10 * time.Minute)
		s.refund(old, "4.00")
		s.in("EUR", dan, s.now, s.now)
		s.in("BGN", dan, s.now, s.now)   // nothing: the store has it no more
		s.in("BGN", bob, day(3), s.now)  // ordered before, paid after
		s.in("BGN", cid, day(3), day(3)) // placed before, seen now
		s.in("USD", cid, s.now, s.now)   // by its rate
		s.in("EUR", ann, day(3), day(3)) // the store did not have it yet
		if summary := s.run(sync.Sweep); summary.Skipped != 2 {
			t.Errorf("%d skipped, want 2", summary.Skipped)
		}
		want := map[int64]int64{ann: 9, bob: 23, cid: 53, dan: 13}
		s.wantBalances("in the new currency", want)
		s.sound()

		// Back again: what is ordered from now on counts once more.
		s.moveTo("BGN")
		s.run(sync.Increment)
		s.now = time.Now().UTC().Add(time.Minute)
		s.in("BGN", ann, s.now, s.now)
		s.in("EUR", ann, s.now, s.now)
		s.run(sync.Sweep)
		want[ann] += 10
		s.wantBalances("back again", want)
		s.sound()
	})
}

// Between the last run that saw the former currency and the first that saw the
// new one, nobody knows when it changed: both count.
func TestBothCurrenciesCountWhileTheDaemonSlept(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		s.moveTo("HRK")
		ann, bob := s.customer("ann"), s.customer("bob")
		s.run(sync.Increment)
		s.moveTo("EUR")
		asleep := time.Now().UTC()
		s.in("HRK", ann, asleep, asleep)
		s.in("EUR", bob, asleep, asleep)
		s.run(sync.Increment)
		s.wantBalances("both", map[int64]int64{ann: 10, bob: 10})
		s.run(sync.Full)
		s.wantBalances("also later", map[int64]int64{ann: 10, bob: 10})
		s.sound()
	})
}

func TestAnOrderWithoutACurrencyIsInTheStores(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		order := s.in("EUR", ann, day(1), day(1))
		for _, query := range []string{
			`UPDATE wp_wc_orders SET currency = '' WHERE id = ?`, `UPDATE wp_postmeta SET meta_value = '' WHERE post_id = ? AND meta_key = '_order_currency'`,
		} {
			_, _ = s.db.Exec(query, order) // the other storage may have no such table
		}
		s.moveTo("PLN")
		s.run(sync.Increment)
		s.wantBalances("without a currency", map[int64]int64{ann: 10})
		s.moveTo("EUR")
		s.run(sync.Full)
		s.wantBalances("in another one", map[int64]int64{ann: 10})
		s.sound()
	})
}

// A run that is cut off after it saw the new currency does not forget the
// former.
func TestACurrencyIsRememberedOnce(t *testing.T) {
	storages(t, `{}`, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		s.moveTo("LTL")
		s.in("LTL", ann, day(1), day(1))
		s.run(sync.Increment)
		s.moveTo("EUR")
		for range 3 {
			s.run(sync.Sweep)
		}
		var versions []string
		if err := s.db.Select(&versions, `SELECT CONCAT_WS(' ', version, currency, former_until IS NULL, effective_at IS NULL) FROM wp_loyalty_store_currencies ORDER BY version`); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(versions, ", "); got != "1 LTL 1 1, 2 EUR 0 0" {
			t.Errorf("remembered: %s", got)
		}
		s.wantBalances("kept", map[int64]int64{ann: 10})
	})
}
