package sync

import (
	"slices"
	"testing"

	"loyaltyd/ledger"
)

func TestEveryKindOfFactIsWhole(t *testing.T) {
	var names, stages []string
	var sources []ledger.Source
	for _, k := range kinds() {
		if k.name == "" || slices.Contains(names, k.name) || k.title == "" || len(k.sources) == 0 {
			t.Errorf("kind %q has no name of its own, no title or no sources", k.name)
		}
		if k.find == nil || k.release == nil || k.verify == nil || k.explain == nil || k.count == nil {
			t.Errorf("%s: is not found, released, verified, explained or counted", k.name)
		}
		if (k.observed == "") != (k.verifyOrphans == nil) {
			t.Errorf("%s: entries without a fact are looked for where nothing is observed, or not where something is", k.name)
		}
		if (k.recheck == nil) != (k.settle == nil) || (k.recheck == nil) != (k.page == 0) {
			t.Errorf("%s: rechecking, settling and the size of a page belong together", k.name)
		}
		if k.stage != "" && slices.Contains(stages, k.stage) {
			t.Errorf("%s: its stage %q is another kind's too", k.name, k.stage)
		}
		for _, source := range k.sources {
			if slices.Contains(sources, source) || !source.Known() {
				t.Errorf("%s: %s is no source, or another kind's too", k.name, source)
			}
		}
		names, stages, sources = append(names, k.name), append(stages, k.stage), append(sources, k.sources...)
	}
	if !stageDone("users", "comments") || stageDone("orders", "orders") || stageDone("comments", "users") || stageDone("users", "") {
		t.Error("the stages of a first run are not done in the order of their kinds")
	}
}
