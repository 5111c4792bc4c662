package main

import (
	"context"
	"os"
	"runtime/debug"

	"loyaltyd/sync"
)

// While a run is on, its garbage may grow to several times of what is in use:
// a run over everything makes so much of it that a third of our own time would
// go into collecting it. The limit keeps a page of absurd orders in bounds.
const (
	runGarbage = 400 // percent of what is in use
	runMemory  = 104 << 20
)

// runEngine does one run.
func (a *app) runEngine(ctx context.Context, options sync.Options) (*sync.Summary, error) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return a.engine.Run(ctx, options) // the operator knows better
	}
	percent, limit := debug.SetGCPercent(runGarbage), debug.SetMemoryLimit(runMemory)
	summary, err := a.engine.Run(ctx, options)
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(limit)
	if summary != nil && summary.Mode != sync.Increment {
		debug.FreeOSMemory()
	}
	return summary, err
}
