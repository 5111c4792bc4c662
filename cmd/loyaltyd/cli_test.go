package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

// A command that is asked to stop says that it did not come to its end.
func TestStoppedCommand(t *testing.T) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	s.order(s.customer("ada"), "10", spring)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	status := run(ctx, []string{"sync", "--dsn", s.dsn}, strings.NewReader(""), &stdout, &stderr, nil)
	if status != exitFailure || !strings.Contains(stderr.String(), "stopped before the end") {
		t.Errorf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
	}
	s.ok("sync")
	s.ok("verify")
}

func TestServerVersions(t *testing.T) {
	for version, supported := range map[string]bool{
		"10.6.0-MariaDB":                    true,
		"5.5.5-10.11.19-MariaDB-0+deb12u1":  true,
		"11.8.3-MariaDB-ubu2404":            true,
		"10.5.29-MariaDB":                   false,
		"5.5.5-10.3.39-MariaDB-log":         false,
		"8.0.11":                            true,
		"9.7.4-2":                           true,
		"8.4.3-google":                      true,
		"5.7.44-log":                        false,
		"8.0.11-TiDB-v8.5.1":                true,
		"somebody's own":                    false,
		"10.6.21-MariaDB-0ubuntu0.22.04.2 ": true,
	} {
		if problem := oldServer(version); (problem == "") != supported {
			t.Errorf("%s: %q", version, problem)
		}
	}
}

func TestNegativePointsAreNoFlags(t *testing.T) {
	for _, c := range [][2]string{
		{"adjust 12 -50 --note x", "adjust 12 −50 --note x"},
		{"adjust 12 50", "adjust 12 50"},
		{"adjust 12 --note -5 -50", "adjust 12 --note -5 −50"},
		{"adjust 12 --key=k -50", "adjust 12 --key=k −50"},
		{"report balances --limit -5", "report balances --limit -5"},
		{"adjust 12 -5x", "adjust 12 -5x"},
	} {
		if got := negativeNumbers(strings.Fields(c[0])); !slices.Equal(got, strings.Fields(c[1])) {
			t.Errorf("%s: %v, want %s", c[0], got, c[1])
		}
	}
}

// A bar appears only on work that takes long, and goes away.
func TestProgressBar(t *testing.T) {
	var out bytes.Buffer
	clock := spring
	p := &progress{w: &out, now: func() time.Time { return clock }, started: clock}
	p.report("orders", 1, 100)
	p.end()
	if out.Len() > 0 {
		t.Errorf("short work shows %q", out.String())
	}
	for at := range int64(3) {
		clock = clock.Add(time.Second)
		p.report("orders", at*50, 100)
		p.report("orders", at*50+1, 100) // too soon after the one before
	}
	p.report("users", 7, 0)
	p.end()
	for _, want := range []string{"  0 %", " 50 %", "100 %", "orders"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
	if strings.Contains(out.String(), "51 %") || !strings.HasSuffix(out.String(), "\r\x1b[K") {
		t.Errorf("shows %q", out.String())
	}
	var none *progress
	none.report("orders", 1, 2)
	none.end()
	if newProgress(&out) != nil {
		t.Error("a bar where nobody watches")
	}
}
