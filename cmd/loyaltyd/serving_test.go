package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	gosync "sync"
	"syscall"
	"testing"
	"time"
)

// serving is a running `loyaltyd serve`.
type serving struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *journal
	done chan error
}

// journal keeps a daemon's log; it is written and read at once.
type journal struct {
	mu   gosync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// lines returns the entries with that message.
func (j *journal) lines(t *testing.T, message string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(j.String()) {
		if !strings.HasSuffix(line, "\n") {
			break // is being written
		}
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("not JSON: %q", line)
		}
		if entry["msg"] == message {
			found = append(found, entry)
		}
	}
	return found
}

// launcher starts daemons on a stand's store.
type launcher struct{ binary string }

// newLauncher builds the binary as it is released.
func newLauncher(t *testing.T) launcher {
	t.Helper()
	path := filepath.Join(t.TempDir(), "loyaltyd")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return launcher{path}
}

// at starts a daemon on the stand's store that syncs each second.
func (l launcher) at(s *stand, args ...string) *serving {
	s.t.Helper()
	return l.start(s.t, []string{"LOYALTYD_BRAKE_PERCENT=100", "LOYALTYD_SCHEDULE_SYNC=@every 1s"}, append([]string{
		"--dsn", s.dsn, "--table-prefix", string(s.shop.Prefix), "--log-level", "debug",
	}, args...)...)
}

func (l launcher) start(t *testing.T, environ []string, args ...string) *serving {
	t.Helper()
	d := &serving{t: t, out: &journal{}, done: make(chan error, 1)}
	d.cmd = exec.CommandContext(t.Context(), l.binary, append([]string{"serve"}, args...)...)
	d.cmd.Env = append(os.Environ(), environ...)
	d.cmd.Stderr = d.out
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.done <- d.cmd.Wait() }()
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.out)
		}
	})
	return d
}

const patient = 60 * time.Second

// await waits until a condition holds, and fails when that takes too long.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patient)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// says waits until the daemon has logged a message so many times.
func (d *serving) says(message string, times int) {
	d.t.Helper()
	await(d.t, "log "+message, func() bool { return len(d.out.lines(d.t, message)) >= times })
}

func (d *serving) signal(s os.Signal) {
	d.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

// ends waits for the end and returns the exit status.
func (d *serving) ends() int {
	d.t.Helper()
	select {
	case err := <-d.done:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			d.t.Fatal(err)
		}
		return d.cmd.ProcessState.ExitCode()
	case <-time.After(patient):
		d.t.Fatal("the daemon does not end")
	}
	return -1
}

// stops stops the daemon cleanly.
func (d *serving) stops() {
	d.t.Helper()
	began := time.Now()
	d.signal(syscall.SIGTERM)
	if status := d.ends(); status != 0 {
		d.t.Errorf("exit status %d", status)
	}
	if took := time.Since(began); took > 10*time.Second {
		d.t.Errorf("stopping took %s", took)
	}
}

// value returns one number of the site's tables, 0 where there is no row or
// no table yet.
func (s *stand) value(query string) int64 {
	var n int64
	_ = s.db.Root.Get(&n, s.shop.Prefix.SQL(query))
	return n
}

func (s *stand) issued() int64 {
	return s.value(`SELECT issued FROM {p}loyalty_points_status WHERE period = 'all_time'`)
}

func (s *stand) awaitIssued(want int64) {
	s.t.Helper()
	await(s.t, fmt.Sprintf("%d points issued", want), func() bool { return s.issued() == want })
}

func secret(t *testing.T, dsn string) string {
	t.Helper()
	_, rest, _ := strings.Cut(dsn, ":")
	password, _, found := strings.Cut(rest, "@")
	if !found || password == "" {
		t.Fatal("the test's user has no password")
	}
	return password
}

// serviceManager plays systemd: it returns the variable that leads to it and
// what waits for a word.
func serviceManager(t *testing.T) (variable string, heard func(want string)) {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	words := make(chan string, 1000)
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			words <- string(buffer[:n])
		}
	}()
	return "NOTIFY_SOCKET=" + path, func(want string) {
		t.Helper()
		deadline := time.After(patient)
		for {
			select {
			case word := <-words:
				if strings.HasPrefix(word, want) {
					return
				}
			case <-deadline:
				t.Fatalf("waited in vain for %q", want)
			}
		}
	}
}
