// Package bench measures loyaltyd beside the database's own limits, in one
// run, on a store of its own making.
package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"loyaltyd/internal/testshop"
)

// Options say what is measured.
type Options struct {
	Orders   int // in the store
	Few      int // in the small store that growth is measured against
	Rounds   int // of each measurement; their median counts
	Storages []testshop.Storage
	Sections []string // of Sections; none: all
	// Data is where the server keeps its data, with the stores that were made
	// there before; empty: in a directory that goes with the server.
	Data string
	// Reuse takes up the ledger that is in a store instead of making it anew,
	// unless the first run itself is measured.
	Reuse bool
	// Binary is the loyaltyd to measure.
	Binary string
	// Profiles is a directory for profiles of our own process; empty: none.
	Profiles string
	// Watch is how long, in each round, checkouts are watched alone and beside a
	// sweep.
	Watch time.Duration
	// Load is how long, in each round, clients ask the endpoint.
	Load time.Duration
	// Idle is how long an idle daemon is watched.
	Idle time.Duration
	// Log hears what is being done.
	Log func(format string, arguments ...any)
}

// Bench is one run of the benchmark.
type Bench struct {
	Options
	Server *testshop.Server
	stores map[string]*Store
}

// section is a part of the benchmark that can be run alone.
type section struct {
	name string
	run  func(*Bench, context.Context) ([]Line, error)
}

// The sections, in the order in which they run: the first one makes the ledger
// that the others use.
var sections = []section{
	{"first", (*Bench).firstRun},
	{"increment", (*Bench).increment},
	{"sweep", (*Bench).sweep},
	{"small", (*Bench).small},
	{"endpoint", (*Bench).endpoint},
	{"reports", (*Bench).reports},
	{"pages", (*Bench).pages},
}

// Sections returns the names of the parts of the benchmark.
func Sections() []string {
	names := make([]string, len(sections))
	for i, s := range sections {
		names[i] = s.name
	}
	return names
}

// Result is what a run of the benchmark measured.
type Result struct {
	Machine string // that it was measured on, in a sentence
	Lines   []Line // those of one store stand together
}

// Run measures on a private MariaDB server with durable commits and a cache of
// 1 GiB. With an error it returns what was measured all the same.
func Run(ctx context.Context, options Options) (result Result, err error) {
	for _, name := range options.Sections {
		if !slices.Contains(Sections(), name) {
			return result, fmt.Errorf("there is no section %q, only %v", name, Sections())
		}
	}
	err = withServer(ctx, options, func(b *Bench) error {
		var err error
		result, err = b.measure(ctx)
		return err
	})
	return result, err
}

// Prepare makes the stores that Run will use.
func Prepare(ctx context.Context, options Options) error {
	return withServer(ctx, options, func(b *Bench) error {
		for _, storage := range b.Storages {
			for _, orders := range []int{b.Few, b.Orders} {
				if _, err := b.Store(ctx, storage, orders); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func withServer(ctx context.Context, options Options, work func(*Bench) error) (err error) {
	server, err := testshop.Start(ctx, testshop.MariaDB, testshop.ServerOptions{
		Durable: true, BufferPool: 1024, Data: options.Data, Extra: []string{"--innodb-log-file-size=1G"},
	})
	if err != nil {
		return err
	}
	defer func() {
		if stopped := server.Stop(); err == nil {
			err = stopped
		}
	}()
	b := &Bench{Options: options, Server: server, stores: map[string]*Store{}}
	defer b.close()
	return work(b)
}

func (b *Bench) measure(ctx context.Context) (result Result, err error) {
	if result.Machine, err = b.machine(ctx); err != nil {
		return result, err
	}
	for _, s := range sections {
		if ctx.Err() != nil || len(b.Sections) > 0 && !slices.Contains(b.Sections, s.name) {
			continue
		}
		measured, failed := s.run(b, ctx)
		result.Lines = append(result.Lines, measured...)
		if failed != nil {
			b.Log("%s failed: %v", s.name, failed)
			err = errors.Join(err, fmt.Errorf("%s: %w", s.name, failed))
		}
	}
	// The stores stand in the order of the sections.
	order := map[string]int{}
	for _, line := range result.Lines {
		if _, known := order[line.Store]; !known {
			order[line.Store] = len(order)
		}
	}
	slices.SortStableFunc(result.Lines, func(a, b Line) int { return order[a.Store] - order[b.Store] })
	return result, err
}

func (b *Bench) close() {
	for _, store := range b.stores {
		_ = store.DB.Close()
		_ = store.text.Close()
	}
}

// InTurn takes measurements in turn, one of each in each round, and returns the
// median of each, in their order.
func (b *Bench) InTurn(measurements ...func() (time.Duration, error)) ([]time.Duration, error) {
	return inTurn(b.Rounds, measurements...)
}

func inTurn(rounds int, measurements ...func() (time.Duration, error)) ([]time.Duration, error) {
	taken := make([][]time.Duration, len(measurements))
	for range rounds {
		for i, measure := range measurements {
			took, err := measure()
			if err != nil {
				return nil, err
			}
			taken[i] = append(taken[i], took)
		}
	}
	medians := make([]time.Duration, len(measurements))
	for i, times := range taken {
		medians[i] = median(times)
	}
	return medians, nil
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

// timed returns how long work takes.
func timed(work func() error) (time.Duration, error) {
	started := time.Now()
	err := work()
	return time.Since(started), err
}
