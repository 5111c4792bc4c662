// Package settings describes keys of a configuration and reads them: what each
// holds, its default, what it is called and what is said when it is wrong. From
// one table of keys come files, variables, flags, messages, the canonical form,
// documentation and the form in WordPress.
//
// Numbers are never read through floating point, unknown keys and wrong types
// are refused, and all problems are reported at once.
package settings

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Key is one key of a configuration.
type Key struct {
	Path    string `json:"path"` // such as earn.purchase.rounding
	Default string `json:"-"`    // as YAML
	Kind

	Unit      string `json:"unit,omitempty"`      // of a number: points, days, …
	Group     string `json:"group,omitempty"`     // of the form in WordPress; "": it is not set there
	Late      int    `json:"late,omitempty"`      // moves a key behind those of its group that have a lower one
	Label     string `json:"label,omitempty"`     // what the form calls it; %s is the code of the store's currency
	Help      string `json:"help,omitempty"`      // one or two sentences for who sets it; likewise
	Versioned bool   `json:"versioned,omitempty"` // a change counts only for what happens from then on
	PerID     bool   `json:"-"`                   // versioned, and kept per product or category
	Needs     string `json:"needs,omitempty"`     // the key without which this one has no effect
	AtMost    string `json:"at_most,omitempty"`   // the key that it must not exceed, unless that is 0
	Example   string `json:"example,omitempty"`   // as it is written in a variable
}

// Group is a part of the form in WordPress.
type Group struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Intro string `json:"intro,omitempty"`
}

// Under returns the keys with a prefix before their paths.
func Under(prefix string, keys []Key) []Key {
	moved := slices.Clone(keys)
	for i := range moved {
		moved[i].Path = join(prefix, moved[i].Path)
		for _, other := range []*string{&moved[i].Needs, &moved[i].AtMost} {
			if *other != "" {
				*other = join(prefix, *other)
			}
		}
	}
	return moved
}

// Table is all keys of a configuration, in the order in which they are shown.
type Table struct {
	keys     []Key
	byPath   map[string]int
	defaults map[string]Value
	sections map[string][]string // names below each section, "" being the whole
}

// NewTable returns the table of the keys. It panics if a default cannot be
// parsed or a path stands twice, since then the program is wrong.
func NewTable(keys ...[]Key) *Table {
	t := &Table{keys: slices.Concat(keys...), byPath: map[string]int{}, defaults: map[string]Value{}, sections: map[string][]string{}}
	for i, k := range t.keys {
		if _, twice := t.byPath[k.Path]; twice {
			panic("settings: two keys " + k.Path)
		}
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(k.Default), &document); err != nil {
			panic("settings: the default of " + k.Path + ": " + err.Error())
		}
		t.byPath[k.Path], t.defaults[k.Path] = i, Value{Node: document.Content[0]}
		for path := k.Path; path != ""; {
			section := path[:max(0, strings.LastIndexByte(path, '.'))]
			if name := LastPart(path); !slices.Contains(t.sections[section], name) {
				t.sections[section] = append(t.sections[section], name)
			}
			path = section
		}
	}
	return t
}

// Keys returns all keys. They must not be changed.
func (t *Table) Keys() []Key { return t.keys }

// Key returns the key with a path.
func (t *Table) Key(path string) (Key, bool) {
	i, ok := t.byPath[path]
	if !ok {
		return Key{}, false
	}
	return t.keys[i], true
}

func (t *Table) has(path string) bool {
	_, ok := t.byPath[path]
	return ok
}

// Defaults returns the default of every key, by path, as values without a
// place. Their nodes must not be changed.
func (t *Table) Defaults() map[string]Value { return maps.Clone(t.defaults) }

// Nearest returns the known key or section that an unknown path was most likely
// meant to be.
func (t *Table) Nearest(path string) string {
	section := path[:max(0, strings.LastIndexByte(path, '.'))]
	var siblings []string
	for _, name := range t.sections[section] {
		siblings = append(siblings, join(section, name))
	}
	var all []string
	for _, k := range t.keys {
		all = append(all, k.Path)
	}
	for name := range t.sections {
		if name != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return nearest(path, siblings, all)
}

func join(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}
