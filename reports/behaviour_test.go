package reports_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// trade posts n entries over the last days before noon.
func trade(b *bank, t testing.TB, n, users, days int) {
	t.Helper()
	kinds := []line{
		{Type: "earn", Source: "purchase", Points: 40}, {Type: "earn", Source: "signup", Points: 7},
		{Type: "revoke", Source: "purchase", Points: -3}, {Type: "redeem", Source: "coupon", Points: -5},
	}
	var lines []line
	for i := range n {
		l := kinds[i%len(kinds)]
		l.User = int64(i%users + 1)
		l.At = noon.AddDate(0, 0, -(i*7919)%days).Add(time.Duration(i) * time.Millisecond)
		lines = append(lines, l)
	}
	b.post(t.Context(), lines...)
}

func TestConcurrentRefreshesAddEveryEntryOnce(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		for _, s := range []shop{
			makeShop(t, b, reports.Site{DB: db.Root, Prefix: "wp_"}),
			makeShop(t, b, reports.Site{DB: db.Root, Prefix: "site_"}),
		} {
			set := settings(t, time.UTC, noon)
			trade(b, t, 200, 20, 60)
			s.refresh(t, set)
			trade(b, t, 40, 30, 60)
			var group sync.WaitGroup
			failed := make(chan error, 6)
			for range cap(failed) {
				group.Go(func() {
					_, err := s.reports.Refresh(t.Context(), set)
					failed <- err
				})
			}
			group.Wait()
			for range cap(failed) {
				if err := <-failed; err != nil {
					t.Error(err)
				}
			}
			s.check(t, set)
		}
	})
}

// reads returns how many rows the session's statements have read so far.
func reads(t *testing.T, conn *sqlx.DB) int64 {
	t.Helper()
	var rows []struct {
		Name  string `db:"Variable_name"`
		Value int64  `db:"Value"`
	}
	if err := conn.SelectContext(t.Context(), &rows, `SHOW SESSION STATUS LIKE 'Handler_read%'`); err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, row := range rows {
		sum += row.Value
	}
	return sum
}

func TestARefreshReadsWhatChangedNotTheLedger(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		const entries = 12_000
		trade(b, t, entries, 3000, 90)
		b.exec(t.Context(), `ANALYZE TABLE {p}loyalty_entries, {p}loyalty_points_daily, {p}loyalty_accounts`)
		one, err := database.Open(t.Context(), db.DSN())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = one.Close() })
		one.SetMaxOpenConns(1) // all statements in the session that is measured

		s := makeShop(t, b, reports.Site{DB: db.Root, Prefix: "wp_"})
		site := reports.Site{DB: one, Prefix: "wp_"}
		s.reports = reports.Open(site, site)
		set := settings(t, time.UTC, noon)
		s.refresh(t, set)
		b.exec(t.Context(), `ANALYZE TABLE {p}loyalty_period_accounts`)

		measure := func(what string, most int64, work func()) {
			before := reads(t, one)
			work()
			if n := reads(t, one) - before; n > most {
				t.Errorf("%s read %d rows of a ledger of %d entries, want at most %d", what, n, entries, most)
			} else {
				t.Logf("%s read %d rows", what, n)
			}
		}
		measure("a refresh without news", 20, func() { s.refresh(t, set) })
		b.post(t.Context(), line{User: 5, At: noon, Type: "earn", Source: "purchase", Points: 9})
		measure("a refresh after one entry", 4000, func() { s.refresh(t, set) })
		set.Now = noon.AddDate(0, 0, 1)
		measure("a midnight", 6000, func() { s.refresh(t, set) })
		s.check(t, set)

		page := func(f reports.Filter) func() {
			f.Limit = 10
			return func() {
				first, err := s.reports.History(t.Context(), f)
				if err != nil || len(first) != f.Limit {
					t.Fatalf("first page: %d entries, %v", len(first), err)
				}
				f.Before = &first[len(first)-1]
				if _, err := s.reports.History(t.Context(), f); err != nil {
					t.Fatal(err)
				}
			}
		}
		days := reports.Range{From: mustDay("2026-10-01"), To: mustDay("2026-10-31")}
		measure("two pages of the history", 100, page(reports.Filter{}))
		measure("two pages of a month", 100, page(reports.Filter{Range: &days, Zone: time.UTC}))
		measure("two pages of a source", 100, page(reports.Filter{Source: "coupon"}))
		b.post(t.Context(), make10(line{User: 6, At: noon, Type: "earn", Source: "purchase", Points: 1})...)
		measure("two pages of a customer", 100, page(reports.Filter{User: 6}))
	})
}

func make10(l line) []line {
	var lines []line
	for range 10 {
		lines = append(lines, l)
	}
	return lines
}

func TestHistoryPagesShowEveryEntryOnce(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newShop(t, db, time.UTC)
		trade(s.bank, t, 90, 4, 5)
		// Many at the same instant, recorded in another order than dated.
		for i := range 30 {
			s.post(t.Context(), line{User: 2, At: noon.AddDate(0, 0, -i%3), Type: "earn", Source: "purchase", Points: 1, Note: fmt.Sprint("n", i)})
		}
		days := reports.Range{From: mustDay("2026-11-19"), To: mustDay("2026-11-20")}
		for _, f := range []reports.Filter{
			{}, {User: 2}, {Source: "purchase"}, {Type: "redeem"}, {Range: &days, Zone: time.UTC},
			{User: 2, Source: "purchase", Type: "earn", Range: &days, Zone: time.UTC}, {User: 99},
		} {
			f.Limit = 7
			want := map[int64]line{}
			for _, l := range s.lines {
				if (f.User == 0 || f.User == l.User) && (f.Source == "" || f.Source == l.Source) && (f.Type == "" || f.Type == l.Type) &&
					(f.Range == nil || f.Range.Contains(reports.DayOf(l.At, time.UTC))) {
					want[l.ID] = l
				}
			}
			var last *reports.Entry
			for {
				page, err := s.reports.History(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page {
					l, ok := want[e.ID]
					if !ok || e.User != l.User || e.Seq != l.Seq || !e.OccurredAt.Equal(l.At) || e.Points != l.Points || e.Balance != l.Balance || e.Note.String != l.Note {
						t.Fatalf("filter %+v: %+v is not due (%+v)", f, e, l)
					}
					delete(want, e.ID)
					switch {
					case last == nil:
					case f.User != 0 && last.Seq <= e.Seq, f.User == 0 && last.OccurredAt.Before(e.OccurredAt):
						t.Fatalf("filter %+v: %+v comes before %+v", f, last, e)
					}
					last = &e
				}
				if len(page) < f.Limit {
					break
				}
				f.Before = last
			}
			if len(want) > 0 {
				t.Errorf("filter %+v: %d entries are missing", f, len(want))
			}
		}
	})
}

// Any range gives what a period of the same days gives.
func TestCustomRangesGiveWhatPeriodsGive(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		zone := location(t, "America/New_York")
		s := newShop(t, db, zone)
		trade(s.bank, t, 300, 80, 500)
		set := settings(t, zone, noon)
		s.refresh(t, set)
		for _, want := range naive(s.lines, set).Status {
			name := want.Period
			got, err := s.reports.StatusOf(t.Context(), set, want.Range)
			if err != nil {
				t.Fatal(err)
			}
			want.Period = ""
			if d := firstDifference(name, []reports.Status{got}, []reports.Status{want}); d != "" {
				t.Error(d)
			}
			sources, err := s.reports.SourcesOf(t.Context(), set, want.Range)
			if err != nil {
				t.Fatal(err)
			}
			wantSources, err := s.reports.Sources(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			for i := range wantSources {
				wantSources[i].Period = ""
			}
			if d := firstDifference(name, sources, wantSources); d != "" {
				t.Error(d)
			}
			earners, err := s.reports.EarnersOf(t.Context(), set, want.Range, reports.Places)
			if err != nil {
				t.Fatal(err)
			}
			wantEarners, err := s.reports.Earners(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			for i := range wantEarners {
				wantEarners[i].Period = ""
			}
			if d := firstDifference(name, earners, wantEarners); d != "" {
				t.Error(d)
			}
		}
	})
}

func TestVerifyNamesWhatWasTamperedWithAndRebuildMendsIt(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		beside := makeShop(t, b, reports.Site{DB: db.Root, Prefix: "wp_"})
		apart := makeShop(t, b, reports.Site{DB: db.Root, Prefix: "site_"})
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
			{beside, `UPDATE {p}loyalty_period_accounts SET points = points + 1 WHERE span = 'all_time' AND source = '' LIMIT 1`, "period_accounts"},
			{beside, `INSERT INTO {p}loyalty_period_accounts VALUES ('all_time', 'purchase', 5000, 1, 1, 1)`, "period_accounts"},
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

func TestASourceThatOnlyOneSideKnowsStopsTheRefresh(t *testing.T) {
	s := newShop(t, testshop.New(t), time.UTC)
	trade(s.bank, t, 40, 10, 30)
	set := settings(t, time.UTC, noon)
	s.refresh(t, set)
	s.exec(t.Context(), `INSERT INTO {p}loyalty_points_daily VALUES ('2026-11-20', 'earn', 'tier', 5, 0, 1)`)
	trade(s.bank, t, 1, 1, 1)
	before, err := read(t.Context(), s.reports)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.reports.Refresh(t.Context(), set); err == nil || !strings.Contains(err.Error(), "week_to_date") {
		t.Errorf("refresh = %v, want an error that names the period", err)
	}
	after, err := read(t.Context(), s.reports)
	if err != nil {
		t.Fatal(err)
	}
	if d := differences(after, before); d != "" {
		t.Errorf("a refresh that failed changed the tables: %s", d)
	}
}

func TestACopyThatWasCutShortIsCompleted(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		s := makeShop(t, b, reports.Site{DB: db.Root, Prefix: "site_"})
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
		both := []shop{makeShop(t, b, reports.Site{DB: db.Root, Prefix: "wp_"}), makeShop(t, b, reports.Site{DB: db.Root, Prefix: "site_"})}
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
		s := makeShop(t, b, reports.Site{DB: db.Root, Prefix: "site_"})
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

func TestCopiedBalancesAreTheLedgers(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		b := newBank(t, db.Root, "wp_", time.UTC)
		beside, apart := makeShop(t, b, reports.Site{DB: db.Root, Prefix: "wp_"}), makeShop(t, b, reports.Site{DB: db.Root, Prefix: "site_"})
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

func TestSumsThatDoNotFitAreRefused(t *testing.T) {
	s := newShop(t, testshop.New(t), time.UTC)
	set := settings(t, time.UTC, noon)
	s.post(t.Context(),
		line{User: 1, At: noon, Type: "earn", Source: "import", Points: math.MaxInt64},
		line{User: 2, At: noon, Type: "earn", Source: "purchase", Points: 5})
	if _, err := s.reports.Refresh(t.Context(), set); err == nil || !strings.Contains(err.Error(), "64 bits") {
		t.Errorf("refresh = %v, want an overflow", err)
	}
}

func TestSettingsThatCannotBeRightAreRefused(t *testing.T) {
	s := newShop(t, testshop.New(t), time.UTC)
	for want, change := range map[string]func(*reports.Settings){
		"currency code": func(s *reports.Settings) { s.Currency = "€UR" },
		"zone":          func(s *reports.Settings) { s.Zone = nil },
		"time":          func(s *reports.Settings) { s.Now = time.Time{} },
		"Asia/Kolkata":  func(set *reports.Settings) { set.Zone = location(t, "Asia/Kolkata") }, // the daily sums have another
	} {
		set := settings(t, time.UTC, noon)
		change(&set)
		if _, err := s.reports.Refresh(t.Context(), set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("refresh = %v, want %q in it", err, want)
		}
	}
}

func TestALedgerCannotBeInTwoPlaces(t *testing.T) {
	db := testshop.New(t)
	newShop(t, db, time.UTC)
	elsewhere := reports.Open(reports.Site{DB: db.Root, Prefix: "wp_"}, reports.Site{DB: db.Root, Prefix: "ledger_"})
	if _, err := elsewhere.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "ledger.dsn") {
		t.Errorf("migrate = %v", err)
	}
	b := newBank(t, db.Root, "ledger_", time.UTC)
	makeShop(t, b, reports.Site{DB: db.Root, Prefix: "site_"})
	beside := reports.Open(reports.Site{DB: db.Root, Prefix: "site_"}, reports.Site{DB: db.Root, Prefix: "site_"})
	if _, err := beside.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "ledger.dsn") {
		t.Errorf("migrate = %v", err)
	}
}

func TestMigratingTwiceChangesNothing(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newShop(t, db, time.UTC)
		if err := database.CheckSchema(t.Context(), db.Root, "wp_", s.reports.Components()...); err != nil {
			t.Error(err)
		}
		if applied, err := s.reports.Migrate(t.Context()); err != nil || len(applied) > 0 {
			t.Errorf("second migration applied %v, %v", applied, err)
		}
		// A migration that was cut off after its statements runs again.
		s.exec(t.Context(), `DELETE FROM {p}loyalty_migrations WHERE component LIKE 'reports%'`)
		if applied, err := s.reports.Migrate(t.Context()); err != nil || len(applied) != 2 {
			t.Errorf("migrating again applied %v, %v", applied, err)
		}
	})
}

// The view is read with the reader's rights: who may not read the ledger gets
// nothing through it.
func TestHistoryIsReadWithTheReadersRights(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		newShop(t, db, time.UTC)
		dsn := db.User(t, `GRANT SELECT ON wp_loyalty_points_history TO {user};`)
		reader, err := database.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = reader.Close() }()
		var n int
		if err := reader.Get(&n, `SELECT COUNT(*) FROM wp_loyalty_points_history`); err == nil {
			t.Error("the view showed a ledger that its reader may not read")
		}
	})
}

func TestTheDaemonSaysThatItIsAlive(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newShop(t, db, time.UTC)
		if d, err := s.reports.Daemon(t.Context()); err != nil || !d.Heartbeat.IsZero() || d.LastRun.Kind != "" {
			t.Errorf("before the first heartbeat: %+v, %v", d, err)
		}
		beat := reports.Daemon{Address: "127.0.0.1:8787", Version: "1.2.3", LeaseHolder: "host\xff process 1", Fence: 7}
		if err := s.reports.Heartbeat(t.Context(), beat); err != nil {
			t.Fatal(err)
		}
		run := reports.Run{
			Kind: "sync", Started: noon, Finished: noon.Add(time.Second), OK: false,
			Message: strings.Repeat("ü", 2000), Figures: map[string]int64{"orders": 3},
		}
		if err := s.reports.RecordRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		d, err := s.reports.Daemon(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d.Address != beat.Address || d.Version != beat.Version || d.LeaseHolder != "host process 1" || d.Fence != 7 || d.Heartbeat.IsZero() {
			t.Errorf("daemon = %+v", d)
		}
		if r := d.LastRun; r.Kind != "sync" || !r.Started.Equal(noon) || r.OK || len([]rune(r.Message)) != 1024 || r.Figures["orders"] != 3 {
			t.Errorf("last run = %+v", r)
		}
	})
}

func TestARefreshThatFailsLeavesEverythingAsItWas(t *testing.T) {
	s := newShop(t, testshop.New(t), time.UTC)
	set := settings(t, time.UTC, noon)
	trade(s.bank, t, 30, 5, 10)
	s.refresh(t, set)
	trade(s.bank, t, 30, 5, 10)
	s.site.MustExec(`CREATE TRIGGER cut BEFORE DELETE ON wp_loyalty_points_status FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cut short'`)
	if _, err := s.reports.Refresh(t.Context(), set); err == nil {
		t.Fatal("the refresh was not cut short")
	}
	s.site.MustExec(`DROP TRIGGER cut`)
	if r := s.refresh(t, set); r.Entries != 30 {
		t.Errorf("refresh = %+v", r)
	}
	s.check(t, set)
}
