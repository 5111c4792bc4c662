package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// ErrNewer is what Migrate and CheckSchema wrap when the database was written
// by a later version of loyaltyd.
var ErrNewer = errors.New("the tables were made by a newer loyaltyd: install that version or a later one")

// ErrBehind is what CheckSchema wraps when migrations are missing.
var ErrBehind = errors.New("the tables are missing or out of date: run `loyaltyd migrate`")

// Component is a set of forward-only migrations, applied and recorded under
// its name: files NNNN_name.sql, numbered from 0001 without gaps, statements
// ended by ";" at the end of a line, table names with {p}. DDL commits by
// itself, so each statement must be harmless when it runs a second time.
type Component struct {
	Name   string
	Files  fs.FS
	Folder string // of the migrations within Files; empty: its root
}

// Number returns the number of the component's last migration.
func (c Component) Number() (int, error) {
	all, err := c.migrations()
	return len(all), err
}

// SQL returns the text of all migrations, in their order.
func (c Component) SQL() (string, error) {
	all, err := c.migrations()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, m := range all {
		text.WriteString(m.sql + "\n")
	}
	return text.String(), nil
}

type migration struct {
	number int
	name   string
	sql    string
}

func (c Component) migrations() ([]migration, error) {
	names, err := fs.Glob(c.Files, path.Join(c.Folder, "*.sql"))
	if err != nil {
		return nil, fmt.Errorf("list migrations of %s: %w", c.Name, err)
	}
	slices.Sort(names)
	all := make([]migration, 0, len(names))
	for i, file := range names {
		name := path.Base(file)
		text, err := fs.ReadFile(c.Files, file)
		if err != nil {
			return nil, fmt.Errorf("read migration %s of %s: %w", name, c.Name, err)
		}
		number, err := strconv.Atoi(strings.SplitN(name, "_", 2)[0])
		if err != nil || number != i+1 {
			return nil, fmt.Errorf("migration %s of %s: want number %04d", name, c.Name, i+1)
		}
		all = append(all, migration{number: number, name: name, sql: string(text)})
	}
	return all, nil
}

// Migrate brings the tables of the components up to date, in the order given,
// and returns the names of the migrations it applied.
func Migrate(ctx context.Context, db *sqlx.DB, prefix Prefix, components ...Component) ([]string, error) {
	_, err := db.ExecContext(ctx, prefix.SQL(`
		CREATE TABLE IF NOT EXISTS {p}loyalty_migrations (
		  component  VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
		  number     INT UNSIGNED NOT NULL,
		  name       VARCHAR(191) NOT NULL,
		  applied_at DATETIME(6) NOT NULL,
		  PRIMARY KEY (component, number)
		) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci`))
	if err != nil {
		return nil, fmt.Errorf("create table %sloyalty_migrations: %w", prefix, err)
	}
	var applied []string
	for _, component := range components {
		names, err := migrate(ctx, db, prefix, component)
		applied = append(applied, names...)
		if err != nil {
			return applied, err
		}
	}
	return applied, nil
}

func migrate(ctx context.Context, db *sqlx.DB, prefix Prefix, component Component) ([]string, error) {
	all, have, err := progress(ctx, db, prefix, component)
	if err != nil {
		return nil, err
	}
	var applied []string
	for _, m := range all[have:] {
		for _, statement := range statements(m.sql) {
			if _, err := db.ExecContext(ctx, prefix.SQL(statement)); err != nil {
				return applied, fmt.Errorf("migration %s of %s: %w", m.name, component.Name, err)
			}
		}
		_, err := db.ExecContext(ctx, prefix.SQL(`
			INSERT INTO {p}loyalty_migrations (component, number, name, applied_at)
			VALUES (?, ?, ?, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE number = number`),
			component.Name, m.number, m.name)
		if err != nil {
			return applied, fmt.Errorf("record migration %s of %s: %w", m.name, component.Name, err)
		}
		applied = append(applied, component.Name+"/"+m.name)
	}
	return applied, nil
}

// CheckSchema returns nil when every migration of the components has been
// applied and none that this binary does not know.
func CheckSchema(ctx context.Context, db *sqlx.DB, prefix Prefix, components ...Component) error {
	var rows []struct {
		Component string `db:"component"`
		Number    int    `db:"number"`
	}
	err := db.SelectContext(ctx, &rows, prefix.SQL(`SELECT component, MAX(number) AS number FROM {p}loyalty_migrations GROUP BY component`))
	const noSuchTable = 1146
	if Code(err) == noSuchTable {
		return ErrBehind
	}
	if err != nil {
		return fmt.Errorf("read %sloyalty_migrations: %w", prefix, err)
	}
	applied := map[string]int{}
	for _, row := range rows {
		applied[row.Component] = row.Number
	}
	for _, component := range components {
		all, err := component.migrations()
		if err != nil {
			return err
		}
		have := applied[component.Name]
		if have > len(all) {
			return newer(component, have, len(all))
		}
		if have < len(all) {
			return fmt.Errorf("%s: %w", all[have].name, ErrBehind)
		}
	}
	return nil
}

// progress returns the component's migrations and how many of them the
// database has.
func progress(ctx context.Context, db *sqlx.DB, prefix Prefix, component Component) ([]migration, int, error) {
	all, err := component.migrations()
	if err != nil {
		return nil, 0, err
	}
	var have int
	err = db.GetContext(ctx, &have, prefix.SQL(
		`SELECT COALESCE(MAX(number), 0) FROM {p}loyalty_migrations WHERE component = ?`), component.Name)
	if err != nil {
		return nil, 0, fmt.Errorf("read %sloyalty_migrations: %w", prefix, err)
	}
	if have > len(all) {
		return nil, 0, newer(component, have, len(all))
	}
	return all, have, nil
}

func newer(component Component, have, known int) error {
	return fmt.Errorf("%s is at migration %d, this loyaltyd knows %d: %w", component.Name, have, known, ErrNewer)
}

// statements splits the text of a migration at each ";" that ends a line, and
// leaves out empty lines and lines of comment.
func statements(text string) []string {
	var all, lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "--") {
			continue
		}
		statement, ended := strings.CutSuffix(line, ";")
		lines = append(lines, statement)
		if ended {
			all = append(all, strings.Join(lines, "\n"))
			lines = nil
		}
	}
	if len(lines) > 0 {
		all = append(all, strings.Join(lines, "\n"))
	}
	return all
}
