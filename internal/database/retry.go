package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

const (
	maxAttempts  = 8
	firstBackoff = 20 * time.Millisecond
)

// Transact runs work in a transaction of a handle from Open and commits it.
// When the server asks for it (deadlock, lock wait, changed record) or the
// connection is lost, the whole of work runs again in a new transaction, a
// bounded number of times. The answer to a COMMIT can be lost although it happened, so work
// must find out from the database what is left to do.
func Transact(ctx context.Context, db *sqlx.DB, work func(*sqlx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := transactOnce(ctx, db, work)
		if err == nil || attempt == maxAttempts || !Retryable(err) {
			return err
		}
		backoff := firstBackoff << (attempt - 1)
		backoff += rand.N(backoff)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (last error: %w)", context.Cause(ctx), err)
		case <-time.After(backoff):
		}
	}
}

func transactOnce(ctx context.Context, db *sqlx.DB, work func(*sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	// After a lock wait timeout the server has rolled back one statement only.
	defer func() { _ = tx.Rollback() }()
	if err := work(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// NoRoom reports whether the server's disk is full. Nothing of the transaction
// that met it was kept.
func NoRoom(err error) bool {
	switch Code(err) {
	case 1021, // disk full
		1114: // table or tablespace full
		return true
	}
	return false
}

// Code returns the server's error number in err, or 0.
func Code(err error) uint16 {
	if server, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return server.Number
	}
	return 0
}

// Retryable reports whether a transaction that ended with err may succeed when
// it is run again as a whole.
func Retryable(err error) bool {
	switch Code(err) {
	case 1020, // record changed since last read (MariaDB, snapshot isolation)
		1205, // lock wait timeout
		1213: // deadlock
		return true
	}
	return ConnectionLost(err)
}

// ConnectionLost reports whether err says that the connection broke, so that
// it is not known whether the last statement took effect.
func ConnectionLost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	switch Code(err) {
	case 1053, // server shutdown in progress
		1927, // connection was killed (MariaDB)
		3169, // session was killed (MySQL)
		4031: // disconnected by the server for inactivity
		return true
	}
	var network net.Error
	return errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}
