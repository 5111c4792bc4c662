package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync/store"
)

// reader returns a pool for an account that may only read, as the daemon uses.
func reader(t *testing.T, db *testshop.Database) *sqlx.DB {
	t.Helper()
	dsn := db.User(t, "GRANT SELECT ON `"+db.Name+"`.* TO {user};")
	pool, err := database.OpenStore(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func open(t *testing.T, db *testshop.Database) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), reader(t, db), "wp_")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// at runs work on a snapshot of s and fails the test if that fails.
func at(t *testing.T, s *store.Store, work func(*store.Snapshot) error) {
	t.Helper()
	if err := s.Snapshot(t.Context(), work); err != nil {
		t.Fatal(err)
	}
}

// read returns what get reads in a snapshot of s.
func read[T any](t *testing.T, s *store.Store, get func(*store.Snapshot) (T, error)) T {
	t.Helper()
	var value T
	at(t, s, func(sn *store.Snapshot) (err error) {
		value, err = get(sn)
		return err
	})
	return value
}

// shared returns the path of a file of the stores that are kept beside the
// repository, and skips the test where they are not.
func shared(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "stores", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the recorded stores are not here: %v", err)
	}
	return path
}
