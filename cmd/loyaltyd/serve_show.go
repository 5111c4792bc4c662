package main

import (
	"context"

	"loyaltyd/internal/schedule"
)

// scheduleState is what the site is told of when the daemon does what.
type scheduleState struct {
	Sync   string `json:"sync"`
	Sweep  string `json:"sweep"`
	Expire string `json:"expire"`
	Verify string `json:"verify"`
	Zone   string `json:"zone"`
	Listen string `json:"listen"`
}

// jobState is what the site is told of a job. Times are null when there is
// none.
type jobState struct {
	LastSuccess *string `json:"last_success"`
	Next        *string `json:"next"`
}

// introduce tells the site, once, what this daemon goes by.
func (s *session) introduce(ctx context.Context) {
	if s.introduced {
		return
	}
	err := s.show(ctx, stateProgram, s.programme().state())
	if err == nil {
		err = s.showJobs(ctx)
	}
	if s.introduced = err == nil; err != nil && ctx.Err() == nil {
		s.ended("introduction", err)
	}
}

// showJobs tells the site when the jobs ran last and when they will.
func (s *session) showJobs(ctx context.Context) error {
	settings, err := s.store.Settings(ctx)
	if err != nil {
		return err
	}
	_, last, err := s.lastJobs(ctx)
	if err != nil {
		return err
	}
	// Nothing expires yet.
	jobs := map[string]jobState{"expire": {}}
	for _, job := range s.loop.Jobs {
		jobs[job.Name] = stateOf(job, schedule.Moment{Last: last, Zone: settings.Zone})
	}
	times := s.config.Schedule
	err = s.show(ctx, stateSchedule, scheduleState{
		Sync: times.Sync.String(), Sweep: times.Sweep.String(), Expire: times.Expire.String(), Verify: times.Verify.String(),
		Zone: settings.Zone.String(), Listen: s.endpoint.address(),
	})
	if err != nil {
		return err
	}
	return s.show(ctx, stateJobs, jobs)
}

func stateOf(job schedule.Job, m schedule.Moment) jobState {
	at := m.Last[job.Name]
	if at.IsZero() {
		return jobState{} // it is due now
	}
	return jobState{LastSuccess: shownTime(at), Next: shownTime(job.Schedule.Next(at, m.Zone))}
}
