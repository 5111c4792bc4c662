package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	wpbridge "loyaltyd/wp-bridge"
)

// What is between the daemon and the plugin, with the daemon as it is released
// and the rights that `grants` gives.
func TestBridge(t *testing.T) {
	l := newLauncher(t)
	for name, test := range map[string]func(*testing.T, launcher){
		"pairs by itself":                         pairsByItself,
		"does not pair with a copy of the site":   doesNotPairWithACopy,
		"constants of wp-config.php":              constantsOfWPConfig,
		"keys are rotated under load":             keysAreRotatedUnderLoad,
		"stops under load":                        stopsUnderLoad,
		"shows a change within two seconds":       showsAChangeWithinTwoSeconds,
		"marks that fail do not block the others": marksThatFailDoNotBlock,
		"syncs on request":                        syncsOnRequest,
		"answers while a long sync runs":          answersWhileALongSyncRuns,
		"moves to another address":                movesToAnotherAddress,
		"a Unix socket":                           aUnixSocket,
		"the programme in WordPress":              theProgrammeInWordPress,
		"stands by":                               aDaemonThatStandsBy,
		"killed between reserving and confirming": killedBetweenReservingAndConfirming,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			test(t, l)
		})
	}
}

// quiet are settings under which nothing happens by itself.
var quiet = []string{"--set", "schedule.sync=@every 1h", "--set", "schedule.sweep=@every 1h"}

func pairsByItself(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "120.50", spring)
		d := l.at(s) // nothing is configured but where the store is
		address := s.awaitAddress()
		p := &plugin{stand: s, keys: []pluginKey{newPluginKey()}}
		if r, err := p.ask(s.ctx(), http.MethodGet, "/healthz", nil); err != nil || r.code() != "unknown_key" {
			s.t.Errorf("before the plugin is active: %+v, %v", r, err)
		}
		if out := s.ok("key", "show"); !strings.Contains(out, "no key yet") {
			s.t.Error(out)
		}
		p.store() // the plugin is activated; the daemon goes on
		s.awaitIssued(120)
		if r, err := p.ask(s.ctx(), http.MethodGet, "/healthz", nil); err != nil || r.status != http.StatusOK || r.body["status"] != "ok" {
			s.t.Errorf("after that: %+v, %v", r, err)
		}
		if customer := p.get(fmt.Sprintf("/v1/customers/%d", ada)); customer["balance"] != 120.0 {
			s.t.Errorf("customer %v", customer)
		}
		status := p.get("/v1/status")
		key, _ := status["key"].(map[string]any)
		if key["id"] != p.key().id || key["origin"] != "option" || status["address"] != address || status["leads"] != true {
			s.t.Errorf("status %v", status)
		}
		p.awaitReady()
		await(s.t, "the states that the Status tab shows", func() bool {
			return s.value(`SELECT COUNT(*) FROM {p}loyalty_daemon_state`) == 6
		})
		golden(s.t, "states", s.states())
		if out := s.ok("key", "show"); !strings.Contains(out, p.key().id) || strings.Contains(out, fmt.Sprintf("%x", p.key().secret)) {
			s.t.Error(out)
		}
		s.option("loyaltyd_version", "0.9")
		if out := s.ok("doctor"); !strings.Contains(out, "ok    key: "+p.key().id) || !strings.Contains(out, "ok    endpoint: listens at "+address) ||
			!strings.Contains(out, "ok    plugin: version 0.9") {
			s.t.Errorf("the doctor says\n%s", out)
		}
		d.stops()
		if s.address() != "" {
			s.t.Errorf("after the end the site is still told of %s", s.address())
		}
		if strings.Contains(d.out.String(), fmt.Sprintf("%x", p.key().secret)) || strings.Contains(d.out.String(), string(p.key().secret)) {
			s.t.Error("the log holds the key")
		}
	})
}

var (
	times   = regexp.MustCompile(`"20\d\d-[^"]*Z"`)
	numbers = regexp.MustCompile(`"listen": "[^"]*"`)
)

// states returns what the site is told of the daemon, without what differs
// from run to run.
func (s *stand) states() string {
	s.t.Helper()
	var rows []struct {
		Name  string `db:"name"`
		Value string `db:"value"`
	}
	if err := s.db.Root.Select(&rows, s.shop.Prefix.SQL(`SELECT name, value FROM {p}loyalty_daemon_state ORDER BY name`)); err != nil {
		s.t.Fatal(err)
	}
	all := map[string]any{}
	for _, row := range rows {
		var value any
		if err := json.Unmarshal([]byte(row.Value), &value); err != nil {
			s.t.Fatalf("%s: %v", row.Name, err)
		}
		if runs, ok := value.(map[string]any); ok && row.Name == "runs" {
			delete(runs, "increment") // there was one, or not yet
		}
		all[row.Name] = value
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		s.t.Fatal(err)
	}
	return numbers.ReplaceAllString(times.ReplaceAllString(string(text), `"TIME"`), `"listen": "ADDRESS"`) + "\n"
}

func doesNotPairWithACopy(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		p := activate(s)
		s.exec(`UPDATE {p}options SET option_value = 'https://staging.example' WHERE option_name = 'siteurl'`)
		const token = "the-token-of-the-monitor-long-enough"
		d := l.at(s, "--set", "endpoint.token="+token)
		const told = "not paired with WordPress"
		d.says(told, 1)
		s.awaitAddress()
		if r, err := p.ask(s.ctx(), http.MethodGet, "/healthz", nil); err != nil || r.code() != "unknown_key" {
			s.t.Errorf("a request with the other site's key: %+v, %v", r, err)
		}
		await(s.t, "the problem is recorded", func() bool {
			return s.value(`SELECT COUNT(*) FROM {p}loyalty_pairing WHERE key_problem LIKE '%copy%Pair this site%' AND key_id = ''`) == 1
		})
		if a := s.command("doctor"); a.status != exitFailure || !strings.Contains(a.stdout, "FAIL  key: this looks like a copy") {
			s.t.Errorf("doctor: exit status %d\n%s", a.status, a.stdout)
		}
		if a := s.command("key", "rotate"); a.status != exitFailure || !strings.Contains(a.stderr, "copy") {
			s.t.Errorf("key rotate: exit status %d\n%s", a.status, a.stderr)
		}
		if body := bearer(s, token, "/readyz"); !strings.Contains(body, `"key"`) || !strings.Contains(body, "copy") {
			s.t.Errorf("readiness %s", body)
		}
		// A person pairs it all the same.
		text, _ := json.Marshal(map[string]any{
			"v": 1, "bound": wpbridge.Bound("https://staging.example", s.db.Name, string(s.shop.Prefix)),
			"keys": []map[string]any{{"id": p.key().id, "secret": fmt.Sprintf("%x", p.key().secret), "made": time.Now().Unix()}},
		})
		s.option("loyaltyd_key", string(text))
		p.awaitAccepted()
		if n := len(d.out.lines(s.t, told)); n != 1 {
			s.t.Errorf("said %d times that it is not paired", n)
		}
		d.stops()
	})
}

// bearer asks as a monitor does.
func bearer(s *stand, token, path string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.ctx(), http.MethodGet, "http://"+s.awaitAddress()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var body json.RawMessage
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

func constantsOfWPConfig(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	folder := t.TempDir()
	const first, second = "the first constant, of many characters", "the second constant, of many characters"
	configure := func(lines string) {
		t.Helper()
		s.wpConfig(folder, lines)
	}
	key := func(text string) pluginKey { return pluginKey{wpbridge.KeyID(text), []byte(text)} }
	configure("define('LOYALTYD_KEY', '" + first + "');\n")
	d := l.start(t, nil, append([]string{"--wp-path", folder, "--set", "schedule.sync=@every 1s"}, "--log-level", "debug")...)
	p := &plugin{stand: s, keys: []pluginKey{key(first)}}
	p.awaitAccepted()
	stop := p.load(t, 2, "/healthz")
	// The file is changed, and WordPress goes by it at once.
	configure("define('LOYALTYD_KEY', '" + second + "');\ndefine('LOYALTYD_KEY_PREVIOUS', '" + first + "');\n")
	p.mu.Lock()
	p.keys = []pluginKey{key(second)}
	p.mu.Unlock()
	p.awaitAccepted()
	if answered, failures := stop(); answered == 0 || len(failures) > 0 {
		t.Errorf("%d answered, failed: %v", answered, failures)
	}
	for _, text := range []string{first, second} {
		if r, err := p.askAt(t.Context(), s.address(), key(text), http.MethodGet, "/healthz", nil); err != nil || r.status != http.StatusOK {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	a := command(t, "key", "rotate", "--wp-path", folder)
	if a.status != exitFailure || !strings.Contains(a.stderr, "constant in wp-config.php: change it there") {
		t.Errorf("key rotate: exit status %d\n%s", a.status, a.stderr)
	}
	configure("define('LOYALTYD_KEY', getenv('X'));\n")
	await(t, "the problem is recorded", func() bool {
		return s.value(`SELECT COUNT(*) FROM {p}loyalty_pairing WHERE key_problem LIKE '%computed by PHP%endpoint.key_file%'`) == 1
	})
	d.stops()
	for _, text := range []string{first, second} {
		if strings.Contains(d.out.String()+a.stdout+a.stderr, text) {
			t.Error("the key shows")
		}
	}
}

// wpConfig writes a wp-config.php that leads to the stand's database.
func (s *stand) wpConfig(folder, lines string) {
	s.t.Helper()
	path := filepath.Join(folder, "wp-config.php")
	user, rest, _ := strings.Cut(s.dsn, ":")
	php := fmt.Sprintf("<?php\ndefine('DB_NAME', '%s');\ndefine('DB_USER', '%s');\ndefine('DB_PASSWORD', '%s');\ndefine('DB_HOST', 'localhost:%s');\n%s$table_prefix = '%s';\n",
		s.db.Name, user, rest[:strings.IndexByte(rest, '@')], s.db.Server.Socket, lines, s.shop.Prefix)
	if err := os.WriteFile(path+".new", []byte(php), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.t.Fatal(err)
	}
}

// Both ends change the key, again and again, and no request fails.
func keysAreRotatedUnderLoad(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "10", spring)
		p := activate(s)
		d := l.at(s)
		s.awaitIssued(10)
		p.awaitAccepted()
		stop := p.load(s.t, 4, fmt.Sprintf("/v1/customers/%d", ada))
		seen := map[string]bool{p.key().id: true}
		for range 2 {
			before := p.key().id
			p.rotate(before) // from WordPress
			await(s.t, "the daemon saw the new key", func() bool { return s.acceptedKey() == p.key().id })
			seen[p.key().id] = true

			before = p.key().id
			s.ok("key", "rotate") // from the daemon's side
			await(s.t, "WordPress made a new key", func() bool { return p.key().id != before })
			await(s.t, "the daemon saw it, and asks for no other", func() bool {
				return s.acceptedKey() == p.key().id && s.value(`SELECT COUNT(*) FROM {p}loyalty_pairing WHERE rotate_asked_at IS NULL`) == 1
			})
			seen[p.key().id] = true
		}
		answered, failures := stop()
		if len(failures) > 0 || len(seen) != 5 {
			s.t.Errorf("%d keys, %d answered, %d failed: %.5v", len(seen), answered, len(failures), failures)
		}
		s.t.Logf("%d requests under five keys, none failed", answered)
		d.stops()
	})
}

func (s *stand) acceptedKey() string {
	var id string
	_ = s.db.Root.Get(&id, s.shop.Prefix.SQL(`SELECT key_id FROM {p}loyalty_pairing WHERE id = 1`))
	return id
}

// A daemon that is stopped answers what it took, and then nothing.
func stopsUnderLoad(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "10", spring)
		p := activate(s)
		d := l.at(s)
		s.awaitIssued(10)
		p.awaitAccepted()
		stop := p.load(s.t, 8, fmt.Sprintf("/v1/customers/%d", ada))
		time.Sleep(300 * time.Millisecond) // so that it is under load
		d.stops()
		answered, failures := stop()
		for _, failure := range failures {
			if !strings.Contains(failure, "connection refused") && !strings.Contains(failure, "connection reset") && !strings.Contains(failure, "EOF") {
				s.t.Errorf("a request failed: %s", failure)
			}
		}
		if answered == 0 || s.address() != "" {
			s.t.Errorf("%d answered, address %q", answered, s.address())
		}
		if len(d.out.lines(s.t, "requests were cut off")) > 0 {
			s.t.Error("requests were cut off")
		}
	})
}

// mark puts something on the list as the plugin does.
func (s *stand) mark(kind string, id int64) {
	s.t.Helper()
	s.exec(`INSERT INTO {p}loyalty_dirty (kind, object_id, noted_at) VALUES (?, ?, UTC_TIMESTAMP(6))`, kind, id)
}

func (s *stand) awaitNoMarks() {
	s.t.Helper()
	await(s.t, "the list is empty", func() bool {
		var n int64
		err := s.db.Root.Get(&n, s.shop.Prefix.SQL(`SELECT COUNT(*) FROM {p}loyalty_dirty`))
		return err == nil && n == 0
	})
}

func showsAChangeWithinTwoSeconds(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		d := l.at(s, quiet...)
		await(s.t, "the first run", func() bool { return len(d.out.lines(s.t, "synced")) > 0 })
		var want int64
		for range 3 {
			order := s.order(ada, "10", time.Now())
			want += 10
			began := time.Now()
			s.mark("order", order)
			s.awaitIssued(want)
			took := time.Since(began)
			s.t.Logf("an order was in the reports %d ms after it was marked", took.Milliseconds())
			if took > 2*time.Second {
				s.t.Errorf("it took %s", took)
			}
		}
		s.awaitNoMarks()
		d.stops()
		s.ok("verify")
	})
}

// What is marked in vain, and what this daemon does not know, goes away; what
// is marked while no daemon runs is found by the next.
func marksThatFailDoNotBlock(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.ok("sync")
		late := s.order(ada, "7", time.Now())
		for i := range 1200 { // more than a page
			s.mark("order", int64(1000000+i))
		}
		s.mark("a newer plugin's", 1)
		s.mark("comment", 0)
		s.mark("coupon", 999999)
		s.mark("product", 999999)
		s.mark("user", ada)
		s.mark("user", 999999)
		s.mark("order", late)
		d := l.at(s, quiet...)
		s.awaitIssued(7)
		s.awaitNoMarks()
		d.stops()
		for line := range strings.Lines(d.out.String()) {
			if strings.Contains(line, `"level":"ERROR"`) {
				s.t.Error(line)
			}
		}
	})
}

func syncsOnRequest(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		p := activate(s)
		d := l.at(s, quiet...)
		p.awaitAccepted()
		p.awaitReady()
		s.order(ada, "10", time.Now())
		answer := p.must(http.MethodPost, "/v1/sync", map[string]string{"mode": "increment"})
		run, _ := answer["run"].(map[string]any)
		figures, _ := run["figures"].(map[string]any)
		if answer["done"] != true || run["ok"] != true || figures["entries"] != 1.0 {
			s.t.Errorf("increment: %v", answer)
		}
		s.awaitIssued(10)
		for _, mode := range []string{"sweep", "full"} {
			answer := p.must(http.MethodPost, "/v1/sync", map[string]string{"mode": mode})
			if answer["done"] != true {
				s.t.Errorf("%s: %v", mode, answer)
			}
		}
		runs, _ := p.get("/v1/status")["runs"].(map[string]any)
		for _, kind := range []string{"increment", "sweep", "full"} {
			if runs[kind] == nil {
				s.t.Errorf("no %s in %v", kind, runs)
			}
		}
		d.stops()
	})
}

// A first sync that takes long keeps nobody waiting, and a request for another
// is joined to the next.
func answersWhileALongSyncRuns(t *testing.T, l launcher) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	if err := s.shop.Fill(s.ctx(), testshop.FillOptions{Orders: 300, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	s.ok("migrate")
	p := activate(s)
	proxy := testshop.StartProxy(t, s.dsn)
	slow := *s
	slow.dsn = proxy.DSN()
	proxy.Delay(20 * time.Millisecond)
	d := l.at(&slow)
	p.awaitAccepted()
	await(t, "some entries are posted", func() bool { return s.value(`SELECT COUNT(*) FROM {p}loyalty_entries`) > 0 })
	proxy.Delay(60 * time.Millisecond)
	ready, err := p.ask(t.Context(), http.MethodGet, "/readyz", nil)
	if err != nil || ready.status != http.StatusServiceUnavailable || !strings.Contains(fmt.Sprint(ready.body), "first_sync") {
		t.Errorf("readiness during the first run: %+v, %v", ready, err)
	}
	began := time.Now()
	if answer := p.must(http.MethodPost, "/v1/sync", map[string]string{"mode": "sweep"}); answer["done"] != false {
		t.Errorf("a run during a run: %v", answer)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if p.get("/healthz")["status"] != "ok" {
		t.Error("not healthy")
	}
	if s.value(`SELECT COUNT(*) FROM {p}loyalty_checkpoints WHERE name = 'job:sync'`) != 0 {
		t.Skip("the run was over too soon to tell")
	}
	proxy.Delay(0)
	await(t, "the run that was asked for", func() bool {
		return s.value(`SELECT COUNT(*) FROM {p}loyalty_daemon_state WHERE name = 'runs' AND value LIKE '%"sweep"%'`) == 1
	})
	d.stops()
	s.ok("verify")
}

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
	if answered, failures := stop(); answered == 0 {
		t.Errorf("none answered, failed: %v", failures)
	}
	if r, err := p.askAt(t.Context(), first, p.key(), http.MethodGet, "/healthz", nil); err == nil {
		t.Errorf("still listens at the old address: %+v", r)
	}
	configure("127.0.0.1:0")
	d.signal(syscall.SIGHUP)
	await(t, "an address again", func() bool { return strings.HasPrefix(s.address(), "127.0.0.1:") })
	if _, err := os.Stat(socket); err == nil {
		t.Error("the socket is still there")
	}

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
	if _, err := os.Stat(socket); err == nil {
		t.Error("the socket is still there")
	}
	missing := l.at(s, "--listen", filepath.Join(filepath.Dir(socket), "none", "s"))
	if status := missing.ends(); status != exitFailure || !strings.Contains(missing.out.String(), "endpoint.listen") {
		t.Errorf("exit status %d\n%s", status, missing.out)
	}
}

// What a shop admin saves counts from the next run on; what is wrong does not,
// even after a restart; a programme in the configuration wins.
func theProgrammeInWordPress(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "10", spring)
		d := l.at(s)
		s.awaitIssued(10)
		place := func(total string, points int64) {
			s.t.Helper()
			want := s.issued() + points
			s.order(ada, total, time.Now().Add(time.Second))
			s.awaitIssued(want)
		}
		s.option("loyaltyd_program", `{"earn": {"purchase": {"points_per_unit": "3"}}, "redeem": {"points_per_unit": "50"}}`)
		s.awaitProgramme(`"origin":"wordpress"`, `"points_per_unit":"3"`, `"locked":false`, `"error":""`)
		await(s.t, "the new rules", func() bool { return s.value(`SELECT COUNT(*) FROM {p}loyalty_programs`) == 2 })
		place("10", 30)

		s.option("loyaltyd_program", `{"earn": {"purchase": {"points_per_unit": "-4"}, "signp": {}}}`)
		s.awaitProgramme(`"origin":"wordpress"`, `"points_per_unit":"3"`, `signp`)
		const told = "the programme in WordPress is not used; the last good one stays in force"
		d.says(told, 1)
		place("10", 30)
		if a := s.command("doctor"); a.status != exitFailure || !strings.Contains(a.stdout, "FAIL  programme: the programme in WordPress is not used") {
			s.t.Errorf("doctor: exit status %d\n%s", a.status, a.stdout)
		}
		if n := len(d.out.lines(s.t, told)); n != 1 {
			s.t.Errorf("told %d times", n)
		}
		d.stops()

		d = l.at(s)
		d.says(told, 1)
		place("10", 30)
		if out := s.ok("config", "print"); !regexp.MustCompile(`points_per_unit: "?3"?`).MatchString(out) {
			s.t.Errorf("config print says\n%s", out)
		}
		s.option("loyaltyd_program", `no JSON`)
		s.awaitProgramme(`not a JSON object`)
		place("10", 30)
		s.option("loyaltyd_program", `{"earn": {"purchase": {"points_per_unit": "5"}}}`)
		s.awaitProgramme(`"points_per_unit":"5"`, `"error":""`)
		place("10", 50)
		d.stops()

		d = l.at(s, "--set", "program.earn.purchase.points_per_unit=7")
		s.awaitProgramme(`"origin":"file"`, `"points_per_unit":"7"`, `"locked":true`, `"error":""`)
		await(s.t, "the rules of the configuration", func() bool { return s.value(`SELECT COUNT(*) FROM {p}loyalty_programs`) == 4 })
		place("10", 70)
		d.stops()

		s.exec(`DELETE FROM {p}options WHERE option_name = 'loyaltyd_program'`)
		s.ok("sync")
		s.awaitProgramme(`"origin":"defaults"`, `"locked":false`)
		s.ok("verify")
	})
}

// awaitProgramme waits until the site is told of a programme with all of that.
func (s *stand) awaitProgramme(parts ...string) {
	s.t.Helper()
	await(s.t, fmt.Sprintf("a programme with %v", parts), func() bool {
		var value string
		_ = s.db.Root.Get(&value, s.shop.Prefix.SQL(`SELECT value FROM {p}loyalty_daemon_state WHERE name = 'program'`))
		for _, part := range parts {
			if !strings.Contains(value, part) {
				return false
			}
		}
		return true
	})
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

// Points that were reserved when the daemon, or PHP, died are settled by what
// became of the coupon: given back if there is none.
func killedBetweenReservingAndConfirming(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "1000", spring)
		p := activate(s)
		d := l.at(s)
		s.awaitIssued(1000)
		p.awaitAccepted()
		path := fmt.Sprintf("/v1/customers/%d/redemptions", ada)
		lost := p.must(http.MethodPost, path, map[string]int{"points": 300}, "first")
		kept := p.must(http.MethodPost, path, map[string]int{"points": 500}, "second")
		young := p.must(http.MethodPost, path, map[string]int{"points": 100}, "third")
		d.signal(syscall.SIGKILL)
		d.ends()
		code, _ := kept["code"].(string)
		coupon, err := s.shop.AddCoupon(s.ctx(), testshop.Coupon{
			Code: code, Amount: "5.00", Email: "ada@mail.example", Status: "draft", Redemption: whole(kept["id"]),
		})
		if err != nil {
			s.t.Fatal(err)
		}
		s.exec(`UPDATE {p}loyalty_redemptions SET reserved_at = reserved_at - INTERVAL 6 MINUTE, changed_at = changed_at - INTERVAL 6 MINUTE
			WHERE id IN (?, ?)`, whole(lost["id"]), whole(kept["id"]))

		d = l.at(s)
		await(s.t, "both are settled", func() bool {
			return s.value(`SELECT COUNT(*) FROM {p}loyalty_redemptions WHERE state IN ('cancelled', 'confirmed')`) == 2
		})
		p.awaitAccepted()
		of := func(r map[string]any) map[string]any { return p.get(fmt.Sprintf("/v1/redemptions/%d", whole(r["id"]))) }
		if r := of(lost); r["state"] != "cancelled" || r["returned"] != 300.0 {
			s.t.Errorf("without a coupon: %v", r)
		}
		if r := of(kept); r["state"] != "confirmed" || whole(r["coupon_id"]) != coupon || r["returned"] != 0.0 {
			s.t.Errorf("with a coupon: %v", r)
		}
		if r := of(young); r["state"] != "reserved" {
			s.t.Errorf("a young one: %v", r)
		}
		// The plugin, whose request was lost, asks again.
		again := p.must(http.MethodPost, path, map[string]int{"points": 100}, "third")
		if again["id"] != young["id"] || again["repeated"] != true {
			s.t.Errorf("again: %v", again)
		}
		confirm := fmt.Sprintf("/v1/redemptions/%d/confirm", whole(lost["id"]))
		if r, err := p.ask(s.ctx(), http.MethodPost, confirm, map[string]int64{"coupon_id": coupon + 1}, "late"); err != nil || r.code() != "redemption_cancelled" {
			s.t.Errorf("confirmed too late: %+v, %v", r, err)
		}
		if customer := p.get(fmt.Sprintf("/v1/customers/%d", ada)); customer["balance"] != 400.0 || customer["redeemed"] != 600.0 {
			s.t.Errorf("customer %v", customer)
		}
		await(s.t, "the reports show it", func() bool {
			return s.value(`SELECT redeemed FROM {p}loyalty_points_status WHERE period = 'all_time'`) == 600
		})
		d.stops()
		s.ok("verify")
	})
}

// whole returns a JSON number that is an id.
func whole(v any) int64 {
	n, _ := v.(float64)
	return int64(n)
}

func TestPluginAndDaemonAreComparedWhereBothHaveAVersion(t *testing.T) {
	for _, c := range []struct {
		plugin, daemon string
		want           bool
	}{
		{"1.2.0", "v1.2.0", true},
		{"1.2.0", "1.3.0", false},
		{"0.9", "(devel)", true},
		{"0.0.0-dev", "v1.2.0", true},
	} {
		if got := sameVersion(c.plugin, c.daemon); got != c.want {
			t.Errorf("plugin %s, daemon %s: %t", c.plugin, c.daemon, got)
		}
	}
}
