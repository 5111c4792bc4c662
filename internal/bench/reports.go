package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/reports"
)

// book is a ledger of so many entries, without a store behind it, and its
// reports.
type book struct {
	name     string
	entries  int
	db       *sqlx.DB
	ledger   *ledger.Ledger
	reports  *reports.Reports
	settings reports.Settings
	posted   int64
}

// reports measures what keeping and reading the reports costs with many
// entries, beside the same with few.
func (b *Bench) reports(ctx context.Context) (lines []Line, err error) {
	few, err := b.newBook(ctx, "reports_few", b.Few)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, few.close(ctx, b.Server)) }()
	many, err := b.newBook(ctx, "reports_many", b.Orders)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, many.close(ctx, b.Server)) }()

	rebuilt, err := b.rebuild(ctx, many)
	if err != nil {
		return nil, err
	}
	lines = append(lines, rebuilt)
	quick := Target{Figure: Seconds(5 * time.Millisecond)}
	for _, m := range []struct {
		what   string
		before func(*book, context.Context) error
		work   func(*book, context.Context) error
		target Target
	}{
		{"a refresh after one entry", (*book).postOne, (*book).refresh, Target{Ratio: 1.2}},
		{"a refresh after 1,000 entries", (*book).postMany, (*book).refresh, Target{Ratio: 1.2}},
		{"a refresh at midnight", (*book).midnight, (*book).refresh, Target{}},
		{"a refresh at the end of a month", (*book).endOfMonth, (*book).refresh, Target{}},
		{"the reports of a period", nil, (*book).dashboard, quick},
		{"a page of the history", nil, (*book).page, quick},
		{"a page of a rare type", nil, (*book).rarePage, quick},
		{"a customer's page, after all but one of his", nil, (*book).lastPage, quick},
		{"the sums of a range of two years", nil, (*book).sums, Target{Figure: Seconds(50 * time.Millisecond)}},
		{"the top earners of a range of two years", nil, (*book).earners, Target{}},
	} {
		line, err := b.beside(ctx, few, many, m.before, m.work)
		if err != nil {
			return lines, fmt.Errorf("%s: %w", m.what, err)
		}
		line.Store, line.Target = rebuilt.Store, m.target
		line.What = fmt.Sprintf("%s, beside a ledger of %d", m.what, b.Few)
		lines = append(lines, line)
	}
	return lines, nil
}

func (b *Bench) newBook(ctx context.Context, name string, entries int) (*book, error) {
	b.Log("making a ledger of %d entries", entries)
	if err := errors.Join(b.Server.DropDatabase(ctx, name), b.Server.CreateDatabase(ctx, name)); err != nil {
		return nil, err
	}
	shop, err := testshop.NewShop(ctx, b.Server.DSN(name), testshop.Options{Timezone: "Europe/Berlin", StartOfWeek: 1})
	if err != nil {
		return nil, err
	}
	if err := shop.Close(); err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, b.Server.DSN(name))
	if err != nil {
		return nil, err
	}
	if err := makeLedger(ctx, db, entries); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	site := reports.Site{DB: db, Prefix: prefix}
	return &book{
		name: name, entries: entries, db: db, reports: reports.Open(site, site),
		ledger: ledger.Open(db, prefix, ledger.Options{Zone: zone}),
		settings: reports.Settings{
			Zone: zone, StartOfWeek: time.Monday, Currency: "USD", PointsPerUnit: *apd.New(100, 0), Now: time.Now().UTC(),
		},
	}, nil
}

func (k *book) close(ctx context.Context, server *testshop.Server) error {
	return errors.Join(k.db.Close(), server.DropDatabase(ctx, k.name))
}

// rebuild measures making the reports anew, as after a first run, beside reading
// of each entry what that takes.
func (b *Bench) rebuild(ctx context.Context, k *book) (Line, error) {
	ours := func() (time.Duration, error) {
		return timed(func() error { return k.reports.Rebuild(ctx, k.settings) })
	}
	floor := func() (time.Duration, error) {
		return timed(func() error {
			return drain(ctx, k.db, `SELECT user_id, occurred_at, type, source, points FROM wp_loyalty_entries`)
		})
	}
	medians, err := b.InTurn(ours, floor)
	if err != nil {
		return Line{}, err
	}
	done, err := b.count(ctx, k.db, func() error { return k.reports.Rebuild(ctx, k.settings) })
	if err != nil {
		return Line{}, err
	}
	return Line{
		Store: fmt.Sprintf("Reports, ledger of %d entries", k.entries), What: "making the reports anew",
		Ours: Seconds(medians[0]), Floor: Seconds(medians[1]), Counts: done.figures(),
	}, nil
}

// beside measures some work with many entries beside the same with few. It is
// done often enough for the clock.
func (b *Bench) beside(ctx context.Context, few, many *book, before, work func(*book, context.Context) error) (Line, error) {
	const times = 20
	measure := func(k *book) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			if before == nil {
				took, err := timed(func() error {
					for range times {
						if err := work(k, ctx); err != nil {
							return err
						}
					}
					return nil
				})
				return took / times, err
			}
			if err := before(k, ctx); err != nil {
				return 0, err
			}
			return timed(func() error { return work(k, ctx) })
		}
	}
	medians, err := b.InTurn(measure(few), measure(many))
	if err != nil {
		return Line{}, err
	}
	if before != nil {
		if err := before(many, ctx); err != nil {
			return Line{}, err
		}
	}
	done, err := b.count(ctx, many.db, func() error { return work(many, ctx) })
	if err != nil {
		return Line{}, err
	}
	return Line{Floor: Seconds(medians[0]), Ours: Seconds(medians[1]), Counts: done.figures()}, nil
}

func (c counters) figures() []Figure {
	return []Figure{Count(c.Statements, "statements"), Count(c.Read, "rows read")}
}

// post posts an earning of each of so many customers.
func (k *book) post(ctx context.Context, customers int) error {
	lease, err := k.ledger.Acquire(ctx, ledger.DefaultLease, time.Second)
	if err != nil {
		return err
	}
	var postings []ledger.Posting
	for i := range customers {
		k.posted++
		postings = append(postings, ledger.Posting{
			User: int64(1002 + i%max(k.entries/5-1, 1)), Type: ledger.Earn, Source: "purchase", Object: 1<<40 + k.posted, Points: 5,
			OccurredAt: time.Now(),
		})
	}
	err = k.ledger.Update(lease.Context(ctx), lease, func(tx *ledger.Tx) error {
		_, err := tx.Post(ctx, postings)
		return err
	})
	return errors.Join(err, lease.Release())
}

func (k *book) postOne(ctx context.Context) error  { return k.post(ctx, 1) }
func (k *book) postMany(ctx context.Context) error { return k.post(ctx, 1000) }

func (k *book) refresh(ctx context.Context) error {
	_, err := k.reports.Refresh(ctx, k.settings)
	return err
}

// midnight makes the next refresh the first of tomorrow.
func (k *book) midnight(ctx context.Context) error {
	return k.turn(ctx, func(now time.Time) time.Time { return now.AddDate(0, 0, 1) })
}

// endOfMonth makes the next refresh the first of next month.
func (k *book) endOfMonth(ctx context.Context) error {
	return k.turn(ctx, func(now time.Time) time.Time { return now.AddDate(0, 1, 1-now.Day()) })
}

func (k *book) turn(ctx context.Context, to func(time.Time) time.Time) error {
	now := time.Now()
	k.settings.Now = now.UTC()
	if err := k.reports.Rebuild(ctx, k.settings); err != nil {
		return err
	}
	k.settings.Now = to(now).UTC()
	return nil
}

// dashboard reads the reports of a period, the next one each time.
func (k *book) dashboard(ctx context.Context) error {
	periods := reports.Periods(k.settings.Now, k.settings.Zone, k.settings.StartOfWeek)
	k.posted++
	name := periods[k.posted%int64(len(periods))].Name
	_, err := k.reports.Status(ctx, name)
	if err == nil {
		_, err = k.reports.Sources(ctx, name)
	}
	if err == nil {
		_, err = k.reports.Earners(ctx, name)
	}
	return errors.Join(err, k.page(ctx))
}

const pageOfHistory = 20

func (k *book) page(ctx context.Context) error {
	return k.history(ctx, reports.Filter{})
}

func (k *book) rarePage(ctx context.Context) error {
	return k.history(ctx, reports.Filter{Type: "expire"})
}

// lastPage reads what would be the five hundredth page of the customer with
// the most entries.
func (k *book) lastPage(ctx context.Context) error {
	return k.history(ctx, reports.Filter{User: 1001, Before: &reports.Entry{Seq: pageOfHistory + 1}})
}

func (k *book) history(ctx context.Context, f reports.Filter) error {
	f.Zone, f.Limit = k.settings.Zone, pageOfHistory
	page, err := k.reports.History(ctx, f)
	if err == nil && len(page) != f.Limit {
		err = fmt.Errorf("the page has %d entries", len(page))
	}
	return err
}

func (k *book) twoYears() reports.Range {
	today := reports.DayOf(time.Now(), k.settings.Zone)
	return reports.Range{From: today - 830, To: today - 100}
}

// sums reads what the daily sums know of a range: all figures but those of
// customers.
func (k *book) sums(ctx context.Context) error {
	days := k.twoYears()
	return drain(ctx, k.db, `
		SELECT CASE WHEN day < ? THEN '' ELSE type END AS kind, source, SUM(points), SUM(pending), SUM(entries)
		FROM wp_loyalty_points_daily WHERE day <= ? GROUP BY 1, 2`, days.From, days.To)
}

func (k *book) earners(ctx context.Context) error {
	_, err := k.reports.EarnersOf(ctx, k.settings, k.twoYears(), pageOfHistory)
	return err
}
