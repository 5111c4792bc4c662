package main

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

func TestWhichRunsAreNotToldOf(t *testing.T) {
	nothing := func() *sync.Summary { return &sync.Summary{Mode: sync.Increment, Complete: true} }
	looked, sweep, braked := nothing(), nothing(), nothing()
	looked.Orders, sweep.Mode, braked.Braked = 1, sync.Sweep, &sync.BrakeError{}
	start := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	var u untold
	for i, step := range []struct {
		after   time.Duration
		summary *sync.Summary
		failed  error
		untold  bool
		why     string
	}{
		{0, nothing(), nil, false, "the first that finds nothing"},
		{15 * time.Second, nothing(), nil, true, "the next one"},
		{59 * time.Second, nothing(), nil, true, "one within the minute"},
		{60 * time.Second, nothing(), nil, false, "one after a minute"},
		{75 * time.Second, looked, nil, false, "an order was looked at"},
		{90 * time.Second, nothing(), nil, false, "the first that finds nothing again"},
		{105 * time.Second, nothing(), errors.New("no"), false, "a failure"},
		{106 * time.Second, nothing(), nil, false, "the first that does not fail again"},
		{110 * time.Second, sweep, nil, false, "a sweep"},
		{111 * time.Second, nothing(), nil, false, "the first after a sweep"},
		{112 * time.Second, braked, nil, false, "the brake"},
	} {
		if got := u.ends(step.summary, step.failed, start.Add(step.after)); got != step.untold {
			t.Errorf("%d: %s: not told of: %v", i, step.why, got)
		}
	}
}

// A turn that finds nothing writes nothing, and is done all the same; one that
// was asked for is told of.
func TestTurnsWithoutNewsWriteNothing(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		s.order(s.customer("ada"), "10", spring)
		at := time.Now().UTC().Truncate(time.Second)
		opened, _ := s.open(at, "LOYALTYD_SCHEDULE_SYNC=@every 15s")
		opened.turns(s.t)
		turn := func() {
			s.t.Helper()
			at = at.Add(15 * time.Second)
			if err := errors.Join(opened.sync(s.ctx(), sync.Options{Mode: sync.Increment}), opened.saved(s.ctx(), "sync", at)); err != nil {
				s.t.Fatal(err)
			}
		}
		turn() // what settles
		opened.untold.next()
		turn()
		job := fmt.Sprintf(`SELECT COUNT(*) FROM {p}loyalty_checkpoints WHERE name = 'job:sync' AND value = '%s'`, at.Format(time.RFC3339Nano))
		told := `SELECT COUNT(*) FROM {p}loyalty_daemon WHERE run_kind = 'increment'`
		if s.value(job) != 1 || s.value(told) != 1 {
			s.t.Fatal("the first run that finds nothing was not told of")
		}
		s.exec(`UPDATE {p}loyalty_daemon SET run_kind = 'before'`)
		turn()
		turn()
		if s.value(job) != 1 || s.value(told) != 0 {
			s.t.Error("runs that found nothing were told of")
		}
		if _, last, err := opened.lastJobs(s.ctx()); err != nil || !last["sync"].Equal(at) {
			s.t.Errorf("the last success is that of %s, want %s: %v", last["sync"], at, err)
		}
		asked := &askedRun{mode: sync.Increment, done: make(chan struct{})}
		if err := opened.askedSync(s.ctx(), asked); err != nil || s.value(told) != 1 || s.value(job) != 0 {
			s.t.Errorf("a run that was asked for was not told of: %v", err)
		}
	})
}
