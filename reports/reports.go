// Package reports keeps the tables that a shop reads about its points, and
// reads them: the status of the programme, the sources of points, the top
// earners, the history. It knows the ledger's tables and nothing else.
//
// A refresh costs what changed since the last one. The ledger keeps daily
// sums; this package keeps, for each period, what each customer did in it, and
// adds to that what is new. When the ledger lives in another database than the
// site, the site gets copies of what it reads.
package reports

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// Site is a database and the prefix of the tables in it.
type Site struct {
	DB     *sqlx.DB
	Prefix database.Prefix
}

// Reports keeps and reads the report tables of one site.
type Reports struct {
	db     *sqlx.DB
	prefix database.Prefix
	ledger Site
	copied bool // the ledger lives elsewhere: the site has copies
	listed int  // how long the lists of earners are
}

// Open returns the reports of a site over a ledger. The report tables live in
// site's database; when ledger is the same database with the same prefix, they
// stand beside the ledger's own tables, else those the site reads are copied.
func Open(site, ledger Site) *Reports {
	return &Reports{db: site.DB, prefix: site.Prefix, ledger: ledger, copied: site != ledger, listed: listedEarners}
}

//go:embed schema
var schema embed.FS

// Components returns the migrations of the report tables in the order in which
// database.Migrate and database.CheckSchema need them. The view of a ledger in
// the same database comes last and needs the ledger's tables.
func (r *Reports) Components() []database.Component {
	second := database.Component{Name: "reports_view", Files: schema, Folder: "schema/view"}
	if r.copied {
		second = database.Component{Name: "reports_copies", Files: schema, Folder: "schema/copies"}
	}
	return []database.Component{{Name: "reports", Files: schema, Folder: "schema"}, second}
}

// Migrate brings the report tables up to date and returns the names of the
// migrations it applied.
func (r *Reports) Migrate(ctx context.Context) ([]string, error) {
	if err := r.CheckHome(ctx); err != nil {
		return nil, err
	}
	applied, err := database.Migrate(ctx, r.db, r.prefix, r.Components()...)
	if err != nil {
		return applied, fmt.Errorf("make the report tables: %w", err)
	}
	return applied, nil
}

// CheckHome refuses a site whose ledger changed its home, where a table would
// be taken for its copy or the other way round. Call it before any tables are
// made.
func (r *Reports) CheckHome(ctx context.Context) error {
	var kind []string
	table := "loyalty_points_history"
	if r.copied {
		table = "loyalty_entries"
	}
	err := r.db.SelectContext(ctx, &kind, `
		SELECT table_type FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?`,
		string(r.prefix)+table)
	switch {
	case err != nil:
		return fmt.Errorf("look for table %s%s: %w", r.prefix, table, err)
	case r.copied && len(kind) > 0:
		return fmt.Errorf("ledger.dsn names another database, but the site's database holds a ledger too (table %s%s): remove ledger.dsn, or move that ledger and drop its tables", r.prefix, table)
	case !r.copied && len(kind) > 0 && kind[0] != "VIEW":
		return fmt.Errorf("the site's database holds copies of a ledger that lives elsewhere (table %s%s): set ledger.dsn to it, or drop the copies", r.prefix, table)
	}
	return nil
}

// sql completes a statement on the site's tables: {p} is the prefix, {entries}
// the table of entries in the site's database, {id} the entry's number in it.
func (r *Reports) sql(query string) string {
	entries, id := "{p}loyalty_entries", "id"
	if r.copied {
		entries, id = "{p}loyalty_points_history", "entry_id"
	}
	return r.prefix.SQL(strings.NewReplacer("{entries}", entries, "{id}", id).Replace(query))
}

// values returns the placeholders of n rows of so many columns.
func values(columns, n int) string {
	row := "(" + strings.Repeat("?,", columns-1) + "?)"
	return strings.Repeat(row+",", n-1) + row
}
