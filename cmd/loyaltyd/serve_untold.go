package main

import (
	"time"

	"loyaltyd/sync"
)

// toldEvery is how often the site is told of runs that find nothing, and their
// success is saved: most runs find nothing, and each word is a commit.
const toldEvery = time.Minute

// untold are the runs that found nothing and were not told of.
type untold struct {
	since time.Time            // the last run that was told of; zero: the next one is to be
	last  bool                 // the last run is not told of
	jobs  map[string]time.Time // what the successes stand for that were not saved
}

// next makes the next run be told of, whatever it finds.
func (u *untold) next() { u.since = time.Time{} }

// ends reports whether a run that has ended need not be told of: it found
// nothing, and one like it was told of lately.
func (u *untold) ends(summary *sync.Summary, failed error, now time.Time) bool {
	good := failed == nil && summary.Mode == sync.Increment && summary.FoundNothing()
	u.last = good && now.Sub(u.since) < toldEvery
	switch {
	case u.last:
	case good:
		u.since = now
	default:
		u.next()
	}
	return u.last
}

// keep keeps what the success of a job stands for, if its run was not told of.
func (u *untold) keep(job string, at time.Time) bool {
	if job != "sync" || !u.last {
		return false
	}
	if u.jobs == nil {
		u.jobs = map[string]time.Time{}
	}
	u.jobs[job] = at
	return true
}
