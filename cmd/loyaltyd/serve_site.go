package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loyaltyd/config"
	"loyaltyd/internal/batch"
	"loyaltyd/internal/schedule"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

// site is what requests work on.
func (s *session) bridgeSite() *wpbridge.Site {
	return &wpbridge.Site{
		Standing: batch.New(mostStandings, standingPatience, s.standings).Ask,
		Engine: func(ctx context.Context) (*sync.Engine, error) {
			if err := s.lookAtProgramme(ctx); err != nil {
				return nil, err
			}
			return s.newEngine(), nil
		},
		Reports: s.reports,
		CheckProgram: func(document []byte) wpbridge.CheckedProgram {
			return checkedProgram(s.config, document)
		},
		SyncNow: s.requests.ask,
		Ready:   s.readiness,
		Leads:   s.leads.Load,
		Secret:  s.keys.Secret,
		Key:     s.keys.Pairing,
		Token:   s.config.Endpoint.Token.Reveal(),
		Changed: s.requests.changed,
	}
}

func checkedProgram(c config.Config, document []byte) wpbridge.CheckedProgram {
	read, problems := checkProgramme(c, document)
	var checked wpbridge.CheckedProgram
	for _, p := range problems {
		checked.Problems = append(checked.Problems, wpbridge.ProgramProblem{Key: p.Key, Message: printable(p.Message)})
	}
	if len(problems) == 0 {
		checked.Document, checked.Rules = read.Program.Document(), &read.Program.Rules
	}
	return checked
}

// overdue is how late a sync may be before the daemon counts as not ready.
const overdue = 2 * time.Minute

// readiness says whether the daemon does its work.
func (s *session) readiness(ctx context.Context) wpbridge.Readiness {
	var r wpbridge.Readiness
	add := func(code, message string) {
		r.Reasons = append(r.Reasons, wpbridge.Reason{Code: code, Message: message})
	}
	if s.stopping.Err() != nil {
		add("stopping", "The daemon is being stopped.")
	}
	moment, err := s.look(ctx)
	if err != nil {
		if unreachable(err) {
			add("database_down", "The database does not answer; the daemon waits for it.")
		} else {
			add("database", printable(withNextStep(err).Error()))
		}
		return r
	}
	if r.LastSync = moment.Last["sync"]; !r.LastSync.IsZero() {
		r.Lag = max(0, moment.Now.Sub(r.LastSync))
	}
	switch {
	case !s.leads.Load():
		add("standby", "Another daemon works for this store; this one stands by.")
	case r.LastSync.IsZero():
		add("first_sync", "The first sync is not finished yet.")
	case s.late(moment):
		add("stale", fmt.Sprintf("The last sync was %s ago. The daemon's log says why.", ago(r.Lag)))
	}
	if problem := s.keys.Problem(); problem != "" {
		add("key", problem)
	}
	if problem := s.programme().problem; problem != "" {
		add("programme", "The programme in WordPress is not used: "+problem)
	}
	return r
}

// late reports whether a sync should have ended long ago.
func (s *session) late(m schedule.Moment) bool {
	due, missed := s.syncSchedule.Due(m.Last["sync"], m.Now, m.Zone)
	return missed && m.Now.Sub(due) > overdue
}

// newKeys returns the keys that daemon and plugin may share. Those in the
// files are read anew each time, so that they can be changed without a restart.
func (a *app) newKeys(leads func() bool) *wpbridge.Keys {
	return wpbridge.NewKeys(wpbridge.KeysOptions{
		Constants: a.keyConstants, Options: a.store.Options, DB: a.siteDB, Prefix: a.site.Prefix,
		Now: time.Now, Log: a.log, Leads: leads,
	})
}

func (a *app) keyConstants() wpbridge.Constants {
	if own := a.config.Endpoint.Key; !own.IsZero() {
		return wpbridge.Constants{Origin: "config", Current: own.Reveal()}
	}
	site, err := a.config.Resolve()
	if invalid := new(config.InvalidError); errors.As(err, &invalid) {
		// The file is being written, perhaps: what it said holds on.
		site = a.site
	}
	keys := site.Keys
	return wpbridge.Constants{Origin: "constant", Current: keys.Current.Reveal(), Previous: keys.Previous.Reveal(), Problem: keys.Problem}
}
