package bench

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

// Line is one line of the table: what something costs, beside what it cannot
// cost less than.
type Line struct {
	Store  string // which store it was measured on; lines of one store stand together
	What   string
	Ours   Figure
	Floor  Figure // without a unit: there is none
	Target Target
	Peak   Figure   // memory of our process at its highest; without a unit: not measured
	Counts []Figure // such as statements, which do not depend on the machine
}

// Figure is a number with its unit.
type Figure struct {
	Value float64
	Unit  string
}

// The units that the table writes in a form of their own.
const (
	seconds = "s"
	mib     = "MiB"
	rate    = "/s"
	percent = "%"
)

// Seconds returns a time as a figure.
func Seconds(d time.Duration) Figure { return Figure{d.Seconds(), seconds} }

// MiB returns a number of bytes as a figure.
func MiB(bytes int64) Figure { return Figure{float64(bytes) / (1 << 20), mib} }

// Rate returns how many of n there are in a second as a figure.
func Rate(n int, d time.Duration) Figure { return Figure{float64(n) / d.Seconds(), rate} }

// Percent returns a share of 1 as a figure.
func Percent(share float64) Figure { return Figure{100 * share, percent} }

// Count returns a number of things as a figure.
func Count(n int64, things string) Figure { return Figure{float64(n), things} }

func (f Figure) String() string {
	switch {
	case f.Unit == "":
		return ""
	case f.Unit == seconds && f.Value < 0.001:
		return fmt.Sprintf("%.0f µs", f.Value*1e6)
	case f.Unit == seconds && f.Value < 0.1:
		return fmt.Sprintf("%.1f ms", f.Value*1e3)
	case f.Unit == seconds && f.Value < 1:
		return fmt.Sprintf("%.0f ms", f.Value*1e3)
	case f.Unit == seconds:
		return fmt.Sprintf("%.2f s", f.Value)
	case f.Unit == mib:
		return fmt.Sprintf("%.1f MiB", f.Value)
	case f.Unit == percent:
		return fmt.Sprintf("%.2f %%", f.Value)
	case f.Unit == rate:
		return fmt.Sprintf("%.0f/s", f.Value)
	}
	digits := 0
	if f.Value != math.Trunc(f.Value) {
		digits = 1
	}
	return fmt.Sprintf("%.*f %s", digits, f.Value, f.Unit)
}

// Target is what a line is to reach: a ratio to the floor, a figure, or both.
type Target struct {
	Ratio   float64 // 0: none
	Figure  Figure  // without a unit: none
	AtLeast bool    // more is better
}

func (t Target) String() string {
	sign := "≤ "
	if t.AtLeast {
		sign = "≥ "
	}
	var parts []string
	if t.Ratio > 0 {
		parts = append(parts, fmt.Sprintf("%s%.2g ×", sign, t.Ratio))
	}
	if t.Figure.Unit != "" {
		parts = append(parts, sign+t.Figure.String())
	}
	return strings.Join(parts, ", ")
}

// Ratio returns our figure divided by the floor's, 0 without a floor.
func (l Line) Ratio() float64 {
	if l.Floor.Unit == "" || l.Floor.Value == 0 {
		return 0
	}
	return l.Ours.Value / l.Floor.Value
}

// Verdict returns whether the target was met, "" without one.
func (l Line) Verdict() string {
	beyond := func(value, limit float64) bool {
		if l.Target.AtLeast {
			return value < limit
		}
		return value > limit
	}
	switch {
	case l.Target.String() == "":
		return ""
	case l.Target.Ratio > 0 && l.Floor.Unit != "" && beyond(l.Ratio(), l.Target.Ratio),
		l.Target.Figure.Unit != "" && beyond(l.Ours.Value, l.Target.Figure.Value):
		return "missed"
	}
	return "met"
}

var columns = []string{"what", "ours", "floor", "ratio", "target", "", "peak", "counts"}

func (l Line) cells() []string {
	ratio := ""
	if r := l.Ratio(); r > 0 {
		ratio = fmt.Sprintf("%.2f", r)
	}
	var counts []string
	for _, count := range l.Counts {
		counts = append(counts, count.String())
	}
	return []string{l.What, l.Ours.String(), l.Floor.String(), ratio, l.Target.String(), l.Verdict(), l.Peak.String(), strings.Join(counts, ", ")}
}

// Table is rows of text under a title.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
}

// Tables returns lines as tables, one for each store.
func Tables(lines []Line) (tables []Table) {
	for i, line := range lines {
		if i == 0 || line.Store != lines[i-1].Store {
			tables = append(tables, Table{Title: line.Store, Header: columns})
		}
		last := &tables[len(tables)-1]
		last.Rows = append(last.Rows, line.cells())
	}
	return tables
}

// Growth returns a table of what each line of several runs became with the
// number of orders.
func Growth(orders []int, runs [][]Line) Table {
	table := Table{Title: "Growth", Header: []string{"what"}}
	places := map[string]int{}
	for i, lines := range runs {
		table.Header = append(table.Header, fmt.Sprintf("%d orders", orders[i]))
		for _, line := range lines {
			if line.Ours.Unit == "" {
				continue
			}
			// The same line, whatever its numbers of orders are.
			store, _, _ := strings.Cut(line.Store, ", ")
			what := sizes.ReplaceAllString(store+": "+line.What, "")
			place, known := places[what]
			if !known {
				place = len(table.Rows)
				places[what] = place
				table.Rows = append(table.Rows, append([]string{what}, make([]string, len(orders))...))
			}
			if table.Rows[place][i+1] != "" {
				continue // of the small store beside it
			}
			cell := line.Ours.String()
			if ratio := line.Ratio(); ratio > 0 {
				cell += fmt.Sprintf(" (%.2f ×)", ratio)
			}
			table.Rows[place][i+1] = cell
		}
	}
	return table
}

// sizes are the numbers by which lines differ from those of another store.
var sizes = regexp.MustCompile(`,? (of the latest|in a store of|beside a store of|beside a ledger of) [0-9]+`)

// Print writes a table for a terminal.
func (t Table) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\n%s\n%s\n", t.Title, strings.Join(t.Header, "\t"))
	for _, row := range t.Rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

// Markdown writes a table as Markdown.
func (t Table) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s:\n\n| %s |\n|%s\n", t.Title, strings.Join(t.Header, " | "), strings.Repeat("---|", len(t.Header)))
	for _, row := range t.Rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
