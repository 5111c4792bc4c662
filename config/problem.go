package config

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

	rank, line int // order them for reading
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

// report collects problems, so that all can be told at once.
type report struct {
	problems []Problem
}

// maxProblems bounds the work on a file that is not a configuration at all.
const maxProblems = 500

func (r *report) full() bool { return len(r.problems) >= maxProblems }

func (r *report) add(place, key, format string, args ...any) {
	r.addAt(source{name: place}, nil, key, format, args...)
}

func (r *report) addAt(from source, node *yaml.Node, key, format string, args ...any) {
	if r.full() {
		return
	}
	p := Problem{Place: from.at(node), Key: key, Message: fmt.Sprintf(format, args...), rank: from.rank}
	if node != nil {
		p.line = node.Line
	}
	r.problems = append(r.problems, p)
}

// about reports whether key or something below it has a problem, so that no
// second one is told that only follows from the first.
func (r *report) about(key string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool {
		rest, ok := strings.CutPrefix(p.Key, key)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.line, b.line))
	})
	return &InvalidError{Problems: r.problems}
}

// invalid returns an InvalidError with one problem.
func invalid(place, key, format string, args ...any) error {
	var r report
	r.add(place, key, format, args...)
	return r.err()
}

// nearest returns the name that needs the fewest edits to become word: of the
// siblings if one is close, else of all, where a name with the same last part
// counts as close.
func nearest(word string, siblings, all []string) string {
	if name, edits := closest(word, siblings); name != "" && edits <= max(2, len(lastPart(word))/3) {
		return name
	}
	last := lastPart(word)
	moved := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return lastPart(name) != last })
	if name, _ := closest(word, moved); name != "" {
		return name
	}
	name, _ := closest(word, all)
	return name
}

func lastPart(path string) string {
	return path[strings.LastIndexByte(path, '.')+1:]
}

func closest(word string, names []string) (string, int) {
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
