package wpbridge_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	stdsync "sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/config"
	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
	wpbridge "loyaltyd/wp-bridge"
)

const (
	keyID  = "0123456789abcdef"
	secret = "a secret of the tests, 32 characters or more"
)

// noon is the time on the tests' clock.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// stage is a served store and its plugin.
type stage struct {
	t       *testing.T
	db      *testshop.Database
	shop    *testshop.Shop
	ledger  *ledger.Ledger
	engine  *sync.Engine
	reports *reports.Reports
	config  config.Config
	server  *wpbridge.Server
	site    *wpbridge.Site
	url     string
	client  *http.Client // nil: the usual one
	pools   []*sqlx.DB
	log     logText

	mu      stdsync.Mutex
	clock   time.Time
	terms   wpbridge.Terms
	changed int
	ready   wpbridge.Readiness
	pairing wpbridge.Pairing
	run     json.RawMessage
	syncErr error
}

type logText struct {
	mu stdsync.Mutex
	bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// newStage serves a store over TCP on loopback.
func newStage(t *testing.T, db *testshop.Database) *stage {
	t.Helper()
	s := newSite(t, db)
	s.serve("tcp", "127.0.0.1:0")
	return s
}

// newSite opens a store whose endpoint is not served yet.
func newSite(t *testing.T, db *testshop.Database) *stage {
	t.Helper()
	return newSiteAt(t, db, db.DSN())
}

// newSiteAt is newSite whose daemon reaches the database by another way.
func newSiteAt(t *testing.T, db *testshop.Database, dsn string) *stage {
	t.Helper()
	ctx := context.Background()
	s := &stage{
		t: t, db: db, clock: noon, pairing: wpbridge.Pairing{ID: keyID, Origin: "option"},
		shop:   db.Shop(t, testshop.Options{Currency: "EUR", Timezone: "Europe/Berlin"}),
		config: must(config.Load(nil, nil)),
		ready:  wpbridge.Readiness{LastSync: noon.Add(-7 * time.Second), Lag: 7 * time.Second},
		run:    json.RawMessage(`{"started":"2026-03-04T12:00:00.000000Z","finished":"2026-03-04T12:00:01.000000Z","ok":true,"message":"","figures":{"orders":3}}`),
		terms: wpbridge.Terms{
			PointsPerUnit: must(program.ParseDecimal("100")), Multiple: 1, CouponDays: 365, Currency: "EUR", Decimals: 2,
			Now: noon.In(must(time.LoadLocation("Europe/Berlin"))),
		},
	}
	raw := must(database.OpenStore(ctx, dsn))
	t.Cleanup(func() { raw.Close() })
	own := must(database.Open(ctx, dsn))
	t.Cleanup(func() { own.Close() })
	must(database.Migrate(ctx, own, "wp_", ledger.Component(), sync.Component(), wpbridge.Component()))
	s.pools = []*sqlx.DB{raw, own}
	s.reports = reports.Open(reports.Site{DB: own, Prefix: "wp_"}, reports.Site{DB: own, Prefix: "wp_"})
	must(s.reports.Migrate(ctx))
	s.engine = &sync.Engine{
		Store: must(store.Open(ctx, raw, "wp_")), LedgerDB: own, Prefix: "wp_", Patience: time.Minute, Now: time.Now,
		Programme: s.programme(s.config), Log: slog.New(slog.DiscardHandler),
	}
	s.ledger = ledger.Open(own, "wp_", ledger.Options{Zone: s.terms.Now.Location()})
	s.site = &wpbridge.Site{
		Standing:     s.standing,
		Engine:       func(context.Context) (*sync.Engine, error) { return s.engine, nil },
		Reports:      s.reports,
		CheckProgram: s.checkProgram,
		SyncNow:      func(context.Context, sync.Mode) (json.RawMessage, error) { return s.run, s.syncErr },
		Ready:        func(context.Context) wpbridge.Readiness { return s.ready },
		Leads:        func() bool { return true },
		Secret: func(_ context.Context, id string) ([]byte, error) {
			if id != keyID {
				return nil, wpbridge.ErrUnknownKey
			}
			return []byte(secret), nil
		},
		Key: func() wpbridge.Pairing { return s.pairing },
		Changed: func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.changed++
		},
	}
	s.server = must(wpbridge.New(wpbridge.Options{
		Version: "1.2.3", Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: s.now,
	}))
	s.server.Use(s.site)
	return s
}

// standing is what the daemon finds out about a user.
func (s *stage) standing(ctx context.Context, user int64) (wpbridge.Standing, error) {
	account, err := s.ledger.Account(ctx, user)
	if err != nil {
		return wpbridge.Standing{}, err
	}
	standing := wpbridge.Standing{Ledger: s.ledger, Account: account, Frozen: true}
	err = s.engine.Store.Once(func(sn *store.Snapshot) error {
		users, err := sn.UsersByID(ctx, []int64{user})
		if standing.Exists = len(users) == 1; standing.Exists {
			standing.Frozen = account.Frozen || s.engine.Programme.Exclusion.Excludes(&users[0].User)
		}
		return err
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	standing.Terms = s.terms
	return standing, err
}

func (s *stage) programme(c config.Config) sync.Programme {
	return sync.Programme{
		Rules:     c.Program.Rules,
		Exclusion: program.Exclusion{Roles: c.Program.Exclude.Roles, Users: c.Program.Exclude.Users},
	}
}

func (s *stage) checkProgram(document []byte) (checked wpbridge.CheckedProgram) {
	read, err := s.config.WithProgram(document, "")
	if invalid := new(config.InvalidError); errors.As(err, &invalid) {
		for _, p := range invalid.Problems {
			checked.Problems = append(checked.Problems, wpbridge.ProgramProblem{Key: strings.TrimPrefix(p.Key, "program."), Message: p.Message})
		}
		return checked
	}
	checked.Document, checked.Rules = read.Program.Document(), &read.Program.Rules
	return checked
}

func (s *stage) serve(network, address string) {
	s.t.Helper()
	l, registered, err := wpbridge.Listen(network, address)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.url = "http://" + registered; network == "unix" {
		s.url, s.client = "http://loyaltyd", overSocket(address)
	}
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(l) }()
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.server.Shutdown(ctx) // may have been stopped by the test
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
}

func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *stage) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// rule changes what points buy.
func (s *stage) rule(change func(*wpbridge.Terms)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.terms)
}

// customer makes a user with a balance.
func (s *stage) customer(login string, balance int64) int64 {
	s.t.Helper()
	user := must(s.shop.AddUser(context.Background(), testshop.User{Login: login, Email: login + "@example.com"}))
	if balance != 0 {
		must2(s.ledger.Adjust(context.Background(), ledger.Adjustment{
			Key: "given to " + login, User: user, Points: balance, Note: "A gift", Actor: "tests",
		}))
	}
	return user
}

func must2[A, B any](a A, _ B, err error) A { return must(a, err) }

func (s *stage) balance(user int64) int64 {
	s.t.Helper()
	return must(s.ledger.Account(context.Background(), user)).Balance
}

// call is a request that a test sends.
type call struct {
	method, path, body, idem string
	nonce                    string // a fresh one when empty
	alter                    func(*http.Request)
	resigned                 func(*wpbridge.SignedRequest) // what is signed instead
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
	nonce  string
}

func (r reply) code() string {
	var refusal struct {
		Error struct{ Code, Message, Request string }
	}
	_ = json.Unmarshal(r.body, &refusal)
	return refusal.Error.Code
}

func (r reply) json(t testing.TB) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(r.body, &object); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	return object
}

func freshNonce() string {
	random := make([]byte, 16)
	rand.Read(random)
	return hex.EncodeToString(random)
}

// request signs a call.
func (s *stage) request(c call) (*http.Request, string) {
	r := must(http.NewRequest(c.method, s.url+c.path, strings.NewReader(c.body)))
	signed := wpbridge.SignedRequest{
		Method: c.method, Target: c.path, Time: s.now().Unix(), Nonce: c.nonce, IdempotencyKey: c.idem, Body: []byte(c.body),
	}
	if signed.Nonce == "" {
		signed.Nonce = freshNonce()
	}
	header := signed
	if c.resigned != nil {
		c.resigned(&signed)
	}
	r.Header.Set("Loyaltyd-Key", keyID)
	r.Header.Set("Loyaltyd-Time", strconv.FormatInt(header.Time, 10))
	r.Header.Set("Loyaltyd-Nonce", header.Nonce)
	r.Header.Set("Loyaltyd-Signature", signed.Sign([]byte(secret)))
	if c.idem != "" {
		r.Header.Set("Idempotency-Key", c.idem)
	}
	if c.method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.alter != nil {
		c.alter(r)
	}
	return r, header.Nonce
}

// send sends a call and proves the answer's signature, if it is due.
func (s *stage) send(c call) reply {
	s.t.Helper()
	r, nonce := s.request(c)
	client := s.client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	got := reply{response.StatusCode, response.Header, must(io.ReadAll(response.Body)), nonce}
	if c.method != http.MethodHead { // its body is not sent
		s.proven(got)
	}
	return got
}

// proven fails the test unless the answer is signed, or need not be.
func (s *stage) proven(got reply) {
	s.t.Helper()
	if got.header.Get("Loyaltyd-Request") == "" {
		s.t.Errorf("the answer %d has no request id", got.status)
	}
	signature := got.header.Get("Loyaltyd-Signature")
	if signature == "" && (got.status == http.StatusUnauthorized || got.code() == "bad_host" || got.code() == "too_large") {
		return
	}
	at, _ := strconv.ParseInt(got.header.Get("Loyaltyd-Time"), 10, 64)
	want := wpbridge.SignedAnswer{Status: got.status, Nonce: got.nonce, Time: at, Body: got.body}.Sign([]byte(secret))
	if signature != want {
		s.t.Errorf("the answer %d %s is signed %q, want %q", got.status, got.body, signature, want)
	}
}

func (s *stage) get(path string) reply {
	s.t.Helper()
	return s.send(call{method: http.MethodGet, path: path})
}

func (s *stage) post(path, body, idem string) reply {
	s.t.Helper()
	return s.send(call{method: http.MethodPost, path: path, body: body, idem: idem})
}

// want fails the test unless the reply has the status and, if it is a
// refusal, the code.
func (s *stage) want(got reply, status int, code string) reply {
	s.t.Helper()
	if got.status != status || got.code() != code {
		s.t.Fatalf("answered %d %q: %s\nwant %d %q", got.status, got.code(), got.body, status, code)
	}
	return got
}

// overSocket makes the stage's calls go through a socket file.
func overSocket(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
}
