package contract_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"loyaltyd/config"
	"loyaltyd/internal/oracle"
	"loyaltyd/internal/settings"
	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

// The checklists of CONTRIBUTING.md. Each failure names the step that is
// missing.

func TestFilesThatTheChecklistsNameAreThere(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z-]+/[^` …]+)`").FindAllStringSubmatch(string(page), -1)
	for _, match := range named {
		if _, err := os.Stat(filepath.Join("..", "..", match[1])); err != nil {
			t.Errorf("CONTRIBUTING.md names %s: %v", match[1], err)
		}
	}
	if len(named) < 15 {
		t.Errorf("only %d files are named", len(named))
	}
}

// strangers returns the paths of a document's values that are no keys of the
// table, nor sections above one.
func strangers(table *settings.Table, document any, path string) []string {
	if _, is := table.Key(path); is {
		return nil
	}
	section, is := document.(map[string]any)
	if !is || len(section) == 0 {
		return []string{path}
	}
	var all []string
	for name, value := range section {
		all = append(all, strangers(table, value, strings.TrimPrefix(path+"."+name, "."))...)
	}
	return all
}

func TestAKeyIsAFieldAndARow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what  string
		keys  []settings.Key
		value any
		empty any
		where string
	}{
		{"the programme", program.Keys(), program.Settings{}, new(program.Settings), "the table beside its struct in sync/program"},
		{"the configuration", config.Table(), config.Config{}, new(config.Config), "config/keys.go"},
	} {
		table := settings.NewTable(c.keys)
		text, err := json.Marshal(c.value)
		if err != nil {
			t.Fatal(err)
		}
		var document map[string]any
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		for _, path := range strangers(table, document, "") {
			t.Errorf("%s has a field %s without a row: add one to %s (CONTRIBUTING.md, A key, step 2)", c.what, path, c.where)
		}
		tree, err := table.Parse([]byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		defaults, err := json.Marshal(tree.Document())
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(bytes.NewReader(defaults))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(c.empty); err != nil {
			t.Errorf("%s has a row without a field: %v (CONTRIBUTING.md, A key, step 1)", c.what, err)
		}
	}
}

func TestARowSaysWhatPeopleAreShown(t *testing.T) {
	t.Parallel()
	groups := map[string]bool{"": true}
	for _, group := range program.Groups() {
		groups[group.Name] = true
	}
	table := settings.NewTable(config.Table())
	for _, k := range table.Keys() {
		step := "(CONTRIBUTING.md, A key, step 2)"
		ofProgramme := strings.HasPrefix(k.Path, "program.")
		if ofProgramme && (k.Group == "" || k.Label == "") {
			t.Errorf("%s has no group or no label, so that no form shows it %s", k.Path, step)
		}
		if !groups[k.Group] {
			t.Errorf("%s is in the group %q, which program.Groups does not have %s", k.Path, k.Group, step)
		}
		if !ofProgramme && k.Help == "" {
			t.Errorf("%s has no help %s", k.Path, step)
		}
		for _, other := range []string{k.Needs, k.AtMost} {
			if _, there := table.Key(other); other != "" && !there {
				t.Errorf("%s names %s, which is no key %s", k.Path, other, step)
			}
		}
	}
}

// The oracle refuses a key that it does not know.
func TestTheSecondImplementationReadsEveryKey(t *testing.T) {
	t.Parallel()
	tree, err := settings.NewTable(program.Keys()).Parse([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range tree {
		document, err := json.Marshal(settings.Tree{path: value}.Document())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := oracle.Parse(string(document)); err != nil {
			t.Errorf("internal/oracle/program.go cannot read %s: %v (CONTRIBUTING.md, A key, step 5)", path, err)
		}
	}
}

// Constants are found in the text: a test cannot ask for those of a type.
func TestASourceIsAConstantAndARow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "ledger", "sources.go"))
	if err != nil {
		t.Fatal(err)
	}
	constants := regexp.MustCompile(`(?m)^\t\w+ +Source = "(\w+)"$`).FindAllSubmatch(text, -1)
	if len(constants) < 15 {
		t.Fatalf("only %d constants were found", len(constants))
	}
	for _, match := range constants {
		if !ledger.Source(match[1]).Known() {
			t.Errorf("the source %s has no row in ledger/sources.go (CONTRIBUTING.md, A source, step 2)", match[1])
		}
	}
}

func TestTheSecondImplementationValuesWhatOrdersEarn(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "oracle", "balances.go"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(filepath.Join("..", "..", "docs", "earning.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range ledger.SourcesOf(ledger.ObjectOrder) {
		if !bytes.Contains(text, []byte(`post("`+string(source)+`"`)) {
			t.Errorf("internal/oracle/balances.go does not value %s (CONTRIBUTING.md, A bonus on orders, step 5)", source)
		}
		// The page is about the purchase itself, from its first line on.
		if source != ledger.Purchase && !bytes.Contains(rules, []byte("`"+string(source)+"`")) {
			t.Errorf("docs/earning.md does not say what %s is (CONTRIBUTING.md, A bonus on orders, step 6)", source)
		}
	}
}

func TestEveryObjectOfASourceIsNamedInTheReference(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(page), "\n")
	for _, source := range ledger.Sources() {
		i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "| `"+string(source.Source)+"` ") })
		if i >= 0 && strings.Contains(lines[i], "|  | `") { // a page that is behind is told elsewhere
			t.Errorf("docs/reference.md does not say what the number of %s is: name %s in internal/contract/reference.go", source.Source, source.Object)
		}
	}
}
