package settings

import (
	"math"
	"strconv"
	"strings"
)

// Kind is what a key holds. The fields tell people and the plugin, which reads
// them as JSON; Read checks a value by them.
type Kind struct {
	Name string `json:"kind"`
	// Min and Max bound a number, both included; "" is open.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
	// TooLow and TooHigh say why a number beyond them is refused.
	TooLow  string `json:"too_low,omitempty"`
	TooHigh string `json:"-"`
	// Options are the words to choose from, Never those that cannot be chosen.
	Options []Option `json:"options,omitempty"`
	Never   []string `json:"never,omitempty"`
	// Item is what a list or a map holds, Names what the keys of a map are.
	Item  *Kind `json:"item,omitempty"`
	Names *Kind `json:"names,omitempty"`
	// Fields are those of a record, in the order of a form. A record has exactly
	// one of OneOf; the time in the first field of Before comes before the one in
	// the second; a field in Refused is no field of it, for that reason.
	Fields  []Field           `json:"fields,omitempty"`
	OneOf   []string          `json:"one_of,omitempty"`
	Before  []string          `json:"before,omitempty"`
	Refused map[string]string `json:"refused,omitempty"`
	// Label names an item, a name or a field, Text stands beside a switch, Add on
	// the button that adds a row, ListLabel beside the list where there are words
	// to choose instead.
	Label     string `json:"label,omitempty"`
	Text      string `json:"text,omitempty"`
	Add       string `json:"add,omitempty"`
	ListLabel string `json:"list_label,omitempty"`
	// Neither says what is to be written where words or a list can be.
	Neither string `json:"neither,omitempty"`

	noun   string // what messages call a record
	number bool   // written without quotes
	open   bool   // as a field, an empty value is as if it were not there
	read   func(Kind, Entry) (any, bool)
	// canonical makes equal values alike; nil: they are.
	canonical func(any) any
}

// Option is a word to choose and what it means.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label,omitempty"`
	Late  int    `json:"late,omitempty"` // moves it, in a form, behind those that have a lower one
}

// Field is a part of a record.
type Field struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	Kind
}

// The names of the kinds that this package reads.
const (
	kindText   = "text"
	kindBool   = "bool"
	kindYes    = "yes"
	kindWhole  = "whole"
	kindChoice = "choice"
	kindList   = "list"
	kindMap    = "map"
	kindRecord = "record"
	kindEither = "either"
)

// New returns a kind of scalars with a reader of its own. canonical may be nil.
func New(name string, read func(Kind, Entry) (any, bool), canonical func(any) any) Kind {
	return Kind{Name: name, read: read, canonical: canonical}
}

// Text is any text.
func Text() Kind {
	return New(kindText, func(_ Kind, e Entry) (any, bool) { return e.Text() }, nil)
}

// Bool is true or false; text is what true says.
func Bool(text string) Kind {
	k := New(kindBool, func(_ Kind, e Entry) (any, bool) { return e.Bool() }, nil)
	k.Text = text
	return k
}

// Yes is true and nothing else: to say no, the field is left out.
func Yes() Kind {
	return New(kindYes, func(_ Kind, e Entry) (any, bool) {
		yes, ok := e.Bool()
		if ok && !yes {
			e.RefuseValue("says nothing: write true, or remove the rule")
			return nil, false
		}
		return yes, ok
	}, nil)
}

// Whole is a whole number from least to most.
func Whole(least, most int64) Kind {
	k := New(kindWhole, func(_ Kind, e Entry) (any, bool) { return e.Whole(least, most) }, nil)
	k.Min = strconv.FormatInt(least, 10)
	if most != math.MaxInt64 {
		k.Max = strconv.FormatInt(most, 10)
	}
	return k
}

// Choice is one of some words.
func Choice(options ...Option) Kind {
	k := New(kindChoice, func(k Kind, e Entry) (any, bool) { return e.OneOf(words(k.Options)...) }, nil)
	k.Options = options
	return k
}

func words(options []Option) []string {
	all := make([]string, len(options))
	for i, o := range options {
		all[i] = o.Value
	}
	return all
}

// Read returns the value of an entry; what is wrong with it goes to the entry's
// report. Decimals are *apd.Decimal, whole numbers int64, lists []any, maps and
// records map[string]any, all else is text or true and false.
func (k Kind) Read(e Entry) (any, bool) { return k.read(k, e) }

// Canonical returns the one form that a value, as Read gives it, shares with
// all that mean the same.
func (k Kind) Canonical(value any) any {
	if k.canonical == nil {
		return value
	}
	return k.canonical(value)
}

// empty returns what nothing means for a list or a map.
func (k Kind) empty() (any, bool) {
	switch k.Name {
	case kindList:
		return []any{}, true
	case kindMap:
		return map[string]any{}, true
	}
	return nil, false
}

// Number returns the kind as one of numbers: in variables they are written bare.
func (k Kind) Number() Kind {
	k.number = true
	return k
}

// Open returns the kind as one that may be left empty in a record, for a side
// that is open.
func (k Kind) Open() Kind {
	k.open = true
	return k
}

// Labelled returns the kind with a label.
func (k Kind) Labelled(label string) Kind {
	k.Label = label
	return k
}

// AddedBy returns the kind with the text of the button that adds a row.
func (k Kind) AddedBy(text string) Kind {
	k.Add = text
	return k
}

// Shape says how a value is written where there is only text: in environment
// variables and on the command line.
type Shape int

// The shapes.
const (
	AsText   Shape = iota
	AsPlain        // a number, or true or false
	AsWords        // a list as JSON, or separated by commas
	AsList         // a list as JSON
	AsMap          // a map as JSON
	AsChoice       // a word, or a list as JSON or separated by commas
)

// Shape returns how the kind is written as text.
func (k Kind) Shape() Shape {
	if k.number {
		return AsPlain
	}
	switch k.Name {
	case kindBool, kindWhole:
		return AsPlain
	case kindMap:
		return AsMap
	case kindEither:
		return AsChoice
	case kindList:
		if k.Item.Name == kindRecord {
			return AsList
		}
		return AsWords
	}
	return AsText
}

// Clause makes a message of a sentence for people: those here begin small and
// end without a full stop.
func Clause(text string) string {
	text = strings.TrimSuffix(text, ".")
	if text == "" {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
