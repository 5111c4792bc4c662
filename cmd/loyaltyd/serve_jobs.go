package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"loyaltyd/internal/schedule"
	"loyaltyd/ledger"
	"loyaltyd/sync"
)

// stalled is how long a job may go without any sign of progress. A connection
// that died without a word would hold it for ever.
const stalled = time.Hour

var errStalled = fmt.Errorf("the job was cancelled after %s without progress", stalled)

// watched returns the job cancelled when it stalls.
func (s *session) watched(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		timer := time.AfterFunc(stalled, func() { cancel(errStalled) })
		defer timer.Stop()
		s.expectLife(stalled)
		s.engine.Progress = func(stage string, at, of int64) {
			timer.Reset(stalled)
			s.expectLife(stalled)
			if of > 0 {
				s.status(fmt.Sprintf("looking at %s: %d %%", stage, max(0, min(at*100/of, 100))))
			}
		}
		err := withAllProcessors(func() error { return run(ctx) })
		if errors.Is(context.Cause(ctx), errStalled) {
			return errStalled
		}
		return err
	}
}

// sync does one run, brings the reports up to date, whatever kept the run from
// its end, and records the run for the site.
func (s *session) sync(ctx context.Context, options sync.Options) error {
	began, err := s.ledgerClock(ctx)
	if err != nil {
		return err
	}
	started := began
	if s.ownLedger() {
		if started, err = s.clock(ctx); err != nil {
			return err
		}
	}
	if err := s.refreshProgramme(ctx); err != nil {
		return err
	}
	summary, failed := s.runEngine(ctx, options)
	if ctx.Err() != nil {
		return failed
	}
	err = s.refresh(ctx)
	if summary != nil {
		s.tellRun(summary)
		if !s.untold.ends(summary, failed, time.Now()) {
			err = errors.Join(err, s.recordRun(ctx, started, summary, failed))
		}
	}
	if braked, facts := new(sync.BrakeError), new(sync.FactsError); failed != nil && !errors.As(failed, &braked) && !errors.As(failed, &facts) {
		return errors.Join(failed, err)
	}
	if err != nil {
		return err
	}
	return s.saveCovered(ctx, summary.Mode, began)
}

// saveCovered records the jobs that a run has done besides its own: a run that
// looked at more has done what looks at less.
func (s *session) saveCovered(ctx context.Context, mode sync.Mode, began time.Time) error {
	if mode == sync.Increment {
		return nil
	}
	return errors.Join(s.saveJob(ctx, "sync", began), s.saveJob(ctx, "sweep", began))
}

// tellRun logs what a run did.
func (s *session) tellRun(summary *sync.Summary) {
	level := slog.LevelInfo
	if summary.Mode != sync.Full && summary.Entries == 0 && summary.Released == 0 && len(summary.Notes) == 0 {
		level = slog.LevelDebug
	}
	figures := []slog.Attr{
		slog.String("mode", string(summary.Mode)), slog.Int64("orders", summary.Orders), slog.Int64("comments", summary.Comments),
		slog.Int64("users", summary.Users), slog.Int64("entries", summary.Entries), slog.Int64("released", summary.Released),
	}
	for _, kind := range slices.Sorted(maps.Keys(summary.Points)) {
		figures = append(figures, slog.Int64("points_"+string(kind), summary.Points[kind]))
	}
	figures = append(figures, slog.Int64("took_ms", summary.Took.Milliseconds()))
	s.log.LogAttrs(context.Background(), level, "synced", figures...)
	s.status(fmt.Sprintf("last %s: looked at %d orders, posted %d entries", summary.Mode, summary.Orders, summary.Entries))

	if len(summary.Problems) > 0 && s.troubles.news("problems", strings.Join(summary.Problems, "\n")) {
		s.log.Warn("amounts that cannot be read, or cannot be meant, count as 0, dates as missing", "problems", summary.Problems)
	}
	if len(summary.Failures) > 0 && s.troubles.news("failures", strings.Join(summary.Failures, "\n")) {
		s.log.Error("some facts could not be valued and were left as they are", "facts", summary.Failures)
	}
	switch braked := summary.Braked; {
	case braked != nil:
		if s.troubles.news("brake", braked.Plan) {
			s.log.Warn("the brake holds: nothing is taken back until a person accepts it", "accept", "loyaltyd sync --accept "+braked.Plan, "why", braked.Error())
		}
	case s.troubles.over("brake"):
		s.log.Info("the brake holds no more")
	}
}

// verify proves the books.
func (s *session) verify(ctx context.Context) error {
	v, err := s.app.verify(ctx)
	if err != nil {
		return err
	}
	if v.OK {
		s.log.Info("verified: the ledger, the store and the reports agree")
	} else {
		s.log.Error("verification found what is wrong: run `loyaltyd verify`", "findings", v.findings())
	}
	return nil
}

// ended tells how an attempt of a job ended; that of a job without a name was
// only to look what is due.
func (s *session) ended(job string, err error) {
	var held *ledger.HeldError
	var panicked *schedule.PanicError
	name := job
	if name == "" {
		name = "looking what is due"
	}
	switch {
	case err == nil:
		s.databaseBack()
		if s.troubles.over("job " + name) {
			s.log.Info("works again", "job", name)
		}
		if job != "" {
			s.troubles.over("held")
		}
	case unreachable(err):
		s.databaseLost(err)
	case errors.As(err, &held), errors.Is(err, ledger.ErrFenced):
		if s.troubles.news("held", "") {
			s.log.Info("another loyaltyd is posting; waiting for it", "job", job, "reason", err)
		}
	case errors.As(err, &panicked):
		s.log.Error("a job broke down; it is tried again, and the others go on", "job", job, "panic", fmt.Sprint(panicked.Value), "stack", string(panicked.Stack))
	case s.troubles.news("job "+name, err.Error()):
		s.log.Error("failed; it is tried again", "job", name, "error", err)
	}
}
