package systemd_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	"loyaltyd/internal/systemd"
)

// listen plays the service manager on a socket and returns what it hears.
func listen(t *testing.T, name string) func() string {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return func() string {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 4096)
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
}

func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestTheServiceManagerHearsEachState(t *testing.T) {
	path := socketPath(t)
	heard := listen(t, path)
	n := systemd.New([]string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=30000000", fmt.Sprintf("WATCHDOG_PID=%d", os.Getpid())})
	for _, test := range []struct {
		say  func() error
		want string
	}{
		{func() error { return n.Ready(t.Context(), "at work") }, "^READY=1\nSTATUS=at work$"},
		{func() error { return n.Status(t.Context(), "two\nlines\nMAINPID=1") }, "^STATUS=two lines MAINPID=1$"},
		{func() error { return n.Alive(t.Context()) }, "^WATCHDOG=1$"},
		{func() error { return n.Stopping(t.Context()) }, "^STOPPING=1$"},
	} {
		if err := test.say(); err != nil {
			t.Fatal(err)
		}
		if got := heard(); !regexp.MustCompile(test.want).MatchString(got) {
			t.Errorf("heard %q, want %q", got, test.want)
		}
	}
	if err := n.Reloading(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := "^RELOADING=1$"
	if runtime.GOOS == "linux" {
		want = "^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*$"
	}
	if got := heard(); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("heard %q, want %q", got, want)
	}
	if n.Watchdog() != 30*time.Second {
		t.Errorf("watched every %s", n.Watchdog())
	}
}

func TestNobodyToNotify(t *testing.T) {
	for _, environ := range [][]string{nil, {"NOTIFY_SOCKET="}, {"NOTIFY_SOCKET=relative"}, {"WATCHDOG_USEC=1000"}} {
		n := systemd.New(environ)
		if n != nil || n.Watchdog() != 0 || n.Ready(t.Context(), "") != nil || n.Alive(t.Context()) != nil {
			t.Errorf("%q: %+v", environ, n)
		}
	}
}

func TestWhoIsNotWatchedKeepsQuiet(t *testing.T) {
	path := socketPath(t)
	heard := listen(t, path)
	for _, watchdog := range []string{"", "WATCHDOG_USEC=0", "WATCHDOG_USEC=-5", "WATCHDOG_USEC=soon", "WATCHDOG_USEC=9223372036854775807"} {
		n := systemd.New([]string{"NOTIFY_SOCKET=" + path, watchdog})
		if err := n.Alive(t.Context()); err != nil || n.Watchdog() != 0 {
			t.Errorf("%q: watched every %s, error %v", watchdog, n.Watchdog(), err)
		}
	}
	other := systemd.New([]string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=1000000", "WATCHDOG_PID=1"})
	if os.Getpid() != 1 && other.Watchdog() != 0 {
		t.Error("took another process's watchdog for its own")
	}
	if err := other.Status(t.Context(), "the first word"); err != nil {
		t.Fatal(err)
	}
	if got := heard(); got != "STATUS=the first word" {
		t.Errorf("heard %q before", got)
	}
}

func TestAManagerThatDoesNotReadIsNotWaitedForForEver(t *testing.T) {
	path := socketPath(t)
	listen(t, path)
	n := systemd.New([]string{"NOTIFY_SOCKET=" + path})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for range 100_000 { // more than any queue holds
		if err := n.Status(ctx, "hello"); err != nil {
			return
		}
	}
	t.Error("nobody read, and nothing was an error")
}

func TestAManagerThatIsGoneIsAnError(t *testing.T) {
	n := systemd.New([]string{"NOTIFY_SOCKET=" + socketPath(t)})
	if err := n.Status(t.Context(), "hello"); err == nil {
		t.Error("no error")
	}
}
