package tests

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what was found to files that tests compare with")

const (
	pluginDir = "../plugin/loyaltyd"
	usedFile  = "standin/used.txt"
)

// What of WooCommerce's is recognised in PHP: calls of its functions, its
// classes, and texts that begin like its hooks, options and pages.
var (
	comments  = regexp.MustCompile(`(?s)/\*.*?\*/|(?m)(^|\s)//[^\n]*$|(?m)^\s*#[^\n]*$`)
	functions = regexp.MustCompile(`(^|[^\w>:$'"-]|\\)(WC|wc_\w+|woocommerce_\w+|get_woocommerce_\w+|is_(?:cart|checkout|product|shop|woocommerce|account_page|order_received_page|wc_endpoint_url))\s*\(`)
	classes   = regexp.MustCompile(`\b(WC_\w+|WooCommerce)\b|(Automattic(?:\\{1,2}\w+)+)`)
	texts     = regexp.MustCompile(`['"]((?:before_)?woocommerce_\w+|wc[-_]\w+|shop_coupon|manage_woocommerce)['"]`)
)

func TestTheStandInHasWhatThePluginUsesOfWooCommerce(t *testing.T) {
	used := map[string]bool{}
	for _, source := range phpSources(t, pluginDir) {
		source = comments.ReplaceAllString(source, " ")
		for _, match := range functions.FindAllStringSubmatch(source, -1) {
			used["function "+match[2]] = true
		}
		for _, match := range classes.FindAllStringSubmatch(source, -1) {
			used["class "+strings.ReplaceAll(match[1]+match[2], `\\`, `\`)] = true
		}
		for _, match := range texts.FindAllStringSubmatch(source, -1) {
			used["name "+match[1]] = true
		}
	}
	delete(used, "function ") // nothing
	standIn := strings.Join(slices.Collect(maps.Values(phpSources(t, "standin/woocommerce"))), "\n")
	var found strings.Builder
	for _, thing := range slices.Sorted(maps.Keys(used)) {
		_, name, _ := strings.Cut(thing, " ")
		if !inStandIn(standIn, name) {
			thing += " -"
		}
		fmt.Fprintln(&found, thing)
	}
	const head = `# What the plugin uses of WooCommerce. A line that ends with a minus names what
# the stand-in does not have: the plugin must do without it where it is missing.
# go test ./wp-bridge/tests -run StandIn -update writes this list anew.
`
	if *update {
		if err := os.WriteFile(usedFile, []byte(head+found.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	listed, err := os.ReadFile(usedFile)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimPrefix(string(listed), head); found.String() != want {
		t.Errorf("%s is behind the plugin or the stand-in; -update writes it anew.\n%s", usedFile, difference(want, found.String()))
	}
}

// inStandIn says whether a name, or its last part, is a word of the stand-in.
func inStandIn(standIn, name string) bool {
	name = name[strings.LastIndex(name, `\`)+1:]
	if regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(standIn) {
		return true
	}
	// Hooks with a status in the middle.
	return strings.HasPrefix(name, "woocommerce_order_status_") && strings.Contains(standIn, "woocommerce_order_status_$status")
}

func difference(want, got string) string {
	before, after := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for _, line := range before {
		if !slices.Contains(after, line) {
			fmt.Fprintln(&b, "only listed:", line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			fmt.Fprintln(&b, "only found: ", line)
		}
	}
	return b.String()
}

// phpSources returns the PHP files under a folder by path.
func phpSources(t *testing.T, dir string) map[string]string {
	t.Helper()
	sources := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".php" {
			return err
		}
		text, err := os.ReadFile(path)
		sources[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) == 0 {
		t.Fatalf("no PHP in %s", dir)
	}
	return sources
}
