package reports

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// Settings are what the figures depend on besides the entries.
type Settings struct {
	Zone        *time.Location // days are counted in it
	StartOfWeek time.Weekday
	Currency    string
	// PointsPerUnit is how many points are worth one unit of the currency; 0
	// gives points no value.
	PointsPerUnit apd.Decimal
	Now           time.Time // the database's clock, UTC
}

// Refreshed says what a refresh did.
type Refreshed struct {
	Changed bool  // false: the tables were up to date and were not touched
	Rebuilt bool  // counted anew from all entries
	Entries int64 // entries that were added: all of them when rebuilt
	Through int64 // id of the last entry that the tables contain
	Day     Day   // the site day that they were made on
	// Generation counts the changes of the tables.
	Generation int64
}

// A refresh that finds more new entries than this counts everything anew in
// the server, which is then faster than adding entry by entry.
const manyEntries = 20_000

// Refresh brings the report tables up to date with the ledger and the site's
// day. It may run as often as wanted, also in several processes at once; when
// nothing happened it reads a row or two. All tables change in one
// transaction.
func (r *Reports) Refresh(ctx context.Context, s Settings) (Refreshed, error) {
	result, err := r.refresh(ctx, s, false)
	if err != nil {
		return Refreshed{}, fmt.Errorf("refresh the reports: %w", err)
	}
	return result, nil
}

// Rebuild makes the report tables anew from the ledger's entries, copies
// included. It mends whatever Verify finds.
func (r *Reports) Rebuild(ctx context.Context, s Settings) error {
	if _, err := r.refresh(ctx, s, true); err != nil {
		return fmt.Errorf("rebuild the reports: %w", err)
	}
	return nil
}

func (r *Reports) refresh(ctx context.Context, s Settings, rebuild bool) (Refreshed, error) {
	if err := s.check(); err != nil {
		return Refreshed{}, err
	}
	if !r.copied && !rebuild {
		if result, is, err := r.upToDate(ctx, s); err != nil || is {
			return result, err
		}
	}
	var mended int64
	for {
		if r.copied && rebuild {
			var err error
			if mended, err = r.mendHistory(ctx); err != nil {
				return Refreshed{}, err
			}
		}
		var result Refreshed
		err := database.Transact(ctx, r.db, func(tx *sqlx.Tx) error {
			u := update{Reports: r, tx: tx, settings: s, today: DayOf(s.Now, s.Zone), moved: map[string]map[int64]Earner{}}
			var err error
			result, err = u.run(ctx, rebuild, mended)
			return err
		})
		if errors.Is(err, errMendFirst) {
			rebuild = true
			continue
		}
		return result, err
	}
}

// upToDate says that there is no news, and returns what a refresh tells then.
// Most refreshes end here, with one statement.
func (r *Reports) upToDate(ctx context.Context, s Settings) (result Refreshed, is bool, err error) {
	var now struct {
		state
		Last int64 `db:"last"`
	}
	err = r.db.GetContext(ctx, &now, r.sql(`
		SELECT `+stateColumns+`, (SELECT COALESCE(MAX(id), 0) FROM {p}loyalty_entries) AS last
		FROM {p}loyalty_report_state s WHERE s.id = 1`))
	if err != nil {
		return Refreshed{}, false, fmt.Errorf("read the state of the reports: %w", err)
	}
	if was := now.state; was != was.next(s, DayOf(s.Now, s.Zone)) || was.Through != now.Last {
		return Refreshed{}, false, nil
	}
	return now.refreshed(), true, nil
}

func (s Settings) check() error {
	if s.Zone == nil || s.Now.IsZero() {
		return fmt.Errorf("settings without a zone or a time: %+v", s)
	}
	const maxCode = 32
	odd := strings.ContainsFunc(s.Currency, func(c rune) bool { return c <= ' ' || c > '~' })
	if odd || len(s.Currency) > maxCode {
		return fmt.Errorf("%q is not a currency code: check WooCommerce's currency setting", s.Currency)
	}
	return nil
}

// errMendFirst says that figures have to be made anew from copies that may
// not be complete.
var errMendFirst = errors.New("the copies of the ledger have to be completed first")

// update is one refresh: a transaction that holds the state's row, so that
// concurrent refreshes follow each other.
type update struct {
	*Reports
	tx       *sqlx.Tx
	settings Settings
	today    Day
	added    int64 // entries counted
	// stored is what the tables have of customers and lists, counts what they
	// get.
	stored, counts counted
	// moved are, by span, the customers whose place may be another one; who is not
	// on the list any more, or never was, has no points.
	moved map[string]map[int64]Earner
}

func (u *update) run(ctx context.Context, rebuild bool, mended int64) (Refreshed, error) {
	was, err := u.lockState(ctx, u.tx)
	if err != nil {
		return Refreshed{}, err
	}
	last, err := u.lastEntry(ctx)
	if err != nil {
		return Refreshed{}, err
	}
	next := was.next(u.settings, u.today)
	anew := rebuild || was.outdated(next, last)
	if anew && u.copied && !rebuild {
		return Refreshed{}, errMendFirst
	}
	if err := u.copyRedemptions(ctx, anew); err != nil {
		return Refreshed{}, err
	}
	if !anew && was == next && was.Through == last {
		return was.refreshed(), nil
	}
	if err := u.checkZone(ctx); err != nil {
		return Refreshed{}, err
	}
	if u.copied {
		if err := u.copy(ctx, was.Through, mended, last, anew); err != nil {
			return Refreshed{}, err
		}
	}
	if !anew && was == next {
		done, err := u.addNews(ctx, was.Through, last)
		if err != nil {
			return Refreshed{}, err
		}
		if done {
			return u.end(ctx, next, last)
		}
	}
	sums, through, err := u.dailySums(ctx, borders(u.periods()))
	if err != nil {
		return Refreshed{}, err
	}
	if err := u.count(ctx, was, through, anew); err != nil {
		return Refreshed{}, err
	}
	if err := u.publish(ctx, sums, through); err != nil {
		return Refreshed{}, err
	}
	result, err := u.end(ctx, next, through)
	if anew {
		result.Rebuilt, result.Entries = true, sums.entries()
	}
	return result, err
}

// end saves the state that the refresh led to.
func (u *update) end(ctx context.Context, next state, through int64) (Refreshed, error) {
	if err := u.saveCustomers(ctx); err != nil {
		return Refreshed{}, err
	}
	next.Through = through
	next.Generation++
	if err := u.saveState(ctx, next); err != nil {
		return Refreshed{}, err
	}
	result := next.refreshed()
	result.Changed, result.Entries = true, u.added
	return result, nil
}

func (u *update) periods() []Period { return periodsOn(u.today, u.settings.StartOfWeek) }

// ledgerReader returns what reads the ledger inside this update. It must not
// take a second connection from the pool that the transaction came from.
func (u *update) ledgerReader() sqlx.QueryerContext {
	if u.ledger.DB == u.db {
		return u.tx
	}
	return u.ledger.DB
}

// lastEntry returns the id of the ledger's last entry. Entries have one writer,
// so all with a lower id are there already.
func (u *update) lastEntry(ctx context.Context) (int64, error) {
	return lastEntry(ctx, u.ledgerReader(), u.ledger.Prefix)
}

func lastEntry(ctx context.Context, q sqlx.QueryerContext, prefix database.Prefix) (int64, error) {
	var last int64
	err := sqlx.GetContext(ctx, q, &last, prefix.SQL(`SELECT COALESCE(MAX(id), 0) FROM {p}loyalty_entries`))
	if err != nil {
		return 0, fmt.Errorf("read the ledger's last entry: %w", err)
	}
	return last, nil
}

// checkZone refuses daily sums of another zone's days; copies make their own.
func (u *update) checkZone(ctx context.Context) error {
	if u.copied {
		return nil
	}
	var zone string
	err := u.tx.GetContext(ctx, &zone, u.sql(`SELECT zone FROM {p}loyalty_writer WHERE id = 1`))
	if err != nil {
		return fmt.Errorf("read the zone of the daily sums: %w", err)
	}
	if zone != "" && zone != u.settings.Zone.String() {
		return fmt.Errorf("the ledger's daily sums are of days in %s, the site's zone is %s: run `loyaltyd sync`, which makes them anew", zone, u.settings.Zone)
	}
	return nil
}
