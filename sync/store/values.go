package store

import (
	"database/sql/driver"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// record is a row as database.Reader gives it; nil is NULL. It is only good
// until the next row.
type record []driver.Value

// appendText appends a value as the server writes it, NULL as nothing.
func (r record) appendText(to []byte, i int) []byte {
	switch v := r[i].(type) {
	case []byte:
		return append(to, v...)
	case int64:
		return strconv.AppendInt(to, v, 10)
	case uint64:
		return strconv.AppendUint(to, v, 10)
	case float64:
		return strconv.AppendFloat(to, v, 'g', -1, 64)
	case float32:
		return strconv.AppendFloat(to, float64(v), 'g', -1, 32)
	}
	return to
}

// bytes returns a value's text as long as the record is good; nil is NULL.
func (r record) bytes(i int) []byte {
	if text, is := r[i].([]byte); is || r[i] == nil {
		return text
	}
	return r.appendText(nil, i)
}

func (r record) text(i int) string { return string(r.bytes(i)) }

// id reads an id; text that is none, or too large to be one, is 0.
func (r record) id(i int) int64 {
	switch v := r[i].(type) {
	case uint64:
		if v > math.MaxInt64 {
			return 0
		}
		return int64(v)
	case int64:
		return max(0, v)
	}
	return parseID(r.text(i))
}

// sum reads the server's own number.
func (r record) sum(i int) uint64 {
	if sum, is := r[i].(uint64); is {
		return sum
	}
	sum, _ := strconv.ParseUint(r.text(i), 10, 64)
	return sum
}

func (r record) time(i int) time.Time {
	if text, is := r[i].([]byte); is {
		if at, is := plainTime(text); is {
			return at
		}
	}
	return parseTime(r.text(i))
}

func parseID(text string) int64 {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil || id > math.MaxInt64 {
		return 0
	}
	return int64(id)
}

// parseTime reads a stored UTC DATETIME. A zero date, and whatever is no date,
// is a missing one.
func parseTime(text string) time.Time { return parseTimeIn(text, time.UTC) }

func parseTimeIn(text string, zone *time.Location) time.Time {
	at, err := time.ParseInLocation(time.DateTime, text, zone)
	if err != nil || at.Year() < 1 {
		return time.Time{}
	}
	return at.UTC()
}

// plainTime reads the text that the server has for nearly every date, many
// times faster than any layout is read.
func plainTime(text []byte) (at time.Time, is bool) {
	if len(text) != len(time.DateTime) || text[4] != '-' || text[7] != '-' || text[10] != ' ' || text[13] != ':' || text[16] != ':' {
		return time.Time{}, false
	}
	digits := true
	number := func(from, to int) (n int) {
		for _, c := range text[from:to] {
			digits = digits && '0' <= c && c <= '9'
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	hour, minute, second := number(11, 13), number(14, 16), number(17, 19)
	// No month ends before its 28th day.
	if !digits || year < 1 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}

const maxUnix = 253402300799 // the last second of year 9999

// parseUnix reads seconds since 1970 as WordPress stores them in its meta
// tables; empty, zero and whatever is no such number is a missing time.
func parseUnix(text string) time.Time {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds <= 0 || seconds > maxUnix {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Lists of ids in a query: maxList for keys that name one row or a few;
// diveList for indexes with very uneven keys (one parent owns nearly all
// rows): above 199 values both servers stop looking at the keys and go by
// their average, which can make them read the whole table.
const (
	maxList  = 900
	diveList = 150
)

// chunks calls work with ids sorted, without duplicates, at most size at a
// time. Ids below 1 name nothing and are left out.
func chunks(ids []int64, size int, work func([]int64) error) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	first, _ := slices.BinarySearch(ids, 1)
	for part := range slices.Chunk(ids[first:], size) {
		if err := work(part); err != nil {
			return err
		}
	}
	return nil
}

// conditions returns the conditions on a column that together find ids: a
// range for each dense run, which finds what lies between them too, and lists
// of at most size for the others.
func conditions(column string, ids []int64, size int) []string {
	var all []string
	var scattered []int64
	for _, run := range runs(ids) {
		if len(run) < leastRun {
			scattered = append(scattered, run...)
			continue
		}
		all = append(all, column+` BETWEEN `+strconv.FormatInt(run[0], 10)+` AND `+strconv.FormatInt(run[len(run)-1], 10))
	}
	for part := range slices.Chunk(scattered, size) {
		all = append(all, column+` IN (`+list(part)+`)`)
	}
	return all
}

// list writes ids for IN (…).
func list(ids []int64) string {
	var b strings.Builder
	b.Grow(len(ids) * 9)
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return b.String()
}

// quoted writes words of our own for IN (…).
func quoted(words []string) string { return "'" + strings.Join(words, "','") + "'" }
