package schedule

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// Job is work that is done on a schedule.
type Job struct {
	Name     string
	Schedule Schedule
	Run      func(context.Context) error
}

// Moment is what decides which jobs are due.
type Moment struct {
	Now  time.Time // by the database's clock
	Zone *time.Location
	Last map[string]time.Time // what each job's last success stands for
}

// Loop runs jobs, one at a time, each when it is due. A job that fell due while
// another ran follows it, once, and the one that waits longest goes first. A
// job that failed is tried again, less and less often, until it succeeds.
type Loop struct {
	Jobs []Job
	// Look returns the present moment. It is asked before each job, so that
	// the site's zone may change and another process may do a job.
	Look func(context.Context) (Moment, error)
	// Save records what a job's success stands for.
	Save func(ctx context.Context, job string, at time.Time) error
	// Ended, if not nil, hears how each attempt of a job ended, and each Look
	// as that of a job without a name. A panic is a *PanicError.
	Ended func(job string, err error)

	trouble map[string]*trouble
}

// trouble is how often a job has failed since its last success.
type trouble struct {
	failures int
	until    time.Time // of the next attempt; zero: not yet known
}

const (
	// LongestNap is the longest time between two turns. Timers stand still
	// while a machine is suspended, so it must be short.
	LongestNap = 30 * time.Second

	firstBackoff = time.Second
	lastBackoff  = 30 * time.Second
)

func (t *trouble) backoff() time.Duration {
	return min(firstBackoff<<min(t.failures-1, 10), lastBackoff)
}

// PanicError is what a job panicked with.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns what the job panicked with, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Turn runs the job that has been due longest, if there is one, and returns
// how long to wait until the next turn: nothing after a job.
func (l *Loop) Turn(ctx context.Context) time.Duration {
	moment, err := l.Look(ctx)
	if ctx.Err() != nil {
		return 0
	}
	l.ended("", err)
	if err != nil {
		return l.trouble[""].backoff()
	}
	job, nap := l.choose(moment)
	if job == nil {
		return nap
	}
	err = job.attempt(ctx)
	if err == nil && ctx.Err() == nil {
		err = l.Save(ctx, job.Name, job.Schedule.Reached(moment.Last[job.Name], moment.Now))
	}
	if ctx.Err() != nil {
		return 0 // how it ended is no news about the job
	}
	l.ended(job.Name, err)
	return 0
}

// Attempt does work that is on no schedule as if it were a job of that name:
// its panics are errors, and Ended hears of it. It is called between turns.
func (l *Loop) Attempt(ctx context.Context, name string, work func(context.Context) error) error {
	err := (&Job{Name: name, Run: work}).attempt(ctx)
	if ctx.Err() == nil && l.Ended != nil {
		l.Ended(name, err)
	}
	return err
}

// choose returns the job to run, or how long there is none.
func (l *Loop) choose(m Moment) (*Job, time.Duration) {
	var chosen *Job
	var since time.Time
	nap := LongestNap
	for i := range l.Jobs {
		job := &l.Jobs[i]
		at, due := job.Schedule.Due(m.Last[job.Name], m.Now, m.Zone)
		if at.IsZero() {
			continue
		}
		if t := l.trouble[job.Name]; t != nil {
			if t.until.IsZero() {
				t.until = m.Now.Add(t.backoff())
			}
			if t.until.After(m.Now) && t.until.After(at) {
				at, due = t.until, false
			}
		}
		switch {
		case !due:
			nap = min(nap, at.Sub(m.Now))
		case chosen == nil || at.Before(since):
			chosen, since = job, at
		}
	}
	return chosen, nap
}

// ended counts the failures of a job and tells of them.
func (l *Loop) ended(job string, err error) {
	if err == nil {
		delete(l.trouble, job)
	} else {
		if l.trouble == nil {
			l.trouble = map[string]*trouble{}
		}
		t := l.trouble[job]
		if t == nil {
			t = &trouble{}
			l.trouble[job] = t
		}
		t.failures, t.until = t.failures+1, time.Time{}
	}
	if l.Ended != nil {
		l.Ended(job, err)
	}
}

// attempt runs the job; its panics are errors.
func (j *Job) attempt(ctx context.Context) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	return j.Run(ctx)
}
