package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"loyaltyd/internal/testshop"
)

// A reload moves the endpoint only if the address changed; two daemons of two
// stores get an address each.
func movesToAnotherAddress(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	p := activate(s)
	path := filepath.Join(t.TempDir(), "loyaltyd.yaml")
	configure := func(listen string) {
		t.Helper()
		text := fmt.Sprintf("store: {dsn: %q}\nschedule: {sync: \"@every 1s\"}\nendpoint: {listen: %q}\n", s.dsn, listen)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("127.0.0.1:0")
	d := l.start(t, nil, "--config", path)
	p.awaitAccepted()
	first := s.address()

	stop := p.load(t, 2, "/healthz")
	d.signal(syscall.SIGHUP)
	d.says("the configuration was reloaded", 1)
	await(t, "the daemon's heartbeat", p.accepted)
	if s.address() != first {
		t.Errorf("it moved from %s to %s for nothing", first, s.address())
	}
	socket := filepath.Join(shortFolder(t), "s")
	configure("unix:" + socket)
	d.signal(syscall.SIGHUP)
	await(t, "the new address", func() bool { return s.address() == "unix:"+socket })
	p.awaitAccepted()
	d.says("the endpoint moved", 1)
	_, failures := stop()
	for _, failure := range answeredBadly(failures) {
		t.Errorf("a request failed: %s", failure)
	}
	if r, err := p.askAt(t.Context(), first, p.key(), http.MethodGet, "/healthz", nil); err == nil {
		t.Errorf("still listens at the old address: %+v", r)
	}
	configure("127.0.0.1:0")
	d.signal(syscall.SIGHUP)
	await(t, "an address again", func() bool { return strings.HasPrefix(s.address(), "127.0.0.1:") })
	// The new address is registered before the old one is closed.
	await(t, "the socket's end", func() bool {
		_, err := os.Stat(socket)
		return os.IsNotExist(err)
	})

	other := newStand(t, s.db.Fresh(t), testshop.Options{})
	q := activate(other)
	e := l.at(other, "--listen", s.address())
	q.awaitAccepted()
	if other.address() == s.address() {
		t.Error("two daemons have one address")
	}
	e.says("the endpoint listens at another address than configured; WordPress is told", 1)
	e.stops()
	d.stops()
}

// shortFolder returns a folder whose path leaves room for a socket's name.
func shortFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func aUnixSocket(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	p := activate(s)
	socket := filepath.Join(shortFolder(t), "s")
	d := l.at(s, "--listen", socket)
	p.awaitAccepted()
	if s.address() != "unix:"+socket {
		t.Errorf("address %q", s.address())
	}
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	d.signal(syscall.SIGKILL)
	d.ends()
	d = l.at(s, "--listen", socket) // what the dead one left is no hindrance
	p.awaitAccepted()
	second := l.at(s, "--listen", socket)
	second.says("another process has the endpoint's socket; it is taken when it is free", 1)
	d.stops()
	await(t, "the one that stood by has the socket", func() bool { return p.accepted() && s.address() == "unix:"+socket })
	second.stops()
	// The new address is registered before the old one is closed.
	await(t, "the socket's end", func() bool {
		_, err := os.Stat(socket)
		return os.IsNotExist(err)
	})
	missing := l.at(s, "--listen", filepath.Join(filepath.Dir(socket), "none", "s"))
	if status := missing.ends(); status != exitFailure || !strings.Contains(missing.out.String(), "endpoint.listen") {
		t.Errorf("exit status %d\n%s", status, missing.out)
	}
}

// A daemon that stands by is healthy, not ready, and not what WordPress asks.
func aDaemonThatStandsBy(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	p := activate(s)
	first := l.at(s, "--listen", "127.0.0.1:0")
	p.awaitAccepted()
	address := s.address()
	second := l.at(s, "--listen", "127.0.0.1:0")
	second.says("started", 1)
	theirs, _ := second.out.lines(t, "started")[0]["address"].(string)
	await(t, "it accepts the key", func() bool {
		r, err := p.askAt(t.Context(), theirs, p.key(), http.MethodGet, "/healthz", nil)
		return err == nil && r.status == http.StatusOK
	})
	r, err := p.askAt(t.Context(), theirs, p.key(), http.MethodGet, "/readyz", nil)
	if err != nil || r.status != http.StatusServiceUnavailable || !strings.Contains(fmt.Sprint(r.body), "standby") {
		t.Errorf("readiness of the one that stands by: %+v, %v", r, err)
	}
	if s.address() != address {
		t.Errorf("WordPress is told of %s, not of %s", s.address(), address)
	}
	first.stops()
	await(t, "WordPress is told of the other", func() bool { return s.address() == theirs })
	await(t, "it is ready", func() bool {
		r, err := p.ask(t.Context(), http.MethodGet, "/readyz", nil)
		return err == nil && r.status == http.StatusOK
	})
	second.stops()
}
