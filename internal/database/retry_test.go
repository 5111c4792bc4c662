package database_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
)

// tally makes a table of two numbered rows and returns how to read a row.
func tally(t *testing.T, db *testshop.Database) func(id int) int {
	t.Helper()
	for _, query := range []string{
		"CREATE TABLE tally (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB", "INSERT INTO tally VALUES (1, 0), (2, 0)",
	} {
		if _, err := db.Root.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	return func(id int) (n int) {
		if err := db.Root.GetContext(t.Context(), &n, "SELECT n FROM tally WHERE id = ?", id); err != nil {
			t.Fatal(err)
		}
		return n
	}
}

func add(ctx context.Context, tx *sqlx.Tx, id int) error {
	_, err := tx.ExecContext(ctx, "UPDATE tally SET n = n + 1 WHERE id = ?", id)
	return err
}

func TestTransactRunsTheVictimOfADeadlockAgain(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx, n := t.Context(), tally(t, db)
		var both, done sync.WaitGroup
		both.Add(2)
		var runs [2]int
		for i := range 2 {
			done.Go(func() {
				err := database.Transact(ctx, db.Root, func(tx *sqlx.Tx) error {
					runs[i]++
					if err := add(ctx, tx, 1+i); err != nil {
						return err
					}
					if runs[i] == 1 { // each has its first row: now they want each other's
						both.Done()
						both.Wait()
					}
					return add(ctx, tx, 2-i)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if runs[0]+runs[1] < 3 {
			t.Error("there was no deadlock")
		}
		if n(1) != 2 || n(2) != 2 {
			t.Errorf("the rows are %d and %d, want 2 each", n(1), n(2))
		}
	})
}

// The server rolls back only the statement that waited too long; committing
// the rest would keep half of the work.
func TestTransactRepeatsTheWholeAfterALockWaitTimeout(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx, n := t.Context(), tally(t, db)
		blocker, err := db.Root.BeginTxx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := add(ctx, blocker, 2); err != nil {
			t.Fatal(err)
		}
		runs := 0
		err = database.Transact(ctx, db.Root, func(tx *sqlx.Tx) error {
			if runs++; runs == 2 {
				if err := blocker.Rollback(); err != nil {
					t.Error(err)
				}
			}
			if _, err := tx.ExecContext(ctx, "SET SESSION innodb_lock_wait_timeout = 1"); err != nil {
				return err
			}
			if err := add(ctx, tx, 1); err != nil {
				return err
			}
			return add(ctx, tx, 2)
		})
		if err != nil || runs != 2 || n(1) != 1 || n(2) != 1 {
			t.Errorf("after %d runs the rows are %d and %d, %v; want 1 each after 2", runs, n(1), n(2), err)
		}
	})
}

func TestTransactRunsAgainWhenTheAnswerToCommitIsLost(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx, n := t.Context(), tally(t, db)
		proxy := testshop.StartProxy(t, db.DSN())
		pool, err := database.Open(ctx, proxy.DSN())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = pool.Close() }()
		proxy.LoseCommit(0)
		runs := 0
		err = database.Transact(ctx, pool, func(tx *sqlx.Tx) error {
			runs++
			var done int
			if err := tx.GetContext(ctx, &done, "SELECT n FROM tally WHERE id = 1"); err != nil || done > 0 {
				return err
			}
			return add(ctx, tx, 1)
		})
		if err != nil || runs != 2 || n(1) != 1 {
			t.Errorf("after %d runs the row is %d, %v; want 1 after 2", runs, n(1), err)
		}
	})
}

func TestTransactGivesUp(t *testing.T) {
	db := testshop.New(t)
	n := tally(t, db)
	deadlock := &mysql.MySQLError{Number: 1213}
	reason := errors.New("told to stop")

	t.Run("at once when running again cannot help", func(t *testing.T) {
		runs := 0
		err := database.Transact(t.Context(), db.Root, func(tx *sqlx.Tx) error {
			runs++
			if err := add(t.Context(), tx, 1); err != nil {
				return err
			}
			_, err := tx.ExecContext(t.Context(), "INSERT INTO tally VALUES (1, 1)")
			return fmt.Errorf("insert: %w", err)
		})
		if database.Code(err) != 1062 || runs != 1 {
			t.Errorf("%d runs, %v", runs, err)
		}
	})
	t.Run("after some attempts", func(t *testing.T) {
		runs := 0
		err := database.Transact(t.Context(), db.Root, func(tx *sqlx.Tx) error {
			runs++
			return errors.Join(add(t.Context(), tx, 1), deadlock)
		})
		if !errors.Is(err, deadlock) || runs < 3 || runs > 20 {
			t.Errorf("%d runs, %v", runs, err)
		}
	})
	t.Run("when told to stop between attempts", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		runs := 0
		err := database.Transact(ctx, db.Root, func(*sqlx.Tx) error {
			runs++
			cancel(reason)
			return deadlock
		})
		if !errors.Is(err, reason) || !errors.Is(err, deadlock) || runs != 1 {
			t.Errorf("%d runs, %v; want both reasons", runs, err)
		}
	})
	if n(1) != 0 {
		t.Errorf("%d of the failed transactions were kept", n(1))
	}
}

func TestWhatMayBeRunAgain(t *testing.T) {
	server := func(n uint16) error {
		return fmt.Errorf("post: %w", &mysql.MySQLError{Number: n, Message: "as the server says"})
	}
	tests := []struct {
		name      string
		err       error
		lost      bool
		retryable bool
	}{
		{"nothing", nil, false, false},
		{"deadlock", server(1213), false, true},
		{"lock wait timeout", server(1205), false, true},
		{"record changed", server(1020), false, true},
		{"duplicate", server(1062), false, false},
		{"interrupted by KILL QUERY", server(1317), false, false},
		{"server shuts down", server(1053), true, true},
		{"killed, MariaDB", server(1927), true, true},
		{"killed, MySQL", server(3169), true, true},
		{"inactive", server(4031), true, true},
		{"invalid connection", fmt.Errorf("commit: %w", mysql.ErrInvalidConn), true, true},
		{"bad connection", driver.ErrBadConn, true, true},
		{"end of file", io.EOF, true, true},
		{"cut in a packet", io.ErrUnexpectedEOF, true, true},
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true, true},
		{"cancelled", context.Canceled, false, false},
		{"cancelled while a connection broke", errors.Join(context.Canceled, mysql.ErrInvalidConn), false, false},
		{"deadline", context.DeadlineExceeded, false, false},
		{"no rows", sql.ErrNoRows, false, false},
	}
	for _, test := range tests {
		if got := database.ConnectionLost(test.err); got != test.lost {
			t.Errorf("%s: lost %v, want %v", test.name, got, test.lost)
		}
		if got := database.Retryable(test.err); got != test.retryable {
			t.Errorf("%s: retryable %v, want %v", test.name, got, test.retryable)
		}
	}
}
