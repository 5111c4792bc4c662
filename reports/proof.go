package reports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"
)

// proof counts all entries anew and compares.
type proof struct {
	*Reports
	tx       *sqlx.Tx
	settings Settings
	was      state
	found    *findings

	spans   []span
	stored  counted // as the tables have it
	daily   *daily  // of all entries
	shown   *daily  // of the entries that the reports contain
	counted counted // of the entries that the reports contain
	earners map[string][]Earner
}

func (r *Reports) newProof(ctx context.Context, tx *sqlx.Tx, s Settings, was state, found *findings) (*proof, error) {
	stored, err := r.readCustomers(ctx, tx)
	if err != nil {
		return nil, err
	}
	return &proof{
		Reports: r, tx: tx, settings: s, was: was, found: found,
		spans: spans(was.Day.V, s.StartOfWeek), stored: stored,
		daily: newDaily(s.Zone), shown: newDaily(s.Zone), counted: counted{}, earners: map[string][]Earner{},
	}, nil
}

// proofUsers bounds the customers whose entries are held at a time. The index
// is forced below: for a tenth of a table the servers rather read all of it,
// and so would ten times.
const proofUsers = 1000

func (p *proof) recount(ctx context.Context) error {
	var after int64
	for {
		var users []int64
		err := p.tx.SelectContext(ctx, &users, p.sql(`
			SELECT DISTINCT user_id FROM {entries} FORCE INDEX (account_seq) WHERE user_id > ? ORDER BY user_id LIMIT ?`), after, proofUsers)
		if err != nil {
			return fmt.Errorf("read the customers after %d: %w", after, err)
		}
		end := int64(1<<63 - 1)
		if len(users) == proofUsers {
			end = users[len(users)-1]
		}
		if err := p.recountUsers(ctx, after, end); err != nil {
			return err
		}
		if len(users) < proofUsers {
			return nil
		}
		after = end
	}
}

// recountUsers counts the entries of the customers with after < id <= end.
func (p *proof) recountUsers(ctx context.Context, after, end int64) error {
	var entries []Entry
	err := p.tx.SelectContext(ctx, &entries, p.sql(`
		SELECT {id} AS entry_id, user_id, seq, occurred_at, recorded_at, type, source, object_id, points, pending, balance
		FROM {entries} FORCE INDEX (account_seq) WHERE user_id > ? AND user_id <= ? ORDER BY user_id, seq`), after, end)
	if err != nil {
		return fmt.Errorf("read the entries of customers after %d: %w", after, err)
	}
	changes, balances := newChanges(), map[int64]int64{}
	for _, e := range entries {
		p.daily.add(e.OccurredAt, e.Type, e.Source, e.Points, e.Pending)
		if e.ID > p.was.Through {
			continue
		}
		p.shown.add(e.OccurredAt, e.Type, e.Source, e.Points, e.Pending)
		balance := balances[e.User]
		changes.total.add(&balance, e.Points)
		balances[e.User] = balance
		changes.count(posted{e.ID, e.User, e.Seq, e.OccurredAt, e.Type, e.Source, e.Points}, p.spans, p.settings.Zone)
	}
	if changes.total.overflow || p.daily.total.overflow {
		return tooMuch("of the entries")
	}
	for s, t := range changes.slots {
		p.counted.of(s.span).customers[s.source]++
		if s.source == "" && t.points > 0 {
			p.candidate(Earner{Period: s.span, User: s.user, Earned: t.points, Entries: t.entries, Balance: balances[s.user]})
		}
	}
	if err := p.verifyEarning(ctx, changes.slots, after, end); err != nil {
		return err
	}
	if p.copied {
		return p.verifyAccounts(ctx, entries, after, end)
	}
	return nil
}

// candidate keeps an earner while he may be among the top ones.
func (p *proof) candidate(e Earner) {
	const slack = 20
	p.earners[e.Period] = append(p.earners[e.Period], e)
	if list := p.earners[e.Period]; len(list) > slack*Places {
		p.earners[e.Period] = best(list)
	}
}

func best(list []Earner) []Earner {
	slices.SortFunc(list, compareEarners)
	return list[:min(Places, len(list))]
}

// verifyEarning compares the lists of those who earned most in each span.
func (p *proof) verifyEarning(ctx context.Context, slots map[slot]tally, after, end int64) error {
	var rows []Earner
	err := p.tx.SelectContext(ctx, &rows, p.sql(`
		SELECT user_id, span AS period, points AS earned, entries FROM {p}loyalty_period_earners
		WHERE user_id > ? AND user_id <= ?`), after, end)
	if err != nil {
		return fmt.Errorf("read the lists of earners: %w", err)
	}
	stored, want := map[slot]Earner{}, map[slot]Earner{}
	for _, e := range rows {
		stored[slot{e.Period, "", e.User}] = e
	}
	for s, t := range slots {
		e := Earner{Period: s.span, User: s.user, Earned: t.points, Entries: t.entries}
		if s.source == "" && p.stored.of(s.span).list.least.reaches(e) {
			want[s] = e
		}
	}
	keys := slices.Concat(slices.Collect(maps.Keys(stored)), slices.Collect(maps.Keys(want)))
	slices.SortFunc(keys, func(a, b slot) int { return cmp.Or(cmp.Compare(a.span, b.span), cmp.Compare(a.user, b.user)) })
	compare(p.found, "period_earners", slices.Compact(keys), stored, want, func(s slot, e Earner) string {
		return fmt.Sprintf("%s, user %d: %d points, %d entries", s.span, s.user, e.Earned, e.Entries)
	})
	return nil
}

// verifyAccounts compares the copies of the accounts with the entries.
func (p *proof) verifyAccounts(ctx context.Context, entries []Entry, after, end int64) error {
	sums, err := sumAccounts(entries)
	if err != nil {
		return err
	}
	var rows []Account
	err = p.tx.SelectContext(ctx, &rows, p.sql(`
		SELECT `+accountColumns+` FROM {p}loyalty_accounts WHERE user_id > ? AND user_id <= ?`), after, end)
	if err != nil {
		return fmt.Errorf("read the copied accounts: %w", err)
	}
	stored, want := map[int64]Account{}, map[int64]Account{}
	var keys []int64
	for _, a := range rows {
		stored[a.User] = a
		keys = append(keys, a.User)
	}
	for user, a := range sums {
		want[user] = *a
		keys = append(keys, user)
	}
	compare(p.found, "accounts", unique(keys), stored, want, func(user int64, a Account) string {
		return fmt.Sprintf("user %d: balance %d, pending %d, earned %d, redeemed %d, expired %d, revoked %d, adjusted %d, %d entries, last at %s",
			user, a.Balance, a.Pending, a.Earned, a.Redeemed, a.Expired, a.Revoked, a.Adjusted, a.Entries, a.LastEntryAt.Time)
	})
	return nil
}

func (p *proof) verifyDaily(ctx context.Context) error {
	var rows []struct {
		dayLine
		daySum
	}
	err := p.tx.SelectContext(ctx, &rows, p.sql(`SELECT day, type, source, points, pending, entries FROM {p}loyalty_points_daily`))
	if err != nil {
		return fmt.Errorf("read the daily sums: %w", err)
	}
	stored := newDaily(p.settings.Zone)
	for _, row := range rows {
		stored.sums[row.dayLine] = row.daySum
	}
	all := newDaily(p.settings.Zone)
	maps.Copy(all.sums, stored.sums)
	maps.Copy(all.sums, p.daily.sums)
	compare(p.found, "points_daily", all.lines(), stored.sums, p.daily.sums, func(l dayLine, s daySum) string {
		return fmt.Sprintf("%s, %s, %s: %d points, pending %d, %d entries", l.Day, l.Type, l.Source, s.Points, s.Pending, s.Entries)
	})
	return nil
}

func (p *proof) verifyCustomers() {
	stored, want := map[[2]string]int64{}, map[[2]string]int64{}
	for from, to := range map[*counted]map[[2]string]int64{&p.stored: stored, &p.counted: want} {
		for name, of := range *from {
			for source, n := range of.customers {
				if n != 0 {
					to[[2]string{name, source}] = n
				}
			}
		}
	}
	keys := slices.Concat(slices.Collect(maps.Keys(stored)), slices.Collect(maps.Keys(want)))
	slices.SortFunc(keys, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	compare(p.found, "period_customers", slices.Compact(keys), stored, want, func(key [2]string, n int64) string {
		return fmt.Sprintf("%s, source %q: %d customers", key[0], key[1], n)
	})
}

// verifyTables compares the tables that people read with the entries.
func (p *proof) verifyTables(ctx context.Context) error {
	periods := periodsOn(p.was.Day.V, p.settings.StartOfWeek)
	sums := p.shown.between(borders(periods))
	var statuses []Status
	var sources []Source
	var earners []Earner
	for _, period := range periods {
		status, of, err := p.settings.figures(period, sums, p.counted)
		if err != nil {
			return fmt.Errorf("%s: %w", period.Name, err)
		}
		statuses = append(statuses, status)
		sources = append(sources, of...)
		for i, e := range best(p.earners[period.span()]) {
			e.Period, e.Place = period.Name, i+1
			earners = append(earners, e)
		}
	}
	storedStatus, err := p.readStatus(ctx, p.tx, "")
	if err != nil {
		return err
	}
	storedSources, err := p.readSources(ctx, p.tx, "")
	if err != nil {
		return err
	}
	storedEarners, err := p.readEarners(ctx, p.tx, "")
	if err != nil {
		return err
	}
	compareRows(p.found, "points_status", storedStatus, statuses, func(s Status) string { return s.Period }, showStatus)
	compareRows(p.found, "points_sources", storedSources, sources, func(s Source) string { return s.Period + " " + s.Source }, func(s Source) string {
		return fmt.Sprintf("%s, %s: %d points, %d entries, %d customers", s.Period, s.Source, s.Points, s.Entries, s.Customers)
	})
	compareRows(p.found, "top_earners", storedEarners, earners, func(e Earner) string { return fmt.Sprintf("%s %03d", e.Period, e.Place) }, func(e Earner) string {
		return fmt.Sprintf("%s, place %d: user %d, earned %d, balance %d, %d entries", e.Period, e.Place, e.User, e.Earned, e.Balance, e.Entries)
	})
	return nil
}

func showStatus(s Status) string {
	return fmt.Sprintf("%s from %s to %s: opening %d, issued %d, redeemed %d, expired %d, revoked %d, adjusted %d, balance %d, pending %d, value %s %s, %d participants",
		s.Period, s.From, s.To, s.Opening, s.Issued, s.Redeemed, s.Expired, s.Revoked, s.Adjusted, s.Balance, s.Pending, s.Value.Text('f'), s.Currency, s.Participants)
}

// compareRows is compare for rows that show can tell apart.
func compareRows[T any](f *findings, table string, stored, want []T, key, show func(T) string) {
	var keys []string
	index := func(rows []T) map[string]string {
		shown := map[string]string{}
		for _, row := range rows {
			keys = append(keys, key(row))
			shown[key(row)] = show(row)
		}
		return shown
	}
	got, should := index(stored), index(want)
	compare(f, table, unique(keys), got, should, func(_, text string) string { return text })
}

// between adds the sums up by segment.
func (d *daily) between(borders []Day) dailySums {
	sums := dailySums{borders: borders}
	for line, s := range d.sums {
		segment, is := slices.BinarySearch(borders, line.Day)
		if is {
			segment++
		}
		sums.sums = append(sums.sums, sum{segment, line.Type, line.Source, s.Points, s.Pending, s.Entries})
	}
	return sums
}

func unique[T cmp.Ordered](keys []T) []T { return slices.Compact(slices.Sorted(slices.Values(keys))) }
