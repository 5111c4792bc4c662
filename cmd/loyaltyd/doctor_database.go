package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/grants"
	"loyaltyd/sync/store"
)

var versionNumbers = regexp.MustCompile(`(\d+)\.(\d+)`)

// oldServer returns what is wrong with a server that calls itself version, or
// "". The limits are those of the SQL that loyaltyd uses.
func oldServer(version string) string {
	// MariaDB put 5.5.5- before its version to get past old clients.
	parts := versionNumbers.FindStringSubmatch(strings.TrimPrefix(version, "5.5.5-"))
	if parts == nil {
		return "its version cannot be read"
	}
	major, _ := strconv.Atoi(parts[1])
	minor, _ := strconv.Atoi(parts[2])
	if strings.Contains(version, "MariaDB") {
		if major < 10 || major == 10 && minor < 6 {
			return "MariaDB before 10.6 is not supported"
		}
		return ""
	}
	if major < 8 {
		return "MySQL before 8.0 is not supported"
	}
	return ""
}

func (x *examination) servers(ctx context.Context) {
	for _, s := range x.servedBy() {
		var version string
		if err := s.db.GetContext(ctx, &version, `SELECT VERSION()`); err != nil {
			x.failed("server", fmt.Errorf("ask the %s server for its version: %w", s.name, err))
			continue
		}
		if problem := oldServer(version); problem != "" {
			x.add(failure, "server", "use MariaDB 10.6 or MySQL 8.0, or later", "the %s runs on %s: %s", s.name, version, problem)
			continue
		}
		x.ok("server", "the %s runs on %s", s.name, version)
	}
}

// served is a database with its part.
type served struct {
	name string
	db   *sqlx.DB
}

func (x *examination) servedBy() []served {
	all := []served{{"store", x.siteDB}}
	if x.ownLedger() {
		all = append(all, served{"ledger", x.ledgerDB})
	}
	return all
}

const runGrants = "run the SQL that `loyaltyd grants` prints"

// tableTroubles collects tables by what is wrong with them, so that one cause
// is told once.
type tableTroubles struct {
	tables []string
	first  error
}

func (t *tableTroubles) add(table string, err error) {
	if !slices.Contains(t.tables, table) {
		t.tables = append(t.tables, table)
	}
	if t.first == nil {
		t.first = err
	}
}

// String returns the tables and what the server said of the first.
func (t *tableTroubles) String() string {
	return fmt.Sprintf("%s (%v)", strings.Join(t.tables, ", "), t.first)
}

// readingRights tries to read each column that is needed.
func (x *examination) readingRights(ctx context.Context) {
	found := lookAtTables(ctx, x.site)
	var denied tableTroubles
	for _, table := range grants.StoreTables() {
		if table.Orders && !found.orders {
			continue
		}
		name := table.FullName(x.site.Prefix, found.users)
		if err := tryReading(ctx, x.storeDB, name, table.Columns); err != nil {
			denied.add(string(name), err)
		}
	}
	if len(denied.tables) > 0 {
		x.add(failure, "rights", runGrants, "cannot read %s", &denied)
		return
	}
	x.ok("rights", "all that is needed of the store can be read")
}

func tryReading(ctx context.Context, db *sqlx.DB, table database.TableName, columns []string) error {
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+table.SQL()+" LIMIT 0")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // nothing was read
	return rows.Err()
}

// writingRights tries to change nothing in each of loyaltyd's own tables, in
// a transaction that is rolled back.
func (x *examination) writingRights(ctx context.Context) {
	var denied tableTroubles
	var missing []string
	for _, h := range x.homes() {
		own, err := grants.OwnTables(h.components...)
		if err != nil {
			x.failed("rights", err)
			return
		}
		for _, table := range own {
			if table.View {
				continue
			}
			name := x.site.Prefix.SQL(table.Name)
			switch err := tryWriting(ctx, h.db, name, table.AddOnly); {
			case errors.Is(err, sql.ErrNoRows):
				missing = append(missing, name)
			case err != nil:
				denied.add(name, err)
			}
		}
	}
	if len(missing) > 0 {
		x.add(failure, "tables", "restore loyaltyd's tables from a backup, all of them together",
			"these are gone, or this user may not see them: %s", strings.Join(missing, ", "))
	}
	switch {
	case len(denied.tables) > 0:
		x.add(failure, "rights", runGrants, "cannot write loyaltyd's own tables: %s", &denied)
	case len(missing) == 0:
		x.ok("rights", "loyaltyd's own tables can be written")
	}
}

func tryWriting(ctx context.Context, db *sqlx.DB, table string, addOnly bool) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	var column string
	err = tx.GetContext(ctx, &column, `
		SELECT column_name FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position LIMIT 1`, table)
	if err != nil {
		return fmt.Errorf("look at table %s: %w", table, err)
	}
	statements := []string{"INSERT INTO `" + table + "` SELECT * FROM `" + table + "` WHERE 1 = 0"}
	if !addOnly {
		statements = append(statements,
			"UPDATE `"+table+"` SET `"+column+"` = `"+column+"` WHERE 1 = 0",
			"DELETE FROM `"+table+"` WHERE 1 = 0")
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// changing are the privileges with which something could be changed.
const changing = `'INSERT', 'UPDATE', 'DELETE', 'DROP', 'ALTER', 'SUPER', 'FILE', 'CREATE USER'`

// otherRights warns when the user may change more than loyaltyd's own tables.
// Rights that come through a role are not seen.
func (x *examination) otherRights(ctx context.Context) {
	for _, s := range x.servedBy() {
		own := string(x.site.Prefix) + "loyalty_"
		var more []string
		// The servers show only the user's own rights, unless he may see all;
		// his name is written as in CURRENT_USER, with quotes.
		err := s.db.SelectContext(ctx, &more, `
			SELECT DISTINCT place FROM (
			  SELECT 'every database' AS place FROM information_schema.user_privileges
			  WHERE grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AND privilege_type IN (`+changing+`)
			  UNION ALL
			  SELECT CONCAT('all tables of ', table_schema) FROM information_schema.schema_privileges
			  WHERE grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AND privilege_type IN (`+changing+`)
			  UNION ALL
			  SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.table_privileges
			  WHERE grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AND privilege_type IN (`+changing+`)
			    AND (table_schema <> DATABASE() OR LEFT(table_name, CHAR_LENGTH(?)) <> ?)
			) p ORDER BY place LIMIT 5`, own, own)
		switch {
		case err != nil:
			x.add(warning, "rights", "", "the rights of the %s's user could not be listed: %v", s.name, err)
		case len(more) > 0:
			x.add(warning, "rights", "give loyaltyd a user of its own for each store and "+runGrants,
				"the %s's user may change more than needed: %s", s.name, strings.Join(more, ", "))
		default:
			x.ok("rights", "the %s's user can change nothing but loyaltyd's own tables", s.name)
		}
	}
}

// snapshot reads the store once.
func (x *examination) snapshot(ctx context.Context, work func(*store.Snapshot) error) error {
	return x.store.Snapshot(ctx, work)
}

func (x *examination) sql(query string) string { return x.site.Prefix.SQL(query) }
