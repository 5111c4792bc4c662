package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	gosync "sync"
	"time"

	"loyaltyd/sync"
)

// What the site is told of the daemon, by name.
const (
	stateProgram  = "program"
	stateSchedule = "schedule"
	stateJobs     = "jobs"
	stateStore    = "store"
	stateBrake    = "brake"
)

// shown is what the site was told last, so that it is told only news.
type shown struct {
	mu   gosync.Mutex
	said map[string]saying
}

type saying struct {
	text string
	at   time.Time
}

// resayAfter is how long it is taken for granted that nobody told the site
// otherwise, as a command with another configuration does.
const resayAfter = time.Minute

// show tells the site the state of that name, unless it was told lately.
func (a *app) show(ctx context.Context, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("record the state %q: %w", name, err)
	}
	a.shown.mu.Lock()
	defer a.shown.mu.Unlock()
	if last := a.shown.said[name]; last.text == string(text) && time.Since(last.at) < resayAfter {
		return nil
	}
	if err := a.reports.SetState(ctx, name, json.RawMessage(text)); err != nil {
		return err
	}
	if a.shown.said == nil {
		a.shown.said = map[string]saying{}
	}
	a.shown.said[name] = saying{string(text), time.Now()}
	return nil
}

// timeForm is how the states write times: RFC 3339, UTC, with microseconds.
const timeForm = "2006-01-02T15:04:05.000000Z"

// shownTime returns a time as the states have it; nil for none.
func shownTime(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := at.UTC().Format(timeForm)
	return &text
}

// storeState is what the site is told of how its store is read.
type storeState struct {
	Currency  string   `json:"currency"`
	Decimals  int      `json:"decimals"`
	Timezone  string   `json:"timezone"`
	WeekStart int      `json:"week_start"` // 0 is Sunday
	Problems  []string `json:"problems"`
	Skipped   int64    `json:"skipped_currency"`
}

// brakeState is what the site is told of deductions that are withheld.
type brakeState struct {
	Plan     string `json:"plan"`
	Points   int64  `json:"points"`
	Entries  int64  `json:"entries"`
	Accounts int64  `json:"accounts"`
	Reason   string `json:"reason"`
}

// showRun tells the site what a run went by and what it found.
func (a *app) showRun(ctx context.Context, summary *sync.Summary) error {
	moment, err := a.store.Moment(ctx, nil)
	if err != nil {
		return err
	}
	settings := moment.Settings
	state := storeState{
		Currency: settings.Currency, Decimals: settings.Decimals, Timezone: settings.ZoneName, WeekStart: int(settings.StartOfWeek),
		Problems: append([]string{}, summary.Problems...), Skipped: summary.Skipped,
	}
	if summary.Mode == sync.Increment {
		// It looked at a few orders only: what another run found still holds.
		if err := a.keepProblems(ctx, &state); err != nil {
			return err
		}
	}
	return errors.Join(a.show(ctx, stateProgram, a.programme().state()), a.show(ctx, stateStore, state), a.showBrake(ctx))
}

// keepProblems fills in what the site was told before where there is no news.
func (a *app) keepProblems(ctx context.Context, state *storeState) error {
	recorded, _, err := a.reports.State(ctx, stateStore)
	var before storeState
	if err != nil || json.Unmarshal(recorded, &before) != nil {
		return err
	}
	if len(state.Problems) == 0 && len(before.Problems) > 0 {
		state.Problems = before.Problems
	}
	state.Skipped = max(state.Skipped, before.Skipped)
	return nil
}

// showBrake tells the site what the brake withholds.
func (a *app) showBrake(ctx context.Context) error {
	braked, err := a.engine.Braked(ctx)
	switch {
	case err != nil:
		return err
	case braked == nil:
		return a.show(ctx, stateBrake, nil)
	}
	return a.show(ctx, stateBrake, brakeState{
		Plan: braked.Plan, Points: braked.Points, Entries: braked.Entries, Accounts: braked.Accounts, Reason: braked.Error(),
	})
}
