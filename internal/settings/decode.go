package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// Tree is values by path, as a Kind reads them.
type Tree map[string]any

// Read checks the values of keys that begin with prefix and returns those that
// are right; what is wrong goes to the report.
func (t *Table) Read(values map[string]Value, prefix string, r *Report) Tree {
	tree := Tree{}
	for _, k := range t.keys {
		if !strings.HasPrefix(k.Path, prefix) {
			continue
		}
		if v, ok := k.Read(t.Entry(values, k.Path, r)); ok {
			tree[k.Path] = v
		}
	}
	return tree
}

// Entry returns the value of a key, to be checked.
func (t *Table) Entry(values map[string]Value, path string, r *Report) Entry {
	v := values[path]
	return Entry{Key: path, Name: LastPart(path), Node: v.Node, source: v.Source, report: r}
}

// CheckBounds reports keys that exceed the key that bounds them.
func (t *Table) CheckBounds(tree Tree, values map[string]Value, r *Report) {
	for _, k := range t.keys {
		value, _ := tree[k.Path].(int64)
		most, _ := tree[k.AtMost].(int64)
		if most > 0 && value > most {
			t.Entry(values, k.Path, r).RefuseValue("is more than %s (%d): lower it, or set the maximum to 0 for none", k.AtMost, most)
		}
	}
}

// Canonical returns the values in the one form that all equal ones share.
func (t *Table) Canonical(tree Tree) Tree {
	canonical := make(Tree, len(tree))
	for path, v := range tree {
		canonical[path] = t.keys[t.byPath[path]].Canonical(v)
	}
	return canonical
}

// Document returns the values as a document: maps of maps by the parts of their
// paths.
func (tree Tree) Document() map[string]any {
	document := map[string]any{}
	for path, v := range tree {
		branch := document
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			next, ok := branch[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				branch[name] = next
			}
			branch = next
		}
		branch[names[len(names)-1]] = v
	}
	return document
}

// Into puts the values into a struct whose JSON form is the document's.
func (tree Tree) Into(to any) error {
	text, err := json.Marshal(tree.Document())
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return fmt.Errorf("settings do not fit %T: %w", to, err)
	}
	return nil
}

// Parse reads a document with the keys of the table. A key that is missing has
// its default; the error is an *InvalidError.
func (t *Table) Parse(document []byte) (Tree, error) {
	var r Report
	root, err := ParseJSON(document)
	if err != nil {
		return nil, Invalid("", "", "%v", err)
	}
	values := t.Defaults()
	maps.Copy(values, t.Flatten(root, "", Source{}, &r))
	tree := t.Read(values, "", &r)
	t.CheckBounds(tree, values, &r)
	return tree, r.Err()
}

// Of returns the values of a struct whose JSON form is the document's; lists and
// maps without a value are empty ones.
func (t *Table) Of(from any) (Tree, error) {
	text, err := json.Marshal(from)
	if err != nil {
		return nil, fmt.Errorf("settings of %T: %w", from, err)
	}
	root, err := ParseJSON(text)
	if err != nil {
		return nil, fmt.Errorf("settings of %T: %w", from, err)
	}
	var r Report
	given := t.Flatten(root, "", Source{}, &r)
	tree := Tree{}
	for _, k := range t.keys {
		if _, there := given[k.Path]; !there {
			if nothing, ok := k.empty(); ok {
				tree[k.Path] = nothing
				continue
			}
			given[k.Path] = t.defaults[k.Path]
		}
		if v, ok := k.Read(t.Entry(given, k.Path, &r)); ok {
			tree[k.Path] = v
		}
	}
	return tree, r.Err()
}
