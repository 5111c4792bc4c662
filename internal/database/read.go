package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/jmoiron/sqlx"
)

// Reader reads many rows over one connection. It gives them as the driver has
// them: what database/sql does with each value of each row before it hands it
// over costs more than what becomes of it.
type Reader struct{ conn *sql.Conn }

// Read runs work with a connection of a handle from OpenStore, each statement
// by itself.
func Read(ctx context.Context, db *sqlx.DB, work func(*Reader) error) error {
	return withReader(ctx, db, "", work)
}

// ReadAtOnce runs work in a transaction that only reads, on a handle from
// OpenStore: all that is read is as it was at the first statement. A lost
// connection is returned as it is (ConnectionLost).
func ReadAtOnce(ctx context.Context, db *sqlx.DB, work func(*Reader) error) error {
	return withReader(ctx, db, "START TRANSACTION READ ONLY", work)
}

func withReader(ctx context.Context, db *sqlx.DB, begin string, work func(*Reader) error) error {
	conn, err := readyConn(ctx, db, begin)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if begin != "" {
		defer func() {
			if _, err := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err != nil {
				// Nobody else may find the transaction open.
				_ = conn.Raw(func(any) error { return driver.ErrBadConn })
			}
		}()
	}
	return work(&Reader{conn})
}

// readyConn returns a connection that answers: one that was idle may have been
// lost meanwhile.
func readyConn(ctx context.Context, db *sqlx.DB, first string) (*sql.Conn, error) {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		conn, err := db.Conn(ctx)
		if err != nil || first == "" {
			return conn, err
		}
		if _, err = conn.ExecContext(ctx, first); err == nil {
			return conn, nil
		}
		_ = conn.Close()
		if attempt == attempts || !errors.Is(err, driver.ErrBadConn) {
			return nil, err
		}
	}
}

// Each runs query and gives every row to visit, which must not use the reader.
// The row is good until visit returns. Of a value that is neither NULL nor a
// whole number it holds the server's text as []byte; whole numbers are int64 or,
// if the column has no sign, uint64.
func (r *Reader) Each(ctx context.Context, query string, args []any, visit func([]driver.Value) error) error {
	return r.conn.Raw(func(conn any) error {
		session, ok := conn.(interface {
			driver.QueryerContext
			driver.NamedValueChecker
		})
		if !ok {
			return fmt.Errorf("read rows: %T runs no queries", conn)
		}
		named := make([]driver.NamedValue, len(args))
		for i, arg := range args {
			named[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
			if err := session.CheckNamedValue(&named[i]); err != nil {
				return fmt.Errorf("argument %d: %w", i+1, err)
			}
		}
		rows, err := session.QueryContext(ctx, query, named)
		if err != nil {
			return err
		}
		return drain(rows, visit)
	})
}

func drain(rows driver.Rows, visit func([]driver.Value) error) (err error) {
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := visit(row); err != nil {
			return err
		}
	}
}
