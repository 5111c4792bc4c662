package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong with the configuration, and the way out.
type Problem struct {
	Place   string // file:line, environment variable or flag; may be empty
	Key     string // such as program.earn.campaigns[1].from; may be empty
	Message string

	rank Rank // with line orders them for reading
	line int
}

// String returns where the problem is, the key and what is wrong with it.
func (p Problem) String() string {
	parts := slices.DeleteFunc([]string{p.Place, p.Key, p.Message}, func(s string) bool { return s == "" })
	return strings.Join(parts, ": ")
}

// InvalidError holds everything that is wrong with the configuration. A
// command that ends with it exits with status 2.
type InvalidError struct {
	Problems []Problem
}

// Error names all problems, one a line, up to a limit.
func (e *InvalidError) Error() string {
	if len(e.Problems) == 1 {
		return "configuration: " + e.Problems[0].String()
	}
	const most = 50
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration has %d problems:", len(e.Problems))
	for i, p := range e.Problems {
		if i == most {
			fmt.Fprintf(&b, "\n  and %d more", len(e.Problems)-most)
			break
		}
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// Report collects problems, so that all are reported at once.
type Report struct {
	problems []Problem
}

// maxProblems bounds the work on a file that is not a configuration at all.
const maxProblems = 500

func (r *Report) full() bool { return len(r.problems) >= maxProblems }

// Add reports a problem at a place.
func (r *Report) Add(place, key, format string, args ...any) {
	r.AddAt(Source{Name: place}, nil, key, format, args...)
}

// AddAt reports a problem with a node, which may be nil.
func (r *Report) AddAt(from Source, node *yaml.Node, key, format string, args ...any) {
	if r.full() {
		return
	}
	p := Problem{Place: from.At(node), Key: key, Message: fmt.Sprintf(format, args...), rank: from.Rank}
	if node != nil {
		p.line = node.Line
	}
	r.problems = append(r.problems, p)
}

// About reports whether key or something below it has a problem, so that no
// second one is reported that only follows from the first.
func (r *Report) About(key string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool {
		rest, ok := strings.CutPrefix(p.Key, key)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// Err returns an *InvalidError with all problems, or nil.
func (r *Report) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.line, b.line))
	})
	return &InvalidError{Problems: r.problems}
}

// Invalid returns an *InvalidError with one problem.
func Invalid(place, key, format string, args ...any) error {
	var r Report
	r.Add(place, key, format, args...)
	return r.Err()
}

// nearest returns the name that needs the fewest edits to become word: of the
// siblings if one is close, else of all, where a name with the same last part
// counts as close.
func nearest(word string, siblings, all []string) string {
	if name, edits := Closest(word, siblings); name != "" && edits <= max(2, len(LastPart(word))/3) {
		return name
	}
	last := LastPart(word)
	moved := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return LastPart(name) != last })
	if name, _ := Closest(word, moved); name != "" {
		return name
	}
	name, _ := Closest(word, all)
	return name
}

// LastPart returns what follows the last point of a path.
func LastPart(path string) string {
	return path[strings.LastIndexByte(path, '.')+1:]
}

// Closest returns the name that needs the fewest edits to become word, and how
// many.
func Closest(word string, names []string) (string, int) {
	best, edits := "", 0
	for _, name := range names {
		if n := distance(word, name); best == "" || n < edits {
			best, edits = name, n
		}
	}
	return best, edits
}

// distance is the number of single-character edits between a and b
// (Levenshtein). What is far longer than any name is cut.
func distance(a, b string) int {
	a = a[:min(len(a), 200)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
