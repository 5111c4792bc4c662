package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress shows a bar on a terminal for work that takes long.
type progress struct {
	w       io.Writer
	now     func() time.Time
	started time.Time
	shown   time.Time // when last drawn; zero: not yet
}

const (
	barPatience = 700 * time.Millisecond // shorter work shows no bar
	barInterval = 100 * time.Millisecond
	barWidth    = 30
)

// newProgress returns a bar on w, or nil, which shows nothing, when nobody
// watches.
func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		return nil
	}
	return &progress{w: w, now: time.Now, started: time.Now()}
}

// report draws how far a stage has come.
func (p *progress) report(stage string, at, of int64) {
	if p == nil {
		return
	}
	now := p.now()
	if now.Sub(p.started) < barPatience || now.Sub(p.shown) < barInterval {
		return
	}
	p.shown = now
	percent := int64(100)
	if of > 0 {
		percent = max(0, min(at*100/of, 100))
	}
	filled := int(percent) * barWidth / 100
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K%-10s %s%s %3d %%", stage, strings.Repeat("█", filled), strings.Repeat("░", barWidth-filled), percent)
}

// end removes the bar.
func (p *progress) end() {
	if p != nil && !p.shown.IsZero() {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
}
