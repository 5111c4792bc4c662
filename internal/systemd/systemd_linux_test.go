package systemd_test

import (
	"fmt"
	"os"
	"testing"

	"loyaltyd/internal/systemd"
)

// Only Linux has such names.
func TestASocketMayHaveANameInsteadOfAPath(t *testing.T) {
	name := fmt.Sprintf("@loyaltyd-test-%d", os.Getpid())
	heard := listen(t, name)
	if err := systemd.New([]string{"NOTIFY_SOCKET=" + name}).Status(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	if got := heard(); got != "STATUS=hello" {
		t.Errorf("heard %q", got)
	}
}
