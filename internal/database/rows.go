package database

import (
	"database/sql"
	"strconv"
	"time"
	"unicode/utf8"
)

// Rows are rows on their way into a table. They are written column by column,
// each row closed by End, in the order of the Table's columns.
type Rows struct {
	text   []byte // lines of fields, both escaped by backslashes
	ends   []int  // of the lines in text, line feed included
	column int    // of the next field
	binary uint64 // a bit for each column that holds bytes
	alien  string // a text that is not ASCII, if there is one
}

// The bytes that mean something to LOAD DATA or inside a quoted string.
const (
	fieldEnd  = '\t'
	lineEnd   = '\n'
	escape    = '\\'
	quote     = '\''
	nullField = `\N`
)

// Len returns how many rows there are.
func (r *Rows) Len() int { return len(r.ends) }

// End closes a row.
func (r *Rows) End() {
	r.text = append(r.text, lineEnd)
	r.ends = append(r.ends, len(r.text))
	r.column = 0
}

func (r *Rows) field() {
	if r.column > 0 {
		r.text = append(r.text, fieldEnd)
	}
	r.column++
}

// Int adds a whole number.
func (r *Rows) Int(n int64) {
	r.field()
	r.text = strconv.AppendInt(r.text, n, 10)
}

// Uint adds a whole number without a sign.
func (r *Rows) Uint(n uint64) {
	r.field()
	r.text = strconv.AppendUint(r.text, n, 10)
}

// Bool adds 1 or 0.
func (r *Rows) Bool(b bool) {
	if b {
		r.Int(1)
	} else {
		r.Int(0)
	}
}

// Time adds a time, in UTC, cut to microseconds.
func (r *Rows) Time(t time.Time) {
	r.field()
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		r.text = t.AppendFormat(r.text, "2006-01-02 15:04:05.000000")
		return
	}
	hour, minute, second := t.Clock()
	r.text = appendDigits(r.text, year, 4)
	r.text = appendDigits(append(r.text, '-'), int(month), 2)
	r.text = appendDigits(append(r.text, '-'), day, 2)
	r.text = appendDigits(append(r.text, ' '), hour, 2)
	r.text = appendDigits(append(r.text, ':'), minute, 2)
	r.text = appendDigits(append(r.text, ':'), second, 2)
	r.text = appendDigits(append(r.text, '.'), t.Nanosecond()/1000, 6)
}

// appendDigits appends a number with leading zeros.
func appendDigits(to []byte, n, width int) []byte {
	end := len(to) + width
	to = append(to, "000000"[:width]...)
	for i := end - 1; n > 0; i-- {
		to[i] = byte('0' + n%10)
		n /= 10
	}
	return to
}

// NullTime adds a time or NULL.
func (r *Rows) NullTime(t sql.NullTime) {
	if t.Valid {
		r.Time(t.Time)
	} else {
		r.null()
	}
}

// Text adds a text, which must be ASCII: rows with another one are not written.
func (r *Rows) Text(text string) {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			r.alien = text
		}
	}
	r.field()
	r.text = appendEscaped(r.text, text)
}

// Bytes adds bytes, for a binary column; nil is NULL.
func (r *Rows) Bytes(b []byte) {
	if b == nil {
		r.null()
		return
	}
	r.binary |= 1 << r.column
	r.field()
	r.text = appendEscaped(r.text, b)
}

func (r *Rows) null() {
	r.field()
	r.text = append(r.text, nullField...)
}

func appendEscaped[T string | []byte](buffer []byte, plain T) []byte {
	done := 0
	for i := range len(plain) {
		c := plain[i]
		switch c {
		case fieldEnd, lineEnd, escape, quote:
		case 0:
			c = '0'
		default:
			continue
		}
		buffer = append(append(buffer, plain[done:i]...), escape, c)
		done = i + 1
	}
	return append(buffer, plain[done:]...)
}

// values returns the rows from first on as the VALUES of an INSERT, at least
// one and no more than fit so many bytes, and the first row that is left.
func (r *Rows) values(buffer []byte, first, most int) (values []byte, next int) {
	for next = first; next < len(r.ends); next++ {
		from := 0
		if next > 0 {
			from = r.ends[next-1]
		}
		line := r.text[from : r.ends[next]-1]
		// Each field may become longer by its quotes and what stands before them.
		const perLine = 400
		if next > first && len(buffer)+len(line)+perLine > most {
			break
		}
		if next > first {
			buffer = append(buffer, ',')
		}
		buffer = r.appendTuple(buffer, line)
	}
	return buffer, next
}

// appendTuple appends a line as (…).
func (r *Rows) appendTuple(buffer, line []byte) []byte {
	buffer = append(buffer, '(')
	for column := 0; ; column++ {
		end := fieldLength(line)
		if field := line[:end]; string(field) == nullField {
			buffer = append(buffer, "NULL"...)
		} else {
			if r.binary&(1<<column) != 0 {
				// Else the bytes would have to be text of the connection.
				buffer = append(buffer, "_binary"...)
			}
			buffer = append(buffer, quote)
			buffer = append(buffer, field...)
			buffer = append(buffer, quote)
		}
		if end == len(line) {
			return append(buffer, ')')
		}
		buffer = append(buffer, ',')
		line = line[end+1:]
	}
}

// fieldLength returns where the first field of a line ends.
func fieldLength(line []byte) int {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case escape:
			i++
		case fieldEnd:
			return i
		}
	}
	return len(line)
}
