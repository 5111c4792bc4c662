package tests

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"loyaltyd/internal/testwp"
)

// daemonProgram builds the daemon once for all tests.
var daemonProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "loyaltyd-test-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "loyaltyd")
	printed, err := exec.CommandContext(context.Background(), "go", "build", "-o", program, "loyaltyd/cmd/loyaltyd").CombinedOutput()
	if err != nil {
		return "", errors.New(string(printed))
	}
	return program, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if program, err := daemonProgram(); err == nil {
		_ = os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(status)
}

// daemon is a running `loyaltyd serve`.
type daemon struct {
	command *exec.Cmd
	log     *safeBuffer
	exited  chan struct{}
}

type safeBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}

// serve starts the daemon for a site and returns when it leads, answers the
// plugin and has looked at the whole store once. It ends with the test.
func serve(t *testing.T, site *testwp.Site) *daemon {
	t.Helper()
	program, err := daemonProgram()
	if err != nil {
		t.Fatalf("build the daemon: %v", err)
	}
	d := &daemon{log: new(safeBuffer), exited: make(chan struct{})}
	d.command = exec.CommandContext(context.WithoutCancel(t.Context()), program, "serve", "--wp-path", site.Dir, "--listen", "127.0.0.1:0")
	d.command.Stdout, d.command.Stderr = d.log, d.log
	// The test may be killed: the daemon then goes with it.
	d.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.command.Start(); err != nil {
		t.Fatalf("run the daemon: %v", err)
	}
	go func() {
		_ = d.command.Wait()
		close(d.exited)
	}()
	t.Cleanup(func() {
		d.stop(t)
		if t.Failed() {
			t.Logf("the daemon said:\n%s", d.log)
		}
	})
	const patience = 60 * time.Second
	end := time.Now().Add(patience)
	for {
		var fresh int
		err := site.Shop.DB.GetContext(t.Context(), &fresh, site.Shop.Prefix.SQL(`
			SELECT COUNT(*) FROM {p}loyalty_daemon WHERE address <> '' AND heartbeat > UTC_TIMESTAMP() - INTERVAL 10 SECOND`)+
			site.Shop.Prefix.SQL(` AND EXISTS (SELECT * FROM {p}loyalty_points_status)`))
		if err == nil && fresh > 0 {
			return d
		}
		select {
		case <-d.exited:
			t.Fatalf("the daemon ended at once:\n%s", d.log)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(end) {
			t.Fatalf("the daemon is not at work: %v\n%s", err, d.log)
		}
	}
}

// stop ends the daemon politely and waits.
func (d *daemon) stop(t *testing.T) {
	t.Helper()
	_ = d.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.exited:
	case <-time.After(15 * time.Second):
		t.Error("the daemon did not end when asked to")
		_ = d.command.Process.Kill()
		<-d.exited
	}
}

// problems returns what the daemon logged as a warning or an error.
func (d *daemon) problems() []string {
	var found []string
	for line := range strings.Lines(d.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, `"level":"WARN"`) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}
