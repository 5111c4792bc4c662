package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

const prefix = database.Prefix("wp_")

// noon is when the things of these tests happen, unless they say otherwise.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// desk is a ledger with a lease, on a fresh database.
type desk struct {
	testing.TB
	db *testshop.Database
	*ledger.Ledger
	lease    *ledger.Lease
	loadFrom int // of ledgers behind a proxy
}

// newDesk makes the tables in db and takes the lease, for so long that it is
// never renewed while a test runs.
func newDesk(t testing.TB, db *testshop.Database, options ledger.Options) *desk {
	t.Helper()
	if _, err := database.Migrate(t.Context(), db.Root, prefix, ledger.Component()); err != nil {
		t.Fatal(err)
	}
	d := &desk{TB: t, db: db, Ledger: ledger.Open(db.Root, prefix, options)}
	d.lease = d.acquire(d.Ledger, time.Hour)
	return d
}

// each runs test on every brand of server, with a desk on a fresh database.
func each(t *testing.T, options ledger.Options, test func(t *testing.T, d *desk)) {
	t.Helper()
	testshop.Each(t, func(t *testing.T, db *testshop.Database) { test(t, newDesk(t, db, options)) })
}

func (d *desk) acquire(l *ledger.Ledger, length time.Duration) *ledger.Lease {
	d.Helper()
	lease, err := l.Acquire(d.Context(), length, time.Minute)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { _ = lease.Release() })
	return lease
}

// with returns the same ledger with other options.
func (d *desk) with(options ledger.Options) *ledger.Ledger {
	return ledger.Open(d.db.Root, prefix, options)
}

// try posts in one transaction of its own.
func (d *desk) try(postings ...ledger.Posting) ([]ledger.Entry, error) {
	var entries []ledger.Entry
	err := d.Update(d.Context(), d.lease, func(tx *ledger.Tx) (err error) {
		entries, err = tx.Post(d.Context(), postings)
		return err
	})
	return entries, err
}

func (d *desk) post(postings ...ledger.Posting) []ledger.Entry {
	d.Helper()
	entries, err := d.try(postings...)
	if err != nil {
		d.Fatal(err)
	}
	return entries
}

func (d *desk) update(work func(tx *ledger.Tx) error) {
	d.Helper()
	if err := d.Update(d.Context(), d.lease, work); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) account(user int64) ledger.Account {
	d.Helper()
	account, err := d.Account(d.Context(), user)
	if err != nil {
		d.Fatal(err)
	}
	return account
}

func (d *desk) entries(user int64) []ledger.Entry {
	d.Helper()
	entries, err := d.Entries(d.Context(), user, 0, 100_000)
	if err != nil {
		d.Fatal(err)
	}
	return entries
}

func (d *desk) verify() ledger.Verified {
	d.Helper()
	found, err := d.VerifyChains(d.Context(), nil)
	if err != nil {
		d.Fatal(err)
	}
	return found
}

// proven fails the test when the ledger contradicts itself or its roll-up.
func (d *desk) proven() {
	d.Helper()
	for _, finding := range d.verify().Findings {
		d.Errorf("verify found: %s", finding)
	}
	if sum, entries := d.number(`SELECT COALESCE(SUM(points), 0) FROM {p}loyalty_points_daily`),
		d.number(`SELECT COALESCE(SUM(points), 0) FROM {p}loyalty_entries`); sum != entries {
		d.Errorf("the roll-up sums up to %d points, the entries to %d", sum, entries)
	}
}

// number returns the integer that a query selects.
func (d *desk) number(query string, args ...any) (n int64) {
	d.Helper()
	if err := d.db.Root.GetContext(d.Context(), &n, prefix.SQL(query), args...); err != nil {
		d.Fatalf("%s: %v", query, err)
	}
	return n
}

// exec changes tables behind the ledger's back.
func (d *desk) exec(query string, args ...any) {
	d.Helper()
	if _, err := d.db.Root.ExecContext(d.Context(), prefix.SQL(query), args...); err != nil {
		d.Fatalf("%s: %v", query, err)
	}
}

// empty deletes what tables hold, as another writer would.
func (d *desk) empty(tables ...string) {
	d.Helper()
	for _, table := range tables {
		d.exec(`DELETE FROM {p}loyalty_` + table)
	}
	d.exec(`UPDATE {p}loyalty_writer SET n = n + 1`)
}

// pool returns a further pool to dsn.
func pool(t testing.TB, dsn string) *sqlx.DB {
	t.Helper()
	db, err := database.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// posting is one of a type for user 7 and object 100, an order where the type
// is of one, at noon.
func posting(kind ledger.Type, amount int64) ledger.Posting {
	p := ledger.Posting{User: 7, Type: kind, Source: ledger.Purchase, Object: 100, OccurredAt: noon, Program: 1, Cause: "test"}
	switch kind {
	case ledger.Redeem, ledger.Restore:
		p.Source = ledger.Coupon
	case ledger.Expire:
		p.Source = ledger.Expiry
	case ledger.Adjust:
		p.Source = ledger.Admin
	}
	switch kind {
	case ledger.Hold, ledger.Release, ledger.CancelHold:
		p.Pending = amount
	default:
		p.Points = amount
	}
	if kind == ledger.Hold {
		p.ReleaseAt = noon.AddDate(0, 0, 14)
	}
	return p
}

func of(user, object int64, p ledger.Posting) ledger.Posting {
	p.User, p.Object = user, object
	return p
}

func earn(user, object, points int64) ledger.Posting {
	return of(user, object, posting(ledger.Earn, points))
}

func revoke(user, object, points int64) ledger.Posting {
	return of(user, object, posting(ledger.Revoke, -points))
}

func hold(user, object, points int64) ledger.Posting {
	return of(user, object, posting(ledger.Hold, points))
}

// settle posts what is missing of target points for each object in user's
// account, as every caller of the ledger does.
func settle(ctx context.Context, l *ledger.Ledger, lease *ledger.Lease, user int64, targets map[int64]int64) error {
	var objects []int64
	for object := range targets {
		objects = append(objects, object)
	}
	return l.Update(ctx, lease, func(tx *ledger.Tx) error {
		posted, err := tx.Posted(ctx, ledger.Purchase, objects)
		if err != nil {
			return err
		}
		var missing []ledger.Posting
		for object, target := range targets {
			switch d := target - posted[object].Of(user).Points; {
			case d > 0:
				missing = append(missing, earn(user, object, d))
			case d < 0:
				missing = append(missing, revoke(user, object, -d))
			}
		}
		_, err = tx.Post(ctx, missing)
		return err
	})
}
