// Package docs holds what is written about loyaltyd; its tests hold it to the
// truth.
package docs_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

func TestSchemaDocumentIsWhatMigrationMakes(t *testing.T) {
	testshop.Each(t, func(t *testing.T, migrated *testshop.Database) {
		ctx := context.Background()
		if _, err := database.Migrate(ctx, migrated.Root, "wp_", ledger.Component(), sync.Component()); err != nil {
			t.Fatal(err)
		}
		site := reports.Site{DB: migrated.Root, Prefix: "wp_"}
		if _, err := reports.Open(site, site).Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := database.Migrate(ctx, migrated.Root, "wp_", wpbridge.Component()); err != nil {
			t.Fatal(err)
		}
		documented := migrated.Fresh(t)
		run(t, documented.Root, "schema.sql")
		got, want := structure(t, documented.Root), structure(t, migrated.Root)
		if len(want) < 100 {
			t.Fatalf("only %d facts about the migrated tables were found", len(want))
		}
		for _, fact := range want {
			if !slices.Contains(got, fact) {
				t.Errorf("docs/schema.sql does not say: %s", fact)
			}
		}
		for _, fact := range got {
			if !slices.Contains(want, fact) {
				t.Errorf("docs/schema.sql says what is not so: %s", fact)
			}
		}
	})
}

func run(t *testing.T, db *sqlx.DB, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bare := regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(string(text), "")
	for statement := range strings.SplitSeq(bare, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%v in\n%s", err, statement)
		}
	}
}

// structure lists what the server knows about the tables of a database.
func structure(t *testing.T, db *sqlx.DB) []string {
	t.Helper()
	var facts []string
	for _, query := range []string{
		`SELECT CONCAT_WS(' ', TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE,
		   COALESCE(COLUMN_DEFAULT, '-'), COALESCE(COLLATION_NAME, '-'), EXTRA)
		 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()`,
		`SELECT CONCAT_WS(' ', TABLE_NAME, INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME)
		 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()`,
		`SELECT CONCAT_WS(' ', TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, '-'), COALESCE(TABLE_COLLATION, '-'))
		 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()`,
	} {
		var found []string
		if err := db.Select(&found, query); err != nil {
			t.Fatal(err)
		}
		facts = append(facts, found...)
	}
	var views []struct {
		Name     string `db:"TABLE_NAME"`
		Text     string `db:"VIEW_DEFINITION"`
		Security string `db:"SECURITY_TYPE"`
	}
	if err := db.Select(&views, `SELECT TABLE_NAME, VIEW_DEFINITION, SECURITY_TYPE FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()`); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := db.Get(&name, `SELECT DATABASE()`); err != nil {
		t.Fatal(err)
	}
	for _, view := range views {
		facts = append(facts, fmt.Sprint(view.Name, view.Security, strings.ReplaceAll(view.Text, name, "")))
	}
	return facts
}
