package bench_test

import (
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/bench"
	"loyaltyd/internal/testshop"
)

// The benchmark works, and what it counts, which does not depend on the
// machine, stays within bounds.
func TestTheBenchmarkAtASmallSize(t *testing.T) {
	options := bench.Options{
		Orders: 2000, Few: 1000, Rounds: 1, Watch: 200 * time.Millisecond, Load: 200 * time.Millisecond, Idle: 200 * time.Millisecond,
		Storages: []testshop.Storage{testshop.HPOS, testshop.Legacy}, Sections: []string{"first", "increment", "sweep", "small", "endpoint", "reports"},
		Binary: filepath.Join(t.TempDir(), "loyaltyd"), Log: t.Logf,
	}
	if err := bench.Build(t.Context(), options.Binary); err != nil {
		t.Fatal(err)
	}
	result, err := bench.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	lines := result.Lines
	t.Log(text(t, bench.Tables(lines), bench.Table.Print))
	for _, bound := range []struct {
		what  string // the line begins with it
		unit  string
		most  float64
		lines int // that must be there
	}{
		{"first run", "statements", 360, 4}, // 2,000 orders, 1,000 users and comments, and making the tables
		{"first run", "rows read", 300_000, 4},
		{"100 changed orders", "statements", 75, 4},
		{"100 changed orders", "commits", 5, 4},
		{"a run that finds nothing", "statements", 10, 4},
		{"a run that finds nothing", "rows read", 20_000, 4},
		{"sweep of everything", "statements", 90, 2},
		{"a refresh after one entry", "statements", 24, 1},
		{"a refresh after one entry", "rows read", 1000, 1},
		{"a refresh after 1,000 entries", "statements", 40, 1},
		{"a refresh at midnight", "statements", 120, 1},
		{"the reports of a period", "statements", 4, 1},
		{"the reports of a period", "rows read", 1000, 1},
		{"a page of a rare type", "rows read", 10_000, 1},
		{"a customer's page", "rows read", 100, 1},
	} {
		found := 0
		for _, line := range lines {
			for _, count := range line.Counts {
				if !strings.HasPrefix(line.What, bound.what) || count.Unit != bound.unit {
					continue
				}
				found++
				if count.Value <= 0 || count.Value > bound.most {
					t.Errorf("%s: %s: %v, at most %v are in order", line.Store, line.What, count, bound.most)
				}
			}
		}
		if found != bound.lines {
			t.Errorf("%d lines tell the %s of %q, not %d", found, bound.unit, bound.what, bound.lines)
		}
	}
}

// Names of sections are checked before anything is made.
func TestAnUnknownSectionIsRefused(t *testing.T) {
	_, err := bench.Run(context.Background(), bench.Options{Sections: []string{"frist"}})
	if err == nil || !strings.Contains(err.Error(), `"frist"`) {
		t.Errorf("the error is %v", err)
	}
}

func TestTables(t *testing.T) {
	ms := func(n int) bench.Figure { return bench.Seconds(time.Duration(n) * time.Millisecond) }
	lines := []bench.Line{
		{Store: "HPOS, 10 orders", What: "within its ratio", Ours: ms(1500), Floor: ms(1000), Target: bench.Target{Ratio: 1.5}, Peak: bench.MiB(3 << 20)},
		{Store: "HPOS, 10 orders", What: "beyond it", Ours: ms(151), Floor: ms(100), Target: bench.Target{Ratio: 1.5}, Counts: []bench.Figure{bench.Count(12, "statements")}},
		{Store: "HPOS, 10 orders", What: "within its ratio, beyond its time", Ours: ms(6), Floor: ms(6), Target: bench.Target{Ratio: 1.5, Figure: ms(5)}},
		{Store: "Legacy, 10 orders", What: "too few in a second", Ours: bench.Rate(40, time.Second), Floor: bench.Rate(100, time.Second), Target: bench.Target{Ratio: 0.5, AtLeast: true}},
		{Store: "Legacy, 10 orders", What: "a floor", Floor: bench.Seconds(250 * time.Microsecond)},
	}
	tables := append(bench.Tables(lines), bench.Growth([]int{10, 20}, [][]bench.Line{lines, {
		{Store: "HPOS, 20 orders", What: "beyond it", Ours: ms(300), Floor: ms(150)},
		{Store: "HPOS, 10 orders", What: "beyond it", Ours: ms(1)},
	}}))
	golden(t, "text", text(t, tables, bench.Table.Print))
	golden(t, "markdown", text(t, tables, bench.Table.Markdown))
}

func text(t *testing.T, tables []bench.Table, print func(bench.Table, io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	for _, table := range tables {
		if err := print(table, &b); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s changed (-update rewrites it):\n%s", path, diff)
	}
}
