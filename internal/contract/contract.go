// Package contract makes the files that the plugin and the documents take from
// the tables of keys, sources and entry types in Go.
package contract

import (
	"bytes"
	"encoding/json"
	"fmt"

	"loyaltyd/internal/settings"
	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

// File is a generated file, from the project's root.
type File struct {
	Path    string
	Content []byte
}

// Files returns the generated files as they should be.
func Files() ([]File, error) {
	schema, err := pluginSchema()
	if err != nil {
		return nil, err
	}
	return []File{
		{"wp-bridge/plugin/loyaltyd/programme.schema.json", schema},
		{"docs/reference.md", reference()},
	}, nil
}

// What the plugin reads.
type (
	schema struct {
		About   string           `json:"about"`
		Groups  []settings.Group `json:"groups"`
		Keys    []key            `json:"keys"`
		Types   []entryType      `json:"types"`
		Sources []source         `json:"sources"`
	}
	key struct {
		settings.Key
		Default any `json:"default"`
	}
	entryType struct {
		Type     ledger.Type   `json:"type"`
		Label    string        `json:"label"`
		Activity string        `json:"activity"`
		Figure   ledger.Figure `json:"figure,omitempty"`
		Negative bool          `json:"negative,omitempty"` // the figure grows as points fall
		Earned   bool          `json:"earned,omitempty"`
	}
	source struct {
		Source ledger.Source `json:"source"`
		Object ledger.Object `json:"object"`
		Label  string        `json:"label"`
	}
)

// pluginSchema returns the form of a programme, and what points are for.
func pluginSchema() ([]byte, error) {
	table := settings.NewTable(program.Keys())
	defaults, err := table.Parse([]byte("{}"))
	if err != nil {
		return nil, fmt.Errorf("the defaults of the programme: %w", err)
	}
	s := schema{About: "Made by `make generate` from the tables in Go: change those.", Groups: program.Groups()}
	for _, k := range table.Keys() {
		s.Keys = append(s.Keys, key{k, defaults[k.Path]})
	}
	for _, t := range ledger.Types() {
		s.Types = append(s.Types, entryType{t.Type, t.Label, t.Activity, t.Figure, t.Counts < 0, t.Earned})
	}
	for _, row := range ledger.Sources() {
		s.Sources = append(s.Sources, source{row.Source, row.Object, row.Label})
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(s); err != nil {
		return nil, fmt.Errorf("write the plugin's schema: %w", err)
	}
	return text.Bytes(), nil
}
