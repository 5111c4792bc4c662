package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// entryFormat names the encoding below. A later format gets a new name, so
// that an entry can never be read as two things.
const entryFormat = "loyaltyd entry 1"

// chainHash returns the hash of an entry: SHA-256 over the hash of the
// account's entry before it (32 zero bytes before the first) and the fields of
// the entry, each preceded by its length in four bytes. Numbers are eight
// bytes big endian, times are microseconds since 1970 UTC, absent values have
// length 0. The id is left out: it belongs to the table, not to the account.
func chainHash(previous []byte, e *Entry) [sha256.Size]byte {
	buffer := make([]byte, 0, 384)
	buffer = append(buffer, previous...)
	text := func(s string) {
		buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(s)))
		buffer = append(buffer, s...)
	}
	number := func(n int64) {
		buffer = binary.BigEndian.AppendUint32(buffer, 8)
		buffer = binary.BigEndian.AppendUint64(buffer, uint64(n))
	}
	text(entryFormat)
	number(e.User)
	number(e.Seq)
	number(e.OccurredAt.UnixMicro())
	number(e.RecordedAt.UnixMicro())
	text(string(e.Type))
	text(string(e.Source))
	number(e.Object)
	number(e.Revision)
	number(e.Points)
	number(e.Pending)
	number(e.Balance)
	number(e.Program)
	if e.FactAt.Valid {
		number(e.FactAt.Time.UnixMicro())
	} else {
		text("")
	}
	text(e.Cause)
	text(string(e.NoteHash))
	return sha256.Sum256(buffer)
}

// noteHash is what the chain keeps of a note. The salt goes when the note is
// erased, so that a short note cannot be guessed from its hash.
func noteHash(salt []byte, note, actor string) []byte {
	buffer := make([]byte, 0, len(salt)+len(note)+len(actor)+12)
	for _, part := range []string{string(salt), note, actor} {
		buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(part)))
		buffer = append(buffer, part...)
	}
	sum := sha256.Sum256(buffer)
	return sum[:]
}

func newSalt() []byte {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	return salt
}

// What a DATETIME can hold, less a day at either end so that the local day of
// the time can be held too.
var (
	earliest = time.Date(1000, 1, 2, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC)
)

// Instant returns t as the tables keep it: UTC, whole microseconds, and for an
// absurd time, which a store may well contain, the nearest that they can keep.
func Instant(t time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t.UTC().Truncate(time.Microsecond)
}
