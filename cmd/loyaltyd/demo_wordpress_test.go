package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/internal/testwp"
)

func TestDemoWordPress(t *testing.T) {
	testshop.New(t) // says what to install where there is no server
	if err := testwp.Installed(testwp.Oldest); err != nil {
		testshop.Missing(t, "wordpress", err)
	}
	binary := demoBinary(t)
	cmd, folder := startDemo(t, binary)
	cmd.Args = []string{binary, "demo-wordpress", "--orders", "60"}
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	patience := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer patience.Stop()
	var said strings.Builder
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C") {
			break
		}
	}
	account := regexp.MustCompile(`My Account +(http://\S+)`).FindStringSubmatch(said.String())
	if account == nil || !strings.Contains(said.String(), "as admin, password ") {
		t.Fatalf("it said:\n%s", said.String())
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, account[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(page), "My account") {
		t.Errorf("%s: %s %v\n%s", account[1], answer.Status, err, page)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stdout)
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
