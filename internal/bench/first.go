package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

// firstRun measures `loyaltyd sync` over a whole history, with everything that
// it writes, beside reading the same tables and writing the same rows.
func (b *Bench) firstRun(ctx context.Context) (lines []Line, err error) {
	for _, storage := range b.Storages {
		more, err := b.firstRunOf(ctx, storage, b.Orders)
		lines = append(lines, more...)
		if err != nil {
			return lines, err
		}
	}
	return lines, nil
}

const mostMemory = 128 << 20

func (b *Bench) firstRunOf(ctx context.Context, storage testshop.Storage, orders int) ([]Line, error) {
	s, err := b.Store(ctx, storage, orders)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "loyaltyd-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	f := &first{Bench: b, store: s, dir: dir}
	floor := func(work func() (time.Duration, error)) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			before := f.cpu()
			took, err := work()
			f.floorCPU += f.cpu() - before
			return took, err
		}
	}
	reading := scans(storage)
	works := []func() (time.Duration, error){
		func() (time.Duration, error) { return f.ours(ctx, &f.loading) },
		func() (time.Duration, error) {
			took, err := f.withoutLoading(ctx)
			return took, errors.Join(err, f.dumpAll(ctx))
		},
	}
	for _, scan := range reading {
		works = append(works, floor(func() (time.Duration, error) {
			b.Log("reading: %s", scan.name)
			return timed(func() error { return drain(ctx, s.text, scan.query) })
		}))
	}
	for _, table := range ledgerTables {
		works = append(works, floor(func() (time.Duration, error) { return f.load(ctx, table) }))
	}
	works = append(works, func() (time.Duration, error) { return f.load(ctx, f.own...) })
	medians, err := b.InTurn(works...)
	if err != nil {
		return nil, err
	}
	s.synced = true
	err = b.profile(fmt.Sprintf("first-%s-%d", storage, orders), func() error { return f.inProcess(ctx) })
	if err != nil {
		return nil, err
	}
	return f.lines(medians, reading), nil
}

// first is a first run under measurement.
type first struct {
	*Bench
	store     *Store
	dir       string
	loading   []oneRun        // with LOAD DATA
	inserting []oneRun        // on a server that refuses it
	dumps     map[string]dump // of the tables that our run filled
	own       []string        // those of them that are not the ledger's
	floorCPU  time.Duration   // of the floors that our time is held against, in all rounds
}

type oneRun struct {
	ran
	server counters
}

func (f *first) ours(ctx context.Context, into *[]oneRun) (time.Duration, error) {
	if err := f.store.cleanLedger(ctx); err != nil {
		return 0, err
	}
	f.Log("first run: %s", f.store)
	var run oneRun
	var err error
	run.server, err = f.count(ctx, f.store.DB, func() error {
		run.ran, err = f.loyaltyd(ctx, f.store, "sync")
		return err
	})
	*into = append(*into, run)
	return run.took, err
}

// withoutLoading is ours on a server that refuses LOAD DATA LOCAL.
func (f *first) withoutLoading(ctx context.Context) (took time.Duration, err error) {
	if err := execute(ctx, f.store.DB, "SET GLOBAL local_infile = 0"); err != nil {
		return 0, err
	}
	took, err = f.ours(ctx, &f.inserting)
	if allowed := execute(ctx, f.store.DB, "SET GLOBAL local_infile = 1"); err == nil {
		err = allowed
	}
	return took, err
}

// dumpAll keeps the rows that our run wrote, for load.
func (f *first) dumpAll(ctx context.Context) (err error) {
	if f.dumps != nil {
		return nil
	}
	if f.own, err = ownTables(ctx, f.store); err != nil {
		return err
	}
	f.dumps = map[string]dump{}
	for _, table := range slices.Concat(ledgerTables, f.own) {
		if f.dumps[table], err = dumpTable(ctx, f.store, f.dir, table); err != nil {
			return err
		}
	}
	return nil
}

// load writes the rows of tables that our run wrote.
func (f *first) load(ctx context.Context, tables ...string) (took time.Duration, err error) {
	for _, table := range tables {
		f.Log("writing: %s, %d rows", table, f.dumps[table].rows)
		one, err := f.dumps[table].load(ctx, f.store)
		if err != nil {
			return 0, err
		}
		took += one
	}
	return took, nil
}

// inProcess is our run in this process.
func (f *first) inProcess(ctx context.Context) error {
	if err := f.store.cleanLedger(ctx); err != nil {
		return err
	}
	d, err := f.daemon(ctx, f.store)
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = d.run(ctx, sync.Full)
	return err
}

func (f *first) lines(medians []time.Duration, reading []scan) []Line {
	const ownRuns = 2
	name := f.store.String()
	scanned, loaded := medians[ownRuns:ownRuns+len(reading)], medians[ownRuns+len(reading):]
	own := loaded[len(ledgerTables)]
	loaded = loaded[:len(ledgerTables)]
	var floor time.Duration
	for _, took := range slices.Concat(scanned, loaded) {
		floor += took
	}
	counts := func(runs []oneRun) []Figure {
		run := middle(runs)
		return []Figure{
			Count(run.server.Statements, "statements"), Count(run.server.Commits, "commits"),
			Count(run.server.Read, "rows read"), Count(run.server.Written, "written"),
			{run.cpu.Seconds(), "s CPU of loyaltyd"},
			{run.server.CPU.Seconds(), "s of the server"},
		}
	}
	busy := middle(f.loading)
	lines := []Line{
		{What: "first run", Ours: Seconds(medians[0]), Floor: Seconds(floor), Target: Target{Ratio: 1.5}, Peak: MiB(highest(f.loading)), Counts: counts(f.loading)},
		{What: "first run, LOAD DATA refused", Ours: Seconds(medians[1]), Floor: Seconds(floor), Target: Target{Ratio: 2}, Peak: MiB(highest(f.inserting)), Counts: counts(f.inserting)},
		{What: "first run, beside all rows that it writes", Ours: Seconds(medians[0]), Floor: Seconds(floor + own)},
		{What: "first run, CPU of client and server", Ours: Seconds(busy.cpu + busy.server.CPU), Floor: Seconds(f.floorCPU / time.Duration(f.Rounds))},
		{What: "peak memory of a first run", Ours: MiB(max(highest(f.loading), highest(f.inserting))), Target: Target{Figure: MiB(mostMemory)}},
	}
	for i, scan := range reading {
		lines = append(lines, Line{What: "floor: read " + scan.name, Floor: Seconds(scanned[i])})
	}
	for i, table := range ledgerTables {
		lines = append(lines, Line{What: "floor: load " + table, Floor: Seconds(loaded[i]), Counts: []Figure{Count(f.dumps[table].rows, "rows")}})
	}
	var rows int64
	for _, table := range f.own {
		rows += f.dumps[table].rows
	}
	lines = append(lines, Line{What: "floor: load what else is written", Floor: Seconds(own), Counts: []Figure{Count(rows, "rows")}})
	for i := range lines {
		lines[i].Store = name
	}
	return lines
}

func middle(runs []oneRun) oneRun {
	times := make([]time.Duration, len(runs))
	for i, run := range runs {
		times[i] = run.took
	}
	m := median(times)
	for _, run := range runs {
		if run.took == m {
			return run
		}
	}
	return oneRun{}
}

func highest(runs []oneRun) (peak int64) {
	for _, run := range runs {
		peak = max(peak, run.peak)
	}
	return peak
}
