package wpbridge_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	wpbridge "loyaltyd/wp-bridge"
)

// onOne runs a test on one server: what it proves never reaches the database.
func onOne(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	test(t, newStage(t, testshop.New(t)))
}

// example is a call of a route that would be carried out.
func example(r wpbridge.Route, user int64) call {
	c := call{method: r.Method, path: strings.ReplaceAll(r.Path, "{id}", fmt.Sprint(user))}
	if r.Method == http.MethodPost {
		c.body = map[string]string{
			"/v1/sync":                       `{"mode":"increment"}`,
			"/v1/customers/{id}/redemptions": `{"points":100}`,
			"/v1/customers/{id}/adjustments": `{"points":5,"note":"n","actor":"a"}`,
			"/v1/customers/{id}/erase":       `{}`,
			"/v1/redemptions/{id}/confirm":   `{"coupon_id":1}`,
			"/v1/redemptions/{id}/cancel":    `{}`,
			"/v1/program/check":              `{"program":{}}`,
			"/v1/estimate":                   `{"currency":"EUR","lines":[]}`,
		}[r.Path]
	}
	if r.Posts {
		c.idem = "a key"
	}
	return c
}

// TestNoRouteAnswersWithoutItsSignature tries every route in every wrong way.
func TestNoRouteAnswersWithoutItsSignature(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1000)
		without := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
		with := func(name, value string) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set(name, value) }
		}
		at := func(d time.Duration) func(c *call) {
			return func(c *call) {
				when := noon.Add(d).Unix()
				c.resigned = func(r *wpbridge.SignedRequest) { r.Time = when }
				c.alter = with("Loyaltyd-Time", fmt.Sprint(when))
			}
		}
		altered := func(alter func(*http.Request)) func(*call) { return func(c *call) { c.alter = alter } }
		resigned := func(change func(*wpbridge.SignedRequest)) func(*call) {
			return func(c *call) { c.resigned = change }
		}
		for _, wrong := range []struct {
			name string
			make func(*call)
			code string
		}{
			{"without a signature", altered(without("Loyaltyd-Signature")), "unsigned"},
			{"without a key", altered(without("Loyaltyd-Key")), "unsigned"},
			{"without a time", altered(without("Loyaltyd-Time")), "unsigned"},
			{"without a nonce", altered(without("Loyaltyd-Nonce")), "unsigned"},
			{"without any header", altered(func(r *http.Request) { r.Header = http.Header{"Content-Type": {"application/json"}} }), "unsigned"},
			{"with a bearer token, when none is configured", altered(func(r *http.Request) { r.Header = http.Header{"Authorization": {"Bearer "}} }), "unsigned"},
			{"with another signature", altered(with("Loyaltyd-Signature", strings.Repeat("0", 64))), "bad_signature"},
			{"with a signature in capitals", altered(func(r *http.Request) {
				r.Header.Set("Loyaltyd-Signature", strings.ToUpper(r.Header.Get("Loyaltyd-Signature")))
			}), "bad_signature"},
			{"with a short signature", altered(with("Loyaltyd-Signature", "00")), "bad_signature"},
			{"with two signatures", altered(func(r *http.Request) { r.Header.Add("Loyaltyd-Signature", strings.Repeat("0", 64)) }), "bad_signature"},
			{"with an unknown key", altered(with("Loyaltyd-Key", "ffffffffffffffff")), "unknown_key"},
			{"with a key that is none", altered(with("Loyaltyd-Key", "../../etc/passwd")), "bad_signature"},
			{"with a time that is none", altered(with("Loyaltyd-Time", "yesterday")), "bad_signature"},
			{"with a time in another form", altered(func(r *http.Request) { r.Header.Set("Loyaltyd-Time", "0"+r.Header.Get("Loyaltyd-Time")) }), "bad_signature"},
			{"signed long ago", at(-time.Hour), "stale_request"},
			{"signed in the future", at(301 * time.Second), "stale_request"},
			{"signed before the daemon started", at(-2 * time.Second), "stale_request"},
			{"signed for another method", resigned(func(r *wpbridge.SignedRequest) { r.Method = "PUT" }), "bad_signature"},
			{"signed for another path", resigned(func(r *wpbridge.SignedRequest) { r.Target = "/v1/customers/1" }), "bad_signature"},
			{"signed for another query", resigned(func(r *wpbridge.SignedRequest) { r.Target += "?a=b" }), "bad_signature"},
			{"signed for another time", resigned(func(r *wpbridge.SignedRequest) { r.Time-- }), "bad_signature"},
			{"signed for another nonce", resigned(func(r *wpbridge.SignedRequest) { r.Nonce = strings.Repeat("0", 32) }), "bad_signature"},
			{"signed for another body", resigned(func(r *wpbridge.SignedRequest) { r.Body = []byte(`{"points":1}`) }), "bad_signature"},
			{"signed for another idempotency key", resigned(func(r *wpbridge.SignedRequest) { r.IdempotencyKey += "x" }), "bad_signature"},
		} {
			t.Run(wrong.name, func(t *testing.T) {
				for _, route := range s.server.Routes() {
					c := example(route, user)
					wrong.make(&c)
					if got := s.send(c); got.status != http.StatusUnauthorized || got.code() != wrong.code || got.header.Get("Loyaltyd-Signature") != "" {
						t.Errorf("%s %s answered %d %q: %s", route.Method, route.Path, got.status, got.code(), got.body)
					}
				}
			})
		}
		if s.balance(user) != 1000 || s.changed != 0 {
			t.Error("a refused request was carried out")
		}
		if log := s.log.String(); strings.Contains(log, secret) || strings.Contains(log, "a key") {
			t.Error("the log shows a secret")
		}
	})
}

func TestEveryRouteRefuses(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1000)
		for _, route := range s.server.Routes() {
			t.Run(route.Method+" "+route.Path, func(t *testing.T) {
				for _, name := range []string{"attacker.example", "attacker.example:8787", "localhost.attacker.example", "10.1.2.3", "127.0.0.1:1", "", "[::1", "localhost:80:80"} {
					c := example(route, user)
					c.alter = func(r *http.Request) { r.Host = name }
					if name == "" {
						continue // Go's client would put the address there
					}
					if got := s.send(c); got.code() != "bad_host" && got.status != http.StatusBadRequest {
						t.Errorf("called by the name %q it answers %d %q", name, got.status, got.code())
					}
				}
				c := example(route, user)
				for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, "GET", "POST"} {
					c := example(route, user)
					if method == route.Method {
						continue
					}
					c.method = method
					got := s.send(c)
					if got.status != http.StatusMethodNotAllowed || method != http.MethodHead && got.code() != "method_not_allowed" {
						t.Errorf("%s is answered by %d %q", method, got.status, got.code())
					}
				}
				if route.Method != http.MethodPost {
					return
				}
				for _, body := range []struct{ name, body, code string }{
					{"too large", `{"a":"` + strings.Repeat("x", 256<<10) + `"}`, "too_large"},
					{"an unknown field", strings.Replace(strings.Replace(c.body, "{", `{"nonsense":1,`, 1), ",}", "}", 1), "bad_request"},
					{"a field twice", strings.Replace(c.body, "}", `,"points":1,"points":1}`, 1), "bad_request"},
					{"a field in capitals", strings.ToUpper(c.body), "bad_request"},
					{"two values", c.body + c.body, "bad_request"},
					{"a list", `[` + c.body + `]`, "bad_request"},
					{"null", `null`, "bad_request"},
					{"nothing", ``, "bad_request"},
					{"half", `{"points":`, "bad_request"},
					{"not UTF-8", "{\"points\":1,\"note\":\"\xff\"}", "bad_request"},
					{"deep", strings.Repeat(`{"program":`, 100) + `1` + strings.Repeat(`}`, 100), "bad_request"},
				} {
					c := example(route, user)
					c.body = body.body
					if body.body == strings.ToUpper(c.body) && c.body == `{}` {
						continue
					}
					if c.idem != "" {
						c.idem = "for " + body.name
					}
					got := s.send(c)
					if c.body == "{}" {
						continue // nothing was altered
					}
					if got.code() != body.code {
						t.Errorf("a body with %s is answered by %d %q: %s", body.name, got.status, got.code(), got.body)
					}
				}
				c = example(route, user)
				c.alter = func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
				if got := s.send(c); got.code() != "bad_request" {
					t.Errorf("a body of another type is answered by %d %q", got.status, got.code())
				}
				if !route.Posts {
					return
				}
				c = example(route, user)
				c.idem = ""
				if got := s.send(c); got.code() != "idempotency_key_missing" {
					t.Errorf("without an idempotency key it answers %d %q", got.status, got.code())
				}
				c.idem = strings.Repeat("k", 129)
				if got := s.send(c); got.code() != "bad_request" {
					t.Errorf("with a long idempotency key it answers %d %q", got.status, got.code())
				}
			})
		}
		if s.balance(user) != 1000 {
			t.Error("a refused request was carried out")
		}
	})
}

func TestARequestIsTakenOnce(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1000)
		for _, route := range s.server.Routes() {
			c := example(route, user)
			c.nonce = freshNonce()
			s.send(c)
			for range 2 {
				if got := s.send(c); got.status != http.StatusUnauthorized || got.code() != "replayed" {
					t.Errorf("%s %s answers a replayed request with %d %q", route.Method, route.Path, got.status, got.code())
				}
			}
			s.later(299 * time.Second)
			c.resigned = func(r *wpbridge.SignedRequest) { r.Time -= 299 }
			c.alter = func(r *http.Request) { r.Header.Set("Loyaltyd-Time", fmt.Sprint(s.now().Unix()-299)) }
			if got := s.send(c); got.code() != "replayed" {
				t.Errorf("%s %s answers a request that is replayed late with %d %q", route.Method, route.Path, got.status, got.code())
			}
		}
	})
}

func TestAForgedRequestUsesNoNonceUp(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		nonce := freshNonce()
		forged := call{method: "GET", path: "/healthz", nonce: nonce, alter: func(r *http.Request) { r.Header.Set("Loyaltyd-Signature", strings.Repeat("0", 64)) }}
		s.want(s.send(forged), 401, "bad_signature")
		s.want(s.send(call{method: "GET", path: "/healthz", nonce: nonce}), 200, "")
	})
}

func TestNoncesThatMustNotBeForgottenLeaveNoRoom(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		s.server.ForgetNonces(2)
		s.want(s.get("/healthz"), 200, "")
		s.want(s.get("/healthz"), 200, "")
		if got := s.want(s.get("/healthz"), 503, "busy"); got.header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to try again")
		}
		s.later(301 * time.Second)
		s.want(s.get("/healthz"), 200, "")
	})
}

func TestNoncesAreRememberedForTheirTime(t *testing.T) {
	add := wpbridge.NewNonces(5*time.Minute, 3)
	// Requests are signed at a time and come at another.
	expect := func(nonce string, signed, at time.Duration, known, full bool) {
		t.Helper()
		id := strings.Repeat(nonce, 32)
		if k, f := add(id, noon.Add(signed).Unix(), noon.Add(at)); k != known || f != full {
			t.Errorf("%s of %s at %s: known %v, full %v", nonce, signed, at, k, f)
		}
	}
	expect("a", 0, 0, false, false)
	expect("b", 5*time.Minute, time.Minute, false, false) // by a clock that is ahead
	expect("a", 0, time.Minute, true, false)
	expect("c", time.Minute, time.Minute, false, false)
	expect("d", 2*time.Minute, 2*time.Minute, false, true)
	expect("a", 0, 5*time.Minute, true, false)
	expect("a", 0, 5*time.Minute+999*time.Millisecond, true, false)
	expect("d", 2*time.Minute, 5*time.Minute+time.Second, false, false)
	expect("e", 2*time.Minute, 5*time.Minute+time.Second, false, true)
	expect("b", 5*time.Minute, 10*time.Minute, true, false)
	expect("b", 5*time.Minute, 9*time.Minute, true, false)
	// The clock was set back: what is forgotten is not taken again.
	expect("c", time.Minute, 2*time.Minute, true, false)
	expect("e", 10*time.Minute, 10*time.Minute, false, false)
}

func TestNothingElseIsAtTheseAddresses(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		for _, path := range []string{
			"/", "/v1", "/v1/", "/v1/status/", "//v1/status", "/v1/./status", "/v1/../v1/status", "/v1/%73tatus", "/V1/status", "/v1/customers",
			"/v1/customers//redemptions", "/debug/pprof/", "/wp-admin/", "/v2/status",
		} {
			if got := s.get(path); got.status != http.StatusNotFound || got.code() != "not_found" {
				t.Errorf("%s answers %d %q", path, got.status, got.code())
			}
		}
		for _, id := range []string{"0", "-1", "01", "1.0", "abc", "9223372036854775808", "1;2", "%31"} {
			if got := s.get("/v1/customers/" + id); got.code() != "bad_request" && got.code() != "not_found" {
				t.Errorf("id %s answers %d %q", id, got.status, got.code())
			}
		}
		s.want(s.get("/v1/status?a=b"), 200, "")
	})
}

func TestMonitorsMayShowATokenInstead(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		s.site.Token = strings.Repeat("t0ken", 8)
		bearer := func(token string) func(*http.Request) {
			return func(r *http.Request) {
				r.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
			}
		}
		for _, route := range s.server.Routes() {
			c := example(route, 1)
			open := route.Path == "/healthz" || route.Path == "/readyz" || route.Path == "/metrics"
			r, _ := s.request(c)
			bearer(s.site.Token)(r)
			response := must(http.DefaultClient.Do(r))
			response.Body.Close()
			if got := response.StatusCode == http.StatusOK; got != open {
				t.Errorf("%s %s answers %d with the operator's token", route.Method, route.Path, response.StatusCode)
			}
			for _, wrong := range []string{"", s.site.Token + "x", s.site.Token[1:]} {
				c.alter = bearer(wrong)
				s.want(s.send(c), 401, "unsigned")
			}
		}
	})
}

func TestAStrangerWhoSendsSlowlyIsCutOff(t *testing.T) {
	db := testshop.New(t)
	s := newSite(t, db)
	s.server.SetTimeouts(200*time.Millisecond, 400*time.Millisecond)
	s.serve("tcp", "127.0.0.1:0")
	signed, _ := s.request(call{method: "POST", path: "/v1/sync", body: `{"mode":"increment"}`})
	var head strings.Builder
	fmt.Fprintf(&head, "POST /v1/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n")
	if err := signed.Header.Write(&head); err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]string{
		"headers":             "GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
		"the body, signed":    head.String() + "\r\n{",
		"the body, unsigned":  "POST /v1/sync HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{",
		"a body without end":  "POST /v1/sync HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
		"nothing at all":      "",
		"one very long line":  "GET /" + strings.Repeat("a", 64<<10),
		"headers without end": "GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("A: b\r\n", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			c := must(net.Dial("tcp", strings.TrimPrefix(s.url, "http://")))
			defer c.Close()
			_, _ = c.Write([]byte(start)) // may be cut off while it is sent
			if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(c)
			if response, err := http.ReadResponse(reader, nil); err == nil {
				if response.StatusCode < 400 {
					t.Errorf("answered %s", response.Status)
				}
				_, _ = io.Copy(io.Discard, response.Body)
			}
			if _, err := reader.ReadByte(); err == nil {
				t.Error("the connection goes on")
			} else if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection was not closed")
			}
		})
	}
	s.want(s.get("/healthz"), 200, "")
}
