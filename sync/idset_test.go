package sync

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAnIDSetHoldsWhatWasAddedAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Int64Range(1, 300)
		added := rapid.SliceOf(id).Draw(t, "added")
		var set idSet
		want := map[int64]bool{}
		for _, id := range added {
			set.add(id)
			want[id] = true
		}
		for id := range int64(400) {
			if set.has(id) != want[id] {
				t.Fatalf("has(%d) = %t", id, !want[id])
			}
		}
	})
}

func TestAFullIDSetKeepsWhatItHas(t *testing.T) {
	var set idSet
	for n := range int64(mostWords) {
		set.add(64 * n)
	}
	beyond := int64(64 * mostWords)
	set.add(beyond)
	set.add(beyond - 1)
	if set.has(beyond) || !set.has(beyond-1) || !set.has(0) {
		t.Errorf("has(%d) = %t, want false; has(%d) = %t, want true", beyond, set.has(beyond), beyond-1, set.has(beyond-1))
	}
}
