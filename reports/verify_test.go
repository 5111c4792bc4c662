package reports_test

import (
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

func TestVerifyNamesWhatWasTamperedWithAndRebuildMendsIt(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		beside := makeShop(t, b, db, "wp_")
		apart := makeShop(t, b, db, "site_")
		trade(b, t, 120, 60, 400)
		b.post(t.Context(), line{User: 1, At: noon, Type: "adjust", Source: "admin", Points: 1, Note: "because"})
		set := settings(t, time.UTC, noon)
		for _, test := range []struct {
			shop      shop
			statement string
			table     string
		}{
			{beside, `UPDATE {p}loyalty_points_status SET issued = issued + 1 WHERE period = 'last_year'`, "points_status"},
			{beside, `DELETE FROM {p}loyalty_points_status WHERE period = 'all_time'`, "points_status"},
			{beside, `UPDATE {p}loyalty_points_sources SET customers = customers + 1 WHERE period = 'all_time'`, "points_sources"},
			{beside, `INSERT INTO {p}loyalty_points_sources VALUES ('last_week', 'tier', 1, 1, 1)`, "points_sources"},
			{beside, `UPDATE {p}loyalty_top_earners SET balance = balance + 1 WHERE period = 'all_time' AND place = 7`, "top_earners"},
			{beside, `DELETE FROM {p}loyalty_top_earners WHERE period = 'all_time' AND place = 3`, "top_earners"},
			{beside, `UPDATE {p}loyalty_period_earners SET points = points + 1 WHERE span = 'all_time' LIMIT 1`, "period_earners"},
			{beside, `INSERT INTO {p}loyalty_period_earners VALUES (5000, 'all_time', 1, 1)`, "period_earners"},
			{beside, `UPDATE {p}loyalty_period_customers SET customers = customers + 1 LIMIT 1`, "period_customers"},
			{apart, `UPDATE {p}loyalty_points_daily SET points = points + 1 LIMIT 1`, "points_daily"},
			{apart, `UPDATE {p}loyalty_accounts SET earned = earned + 1 LIMIT 1`, "accounts"},
			{apart, `DELETE FROM {p}loyalty_accounts LIMIT 1`, "accounts"},
			{apart, `UPDATE {p}loyalty_points_history SET object_id = object_id + 1 LIMIT 1`, "points_history"},
			{apart, `UPDATE {p}loyalty_points_history SET note = 'otherwise' WHERE note IS NOT NULL`, "points_history"},
			{apart, `DELETE FROM {p}loyalty_points_history LIMIT 1`, "points_history"},
			{apart, `INSERT INTO {p}loyalty_points_history SELECT entry_id + 100000, user_id, seq + 1000, occurred_at, recorded_at, type, source, object_id, points, pending, balance, note FROM {p}loyalty_points_history LIMIT 1`, "points_history"},
		} {
			test.shop.refresh(t, set)
			if found, err := test.shop.reports.Verify(t.Context(), set); err != nil || len(found) > 0 {
				t.Fatalf("before %s: %v %v", test.statement, found, err)
			}
			test.shop.site.MustExec(test.shop.sitePrefix.SQL(test.statement))
			found, err := test.shop.reports.Verify(t.Context(), set)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 0 || !strings.Contains(strings.Join(found, "\n"), test.table+": ") {
				t.Errorf("%s was not noticed: %q", test.statement, found)
			}
			if err := test.shop.reports.Rebuild(t.Context(), set); err != nil {
				t.Fatal(err)
			}
			if found, err := test.shop.reports.Verify(t.Context(), set); err != nil || len(found) > 0 {
				t.Errorf("after %s and a rebuild: %v %v", test.statement, found, err)
			}
			test.shop.check(t, set)
		}
	})
}

func TestVerifyNamesTheDailySumThatIsWrong(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newShop(t, db, time.UTC)
		trade(s.bank, t, 40, 10, 30)
		set := settings(t, time.UTC, noon)
		s.refresh(t, set)
		s.exec(t.Context(), `UPDATE {p}loyalty_points_daily SET points = points + 5 WHERE type = 'earn' LIMIT 1`)
		found, err := s.reports.Verify(t.Context(), set)
		if err != nil || len(found) != 1 || !strings.HasPrefix(found[0], "points_daily: 2026-") {
			t.Errorf("found %q, %v", found, err)
		}
	})
}
