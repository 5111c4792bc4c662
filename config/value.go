package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"go.yaml.in/yaml/v3"

	"loyaltyd/sync/program"
)

// value is what one key was given, as it was written, and where.
type value struct {
	node   *yaml.Node
	source source
}

// source is where a value comes from. The higher rank wins.
type source struct {
	rank int
	name string // file, variable or flag
}

const (
	rankDefault = iota
	rankFile
	rankEnv
	rankFlag
)

// at returns the place of node for people.
func (s source) at(node *yaml.Node) string {
	if s.rank == rankFile && node != nil && node.Line > 0 {
		return s.name + ":" + strconv.Itoa(node.Line)
	}
	return s.name
}

// entry is a value to be checked, or a part of one.
type entry struct {
	key    string // full, for people
	name   string // last part of key, in a map
	node   *yaml.Node
	source source
	report *report
}

func (e entry) refuse(format string, args ...any) {
	e.report.addAt(e.source, e.node, e.key, format, args...)
}

// refuseValue tells what the value is not.
func (e entry) refuseValue(format string, args ...any) {
	e.refuse("%s %s", shown(e.node), fmt.Sprintf(format, args...))
}

func shown(node *yaml.Node) string {
	if node.Kind != yaml.ScalarNode || isNull(node) {
		return kindOf(node)
	}
	text := []rune(node.Value)
	if len(text) > 60 {
		text = append(text[:60], '…')
	}
	return strconv.Quote(string(text))
}

func kindOf(node *yaml.Node) string {
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

// pairs returns the entries of a map, in order. Keys are compared after fold,
// which may be nil.
func (e entry) pairs(fold func(string) string) []entry {
	var all []entry
	lines := map[string]int{}
	for i := 0; i+1 < len(e.node.Content); i += 2 {
		name, node := e.node.Content[i], e.node.Content[i+1]
		child := entry{node: name, source: e.source, report: e.report}
		if name.Kind != yaml.ScalarNode {
			child.key = e.key
			child.refuse("a key must be a single word or number, not %s", kindOf(name))
			continue
		}
		text := name.Value
		if fold != nil {
			text = fold(text)
		}
		child.name, child.key = text, join(e.key, quoteName(text))
		if line, twice := lines[text]; twice {
			if line == 0 || e.source.rank != rankFile {
				child.refuse("stands twice: remove one")
			} else {
				child.refuse("stands twice, first on line %d: remove one", line)
			}
			continue
		}
		lines[text] = name.Line
		if node.Line < name.Line {
			node.Line = name.Line
		}
		child.node = node
		all = append(all, child)
	}
	return all
}

var simpleName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// quoteName keeps a strange name from breaking a message.
func quoteName(name string) string {
	if simpleName.MatchString(name) {
		return name
	}
	if runes := []rune(name); len(runes) > 60 {
		name = string(runes[:60]) + "…"
	}
	return strconv.Quote(name)
}

// item returns the entries of a list.
func (e entry) items() []entry {
	all := make([]entry, 0, len(e.node.Content))
	for i, node := range e.node.Content {
		all = append(all, entry{key: fmt.Sprintf("%s[%d]", e.key, i), node: node, source: e.source, report: e.report})
	}
	return all
}

// fields returns the entries of a map that may hold only the names given.
func (e entry) fields(names ...string) (map[string]entry, bool) {
	if e.node.Kind != yaml.MappingNode {
		e.refuseValue("is not a map of keys: write {%s: …}", strings.Join(names, ": …, "))
		return nil, false
	}
	known := map[string]entry{}
	ok := true
	for _, field := range e.pairs(strings.ToLower) {
		if !slices.Contains(names, field.name) {
			near, _ := closest(field.name, names)
			field.refuse("unknown key; the nearest known one is %s", near)
			ok = false
			continue
		}
		known[field.name] = field
	}
	return known, ok
}

// text returns a scalar's text.
func (e entry) text() (string, bool) {
	if e.node.Kind != yaml.ScalarNode || isNull(e.node) || e.node.ShortTag() == "!!bool" {
		e.refuseValue("is not a text: put it in quotes")
		return "", false
	}
	return e.node.Value, true
}

func (e entry) oneOf(options ...string) (string, bool) {
	if e.node.Kind != yaml.ScalarNode || !slices.Contains(options, e.node.Value) {
		e.refuseValue("is not one of %s", strings.Join(options, ", "))
		return "", false
	}
	return e.node.Value, true
}

func (e entry) boolean() (yes, ok bool) {
	if e.node.Kind != yaml.ScalarNode || e.node.Value != "true" && e.node.Value != "false" {
		e.refuseValue("is not true or false")
		return false, false
	}
	return e.node.Value == "true", true
}

var wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

// integer returns a whole number from least to most.
func (e entry) integer(least, most int64) (int64, bool) {
	if e.node.Kind == yaml.ScalarNode && wholeNumber.MatchString(e.node.Value) {
		if n, err := strconv.ParseInt(e.node.Value, 10, 64); err == nil && n >= least && n <= most {
			return n, true
		}
	}
	e.refuseValue("is not a whole number from %d to %d, written in digits only", least, most)
	return 0, false
}

// More digits than this on either side of the point are a mistake, and
// arithmetic with them would be slow.
const maxDigits = 100

var leadingZero = regexp.MustCompile(`^[+-]?0[0-9]`)

// decimal returns an exact number of 0 or more.
func (e entry) decimal() (apd.Decimal, bool) {
	if e.node.Kind != yaml.ScalarNode || e.node.Value == "" || leadingZero.MatchString(e.node.Value) {
		e.refuseValue("is not a number of 0 or more: write it like 12 or 0.5")
		return apd.Decimal{}, false
	}
	d, err := program.ParseDecimal(e.node.Value)
	if err != nil || d.Negative && !d.IsZero() {
		e.refuseValue("is not a number of 0 or more: write it like 12 or 0.5, with a point and no separators")
		return apd.Decimal{}, false
	}
	d.Negative = false
	if !d.IsZero() && (d.NumDigits()+int64(d.Exponent) > maxDigits || int64(d.Exponent) < -maxDigits) {
		e.refuseValue("has more than %d digits before or after the point", maxDigits)
		return apd.Decimal{}, false
	}
	return d, true
}
