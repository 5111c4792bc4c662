package store

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func metaSum(owners string, meta int64, key string, value []byte) uint64 {
	sum, _ := digestMeta(nil, checksumOwners([]byte(owners)), meta, []byte(key), value)
	return sum
}

func rowSum(fields ...string) uint64 {
	r := make(record, len(fields))
	for i, field := range fields {
		r[i] = []byte(field)
	}
	sum, _ := digest(nil, r)
	return sum
}

// Texts that change places between rows do not cancel out, as they would in
// bare checksums, whatever their lengths and however alike the rows.
func TestSwappedTextsMoveTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,3}\.[0-9]{2}`)
		a := text.Draw(t, "a")
		b := text.Filter(func(b string) bool { return b != a }).Draw(t, "b")
		id := rapid.Int64Range(1, 1<<40)
		first := id.Draw(t, "first")
		second := first + rapid.Int64Range(1, 100).Draw(t, "distance")
		if before, after := metaSum("7|1|fee", first, "_line_total", []byte(a))^metaSum("7|2|fee", second, "_line_total", []byte(b)),
			metaSum("7|1|fee", first, "_line_total", []byte(b))^metaSum("7|2|fee", second, "_line_total", []byte(a)); before == after {
			t.Errorf("%q and %q of the meta rows %d and %d", a, b, first, second)
		}
		one, two := strconv.FormatInt(first, 10), strconv.FormatInt(second, 10)
		if rowSum(one, a)^rowSum(two, b) == rowSum(one, b)^rowSum(two, a) {
			t.Errorf("%q and %q of the rows %s and %s", a, b, one, two)
		}
	})
}

// Rows that all change alike do not cancel out either: lines that move from
// one order to another.
func TestMovedRowsMoveTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(1, 1<<40).Draw(t, "first")
		values := rapid.SliceOfN(rapid.StringMatching(`[0-9]{0,4}`), 2, 20).Draw(t, "values")
		sum := func(owners string) (sum uint64) {
			for i, v := range values {
				sum ^= metaSum(owners, first+int64(i), "_qty", []byte(v))
			}
			return sum
		}
		if sum("1001|5|line_item") == sum("1002|5|line_item") || sum("1001|5|line_item") == sum("1001|5|fee") {
			t.Errorf("%q from meta row %d", values, first)
		}
	})
}

// What stands for NULL is not mistaken for a text, nor is any sum 0.
func TestNullIsNoText(t *testing.T) {
	seen := map[uint64]string{0: "no row"}
	for _, v := range [][]byte{nil, {}, []byte("~"), []byte("NULL"), []byte("0")} {
		sum := metaSum("1|2|fee", 3, "_qty", v)
		if other, twice := seen[sum]; twice {
			t.Errorf("%q has the sum of %s", v, other)
		}
		seen[sum] = string(v)
	}
	for name, r := range map[string]record{
		"a NULL": {[]byte("1"), nil, []byte("b")}, "an empty text": {[]byte("1"), []byte{}, []byte("b")}, "a tilde": {[]byte("1"), []byte("~"), []byte("b")},
		"a NULL at the end": {[]byte("1"), []byte("b"), nil}, "another id": {[]byte("2"), []byte{}, []byte("b")},
	} {
		sum, _ := digest(nil, r)
		if other, twice := seen[sum]; twice {
			t.Errorf("%s has the sum of %s", name, other)
		}
		seen[sum] = name
	}
}
