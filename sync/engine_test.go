package sync_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/grants"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// bench is an engine on a test database, with what tests ask of it.
type bench struct {
	t      testing.TB
	engine *sync.Engine
	db     *sqlx.DB
}

const (
	prefix = database.Prefix("wp_")
	fresh  = database.Prefix("fresh_") // of a second ledger on the same store
)

// newBench works as the database user that `loyaltyd grants` makes.
func newBench(t testing.TB, db *testshop.Database, rules program.Rules) *bench {
	t.Helper()
	dsn := db.User(t, granted(t, db, prefix)+granted(t, db, fresh))
	b := &bench{t: t, db: db.Root, engine: newEngine(t, dsn, dsn)}
	b.engine.Programme.Rules = rules
	return b
}

// newEngine opens a store and brings a ledger's tables up to date.
func newEngine(t testing.TB, storeDSN, ledgerDSN string) *sync.Engine {
	t.Helper()
	ctx := context.Background()
	source, err := database.OpenStore(ctx, storeDSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	target, err := database.Open(ctx, ledgerDSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	if _, err := database.Migrate(ctx, target, prefix, ledger.Component(), sync.Component()); err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(ctx, source, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return &sync.Engine{
		Store: opened, LedgerDB: target, Prefix: prefix, Patience: time.Minute, Now: time.Now,
		Programme: sync.Programme{Rules: program.Defaults(), Brake: noBrake()},
		Log:       slog.New(slog.DiscardHandler),
	}
}

// granted returns the rights on the store and on the ledger under a prefix.
func granted(t testing.TB, db *testshop.Database, ledgerPrefix database.Prefix) string {
	t.Helper()
	return grantedReading(t, db) + grantedWriting(t, db, ledgerPrefix)
}

func grantedReading(t testing.TB, db *testshop.Database) string {
	t.Helper()
	target := grants.Target{Account: "{user}", Database: db.Name, Prefix: prefix, Users: database.UsersUnder(prefix)}
	err := db.Root.Get(&target.OrderTables, `SELECT COUNT(*) > 0 FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name = 'wp_wc_orders'`)
	if err != nil {
		t.Fatal(err)
	}
	return grants.Reading(target)
}

func grantedWriting(t testing.TB, db *testshop.Database, ledgerPrefix database.Prefix) string {
	t.Helper()
	target := grants.Target{Account: "{user}", Database: db.Name, Prefix: ledgerPrefix}
	writing, err := grants.Writing(target, ledger.Component(), sync.Component())
	if err != nil {
		t.Fatal(err)
	}
	return writing
}

func noBrake() sync.BrakeLimits {
	percent, err := program.ParseDecimal("100000")
	if err != nil {
		panic(err)
	}
	return sync.BrakeLimits{Percent: percent, Entries: 1 << 60}
}

func (b *bench) run(mode sync.Mode) *sync.Summary {
	b.t.Helper()
	summary, err := b.engine.Run(context.Background(), sync.Options{Mode: mode})
	if err != nil {
		b.t.Fatal(err)
	}
	return summary
}

func (b *bench) balances() map[int64]int64 { return b.figures("balance") }

// figures returns a column of the accounts where it is not 0.
func (b *bench) figures(column string) map[int64]int64 {
	b.t.Helper()
	var rows []struct {
		User   int64 `db:"user_id"`
		Points int64 `db:"points"`
	}
	err := b.db.Select(&rows, `SELECT user_id, `+column+` AS points FROM wp_loyalty_accounts WHERE `+column+` <> 0`)
	if err != nil {
		b.t.Fatal(err)
	}
	figures := map[int64]int64{}
	for _, row := range rows {
		figures[row.User] = row.Points
	}
	return figures
}

func (b *bench) sources() map[string]int64 {
	b.t.Helper()
	var rows []struct {
		Source string `db:"source"`
		Points int64  `db:"points"`
	}
	err := b.db.Select(&rows, `SELECT source, SUM(points) AS points FROM wp_loyalty_entries
		WHERE type IN ('earn', 'revoke') GROUP BY source HAVING SUM(points) <> 0`)
	if err != nil {
		b.t.Fatal(err)
	}
	sources := map[string]int64{}
	for _, row := range rows {
		sources[row.Source] = row.Points
	}
	return sources
}

func (b *bench) pending() map[int64]int64 { return b.figures("pending") }

// reset makes the ledger as if the daemon had never run.
func (b *bench) reset() {
	b.t.Helper()
	var tables []string
	err := b.db.Select(&tables, `SELECT table_name FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name LIKE 'wp\_loyalty\_%' AND table_name <> 'wp_loyalty_migrations'`)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, table := range tables {
		query := `DELETE FROM ` + table
		if table == "wp_loyalty_writer" {
			query = `UPDATE wp_loyalty_writer SET zone = '', holder = ''`
		}
		if _, err := b.db.Exec(query); err != nil {
			b.t.Fatal(err)
		}
	}
}
