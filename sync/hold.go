package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"loyaltyd/sync/store"
)

// settleBrake decides about the deductions that were withheld: posts them when
// they are within the limits or were accepted, else leaves them to a person.
func (r *run) settleBrake(ctx context.Context, accept string) error {
	b := r.brake
	if b.empty() {
		r.nothingWithheld(accept)
		return nil
	}
	outstanding, err := r.ledger.Outstanding(ctx)
	if err != nil {
		return err
	}
	spans, recent := recentlyTaken(r.state.Taken, r.clock)
	over := b.tooMuch(r.Programme.Brake, recent, outstanding)
	accepted := accept != "" && accept == b.planName()
	switch {
	case r.mode == Increment && r.state.Brake != nil:
		// The open plan stands; what this run found joins it at the next sweep.
		r.summary.Braked = &r.state.Brake.Error
		return nil
	case over != nil && (r.mode == Increment || r.slices):
		return r.findWholePlan(ctx, accept)
	case over != nil && !accepted:
		over.Reason = r.reason()
		if open := r.state.Brake; open != nil && open.Error.Plan == over.Plan {
			over.Reason = open.Error.Reason // what led to it was seen by the run that found it
		}
		r.state.Brake = &openBrake{Error: *over, Mode: r.mode}
		if accept != "" {
			told := *over
			told.Reason = strings.TrimSpace(fmt.Sprintf("Plan %s no longer fits: the store has changed since, or it was mistyped. %s", accept, over.Reason))
			over = &told
		}
		r.summary.Braked = over
		return nil
	}
	if err := r.releaseWithheld(ctx); err != nil {
		return err
	}
	// Orders that were withheld tell of their coupons only now.
	if err := r.eachRedemption(ctx, r.dueRedemptions); err != nil {
		return err
	}
	r.state.Taken, r.state.Brake = spans, nil
	if !accepted {
		r.state.Taken = addTaken(spans, r.clock, b.points, b.entries)
	}
	return r.keepState(ctx)
}

func (r *run) nothingWithheld(accept string) {
	if r.state.Brake == nil {
		return
	}
	if r.mode == Increment {
		r.summary.Braked = &r.state.Brake.Error
		return
	}
	r.Log.Info("the brake is released: nothing is to be taken back any more", "plan", r.state.Brake.Error.Plan)
	r.state.Brake = nil
	if accept != "" {
		r.summary.Notes = append(r.summary.Notes, "nothing is to be taken back any more; the plan is void")
	}
}

// findWholePlan sweeps all of the store, so that the plan to accept does not
// depend on which part of the damage an increment, or a slice, happened to see.
func (r *run) findWholePlan(ctx context.Context, accept string) error {
	r.atLeast(Sweep)
	r.slices = false
	r.brake = newBrake()
	if err := r.look(ctx); err != nil {
		return err
	}
	return r.settleBrake(ctx, accept)
}

// reason says what the run saw that may explain so many deductions.
func (r *run) reason() string {
	var parts []string
	for _, saw := range slices.Sorted(maps.Keys(r.brake.saw)) {
		n := r.brake.saw[saw]
		if saw == sawGone {
			parts = append(parts, fmt.Sprintf("%d of the orders are no longer in the store (deleted? another order storage? an old backup?).", n))
		} else {
			parts = append(parts, fmt.Sprintf("%d of the orders have the status %q now.", n, saw))
		}
	}
	if r.older {
		parts = append(parts, "The newest change in the store is older than one that was seen before (an old backup?).")
	}
	for _, note := range r.summary.Notes {
		parts = append(parts, strings.ToUpper(note[:1])+note[1:]+".")
	}
	return strings.Join(parts, " ")
}

// wentBack reports whether the end of the store's changes lies before what
// was seen of them.
func wentBack(storage store.Storage, now, seen store.Cursor) bool {
	if storage == store.HPOS {
		return now.Updated.Before(seen.Updated)
	}
	return now.Post < seen.Post
}
