package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	gosync "sync"
	"testing"
	"time"

	wpbridge "loyaltyd/wp-bridge"
)

// plugin plays the loyaltyd plugin in a stand's WordPress: it keeps the key in
// the option, finds the daemon's address in its row, and signs what it asks.
type plugin struct {
	*stand
	mu   gosync.Mutex
	keys []pluginKey // as in the option, the current one first
}

type pluginKey struct {
	id     string
	secret []byte
}

func newPluginKey() pluginKey {
	return pluginKey{hexadecimal(8), []byte(randomBytes(32))}
}

func randomBytes(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return string(b)
}

func hexadecimal(n int) string { return hex.EncodeToString([]byte(randomBytes(n))) }

// activate makes the first key.
func activate(s *stand) *plugin {
	p := &plugin{stand: s, keys: []pluginKey{newPluginKey()}}
	p.store()
	return p
}

// store writes the option.
func (p *plugin) store() {
	p.t.Helper()
	var keys []map[string]any
	for _, k := range p.keys {
		keys = append(keys, map[string]any{"id": k.id, "secret": hex.EncodeToString(k.secret), "made": time.Now().Unix()})
	}
	text, err := json.Marshal(map[string]any{
		"v": 1, "bound": wpbridge.Bound("https://shop.example", p.db.Name, string(p.shop.Prefix)), "keys": keys,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.option("loyaltyd_key", string(text))
}

// option sets an option of the site.
func (s *stand) option(name, value string) {
	s.t.Helper()
	s.exec(`INSERT INTO {p}options (option_name, option_value, autoload) VALUES (?, ?, 'no')
		ON DUPLICATE KEY UPDATE option_value = VALUES(option_value)`, name, value)
}

// rotate makes a new key when the one with this id is the current one.
func (p *plugin) rotate(only string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys[0].id == only {
		p.keys = []pluginKey{newPluginKey(), p.keys[0]}
		p.store()
	}
}

func (p *plugin) key() pluginKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[0]
}

// address returns where the daemon's row says that it is, or "".
func (s *stand) address() string {
	var address string
	_ = s.db.Root.Get(&address, s.shop.Prefix.SQL(`SELECT address FROM {p}loyalty_daemon WHERE id = 1`))
	return address
}

// awaitAddress waits until a daemon has said where it is.
func (s *stand) awaitAddress() string {
	s.t.Helper()
	await(s.t, "the daemon's address", func() bool { return s.address() != "" })
	return s.address()
}

// reply is what the daemon said.
type reply struct {
	status int
	body   map[string]any
	rotate bool
}

func (r reply) code() string {
	e, _ := r.body["error"].(map[string]any)
	code, _ := e["code"].(string)
	return code
}

// ask sends a signed request to the daemon; the error says that no answer
// came, or none that its key signed.
func (p *plugin) ask(ctx context.Context, method, path string, body any, idempotencyKey ...string) (reply, error) {
	return p.askAt(ctx, p.address(), p.key(), method, path, body, idempotencyKey...)
}

func (p *plugin) askAt(ctx context.Context, address string, k pluginKey, method, path string, body any, idempotencyKey ...string) (reply, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return reply{}, err
		}
	}
	signed := wpbridge.SignedRequest{
		Method: method, Target: path, Time: time.Now().Unix(), Nonce: hexadecimal(16),
		IdempotencyKey: strings.Join(idempotencyKey, ""), Body: text,
	}
	client := http.DefaultClient
	url := "http://" + address + path
	if socket, ok := strings.CutPrefix(address, "unix:"); ok {
		url = "http://loyaltyd" + path
		client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}}
	}
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return reply{}, err
	}
	request.Close = true // as PHP does it
	request.Header.Set("Loyaltyd-Key", k.id)
	request.Header.Set("Loyaltyd-Time", strconv.FormatInt(signed.Time, 10))
	request.Header.Set("Loyaltyd-Nonce", signed.Nonce)
	request.Header.Set("Loyaltyd-Signature", signed.Sign(k.secret))
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
	}
	if signed.IdempotencyKey != "" {
		request.Header.Set("Idempotency-Key", signed.IdempotencyKey)
	}
	answer, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: answer.StatusCode, rotate: answer.Header.Get("Loyaltyd-Rotate") == "1"}
	if err := json.Unmarshal(content, &r.body); err != nil {
		return r, fmt.Errorf("status %d, not JSON: %q", r.status, content)
	}
	if r.status == http.StatusUnauthorized {
		return r, nil
	}
	at, _ := strconv.ParseInt(answer.Header.Get("Loyaltyd-Time"), 10, 64)
	want := wpbridge.SignedAnswer{Status: r.status, Nonce: signed.Nonce, Time: at, Body: content}.Sign(k.secret)
	if answer.Header.Get("Loyaltyd-Signature") != want {
		return r, errors.New("the answer is not signed with the key")
	}
	return r, nil
}

// get asks for what must be answered.
func (p *plugin) get(path string) map[string]any {
	p.t.Helper()
	return p.must(http.MethodGet, path, nil)
}

func (p *plugin) must(method, path string, body any, idempotencyKey ...string) map[string]any {
	p.t.Helper()
	r, err := p.ask(p.t.Context(), method, path, body, idempotencyKey...)
	if err != nil || r.status >= 300 {
		p.t.Fatalf("%s %s: %d, %v, %v", method, path, r.status, r.body, err)
	}
	return r.body
}

// accepted reports whether the daemon answers what is signed with the current
// key.
func (p *plugin) accepted() bool {
	r, err := p.ask(p.t.Context(), http.MethodGet, "/v1/status", nil)
	return err == nil && r.status == http.StatusOK
}

func (p *plugin) awaitAccepted() {
	p.t.Helper()
	p.awaitAddress()
	await(p.t, "the daemon accepts the key", p.accepted)
}

// awaitReady waits until the daemon does its work.
func (p *plugin) awaitReady() {
	p.t.Helper()
	p.awaitAddress()
	await(p.t, "the daemon is ready", func() bool {
		r, err := p.ask(p.t.Context(), http.MethodGet, "/readyz", nil)
		return err == nil && r.status == http.StatusOK
	})
}

// paired returns a customer who earned so many points, and a plugin and a
// daemon that know each other.
func (l launcher) paired(s *stand, points int64) (customer int64, p *plugin, d *serving) {
	s.t.Helper()
	customer = s.customer("ada")
	s.order(customer, strconv.FormatInt(points, 10), spring)
	p, d = activate(s), l.at(s)
	s.awaitIssued(points)
	p.awaitAccepted()
	return customer, p, d
}

// load asks without a pause until it is stopped, with so many requests at a
// time, each signed with the key that is current then, and with a new key
// wherever the daemon asks for one, as the plugin does. It returns when every
// worker had an answer.
func (p *plugin) load(t *testing.T, workers int, path string) (stop func() (answered int64, failures []string)) {
	ctx, cancel := context.WithCancel(t.Context())
	var mu gosync.Mutex
	var answered int64
	var failures []string
	var all gosync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				k, address := p.key(), p.address()
				if address == "" {
					return // the daemon was stopped
				}
				r, err := p.askAt(ctx, address, k, http.MethodGet, path, nil)
				if err == nil && r.rotate {
					p.rotate(k.id)
				}
				mu.Lock()
				switch {
				case err == nil && r.status == http.StatusOK:
					answered++
				case ctx.Err() == nil:
					failures = append(failures, fmt.Sprintf("%d %v %v", r.status, r.body, err))
				}
				mu.Unlock()
				select {
				case <-ctx.Done():
				case <-time.After(2 * time.Millisecond):
				}
			}
		})
	}
	await(t, "the daemon is under load", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return answered >= int64(workers)
	})
	return func() (int64, []string) {
		cancel()
		all.Wait()
		return answered, failures
	}
}

// answeredBadly returns the failures of requests but those that found nobody:
// of a daemon that goes away that is no wonder.
func answeredBadly(failures []string) []string {
	return slices.DeleteFunc(failures, func(failure string) bool {
		return strings.Contains(failure, "connection refused") || strings.Contains(failure, "connection reset") || strings.Contains(failure, "EOF")
	})
}
