package database_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
)

const wp = database.Prefix("wp_")

func component(name string, files ...string) database.Component {
	all := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		all[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return database.Component{Name: name, Files: all}
}

const (
	one = "-- The first.\nCREATE TABLE IF NOT EXISTS {p}one (n INT PRIMARY KEY);\n"
	two = "CREATE TABLE IF NOT EXISTS {p}two (n INT);\nINSERT INTO {p}one VALUES (1) ON DUPLICATE KEY UPDATE n = n;\n"
)

func migrate(t *testing.T, db *testshop.Database, components ...database.Component) []string {
	t.Helper()
	applied, err := database.Migrate(t.Context(), db.Root, wp, components...)
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func TestMigrateAppliesWhatIsMissing(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		old := component("shelf", "0001_one.sql", one)
		now := component("shelf", "0002_two.sql", two, "0001_one.sql", one, "README.md", "not SQL")
		other := component("other", "0001_three.sql", "CREATE TABLE {p}three (n INT)")

		if err := database.CheckSchema(ctx, db.Root, wp, old); !errors.Is(err, database.ErrBehind) {
			t.Errorf("an empty database: %v", err)
		}
		if diff := cmp.Diff([]string{"shelf/0001_one.sql"}, migrate(t, db, old)); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		if err := database.CheckSchema(ctx, db.Root, wp, old); err != nil {
			t.Errorf("up to date: %v", err)
		}
		if err := database.CheckSchema(ctx, db.Root, wp, old, now); !errors.Is(err, database.ErrBehind) || !strings.Contains(err.Error(), "0002_two") {
			t.Errorf("one behind: %v", err)
		}
		if err := database.CheckSchema(ctx, db.Root, wp, other); !errors.Is(err, database.ErrBehind) {
			t.Errorf("a component that was never applied: %v", err)
		}
		if diff := cmp.Diff([]string{"shelf/0002_two.sql", "other/0001_three.sql"}, migrate(t, db, now, other)); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		if again := migrate(t, db, now, other); len(again) != 0 {
			t.Errorf("applied again: %v", again)
		}
		if err := database.CheckSchema(ctx, db.Root, wp, now, other); err != nil {
			t.Errorf("up to date: %v", err)
		}
		// An older loyaltyd meets the newer tables.
		for _, err := range []error{
			database.CheckSchema(ctx, db.Root, wp, old),
			func() error { _, err := database.Migrate(ctx, db.Root, wp, old); return err }(),
		} {
			if !errors.Is(err, database.ErrNewer) || !strings.Contains(err.Error(), "is at migration 2") {
				t.Errorf("an older binary: %v", err)
			}
		}
		// Another site of the same database has its own tables.
		if applied, err := database.Migrate(ctx, db.Root, "wp_2_", now); err != nil || len(applied) != 2 {
			t.Errorf("another prefix: %v, %v", applied, err)
		}
	})
}

func TestAMigrationThatWasInterruptedRunsAgainWhole(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		broken := component("shelf", "0001_one.sql", one, "0002_two.sql", two+"INSERT INTO {p}missing VALUES (1);\n", "0003_three.sql", two)
		applied, err := database.Migrate(ctx, db.Root, wp, broken)
		if err == nil || !strings.Contains(err.Error(), "0002_two.sql of shelf") {
			t.Errorf("a broken migration: %v", err)
		}
		if diff := cmp.Diff([]string{"shelf/0001_one.sql"}, applied); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		if err := database.CheckSchema(ctx, db.Root, wp, broken); !errors.Is(err, database.ErrBehind) {
			t.Errorf("after the interruption: %v", err)
		}
		mended := component("shelf", "0001_one.sql", one, "0002_two.sql", two)
		if diff := cmp.Diff([]string{"shelf/0002_two.sql"}, migrate(t, db, mended)); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
	})
}

// Two programs that start at once bring the tables up to date together.
func TestConcurrentMigrations(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		var group sync.WaitGroup
		all := component("shelf", "0001_one.sql", one, "0002_two.sql", two)
		for range 4 {
			group.Go(func() {
				if _, err := database.Migrate(t.Context(), db.Root, wp, all); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if err := database.CheckSchema(t.Context(), db.Root, wp, all); err != nil {
			t.Error(err)
		}
	})
}

func TestStatementsEndWithALine(t *testing.T) {
	const script = `-- A comment; with a semicolon

CREATE TABLE IF NOT EXISTS {p}words (
  -- A comment within;
  word VARCHAR(40) NOT NULL
);
INSERT INTO {p}words VALUES ('a;b'), ('{'), ('-- no comment');
  INSERT INTO {p}words VALUES ('c'); -- so this belongs to the next
INSERT INTO {p}words VALUES ('d');

-- The last one needs no line break.
INSERT INTO {p}words VALUES ('e');`
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		// Line breaks of Windows are line breaks.
		migrate(t, db, component("crlf", "0001_one.sql", strings.ReplaceAll(one+two, "\n", "\r\n")))
		// A comment after ";" glues two statements together, which the server refuses.
		if _, err := database.Migrate(t.Context(), db.Root, wp, component("words", "0001_words.sql", script)); err == nil {
			t.Error("two statements were run as one")
		}
		if _, err := db.Root.ExecContext(t.Context(), "DROP TABLE wp_words"); err != nil {
			t.Fatal(err)
		}
		migrate(t, db, component("words", "0001_words.sql", strings.Replace(script, " -- so this belongs to the next", "", 1)))
		var words []string
		if err := db.Root.SelectContext(t.Context(), &words, "SELECT word FROM wp_words"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a;b", "{", "-- no comment", "c", "d", "e"}, words); diff != "" {
			t.Errorf("words (-want +got):\n%s", diff)
		}
	})
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	db := testshop.New(t)
	for name, c := range map[string]database.Component{
		"gap":       component("c", "0001_a.sql", one, "0003_b.sql", one),
		"no number": component("c", "first.sql", one),
		"twice":     component("c", "0001_a.sql", one, "0001_b.sql", one),
		"from zero": component("c", "0000_a.sql", one),
	} {
		if _, err := database.Migrate(t.Context(), db.Root, wp, c); err == nil || !strings.Contains(err.Error(), "want number") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Prefixes go into statements unquoted, as WordPress itself does it; that is
// why no site has one like 1e5_, which reads as a number.
func TestOddPrefixesMakeTables(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		for _, text := range []string{"", "WP_", "1_", "12", "0x12_", "0b01_", "a$b", "x", "_", strings.Repeat("p", 32)} {
			prefix, err := database.ParsePrefix(text)
			if err != nil {
				t.Fatal(err)
			}
			c := component("odd", "0001_one.sql", one, "0002_two.sql", two)
			if _, err := database.Migrate(t.Context(), db.Root, prefix, c); err != nil {
				t.Errorf("prefix %q: %v", text, err)
			}
			var n int
			if err := db.Root.GetContext(t.Context(), &n, prefix.SQL("SELECT {p}one.n FROM {p}one WHERE {p}one.n = 1")); err != nil || n != 1 {
				t.Errorf("prefix %q: %d, %v", text, n, err)
			}
		}
	})
}
