package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"loyaltyd/sync"
)

// increment measures a run that finds changed orders, beside reading those
// orders by key and writing their entries, and a run that finds nothing; both
// in the store and in a small one.
func (b *Bench) increment(ctx context.Context) (lines []Line, err error) {
	for _, storage := range b.Storages {
		big, err := b.Synced(ctx, storage, b.Orders)
		if err != nil {
			return lines, err
		}
		small, err := b.Synced(ctx, storage, b.Few)
		if err != nil {
			return lines, err
		}
		more, err := b.incrementOf(ctx, big, small)
		lines = append(lines, more...)
		if err != nil {
			return lines, err
		}
		for _, s := range slices.Compact([]*Store{big, small}) {
			line, err := b.idle(ctx, s)
			if err != nil {
				return lines, err
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// moreRounds is how many times the rounds are taken for what is short: what the
// server does by itself meanwhile makes a fifth of it.
const moreRounds = 3

// changed returns how many orders change before an increment.
func (b *Bench) changed() int { return min(1000, b.Few/10) }

func (b *Bench) incrementOf(ctx context.Context, big, small *Store) (lines []Line, err error) {
	here, err := b.newEdits(ctx, big)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, here.close()) }()
	there := here
	if small != big {
		if there, err = b.newEdits(ctx, small); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, there.close()) }()
	}
	both := slices.Compact([]*edits{here, there})
	each := func(do func(*edits) error) (err error) {
		for _, e := range both {
			err = errors.Join(err, do(e))
		}
		return err
	}
	for _, of := range slices.Compact([]int{min(b.Few, b.Orders), b.Orders}) {
		what := fmt.Sprintf("%d changed orders", b.changed())
		if of < b.Orders {
			what += fmt.Sprintf(" of the latest %d", of)
		} else {
			what += " of the whole history"
		}
		if err := each(func(e *edits) error { return e.choose(ctx, of) }); err != nil {
			return lines, err
		}
		works := []func() (time.Duration, error){
			func() (time.Duration, error) { return here.ours(ctx) },
			func() (time.Duration, error) { return here.floor(ctx) },
		}
		if small != big {
			works = append(works, func() (time.Duration, error) { return there.ours(ctx) })
		}
		medians, err := inTurn(moreRounds*b.Rounds, works...)
		if err != nil {
			return lines, err
		}
		c := here.counts
		lines = append(lines, Line{
			Store: big.String(), What: what, Ours: Seconds(medians[0]), Floor: Seconds(medians[1]), Target: Target{Ratio: 3},
			Counts: []Figure{Count(c.Statements, "statements"), Count(c.Commits, "commits"), Count(c.Read, "rows read"), Count(c.Written, "written")},
		})
		if small != big {
			lines = append(lines, Line{
				Store: big.String(), What: what + fmt.Sprintf(", beside a store of %d", small.Orders),
				Ours: Seconds(medians[0]), Floor: Seconds(medians[2]), Target: Target{Ratio: 1.2},
			})
		}
		err = b.profile(fmt.Sprintf("increment-%s-%d-of-%d", big.Storage, b.Orders, of), func() error {
			_, err := here.ours(ctx)
			return err
		})
		if err := errors.Join(err, each(func(e *edits) error { return e.restore(ctx) })); err != nil {
			return lines, err
		}
	}
	return lines, nil
}

const (
	mostIdleTime       = 15 * time.Millisecond // of the server
	mostIdleStatements = 10
)

// idle measures a run that finds nothing: its statements, and the time that the
// server spends on them.
func (b *Bench) idle(ctx context.Context, s *Store) (Line, error) {
	d, err := b.daemon(ctx, s)
	if err != nil {
		return Line{}, err
	}
	settling := &edits{Bench: b, store: s, daemon: d}
	if err := errors.Join(settling.settle(ctx), settling.close()); err != nil {
		return Line{}, err
	}
	// Sessions take these over when they begin.
	var line Line
	err = b.logged(ctx, s, func() error {
		d, err := b.daemon(ctx, s)
		if err != nil {
			return err
		}
		defer d.Close()
		if _, err := d.Run(ctx, sync.Options{Mode: sync.Increment}); err != nil { // opens the connections
			return err
		}
		var cost counters
		var times []time.Duration
		for range moreRounds * b.Rounds {
			if err := forgetLog(ctx, s); err != nil {
				return err
			}
			cost, err = b.count(ctx, s.DB, func() error {
				_, err := d.Run(ctx, sync.Options{Mode: sync.Increment})
				return err
			})
			if err != nil {
				return err
			}
			spent, err := loggedTime(ctx, s, "TRUE")
			if err != nil {
				return err
			}
			times = append(times, spent)
		}
		line = Line{
			Store: s.String(), What: "a run that finds nothing: time of the server", Ours: Seconds(median(times)), Target: Target{Figure: Seconds(mostIdleTime)},
			Counts: []Figure{Count(cost.Statements, "statements"), Count(cost.Read, "rows read")},
		}
		return nil
	})
	return line, err
}
