package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"loyaltyd/internal/testshop"
)

// demoBinary builds the binary that has the demo in it.
func demoBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "loyaltyd-demo")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "demo", "-trimpath", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// startDemo runs the demo with a folder for its temporary files of its own.
func startDemo(t *testing.T, binary string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "demo")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"demo"}, args...)...)
	// What the user's environment says of a real store is none of its business.
	cmd.Env = append(os.Environ(), "TMPDIR="+folder, "LOYALTYD_STORE_DSN=nobody@tcp(192.0.2.1)/nowhere", "LOYALTYD_CONFIG=/nonexistent")
	return cmd, folder
}

func TestDemo(t *testing.T) {
	testshop.New(t) // says what to install where there is no server
	binary := demoBinary(t)

	for _, kind := range testshop.Kinds() {
		t.Run("shows everything on "+string(kind), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			cmd, folder := startDemo(t, binary, "--orders", "300", "--server", string(kind))
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if strings.Contains(stderr.String(), testshop.ErrNotInstalled.Error()) {
				testshop.Missing(t, string(kind), stderr.String())
			}
			if err != nil || stderr.Len() > 0 {
				t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
			}
			golden(t, "demo", demoShape(stdout.String()))
			for _, landmark := range demoLandmarks {
				if !landmark.MatchString(stdout.String()) {
					t.Errorf("nothing matches %s in\n%s", landmark, stdout.String())
				}
			}
			for line := range strings.Lines(stdout.String()) {
				if line = strings.TrimSuffix(line, "\n"); text.StringWidth(line) > 100 {
					t.Errorf("%d columns wide: %s", text.StringWidth(line), line)
				}
				if strings.ContainsAny(line, "\x1b\r\b") {
					t.Errorf("control characters where nobody watches: %q", line)
				}
			}
			wantEmpty(t, folder)
		})
	}

	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run("clears up after "+signal.String(), func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			cmd, folder := startDemo(t, binary, "--orders", "50000")
			cmd.Stderr = &stderr
			server := startedServer(t, cmd, folder)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailure {
				t.Errorf("ended with %v, want exit status %d", err, exitFailure)
			}
			if got, want := stderr.String(), "Stopped. Nothing was left behind.\n"; got != want {
				t.Errorf("said %q, want %q", got, want)
			}
			wantEmpty(t, folder)
			if alive(server) {
				t.Errorf("the server, process %d, is still there", server)
			}
		})
	}

	t.Run("refuses a store that is not its own", func(t *testing.T) {
		t.Parallel()
		cmd, _ := startDemo(t, binary, "--wp-path", "/var/www/html")
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != exitUsage || !strings.Contains(string(out), "--wp-path is of no use here") {
			t.Errorf("ended with %v, want exit status %d:\n%s", err, exitUsage, out)
		}
	})

	t.Run("leaves nothing behind when it is killed", func(t *testing.T) {
		t.Parallel()
		cmd, folder := startDemo(t, binary, "--orders", "50000")
		server := startedServer(t, cmd, folder)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		ticks := time.NewTicker(20 * time.Millisecond)
		defer ticks.Stop()
		timeout := time.After(30 * time.Second)
		for alive(server) || len(remains(t, folder)) > 0 {
			select {
			case <-ticks.C:
			case <-timeout:
				t.Fatalf("after 30 s the server is alive: %v, and there are %v", alive(server), remains(t, folder))
			}
		}
	})
}

func TestNothingOfTheDemoIsInTheProduct(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		if name == "testing" || name == "loyaltyd/internal/testshop" || name == "loyaltyd/internal/testwp" {
			t.Errorf("the product's binary contains %s", name)
		}
	}
}

// startedServer starts the demo, waits until its server runs, and returns the
// server's process.
func startedServer(t *testing.T, cmd *exec.Cmd, folder string) (pid int) {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if !strings.Contains(lines.Text(), "in a temporary folder") {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(folder, "*", "pid"))
		if len(files) != 1 {
			t.Fatalf("found the files %v, want one with the server's process id", files)
		}
		content, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if pid, err = strconv.Atoi(strings.TrimSpace(string(content))); err != nil || !alive(pid) {
			t.Fatalf("no server runs as process %q", content)
		}
		return pid
	}
	t.Fatal("the demo ended before its server ran")
	return 0
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func wantEmpty(t *testing.T, folder string) {
	t.Helper()
	if left := remains(t, folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func remains(t *testing.T, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// demoLandmarks are what the golden file has not, because it depends on the
// calendar which customers and orders are shown.
var demoLandmarks = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^    .* placed and paid order #\d+ \(.* USD\), and \d+ like it$`),
	regexp.MustCompile(`(?m)^    order #\d+ \(.*\): one line was refunded \(.*\)$`),
	regexp.MustCompile(`(?m)^    order #\d+ \(.*\): a plugin set its first line to 5.00 without saving the order$`),
	regexp.MustCompile(`(?m)^    and \d+ more$`),
	regexp.MustCompile(`(?m)^  The next sync saw \d\d orders and [1-9] comments? with new dates, and posted \d\d entries`),
	regexp.MustCompile(`(?m)^  A sweep saw .* without one, and posted [1-9]\d* entr`),
	regexp.MustCompile(`(?m)^  │ \S.* +│ +5 │ +[\d,]+ │ +[\d,]+ │ +\d+ │$`), // the fifth top earner
	regexp.MustCompile(`(?m)^  │ \w{3} \d\d:\d\d │ \S.* │ .* │ +[+-]\d+ │ +-?[\d,]+ │ \w+ #\d+ +│$`),
	regexp.MustCompile(`(?m)^Why \S.* has [\d,]+ points +loyaltyd explain \d+$`),
	regexp.MustCompile(`(?m)^  │ [\d-]{10} │ Purchasing products .* -\d+ │ .* │ Order #\d+, refund #\d+ +│$`),
	regexp.MustCompile(`(?m)^    Total: \d+ points\.$`),
}

var (
	demoServer   = regexp.MustCompile(`(MariaDB|MySQL) [0-9.]+`)
	demoNumbers  = regexp.MustCompile(`[0-9][0-9,.:-]*`)
	demoPlurals  = strings.NewReplacer("orders", "order", "comments", "comment", "entries", "entry", "posted nothing", "posted 0 entry")
	demoFiller   = regexp.MustCompile(`(─| )+`)
	demoCustomer = regexp.MustCompile(`^Why .* has`)
)

// demoShape is what the demo prints without what differs from day to day and
// between servers: the numbers and how wide they make the tables, the examples
// of what happened, the rows about customers.
func demoShape(out string) string {
	var b strings.Builder
	var aboutCustomers bool
	for line := range strings.Lines(out) {
		words := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(words)]
		switch {
		case indent == "" && words != "\n":
			aboutCustomers = strings.HasPrefix(words, "Top") || strings.HasPrefix(words, "Points History") || strings.HasPrefix(words, "Why")
		case aboutCustomers && strings.HasPrefix(words, "│") && strings.ContainsAny(words, "0123456789"):
			continue
		case len(indent) == 4 && !strings.HasPrefix(words, "make") && !strings.HasPrefix(words, "bin/"):
			continue
		}
		words = demoServer.ReplaceAllString(words, "(server)")
		words = demoCustomer.ReplaceAllString(words, "Why (customer) has")
		words = demoNumbers.ReplaceAllString(demoPlurals.Replace(words), "0")
		b.WriteString(indent + demoFiller.ReplaceAllString(words, "$1"))
	}
	return b.String()
}
