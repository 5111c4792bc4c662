package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"loyaltyd/config"
)

func TestUnreadableWPConfig(t *testing.T) {
	t.Parallel()
	root := wpRoot(t, map[string]string{"wp-config.php": sample})
	if err := os.Chmod(filepath.Join(root, "wp-config.php"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil { // the folder may be entered
		t.Fatal(err)
	}
	asNobody(t)
	if _, err := config.ReadWPConfig(root); err == nil || !strings.Contains(err.Error(), "permission denied: check the name and who may read it") {
		t.Errorf("error %v", err)
	}
}

// asNobody lets the rest of the test read files as somebody without rights if
// it runs as root, who may read everything. Linux keeps that by thread.
func asNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	if os.Geteuid() != 0 {
		return
	}
	runtime.LockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Fatal(err) // the thread is not used again
		}
		runtime.UnlockOSThread()
	})
}
