package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	gosync "sync"
	"time"

	"loyaltyd/internal/database"
)

// serveLog returns the daemon's log: text for a person who watches, JSON for
// everything else.
func serveLog(w io.Writer, level string) *slog.Logger {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		least = slog.LevelInfo // the flag takes no other words
	}
	options := &slog.HandlerOptions{Level: least}
	if isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// troubles remembers what is wrong, so that it is told when it begins, when it
// becomes something else, and once an hour while it lasts.
type troubles struct {
	now  func() time.Time
	mu   gosync.Mutex
	told map[string]tale // by what is in trouble
}

type tale struct {
	what string
	at   time.Time
}

// retellAfter is how long a trouble that lasts is not told again.
const retellAfter = time.Hour

func newTroubles(now func() time.Time) *troubles {
	return &troubles{now: now, told: map[string]tale{}}
}

// news notes a trouble and reports whether it is to be told.
func (t *troubles) news(about, what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	last, known := t.told[about]
	if known && last.what == what && now.Sub(last.at) < retellAfter {
		return false
	}
	t.told[about] = tale{what, now}
	return true
}

// over notes the end of a trouble and reports whether there was one.
func (t *troubles) over(about string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, was := t.told[about]
	delete(t.told, about)
	return was
}

// databaseLost tells, once, that no database answers.
func (d *daemon) databaseLost(err error) {
	if d.troubles.news("database", "") {
		d.log.Warn("the database does not answer; waiting for it", "error", err)
		d.status("waiting for the database")
	}
}

func (d *daemon) databaseBack() {
	if d.troubles.over("database") {
		d.log.Info("the database answers again")
		d.status("at work")
	}
}

// unreachable reports whether an error is the kind that passes by itself: the
// database is away, full or not yet itself again.
func unreachable(err error) bool {
	switch database.Code(err) {
	case 1040, // too many connections
		1047,       // not yet part of its cluster (Galera)
		1203,       // too many connections of this user
		1290, 1836: // read only, as in a failover
		return true
	}
	return database.ConnectionLost(err) || errors.Is(err, context.DeadlineExceeded)
}
