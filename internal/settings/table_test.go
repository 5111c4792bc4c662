package settings_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/settings"
)

// name is a kind with a reader of its own: of names in capitals.
func name() settings.Kind {
	return settings.New("name", func(_ settings.Kind, e settings.Entry) (any, bool) {
		if e.Name != strings.ToUpper(e.Name) {
			e.Refuse("the key is not in capitals")
			return nil, false
		}
		return e.Name, true
	}, nil)
}

func row() settings.Kind {
	k := settings.Record("row",
		settings.Field{Name: "size", Kind: settings.Whole(0, 9), Required: true},
		settings.Field{Name: "big", Kind: settings.Yes()},
		settings.Field{Name: "small", Kind: settings.Text()},
		settings.Field{Name: "from", Kind: settings.Text()},
		settings.Field{Name: "to", Kind: settings.Text()},
	)
	k.OneOf, k.Before = []string{"big", "small"}, []string{"from", "to"}
	k.Refused = map[string]string{"huge": "Nothing is huge here."}
	return k
}

var table = settings.NewTable([]settings.Key{
	{Path: "text", Kind: settings.Text(), Default: `""`},
	{Path: "yes", Kind: settings.Bool("Say yes"), Default: `false`},
	{Path: "a.whole", Kind: settings.Whole(1, math.MaxInt64), Default: `1`, AtMost: "a.most"},
	{Path: "a.most", Kind: settings.Whole(0, 100), Default: `0`},
	{Path: "a.word", Kind: settings.Choice(settings.Option{Value: "one"}, settings.Option{Value: "two"}), Default: `one`},
	{Path: "list", Kind: settings.List(settings.Text()), Default: `[]`},
	{Path: "set", Kind: settings.Set(settings.Text()), Default: `[]`},
	{Path: "map", Kind: settings.Map(name(), settings.Whole(0, 9), strings.ToUpper), Default: `{}`},
	{Path: "rows", Kind: settings.List(row()), Default: `[]`},
	{Path: "either", Kind: settings.Either(settings.Set(settings.Text()), "is neither all nor a list", settings.Option{Value: "all"}), Default: `all`},
})

// every is a document with a value of each kind.
const every = `{"text": "t", "yes": true, "a": {"whole": 7, "most": 9, "word": "two"}, "list": ["b", "a", "b"],
	"set": ["b", "a", "b"], "map": {"x": 1, "Y": 2}, "rows": [{"size": 3, "big": true}, {"size": 0, "small": "s", "from": "1", "to": "2"}],
	"either": ["z", "y"]}`

func TestADocumentIsReadAndWrittenInItsOneForm(t *testing.T) {
	t.Parallel()
	tree, err := table.Parse([]byte(every))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(table.Canonical(tree).Document())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"a":{"most":9,"whole":7,"word":"two"},"either":["y","z"],"list":["b","a","b"],"map":{"X":1,"Y":2},` +
		`"rows":[{"big":true,"size":3},{"from":"1","size":0,"small":"s","to":"2"}],"set":["a","b"],"text":"t","yes":true}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	again, err := table.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(table.Canonical(tree), table.Canonical(again)); diff != "" {
		t.Errorf("read back: %s", diff)
	}
}

func TestWhatADocumentDoesNotSayHasItsDefault(t *testing.T) {
	t.Parallel()
	for _, document := range []string{`{}`, `{"a": {}, "list": null}`, `{"a": null}`} {
		tree, err := table.Parse([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if tree["a.whole"] != int64(1) || tree["a.word"] != "one" || tree["either"] != "all" || len(tree) != len(table.Keys()) {
			t.Errorf("%s: %v", document, tree)
		}
	}
}

func TestWhatIsWrongIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		`{"text": []}`:                                          `text: a list is not a text`,
		`{"yes": "maybe"}`:                                      `yes: "maybe" is not true or false`,
		`{"a": {"whole": 0}}`:                                   `a.whole: "0" is not a whole number from 1`,
		`{"a": {"whole": 8, "most": 5}}`:                        `a.whole: "8" is more than a.most (5)`,
		`{"a": {"word": "three"}}`:                              `a.word: "three" is not one of one, two`,
		`{"a": {"wrod": "one"}}`:                                `a.wrod: unknown key; the nearest known one is a.word`,
		`{"a": 1}`:                                              `a: must hold keys (whole, most, word), not a single value`,
		`{"list": "x"}`:                                         `list: "x" is not a list`,
		`{"list": ["x", {}]}`:                                   `list[1]: a map is not a text`,
		`{"map": ["x"]}`:                                        `map: a list is not a map`,
		`{"map": {"x": 1, "X": 2}}`:                             `map.X: stands twice`,
		`{"map": {"x": 10}}`:                                    `map.X: "10" is not a whole number from 0 to 9`,
		`{"rows": [{"big": true}]}`:                             `rows[0]: has no size: add it`,
		`{"rows": [{"size": 1}]}`:                               `rows[0]: has none of big, small: add one`,
		`{"rows": [{"size": 1, "big": false}]}`:                 `rows[0].big: "false" says nothing: write true, or remove the rule`,
		`{"rows": [{"size": 1, "huge": 1}]}`:                    `rows[0].huge: nothing is huge here`,
		`{"rows": [{"size": 1, "bigg": 1}]}`:                    `rows[0].bigg: unknown key; the nearest known one is big`,
		`{"either": "some"}`:                                    `either: "some" is neither all nor a list`,
		`{"rows": [{"size":1,"big":true,"from":"2","to":"1"}]}`: `rows[0].from: "2" is not before "1", the row's end`,
		`[]`: `must hold keys`,
		`{`:  `not valid JSON`,
	} {
		_, err := table.Parse([]byte(document))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", document, err, want)
		}
	}
	// A record that says two things names both, and what else is wrong with it.
	_, err := table.Parse([]byte(`{"rows": [{"size": 99, "big": true, "small": "s"}]}`))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("two problems: %v", err)
	}
}

func TestADocumentFillsAStructAndComesBack(t *testing.T) {
	t.Parallel()
	type part struct {
		Whole int64  `json:"whole"`
		Most  int64  `json:"most"`
		Word  string `json:"word"`
	}
	type all struct {
		Text string           `json:"text"`
		Yes  bool             `json:"yes"`
		A    part             `json:"a"`
		List []string         `json:"list"`
		Map  map[string]int64 `json:"map"`
	}
	few := settings.NewTable(table.Keys()[:6], table.Keys()[7:8])
	tree, err := few.Parse([]byte(`{"text": "t", "a": {"whole": 9007199254740993}, "list": ["x"], "map": {"y": 3}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got all
	if err := tree.Into(&got); err != nil {
		t.Fatal(err)
	}
	want := all{Text: "t", A: part{Whole: 9007199254740993, Word: "one"}, List: []string{"x"}, Map: map[string]int64{"Y": 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Nothing at all is an empty list, whatever the default is.
	got.List, got.Map = nil, nil
	back, err := few.Of(&got)
	if diff := cmp.Diff([]any{[]any{}, map[string]any{}}, []any{back["list"], back["map"]}); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	got.A.Whole = 0
	if _, err := few.Of(&got); err == nil || !strings.Contains(err.Error(), "a.whole") {
		t.Errorf("a struct with a wrong value: %v", err)
	}
}

func TestATableWithAPathTwiceIsAMistakeOfTheProgram(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it was taken")
		}
	}()
	settings.NewTable(table.Keys(), table.Keys()[:1])
}

func TestHowKindsAreWrittenAsText(t *testing.T) {
	t.Parallel()
	want := map[string]settings.Shape{
		"text": settings.AsText, "yes": settings.AsPlain, "a.whole": settings.AsPlain, "a.word": settings.AsText,
		"list": settings.AsWords, "set": settings.AsWords, "map": settings.AsMap, "rows": settings.AsList, "either": settings.AsChoice,
	}
	for path, shape := range want {
		if k, _ := table.Key(path); k.Shape() != shape {
			t.Errorf("%s is written as %d, want %d", path, k.Shape(), shape)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(every)
	f.Add(`{"map": {"x": {}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := table.Parse([]byte(text))
		if err != nil {
			return
		}
		first, err := json.Marshal(table.Canonical(tree).Document())
		if err != nil {
			t.Fatal(err)
		}
		again, err := table.Parse(first)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, first, err)
		}
		if second, _ := json.Marshal(table.Canonical(again).Document()); string(second) != string(first) {
			t.Fatalf("%q is written as %q, then as %q", text, first, second)
		}
	})
}
