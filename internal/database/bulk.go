package database

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// Bulk writes many rows at once, in the fastest way that the server of a pool
// has: by LOAD DATA LOCAL where it lets clients do that, else by INSERTs as
// long as it takes. Both store the same and fail on the same. It is safe for
// use by several transactions at a time.
type Bulk struct {
	fewest int // rows that LOAD DATA is worth
	way    atomic.Int32
	lost   atomic.Int32 // connections, while the way was not known
}

// The ways of writing.
const (
	unknown int32 = iota
	byLoad
	byInsert
)

// defaultFewest is how many rows LOAD DATA is worth: with it goes a second
// statement, which asks for what it warned of.
const defaultFewest = 100

// NewBulk returns a Bulk that writes fewer rows than so many by INSERT, without
// asking what else the server lets it do; 0 is the default.
func NewBulk(fewest int) *Bulk {
	if fewest == 0 {
		fewest = defaultFewest
	}
	return &Bulk{fewest: fewest}
}

// Table says which columns of which table rows are for.
type Table struct {
	Name    string // in full
	Columns []string
	// Upsert says that a row takes the place of the one with its key. Without
	// it, that one is an error.
	Upsert bool
}

// Write writes the rows to the table as part of the transaction. After an
// error the transaction cannot be kept. Values that the columns cannot hold
// are errors, as are keys that are taken.
func (b *Bulk) Write(ctx context.Context, tx *sqlx.Tx, into Table, rows *Rows) error {
	if rows.Len() == 0 {
		return nil
	}
	if rows.alien != "" {
		return fmt.Errorf("write %d rows: %q is not ASCII", rows.Len(), rows.alien)
	}
	if rows.Len() < b.fewest || b.way.Load() == byInsert {
		return insert(ctx, tx, into, rows)
	}
	if b.way.Load() == unknown {
		if err := b.ask(ctx, tx); err != nil {
			return err
		}
	}
	if b.way.Load() == byInsert {
		return insert(ctx, tx, into, rows)
	}
	err := load(ctx, tx, into, rows)
	switch {
	case err == nil:
		b.way.Store(byLoad)
	case refused(err):
		b.way.Store(byInsert)
		return insert(ctx, tx, into, rows)
	case ConnectionLost(err) && b.way.Load() == unknown:
		b.lost.Add(1)
	}
	return err
}

// ask finds out whether to try LOAD DATA. What is between here and the server
// may break connections over it.
func (b *Bulk) ask(ctx context.Context, tx *sqlx.Tx) error {
	const tries = 3
	allowed, err := loads(ctx, tx)
	if err == nil && (!allowed || b.lost.Load() >= tries) {
		b.way.Store(byInsert)
	}
	return err
}

// loads reports whether the server's settings allow LOAD DATA LOCAL inside a
// transaction. A Galera node may be told to commit parts of it. A server that
// keeps no warnings would not tell of what did not fit.
func loads(ctx context.Context, tx *sqlx.Tx) (bool, error) {
	var settings []struct {
		Name  string `db:"Variable_name"`
		Value string `db:"Value"`
	}
	err := tx.SelectContext(ctx, &settings, `
		SHOW VARIABLES WHERE Variable_name IN ('local_infile', 'wsrep_load_data_splitting', 'max_error_count')`)
	if err != nil {
		return false, fmt.Errorf("ask whether LOAD DATA is allowed: %w", err)
	}
	allowed := false
	for _, s := range settings {
		on := strings.EqualFold(s.Value, "ON")
		switch strings.ToLower(s.Name) {
		case "local_infile":
			allowed = on
		case "max_error_count":
			if s.Value == "0" {
				return false, nil
			}
		default:
			if on {
				return false, nil
			}
		}
	}
	return allowed, nil
}

// refused reports whether a server, or what stands before it, does not do LOAD
// DATA LOCAL at all.
func refused(err error) bool {
	switch Code(err) {
	case 1148, 3948, 4166, // not allowed
		1064, 1105, 1235, 1295, // not known, or not like this
		1047,  // ProxySQL, which does not pass it on
		2, 29: // an older one, which looked for the file on its own machine
		return true
	}
	return false
}

// load writes the rows by LOAD DATA. LOCAL makes warnings of what would be
// errors and passes over rows whose keys are taken, so both are looked for.
func load(ctx context.Context, tx *sqlx.Tx, into Table, rows *Rows) error {
	name := rand.Text()
	mysql.RegisterReaderHandler(name, func() io.Reader { return bytes.NewReader(rows.text) })
	defer mysql.DeregisterReaderHandler(name)
	replace := ""
	if into.Upsert {
		replace = "REPLACE "
	}
	result, err := tx.ExecContext(ctx, `LOAD DATA LOCAL INFILE 'Reader::`+name+`' `+replace+`INTO TABLE `+into.Name+`
		CHARACTER SET binary FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (`+strings.Join(into.Columns, ", ")+`)`)
	if err != nil {
		return fmt.Errorf("load %d rows: %w", rows.Len(), err)
	}
	stored, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("load %d rows: %w", rows.Len(), err)
	}
	if err := warned(ctx, tx); err != nil {
		return fmt.Errorf("load %d rows: %w", rows.Len(), err)
	}
	// A row that takes the place of another one counts as two.
	if sent := int64(rows.Len()); stored != sent && (!into.Upsert || stored < sent || stored > 2*sent) {
		return fmt.Errorf("load %d rows: the server stored %d", sent, stored)
	}
	return nil
}

// warned returns what the last statement warned of, as an error.
func warned(ctx context.Context, tx *sqlx.Tx) error {
	var warnings []struct {
		Level   string `db:"Level"`
		Code    uint16 `db:"Code"`
		Message string `db:"Message"`
	}
	if err := tx.SelectContext(ctx, &warnings, `SHOW WARNINGS LIMIT 1`); err != nil {
		return fmt.Errorf("ask for warnings: %w", err)
	}
	if len(warnings) == 0 {
		return nil
	}
	return &mysql.MySQLError{Number: warnings[0].Code, Message: warnings[0].Message}
}

// longest is how many bytes of rows one INSERT takes. Beyond some ten
// thousand it gains nothing; a server takes 1 MiB or more of them.
const longest = 256 << 10

// insert writes the rows by INSERTs.
func insert(ctx context.Context, tx *sqlx.Tx, into Table, rows *Rows) error {
	head := `INSERT INTO ` + into.Name + ` (` + strings.Join(into.Columns, ", ") + `) VALUES `
	tail := ""
	if into.Upsert {
		set := make([]string, len(into.Columns))
		for i, column := range into.Columns {
			set[i] = column + ` = VALUES(` + column + `)`
		}
		tail = ` ON DUPLICATE KEY UPDATE ` + strings.Join(set, ", ")
	}
	for next := 0; next < rows.Len(); {
		first := next
		var statement []byte
		statement, next = rows.values([]byte(head), first, longest)
		if _, err := tx.ExecContext(ctx, string(append(statement, tail...))); err != nil {
			return fmt.Errorf("insert %d rows: %w", next-first, err)
		}
	}
	return nil
}
