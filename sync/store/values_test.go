package store

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// What the quick reader of dates takes is what the layout makes of it.
func TestPlainDatesAreReadAsTheLayoutReadsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
		text := fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d", part("year", 9999),
			part("month", 13), part("day", 32), part("hour", 24), part("minute", 60), part("second", 60))
		if rapid.Bool().Draw(t, "broken") {
			b := []byte(text)
			b[rapid.IntRange(0, len(b)-1).Draw(t, "place")] = rapid.SampledFrom([]byte(" .x-:/")).Draw(t, "what")
			text = string(b)
		}
		if at := (record{[]byte(text)}).time(0); !at.Equal(parseTime(text)) {
			t.Errorf("%q is %s, not %s", text, at, parseTime(text))
		}
	})
	for _, text := range []string{"2026-02-28 23:59:59", "2024-01-01 00:00:00"} {
		if _, is := plainTime([]byte(text)); !is {
			t.Errorf("%q is not read quickly", text)
		}
	}
}

// Texts that are kept do not change when others are added.
func TestKeptTextsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, textChunk/3), 0, 20).Draw(t, "texts")
		var all texts
		kept := make([]string, len(given))
		scratch := make([]byte, textChunk)
		for i, text := range given {
			n := copy(scratch, text)
			kept[i] = all.keep(scratch[:n])
			clear(scratch)
		}
		for i, text := range given {
			if kept[i] != string(text) {
				t.Errorf("text %d of %d bytes changed", i, len(text))
			}
		}
	})
}
