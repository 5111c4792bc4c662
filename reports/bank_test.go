package reports_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/grants"
	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

// line is an entry as tests write it.
type line struct {
	ID      int64
	User    int64
	Seq     int64
	At      time.Time
	Type    string
	Source  string
	Object  int64
	Points  int64
	Pending int64
	Balance int64
	Note    string
}

// bank is a ledger that tests post to: it does to the tables what a ledger
// does, and remembers the entries.
type bank struct {
	db       *sqlx.DB
	prefix   database.Prefix
	zone     *time.Location
	recorded time.Time
	lines    []line
	balance  map[int64]int64
	seq      map[int64]int64
	objects  int64
}

func newBank(t testing.TB, db *sqlx.DB, prefix database.Prefix, zone *time.Location) *bank {
	t.Helper()
	if _, err := database.Migrate(t.Context(), db, prefix, ledgerComponent()); err != nil {
		t.Fatal(err)
	}
	b := &bank{db: db, prefix: prefix}
	b.reset(t.Context(), zone)
	return b
}

// reset empties the ledger.
func (b *bank) reset(ctx context.Context, zone *time.Location) {
	b.zone = zone
	b.recorded = time.Date(2026, 1, 1, 0, 0, 0, 123456000, time.UTC)
	b.lines, b.balance, b.seq = nil, map[int64]int64{}, map[int64]int64{}
	for _, table := range []string{"entries", "entry_notes", "accounts", "points_daily", "redemptions"} {
		b.exec(ctx, `DELETE FROM {p}loyalty_`+table)
	}
	b.exec(ctx, `UPDATE {p}loyalty_writer SET zone = ? WHERE id = 1`, zone.String())
}

func (b *bank) exec(ctx context.Context, query string, args ...any) {
	if _, err := b.db.ExecContext(ctx, b.prefix.SQL(query), args...); err != nil {
		panic(fmt.Sprintf("%s: %v", query, err))
	}
}

// post appends entries in one transaction and returns them with their numbers.
func (b *bank) post(ctx context.Context, lines ...line) []line {
	if len(lines) == 0 {
		return nil
	}
	next := int64(1)
	if n := len(b.lines); n > 0 {
		next = b.lines[n-1].ID + 1
	}
	for i := range lines {
		l := &lines[i]
		b.objects++
		b.seq[l.User]++
		b.balance[l.User] += l.Points
		l.ID, l.Seq, l.Balance = next+int64(i), b.seq[l.User], b.balance[l.User]
		if l.Object == 0 {
			l.Object = b.objects
		}
		l.At = l.At.UTC().Truncate(time.Microsecond)
	}
	tx := b.db.MustBegin()
	defer func() { _ = tx.Rollback() }()
	insert := func(table, columns, update string, rows [][]any) {
		for chunk := range slices.Chunk(rows, 1000) {
			var args []any
			for _, row := range chunk {
				args = append(args, row...)
			}
			row := "(" + strings.Repeat("?,", len(chunk[0])-1) + "?)"
			tx.MustExecContext(ctx, b.prefix.SQL(`INSERT INTO {p}loyalty_`+table+` (`+columns+`) VALUES `+
				row+strings.Repeat(","+row, len(chunk)-1)+" "+update), args...)
		}
	}
	var entries, notes, accounts, days [][]any
	for _, l := range lines {
		b.recorded = b.recorded.Add(time.Second)
		entries = append(entries, []any{l.ID, l.User, l.Seq, l.At, b.recorded, l.Type, l.Source, l.Object, l.ID, l.Points, l.Pending, l.Balance, make([]byte, 32)})
		if l.Note != "" {
			notes = append(notes, []any{l.ID, l.Note, "somebody", make([]byte, 16)})
		}
		of := func(types ...string) int64 {
			if slices.Contains(types, l.Type) {
				return l.Points
			}
			return 0
		}
		accounts = append(accounts, []any{
			l.User, l.Balance, l.Pending, of("earn", "revoke"), -of("redeem", "restore"),
			-of("expire"), -of("revoke"), of("adjust"), l.Seq, b.recorded, make([]byte, 32),
		})
		days = append(days, []any{l.At.In(b.zone).Format(time.DateOnly), l.Type, l.Source, l.Points, l.Pending, 1})
	}
	insert("entries", "id, user_id, seq, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash", "", entries)
	if notes != nil {
		insert("entry_notes", "entry_id, note, actor, salt", "", notes)
	}
	insert("accounts", "user_id, balance, pending, earned, redeemed, expired, revoked, adjusted, seq, last_entry_at, head", `
		ON DUPLICATE KEY UPDATE balance = VALUES(balance), pending = pending + VALUES(pending), earned = earned + VALUES(earned),
		  redeemed = redeemed + VALUES(redeemed), expired = expired + VALUES(expired), revoked = revoked + VALUES(revoked),
		  adjusted = adjusted + VALUES(adjusted), seq = VALUES(seq), last_entry_at = VALUES(last_entry_at)`, accounts)
	insert("points_daily", "day, type, source, points, pending, entries", `
		ON DUPLICATE KEY UPDATE points = points + VALUES(points), pending = pending + VALUES(pending), entries = entries + VALUES(entries)`, days)
	if err := tx.Commit(); err != nil {
		panic(err)
	}
	b.lines = append(b.lines, lines...)
	return lines
}

// figures are what people read.
type figures struct {
	Status  []reports.Status
	Sources []reports.Source
	Earners []reports.Earner
}

func read(ctx context.Context, r *reports.Reports) (figures, error) {
	var f figures
	var err error
	if f.Status, err = r.Status(ctx, ""); err != nil {
		return f, err
	}
	for i := range f.Status {
		f.Status[i].RefreshedAt = time.Time{}
	}
	if f.Sources, err = r.Sources(ctx, ""); err != nil {
		return f, err
	}
	f.Earners, err = r.Earners(ctx, "")
	return f, err
}

// naive computes the figures the long way: every entry for every period, with
// days as text.
func naive(lines []line, s reports.Settings) figures {
	var f figures
	for _, p := range naivePeriods(s) {
		day := func(l line) string { return l.At.In(s.Zone).Format(time.DateOnly) }
		status := reports.Status{Period: p.name, Currency: s.Currency, Range: reports.AllTime}
		if p.from != "" {
			status.From, status.To = mustDay(p.from), mustDay(p.to)
		}
		participants := map[int64]bool{}
		sources := map[string]*reports.Source{}
		customers := map[string]map[int64]bool{}
		earners := map[int64]*reports.Earner{}
		for _, l := range lines {
			if p.to != "" && day(l) > p.to {
				continue
			}
			status.Balance += l.Points
			status.Pending += l.Pending
			if p.from != "" && day(l) < p.from {
				status.Opening += l.Points
				continue
			}
			participants[l.User] = true
			switch l.Type {
			case "earn":
				status.Issued += l.Points
			case "revoke":
				status.Revoked -= l.Points
			case "redeem", "restore":
				status.Redeemed -= l.Points
			case "expire":
				status.Expired -= l.Points
			case "adjust":
				status.Adjusted += l.Points
			}
			if l.Type != "earn" && l.Type != "revoke" {
				continue
			}
			if sources[l.Source] == nil {
				sources[l.Source] = &reports.Source{Period: p.name, Source: l.Source}
				customers[l.Source] = map[int64]bool{}
			}
			sources[l.Source].Points += l.Points
			sources[l.Source].Entries++
			customers[l.Source][l.User] = true
			if earners[l.User] == nil {
				earners[l.User] = &reports.Earner{Period: p.name, User: l.User}
			}
			earners[l.User].Earned += l.Points
			earners[l.User].Entries++
		}
		status.Participants = int64(len(participants))
		status.Value, _ = reports.Value(status.Balance, &s.PointsPerUnit)
		f.Status = append(f.Status, status)
		for _, name := range sortedKeys(sources) {
			source := *sources[name]
			source.Customers = int64(len(customers[name]))
			f.Sources = append(f.Sources, source)
		}
		var top []reports.Earner
		for _, user := range sortedKeys(earners) {
			if earner := earners[user]; earner.Earned > 0 {
				for _, l := range lines {
					if l.User == user {
						earner.Balance += l.Points
					}
				}
				top = append(top, *earner)
			}
		}
		slices.SortStableFunc(top, func(a, b reports.Earner) int { return int(b.Earned - a.Earned) })
		for i := range top[:min(50, len(top))] {
			top[i].Place = i + 1
			f.Earners = append(f.Earners, top[i])
		}
	}
	return f
}

type naivePeriod struct{ name, from, to string }

// naivePeriods finds the bounds by stepping through the calendar day by day.
func naivePeriods(s reports.Settings) []naivePeriod {
	local := s.Now.In(s.Zone)
	today := time.Date(local.Year(), local.Month(), local.Day(), 12, 0, 0, 0, time.UTC)
	text := func(t time.Time) string { return t.Format(time.DateOnly) }
	back := func(from time.Time, is func(time.Time) bool) time.Time {
		for !is(from) {
			from = from.AddDate(0, 0, -1)
		}
		return from
	}
	starts := []struct {
		name string
		is   func(time.Time) bool
	}{
		{"week", func(t time.Time) bool { return t.Weekday() == s.StartOfWeek }},
		{"month", func(t time.Time) bool { return t.Day() == 1 }},
		{"quarter", func(t time.Time) bool { return t.Day() == 1 && t.Month()%3 == 1 }},
		{"year", func(t time.Time) bool { return t.YearDay() == 1 }},
	}
	var toDate, last []naivePeriod
	for _, start := range starts {
		first := back(today, start.is)
		before := first.AddDate(0, 0, -1)
		toDate = append(toDate, naivePeriod{start.name + "_to_date", text(first), text(today)})
		last = append(last, naivePeriod{"last_" + start.name, text(back(before, start.is)), text(before)})
	}
	return slices.Concat(toDate, last,
		[]naivePeriod{{"last_30_days", text(today.AddDate(0, 0, -29)), text(today)}, {"all_time", "", ""}})
}

func mustDay(text string) reports.Day {
	day, err := reports.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return day
}

func sortedKeys[K int64 | string, V any](m map[K]V) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// differences returns the first figure that differs, or "".
func differences(got, want figures) string {
	if d := firstDifference("status", got.Status, want.Status); d != "" {
		return d
	}
	if d := firstDifference("sources", got.Sources, want.Sources); d != "" {
		return d
	}
	return firstDifference("earners", got.Earners, want.Earners)
}

func firstDifference[T any](what string, got, want []T) string {
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = fmt.Sprintf("%+v", got[i])
		}
		if i < len(want) {
			w = fmt.Sprintf("%+v", want[i])
		}
		if g != w {
			return fmt.Sprintf("%s row %d:\n got %s\nwant %s", what, i, g, w)
		}
	}
	return ""
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func decimal(t testing.TB, text string) apd.Decimal {
	t.Helper()
	d, _, err := apd.NewFromString(text)
	if err != nil {
		t.Fatal(err)
	}
	return *d
}

// shop is a ledger with reports beside it, or with reports in another database.
type shop struct {
	*bank
	reports    *reports.Reports
	site       *sqlx.DB
	sitePrefix database.Prefix
}

func newShop(t testing.TB, db *testshop.Database, zone *time.Location) shop {
	t.Helper()
	b := newBank(t, db.Root, "wp_", zone)
	return makeShop(t, b, db, "wp_")
}

// makeShop opens the reports as the database user that `loyaltyd grants` makes;
// the bank and the tests' own looks are an administrator's.
func makeShop(t testing.TB, b *bank, db *testshop.Database, prefix database.Prefix) shop {
	t.Helper()
	root := reports.Open(reports.Site{DB: db.Root, Prefix: prefix}, reports.Site{DB: b.db, Prefix: b.prefix})
	pool, err := database.Open(t.Context(), db.User(t, granted(t, root, b, db, prefix)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	ledger := reports.Site{DB: pool, Prefix: b.prefix}
	if b.db != db.Root { // on another server
		ledger.DB = b.db
	}
	r := reports.Open(reports.Site{DB: pool, Prefix: prefix}, ledger)
	if _, err := r.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return shop{bank: b, reports: r, site: db.Root, sitePrefix: prefix}
}

// granted returns the rights on the tables of the reports and of the ledger.
func granted(t testing.TB, r *reports.Reports, b *bank, db *testshop.Database, prefix database.Prefix) string {
	t.Helper()
	own, err := grants.Writing(grants.Target{Account: "{user}", Database: db.Name, Prefix: prefix}, r.Components()...)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := grants.Writing(grants.Target{Account: "{user}", Database: db.Name, Prefix: b.prefix}, ledgerComponent())
	if err != nil {
		t.Fatal(err)
	}
	return own + ledger
}

func ledgerComponent() database.Component {
	return database.Component{Name: "ledger", Files: os.DirFS("../ledger/schema")}
}

func (s shop) refresh(t testing.TB, settings reports.Settings) reports.Refreshed {
	t.Helper()
	result, err := s.reports.Refresh(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// check compares what people read with the long way.
func (s shop) check(t testing.TB, settings reports.Settings) {
	t.Helper()
	got, err := read(t.Context(), s.reports)
	if err != nil {
		t.Fatal(err)
	}
	if d := differences(got, naive(s.lines, settings)); d != "" {
		t.Fatal(d)
	}
}
