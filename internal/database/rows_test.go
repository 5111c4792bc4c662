package database

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Times are written to the microsecond, cut and in UTC, whatever their zone.
func TestTimesAreWrittenAsTheLayoutWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62167219200, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		at = at.In(time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "zone")*3600))
		var rows Rows
		rows.Time(at)
		if want := at.UTC().Format("2006-01-02 15:04:05.000000"); string(rows.text) != want {
			t.Errorf("%s is written as %s", want, rows.text)
		}
	})
}
