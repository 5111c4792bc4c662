package testshop_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
)

// throughProxy returns a proxy to db and a pool through it that has a table.
func throughProxy(t *testing.T, db *testshop.Database) (*testshop.Proxy, *sqlx.DB) {
	t.Helper()
	proxy := testshop.StartProxy(t, db.DSN())
	pool, err := database.Open(t.Context(), proxy.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	if _, err := pool.ExecContext(t.Context(), "CREATE TABLE seen (n INT PRIMARY KEY) ENGINE=InnoDB"); err != nil {
		t.Fatal(err)
	}
	return proxy, pool
}

// insertOnce inserts n in a transaction of three packets.
func insertOnce(ctx context.Context, pool *sqlx.DB, n int) error {
	tx, err := pool.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "INSERT INTO seen VALUES (?)", n); err != nil {
		return err
	}
	return tx.Commit()
}

func count(t *testing.T, db *testshop.Database) (n int) {
	t.Helper()
	if err := db.Root.GetContext(t.Context(), &n, "SELECT COUNT(*) FROM seen"); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestProxyLosesTheAnswerToCommitAfterItHappened(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		proxy, pool := throughProxy(t, db)
		proxy.LoseCommit(1)
		if err := insertOnce(t.Context(), pool, 1); err != nil {
			t.Fatalf("the first COMMIT is to be answered: %v", err)
		}
		if err := insertOnce(t.Context(), pool, 2); !database.ConnectionLost(err) {
			t.Errorf("the second COMMIT answered %v, want a lost connection", err)
		}
		if got := count(t, db); got != 2 {
			t.Errorf("%d rows, want both: the server committed", got)
		}
		if err := insertOnce(t.Context(), pool, 3); err != nil {
			t.Errorf("after the order was carried out: %v", err)
		}
		if got := proxy.Broken(); got != 1 {
			t.Errorf("%d connections broken, want 1", got)
		}
	})
}

func TestProxyCutsBeforeTheServerSeesThePacket(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		proxy, pool := throughProxy(t, db)
		// BEGIN and INSERT pass, COMMIT does not.
		proxy.CutAfter(2)
		if err := insertOnce(t.Context(), pool, 1); !database.ConnectionLost(err) {
			t.Errorf("the cut COMMIT answered %v, want a lost connection", err)
		}
		if got := count(t, db); got != 0 {
			t.Errorf("%d rows, want none: no COMMIT arrived", got)
		}
		if got := proxy.Broken(); got != 1 {
			t.Errorf("%d connections broken, want 1", got)
		}
	})
}

func TestProxyDelays(t *testing.T) {
	proxy, pool := throughProxy(t, testshop.New(t))
	proxy.Delay(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := insertOnce(ctx, pool, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a delayed packet was answered with %v", err)
	}
}
