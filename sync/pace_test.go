package sync

import (
	"testing"
	"time"
)

// A sweep that someone waits for rests only while the server is busy, one by
// the schedule always; neither for long.
func TestSweepsRest(t *testing.T) {
	const usual = 10 * time.Millisecond
	for _, c := range []struct {
		took   time.Duration
		gently bool
		want   time.Duration
	}{
		{usual, false, 0},
		{usual, true, usual},
		{3 * usual, false, 6 * usual},
		{3 * usual, true, 6 * usual},
		{time.Hour, false, restMost},
		{time.Hour, true, restMost},
	} {
		p := pace{usual: usual}
		if got := p.rest(c.took, c.gently); got != c.want {
			t.Errorf("after %s, gently %t: %s, want %s", c.took, c.gently, got, c.want)
		}
	}
	var p pace
	if got := p.rest(usual, false); got != 0 {
		t.Errorf("after the first statement: %s", got)
	}
	for range 100 {
		p.rest(4*usual, false)
	}
	if got := p.rest(4*usual, false); got != 0 {
		t.Errorf("what is slow all the time is usual, and needs no rest of %s", got)
	}
}
