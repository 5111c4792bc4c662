package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

// version is set by the linker for released binaries.
var version = ""

// build says which binary this is.
type build struct {
	Version string         `json:"version"`
	Go      string         `json:"go"`
	Commit  string         `json:"commit,omitempty"`
	Schema  map[string]int `json:"schema"` // number of migrations, by component
}

func readBuild() build {
	b := build{Version: version, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	changed := false
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.modified":
			changed = setting.Value == "true"
		}
	}
	if changed && b.Commit != "" {
		b.Commit += " and changes"
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	if b.Version == "" {
		b.Version = "(unknown)"
	}
	return b
}

// components returns all sets of tables that this binary knows.
func components() []database.Component {
	together := reports.Open(reports.Site{}, reports.Site{}).Components()
	apart := reports.Open(reports.Site{Prefix: "a"}, reports.Site{Prefix: "b"}).Components()
	all := append([]database.Component{ledger.Component(), sync.Component()}, append(together, apart[1:]...)...)
	return append(all, wpbridge.Component())
}

func (c *cli) versionCommand() *cobra.Command {
	var form choice
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which loyaltyd this is",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			b := readBuild()
			b.Schema = map[string]int{}
			for _, component := range components() {
				n, err := component.Number()
				if err != nil {
					return err
				}
				b.Schema[component.Name] = n
			}
			if form.json() {
				return c.writeJSON(b)
			}
			c.printf("loyaltyd %s\nbuilt with %s", b.Version, b.Go)
			if b.Commit != "" {
				c.printf(" from %s", b.Commit)
			}
			c.printf("\ntables:")
			for _, component := range components() {
				c.printf(" %s %d", component.Name, b.Schema[component.Name])
			}
			c.printf("\n")
			return nil
		},
	}
	format(cmd, &form, "text", "json")
	return cmd
}

func (c *cli) printf(format string, args ...any) { fmt.Fprintf(c.stdout, format, args...) }
