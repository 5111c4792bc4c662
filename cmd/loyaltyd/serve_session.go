package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"loyaltyd/config"
	"loyaltyd/internal/schedule"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

// session is the daemon at work with one configuration.
type session struct {
	*daemon
	*app
	log  *slog.Logger
	loop schedule.Loop
	keys *wpbridge.Keys

	dirty        wpbridge.Dirty
	marksWait    time.Time // until when marks wait after what passes by itself
	nextTurn     time.Time // of the loop
	introduced   bool      // the site was told what this daemon goes by
	syncSchedule schedule.Schedule
	untold       untold
}

// standbyNap is the time between two looks whether the other daemon still
// works.
const standbyNap = time.Second

// open opens a session. The tables are brought up to date.
func (d *daemon) open(ctx context.Context, loaded config.Config) (*session, error) {
	for _, warning := range loaded.Warnings {
		d.log.Warn("configuration", "warning", warning)
	}
	a, err := connect(ctx, loaded, d.log)
	if err != nil {
		return nil, err
	}
	s := &session{daemon: d, app: a, log: d.log, dirty: wpbridge.NewDirty(a.siteDB, a.site.Prefix)}
	if err := s.prepare(ctx); err != nil {
		a.close()
		return nil, err
	}
	return s, nil
}

// prepare makes a session ready to work. Only at its end anything changes for
// others.
func (s *session) prepare(ctx context.Context) error {
	if err := s.app.prepare(ctx, true); err != nil {
		return err
	}
	s.keys = s.newKeys(s.leads.Load)
	if err := s.keys.Refresh(ctx); err != nil {
		return err
	}
	loaded := s.config
	// The schedule of expiry is read with the others; nothing expires yet.
	for _, job := range []struct {
		name string
		cron config.Cron
		run  func(context.Context) error
	}{
		{"sync", loaded.Schedule.Sync, func(ctx context.Context) error { return s.sync(ctx, sync.Options{Mode: sync.Increment}) }},
		{"sweep", loaded.Schedule.Sweep, func(ctx context.Context) error { return s.sync(ctx, sync.Options{Mode: sync.Sweep, Slices: true}) }},
		{"verify", loaded.Schedule.Verify, s.verify},
	} {
		when, err := schedule.Parse(job.cron.String())
		if err != nil {
			return err
		}
		s.loop.Jobs = append(s.loop.Jobs, schedule.Job{Name: job.name, Schedule: when, Run: s.watched(job.run)})
	}
	s.syncSchedule = s.loop.Jobs[0].Schedule
	s.loop.Look, s.loop.Save, s.loop.Ended = s.look, s.saved, s.ended
	return s.endpoint.open(loaded.Endpoint)
}

// work serves until the context ends, or until another configuration takes
// over: then it returns the session to go on with.
func (s *session) work(ctx context.Context) (next *session) {
	defer s.close()
	s.expectLife(0)
	pulse := s.startPulse(ctx)
	fresh := inBackground(ctx, s.keepFresh)
	s.endpoint.moved()
	log := s.log.With("version", readBuild().Version, "store", s.site.Origin, "prefix", s.site.Prefix, "address", s.endpoint.address(),
		"sync", s.config.Schedule.Sync.String(), "sweep", s.config.Schedule.Sweep.String(), "verify", s.config.Schedule.Verify.String())
	if s.leads.Load() {
		log.Info("at work")
	} else {
		log.Info("started")
	}
	s.ready()
	for ctx.Err() == nil && next == nil {
		nap := standbyNap
		if s.leads.Load() {
			nap = s.turn(ctx)
		}
		s.expectLife(nap)
		select {
		case <-ctx.Done():
		case <-s.hangups:
			if next = s.reload(ctx); next == nil {
				s.ready()
			}
		case <-s.requests.wake:
		case <-time.After(nap):
		}
	}
	pulse.stop()
	fresh.stop()
	if next != nil {
		s.endpoint.server.Use(next.bridgeSite()) // waits for the requests that this session still serves
		return next
	}
	s.resign()
	s.endpoint.close()
	return nil
}

// turn does what is due, and returns how long nothing will be.
func (s *session) turn(ctx context.Context) time.Duration {
	s.introduce(ctx)
	s.errand(ctx)
	if !time.Now().Before(s.nextTurn) {
		s.nextTurn = time.Now().Add(s.loop.Turn(ctx))
	}
	return min(dirtyEvery, max(0, time.Until(s.nextTurn)))
}

func (s *session) ready() {
	s.tell(func(ctx context.Context) error { return s.systemd.Ready(ctx, "at work") })
}

// look returns what decides which jobs are due. The site's zone is read each
// time, because it may change; so is the tables' state, because a newer
// version may have changed them, and then this one must not write.
func (s *session) look(ctx context.Context) (schedule.Moment, error) {
	ctx, cancel := context.WithTimeout(ctx, pulseTimeout)
	defer cancel()
	if err := s.checkSchema(ctx); err != nil {
		return schedule.Moment{}, err
	}
	settings, err := s.store.Settings(ctx)
	if err != nil {
		return schedule.Moment{}, err
	}
	now, last, err := s.lastJobs(ctx)
	return schedule.Moment{Now: now, Zone: settings.Zone, Last: last}, err
}

// ledgerClock returns the time by the ledger's database, UTC.
func (s *session) ledgerClock(ctx context.Context) (time.Time, error) {
	var now time.Time
	if err := s.ledgerDB.GetContext(ctx, &now, `SELECT UTC_TIMESTAMP(6)`); err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return now, nil
}

// What a job's last success stands for is kept beside sync's own checkpoint,
// so that it is shared by all daemons of a ledger.
const jobKey = "job:"

// saved records a job's success, and tells the site.
func (s *session) saved(ctx context.Context, job string, at time.Time) error {
	if s.untold.keep(job, at) {
		return nil
	}
	if err := s.saveJob(ctx, job, at); err != nil {
		return err
	}
	return s.showJobs(ctx)
}

// lastJobs returns the time by the ledger's database, UTC, and what each job's
// last success stands for.
func (s *session) lastJobs(ctx context.Context) (now time.Time, last map[string]time.Time, err error) {
	var rows []struct {
		Now   time.Time `db:"now"`
		Name  string    `db:"name"`
		Value string    `db:"value"`
	}
	err = s.ledgerDB.SelectContext(ctx, &rows, s.site.Prefix.SQL(`
		SELECT UTC_TIMESTAMP(6) AS now, '' AS name, '' AS value
		UNION ALL SELECT UTC_TIMESTAMP(6), name, value FROM {p}loyalty_checkpoints WHERE name LIKE 'job:%'`))
	if err != nil {
		return time.Time{}, nil, fmt.Errorf("read when the jobs ran last: %w", err)
	}
	last = map[string]time.Time{}
	for _, row := range rows {
		now = row.Now
		if job, found := strings.CutPrefix(row.Name, jobKey); found {
			// One that cannot be read is as good as none: the job runs.
			if at, err := time.Parse(time.RFC3339Nano, row.Value); err == nil {
				last[job] = at
			}
		}
	}
	s.untold.addTo(last)
	return now, last, nil
}

// saveJob records what a job's success stands for.
func (s *session) saveJob(ctx context.Context, job string, at time.Time) error {
	_, err := s.ledgerDB.ExecContext(ctx, s.site.Prefix.SQL(`
		INSERT INTO {p}loyalty_checkpoints (name, value) VALUES (?, ?)
		ON DUPLICATE KEY UPDATE value = VALUES(value)`), jobKey+job, at.UTC().Format(time.RFC3339Nano))
	if err != nil {
		return fmt.Errorf("record when %s ran: %w", job, err)
	}
	s.untold.forget(job)
	return nil
}
