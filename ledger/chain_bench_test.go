package ledger

import (
	"testing"
	"time"
)

// BenchmarkChainHash measures the hash of an ordinary entry.
func BenchmarkChainHash(b *testing.B) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	previous := make([]byte, 32)
	entry := &Entry{
		User: 1234, Seq: 17, OccurredAt: at, RecordedAt: at.Add(time.Hour), Type: Earn, Source: Purchase, Object: 1_000_321,
		Points: 59, Balance: 1234, Program: 1, FactAt: NullTime{Time: at, Valid: true}, Cause: "order",
	}
	b.ReportAllocs()
	for b.Loop() {
		sum := chainHash(previous, entry)
		copy(previous, sum[:])
	}
}
