package wpbridge_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	wpbridge "loyaltyd/wp-bridge"
)

type bodyOfTests struct {
	Points  int64           `json:"points"`
	Note    string          `json:"note"`
	Lines   []lineOfTests   `json:"lines"`
	Program json.RawMessage `json:"program"`
}

type lineOfTests struct {
	Total string `json:"total"`
}

func TestBodiesAreReadStrictly(t *testing.T) {
	for _, c := range []struct{ name, body, refusal string }{
		{"plain", `{"points":1,"note":"x","lines":[{"total":"1"},{"total":"2"}],"program":{"A":{"B":[1]},"c":null}}`, ""},
		{"space around it", " \n{\"points\" : 1}\t\n", ""},
		{"empty object", `{}`, ""},
		{"an unknown name", `{"point":1}`, "unknown field"},
		{"an unknown name inside", `{"lines":[{"totals":"1"}]}`, "unknown field"},
		{"a name in capitals", `{"Points":1}`, "is not known"},
		{"a name that folds to another", `{"pointſ":1}`, "is not known"},
		{"a name in capitals inside", `{"lines":[{"Total":"1"}]}`, "is not known"},
		{"a name in capitals after a programme", `{"program":{},"Points":1}`, "is not known"},
		{"a name twice", `{"points":1,"points":1}`, "twice"},
		{"a name twice, escaped", `{"points":1,"p\u006fints":2}`, "twice"},
		{"a name twice inside", `{"lines":[{"total":"1","total":"1"}]}`, "twice"},
		{"a name twice in a programme", `{"program":{"a":{"B":1,"B":2}}}`, "twice"},
		{"two objects", `{}{}`, "follows"},
		{"a word behind", `{} x`, "follows"},
		{"a list", `[{}]`, "an object"},
		{"a word", `true`, "an object"},
		{"null", `null`, "an object"},
		{"nothing", ``, "unexpected EOF"},
		{"half", `{"points":1`, "unexpected EOF"},
		{"a fraction", `{"points":1.5}`, "points must not be a number 1.5"},
		{"an exponent", `{"points":1e3}`, "points must not be a number 1e3"},
		{"text for a number", `{"points":"1"}`, "points must not be a string"},
		{"too large a number", `{"points":9223372036854775808}`, "points must not be a number"},
		{"a comment", `{"points":1/* one */}`, "invalid character"},
		{"not UTF-8", "{\"note\":\"\xff\"}", "UTF-8"},
		{"a byte order mark", "\ufeff{}", "invalid character"},
		{"deep", strings.Repeat(`{"program":`, 40) + "1" + strings.Repeat("}", 40), "deep"},
		{"deep lists", `{"program":{"a":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + "}}", "deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := wpbridge.Decode([]byte(c.body), &bodyOfTests{})
			if (got == "") != (c.refusal == "") || !strings.Contains(got, c.refusal) {
				t.Errorf("%s is refused with %q, want %q", c.body, got, c.refusal)
			}
		})
	}
}

// FuzzBodies proves that what is taken is one object of UTF-8 whose names are
// those of the contract, and that it means the same to any reader.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"points":500}`, `{"points":1,"points":2}`, `{"lines":[{"total":"1"}],"note":"\ud800"}`, `{"program":{"A":[{"b":1}]}}`,
		`{"note":"<script>🎁"}`, `{}{}`, `[]`, "{\"note\":\"\xff\"}", `{"program":{"a":1,"a":2}}`, `{"POINTS":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var read bodyOfTests
		if wpbridge.Decode(body, &read) != "" {
			return
		}
		if !utf8.Valid(body) || !json.Valid(body) {
			t.Fatalf("%q was taken", body)
		}
		var names map[string]json.RawMessage
		if err := json.Unmarshal(body, &names); err != nil {
			t.Fatalf("%q was taken, but is no object: %v", body, err)
		}
		var again bodyOfTests
		for name, value := range names {
			var err error
			switch name {
			case "points":
				err = json.Unmarshal(value, &again.Points)
			case "note":
				err = json.Unmarshal(value, &again.Note)
			case "lines":
				err = json.Unmarshal(value, &again.Lines)
			case "program":
				again.Program = value
			default:
				t.Fatalf("%q was taken with the name %q", body, name)
			}
			if err != nil {
				t.Fatalf("%q was taken: %v", body, err)
			}
		}
		if !bytes.Equal(read.Program, again.Program) {
			t.Fatalf("%q: the programme is %q or %q", body, read.Program, again.Program)
		}
		if !reflect.DeepEqual(read, again) {
			t.Fatalf("%q means %+v or %+v", body, read, again)
		}
	})
}

// FuzzSignatureHeaders proves that headers are taken in one form only, so that
// what was signed is what is read.
func FuzzSignatureHeaders(f *testing.F) {
	f.Add(strings.Repeat("a", 16), "1772625600", strings.Repeat("0", 32), strings.Repeat("f", 64), "key")
	f.Add("", "-1", " ", "0x", "")
	f.Add(strings.Repeat("A", 16), "+1", strings.Repeat("g", 32), strings.Repeat("0", 63), "\x00")
	f.Add(strings.Repeat("a", 16), "01772625600", strings.Repeat("0", 33), strings.Repeat("f", 64), "é")
	f.Fuzz(func(t *testing.T, key, at, nonce, signature, idem string) {
		header := http.Header{
			"Loyaltyd-Key": {key}, "Loyaltyd-Time": {at}, "Loyaltyd-Nonce": {nonce}, "Loyaltyd-Signature": {signature}, "Idempotency-Key": {idem},
		}
		r, readKey, readSignature, code := wpbridge.ReadEnvelope(header)
		hex := func(text string, n int) bool {
			return len(text) == n && strings.Trim(text, "0123456789abcdef") == ""
		}
		good := hex(key, 16) && hex(nonce, 32) && hex(signature, 64) && r.Time > 0
		switch {
		case code == "" && !good:
			t.Fatalf("taken: %q", header)
		case code != "" && code != "bad_signature" && code != "unsigned":
			t.Fatalf("refused with %q: %q", code, header)
		case code == "" && (readKey != key || readSignature != signature || r.Nonce != nonce || fmt.Sprint(r.Time) != at || r.IdempotencyKey != idem):
			t.Fatalf("%q is read as %+v", header, r)
		}
		for _, name := range []string{"Loyaltyd-Key", "Loyaltyd-Time", "Loyaltyd-Nonce", "Loyaltyd-Signature", "Idempotency-Key"} {
			twice := header.Clone()
			twice.Add(name, header.Get(name))
			if _, _, _, code := wpbridge.ReadEnvelope(twice); code == "" {
				t.Fatalf("%s is taken twice: %q", name, twice)
			}
		}
	})
}
