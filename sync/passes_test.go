package sync

import (
	"testing"
	"time"
)

// Whatever the size of the store and the schedule, sweeps get through it in the
// time that a pass may take, and the next sweep ends it.
func TestPassesEndInTime(t *testing.T) {
	for _, last := range []int64{1, 43_199, 86_399, 1_000_000, 123_456_789, 1 << 40} {
		for _, every := range []time.Duration{15 * time.Second, 10 * time.Minute, 7 * time.Hour, 36 * time.Hour} {
			r := &run{clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			pass := &passes{Moved: r.clock}
			var through int64
			var took time.Duration
			for through < last && took < passTime+every {
				r.clock, took = r.clock.Add(every), took+every
				through += r.sliceOf(pass, last, 1)
				pass.Moved = r.clock
			}
			if through < last {
				t.Errorf("sweeps every %s get to %d of %d ids in %s", every, through, last, took)
			}
		}
	}
}
