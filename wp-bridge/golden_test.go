package wpbridge_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
	wpbridge "loyaltyd/wp-bridge"
)

var update = flag.Bool("update", false, "write the golden files anew")

const fixtures = "testdata/fixtures"

// fixture is one exchange. Bodies are text, byte for byte as they are signed.
type fixture struct {
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
	} `json:"request"`
	Answer struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
	} `json:"answer"`
}

// What differs between runs has one value in the fixtures.
var (
	anyTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	anyDate = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`) // in a sentence
	anyCode = regexp.MustCompile(`points-[a-z2-9]{12}`)
)

const (
	someTime    = "2026-03-04T12:00:00.000000Z"
	someDate    = "2026-03-04 13:00:00"
	someCode    = "points-abcdefghjkmn"
	someRequest = "00112233445566ff"
)

// record sends a call and returns what happened, as it is kept.
func (s *stage) record(name string, c call) fixture {
	s.t.Helper()
	sum := sha256.Sum256([]byte(name))
	c.nonce = hex.EncodeToString(sum[:16])
	r, _ := s.request(c)
	got := s.send(c)
	var f fixture
	f.Request.Method, f.Request.Path, f.Request.Body = c.method, c.path, c.body
	f.Request.Headers = map[string]string{}
	for header := range r.Header {
		f.Request.Headers[header] = r.Header.Get(header)
	}
	body := strings.ReplaceAll(string(got.body), got.header.Get("Loyaltyd-Request"), someRequest)
	body = anyDate.ReplaceAllString(anyTime.ReplaceAllString(body, someTime), someDate)
	body = anyCode.ReplaceAllString(body, someCode)
	f.Answer.Status, f.Answer.Body = got.status, body
	f.Answer.Headers = map[string]string{"Content-Type": got.header.Get("Content-Type"), "Loyaltyd-Request": someRequest}
	for _, header := range []string{"Loyaltyd-Rotate", "Retry-After"} {
		if value := got.header.Get(header); value != "" {
			f.Answer.Headers[header] = value
		}
	}
	if got.header.Get("Loyaltyd-Signature") != "" {
		at := s.now().Unix()
		f.Answer.Headers["Loyaltyd-Time"] = strconv.FormatInt(at, 10)
		f.Answer.Headers["Loyaltyd-Signature"] = wpbridge.SignedAnswer{
			Status: got.status, Nonce: c.nonce, Time: at, Body: []byte(body),
		}.Sign([]byte(secret))
	}
	return f
}

func indented(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// golden compares a value with a file, or writes it.
func golden(t *testing.T, name string, value any) {
	t.Helper()
	path, got := filepath.Join(fixtures, name+".json"), indented(value)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is another (write it anew with -update):\n%s", path, diff)
	}
}

// exhibit makes a store in which every answer can be seen.
func (s *stage) exhibit() {
	s.t.Helper()
	ctx := context.Background()
	s.shop.Now = func() time.Time { return noon }
	product := must(s.shop.AddProduct(ctx, testshop.Product{Name: "Mug <script>", Price: "10"}))
	ada := must(s.shop.AddUser(ctx, testshop.User{Login: "ada", Email: "ada@example.com"}))
	must(s.shop.AddUser(ctx, testshop.User{Login: "eve", Email: "eve@example.com"}))
	order := must(s.shop.PlaceOrder(ctx, testshop.Order{
		Customer: ada, Status: "completed", Lines: []testshop.Line{{Product: product, Total: "1250.00"}},
	}))
	must(s.shop.Refund(ctx, order, testshop.Refund{Amount: "50.00"}))
	s.engine.Programme.Brake = sync.BrakeLimits{Percent: must(program.ParseDecimal("100")), Entries: 1000}
	must(s.engine.Run(ctx, sync.Options{Mode: sync.Increment}))
	s.engine.Programme.Exclusion.Users = []int64{eveID}
	zero := json.RawMessage(`{"started":"` + someTime + `","finished":"` + someTime + `","ok":true,"message":"","figures":{"entries":0}}`)
	for name, value := range map[string]any{
		"program":  map[string]any{"document": s.config.Program.Document(), "origin": "defaults", "locked": false, "error": ""},
		"schedule": map[string]string{"sync": "@every 15s", "sweep": "@every 10m", "expire": "5 0 * * *", "verify": "30 3 * * *", "zone": "Europe/Berlin", "listen": "127.0.0.1:8787"},
		"jobs":     map[string]any{"sync": map[string]any{"last_success": someTime, "next": someTime}, "verify": map[string]any{"last_success": nil, "next": someTime}},
		"runs":     map[string]any{"increment": zero, "verify": json.RawMessage(`{"started":"` + someTime + `","finished":"` + someTime + `","ok":false,"message":"1 finding","figures":{"findings":1},"findings":["account 2: the chain is broken at entry 3"]}`)},
		"store":    map[string]any{"currency": "EUR", "decimals": 2, "timezone": "Europe/Berlin", "week_start": 1, "problems": []string{}, "skipped_currency": 0},
		"brake":    nil,
	} {
		if err := s.reports.SetState(ctx, name, value); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.reports.Heartbeat(ctx, reports.Daemon{Address: "127.0.0.1:8787", Version: "1.2.3"}); err != nil {
		s.t.Fatal(err)
	}
}

const (
	adaID = 2
	eveID = 3
)

func TestWhatIsAnsweredIsAsRecorded(t *testing.T) {
	doc := document(t)
	var wanted []string
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db)
		s.exhibit()
		post := func(path, body, idem string) call {
			return call{method: http.MethodPost, path: path, body: body, idem: idem}
		}
		get := func(path string) call { return call{method: http.MethodGet, path: path} }
		redeem, adjust, order := fmt.Sprintf("/v1/customers/%d/redemptions", adaID), fmt.Sprintf("/v1/customers/%d/adjustments", adaID),
			`"user_id":0,"currency":"EUR","lines":[{"product_id":1,"variation_id":0,"quantity":"2","subtotal":"20.00","total":"18.00","subtotal_tax":"3.80","tax":"3.42"}],"shipping":{"total":"4.90","tax":"0.93"},"fees":[{"total":"1.00","tax":"0.00"}]}`
		seen := map[string]bool{}
		for _, c := range []struct {
			name   string
			call   call
			before func()
		}{
			{"health-ok", get("/healthz"), nil},
			{"ready-yes", get("/readyz"), nil},
			{"ready-no", get("/readyz"), func() {
				s.ready = wpbridge.Readiness{Reasons: []wpbridge.Reason{{Code: "first_sync", Message: "The first sync is not finished yet."}}}
			}},
			{"status-ok", get("/v1/status"), func() {
				s.ready = wpbridge.Readiness{LastSync: noon.Add(-7 * time.Second), Lag: 7 * time.Second}
			}},
			{"sync-done", post("/v1/sync", `{"mode":"increment"}`, ""), nil},
			{"sync-goes-on", post("/v1/sync", `{"mode":"full"}`, ""), func() { s.run = nil }},
			{"sync-no-such-mode", post("/v1/sync", `{"mode":"fast"}`, ""), nil},
			{"customer-ok", get("/v1/customers/2"), nil},
			{"customer-excluded", get("/v1/customers/3"), nil},
			{"customer-none", get("/v1/customers/424242"), nil},
			{"redeem-created", post(redeem, `{"points":500}`, "form-1"), nil},
			{"redeem-repeated", post(redeem, `{"points":500}`, "form-1"), nil},
			{"redeem-key-reused", post(redeem, `{"points":501}`, "form-1"), nil},
			{"redeem-no-key", post(redeem, `{"points":500}`, ""), nil},
			{"redeem-insufficient", post(redeem, `{"points":100000}`, "form-2"), nil},
			{"redeem-frozen", post("/v1/customers/3/redemptions", `{"points":1}`, "form-3"), nil},
			{"redeem-unknown-field", post(redeem, `{"points":500,"amount":"99"}`, "form-4"), nil},
			{"redemption-reserved", get("/v1/redemptions/1"), nil},
			{"redemption-none", get("/v1/redemptions/424242"), nil},
			{"confirm-ok", post("/v1/redemptions/1/confirm", `{"coupon_id":77}`, "form-1:confirm"), nil},
			{"confirm-other-coupon", post("/v1/redemptions/1/confirm", `{"coupon_id":78}`, "form-1:confirm-again"), nil},
			{"cancel-confirmed", post("/v1/redemptions/1/cancel", `{}`, "form-1:cancel"), nil},
			{"redeem-second", post(redeem, `{"points":200}`, "form-5"), nil},
			{"cancel-ok", post("/v1/redemptions/2/cancel", `{}`, "form-5:cancel"), nil},
			{"confirm-cancelled", post("/v1/redemptions/2/confirm", `{"coupon_id":79}`, "form-5:confirm"), nil},
			{"redeem-below-minimum", post(redeem, `{"points":50}`, "form-6"), func() {
				s.rule(func(terms *wpbridge.Terms) { terms.Min, terms.Max, terms.Multiple = 100, 600, 50 })
			}},
			{"redeem-above-maximum", post(redeem, `{"points":700}`, "form-6"), nil},
			{"redeem-not-a-multiple", post(redeem, `{"points":120}`, "form-6"), nil},
			{"customer-limited", get("/v1/customers/2"), nil},
			{"redeem-worth-nothing", post(redeem, `{"points":100}`, "form-6"), func() {
				s.rule(func(terms *wpbridge.Terms) { terms.PointsPerUnit = must(program.ParseDecimal("100000")) })
			}},
			{"redeem-off", post(redeem, `{"points":100}`, "form-6"), func() {
				s.rule(func(terms *wpbridge.Terms) { terms.PointsPerUnit = must(program.ParseDecimal("0")) })
			}},
			{"customer-redeeming-off", get("/v1/customers/2"), nil},
			{"adjust-created", post(adjust, `{"points":-50,"note":"Given twice <b>by mistake</b> 🎁 שלום","actor":"WordPress: admin"}`, "adjust-1"), nil},
			{"adjust-repeated", post(adjust, `{"points":-50,"note":"Given twice <b>by mistake</b> 🎁 שלום","actor":"WordPress: admin"}`, "adjust-1"), nil},
			{"adjust-no-note", post(adjust, `{"points":-50,"note":" ","actor":"WordPress: admin"}`, "adjust-2"), nil},
			{"adjust-no-customer", post("/v1/customers/424242/adjustments", `{"points":1,"note":"n","actor":"a"}`, "adjust-3"), nil},
			{"explanation-ok", get("/v1/customers/2/explanation"), nil},
			{"explanation-none", get("/v1/customers/424242/explanation"), nil},
			{"erase-ok", post("/v1/customers/2/erase", `{}`, "erase-1"), nil},
			{"checkProgram-ok", post("/v1/program/check", `{"program":{"earn":{"signup":{"points":5}},"redeem":{"min":100}}}`, ""), nil},
			{"checkProgram-problems", post("/v1/program/check", `{"program":{"earn":{"purchase":{"points_per_unit":"-1"}},"redem":{}}}`, ""), nil},
			{"estimate-ok", post("/v1/estimate", `{`+order, ""), nil},
			{"estimate-by-a-programme", post("/v1/estimate", `{"program":{"earn":{"purchase":{"points_per_unit":"2.5","shipping":true},"first_order":{"points":100}}},`+order, ""), nil},
			{"estimate-wrong-programme", post("/v1/estimate", `{"program":{"earn":{"signup":{"points":"many"}}},`+order, ""), nil},
			{"refused-unsigned", call{method: "GET", path: "/v1/status", alter: func(r *http.Request) {
				for _, name := range []string{"Loyaltyd-Key", "Loyaltyd-Time", "Loyaltyd-Nonce", "Loyaltyd-Signature"} {
					r.Header.Del(name)
				}
			}}, nil},
			{"refused-bad-signature", call{method: "GET", path: "/v1/status", resigned: func(r *wpbridge.SignedRequest) { r.Method = "POST" }}, nil},
			{"refused-unknown-key", call{method: "GET", path: "/v1/status", alter: func(r *http.Request) { r.Header.Set("Loyaltyd-Key", "ffffffffffffffff") }}, nil},
			{"refused-stale", call{method: "GET", path: "/v1/status", alter: func(r *http.Request) { r.Header.Set("Loyaltyd-Time", "1700000000") }}, nil},
			{"refused-not-found", get("/v2/status"), nil},
			{"refused-method", call{method: "DELETE", path: "/v1/customers/2"}, nil},
			{"sync-braked", post("/v1/sync", `{"mode":"sweep"}`, ""), func() {
				s.syncErr = &sync.BrakeError{Plan: "a1b2c3d4"}
			}},
			{"refused-busy", post("/v1/sync", `{"mode":"sweep"}`, ""), func() {
				s.syncErr = &ledger.HeldError{Holder: "another", ExpiresIn: time.Second}
			}},
			{"rotation-asked", get("/v1/status"), func() { s.pairing.RotateAsked = true }},
		} {
			if c.before != nil {
				c.before()
			}
			t.Run(c.name, func(t *testing.T) {
				s.t = t
				f := s.record(c.name, c.call)
				described(t, doc, f)
				golden(t, c.name, f)
				if f.Answer.Status < 300 {
					seen[c.call.method+" "+c.call.path] = true
				}
			})
			wanted = append(wanted, c.name+".json")
		}
		s.t = t
		for _, route := range s.server.Routes() {
			recorded := false
			for call := range seen {
				method, path, _ := strings.Cut(call, " ")
				recorded = recorded || method == route.Method && fits(route.Path, path)
			}
			if textual := route.Path == "/metrics" || route.Path == "/openapi.yaml"; !recorded && !textual {
				t.Errorf("no answer of %s %s is recorded", route.Method, route.Path)
			}
		}
	})
	wanted = append(wanted, "signatures.json")
	for _, file := range must(os.ReadDir(fixtures)) {
		if !slices.Contains(wanted, file.Name()) {
			t.Errorf("%s is of no use any more: delete it", file.Name())
		}
	}
}

func TestSignaturesAreAsRecorded(t *testing.T) {
	type request struct {
		Secret         string `json:"secret"` // hexadecimal
		Method         string `json:"method"`
		Target         string `json:"target"`
		Time           int64  `json:"time"`
		Nonce          string `json:"nonce"`
		IdempotencyKey string `json:"idempotency_key"`
		Body           string `json:"body"`
		Signature      string `json:"signature"`
	}
	type answer struct {
		Secret    string `json:"secret"`
		Status    int    `json:"status"`
		Nonce     string `json:"nonce"`
		Time      int64  `json:"time"`
		Body      string `json:"body"`
		Signature string `json:"signature"`
	}
	var vectors struct {
		Requests []request `json:"requests"`
		Answers  []answer  `json:"answers"`
	}
	made, text := hex.EncodeToString(bytes.Repeat([]byte{0, 0x7f, 0xff, 0x80}, 8)), hex.EncodeToString([]byte(secret))
	for _, r := range []request{
		{Secret: made, Method: "GET", Target: "/healthz", Time: 1772625600, Nonce: strings.Repeat("0", 32)},
		{Secret: text, Method: "GET", Target: "/v1/customers/7?a=b&c=%20", Time: 1772625600, Nonce: strings.Repeat("a1", 16)},
		{Secret: made, Method: "POST", Target: "/v1/customers/7/redemptions", Time: 1772625601, Nonce: strings.Repeat("5f", 16), IdempotencyKey: "4b1c0d3e-form", Body: `{"points":500}`},
		{Secret: text, Method: "POST", Target: "/v1/customers/7/adjustments", Time: 1772625602, Nonce: strings.Repeat("9e", 16), IdempotencyKey: "k k", Body: "{\"points\":-5,\"note\":\"<script>\\n🎁 שלום\",\"actor\":\"WordPress: admin\"}"},
	} {
		key := must(hex.DecodeString(r.Secret))
		r.Signature = wpbridge.SignedRequest{Method: r.Method, Target: r.Target, Time: r.Time, Nonce: r.Nonce, IdempotencyKey: r.IdempotencyKey, Body: []byte(r.Body)}.Sign(key)
		vectors.Requests = append(vectors.Requests, r)
	}
	for _, a := range []answer{
		{Secret: made, Status: 200, Nonce: strings.Repeat("0", 32), Time: 1772625600, Body: "{\"status\":\"ok\",\"version\":\"1.2.3\"}\n"},
		{Secret: text, Status: 409, Nonce: strings.Repeat("5f", 16), Time: 1772625601, Body: "{\"error\":{\"code\":\"insufficient_points\",\"message\":\"Zu wenig – 点数不足\",\"request\":\"00112233445566ff\"}}\n"},
		{Secret: made, Status: 202, Nonce: strings.Repeat("9e", 16), Time: 1772625602, Body: ""},
	} {
		key := must(hex.DecodeString(a.Secret))
		a.Signature = wpbridge.SignedAnswer{Status: a.Status, Nonce: a.Nonce, Time: a.Time, Body: []byte(a.Body)}.Sign(key)
		vectors.Answers = append(vectors.Answers, a)
	}
	golden(t, "signatures", vectors)
}
