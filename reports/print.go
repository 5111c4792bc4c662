package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Format is how a report is written.
type Format string

// The formats: a table for people; an array of objects, or lines with a
// header, for programs and spreadsheets. JSON and CSV have the same keys, those
// of the report tables, and only ever get more of them.
const (
	FormatTable Format = "table"
	FormatJSON  Format = "json"
	FormatCSV   Format = "csv"
)

// ParseFormat reads the name of a format.
func ParseFormat(text string) (Format, error) {
	switch f := Format(text); f {
	case FormatTable, FormatJSON, FormatCSV:
		return f, nil
	}
	return "", fmt.Errorf("%q is not a format: use table, json or csv", text)
}

// field is a value under its key; a record has its fields in a fixed order.
type field struct {
	key   string
	value any
}

type record []field

// write writes the records as JSON or CSV, or calls table. Keys are those of
// any record, for a header without lines.
func write(w io.Writer, f Format, keys []string, records []record, table func() string) error {
	var text string
	var err error
	switch f {
	case FormatTable:
		text = table()
	case FormatJSON:
		text, err = jsonText(records)
	case FormatCSV:
		text, err = csvText(keys, records)
	default:
		_, err = ParseFormat(string(f))
	}
	if err != nil {
		return fmt.Errorf("write a report as %s: %w", f, err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write a report: %w", err)
	}
	return nil
}

// MarshalJSON writes the fields in their order.
func (r record) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.key, err)
		}
		fmt.Fprintf(&b, "%q:%s", f.key, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func jsonText(records []record) (string, error) {
	if records == nil {
		records = []record{}
	}
	text, err := json.MarshalIndent(records, "", "  ")
	return string(text) + "\n", err
}

func csvText(keys []string, records []record) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(keys) // a strings.Builder takes everything
	for _, r := range records {
		var cells []string
		for _, f := range r {
			cells = append(cells, cell(f.value))
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return b.String(), w.Error()
}

func cell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return harmless(clean(v))
	case time.Time:
		return v.Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(v)
	}
}

var plainNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

// A sign with which a formula begins, also in its wide form, where some
// spreadsheets begin a cell: semicolons divide cells too where commas are in
// numbers.
var formula = regexp.MustCompile(`(^|;)([\s\p{Z}]*)([=+\-@＝＋－＠])`)

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(text string) string {
	if plainNumber.MatchString(text) {
		return text
	}
	return formula.ReplaceAllString(text, "$1$2'$3")
}

// clean returns text that cannot move a terminal's cursor, reorder a line or
// break it: without control characters and direction marks, in valid UTF-8.
func clean(text string) string {
	return strings.Map(func(c rune) rune {
		const joiner, nonJoiner = '\u200d', '\u200c' // parts of emoji and of scripts
		switch {
		case c == '\n' || c == '\r' || c == '\t' || unicode.In(c, unicode.Zl, unicode.Zp):
			return ' '
		case c == joiner || c == nonJoiner:
			return c
		case unicode.In(c, unicode.Cc, unicode.Cf):
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}
