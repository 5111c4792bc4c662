package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

// The unit that is shipped starts this daemon and leaves it the time that it
// takes.
func TestTheServiceUnitFitsTheDaemon(t *testing.T) {
	text, err := os.ReadFile("../../packaging/loyaltyd@.service")
	if err != nil {
		t.Fatal(err)
	}
	setting := func(name string) string {
		t.Helper()
		found := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("the unit does not set %s", name)
		}
		return string(found[1])
	}
	stop, err := time.ParseDuration(setting("TimeoutStopSec") + "s")
	if err != nil || stop <= stopWithin+time.Second {
		t.Errorf("the unit gives %s to stop, the daemon takes up to %s", setting("TimeoutStopSec"), stopWithin)
	}
	if setting("RestartPreventExitStatus") != "2" {
		t.Error("the unit restarts a daemon whose configuration is wrong")
	}

	// What it runs is a command line of this binary: with a file that is not
	// there, only the file is wrong.
	args := strings.Fields(setting("ExecStart"))
	var stderr bytes.Buffer
	missing := strings.ReplaceAll(strings.Join(args[1:], "\n"), "/etc/loyaltyd/%i.yaml", filepath.Join(t.TempDir(), "missing.yaml"))
	status := run(t.Context(), strings.Split(missing, "\n"), nil, &stderr, &stderr, nil)
	if status != exitUsage || !strings.Contains(stderr.String(), "missing.yaml: cannot be read") {
		t.Errorf("exit status %d: %s", status, stderr.String())
	}

	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		testshop.Missing(t, "systemd", "systemd-analyze is not there to look at the rest of the unit: apt-get install systemd")
	}
	// It wants the programs to exist.
	unit := filepath.Join(t.TempDir(), "loyaltyd@shop.service")
	if err := os.WriteFile(unit, bytes.ReplaceAll(text, []byte(args[0]), []byte("/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput(); err != nil || strings.Contains(string(out), "Unknown") {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}
