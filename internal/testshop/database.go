package testshop

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
)

// Database is a fresh, empty database of one test.
type Database struct {
	Name   string
	Server *Server
	// Root is a superuser pool on the database, with the session settings of
	// loyaltyd itself (strict, UTC, DATETIME as time.Time).
	Root *sqlx.DB
}

// The environment of tests. The sockets are those of servers that somebody
// else runs, as `make test` does; without them each test binary starts its
// own.
const (
	// EnvRequire lists what tests fail without ("mariadb,mysql,wordpress");
	// tests that lack anything else are skipped, see Missing.
	EnvRequire = "LOYALTYD_TEST_REQUIRE"
	// EnvKeep, when "1", keeps the databases of tests and prints their names;
	// for tests in a shell under withservers, whose servers outlive them.
	EnvKeep = "KEEPDB"
)

// EnvSocket returns the variable that holds the socket of a running server.
func EnvSocket(kind Kind) string { return "LOYALTYD_TEST_" + strings.ToUpper(string(kind)) }

// Each runs test once for each brand of server, as a subtest named "mariadb"
// or "mysql", with a fresh empty database. A brand that is not installed is
// skipped with the reason, unless LOYALTYD_TEST_REQUIRE names it; when there
// is no server at all the test fails.
func Each(t *testing.T, test func(t *testing.T, db *Database)) {
	t.Helper()
	needAny(t)
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			server, err := shared(kind)
			if errors.Is(err, ErrNotInstalled) {
				Missing(t, string(kind), err)
			}
			if err != nil {
				t.Fatal(err)
			}
			test(t, server.newDatabase(t))
		})
	}
}

// New returns a fresh empty database on the first server there is, MariaDB if
// possible. When there is none the test fails.
func New(t testing.TB) *Database {
	t.Helper()
	return needAny(t).newDatabase(t)
}

// Fresh returns another empty database on the same server.
func (d *Database) Fresh(t testing.TB) *Database {
	t.Helper()
	return d.Server.newDatabase(t)
}

func needAny(t testing.TB) *Server {
	t.Helper()
	var reasons []string
	for _, kind := range Kinds() {
		server, err := shared(kind)
		if err == nil {
			return server
		}
		if !errors.Is(err, ErrNotInstalled) {
			t.Fatal(err)
		}
		reasons = append(reasons, err.Error())
	}
	t.Fatalf("this test needs a database server and there is none:\n  %s", strings.Join(reasons, "\n  "))
	return nil
}

// Missing ends a test for want of something, such as "mysql" or "chromium":
// where LOYALTYD_TEST_REQUIRE names that it fails, else it is skipped, and
// either way why is said.
func Missing(t testing.TB, what string, why any) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv(EnvRequire), ","), what) {
		t.Fatalf("%v (%s asks for %s)", why, EnvRequire, what)
	}
	t.Skip(why)
}

// shared returns the server that all tests of this process use; it ends with
// the process.
func shared(kind Kind) (*Server, error) {
	if kind == MariaDB {
		return sharedMariaDB()
	}
	return sharedMySQL()
}

var (
	sharedMariaDB = sync.OnceValues(func() (*Server, error) { return connect(MariaDB) })
	sharedMySQL   = sync.OnceValues(func() (*Server, error) { return connect(MySQL) })
)

func connect(kind Kind) (*Server, error) {
	ctx := context.Background()
	if socket := os.Getenv(EnvSocket(kind)); socket != "" {
		return Attach(ctx, kind, socket)
	}
	return Start(ctx, kind, ServerOptions{})
}

func (s *Server) newDatabase(t testing.TB) *Database {
	t.Helper()
	ctx := t.Context()
	db := &Database{Name: "test_" + unique(), Server: s}
	if err := s.CreateDatabase(ctx, db.Name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if os.Getenv(EnvKeep) == "1" {
			t.Logf("kept database %s on the %s server at %s", db.Name, s.Kind, s.Socket)
			return
		}
		// The test's own context has ended.
		if err := s.DropDatabase(context.WithoutCancel(ctx), db.Name); err != nil {
			t.Error(err)
		}
	})
	root, err := s.Open(ctx, db.Name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	db.Root = root
	return db
}

// unique returns a name that no other test of any process uses.
func unique() string {
	var random [6]byte
	_, _ = rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

// DSN returns the superuser's data source name for the database.
func (d *Database) DSN() string { return d.Server.DSN(d.Name) }

// User makes a user with a password, lets the superuser run grants in the
// database, and returns the user's data source name for it. In grants {user}
// stands for the quoted account 'name'@'%'; statements end with ";". The user
// is dropped when the test ends.
func (d *Database) User(t testing.TB, grants string) string {
	t.Helper()
	name, password := "u_"+unique(), unique()
	account := quoteText(name) + "@'%'"
	ctx := t.Context()
	if _, err := d.Root.ExecContext(ctx, "CREATE USER "+account+" IDENTIFIED BY "+quoteText(password)); err != nil {
		t.Fatalf("create a user: %v", err)
	}
	t.Cleanup(func() {
		if _, err := d.Root.ExecContext(context.WithoutCancel(ctx), "DROP USER IF EXISTS "+account); err != nil {
			t.Errorf("drop a user: %v", err)
		}
	})
	if err := run(ctx, d.Root, strings.NewReader(strings.ReplaceAll(grants, "{user}", account))); err != nil {
		t.Fatalf("grants: %v", err)
	}
	return d.Server.dsn(name, password, d.Name)
}

// Load runs the SQL of a dump, a .sql or .sql.gz file, in the database, with
// the lax SQL mode that WordPress gives its own sessions.
func (d *Database) Load(t testing.TB, path string) {
	t.Helper()
	if err := d.load(t.Context(), path); err != nil {
		t.Fatalf("load %s: %v", path, err)
	}
}

// String names the database and the version of its server.
func (d *Database) String() string { return fmt.Sprintf("%s on %s", d.Name, d.Server.Version) }
