package sync

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loyaltyd/ledger"
)

// text returns the files that a pattern names, from the project's root.
func text(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no file is called %s (%v)", pattern, err)
	}
	var all strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return all.String()
}

// The checklist of CONTRIBUTING.md for a kind of fact; each failure names the
// step that is missing.
func TestAKindOfFactIsWhole(t *testing.T) {
	t.Parallel()
	schema, documented := text(t, "sync/schema/*.sql"), text(t, "docs/schema.sql")
	marks := text(t, "wp-bridge/plugin/loyaltyd/src/Store/DirtyList.php")
	oracle, histories := text(t, "internal/oracle/*.go"), text(t, "sync/world_test.go")
	var names, stages []string
	var posted []ledger.Source
	for _, k := range kinds() {
		fail := func(step int, format string, args ...any) {
			t.Helper()
			t.Errorf("%s: %s (CONTRIBUTING.md, A kind of fact, step %d)", k.name, fmt.Sprintf(format, args...), step)
		}
		if k.name == "" || slices.Contains(names, k.name) || k.title == "" || len(k.sources) == 0 {
			fail(2, "it needs a name of its own, a title and sources")
		}
		if k.stage != "" && slices.Contains(stages, k.stage) {
			fail(2, "its stage %q is another kind's too", k.stage)
		}
		names, stages = append(names, k.name), append(stages, k.stage)
		for _, source := range k.sources {
			if !source.Known() || slices.Contains(posted, source) {
				fail(1, "its source %s has no row in ledger/sources.go, or is another kind's too", source)
			}
			posted = append(posted, source)
			if earns := slices.Contains(source.Info().Types, ledger.Earn); earns && !strings.Contains(oracle, `"`+string(source)+`"`) {
				fail(6, "the second implementation does not value %s", source)
			}
		}
		for what, missing := range map[string]bool{
			"find": k.find == nil, "release": k.release == nil, "verify": k.verify == nil, "explain": k.explain == nil,
			"verifyOrphans of what was observed": (k.observed == "") != (k.verifyOrphans == nil),
			"page of what is rechecked":          (k.recheck == nil) != (k.page == 0),
			"settle beside recheck":              (k.recheck == nil) != (k.settle == nil),
		} {
			if missing {
				fail(2, "its row has no %s", what)
			}
		}
		if table := k.observed + " ("; k.observed != "" && (!strings.Contains(schema, "{p}loyalty_"+table) || !strings.Contains(documented, "wp_loyalty_"+table)) {
			fail(3, "no table %s in sync/schema, or none in docs/schema.sql", k.observed)
		}
		if counts := countsUnder(t, k); counts == "" {
			fail(4, "it counts nothing that Summary shows")
		}
		if k.marked != nil && !strings.Contains(marks, "'"+k.name+"'") {
			fail(5, "the plugin never marks one")
		}
		if !strings.Contains(histories, "\t"+k.name+"s") {
			fail(6, "the world of random histories has no %ss", k.name)
		}
	}
	for _, object := range []ledger.Object{ledger.ObjectOrder, ledger.ObjectReview, ledger.ObjectComment, ledger.ObjectRedemption} {
		for _, source := range ledger.SourcesOf(object) {
			if !slices.Contains(posted, source) {
				t.Errorf("no kind of fact in sync/kinds.go has the source %s (CONTRIBUTING.md, A source, step 3)", source)
			}
		}
	}
}

func TestStagesOfAFirstRunAreDoneInTheOrderOfTheirKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stage, at string
		done      bool
	}{{"users", "comments", true}, {"orders", "orders", false}, {"comments", "users", false}, {"users", "", false}} {
		if stageDone(c.stage, c.at) != c.done {
			t.Errorf("at %q the stage %q is done: %t", c.at, c.stage, !c.done)
		}
	}
}

// countsUnder returns the key of a summary under which a kind is counted.
func countsUnder(t *testing.T, k kind) string {
	t.Helper()
	if k.count == nil {
		return ""
	}
	s := newSummary(Increment)
	*k.count(s) = 7
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(encoded, &fields); err != nil {
		t.Fatal(err)
	}
	for key, value := range fields {
		if value == 7.0 {
			return key
		}
	}
	return ""
}
