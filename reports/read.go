package reports

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/jmoiron/sqlx"
)

// Status is what happened to points in a range of days, and what was there at
// its end. Opening + Issued − Redeemed − Expired − Revoked + Adjusted = Balance.
type Status struct {
	Period string // "" for a range without a name
	Range
	Opening, Issued, Redeemed, Expired, Revoked, Adjusted int64
	Balance, Pending                                      int64
	Value                                                 apd.Decimal // of the balance, in Currency
	Currency                                              string
	Participants                                          int64     // accounts with any entry
	RefreshedAt                                           time.Time // UTC; zero when computed just now
}

// Source is what customers earned for one kind of thing, less what was taken
// back of it.
type Source struct {
	Period    string `db:"period"`
	Source    string `db:"source"`
	Points    int64  `db:"points"`
	Entries   int64  `db:"entries"`   // earnings and deductions
	Customers int64  `db:"customers"` // accounts with any of these
}

// Earner is a place among the top earners.
type Earner struct {
	Period  string `db:"period"`
	Place   int    `db:"place"` // from 1
	User    int64  `db:"user_id"`
	Earned  int64  `db:"earned"`  // in the range, less what was taken back
	Balance int64  `db:"balance"` // now
	Entries int64  `db:"entries"` // earnings and deductions in the range
}

const earnerColumns = `period, place, user_id, earned, balance, entries`

// Status returns the stored status of a period, or of all ten in their usual
// order when period is "".
func (r *Reports) Status(ctx context.Context, period string) ([]Status, error) {
	return r.readStatus(ctx, r.db, period)
}

func (r *Reports) readStatus(ctx context.Context, q sqlx.QueryerContext, period string) ([]Status, error) {
	rows, err := q.QueryContext(ctx, r.sql(`
		SELECT period, from_day, to_day, opening, issued, redeemed, expired, revoked, adjusted, balance, pending, value,
		  currency, participants, refreshed_at
		FROM {p}loyalty_points_status WHERE ? IN ('', period)`), period)
	if err != nil {
		return nil, fmt.Errorf("read the status: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []Status
	for rows.Next() {
		var s Status
		var from, to sql.Null[Day]
		err := rows.Scan(&s.Period, &from, &to, &s.Opening, &s.Issued, &s.Redeemed, &s.Expired, &s.Revoked, &s.Adjusted,
			&s.Balance, &s.Pending, &s.Value, &s.Currency, &s.Participants, &s.RefreshedAt)
		if err != nil {
			return nil, fmt.Errorf("read the status: %w", err)
		}
		s.Range = AllTime
		if from.Valid && to.Valid {
			s.Range = Range{from.V, to.V}
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the status: %w", err)
	}
	slices.SortFunc(all, func(a, b Status) int { return periodOrder(a.Period) - periodOrder(b.Period) })
	return all, nil
}

// Sources returns the stored sources of a period, or of all ten when period is
// "", by name.
func (r *Reports) Sources(ctx context.Context, period string) ([]Source, error) {
	return r.readSources(ctx, r.db, period)
}

func (r *Reports) readSources(ctx context.Context, q sqlx.QueryerContext, period string) ([]Source, error) {
	var all []Source
	err := sqlx.SelectContext(ctx, q, &all, r.sql(`
		SELECT period, source, points, entries, customers FROM {p}loyalty_points_sources WHERE ? IN ('', period)`), period)
	if err != nil {
		return nil, fmt.Errorf("read the sources: %w", err)
	}
	slices.SortFunc(all, func(a, b Source) int {
		if a.Period != b.Period {
			return periodOrder(a.Period) - periodOrder(b.Period)
		}
		return strings.Compare(a.Source, b.Source)
	})
	return all, nil
}

// Earners returns the stored top earners of a period, or of all ten when
// period is "", by place.
func (r *Reports) Earners(ctx context.Context, period string) ([]Earner, error) {
	return r.readEarners(ctx, r.db, period)
}

func (r *Reports) readEarners(ctx context.Context, q sqlx.QueryerContext, period string) ([]Earner, error) {
	var all []Earner
	err := sqlx.SelectContext(ctx, q, &all, r.sql(`
		SELECT `+earnerColumns+` FROM {p}loyalty_top_earners WHERE ? IN ('', period)`), period)
	if err != nil {
		return nil, fmt.Errorf("read the top earners: %w", err)
	}
	slices.SortFunc(all, func(a, b Earner) int {
		if a.Period != b.Period {
			return periodOrder(a.Period) - periodOrder(b.Period)
		}
		return a.Place - b.Place
	})
	return all, nil
}

// periodOrder is the place of a period in the order in which people see them.
func periodOrder(name string) int {
	return slices.IndexFunc(periodsOn(0, 0), func(p Period) bool { return p.Name == name })
}

// IsPeriod says whether name is that of a period.
func IsPeriod(name string) bool { return periodOrder(name) >= 0 }

// StatusOf computes the status of any range of days from the daily sums. Its
// participants are counted from the range's entries.
func (r *Reports) StatusOf(ctx context.Context, s Settings, in Range) (Status, error) {
	sums, err := r.sumsOf(ctx, in)
	if err != nil {
		return Status{}, err
	}
	status, err := sums.status(in)
	if err != nil {
		return Status{}, err
	}
	status.Currency = s.Currency
	if status.Value, err = Value(status.Balance, &s.PointsPerUnit); err != nil {
		return Status{}, err
	}
	during, args := in.instants("occurred_at", s.Zone)
	err = r.db.GetContext(ctx, &status.Participants, r.sql(`SELECT COUNT(DISTINCT user_id) FROM {entries} WHERE `+during), args...)
	if err != nil {
		return Status{}, fmt.Errorf("count the participants: %w", err)
	}
	return status, nil
}

// SourcesOf computes the sources of any range of days from the daily sums.
// Their customers are counted from the range's entries, which the server is
// told to sort: a temporary table with a row for each of many customers outgrows
// its memory.
func (r *Reports) SourcesOf(ctx context.Context, s Settings, in Range) ([]Source, error) {
	sums, err := r.sumsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	sources, err := sums.sources(in)
	if err != nil {
		return nil, err
	}
	during, args := in.instants("occurred_at", s.Zone)
	var rows []Source
	err = r.db.SelectContext(ctx, &rows, r.sql(`
		SELECT source, COUNT(*) AS customers FROM (
		  SELECT SQL_BIG_RESULT user_id, source FROM {entries} WHERE `+during+` AND `+earning+` GROUP BY user_id, source) e
		GROUP BY source`), args...)
	if err != nil {
		return nil, fmt.Errorf("count the customers of each source: %w", err)
	}
	for i := range sources {
		for _, row := range rows {
			if row.Source == sources[i].Source {
				sources[i].Customers = row.Customers
			}
		}
	}
	return sources, nil
}

func (r *Reports) sumsOf(ctx context.Context, in Range) (dailySums, error) {
	sums, err := r.readDaily(ctx, r.db, borders([]Period{{Range: in}}))
	if err != nil {
		return dailySums{}, err
	}
	sums.sums = sums.sums[1:]
	return sums, nil
}

// EarnersOf computes the top earners of any range of days, at most limit of
// them, from the range's entries.
func (r *Reports) EarnersOf(ctx context.Context, s Settings, in Range, limit int) ([]Earner, error) {
	during, args := in.instants("occurred_at", s.Zone)
	var top []Earner
	err := r.db.SelectContext(ctx, &top, r.sql(`
		SELECT user_id, earned, entries FROM (
		  SELECT SQL_BIG_RESULT user_id, SUM(points) AS earned, COUNT(*) AS entries FROM {entries} WHERE `+during+` AND `+earning+`
		  GROUP BY user_id) e
		WHERE earned > 0 ORDER BY earned DESC, user_id LIMIT ?`), append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("add up the top earners: %w", err)
	}
	for i := range top {
		top[i].Place = i + 1
	}
	const everything = int64(1<<63 - 1)
	if err := r.addBalances(ctx, r.db, top, everything); err != nil {
		return nil, err
	}
	return top, nil
}

// Account is a customer's standing.
type Account struct {
	User        int64        `db:"user_id"`
	Balance     int64        `db:"balance"`
	Pending     int64        `db:"pending"`
	Earned      int64        `db:"earned"` // less what was revoked
	Redeemed    int64        `db:"redeemed"`
	Expired     int64        `db:"expired"`
	Revoked     int64        `db:"revoked"`
	Adjusted    int64        `db:"adjusted"`
	Entries     int64        `db:"seq"`
	LastEntryAt sql.NullTime `db:"last_entry_at"` // when it was recorded, UTC
}

const accountColumns = `user_id, balance, pending, earned, redeemed, expired, revoked, adjusted, seq, last_entry_at`

// Balances returns up to limit accounts with a user id above after, by user
// id.
func (r *Reports) Balances(ctx context.Context, after int64, limit int) ([]Account, error) {
	var accounts []Account
	err := r.db.SelectContext(ctx, &accounts, r.sql(`
		SELECT `+accountColumns+` FROM {p}loyalty_accounts WHERE user_id > ? AND seq > 0 ORDER BY user_id LIMIT ?`), after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the balances: %w", err)
	}
	return accounts, nil
}

// BalancesOf returns the accounts of the users, by user id. Users without an
// account are left out.
func (r *Reports) BalancesOf(ctx context.Context, users []int64) ([]Account, error) {
	const most = 1000
	var accounts []Account
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(users))), most) {
		query, args, err := sqlx.In(r.sql(`SELECT `+accountColumns+` FROM {p}loyalty_accounts WHERE user_id IN (?) ORDER BY user_id`), chunk)
		if err != nil {
			return nil, fmt.Errorf("read the balances: %w", err)
		}
		var some []Account
		if err := r.db.SelectContext(ctx, &some, query, args...); err != nil {
			return nil, fmt.Errorf("read the balances: %w", err)
		}
		accounts = append(accounts, some...)
	}
	return accounts, nil
}
