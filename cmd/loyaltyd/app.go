package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	gosync "sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/spf13/cobra"

	"loyaltyd/config"
	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
	wpbridge "loyaltyd/wp-bridge"
)

// app is a store with its ledger and its reports, wired as configured.
type app struct {
	config  config.Config
	site    config.Site
	storeDB *sqlx.DB // reads the store, dates as text
	siteDB  *sqlx.DB // the report tables, beside the store's
	// ledgerDB is where the ledger is: siteDB itself, unless ledger.dsn names
	// another database.
	ledgerDB *sqlx.DB
	book     *ledger.Ledger // for openLedger
	store    *store.Store
	engine   *sync.Engine // for runs, one at a time
	reports  *reports.Reports
	log      *slog.Logger

	inForce atomic.Pointer[inForce]
	looking gosync.Mutex // at the programme
	shown   shown
}

// patience is how long a command waits for another run to end.
const patience = 30 * time.Second

// load returns the configuration of a command, and tells its warnings.
func (c *cli) load(cmd *cobra.Command) (config.Config, error) {
	loaded, err := config.Load(cmd.Flags(), c.environ)
	if err != nil {
		return config.Config{}, err
	}
	for _, warning := range loaded.Warnings {
		fmt.Fprintf(c.stderr, "loyaltyd: warning: %s\n", warning)
	}
	return loaded, nil
}

// open returns the app of a command whose tables are up to date, which update
// brings about and which without it is an error. The caller closes it.
func (c *cli) open(cmd *cobra.Command, update bool) (*app, error) {
	loaded, err := c.load(cmd)
	if err != nil {
		return nil, err
	}
	a, err := connect(cmd.Context(), loaded, c.logger())
	if err != nil {
		return nil, err
	}
	if err := a.prepare(cmd.Context(), update); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// logger returns what the commands log with: what is worth a person's
// attention, without the time.
func (c *cli) logger() *slog.Logger { return plainLog(c.stderr) }

func plainLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: slog.LevelWarn,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// connect opens the databases that the configuration names.
func connect(ctx context.Context, loaded config.Config, log *slog.Logger) (*app, error) {
	site, err := loaded.Resolve()
	if err != nil {
		return nil, err
	}
	a := &app{config: loaded, site: site, log: log}
	a.inForce.Store(configured(loaded))
	if err := a.openDatabases(ctx); err != nil {
		a.close()
		return nil, err
	}
	a.book = ledger.Open(a.ledgerDB, site.Prefix, ledger.Options{})
	a.reports = reports.Open(
		reports.Site{DB: a.siteDB, Prefix: site.Prefix},
		reports.Site{DB: a.ledgerDB, Prefix: site.Prefix},
	)
	return a, nil
}

func (a *app) openDatabases(ctx context.Context) error {
	var err error
	if a.storeDB, err = database.OpenStore(ctx, a.site.DSN.Reveal()); err != nil {
		return fmt.Errorf("the store's database (%s): %w", a.site.Origin, err)
	}
	if a.siteDB, err = database.Open(ctx, a.site.DSN.Reveal()); err != nil {
		return fmt.Errorf("the store's database (%s): %w", a.site.Origin, err)
	}
	a.ledgerDB = a.siteDB
	if other := a.config.Ledger.DSN; !other.IsZero() && !sameDatabase(other, a.site.DSN) {
		if a.ledgerDB, err = database.Open(ctx, other.Reveal()); err != nil {
			return fmt.Errorf("the ledger's database (ledger.dsn): %w", err)
		}
	}
	return nil
}

// sameDatabase reports whether two DSNs lead to one database, whoever logs in.
func sameDatabase(a, b config.DSN) bool {
	first, errFirst := mysql.ParseDSN(a.Reveal())
	second, errSecond := mysql.ParseDSN(b.Reveal())
	return errFirst == nil && errSecond == nil &&
		first.Net == second.Net && first.Addr == second.Addr && first.DBName == second.DBName
}

// ownLedger reports whether the ledger has a database of its own.
func (a *app) ownLedger() bool { return a.ledgerDB != a.siteDB }

// close closes the databases.
func (a *app) close() {
	for _, db := range []*sqlx.DB{a.storeDB, a.siteDB, a.ledgerDB} {
		if db != nil {
			_ = db.Close() // a pool is closed without harm more than once
		}
	}
}

// prepare opens the store, so that nothing is written where there is none,
// and then sees to the tables.
func (a *app) prepare(ctx context.Context, update bool) error {
	if err := a.openStore(ctx); err != nil {
		return err
	}
	err := a.checkSchema(ctx)
	if update && errors.Is(err, database.ErrBehind) {
		_, err = a.migrate(ctx)
	}
	return err
}

// openStore opens the store and makes the engine that syncs it. It proves that
// the site's settings can be understood.
func (a *app) openStore(ctx context.Context) error {
	opened, err := store.OpenWith(ctx, a.storeDB, a.site.Prefix, a.site.Users)
	if err != nil {
		return err
	}
	if _, err := opened.Settings(ctx); err != nil {
		return err
	}
	a.store = opened
	if err := a.lookAtProgramme(ctx); err != nil {
		return err
	}
	a.engine = a.newEngine()
	return nil
}

// newEngine returns an engine that goes by the programme in force.
func (a *app) newEngine() *sync.Engine {
	return &sync.Engine{
		Store: a.store, LedgerDB: a.ledgerDB, Prefix: a.site.Prefix, Programme: a.programme().forEngine(),
		Log: a.log, Patience: patience, Now: time.Now,
	}
}

// refreshProgramme makes the next run go by the programme that is in force
// now.
func (a *app) refreshProgramme(ctx context.Context) error {
	if err := a.lookAtProgramme(ctx); err != nil {
		return err
	}
	a.engine.Programme = a.programme().forEngine()
	return nil
}

// home is a database with the tables that belong in it.
type home struct {
	name       string
	db         *sqlx.DB
	components []database.Component
}

// homes returns the databases with their tables, in the order in which they
// are made.
func (a *app) homes() []home {
	return []home{
		{"ledger", a.ledgerDB, []database.Component{ledger.Component(), sync.Component()}},
		{"reports", a.siteDB, append(a.reports.Components(), wpbridge.Component())},
	}
}

// schemas returns the databases with all the tables in them, each once.
func (a *app) schemas() []home {
	homes := a.homes()
	if a.ownLedger() {
		return homes
	}
	homes[0].components = append(homes[0].components, homes[1].components...)
	return homes[:1]
}

// checkSchema returns nil when all tables are as this binary needs them.
func (a *app) checkSchema(ctx context.Context) error {
	var behind error
	for _, h := range a.schemas() {
		err := database.CheckSchema(ctx, h.db, a.site.Prefix, h.components...)
		switch {
		case errors.Is(err, database.ErrBehind):
			// A newer table elsewhere weighs more.
			behind = err
		case err != nil:
			return err
		}
	}
	return behind
}

// migrate brings all tables up to date and returns what it applied. Tables
// that a newer version made are left alone.
func (a *app) migrate(ctx context.Context) ([]string, error) {
	if err := a.checkSchema(ctx); err != nil && !errors.Is(err, database.ErrBehind) {
		return nil, err
	}
	if err := a.reports.CheckHome(ctx); err != nil {
		return nil, err
	}
	applied, err := database.Migrate(ctx, a.ledgerDB, a.site.Prefix, ledger.Component(), sync.Component())
	if err != nil {
		return applied, fmt.Errorf("make the ledger's tables: %w", err)
	}
	more, err := a.reports.Migrate(ctx)
	if applied = append(applied, more...); err != nil {
		return applied, err
	}
	more, err = database.Migrate(ctx, a.siteDB, a.site.Prefix, wpbridge.Component())
	if err != nil {
		err = fmt.Errorf("make the tables shared with the plugin: %w", err)
	}
	return append(applied, more...), err
}

// clock returns the time by the site's database, UTC.
func (a *app) clock(ctx context.Context) (time.Time, error) {
	var now time.Time
	if err := a.siteDB.GetContext(ctx, &now, `SELECT UTC_TIMESTAMP(6)`); err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return now, nil
}

// reportSettings returns what the reports depend on besides the entries, as of
// now.
func (a *app) reportSettings(ctx context.Context) (reports.Settings, error) {
	moment, err := a.store.Moment(ctx, nil)
	if err != nil {
		return reports.Settings{}, err
	}
	settings := moment.Settings
	return reports.Settings{
		Zone: settings.Zone, StartOfWeek: settings.StartOfWeek, Currency: settings.Currency,
		PointsPerUnit: a.programme().config.Program.Redeem.PointsPerUnit, Now: moment.Now,
	}, nil
}

// refresh brings the reports up to date with the ledger.
func (a *app) refresh(ctx context.Context) error {
	settings, err := a.reportSettings(ctx)
	if err != nil {
		return err
	}
	_, err = a.reports.Refresh(ctx, settings)
	return err
}

// openLedger returns the ledger in the site's zone.
func (a *app) openLedger(ctx context.Context) (*ledger.Ledger, error) {
	settings, err := a.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return a.ledgerIn(settings.Zone), nil
}

// ledgerIn returns the ledger in a zone, under the programme in force.
func (a *app) ledgerIn(zone *time.Location) *ledger.Ledger {
	return a.book.With(ledger.Options{Zone: zone, Clamp: a.programme().config.Program.NegativeBalance == program.NegativeClamp})
}
