package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/term"

	"loyaltyd/reports"
)

// writeJSON writes a value for programs.
func (c *cli) writeJSON(value any) error {
	encoder := json.NewEncoder(c.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// count writes a number with its noun.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return reports.Number(n) + " " + many
}

// printable returns text that cannot move a terminal's cursor or break a line.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' || c == '\r' {
			return ' '
		}
		if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// ago writes how long something has been, without needless precision.
func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return count(int64(d/time.Second), "second", "seconds")
	case d < 2*time.Hour:
		return count(int64(d/time.Minute), "minute", "minutes")
	case d < 48*time.Hour:
		return count(int64(d/time.Hour), "hour", "hours")
	}
	return count(int64(d/(24*time.Hour)), "day", "days")
}

// isTerminal reports whether a person watches what is written to w.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
