package settings

import (
	"fmt"
	"slices"
	"strings"
)

// The kinds that are made of others.

// List is any number of items.
func List(item Kind) Kind {
	k := New(kindList, func(k Kind, e Entry) (any, bool) {
		if !e.isList() {
			e.RefuseValue("is not a list: write [first, second]")
			return nil, false
		}
		return k.items(e)
	}, nil)
	k.Item = &item
	k.canonical = func(value any) any { return canonicalItems(value, item) }
	return k
}

// Set is a list in which order and repetition mean nothing.
func Set(item Kind) Kind {
	k := List(item)
	k.canonical = func(value any) any {
		sorted := canonicalItems(value, item)
		slices.SortFunc(sorted, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return slices.CompactFunc(sorted, func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
	}
	return k
}

func (k Kind) items(e Entry) (any, bool) {
	all, ok := []any{}, true
	for _, e := range e.Items() {
		v, valid := k.Item.Read(e)
		if ok = ok && valid; valid {
			all = append(all, v)
		}
	}
	return all, ok
}

func canonicalItems(value any, item Kind) []any {
	list, _ := value.([]any)
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = item.Canonical(v)
	}
	return all
}

// Map is items by name. Names are compared after fold, which may be nil.
func Map(names, item Kind, fold func(string) string) Kind {
	k := New(kindMap, func(k Kind, e Entry) (any, bool) {
		if !e.isMap() {
			e.RefuseValue("is not a map: write {name: value}")
			return nil, false
		}
		all, ok := map[string]any{}, true
		for _, e := range e.Pairs(fold) {
			_, named := k.Names.Read(e)
			v, valid := k.Item.Read(e)
			if ok = ok && named && valid; named && valid {
				all[e.Name] = v
			}
		}
		return all, ok
	}, nil)
	k.Names, k.Item = &names, &item
	k.canonical = func(value any) any {
		given, _ := value.(map[string]any)
		all := make(map[string]any, len(given))
		for name, v := range given {
			all[name] = item.Canonical(v)
		}
		return all
	}
	return k
}

// Record is a map of known fields. noun is what messages call it.
func Record(noun string, fields ...Field) Kind {
	k := New(kindRecord, Kind.record, nil)
	k.Fields, k.noun = fields, noun
	k.canonical = func(value any) any {
		given, _ := value.(map[string]any)
		all := make(map[string]any, len(given))
		for _, field := range fields {
			if v, ok := given[field.Name]; ok {
				all[field.Name] = field.Canonical(v)
			}
		}
		return all
	}
	return k
}

func (k Kind) record(e Entry) (any, bool) {
	names := make([]string, 0, len(k.Fields)+len(k.Refused))
	for _, field := range k.Fields {
		names = append(names, field.Name)
	}
	for name := range k.Refused {
		names = append(names, name)
	}
	given, ok := e.Fields(names...)
	if !ok {
		return nil, false
	}
	for name, why := range k.Refused {
		if field, there := given[name]; there {
			field.Refuse("%s", Clause(why))
			return nil, false
		}
	}
	for _, field := range k.Fields {
		if _, there := given[field.Name]; field.Required && !there {
			e.Refuse("has no %s: add it", field.Name)
			return nil, false
		}
	}
	ok = len(k.OneOf) == 0 || e.exactlyOne(given, k.OneOf...)
	value := map[string]any{}
	for _, field := range k.Fields {
		part, there := given[field.Name]
		if !there || field.open && part.IsNull() {
			continue
		}
		v, valid := field.Read(part)
		if ok = ok && valid; valid {
			value[field.Name] = v
		}
		if len(k.Before) == 2 && field.Name == k.Before[1] {
			ok = k.inOrder(given, value) && ok
		}
	}
	return value, ok
}

// inOrder reports times that are the wrong way round.
func (k Kind) inOrder(given map[string]Entry, value map[string]any) bool {
	from, _ := value[k.Before[0]].(string)
	to, _ := value[k.Before[1]].(string)
	if from == "" || to == "" {
		return true
	}
	// Canonical times sort as they follow each other.
	first, second := k.field(k.Before[0]).Canonical(from), k.field(k.Before[1]).Canonical(to)
	if fmt.Sprint(first) < fmt.Sprint(second) {
		return true
	}
	given[k.Before[0]].RefuseValue("is not before %q, the %s's end: swap them, or leave one out", to, k.noun)
	return false
}

func (k Kind) field(name string) Kind {
	for _, field := range k.Fields {
		if field.Name == name {
			return field.Kind
		}
	}
	return Kind{}
}

// Either is one of some words, or a list. refusal says what a value that is
// neither should have been.
func Either(list Kind, refusal string, options ...Option) Kind {
	k := New(kindEither, func(k Kind, e Entry) (any, bool) {
		switch {
		case e.isList():
			return k.items(e)
		case e.IsScalar() && slices.Contains(words(k.Options), e.Node.Value):
			return e.Node.Value, true
		}
		e.RefuseValue("%s", refusal)
		return nil, false
	}, nil)
	k.Options, k.Item, k.ListLabel = options, list.Item, list.Label
	k.canonical = func(value any) any {
		if _, isWord := value.(string); isWord {
			return value
		}
		return list.Canonical(value)
	}
	return k
}
