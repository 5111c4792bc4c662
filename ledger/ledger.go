// Package ledger keeps accounts of points that can be proven: entries are only
// ever added, each account's entries are numbered and chained by hashes, and
// balances and daily roll-ups change in the same transaction as the entries
// they sum up.
//
// It knows what an entry is, not why it was earned: rules, orders and
// WooCommerce are the business of its callers. All times are UTC; all amounts
// are whole points.
package ledger

import (
	"embed"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/batch"
	"loyaltyd/internal/database"
)

//go:embed schema/*.sql
var schema embed.FS

// Component returns the ledger's migrations.
func Component() database.Component {
	return database.Component{Name: "ledger", Files: schema, Folder: "schema"}
}

// Ledger gives access to the ledger tables of one site.
type Ledger struct {
	db     *sqlx.DB
	prefix database.Prefix
	zone   *time.Location
	clamp  bool
	bulk   *database.Bulk
	alone  chan struct{} // holds one value while UpdateAlone is at work

	errands *batch.Batch[*errand, struct{}]
}

// Options are the settings of a Ledger that are not stored in its tables.
type Options struct {
	// Zone is the time zone whose days the daily roll-up counts; nil is UTC.
	Zone *time.Location
	// Clamp keeps balances from falling below zero: a deduction that would is
	// followed by an adjustment of the shortfall.
	Clamp bool
	// LoadFrom is how many rows are worth LOAD DATA; 0 is the default.
	LoadFrom int
}

// Open returns the ledger in db whose tables carry prefix. It does not touch
// the database; Component says which tables it needs.
func Open(db *sqlx.DB, prefix database.Prefix, options Options) *Ledger {
	l := &Ledger{
		db: db, prefix: prefix, bulk: database.NewBulk(options.LoadFrom),
		alone: make(chan struct{}, 1), errands: newErrands(),
	}
	return l.With(options)
}

// With returns the ledger under another zone and with or without clamping.
// What stands alone in one takes turns with what stands alone in the other, so
// that together they need one connection of the pool.
func (l *Ledger) With(options Options) *Ledger {
	other := *l
	other.clamp, other.zone = options.Clamp, options.Zone
	if other.zone == nil {
		other.zone = time.UTC
	}
	return &other
}

// DB returns the pool that the ledger's tables are in.
func (l *Ledger) DB() *sqlx.DB { return l.db }

// Prefix returns the prefix of the ledger's tables.
func (l *Ledger) Prefix() database.Prefix { return l.prefix }

func (l *Ledger) sql(query string) string { return l.prefix.SQL(query) }

// OverflowError says that an amount does not fit the ledger's 64 bits. Nothing
// of the transaction that met it was kept.
type OverflowError struct {
	User int64
	What string
}

// Error says which account it is and where to look.
func (e *OverflowError) Error() string {
	return fmt.Sprintf("account %d: %s would leave the range of 64 bits; nothing was posted. Look for an absurd rate or order amount", e.User, e.What)
}
