package reports_test

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"loyaltyd/reports"
)

var update = flag.Bool("update", false, "write the golden files")

// hostile are names that try to do more than be names.
var hostile = map[int64]string{
	1: "Ada Lovelace",
	2: "=HYPERLINK(\"http://evil.example\";\"click\")",
	3: "\x1b[2J\x1b[1;1HAdmin\x07\u202etxet",
	4: "日本 太郎 🎁👩‍👩‍👧",
	5: "<script>alert(1)</script> O'Brien & Sons, \"Ltd\"",
	6: "line one\nline two\ttabbed\r",
	7: "-1+1 broken \xff\xfe bytes",
	8: "A name that is very much longer than anything a table should ever have to show to anybody",
	9: "   ",
}

func printed(t *testing.T, print func(io.Writer, reports.Format) error, f reports.Format) string {
	t.Helper()
	var b bytes.Buffer
	if err := print(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func samples(t *testing.T) map[string]func(io.Writer, reports.Format) error {
	t.Helper()
	zone := location(t, "Asia/Kolkata")
	at := time.Date(2026, 11, 21, 18, 45, 0, 123456000, time.UTC)
	rate := decimal(t, "3")
	status := func(name, from, to string) reports.Status {
		s := reports.Status{
			Period: name, Range: reports.AllTime, Opening: 1200, Issued: 1234567, Redeemed: 1000, Expired: 20, Revoked: 300,
			Adjusted: -5, Balance: 1234442, Pending: 40, Currency: "EUR", Participants: 1012, RefreshedAt: at,
		}
		if from != "" {
			s.Range = reports.Range{From: mustDay(from), To: mustDay(to)}
		}
		s.Value, _ = reports.Value(s.Balance, &rate)
		return s
	}
	month := status("month_to_date", "2026-11-01", "2026-11-22")
	sources := []reports.Source{
		{Period: "month_to_date", Source: "purchase", Points: 1234567, Entries: 4321, Customers: 999},
		{Period: "month_to_date", Source: "signup", Points: 120, Entries: 12, Customers: 12},
		{Period: "all_time", Source: "high_spend", Points: -5, Entries: 2, Customers: 1},
		{Period: "all_time", Source: "mystery", Points: 1, Entries: 1, Customers: 1},
	}
	var earners []reports.Earner
	var accounts []reports.Account
	for user := int64(1); user <= 10; user++ {
		earners = append(earners, reports.Earner{Period: "all_time", Place: int(user), User: user, Earned: 11000 - user*1000, Balance: 5 - user, Entries: user})
		accounts = append(accounts, reports.Account{User: user, Balance: user * 1000, Earned: user * 1000, Entries: user, LastEntryAt: sql.NullTime{Time: at, Valid: user%2 == 0}})
	}
	var entries []reports.Entry
	for i, e := range []reports.Entry{
		{Type: "earn", Source: "purchase", Points: 1200},
		{Type: "revoke", Source: "purchase", Points: -1200},
		{Type: "redeem", Source: "coupon", Points: -500},
		{Type: "restore", Source: "coupon", Points: 500},
		{Type: "expire", Source: "expiry", Points: -10},
		{Type: "adjust", Source: "admin", Points: 7, Note: sql.NullString{String: "=cmd|' /C calc'!A0\x1b[31m sorry for the delay", Valid: true}},
		{Type: "adjust", Source: "clamp", Points: 3},
		{Type: "hold", Source: "purchase", Pending: 40},
		{Type: "release", Source: "purchase", Pending: -40},
		{Type: "cancel_hold", Source: "high_spend", Pending: -4},
		{Type: "earn", Source: "product_review", Points: 5},
		{Type: "earn", Source: "blog_comment", Points: 5},
		{Type: "earn", Source: "signup", Points: 5},
		{Type: "earn", Source: "mystery", Points: 5},
	} {
		e.ID, e.User, e.Seq, e.Object, e.Balance = int64(100+i), int64(i%10+1), int64(i+1), int64(50+i), int64(1000*i)
		e.OccurredAt, e.RecordedAt = at.Add(time.Duration(i)*time.Hour), at
		entries = append(entries, e)
	}
	return map[string]func(io.Writer, reports.Format) error{
		"status": func(w io.Writer, f reports.Format) error {
			return reports.PrintStatus(w, f, []reports.Status{month}, rate)
		},
		"statuses": func(w io.Writer, f reports.Format) error {
			return reports.PrintStatus(w, f, []reports.Status{month, status("last_month", "2026-10-01", "2026-10-31"), status("all_time", "", "")}, rate)
		},
		"sources":  func(w io.Writer, f reports.Format) error { return reports.PrintSources(w, f, sources) },
		"earners":  func(w io.Writer, f reports.Format) error { return reports.PrintEarners(w, f, earners, hostile) },
		"history":  func(w io.Writer, f reports.Format) error { return reports.PrintHistory(w, f, entries, hostile, zone) },
		"balances": func(w io.Writer, f reports.Format) error { return reports.PrintBalances(w, f, accounts, hostile) },
		"nothing":  func(w io.Writer, f reports.Format) error { return reports.PrintSources(w, f, nil) },
	}
}

func TestPrintedReports(t *testing.T) {
	for name, print := range samples(t) {
		for _, format := range []reports.Format{reports.FormatTable, reports.FormatJSON, reports.FormatCSV} {
			got := printed(t, print, format)
			path := filepath.Join("testdata", name+"."+string(format)+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (run with -update to accept):\n%s", path, got)
			}
		}
	}
}

func TestNoNameMovesTheCursor(t *testing.T) {
	for name, print := range samples(t) {
		for _, format := range []reports.Format{reports.FormatTable, reports.FormatCSV} {
			text := printed(t, print, format)
			if !utf8.ValidString(text) {
				t.Errorf("%s as %s is not valid UTF-8", name, format)
			}
			for _, c := range text {
				if c != '\n' && c != '\u200d' && unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
					t.Errorf("%s as %s contains %U", name, format, c)
				}
			}
		}
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for name, print := range samples(t) {
		rows, err := csv.NewReader(strings.NewReader(printed(t, print, reports.FormatCSV))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		formulas := 0
		for _, row := range rows {
			for _, cell := range row {
				negative := strings.TrimLeft(cell, "-0123456789.") == ""
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && !negative {
					t.Errorf("%s: cell %q", name, cell)
				}
				if strings.HasPrefix(cell, "'=") {
					formulas++
				}
			}
		}
		if name == "earners" && formulas != 1 {
			t.Errorf("earners: %d formulas were made harmless, want 1", formulas)
		}
	}
}

func TestFormulasOfOtherSpreadsheetsAreHarmless(t *testing.T) {
	for name, want := range map[string]string{"＝1+1": "'＝1+1", "\u00a0=1+1": "'=1+1", "Bob;=1+1": "Bob;'=1+1", "Bob; -1": "Bob; '-1", "a=b": "a=b", "-5": "-5"} {
		print := func(w io.Writer, f reports.Format) error {
			return reports.PrintEarners(w, f, []reports.Earner{{User: 1}}, map[int64]string{1: name})
		}
		rows, err := csv.NewReader(strings.NewReader(printed(t, print, reports.FormatCSV))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(rows[1], func(cell string) bool { return strings.TrimSpace(cell) == want }) {
			t.Errorf("%q became %q, want %q", name, rows[1], want)
		}
	}
}

func TestJSONIsReadableAndKeepsNames(t *testing.T) {
	for name, print := range samples(t) {
		var rows []map[string]any
		if err := json.Unmarshal([]byte(printed(t, print, reports.FormatJSON)), &rows); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "nothing" && len(rows) != 0 {
			t.Errorf("nothing: %v", rows)
		}
		if name == "earners" && rows[4]["customer"] != hostile[5] {
			t.Errorf("customer = %q", rows[4]["customer"])
		}
	}
}

func TestUnknownFormatIsRefused(t *testing.T) {
	if _, err := reports.ParseFormat("xml"); err == nil {
		t.Error("xml was accepted")
	}
	if err := reports.PrintSources(io.Discard, "xml", nil); err == nil {
		t.Error("xml was written")
	}
}

// Whatever people are called, every format stays what it is.
func FuzzNames(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		names := map[int64]string{1: name}
		earners := []reports.Earner{{Place: 1, User: 1}}
		print := func(w io.Writer, f reports.Format) error { return reports.PrintEarners(w, f, earners, names) }
		if lines := strings.Count(printed(t, print, reports.FormatTable), "\n"); lines != 6 {
			t.Errorf("%q made a table of %d lines", name, lines)
		}
		if !json.Valid([]byte(printed(t, print, reports.FormatJSON))) {
			t.Errorf("%q made invalid JSON", name)
		}
		rows, err := csv.NewReader(strings.NewReader(printed(t, print, reports.FormatCSV))).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != len(rows[0]) {
			t.Fatalf("%q made CSV of %d rows: %v", name, len(rows), err)
		}
		for _, c := range rows[1][3] {
			if unicode.IsControl(c) {
				t.Errorf("%q left %U", name, c)
			}
		}
	})
}
