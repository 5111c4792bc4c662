package testshop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loyaltyd/internal/database"
)

// Shutdown ends a server that Start started, as an administrator would, and
// keeps its data for Restart.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.process == nil {
		return errors.New("only a server that Start started can be shut down")
	}
	// The server may end before it answers.
	if err := s.exec(ctx, "SHUTDOWN"); err != nil && !database.ConnectionLost(err) {
		return err
	}
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.process.wait(ctx); ctx.Err() != nil {
		return fmt.Errorf("wait for the server's end: %w", err)
	}
	return nil
}

// Restart starts a server again that Shutdown ended, on the same socket and
// with the same data.
func (s *Server) Restart(ctx context.Context) error {
	program, err := findProgram(ctx, s.Kind)
	if err != nil {
		return err
	}
	program.data = s.data
	if s.process, err = supervise(s.dir, s.log, program.serve(s.dir, s.Socket, ServerOptions{})); err != nil {
		return err
	}
	if err := s.waitUntilReady(ctx); err != nil {
		return s.failed(err)
	}
	return nil
}
