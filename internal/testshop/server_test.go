package testshop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The tests below run this test binary again; these variables say as what.
const (
	envHelper = "TESTSHOP_HELPER"
	helpServe = "serve" // start the servers, say so, wait to be killed
	helpEach  = "each"  // call Each
)

func TestMain(m *testing.M) {
	if os.Getenv(envHelper) == helpServe {
		serveUntilKilled()
	}
	os.Exit(m.Run())
}

func serveUntilKilled() {
	for _, kind := range Kinds() {
		server, err := Start(context.Background(), kind, ServerOptions{})
		if errors.Is(err, ErrNotInstalled) {
			continue
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("started", server.Kind)
	}
	fmt.Println("ready")
	select {}
}

func TestASharedServerIsFastAndListensOnItsSocketOnly(t *testing.T) {
	Each(t, func(t *testing.T, db *Database) {
		wantVariables(t, db.Server, map[string]string{
			"skip_networking":                "ON",
			"innodb_flush_log_at_trx_commit": "0",
			"innodb_doublewrite":             "OFF",
		})
		if len(db.Server.Socket) >= 100 {
			t.Errorf("socket path %s is too long for some systems", db.Server.Socket)
		}
	})
}

func TestADurableServerFromStartToStop(t *testing.T) {
	each(t, func(t *testing.T, kind Kind) {
		t.Setenv("TMPDIR", t.TempDir())
		server, err := Start(t.Context(), kind, ServerOptions{Durable: true, BufferPool: 64})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = server.Stop() }()
		wantVariables(t, server, map[string]string{
			"innodb_flush_log_at_trx_commit": "1",
			"innodb_doublewrite":             "ON",
			"innodb_buffer_pool_size":        "67108864",
		})

		other, err := Attach(t.Context(), kind, server.Socket)
		if err != nil {
			t.Fatal(err)
		}
		if other.Version != server.Version {
			t.Errorf("attached to version %q, want %q", other.Version, server.Version)
		}
		if err := other.Stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := Attach(t.Context(), kind, server.Socket); err != nil {
			t.Fatalf("Stop of an attached server ended it: %v", err)
		}

		for range 2 {
			if err := server.Stop(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Attach(t.Context(), kind, server.Socket); err == nil {
			t.Error("the server still answers after Stop")
		}
		if left := entries(t, os.TempDir()); len(left) > 0 {
			t.Errorf("Stop left %v", left)
		}
	})
}

func wantVariables(t *testing.T, server *Server, want map[string]string) {
	t.Helper()
	db, err := server.Open(t.Context(), "mysql")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for name, value := range want {
		var got string
		if err := db.QueryRowContext(t.Context(), "SHOW GLOBAL VARIABLES WHERE Variable_name = ?", name).Scan(&name, &got); err != nil {
			t.Errorf("variable %s: %v", name, err)
		} else if got != value {
			t.Errorf("variable %s: got %s, want %s", name, got, value)
		}
	}
}

func TestAServerThatDoesNotComeUpShowsItsLog(t *testing.T) {
	kind := New(t).Server.Kind
	t.Setenv("TMPDIR", t.TempDir())
	_, err := Start(t.Context(), kind, ServerOptions{Extra: []string{"--no-such-thing=7"}})
	if err == nil || !strings.Contains(err.Error(), "no-such-thing=7") || !strings.Contains(err.Error(), "it ended at once") {
		t.Errorf("got error %v, want one with the server's complaint", err)
	}
	if left := entries(t, os.TempDir()); len(left) > 0 {
		t.Errorf("the failed start left %v", left)
	}
}

func TestAnEndedContextEndsTheStart(t *testing.T) {
	kind := New(t).Server.Kind
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, kind, ServerOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want the context's", err)
	}
	if left := entries(t, os.TempDir()); len(left) > 0 {
		t.Errorf("the start left %v", left)
	}
}

func TestServersEndWithAProcessThatIsKilled(t *testing.T) {
	t.Run("when they serve", func(t *testing.T) {
		t.Parallel()
		temp := shortTempDir(t)
		helper, lines := startHelper(t, temp)
		for line := range lines {
			if line == "ready" {
				break
			}
			t.Log(line)
		}
		kill(t, helper)
		waitUntilEmpty(t, temp)
	})
	t.Run("when they are being made", func(t *testing.T) {
		t.Parallel()
		temp := shortTempDir(t)
		helper, _ := startHelper(t, temp)
		await(t, "a server's directory in "+temp, func() bool {
			found, _ := filepath.Glob(filepath.Join(temp, "*", "data"))
			return len(found) > 0
		})
		kill(t, helper)
		waitUntilEmpty(t, temp)
	})
}

func startHelper(t *testing.T, temp string) (*exec.Cmd, <-chan string) {
	t.Helper()
	helper := exec.CommandContext(t.Context(), os.Args[0])
	helper.Env = append(os.Environ(), envHelper+"="+helpServe, "TMPDIR="+temp)
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 10)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	return helper, lines
}

func kill(t *testing.T, helper *exec.Cmd) {
	t.Helper()
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait()
}

// waitUntilEmpty waits until the servers in temp are gone with their files.
// They remove these last, so no process is left when the directory is empty.
func waitUntilEmpty(t *testing.T, temp string) {
	t.Helper()
	await(t, "an empty "+temp, func() bool { return len(entries(t, temp)) == 0 })
}

func await(t *testing.T, what string, there func() bool) {
	t.Helper()
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	timeout := time.After(time.Minute)
	for !there() {
		select {
		case <-ticks.C:
		case <-timeout:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// shortTempDir is t.TempDir for the helper's TMPDIR; a directory that is not
// empty at the end would fail there, while servers still end.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "testshop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(found))
	for i, entry := range found {
		names[i] = entry.Name()
	}
	return names
}

// each runs test for each brand that is installed.
func each(t *testing.T, test func(t *testing.T, kind Kind)) {
	t.Helper()
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			if _, err := findProgram(t.Context(), kind); err != nil {
				Missing(t, string(kind), err)
			}
			test(t, kind)
		})
	}
}
