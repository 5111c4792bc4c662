package reports_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

func TestACopyThatWasCutShortIsCompleted(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		s := makeShop(t, b, db, "site_")
		trade(b, t, 11_000, 500, 300) // three pieces
		set := settings(t, time.UTC, noon)

		// The second piece cannot be copied: as if the daemon had died there.
		s.site.MustExec(`CREATE TRIGGER cut BEFORE INSERT ON site_loyalty_points_history FOR EACH ROW
			BEGIN IF NEW.entry_id > 7000 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cut short'; END IF; END`)
		if _, err := s.reports.Refresh(t.Context(), set); err == nil || !strings.Contains(err.Error(), "cut short") {
			t.Fatalf("refresh = %v", err)
		}
		var copied int
		if err := s.site.Get(&copied, `SELECT COUNT(*) FROM site_loyalty_points_history`); err != nil || copied != 4999 {
			t.Fatalf("%d entries were copied (%v), want the first piece", copied, err)
		}
		s.site.MustExec(`DROP TRIGGER cut`)
		s.refresh(t, set)
		s.check(t, set)

		// The same in the middle of an increment: nothing of it stays.
		trade(b, t, 2500, 500, 300)
		s.site.MustExec(`CREATE TRIGGER cut BEFORE INSERT ON site_loyalty_points_history FOR EACH ROW
			BEGIN IF NEW.entry_id > 13000 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cut short'; END IF; END`)
		if _, err := s.reports.Refresh(t.Context(), set); err == nil {
			t.Fatal("the refresh was not cut short")
		}
		if found, err := s.reports.Verify(t.Context(), set); err != nil || len(found) > 0 {
			t.Errorf("after a refresh that was cut short: %v %v", found, err)
		}
		s.site.MustExec(`DROP TRIGGER cut`)
		if r := s.refresh(t, set); r.Rebuilt || r.Entries != 2500 {
			t.Errorf("refresh = %+v", r)
		}
		s.check(t, set)
	})
}

func TestALedgerThatWasSetBackIsFollowed(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		set := settings(t, time.UTC, noon)
		both := []shop{makeShop(t, b, db, "wp_"), makeShop(t, b, db, "site_")}
		trade(b, t, 50, 10, 30)
		for _, s := range both {
			s.refresh(t, set)
		}
		b.reset(t.Context(), time.UTC)
		trade(b, t, 20, 10, 30)
		for _, s := range both {
			s.refresh(t, set)
			s.bank = b
			s.check(t, set)
		}
	})
}

func TestNotesAreErasedInTheCopyToo(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		s := makeShop(t, b, db, "site_")
		b.post(t.Context(),
			line{User: 1, At: noon, Type: "adjust", Source: "admin", Points: 1, Note: "phone 555"},
			line{User: 2, At: noon, Type: "adjust", Source: "admin", Points: 1, Note: "stays"})
		s.refresh(t, settings(t, time.UTC, noon))
		b.exec(t.Context(), `DELETE FROM {p}loyalty_entry_notes WHERE note = 'phone 555'`)
		if err := s.reports.CopyNotes(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		for user, want := range map[int64]string{1: "", 2: "stays"} {
			page, err := s.reports.History(t.Context(), reports.Filter{User: user, Limit: 9})
			if err != nil || len(page) != 1 || page[0].Note.String != want {
				t.Errorf("user %d: %+v, %v, want note %q", user, page, err, want)
			}
		}
	})
}

// redeem writes a redemption as the ledger does.
func (b *bank) redeem(ctx context.Context, id int64, state string, changed time.Time) {
	b.exec(ctx, `INSERT INTO {p}loyalty_redemptions (id, user_id, points, amount, currency, code, coupon_id, state, reserved_at, changed_at, expires_on)
		VALUES (?, 7, 500, 5, 'EUR', ?, NULLIF(?, 0), ?, ?, ?, NULLIF(?, ''))
		ON DUPLICATE KEY UPDATE state = VALUES(state), coupon_id = VALUES(coupon_id), changed_at = VALUES(changed_at)`,
		id, fmt.Sprintf("points-%d", id), id%3, state, noon, changed, []string{"", "2027-03-01"}[id%2])
}

// redemptions are the rows of a site or of a ledger, as text.
func redemptions(t *testing.T, db *sqlx.DB, prefix database.Prefix) []string {
	t.Helper()
	var rows []string
	err := db.Select(&rows, prefix.SQL(`
		SELECT CONCAT_WS('|', id, user_id, points, returned, amount, currency, code, COALESCE(coupon_id, '-'), COALESCE(order_id, '-'),
		  state, reserved_at, changed_at, COALESCE(expires_on, '-')) FROM {p}loyalty_redemptions ORDER BY id`))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// A redemption may change without an entry: when its coupon is confirmed.
func TestRedemptionsAreCopied(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		b := newBank(t, db.Root, "wp_", time.UTC)
		s := makeShop(t, b, db, "site_")
		set := settings(t, time.UTC, noon)
		same := func(when string, n int) {
			t.Helper()
			s.refresh(t, set)
			want, got := redemptions(t, b.db, "wp_"), redemptions(t, s.site, "site_")
			if d := firstDifference("redemptions", got, want); d != "" || len(got) != n {
				t.Errorf("%s: %d redemptions; %s", when, len(got), d)
			}
			if found, err := s.reports.Verify(ctx, set); err != nil || len(found) > 0 {
				t.Errorf("%s: verify: %v %v", when, found, err)
			}
		}
		trade(b, t, 20, 5, 30)
		same("none", 0)
		for id := int64(1); id <= 2500; id++ { // three pages, of one time
			b.redeem(ctx, id, "reserved", noon)
		}
		same("many at once", 2500)
		b.redeem(ctx, 1, "confirmed", noon.Add(time.Hour))
		same("changed", 2500)
		b.redeem(ctx, 2501, "reserved", noon.Add(time.Hour-30*time.Second)) // the clock was set back a little
		same("added behind", 2501)
		b.redeem(ctx, 2500, "cancelled", noon.Add(time.Hour+time.Microsecond))
		s.refresh(t, set)
		same("changed again", 2501)

		b.redeem(ctx, 3, "confirmed", noon.Add(2*time.Hour))
		if found, err := s.reports.Verify(ctx, set); err != nil || len(found) > 0 {
			t.Errorf("out of date is not wrong: %v %v", found, err)
		}
		s.refresh(t, set)
		for what, change := range map[string]string{
			"redemption 4 (user 8":            `UPDATE site_loyalty_redemptions SET user_id = 8 WHERE id = 4`,
			"the entries give redemption 5 (": `DELETE FROM site_loyalty_redemptions WHERE id = 5`,
			"redemption 2502 (user 7":         `INSERT INTO site_loyalty_redemptions SELECT 2502, user_id, points, returned, amount, currency, 'x', coupon_id, order_id, state, reserved_at, changed_at, expires_on FROM site_loyalty_redemptions WHERE id = 2`,
		} {
			s.site.MustExec(change)
			found, err := s.reports.Verify(ctx, set)
			if err != nil || len(found) != 1 || !strings.Contains(found[0], what) {
				t.Errorf("after %s: verify found %q, %v", change, found, err)
			}
			if err := s.reports.Rebuild(ctx, set); err != nil {
				t.Fatal(err)
			}
			same("rebuilt", 2501)
		}
		// An old backup of the ledger: what came after it is gone.
		b.reset(ctx, time.UTC)
		trade(b, t, 10, 5, 30)
		b.redeem(ctx, 9, "reserved", noon)
		same("set back", 1)
	})
}

func TestCopiedBalancesAreTheLedgers(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		beside, apart := makeShop(t, b, db, "wp_"), makeShop(t, b, db, "site_")
		set := settings(t, time.UTC, noon)
		for range 3 {
			trade(b, t, 60, 9, 30)
			b.post(t.Context(), line{User: 3, At: noon, Type: "hold", Source: "purchase", Pending: 4},
				line{User: 4, At: noon, Type: "expire", Source: "expiry", Points: -4},
				line{User: 5, At: noon, Type: "restore", Source: "coupon", Points: 5},
				line{User: 6, At: noon, Type: "adjust", Source: "admin", Points: 6})
			apart.refresh(t, set)
			want, err := beside.reports.Balances(t.Context(), 2, 6)
			if err != nil {
				t.Fatal(err)
			}
			got, err := apart.reports.Balances(t.Context(), 2, 6)
			if err != nil {
				t.Fatal(err)
			}
			if d := firstDifference("accounts", got, want); d != "" || len(want) != 6 || want[0].User != 3 {
				t.Errorf("%s; %v", d, want)
			}
			some, err := apart.reports.BalancesOf(t.Context(), []int64{7, 3, 7, 999})
			if err != nil || len(some) != 2 || some[0] != want[0] || some[1] != want[4] {
				t.Errorf("BalancesOf = %+v, %v", some, err)
			}
		}
	})
}

// The ledger's server may be another one, even of another brand: digests of
// the same rows are the same on both.
func TestALedgerOnAnotherServerIsCopied(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, testshop.New(t).Root, "ledger_", location(t, "Europe/Berlin"))
		s := makeShop(t, b, db, "wp_")
		set := settings(t, b.zone, noon)
		for range 3 {
			trade(b, t, 70, 20, 200)
			b.post(t.Context(), line{User: 1, At: noon, Type: "adjust", Source: "admin", Points: 1, Note: "für Ödön 🎁 | ~"})
			s.refresh(t, set)
			s.check(t, set)
			if found, err := s.reports.Verify(t.Context(), set); err != nil || len(found) > 0 {
				t.Errorf("verify: %v %v", found, err)
			}
		}
		if err := s.reports.Rebuild(t.Context(), set); err != nil {
			t.Fatal(err)
		}
		s.check(t, set)
	})
}
