package store

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
)

// A sum is a 64-bit digest of stored text: the first 8 bytes, big endian, of
// the SHA-256 of a row's fields, in UTF-8, joined by "|", NULL as "~". Sums of
// several rows are combined by exclusive or. The server and this program
// compute the same number.

// RowSums are the sums of one order or refund. Head covers its own row and
// whatever else is stored once for it; Body the lines and fees that it owns,
// 0 if there are none. Together they cover every stored text that can change
// what an order is worth.
type RowSums struct {
	ID     int64
	Parent int64 // the order of a refund, else 0
	Head   uint64
	Body   uint64
}

// Bucket is the combined sum of the rows whose id lies in
// [N·size, (N+1)·size). Count is their number.
type Bucket struct {
	N     int64
	Count int64
	Sum   uint64
}

// digestSQL returns the SQL expression of the digest of a row with these
// fields. A field whose text a stranger may choose must come last.
func digestSQL(fields ...string) string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = "COALESCE(CONVERT(" + field + " USING utf8mb4), '~')"
	}
	return "CAST(CONV(LEFT(SHA2(CONCAT_WS('|', " + strings.Join(parts, ", ") + "), 256), 16), 16, 10) AS UNSIGNED)"
}

// textSQL returns the columns that a row's digest is made of, so that whoever
// reads the row need not let the server compute it.
func textSQL(fields ...string) string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = "CONVERT(" + field + " USING utf8mb4)"
	}
	return strings.Join(parts, ", ")
}

// digest is digestSQL for fields that textSQL read.
func digest(scratch []byte, fields record) (uint64, []byte) {
	b := scratch[:0]
	for i, field := range fields {
		if i > 0 {
			b = append(b, '|')
		}
		if field == nil {
			b = append(b, '~')
		} else {
			b = append(b, field...)
		}
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8]), b
}

// digestMeta is digestSQL for a row of a meta table that owner's parts name.
func digestMeta(scratch []byte, owner int64, kind string, meta int64, key string, v value) (uint64, []byte) {
	b := strconv.AppendInt(scratch[:0], owner, 10)
	b = append(b, '|')
	b = append(b, kind...)
	b = append(b, '|')
	b = strconv.AppendInt(b, meta, 10)
	b = append(b, '|')
	b = append(b, key...)
	b = append(b, '|')
	if v.null {
		b = append(b, '~')
	} else {
		b = append(b, v.text...)
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8]), b
}
