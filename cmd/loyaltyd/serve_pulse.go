package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loyaltyd/reports"
)

const (
	// pulseEvery is the time between two heartbeats.
	pulseEvery = 5 * time.Second
	// pulseLasts is how old the heartbeat of a daemon that works may be: as
	// long as a lease of the ledger.
	pulseLasts = 15 * time.Second
	// pulseTimeout bounds the wait for a database that hangs.
	pulseTimeout = 10 * time.Second
	// resignTimeout leaves room within the time that an end may take.
	resignTimeout = 2 * time.Second
)

// background is work beside the session's loop.
type background struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// inBackground starts work that goes on until it is stopped.
func inBackground(ctx context.Context, work func(context.Context)) background {
	ctx, cancel := context.WithCancel(ctx)
	b := background{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(b.done)
		work(ctx)
	}()
	return b
}

// stop ends the work and waits for its end.
func (b background) stop() {
	b.cancel()
	<-b.done
}

// startPulse beats for the first time, then goes on until it is stopped,
// however long a job takes.
func (s *session) startPulse(ctx context.Context) background {
	s.beat(ctx)
	every := pulseEvery
	if watchdog := s.systemd.Watchdog(); watchdog > 0 {
		every = min(every, watchdog/3)
	}
	return inBackground(ctx, func(ctx context.Context) {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				s.beat(ctx)
			}
		}
	})
}

// beat finds out which daemon works, says that this one is alive if it is the
// one, and keeps the watchdog quiet while the database answers and the loop
// turns.
func (s *session) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pulseTimeout)
	defer cancel()
	s.endpoint.retry()
	other, err := s.claim(ctx)
	if err == nil {
		s.follow(other)
		err = s.keys.Refresh(ctx)
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return // stopping
	case err == nil:
		s.databaseBack()
		s.troubles.over("heartbeat")
		if s.isAlive() {
			s.tell(s.systemd.Alive)
		}
	case unreachable(err):
		s.databaseLost(err)
	case s.troubles.news("heartbeat", err.Error()):
		s.log.Error("the heartbeat failed; it is tried again", "error", err)
	}
}

// claim records that this daemon is the one that works, unless another one
// was heard of lately: then it returns that one's name. When two claim at the
// same moment, the later stays. Until the other one sees that, in the next
// beat, the ledger's lease keeps them apart.
func (s *session) claim(ctx context.Context) (other string, err error) {
	now, err := s.clock(ctx)
	if err != nil {
		return "", err
	}
	row, err := s.reports.Daemon(ctx)
	if err != nil {
		return "", err
	}
	if row.LeaseHolder != "" && row.LeaseHolder != s.name && now.Sub(row.Heartbeat).Abs() < pulseLasts {
		return row.LeaseHolder, nil
	}
	return "", s.record(ctx, s.name)
}

// record writes the heartbeat, with the endpoint's address while somebody
// holds the place.
func (s *session) record(ctx context.Context, holder string) error {
	var fence int64
	if err := s.ledgerDB.GetContext(ctx, &fence, s.site.Prefix.SQL(`SELECT fence FROM {p}loyalty_writer WHERE id = 1`)); err != nil {
		return fmt.Errorf("read the fence: %w", err)
	}
	row := reports.Daemon{Version: readBuild().Version, LeaseHolder: holder, Fence: fence}
	if holder != "" {
		row.Address = s.endpoint.address()
	}
	return s.reports.Heartbeat(ctx, row)
}

// follow takes the place that claim found: the one that works, or behind
// another.
func (s *session) follow(other string) {
	if other == "" {
		if !s.leads.Swap(true) && s.troubles.over("standby") {
			s.log.Info("no other daemon works here any more; taking over")
			s.status("at work")
		}
		return
	}
	s.leads.Store(false)
	s.untold.forget("sync")
	if s.troubles.news("standby", "") {
		s.log.Info("another daemon works here; standing by", "other", other)
		s.status("standing by for " + other)
	}
}

// resign says that no daemon works here any more, so that one that stands by
// need not wait.
func (s *session) resign() {
	if !s.leads.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), resignTimeout)
	defer cancel()
	if err := s.record(ctx, ""); err != nil {
		s.log.Warn("the site could not be told that this daemon stopped", "error", err)
	}
}
