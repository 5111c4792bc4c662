package sync

import (
	"context"
	"time"
)

// A sweep is in no hurry. Its statements are short, and after each it leaves
// the server to others: for a moment if it runs by the schedule, and for
// longer while the server is busy, which shows in a statement that takes much
// longer than those of its kind did.
const (
	restMost = 250 * time.Millisecond
	busyBy   = 2 // times as long as usual
)

// pace is how long statements of one kind usually take.
type pace struct{ usual time.Duration }

// rest returns how long to rest after a statement that took so long.
func (p *pace) rest(took time.Duration, gently bool) time.Duration {
	busy := p.usual > 0 && took > busyBy*p.usual
	switch {
	case p.usual == 0:
		p.usual = took
	case took < p.usual:
		p.usual = (p.usual + took) / 2
	default:
		// What was busy for long is usual.
		p.usual += min(took-p.usual, p.usual) / 8
	}
	if !busy && !gently {
		return 0
	}
	if busy {
		took *= 2
	}
	return min(took, restMost)
}

// paced does a statement of a sweep, of a kind that has a name, and rests.
func (r *run) paced(ctx context.Context, kind string, statement func() error) error {
	if r.paces[kind] == nil {
		r.paces[kind] = &pace{}
	}
	started := r.Now()
	if err := statement(); err != nil {
		return err
	}
	rest := r.paces[kind].rest(r.Now().Sub(started), r.slices)
	if rest <= 0 {
		return nil
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
