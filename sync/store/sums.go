package store

import (
	"hash/crc32"
	"slices"
	"strings"
)

// DigestVersion names the way in which digests are made. Digests of another
// version say nothing about a row.
const DigestVersion = 5

// A digest is a 64-bit number that stands for a stored row: the CRC-32 of the
// row's fields in UTF-8, joined by "|", NULL as "|~", plus one, times a
// multiplier that the row's id gives. The server and this program compute the
// same number. Digests of several rows are combined by exclusive or.
//
// CRC-32 is what both servers compute at the cost of reading the text, and
// never misses a change within four neighbouring bytes; another change of a
// row is missed once in 2³². It is linear, though: without the product, in
// which carries mix the bits, texts that change places between rows would
// cancel out. With it, changes of several rows cancel out no more often than
// in random 64-bit numbers. Against one who aims at it a digest is no defence;
// looking at everything anew is.

// RowSums are the digests of one order or refund. Head covers its own row and
// whatever else is stored once for it, its upper half the status alone; Body the lines and fees that it owns,
// 0 if there are none. Together they cover every stored text that can change
// what an order is worth.
type RowSums struct {
	ID     int64
	Parent int64 // the order of a refund, else 0
	Head   uint64
	Body   uint64
}

// State returns of a head, or of several combined, what stands for ids and
// statuses; of the sums of comments, for their own rows.
func State(head uint64) uint64 { return head >> 32 }

// Bucket is the combined sum of the rows whose id lies in
// [N·size, (N+1)·size). Count is their number.
type Bucket struct {
	N     int64
	Count int64
	Sum   uint64
}

// utf8 returns the SQL expression of a column whose text may be stored in any
// character set.
func utf8(column string) string { return toUTF8 + column + asUTF8 }

const toUTF8, asUTF8 = "CONVERT(", " USING utf8mb4)"

// columns returns the SQL list by which the fields of a digest are read. What
// leaves the server is in UTF-8 anyway; asking for it as well made reading the
// meta of items a quarter dearer.
func columns(fields []string) string {
	plain := make([]string, len(fields))
	for i, field := range fields {
		if text, is := strings.CutPrefix(field, toUTF8); is {
			field = strings.TrimSuffix(text, asUTF8)
		}
		plain[i] = field
	}
	return strings.Join(plain, ", ")
}

// digestSQL returns the SQL expression of the digest of a row with this id and
// these fields; columns of text are given by utf8. A field whose text a
// stranger may choose must come last.
func digestSQL(id string, fields ...string) string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = "COALESCE(" + field + ", '|~')"
	}
	return productSQL(id, parts)
}

// digest is digestSQL for fields as they were read, of which the first is the
// id.
func digest(scratch []byte, fields record) (uint64, []byte) {
	b := scratch[:0]
	for i := 1; i < len(fields); i++ {
		if i > 1 {
			b = append(b, '|')
		}
		b = fields.appendField(b, i)
	}
	return product(fields.sum(0), b), b
}

func (r record) appendField(to []byte, i int) []byte {
	if r[i] == nil {
		return append(to, '|', '~')
	}
	return r.appendText(to, i)
}

// Some sums are two in one: the lower halves of two digests, the upper one of
// the fields that can be read cheaply. They still tell any two texts apart that
// their checksums tell apart; that changes of several rows cancel out is as rare
// as in random 32-bit numbers.
const lowerHalf = 1<<32 - 1

func stateSQL(id string, fields ...string) string {
	return "(" + digestSQL(id, fields...) + " & 4294967295)"
}

// headSQL returns the SQL expression of such a sum of a row whose id is the
// first field, with those at these places in its upper half.
func headSQL(fields []string, state ...int) string {
	own := make([]string, len(state))
	for i, at := range state {
		own[i] = fields[at]
	}
	return "(" + stateSQL(fields[0], own...) + " << 32 | (" + digestSQL(fields[0], fields[1:]...) + " & 4294967295))"
}

// headOf is headSQL for fields as they were read.
func headOf(scratch []byte, fields record, state ...int) (uint64, []byte) {
	scratch = scratch[:0]
	for i, at := range state {
		if i > 0 {
			scratch = append(scratch, '|')
		}
		scratch = fields.appendField(scratch, at)
	}
	upper := product(fields.sum(0), scratch)
	sum, scratch := digest(scratch, fields)
	return upper<<32 | sum&lowerHalf, scratch
}

// digestMetaSQL returns the SQL expression of the digest of a row m of a meta
// table with a wanted key. The owners, none of them NULL, tell whose it is.
func digestMetaSQL(owners ...string) string {
	row := []string{utf8("m.meta_key"), "COALESCE(" + utf8("m.meta_value") + ", '|~')"}
	return productSQL("m.meta_id", slices.Concat(owners, row))
}

// digestMeta is digestMetaSQL for owners of which checksumOwners was made. A
// nil value is NULL.
func digestMeta(scratch []byte, owners uint32, meta int64, key, value []byte) (uint64, []byte) {
	b := scratch[:0]
	b = append(b, key...)
	b = append(b, '|')
	if value == nil {
		b = append(b, '|', '~')
	} else {
		b = append(b, value...)
	}
	return multiply(uint64(meta), crc32.Update(owners, crc32.IEEETable, b)), b
}

// checksumOwners begins the checksum of each meta row of owners, which are
// joined by "|".
func checksumOwners(owners []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(owners), crc32.IEEETable, []byte{'|'})
}

// The product cannot leave 64 bits, and is never 0.
func productSQL(id string, parts []string) string {
	return "(CRC32(CONCAT_WS('|', " + strings.Join(parts, ", ") + ")) + 1) * (" + id + " << 1 & 4294967295 | 1)"
}

func product(id uint64, text []byte) uint64 { return multiply(id, crc32.ChecksumIEEE(text)) }

func multiply(id uint64, checksum uint32) uint64 {
	return (uint64(checksum) + 1) * uint64(uint32(id)<<1|1)
}
