package main

import (
	"maps"
	gosync "sync"
	"time"

	"loyaltyd/sync"
)

// toldEvery is how often the site is told of runs that find nothing, and their
// success is saved: most runs find nothing, and each word is a commit.
const toldEvery = time.Minute

// untold are the runs that found nothing and were not told of.
type untold struct {
	mu    gosync.Mutex
	since time.Time            // the last run that was told of and found nothing; zero: tell of the next
	last  bool                 // the last run is not told of
	jobs  map[string]time.Time // what the successes stand for that were not saved
}

// next makes the next run be told of, whatever it finds.
func (u *untold) next() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.since = time.Time{}
}

// ends reports whether a run that has ended need not be told of: it found
// nothing, and one like it was told of lately.
func (u *untold) ends(summary *sync.Summary, failed error, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	good := failed == nil && summary.Mode == sync.Increment && summary.FoundNothing()
	u.last = good && now.Sub(u.since) < toldEvery
	switch {
	case u.last:
	case good:
		u.since = now
	default:
		u.since = time.Time{}
	}
	return u.last
}

// keep keeps what the success of a job stands for, if its run was not told of.
func (u *untold) keep(job string, at time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if job != "sync" || !u.last {
		return false
	}
	if u.jobs == nil {
		u.jobs = map[string]time.Time{}
	}
	u.jobs[job] = at
	return true
}

// forget drops what was kept of a job: it is saved, or another daemon's now.
func (u *untold) forget(job string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.jobs, job)
}

// addTo puts what was kept of jobs in the place of what was saved.
func (u *untold) addTo(last map[string]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.Copy(last, u.jobs)
}
