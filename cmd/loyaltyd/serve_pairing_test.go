package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	wpbridge "loyaltyd/wp-bridge"
)

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
	if answered, failures := stop(); len(failures) > 0 {
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
		ada, p, d := l.paired(s, 10)
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
