// Package testshop gives tests and the demo what they run against: private
// MariaDB and MySQL servers, empty databases on them, and a
// WooCommerce-shaped store.
package testshop

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// Kind is the brand of a database server.
type Kind string

// The brands that loyaltyd supports, in the order in which tests prefer them.
const (
	MariaDB Kind = "mariadb"
	MySQL   Kind = "mysql"
)

// Kinds returns every brand, the preferred one first.
func Kinds() []Kind { return []Kind{MariaDB, MySQL} }

// ServerOptions say how a private server runs. The zero value is right for tests.
type ServerOptions struct {
	// Durable makes every commit reach the disk, as a shop's server does. A
	// server that is not durable loses commits with the machine, not with the
	// process.
	Durable bool
	// BufferPool is InnoDB's cache in MiB; 0 means 128.
	BufferPool int
	// Data is where the server keeps its data: what a server left there before
	// is taken up, and stays when this one ends. Empty means a directory that
	// is new and goes with the server.
	Data string
	// Extra are further options of the server program, such as "--sql-mode=".
	Extra []string
}

// Server is a database server: one that Start started, or one that Attach
// found running. Its superuser is root without a password.
type Server struct {
	Kind Kind
	// Socket is the path of the Unix socket, the only way in.
	Socket string
	// Version is what the server says it is, such as "10.11.19-MariaDB".
	Version string

	dir     string
	data    string // the data directory
	log     *os.File
	process *process
}

// A server is up within some seconds; a machine under load takes longer.
const startTimeout = 2 * time.Minute

// Start makes an empty private server in a temporary directory, listening on
// a Unix socket only, and returns when it answers. Nothing of the machine's
// own database configuration is read. When this process ends without Stop,
// whatever ended it, the server ends too and its directory is removed. When
// the program is missing the error wraps ErrNotInstalled; when the server does
// not come up the error shows the end of its log.
func Start(ctx context.Context, kind Kind, options ServerOptions) (*Server, error) {
	program, err := findProgram(ctx, kind)
	if err != nil {
		return nil, err
	}
	dir, err := temporaryDirectory()
	if err != nil {
		return nil, err
	}
	server, err := start(ctx, program, dir, options)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("start a private %s server: %w", kind, err)
	}
	return server, nil
}

// temporaryDirectory returns a new directory whose path is short enough for
// the address of a Unix socket in it: about 100 bytes on every system.
func temporaryDirectory() (string, error) {
	const roomForName = 70
	parent := os.TempDir()
	if len(parent) > roomForName {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "loyaltyd-db-")
	if err != nil {
		return "", fmt.Errorf("make a directory for a private database server: %w", err)
	}
	return dir, nil
}

func start(ctx context.Context, program program, dir string, options ServerOptions) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, fmt.Errorf("create its log: %w", err)
	}
	server := &Server{Kind: program.kind, Socket: filepath.Join(dir, "s.sock"), dir: dir, log: log}
	server.data = cmp.Or(options.Data, filepath.Join(dir, "data"))
	program.data = server.data
	if err := server.initialize(ctx, program); err != nil {
		return nil, err
	}
	server.process, err = supervise(dir, log, program.serve(dir, server.Socket, options))
	if err != nil {
		return nil, err
	}
	if err := server.waitUntilReady(ctx); err != nil {
		server.process.stop()
		return nil, server.failed(err)
	}
	return server, nil
}

// initialize makes the data directory unless one is there.
func (s *Server) initialize(ctx context.Context, program program) error {
	if _, err := os.Stat(program.data); err == nil {
		return nil
	}
	setup, err := supervise(s.dir, s.log, program.initialize())
	if err != nil {
		return err
	}
	defer setup.stop()
	if err := setup.wait(ctx); err != nil {
		return s.failed(fmt.Errorf("make its data directory: %w", errors.Join(err, os.RemoveAll(program.data))))
	}
	return nil
}

func (s *Server) waitUntilReady(ctx context.Context) error {
	const interval = 25 * time.Millisecond
	for {
		err := s.identify(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.process.exited:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-time.After(interval):
		}
	}
}

// identify asks the server for its version.
func (s *Server) identify(ctx context.Context) error {
	config, err := mysql.ParseDSN(s.DSN(""))
	if err != nil {
		return fmt.Errorf("address %s: %w", s.Socket, err)
	}
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("address %s: %w", s.Socket, err)
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&s.Version); err != nil {
		return fmt.Errorf("ask the server at %s for its version: %w", s.Socket, err)
	}
	return nil
}

// failed adds the end of the server's log to err.
func (s *Server) failed(err error) error {
	const lines = 80
	text, readErr := os.ReadFile(s.log.Name())
	if readErr != nil {
		return fmt.Errorf("%w (its log cannot be read: %w)", err, readErr)
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return fmt.Errorf("%w; the end of its log:\n  %s", err, strings.Join(all, "\n  "))
}

// PID returns the number of the server's process, if Start started it.
func (s *Server) PID() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, "pid"))
	if err != nil {
		return 0, fmt.Errorf("read the process number of the private %s server: %w", s.Kind, err)
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// Attach returns the server that listens on the Unix socket at path and is of
// that kind. Stop leaves it running.
func Attach(ctx context.Context, kind Kind, path string) (*Server, error) {
	server := &Server{Kind: kind, Socket: path}
	if err := server.identify(ctx); err != nil {
		return nil, err
	}
	return server, nil
}

// DSN returns the superuser's data source name for a database on the server,
// which may be "".
func (s *Server) DSN(database string) string {
	return s.dsn("root", "", database)
}

func (s *Server) dsn(user, password, database string) string {
	config := mysql.NewConfig()
	config.User = user
	config.Passwd = password
	config.Net = "unix"
	config.Addr = s.Socket
	config.DBName = database
	return config.FormatDSN()
}

// Open returns a superuser pool on a database, which must exist, with the
// session settings of loyaltyd itself (see database.Open).
func (s *Server) Open(ctx context.Context, name string) (*sqlx.DB, error) {
	db, err := database.Open(ctx, s.DSN(name))
	if err != nil {
		return nil, fmt.Errorf("open %s on the private %s server: %w", name, s.Kind, err)
	}
	return db, nil
}

// CreateDatabase makes an empty utf8mb4 database, of the collation that
// WordPress uses on both brands.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	return s.exec(ctx, "CREATE DATABASE "+quoteName(name)+" CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci")
}

// DropDatabase removes a database.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	return s.exec(ctx, "DROP DATABASE IF EXISTS "+quoteName(name))
}

// exec runs statements as the superuser on one connection, in no database.
func (s *Server) exec(ctx context.Context, statements ...string) error {
	db, err := s.Open(ctx, "mysql")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	connection, err := db.Connx(ctx)
	if err != nil {
		return fmt.Errorf("connect to the private %s server: %w", s.Kind, err)
	}
	defer func() { _ = connection.Close() }()
	for _, statement := range statements {
		if _, err := connection.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s on the private %s server: %w", statement, s.Kind, err)
		}
	}
	return nil
}

// Stop ends a server that Start started, waits for it and removes its
// directory. A second call does nothing.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	s.process.stop()
	_ = s.log.Close()
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("remove the private %s server's directory: %w", s.Kind, err)
	}
	return nil
}

func quoteName(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

func quoteText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
