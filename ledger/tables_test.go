package ledger_test

import (
	"slices"
	"strings"
	"testing"

	"loyaltyd/ledger"
)

func TestTheTablesOfSourcesAndTypesAreWhole(t *testing.T) {
	const longest = 32 // of the columns
	plain := func(word string) bool {
		return word != "" && len(word) <= longest && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz_") == ""
	}
	known := map[ledger.Type]ledger.TypeInfo{}
	for _, row := range ledger.Types() {
		switch {
		case !plain(string(row.Type)) || known[row.Type].Type != "":
			t.Errorf("type %q: not a word of its own", row.Type)
		case row.Label == "" || row.Activity == "":
			t.Errorf("%s: has no name for people", row.Type)
		case (row.Points == ledger.Zero) == (row.Pending == ledger.Zero):
			t.Errorf("%s: moves neither points nor pending ones, or both", row.Type)
		case (row.Figure == ledger.NoFigure) != (row.Points == ledger.Zero), (row.Figure == ledger.NoFigure) != (row.Counts == 0):
			t.Errorf("%s: its points count in no figure, or it has none that could", row.Type)
		}
		known[row.Type] = row
	}
	var sources []ledger.Source
	for _, row := range ledger.Sources() {
		switch {
		case !plain(string(row.Source)) || slices.Contains(sources, row.Source):
			t.Errorf("source %q: not a word of its own", row.Source)
		case row.Label == "" || row.Object == "":
			t.Errorf("%s: has no name for people, or is for nothing", row.Source)
		}
		sources = append(sources, row.Source)
		takes := false
		for _, kind := range row.Types {
			if known[kind].Type == "" {
				t.Errorf("%s: there is no type %q", row.Source, kind)
			}
			takes = takes || known[kind].Points == ledger.Negative
		}
		if takes && row.Deducted == "" {
			t.Errorf("%s: does not say when its points are taken", row.Source)
		}
	}
	if got, want := ledger.SourcesOf(ledger.ObjectReview, ledger.ObjectComment), []ledger.Source{ledger.ProductReview, ledger.BlogComment}; !slices.Equal(got, want) {
		t.Errorf("the sources of comments are %v", got)
	}
}

func TestUnknownWordsKeepTheirName(t *testing.T) {
	source, kind := ledger.Source("mystery").Info(), ledger.Type("gift").Info()
	if source.Label != "mystery" || source.Object != ledger.ObjectAny || source.Source.Known() || kind.Label != "gift" || kind.Figure != ledger.NoFigure {
		t.Errorf("an unknown source is %+v, an unknown type %+v", source, kind)
	}
}
