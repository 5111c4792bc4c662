package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
)

func TestServe(t *testing.T) {
	l := newLauncher(t)
	for name, test := range map[string]func(*testing.T, launcher){
		"follows the store":                   followsTheStore,
		"goes on after it was killed":         goesOnAfterItWasKilled,
		"two daemons":                         twoDaemons,
		"survives its database":               survivesItsDatabase,
		"stops while the database hangs":      stopsWhileTheDatabaseHangs,
		"ends at once by a second signal":     endsAtOnceByASecondSignal,
		"reloads":                             reloads,
		"tells of the brake once":             tellsOfTheBrakeOnce,
		"refuses what a person has to mend":   refusesWhatAPersonHasToMend,
		"waits for a database that is not up": waitsForADatabase,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			test(t, l)
		})
	}
}

func followsTheStore(t *testing.T, l launcher) {
	each(t, testshop.Options{Timezone: "Europe/Berlin"}, func(s *stand) {
		ada := s.customer("ada")
		order := s.order(ada, "120.50", spring)
		d := l.at(s)
		s.awaitIssued(120)
		s.order(ada, "80", spring)
		s.awaitIssued(200)
		if _, err := s.shop.Refund(s.ctx(), order, testshop.Refund{Amount: "20.50"}); err != nil {
			s.t.Fatal(err)
		}
		await(s.t, "the refund is taken back", func() bool {
			return s.value(`SELECT balance FROM {p}loyalty_points_status WHERE period = 'all_time'`) == 180
		})
		await(s.t, "the books were proven", func() bool {
			return s.value(`SELECT COUNT(*) FROM {p}loyalty_checkpoints WHERE name LIKE 'job:%'`) == 3
		})
		await(s.t, "the daemon's row says that it works", func() bool {
			return s.value(`SELECT COUNT(*) FROM {p}loyalty_daemon WHERE lease_holder LIKE '% process %' AND version <> '' AND fence > 0
				AND heartbeat > UTC_TIMESTAMP(6) - INTERVAL 15 SECOND AND run_ok = 1 AND run_figures LIKE '{%'`) == 1
		})
		holder := s.value(`SELECT COUNT(*) FROM {p}loyalty_writer WHERE holder <> '' AND expires_at > UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE`)
		if holder != 0 {
			s.t.Error("a lease that lasts for minutes")
		}
		d.stops()
		if s.value(`SELECT COUNT(*) FROM {p}loyalty_writer WHERE holder = ''`) != 1 {
			s.t.Error("the lease was not given back")
		}
		if s.value(`SELECT COUNT(*) FROM {p}loyalty_daemon WHERE lease_holder = '' AND heartbeat > UTC_TIMESTAMP(6) - INTERVAL 15 SECOND`) != 1 {
			s.t.Error("the daemon's row does not say that it stopped")
		}
		d.says("stopped", 1)
		if out := s.ok("doctor"); !strings.Contains(out, "it was stopped ") {
			s.t.Errorf("the doctor knows nothing of the end:\n%s", out)
		}
		for _, line := range d.out.lines(s.t, "synced") {
			if quiet := line["entries"] == 0.0 && line["mode"] != "full"; quiet != (line["level"] == "DEBUG") {
				s.t.Errorf("logged as %s: %v", line["level"], line)
			}
		}
		for _, text := range []string{secret(s.t, s.dsn), s.dsn} {
			if strings.Contains(d.out.String(), text) {
				s.t.Error("the log holds the password")
			}
		}
		s.ok("verify")
	})
}

func goesOnAfterItWasKilled(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	if err := s.shop.Fill(s.ctx(), testshop.FillOptions{Orders: 300, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	// Each packet takes so long that a run does not come to its end.
	proxy := testshop.StartProxy(t, s.dsn)
	slow := *s
	slow.dsn = proxy.DSN()
	d := l.at(&slow)
	await(t, "some entries are posted", func() bool { return s.value(`SELECT COUNT(*) FROM {p}loyalty_entries`) > 0 })
	proxy.Delay(200 * time.Millisecond)
	d.signal(syscall.SIGKILL)
	d.ends()
	s.order(s.customer("ada"), "77", time.Now())
	d = l.at(s)
	await(t, "the new customer's points", func() bool {
		return s.value(`SELECT COUNT(*) FROM {p}loyalty_accounts WHERE balance = 77`) == 1
	})
	await(t, "the first run's end", func() bool {
		return s.value(`SELECT COUNT(*) FROM {p}loyalty_checkpoints WHERE name = 'job:sync'`) == 1
	})
	d.stops()
	s.ok("verify")
}

func twoDaemons(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	ada := s.customer("ada")
	daemons := []*serving{l.at(s), l.at(s)}
	await(t, "the first run's end", func() bool { // as it may meet a half-written order that is not new
		return s.value(`SELECT COUNT(*) FROM {p}loyalty_checkpoints WHERE name = 'job:sync'`) == 1
	})
	for range 10 {
		s.order(ada, "10", spring)
	}
	s.awaitIssued(100)
	const standing = "another daemon works here; standing by"
	// Which of the two works is theirs to find out.
	first, second := 0, 1
	await(t, "one stands by", func() bool {
		for i := range daemons {
			if len(daemons[i].out.lines(t, standing)) > 0 {
				first, second = 1-i, i
				return true
			}
		}
		return false
	})
	for range 3 {
		s.order(ada, "10", spring)
		s.awaitIssued(s.issued() + 10)
	}
	daemons[first].signal(syscall.SIGKILL) // gives nothing back
	daemons[first].ends()
	s.order(ada, "10", spring)
	s.awaitIssued(140)
	third := l.at(s)
	third.says(standing, 1)
	daemons[second].stops()
	third.says("no other daemon works here any more; taking over", 1)
	s.order(ada, "10", spring)
	s.awaitIssued(150)
	third.stops()
	if n := s.value(`SELECT COUNT(*) FROM {p}loyalty_entries`); n != 15 {
		t.Errorf("%d entries for 15 orders", n)
	}
	if n := len(daemons[second].out.lines(t, standing)); n != 1 {
		t.Errorf("said %d times that it stands by", n)
	}
	s.ok("verify")
}

func survivesItsDatabase(t *testing.T, l launcher) {
	for _, kind := range testshop.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			server, err := testshop.Start(t.Context(), kind, testshop.ServerOptions{})
			if errors.Is(err, testshop.ErrNotInstalled) {
				testshop.Missing(t, string(kind), err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := server.Stop(); err != nil {
					t.Error(err)
				}
			})
			survives(t, l, server)
		})
	}
}

func survives(t *testing.T, l launcher, server *testshop.Server) {
	if err := server.CreateDatabase(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	dsn := server.DSN("shop")
	shop, err := testshop.NewShop(t.Context(), dsn, testshop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shop.Close() })
	s := &stand{t: t, db: &testshop.Database{Name: "shop", Server: server, Root: shop.DB}, shop: shop, dsn: dsn}
	manager, heard := serviceManager(t)
	d := l.start(t, []string{manager, "WATCHDOG_USEC=900000"}, "--dsn", dsn, "--set", "schedule.sync=@every 1s")
	heard("READY=1\nSTATUS=at work")
	heard("WATCHDOG=1")
	d.says("synced", 1) // a first run that meets a half-written order that is not new leaves it to the sweep
	ada := s.customer("ada")
	s.order(ada, "10", spring)
	s.awaitIssued(10)

	if err := server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.says("the database does not answer; waiting for it", 1)
	heard("STATUS=waiting for the database")
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.order(ada, "10", spring)
	s.awaitIssued(20)
	d.says("the database answers again", 1)
	heard("WATCHDOG=1")
	d.stops()
	heard("STOPPING=1")
	if lost := d.out.lines(t, "the database does not answer; waiting for it"); len(lost) > 2 {
		t.Errorf("told %d times of one loss", len(lost))
	}
	for line := range strings.Lines(d.out.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("an error for a lost database: %s", line)
		}
	}
	s.ok("verify")
}

func stopsWhileTheDatabaseHangs(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	proxy := testshop.StartProxy(t, s.dsn)
	slow := *s
	slow.dsn = proxy.DSN()
	d := l.at(&slow)
	s.order(s.customer("ada"), "10", spring)
	s.awaitIssued(10)
	proxy.Delay(time.Minute)
	await(t, "heartbeats stop, and runs with them", func() bool {
		return s.value(`SELECT COUNT(*) FROM {p}loyalty_daemon WHERE heartbeat < UTC_TIMESTAMP(6) - INTERVAL 6 SECOND`) == 1
	})
	began := time.Now()
	d.signal(syscall.SIGTERM)
	d.ends()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

func endsAtOnceByASecondSignal(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	proxy := testshop.StartProxy(t, s.dsn)
	slow := *s
	slow.dsn = proxy.DSN()
	d := l.at(&slow)
	d.says("synced", 1)
	proxy.Delay(time.Minute) // the first signal alone takes seconds
	d.signal(syscall.SIGTERM)
	d.says("stopping", 1)
	d.signal(syscall.SIGTERM)
	d.ends()
	if state, ok := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || state.Signal() != syscall.SIGTERM {
		t.Errorf("it ended by itself: %s", d.cmd.ProcessState)
	}
}

func reloads(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	path := filepath.Join(t.TempDir(), "loyaltyd.yaml")
	configure := func(text string) {
		t.Helper()
		text = fmt.Sprintf("store: {dsn: %q}\nschedule: {sync: \"@every 1s\"}\n%s", s.dsn, text)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("")
	manager, heard := serviceManager(t)
	d := l.start(t, []string{manager}, "--config", path)
	heard("READY=1")
	d.says("synced", 1) // a first run that meets a half-written order that is not new leaves it to the sweep
	ada := s.customer("ada")
	s.order(ada, "10", spring)
	s.awaitIssued(10)

	configure("program: {earn: {purchas: {}}}")
	d.signal(syscall.SIGHUP)
	heard("RELOADING=1\n")
	heard("READY=1")
	d.says("the configuration was not reloaded; the old one stays in force", 1)
	s.order(ada, "10", spring)
	s.awaitIssued(20)

	configure("program: {earn: {purchase: {points_per_unit: 3}}}")
	d.signal(syscall.SIGHUP)
	heard("RELOADING=1\n")
	heard("READY=1")
	d.says("the configuration was reloaded", 1)
	await(t, "the new rules are in force", func() bool { return s.value(`SELECT COUNT(*) FROM {p}loyalty_programs`) == 2 })
	s.order(ada, "10", time.Now().Add(time.Second))
	s.awaitIssued(50)
	d.stops()
	heard("STOPPING=1")
	s.ok("verify", "--config", path)
}

func tellsOfTheBrakeOnce(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	order, bob := s.order(s.customer("ada"), "10", spring), s.customer("bob")
	d := l.at(s, "--set", "brake.percent=0", "--set", "brake.entries=0")
	s.awaitIssued(10)
	if err := s.shop.Trash(s.ctx(), order); err != nil {
		t.Fatal(err)
	}
	const warning = "the brake holds: nothing is taken back until a person accepts it"
	d.says(warning, 1)
	s.order(bob, "7", time.Now()) // what others earn is still added
	s.awaitIssued(17)
	s.order(bob, "7", time.Now())
	s.awaitIssued(24)
	told := d.out.lines(t, warning)
	if len(told) != 1 || told[0]["level"] != "WARN" {
		t.Fatalf("told %v", told)
	}
	accept, _ := told[0]["accept"].(string)
	plan, found := strings.CutPrefix(accept, "loyaltyd sync --accept ")
	if !found {
		t.Fatalf("no way out in %v", told[0])
	}
	s.ok("sync", "--accept", plan)
	d.says("the brake holds no more", 1)
	d.stops()
}

func refusesWhatAPersonHasToMend(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	for _, test := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"a configuration with a slip", []string{"--dsn", s.dsn, "--set", "schedule.sync=soon"}, exitUsage, "schedule.sync"},
		{"an endpoint that is none", []string{"--dsn", s.dsn, "--listen", "nowhere"}, exitUsage, "endpoint.listen"},
		{"no store", nil, exitUsage, "--wp-path"},
		{"an unknown level", []string{"--dsn", s.dsn, "--log-level", "loud"}, exitUsage, "want one of"},
		{"an argument", []string{"--dsn", s.dsn, "now"}, exitUsage, "now"},
		{"a wrong password", []string{"--dsn", strings.Replace(s.dsn, secret(t, s.dsn), "guess", 1)}, exitFailure, "check the user name and the password"},
		{"a wrong prefix", []string{"--dsn", s.dsn, "--table-prefix", "xx_"}, exitFailure, "wrong prefix"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := l.start(t, nil, test.args...)
			if status := d.ends(); status != test.status || !strings.Contains(d.out.String(), test.want) {
				t.Errorf("exit status %d, want %d with %q:\n%s", status, test.status, test.want, d.out)
			}
		})
	}
}

func waitsForADatabase(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	link := filepath.Join(t.TempDir(), "s.sock")
	manager, heard := serviceManager(t)
	dsn := strings.Replace(s.dsn, s.db.Server.Socket, link, 1)
	d := l.start(t, []string{manager}, "--dsn", dsn)
	d.says("the database does not answer; waiting for it", 1)
	heard("STATUS=waiting for the database")
	if err := os.Symlink(s.db.Server.Socket, link); err != nil {
		t.Fatal(err)
	}
	heard("READY=1")
	d.stops()

	d = l.start(t, nil, "--dsn", strings.Replace(dsn, link, link+".none", 1))
	d.says("the database does not answer; waiting for it", 1)
	d.stops()
}
