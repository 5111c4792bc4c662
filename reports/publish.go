package reports

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/cockroachdb/apd/v3"
	"github.com/jmoiron/sqlx"
)

// Places is how many customers the list of top earners has.
const Places = 50

// publish writes what people read. It runs in the refresh's transaction, so
// that readers see all of it or the former one.
func (u *update) publish(ctx context.Context, sums dailySums, through int64) error {
	var statuses []Status
	var sources []Source
	var earners []Earner
	for _, period := range u.periods() {
		status, of, err := u.settings.figures(period, sums, u.counts)
		if err != nil {
			return fmt.Errorf("%s: %w", period.Name, err)
		}
		top, err := u.topEarners(ctx, period, through)
		if err != nil {
			return err
		}
		statuses = append(statuses, status)
		sources = append(sources, of...)
		earners = append(earners, top...)
	}
	if err := u.addBalances(ctx, u.tx, earners, through); err != nil {
		return err
	}
	return errors.Join(
		u.writeStatus(ctx, statuses),
		u.writeSources(ctx, sources),
		u.writeEarners(ctx, earners))
}

// figures returns the status and the sources of a period. Sums and customers
// are kept on two ways, which must agree.
func (s Settings) figures(period Period, sums dailySums, counts counted) (Status, []Source, error) {
	status, err := sums.status(period.Range)
	if err != nil {
		return Status{}, nil, err
	}
	status.Period, status.Currency = period.Name, s.Currency
	status.Participants = counts.customers(period.span())[""]
	if status.Value, err = Value(status.Balance, &s.PointsPerUnit); err != nil {
		return Status{}, nil, err
	}
	sources, err := sums.sources(period.Range)
	if err != nil {
		return Status{}, nil, err
	}
	return status, sources, addCustomers(period, sources, counts)
}

// addCustomers fills in the period of its sources and how many customers each
// has.
func addCustomers(period Period, sources []Source, counts counted) error {
	seen := 0
	for i := range sources {
		source := &sources[i]
		source.Period = period.Name
		source.Customers = counts.customers(period.span())[source.Source]
		if source.Customers > 0 {
			seen++
		}
	}
	having := 0
	for name, n := range counts.customers(period.span()) {
		if name != "" && n != 0 {
			having++
		}
	}
	if seen != len(sources) || seen != having {
		return errors.New("the daily sums and the customers' figures name different sources: run `loyaltyd verify --repair`")
	}
	return nil
}

// Value returns what points are worth: points ÷ pointsPerUnit, exact to eight
// places, halves away from zero; 0 when pointsPerUnit is 0. The error says
// that the result does not fit into the tables.
func Value(points int64, pointsPerUnit *apd.Decimal) (apd.Decimal, error) {
	const places, digits = 8, 26
	if pointsPerUnit.Form != apd.Finite || pointsPerUnit.Sign() <= 0 {
		return *apd.New(0, -places), nil
	}
	// points × 10^8 ÷ (coefficient × 10^exponent), in whole numbers.
	number, by := big.NewInt(points), pointsPerUnit.Coeff.MathBigInt()
	number.Mul(number, power(places))
	if e := int64(pointsPerUnit.Exponent); e < 0 {
		number.Mul(number, power(-e))
	} else {
		by.Mul(by, power(e))
	}
	// Twice the number plus or minus the divisor, by twice the divisor, cut off.
	number.Lsh(number, 1)
	if points < 0 {
		number.Sub(number, by)
	} else {
		number.Add(number, by)
	}
	number.Quo(number, by.Lsh(by, 1))
	if len(new(big.Int).Abs(number).String()) > digits {
		return apd.Decimal{}, fmt.Errorf("%d points at redeem.points_per_unit %s are worth more than a shop can hold", points, pointsPerUnit)
	}
	return *apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(number), -places), nil
}

func power(of int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(of), nil) }

// addBalances fills in the balance that each earner has after the last entry
// that the reports contain.
func (r *Reports) addBalances(ctx context.Context, q sqlx.QueryerContext, earners []Earner, through int64) error {
	if len(earners) == 0 {
		return nil
	}
	var users []int64
	for _, e := range earners {
		users = append(users, e.User)
	}
	slices.Sort(users)
	query, args, err := sqlx.In(r.sql(`
		SELECT a.user_id, COALESCE((
		  SELECT e.balance FROM {entries} e WHERE e.user_id = a.user_id AND e.{id} <= ? ORDER BY e.seq DESC LIMIT 1), 0) AS balance
		FROM {p}loyalty_accounts a WHERE a.user_id IN (?)`), through, slices.Compact(users))
	if err != nil {
		return fmt.Errorf("read balances: %w", err)
	}
	var rows []struct {
		User    int64 `db:"user_id"`
		Balance int64 `db:"balance"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, query, args...); err != nil {
		return fmt.Errorf("read balances: %w", err)
	}
	balances := map[int64]int64{}
	for _, row := range rows {
		balances[row.User] = row.Balance
	}
	for i := range earners {
		earners[i].Balance = balances[earners[i].User]
	}
	return nil
}

func (u *update) writeStatus(ctx context.Context, statuses []Status) error {
	var args []any
	for _, s := range statuses {
		from, to := any(s.From), any(s.To)
		if s.Range == AllTime {
			from, to = nil, nil
		}
		args = append(args, s.Period, from, to, s.Opening, s.Issued, s.Redeemed, s.Expired, s.Revoked, s.Adjusted,
			s.Balance, s.Pending, s.Value.Text('f'), s.Currency, s.Participants, u.settings.Now)
	}
	if _, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_points_status`)); err != nil {
		return fmt.Errorf("replace the status: %w", err)
	}
	_, err := u.tx.ExecContext(ctx, u.sql(`
		INSERT INTO {p}loyalty_points_status (period, from_day, to_day, opening, issued, redeemed, expired, revoked, adjusted,
		  balance, pending, value, currency, participants, refreshed_at) VALUES `+values(15, len(statuses))), args...)
	if err != nil {
		return fmt.Errorf("replace the status: %w", err)
	}
	return nil
}

func (u *update) writeSources(ctx context.Context, sources []Source) error {
	if _, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_points_sources`)); err != nil {
		return fmt.Errorf("replace the sources: %w", err)
	}
	if len(sources) == 0 {
		return nil
	}
	var args []any
	for _, s := range sources {
		args = append(args, s.Period, s.Source, s.Points, s.Entries, s.Customers)
	}
	_, err := u.tx.ExecContext(ctx, u.sql(`
		INSERT INTO {p}loyalty_points_sources (period, source, points, entries, customers) VALUES `+values(5, len(sources))), args...)
	if err != nil {
		return fmt.Errorf("replace the sources: %w", err)
	}
	return nil
}

// writeEarners changes only the places that changed: there are hundreds, and
// an entry seldom moves more than a few.
func (u *update) writeEarners(ctx context.Context, earners []Earner) error {
	stored, err := u.readEarners(ctx, u.tx, "")
	if err != nil {
		return err
	}
	return u.replaceEarners(ctx, stored, earners)
}

func (u *update) replaceEarners(ctx context.Context, stored, earners []Earner) error {
	type seat struct {
		period string
		place  int
	}
	before := map[seat]Earner{}
	for _, e := range stored {
		before[seat{e.Period, e.Place}] = e
	}
	var write []any
	for _, e := range earners {
		key := seat{e.Period, e.Place}
		if before[key] != e {
			write = append(write, e.Period, e.Place, e.User, e.Earned, e.Balance, e.Entries)
		}
		delete(before, key)
	}
	if len(write) > 0 {
		_, err := u.tx.ExecContext(ctx, u.sql(`
			INSERT INTO {p}loyalty_top_earners (period, place, user_id, earned, balance, entries) VALUES `+values(6, len(write)/6)+`
			ON DUPLICATE KEY UPDATE user_id = VALUES(user_id), earned = VALUES(earned), balance = VALUES(balance),
			  entries = VALUES(entries)`), write...)
		if err != nil {
			return fmt.Errorf("write the top earners: %w", err)
		}
	}
	for key := range before {
		_, err := u.tx.ExecContext(ctx, u.sql(`DELETE FROM {p}loyalty_top_earners WHERE period = ? AND place = ?`), key.period, key.place)
		if err != nil {
			return fmt.Errorf("write the top earners: %w", err)
		}
	}
	return nil
}
