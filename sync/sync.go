// Package sync brings the ledger up to date with the store: it reads facts,
// lets the program say what they are worth now, and posts the difference to
// what is posted. However often it runs, and wherever it is interrupted, the
// ledger ends in the same balances.
package sync

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

//go:embed schema/*.sql
var schema embed.FS

// Component returns the migrations of sync's own tables, which live beside the
// ledger's.
func Component() database.Component {
	return database.Component{Name: "sync", Files: schema, Folder: "schema"}
}

// Programme is what the operator configured.
type Programme struct {
	Rules program.Rules
	// Stored is Rules.Stored(), which takes long where there are thousands of
	// rules by product; nil: it is not known.
	Stored    *program.Stored
	Exclusion program.Exclusion
	GiveBack  program.GiveBack
	Clamp     bool // balances are kept from falling below zero
	// KeepDeleted tells that orders which are deleted for good keep their points.
	KeepDeleted bool
	Brake       BrakeLimits
}

func (p Programme) stored() program.Stored {
	if p.Stored != nil {
		return *p.Stored
	}
	return p.Rules.Stored()
}

// Engine syncs one store into one ledger.
type Engine struct {
	Store     *store.Store
	LedgerDB  *sqlx.DB
	Prefix    database.Prefix // of the ledger's tables
	Programme Programme
	Log       *slog.Logger
	// Lease is how long a run that died keeps others waiting; zero is the
	// ledger's default.
	Lease time.Duration
	// Patience is how long to wait for another run to end.
	Patience time.Duration
	// Now is this machine's clock. It only measures how long things take.
	Now func() time.Time
	// Progress, if not nil, hears how far the stages of a long run have come,
	// in ids.
	Progress func(stage string, at, of int64)
	// LoadFrom is how many rows are worth LOAD DATA; 0 is the default.
	LoadFrom int
}

// Mode is how much of the store a run looks at.
type Mode string

// The modes, each looking at more than the one before.
const (
	// Increment looks at what the store's dates and new ids show as changed.
	Increment Mode = "increment"
	// Sweep compares all of the store with what was last seen of it, inside
	// the database, and looks at the differences.
	Sweep Mode = "sweep"
	// Full looks at every fact anew.
	Full Mode = "full"
)

// Options are those of one run.
type Options struct {
	Mode Mode
	// Slices lets a sweep compare only a part of the lines of orders, the next
	// one each time, so that all were compared within a day.
	Slices bool
	// Accept is the name of a plan of deductions that the brake showed.
	Accept string
}

// run is one run under one lease.
type run struct {
	*Engine
	ledger    *ledger.Ledger
	lease     *ledger.Lease
	settings  store.Settings
	versions  []ledger.Version
	programs  map[int64]*program.Program
	exclusion program.Exclusion
	mode      Mode
	slices    bool             // of the lines of orders only the next slice is compared
	passes    *passes          // of a sweep: how far they are when the run has come to its end
	paces     map[string]*pace // by kind of statement
	brake     *brake
	state     *state
	summary   *Summary
	clock     time.Time // the database's, at the start of the run

	site               site // the settings that this run goes by
	first              bool // no run has come to its end yet
	empty              bool // nothing was posted before this run
	untouched          untouched
	density            density // of the orders that a look at every one reads
	unplaced           bool    // an order failed, so its customer's first order is not known
	anyKept            bool    // something is kept of orders that were deleted
	anyReused          bool    // orders have the numbers of others that were deleted
	mayHaveTodos       bool
	unsettled          bool         // to verify: deductions are withheld, or settings changed since the last run
	usersChanged       changedUsers // to verify: since the last run
	rolledUpIn         string       // zone of the ledger's days; empty: it has none yet
	recheckUsers       bool         // the exclusions changed
	marked             bool         // only facts that were named are looked at
	concerned          []int64      // redemptions that orders told of, if marked
	giveBack           string       // as the state keeps it
	recheckRedemptions bool         // it changed
	usersMet           idSet        // users that exist, in a first run
	older              bool         // the store's changes end before what was seen of them
	anyMatch           bool
	anyFirstOrder      bool
	anyCategoryRules   bool
}

func (r *run) sql(query string) string { return r.Prefix.SQL(query) }

// Run does one run and returns what it did. A *BrakeError says that
// deductions were withheld; a *FactsError that some facts could not be valued.
func (e *Engine) Run(ctx context.Context, options Options) (*Summary, error) {
	if options.Mode == Increment && options.Accept == "" {
		// What fails here fails in the run too, which tells it better.
		if summary, err := e.idle(ctx); err == nil && summary != nil {
			return summary, nil
		}
	}
	r, end, err := e.begin(ctx, options.Mode)
	if err != nil {
		return nil, err
	}
	defer end()
	started := e.Now()
	held := r.lease.Context(ctx)
	err = r.run(held, options)
	if err != nil && errors.Is(context.Cause(held), ledger.ErrFenced) {
		err = fmt.Errorf("%w (%w)", ledger.ErrFenced, err)
	}
	r.summary.Took = e.Now().Sub(started)
	return r.summary, err
}

// begin takes the lease and reads what a run needs to know.
func (e *Engine) begin(ctx context.Context, mode Mode) (r *run, end func(), err error) {
	settings, err := e.Store.Settings(ctx)
	if err != nil {
		return nil, nil, err
	}
	r = &run{
		Engine: e, settings: settings, mode: mode, exclusion: e.Programme.Exclusion,
		brake: newBrake(), summary: newSummary(mode), mayHaveTodos: true, paces: map[string]*pace{},
		ledger: ledger.Open(e.LedgerDB, e.Prefix, ledger.Options{Zone: settings.Zone, Clamp: e.Programme.Clamp, LoadFrom: e.LoadFrom}),
	}
	length := e.Lease
	if length == 0 {
		length = ledger.DefaultLease
	}
	r.lease, err = r.ledger.Acquire(ctx, length, e.Patience)
	if err != nil {
		return nil, nil, err
	}
	return r, func() {
		if err := r.lease.Release(); err != nil {
			e.Log.Warn("the lease was not given back", "error", err)
		}
	}, nil
}

func (r *run) run(ctx context.Context, options Options) error {
	if err := r.prepare(ctx, options); err != nil {
		return err
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	if err := r.settleBrake(ctx, options.Accept); err != nil {
		return err
	}
	// Only now is all taken back that they found.
	if r.passes != nil {
		if err := r.keepPasses(ctx, r.passes); err != nil {
			return err
		}
	}
	// Only now is all done that changed settings asked for.
	r.state.Site, r.state.GiveBack, r.state.Changing = r.site, r.giveBack, false
	r.state.Done, r.state.First, r.state.Looked = true, nil, r.clock
	if err := r.keepState(ctx); err != nil {
		return err
	}
	if err := r.releaseDue(ctx); err != nil {
		return err
	}
	r.summary.Complete = true
	return r.summary.failure()
}

// prepare decides the mode and compiles the program's versions.
func (r *run) prepare(ctx context.Context, options Options) error {
	var err error
	if r.state, err = r.loadState(ctx); err != nil {
		return err
	}
	r.first = !r.state.Done
	if err := errors.Join(r.readSite(), r.noteGiveBack()); err != nil {
		return err
	}
	changed := !r.state.Changing && (r.state.Site != r.site || r.recheckRedemptions)
	r.noteSettings()
	if options.Accept != "" {
		if r.state.Brake == nil {
			return &NoPlanError{}
		}
	}
	if r.state.Brake != nil && (options.Accept != "" || r.mode == Sweep) {
		// Whether the deductions are still due shows only in a run that looks
		// as closely as the one that found them.
		r.atLeast(r.state.Brake.Mode)
	}
	r.slices = options.Slices && r.state.Brake == nil
	rebuilt, err := r.ledger.SetZone(ctx, r.lease)
	if err != nil {
		return err
	}
	r.summary.RolledUpAnew = rebuilt && !r.first
	if changed && !r.first {
		// What is judged by them from now on is to be judged again when they
		// change back before all was.
		r.state.Changing = true
		if err := r.keepState(ctx); err != nil {
			return err
		}
	}
	if err := r.noteCurrency(ctx); err != nil {
		return err
	}
	if err := r.compile(ctx); err != nil {
		return err
	}
	if r.first {
		r.brake.off = true
		return r.isEmpty(ctx)
	}
	return nil
}

func (r *run) atLeast(mode Mode) {
	order := map[Mode]int{Increment: 0, Sweep: 1, Full: 2}
	if order[mode] > order[r.mode] {
		r.mode = mode
	}
	r.summary.Mode = r.mode
}

// noteSettings compares the site's settings with those of the last run: some
// changes concern every fact.
func (r *run) noteSettings() {
	old, now := r.state.Site, r.site
	switch {
	case r.first:
		if r.state.First != nil && old != now {
			r.Log.Info("settings changed since the first run was interrupted; it begins anew")
			r.state.First = nil
		}
		r.state.Site = now
		r.atLeast(Full)
	case r.state.Changing:
		r.Log.Info("settings changed, and the run over every fact did not come to its end; it begins anew")
		r.atLeast(Full)
	case old.Digests != now.Digests:
		r.Log.Info("what was seen of the store was noted by another release; looking at every fact once")
		r.atLeast(Full)
	case old.Storage != now.Storage:
		r.Log.Info("the store's order storage was switched; looking at every order", "from", old.Storage, "to", now.Storage)
		r.summary.Notes = append(r.summary.Notes, fmt.Sprintf("order storage switched from %s to %s", old.Storage, now.Storage))
		r.atLeast(Full)
	case old.Zone != now.Zone, old.Currency != now.Currency:
		r.Log.Info("the site's time zone or currency changed; looking at every fact", "zone", now.Zone, "currency", now.Currency)
		r.summary.Notes = append(r.summary.Notes, fmt.Sprintf("site settings changed: time zone %s, currency %s", now.Zone, now.Currency))
		r.atLeast(Full)
	case old.Decimals != now.Decimals:
		r.Log.Info("the decimals of the site's prices changed; looking at every fact", "decimals", now.Decimals)
		r.summary.Notes = append(r.summary.Notes, fmt.Sprintf("site settings changed: prices have %d decimals", now.Decimals))
		r.atLeast(Full)
	}
	r.recheckUsers = old.Exclusion != now.Exclusion
}

func (r *run) readSite() error {
	exclusion, err := json.Marshal(r.exclusion)
	if err != nil {
		return fmt.Errorf("encode the exclusions: %w", err)
	}
	if r.settings.SharedUsers { // then some count no more
		exclusion = append(exclusion, "+outsiders"...)
	}
	r.site = site{
		Storage: r.settings.Storage, Zone: r.settings.Zone.String(), Currency: r.settings.Currency, Decimals: r.settings.Decimals,
		Exclusion: string(exclusion), Digests: store.DigestVersion,
	}
	return nil
}

// compile makes the configured rules the version in force and compiles all
// versions for the site's zone and currency.
func (r *run) compile(ctx context.Context) error {
	rules := r.Programme.stored()
	var err error
	r.versions, err = r.ledger.UseRules(ctx, r.lease, rules.Text, rules.Hash, func(tx *ledger.Tx, version int64) error {
		return r.saveItemRules(ctx, tx, version, rules.Items)
	})
	if err != nil {
		return err
	}
	if err := r.compileVersions(ctx); err != nil {
		return err
	}
	inForce := r.versions[len(r.versions)-1]
	r.summary.Program = inForce.ID
	if inForce.From.Valid && !inForce.From.Time.Before(r.clock) {
		from := inForce.From.Time.In(r.settings.Zone).Format(time.DateTime)
		r.Log.Info("the rules changed; what was before keeps the rules of its time", "version", inForce.ID, "from", from)
		r.summary.Notes = append(r.summary.Notes, fmt.Sprintf(
			"the rules changed: version %d counts for what happens from %s on, what was before keeps the rules of its time", inForce.ID, from))
	}
	return nil
}

func (r *run) compileVersions(ctx context.Context) error {
	items, err := r.itemRules(ctx, r.LedgerDB)
	if err != nil {
		return err
	}
	currencies, err := r.storeCurrencies(ctx, r.LedgerDB)
	if err != nil {
		return err
	}
	book, err := program.NewRuleBook(items)
	if err != nil {
		return err
	}
	r.anyCategoryRules = book.HasCategories()
	r.programs = make(map[int64]*program.Program, len(r.versions))
	for _, version := range r.versions {
		rules, err := program.DecodeRules(version.Rules)
		if err != nil {
			return fmt.Errorf("program version %d: %w", version.ID, err)
		}
		compiled, err := program.Compile(rules, program.Site{
			Zone: r.settings.Zone, Currency: r.settings.Currency, Decimals: r.settings.Decimals, Currencies: currencies,
		})
		if err != nil {
			return fmt.Errorf("program version %d: %w", version.ID, err)
		}
		r.programs[version.ID] = compiled.With(book, version.ID)
		r.anyMatch = r.anyMatch || rules.Guests == "match_email"
		r.anyFirstOrder = r.anyFirstOrder || rules.Earn.FirstOrder.Points > 0
	}
	return nil
}

func (r *run) isEmpty(ctx context.Context) error {
	var some, seen bool
	observed := []string{`EXISTS (SELECT 1 FROM {p}loyalty_seen_uses)`}
	for _, k := range kinds() {
		if k.observed != "" {
			observed = append(observed, `EXISTS (SELECT 1 FROM {p}loyalty_`+k.observed+`)`)
		}
	}
	err := r.ledger.DB().QueryRowxContext(ctx, r.sql(`
		SELECT EXISTS (SELECT 1 FROM {p}loyalty_entries), EXISTS (SELECT 1 FROM {p}loyalty_todo), `+strings.Join(observed, ` OR `))).
		Scan(&some, &r.mayHaveTodos, &seen)
	if err != nil {
		return fmt.Errorf("look whether the ledger is empty: %w", err)
	}
	r.empty = !some
	if r.empty && !seen {
		r.untouched = newUntouched()
	}
	return nil
}

const releasePage = 1000

func (r *run) releaseDue(ctx context.Context) error {
	for {
		n, err := r.ledger.ReleaseDue(ctx, r.lease, releasePage)
		if err != nil {
			return err
		}
		r.summary.Released += int64(n)
		if n < releasePage {
			return nil
		}
	}
}
