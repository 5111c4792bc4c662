// Package database opens MySQL and MariaDB databases the way loyaltyd needs
// them, runs transactions that survive deadlocks and lost connections, and
// applies numbered migrations.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// Open returns a pool for dsn (in the form of go-sql-driver/mysql, with a
// database name) and proves that it answers. Sessions are strict, in UTC and
// in utf8mb4, their transactions READ COMMITTED, whatever the server's defaults
// are; DATETIME columns arrive as time.Time in UTC. The error says what to check and holds no password.
func Open(ctx context.Context, dsn string) (*sqlx.DB, error) {
	config, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	config.ParseTime = true
	return open(ctx, config, "READ COMMITTED")
}

// OpenStore is Open for reading a WordPress database: dates arrive as the
// text that is stored, because zero dates are ordinary there, and transactions
// are REPEATABLE READ.
func OpenStore(ctx context.Context, dsn string) (*sqlx.DB, error) {
	config, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	config.ParseTime = false
	return open(ctx, config, "REPEATABLE READ")
}

func parse(dsn string) (*mysql.Config, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		// The driver's message can quote the DSN, password included.
		return nil, fmt.Errorf("the DSN is not of the form user:password@tcp(host:port)/database or user:password@unix(/path/to.sock)/database")
	}
	// A server may ask for any file in answer to any statement.
	config.AllowAllFiles = false
	if config.DBName == "" {
		return nil, fmt.Errorf("the DSN for %s names no database: add /database at its end", config.Addr)
	}
	return config, nil
}

func open(ctx context.Context, config *mysql.Config, isolation string) (*sqlx.DB, error) {
	config.Loc = time.UTC
	config.Collation = "utf8mb4_unicode_520_ci"
	config.InterpolateParams = true
	config.Timeout = 10 * time.Second
	config.Logger = &mysql.NopLogger{}
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["time_zone"] = "'+00:00'"
	config.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
	config.Params["innodb_lock_wait_timeout"] = "20"
	config.Params["lock_wait_timeout"] = "20"
	// A machine that died in a transaction keeps its locks until the server
	// gives the session up: by default that takes eight hours. Connections of
	// the pool end sooner by themselves.
	config.Params["wait_timeout"] = "200"

	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("open database %s on %s: %w", config.DBName, config.Addr, err)
	}
	db := sqlx.NewDb(sql.OpenDB(isolated{connector, isolation}), "mysql")
	db.SetMaxOpenConns(8)
	// A crowd keeps its connections: a new one costs more than what it is for.
	db.SetMaxIdleConns(8)
	db.SetConnMaxIdleTime(30 * time.Second)
	db.SetConnMaxLifetime(3 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, connectError(config, err)
	}
	return db, nil
}

// room makes a statement long: the driver receives answers into the space that
// its longest statement took, else in pieces of 4 KiB, each a call of the
// system.
var room = strings.Repeat(" ", 32<<10)

// isolated gives each new session the isolation of its transactions, which
// would otherwise cost a statement in front of each one. No variable of that
// name is known to all servers.
type isolated struct {
	driver.Connector
	level string
}

func (c isolated) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	session, ok := conn.(driver.ExecerContext)
	if !ok {
		_ = conn.Close()
		return nil, fmt.Errorf("set the isolation of transactions: %T runs no statements", conn)
	}
	if _, err = session.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL "+c.level+room, nil); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("set the isolation of transactions: %w", err)
	}
	return conn, nil
}

// Server error numbers that a person can mend.
const (
	errAccessDenied   = 1045
	errDBAccessDenied = 1044
	errUnknownDB      = 1049
)

func connectError(config *mysql.Config, err error) error {
	switch Code(err) {
	case errAccessDenied:
		return fmt.Errorf("user %q may not log in to %s: check the user name and the password: %w", config.User, config.Addr, err)
	case errDBAccessDenied:
		return fmt.Errorf("user %q may not use database %q: run the SQL that `loyaltyd grants` prints: %w", config.User, config.DBName, err)
	case errUnknownDB:
		return fmt.Errorf("there is no database %q on %s: check its name: %w", config.DBName, config.Addr, err)
	}
	return fmt.Errorf("cannot reach the database server at %s: check that it runs and that the address is right: %w", config.Addr, err)
}
