package main

import (
	"context"
	"errors"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

const (
	// dirtyEvery is the time between two looks at what WordPress marked.
	dirtyEvery = 500 * time.Millisecond
	// dirtyPage is how many marks are handled at a time.
	dirtyPage = 500
	// marksPause is how long marks wait after what passes by itself.
	marksPause = 5 * time.Second
)

// handleMarks looks at what WordPress marked as changed. Marks that fail are
// left to the next sync; while the database is away or another process posts,
// they wait.
func (s *session) handleMarks(ctx context.Context) {
	if time.Now().Before(s.marksWait) {
		return
	}
	marks, err := s.dirty.Next(ctx, dirtyPage)
	if err == nil && len(marks) == 0 {
		return
	}
	if err == nil {
		err = s.attempt(ctx, "marks", func(ctx context.Context) error { return s.lookAtMarks(ctx, marks) })
		if ctx.Err() == nil && !passes(err) {
			err = s.dirty.Remove(ctx, marks)
		}
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.marksWait = time.Now().Add(marksPause)
		s.ended("marks", err)
	case len(marks) == dirtyPage:
		s.requests.rouse() // there may be more
	}
}

// passes reports whether an error has nothing to do with what was looked at.
func passes(err error) bool {
	var held *ledger.HeldError
	return err != nil && (unreachable(err) || errors.As(err, &held) || errors.Is(err, ledger.ErrFenced) ||
		errors.Is(err, database.ErrNewer) || errors.Is(err, database.ErrBehind))
}

func (s *session) lookAtMarks(ctx context.Context, marks []wpbridge.DirtyMark) error {
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	if err := s.refreshProgramme(ctx); err != nil {
		return err
	}
	facts := make([]sync.Mark, 0, len(marks))
	for _, mark := range marks {
		facts = append(facts, sync.Mark{Kind: mark.Kind, ID: mark.Object})
	}
	summary, err := s.engine.Look(ctx, facts)
	if summary != nil {
		s.tellRun(summary)
	}
	if braked, some := new(sync.BrakeError), new(sync.FactsError); errors.As(err, &braked) || errors.As(err, &some) {
		err = nil // was told; the next sweep looks again
	}
	return errors.Join(err, s.refresh(ctx))
}
