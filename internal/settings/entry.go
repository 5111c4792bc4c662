package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Value is what one key was given, as it was written, and where.
type Value struct {
	Node   *yaml.Node
	Source Source
}

// Source is where a value comes from. The higher rank wins.
type Source struct {
	Rank Rank
	Name string // file, variable or flag
}

// Rank orders the places of a configuration.
type Rank int

// The ranks.
const (
	Default Rank = iota
	File
	Env
	Flag
)

// At returns the place of node for people.
func (s Source) At(node *yaml.Node) string {
	if s.Rank == File && node != nil && node.Line > 0 {
		return s.Name + ":" + strconv.Itoa(node.Line)
	}
	return s.Name
}

// Entry is a value to be checked, or a part of one.
type Entry struct {
	Key    string // full, for people
	Name   string // last part of Key, in a map
	Node   *yaml.Node
	source Source
	report *Report
}

// Refuse reports what is wrong with the entry.
func (e Entry) Refuse(format string, args ...any) {
	e.report.AddAt(e.source, e.Node, e.Key, format, args...)
}

// RefuseValue reports what the value is not.
func (e Entry) RefuseValue(format string, args ...any) {
	e.Refuse("%s %s", shown(e.Node), fmt.Sprintf(format, args...))
}

func shown(node *yaml.Node) string {
	if node.Kind != yaml.ScalarNode || isNull(node) {
		return KindOf(node)
	}
	text := []rune(node.Value)
	if len(text) > 60 {
		text = append(text[:60], '…')
	}
	return strconv.Quote(string(text))
}

// KindOf names what a node is, in words.
func KindOf(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "a map"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(node):
		return "an empty value"
	}
	return "a single value"
}

// Pairs returns the entries of a map, in order. Keys are compared after fold,
// which may be nil.
func (e Entry) Pairs(fold func(string) string) []Entry {
	var all []Entry
	lines := map[string]int{}
	for i := 0; i+1 < len(e.Node.Content); i += 2 {
		name, node := e.Node.Content[i], e.Node.Content[i+1]
		child := Entry{Node: name, source: e.source, report: e.report}
		if name.Kind != yaml.ScalarNode {
			child.Key = e.Key
			child.Refuse("a key must be a single word or number, not %s", KindOf(name))
			continue
		}
		text := name.Value
		if fold != nil {
			text = fold(text)
		}
		child.Name, child.Key = text, join(e.Key, QuoteName(text))
		if line, twice := lines[text]; twice {
			if line == 0 || e.source.Rank != File {
				child.Refuse("stands twice: remove one")
			} else {
				child.Refuse("stands twice, first on line %d: remove one", line)
			}
			continue
		}
		lines[text] = name.Line
		if node.Line < name.Line {
			node.Line = name.Line
		}
		child.Node = node
		all = append(all, child)
	}
	return all
}

var simpleName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// QuoteName keeps a strange name from breaking a message.
func QuoteName(name string) string {
	if simpleName.MatchString(name) {
		return name
	}
	if runes := []rune(name); len(runes) > 60 {
		name = string(runes[:60]) + "…"
	}
	return strconv.Quote(name)
}

// Items returns the entries of a list.
func (e Entry) Items() []Entry {
	all := make([]Entry, 0, len(e.Node.Content))
	for i, node := range e.Node.Content {
		all = append(all, Entry{Key: fmt.Sprintf("%s[%d]", e.Key, i), Node: node, source: e.source, report: e.report})
	}
	return all
}

// Fields returns the entries of a map that may hold only the names given.
func (e Entry) Fields(names ...string) (map[string]Entry, bool) {
	if e.Node.Kind != yaml.MappingNode {
		e.RefuseValue("is not a map of keys: write {%s: …}", strings.Join(names, ": …, "))
		return nil, false
	}
	known := map[string]Entry{}
	ok := true
	for _, field := range e.Pairs(strings.ToLower) {
		if !slices.Contains(names, field.Name) {
			near, _ := Closest(field.Name, names)
			field.Refuse("unknown key; the nearest known one is %s", near)
			ok = false
			continue
		}
		known[field.Name] = field
	}
	return known, ok
}

// Text returns a scalar's text.
func (e Entry) Text() (string, bool) {
	if e.Node.Kind != yaml.ScalarNode || isNull(e.Node) || e.Node.ShortTag() == "!!bool" {
		e.RefuseValue("is not a text: put it in quotes")
		return "", false
	}
	return e.Node.Value, true
}

// OneOf returns one of some words.
func (e Entry) OneOf(options ...string) (string, bool) {
	if e.Node.Kind != yaml.ScalarNode || !slices.Contains(options, e.Node.Value) {
		e.RefuseValue("is not one of %s", strings.Join(options, ", "))
		return "", false
	}
	return e.Node.Value, true
}

// Bool returns true or false.
func (e Entry) Bool() (yes, ok bool) {
	if e.Node.Kind != yaml.ScalarNode || e.Node.Value != "true" && e.Node.Value != "false" {
		e.RefuseValue("is not true or false")
		return false, false
	}
	return e.Node.Value == "true", true
}

var wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

// Whole returns a whole number from least to most.
func (e Entry) Whole(least, most int64) (int64, bool) {
	if e.Node.Kind == yaml.ScalarNode && wholeNumber.MatchString(e.Node.Value) {
		if n, err := strconv.ParseInt(e.Node.Value, 10, 64); err == nil && n >= least && n <= most {
			return n, true
		}
	}
	e.RefuseValue("is not a whole number from %d to %d, written in digits only", least, most)
	return 0, false
}

// IsScalar reports whether the value is a single one.
func (e Entry) IsScalar() bool { return e.Node.Kind == yaml.ScalarNode }

// IsNull reports whether nothing was given.
func (e Entry) IsNull() bool { return isNull(e.Node) }

func (e Entry) isList() bool { return e.Node.Kind == yaml.SequenceNode }

func (e Entry) isMap() bool { return e.Node.Kind == yaml.MappingNode }

// exactlyOne reports a record that says nothing or two things.
func (e Entry) exactlyOne(fields map[string]Entry, names ...string) bool {
	var given []string
	for _, name := range names {
		if _, ok := fields[name]; ok {
			given = append(given, name)
		}
	}
	switch len(given) {
	case 0:
		e.Refuse("has none of %s: add one", strings.Join(names, ", "))
	case 1:
		return true
	default:
		e.Refuse("has %s together: keep one", strings.Join(given, " and "))
	}
	return false
}
