package main

import (
	"context"
	"encoding/json"
	"fmt"
	gosync "sync"
	"time"

	"loyaltyd/reports"
	"loyaltyd/sync"
)

// requests are what others want of the session's loop.
type requests struct {
	wake chan struct{} // the loop has something to do

	stale chan struct{} // the reports are to be brought up to date

	mu   gosync.Mutex
	next *askedRun // not begun yet
}

// askedRun is a run that somebody asked for; whoever asks before it begins
// shares it.
type askedRun struct {
	mode sync.Mode
	done chan struct{}
	run  json.RawMessage // as the state "runs" has it
	err  error
}

func newRequests() *requests {
	return &requests{wake: make(chan struct{}, 1), stale: make(chan struct{}, 1)}
}

// nudge says once more what may have been said already.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// rouse makes the loop look what there is to do.
func (q *requests) rouse() { nudge(q.wake) }

// changed asks for the reports to be brought up to date.
func (q *requests) changed() { nudge(q.stale) }

// askPatience is how long a request waits for the run that it asked for.
const askPatience = 1500 * time.Millisecond

// ask asks for a run and returns it, or nil when it takes longer.
func (q *requests) ask(ctx context.Context, mode sync.Mode) (json.RawMessage, error) {
	q.mu.Lock()
	if q.next == nil {
		q.next = &askedRun{mode: mode, done: make(chan struct{})}
	}
	asked := q.next
	asked.mode = wider(asked.mode, mode)
	q.mu.Unlock()
	q.rouse()
	timer := time.NewTimer(askPatience)
	defer timer.Stop()
	select {
	case <-asked.done:
		return asked.run, asked.err
	case <-timer.C:
		return nil, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the sync: %w", context.Cause(ctx))
	}
}

// wider returns the mode that looks at more.
func wider(a, b sync.Mode) sync.Mode {
	order := []sync.Mode{sync.Full, sync.Sweep}
	for _, mode := range order {
		if a == mode || b == mode {
			return mode
		}
	}
	return sync.Increment
}

// take returns the run that is wanted, or nil, and forgets it.
func (q *requests) take() *askedRun {
	q.mu.Lock()
	defer q.mu.Unlock()
	asked := q.next
	q.next = nil
	return asked
}

// errand does the run that was asked for and looks at what WordPress marked:
// what there is to do between the jobs.
func (s *session) errand(ctx context.Context) {
	if asked := s.requests.take(); asked != nil {
		asked.err = s.attempt(ctx, "sync on request", func(ctx context.Context) error { return s.askedSync(ctx, asked) })
		close(asked.done)
	}
	if ctx.Err() == nil {
		s.handleMarks(ctx)
	}
}

// attempt does an errand as the loop does a job: it may panic, and how it ends
// is told.
func (s *session) attempt(ctx context.Context, name string, work func(context.Context) error) error {
	err := s.loop.Attempt(ctx, name, s.watched(work))
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	return err
}

// askedSync does the run that was asked for.
func (s *session) askedSync(ctx context.Context, asked *askedRun) error {
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	began, err := s.ledgerClock(ctx)
	if err != nil {
		return err
	}
	s.untold.next()
	if err := s.sync(ctx, sync.Options{Mode: asked.mode}); err != nil {
		return err
	}
	if err := s.saveJob(ctx, "sync", began); err != nil {
		return err
	}
	if err := s.showJobs(ctx); err != nil {
		return err
	}
	recorded, _, err := s.reports.State(ctx, reports.StateRuns)
	if err != nil {
		return err
	}
	var runs map[sync.Mode]json.RawMessage
	if err := json.Unmarshal(recorded, &runs); err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	asked.run = lastRunOf(runs, asked.mode)
	return nil
}

// lastRunOf returns the run of a mode, or of one that looks at more, which a run
// may have chosen by itself.
func lastRunOf(runs map[sync.Mode]json.RawMessage, mode sync.Mode) json.RawMessage {
	var latest json.RawMessage
	var at string
	for kind, run := range runs {
		var form struct {
			Finished string `json:"finished"`
		}
		if wider(kind, mode) == kind && json.Unmarshal(run, &form) == nil && form.Finished > at {
			latest, at = run, form.Finished
		}
	}
	return latest
}

// freshEvery is the least time between two refreshes for requests: one costs
// much the same whether it follows one entry or a thousand.
const freshEvery = 500 * time.Millisecond

// keepFresh brings the reports up to date when requests posted something, also
// while a job runs, until the context ends.
func (s *session) keepFresh(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.requests.stale:
		}
		err := s.refresh(ctx)
		switch {
		case ctx.Err() != nil || err == nil:
		case unreachable(err):
			s.databaseLost(err) // the next sync refreshes them
		case s.troubles.news("reports", err.Error()):
			s.log.Error("the reports were not brought up to date; the next sync tries again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(freshEvery):
		}
	}
}
