//go:build demo

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
)

// stage is what the audience sees. On a terminal it shows what is being done
// while it is done; in a pipe or a file only what was done.
type stage struct {
	stdout, stderr io.Writer
	styled         bool // stdout understands colours
	watched        bool // somebody sees things happen
}

func newStage(stdout, stderr io.Writer) *stage {
	dumb := os.Getenv("TERM") == "dumb"
	s := &stage{
		stdout: stdout, stderr: stderr,
		styled:  isTerminal(stdout) && !dumb && os.Getenv("NO_COLOR") == "",
		watched: isTerminal(stdout) && isTerminal(stderr) && !dumb,
	}
	if !s.watched {
		// What reaches a terminal through a pipe would get mixed up with bars.
		s.stderr = struct{ io.Writer }{stderr}
	}
	return s
}

// headingWidth is how far to the right headings reach.
const headingWidth = 96

const (
	bold = "\x1b[1m"
	dim  = "\x1b[2m"
)

func (s *stage) style(style, words string) string {
	if !s.styled || words == "" {
		return words
	}
	return style + words + "\x1b[0m"
}

func (s *stage) title(name, rest string) {
	fmt.Fprintf(s.stdout, "\n%s: %s\n\n", s.style(bold, name), rest)
}

// heading begins a part, made by a command.
func (s *stage) heading(name, command string) {
	gap := ""
	if command != "" {
		command = "loyaltyd " + command
		gap = strings.Repeat(" ", max(2, headingWidth-text.StringWidth(name)-text.StringWidth(command)))
	}
	fmt.Fprintf(s.stdout, "\n%s%s%s\n", s.style(bold, name), gap, s.style(dim, command))
}

func (s *stage) text(lines string) { fmt.Fprint(s.stdout, lines) }

// aside tells something that is not part of the show.
func (s *stage) aside(line string) { fmt.Fprintln(s.stderr, line) }

// step does some work and then says on one line what was done and how long it
// took.
func (s *stage) step(doing string, work func() (done string, err error)) error {
	if s.watched {
		fmt.Fprintf(s.stderr, "  %s …", doing)
	}
	started := time.Now()
	done, err := work()
	took := time.Since(started)
	if s.watched {
		fmt.Fprint(s.stderr, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "  %s %s\n", done, s.style(dim, "… "+seconds(took)))
	return nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// indented returns text with space before each of its lines that is not empty.
func indented(lines string) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		if strings.TrimSpace(line) != "" {
			line = "  " + line
		}
		b.WriteString(line)
	}
	return b.String()
}
