package wpbridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	stdsync "sync"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

func TestASocketFileIsServed(t *testing.T) {
	s := newSite(t, testshop.New(t))
	path := filepath.Join(t.TempDir(), "loyaltyd.sock")
	s.serve("unix", path)
	s.want(s.get("/healthz"), 200, "")
	s.want(s.send(call{method: "GET", path: "/healthz", alter: func(r *http.Request) { r.Host = "anything.example" }}), 200, "")
	if mode := must(os.Stat(path)).Mode(); mode.Perm() != 0o660 || mode&os.ModeSocket == 0 {
		t.Errorf("the socket has the mode %v", mode)
	}
}

func TestASocketFileIsTakenOnlyFromTheDead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loyaltyd.sock")
	dead, _, err := wpbridge.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if socket, ok := dead.(*net.UnixListener); ok {
		socket.SetUnlinkOnClose(false)
	}
	dead.Close()
	alive, registered, err := wpbridge.Listen("unix", path)
	if err != nil || registered != "unix:"+path {
		t.Fatalf("a dead process's socket is not taken: %q, %v", registered, err)
	}
	defer alive.Close()
	go func() {
		for c, err := alive.Accept(); err == nil; c, err = alive.Accept() {
			c.Close()
		}
	}()
	if _, _, err := wpbridge.Listen("unix", path); err == nil || !strings.Contains(err.Error(), "another process listens") {
		t.Errorf("a living process's socket: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := wpbridge.Listen("unix", file); err == nil || string(must(os.ReadFile(file))) != "precious" {
		t.Errorf("a file that is no socket: %v", err)
	}
}

func TestATakenPortIsReplacedByAnother(t *testing.T) {
	first, registered, err := wpbridge.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, other, err := wpbridge.Listen("tcp", registered)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if other == registered || !strings.HasPrefix(other, "127.0.0.1:") || other != second.Addr().String() {
		t.Errorf("registered %s and then %s, listening on %s", registered, other, second.Addr())
	}
	for _, wrong := range []string{"127.0.0.1", "127.0.0.1:99999", "no-such-host.invalid:1"} {
		if l, _, err := wpbridge.Listen("tcp", wrong); err == nil {
			l.Close()
			t.Errorf("listening on %s succeeds", wrong)
		}
	}
	everywhere, registered, err := wpbridge.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer everywhere.Close()
	if !strings.HasPrefix(registered, "127.0.0.1:") {
		t.Errorf("listening everywhere registers %s", registered)
	}
}

// held makes the site's next requests wait, and says when one does.
func (s *stage) held() (waiting <-chan struct{}, release func()) {
	in, out := make(chan struct{}, 16), make(chan struct{})
	before := s.site.Ready
	s.site.Ready = func(ctx context.Context) wpbridge.Readiness {
		in <- struct{}{}
		select {
		case <-out:
		case <-ctx.Done():
		}
		return before(ctx)
	}
	return in, stdsync.OnceFunc(func() { close(out) })
}

func TestStoppingWaitsForRequestsUnderWay(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		waiting, release := s.held()
		answered := make(chan reply, 1)
		go func() { answered <- s.get("/readyz") }()
		<-waiting
		stopped := make(chan error, 1)
		go func() { stopped <- s.server.Shutdown(context.Background()) }()
		for deadline := time.Now().Add(5 * time.Second); ; {
			c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				break
			}
			c.Close()
			if time.Now().After(deadline) {
				t.Fatal("connections are still taken")
			}
		}
		select {
		case err := <-stopped:
			t.Fatalf("the server stopped while a request was under way: %v", err)
		default:
		}
		release()
		if got := <-answered; got.status != http.StatusOK {
			t.Errorf("the request under way was answered %d %s", got.status, got.body)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

func TestStoppingCutsOffWhatTakesTooLong(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		waiting, release := s.held()
		defer release()
		failed := make(chan error, 1)
		go func() {
			r, _ := s.request(call{method: "GET", path: "/readyz"})
			response, err := http.DefaultClient.Do(r)
			if err == nil {
				response.Body.Close()
			}
			failed <- err
		}()
		<-waiting
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := s.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stopped with %v", err)
		}
		if err := <-failed; err == nil {
			t.Error("the request that takes too long was answered")
		}
	})
}

func TestASiteIsLeftWhenNoRequestWorksOnIt(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		waiting, release := s.held()
		answered := make(chan reply, 1)
		go func() { answered <- s.get("/readyz") }()
		<-waiting
		next := *s.site
		next.Ready = func(context.Context) wpbridge.Readiness {
			return wpbridge.Readiness{Reasons: []wpbridge.Reason{{Code: "next", Message: "Another site."}}}
		}
		left := make(chan struct{})
		go func() { s.server.Use(&next); close(left) }()
		for deadline := time.Now().Add(5 * time.Second); s.get("/readyz").status != http.StatusServiceUnavailable; {
			if time.Now().After(deadline) {
				t.Fatal("requests do not work on the next site")
			}
		}
		select {
		case <-left:
			t.Fatal("a site was left with a request on it")
		default:
		}
		release()
		if got := <-answered; got.status != http.StatusOK {
			t.Errorf("the request on the site before was answered %d", got.status)
		}
		<-left
		s.server.Use(nil)
		if got := must(http.DefaultClient.Do(first(s.request(call{method: "GET", path: "/healthz"})))); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("without a site it answers %s", got.Status)
		}
	})
}

func first[A, B any](a A, _ B) A { return a }

func TestMoreRequestsThanCanBeCarriedOutAreRefused(t *testing.T) {
	s := newSite(t, testshop.New(t))
	s.server.SetLimits(1, time.Minute)
	s.serve("tcp", "127.0.0.1:0")
	waiting, release := s.held()
	answered := make(chan reply, 1)
	go func() { answered <- s.get("/readyz") }()
	<-waiting
	if got := s.want(s.get("/healthz"), 503, "busy"); got.header.Get("Retry-After") == "" {
		t.Error("the answer does not say when to try again")
	}
	release()
	s.want(<-answered, 200, "")
	s.want(s.get("/healthz"), 200, "")
}

func TestARequestThatTakesTooLongIsGivenUp(t *testing.T) {
	s := newSite(t, testshop.New(t))
	s.server.SetLimits(10, 100*time.Millisecond)
	s.serve("tcp", "127.0.0.1:0")
	s.site.SyncNow = func(ctx context.Context, _ sync.Mode) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s.want(s.post("/v1/sync", `{"mode":"sweep"}`, ""), 504, "timeout")
}

func TestAHandlerThatPanicsAnswers(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		s.site.Ready = func(context.Context) wpbridge.Readiness { panic("boom") }
		got := s.want(s.get("/readyz"), 500, "internal")
		if strings.Contains(string(got.body), "boom") {
			t.Error("the answer shows the panic")
		}
		if log := s.log.String(); !strings.Contains(log, "boom") || !strings.Contains(log, "stack=") || !strings.Contains(log, got.header.Get("Loyaltyd-Request")) {
			t.Errorf("the log does not show the panic:\n%s", log)
		}
		s.want(s.get("/healthz"), 200, "")
	})
}

func TestErrorsOfTheInsideHaveTheirCodes(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		for _, c := range []struct {
			name   string
			err    error
			status int
			code   string
		}{
			{"held", &ledger.HeldError{Holder: "another"}, 503, "busy"},
			{"fenced", fmt.Errorf("post: %w", ledger.ErrFenced), 503, "busy"},
			{"braked", &sync.BrakeError{}, 409, "braked"},
			{"out of time", context.DeadlineExceeded, 504, "timeout"},
			{"a network that fails", &net.OpError{Op: "dial", Err: errors.New("connection refused")}, 503, "database_down"},
			{"not synced", sync.ErrNotSynced, 503, "busy"},
			{"too much", &ledger.OverflowError{What: "a sum"}, 400, "bad_request"},
			{"anything else", errors.New("the password is hunter2"), 500, "internal"},
		} {
			t.Run(c.name, func(t *testing.T) {
				s.syncErr = c.err
				got := s.want(s.post("/v1/sync", `{"mode":"sweep"}`, ""), c.status, c.code)
				if strings.Contains(string(got.body), "hunter2") {
					t.Error("the answer shows what only the log may")
				}
			})
		}
	})
}

func TestADatabaseThatIsAwayIsSaid(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db)
		user := s.customer("ada", 1000)
		if _, err := db.Root.Exec(`DROP DATABASE ` + db.Name); err != nil {
			t.Fatal(err)
		}
		for _, pool := range s.pools {
			pool.SetMaxIdleConns(0) // as after a restart: log in anew
		}
		for _, route := range s.server.Routes() {
			c := example(route, user)
			got := s.send(c)
			switch route.Path {
			case "/healthz", "/readyz", "/metrics", "/openapi.yaml", "/v1/sync", "/v1/program/check":
				if got.status != http.StatusOK {
					t.Errorf("%s %s answers %d: %s", route.Method, route.Path, got.status, got.body)
				}
			default:
				if got.code() != "database_down" || got.header.Get("Retry-After") == "" {
					t.Errorf("%s %s answers %d: %s", route.Method, route.Path, got.status, got.body)
				}
			}
		}
		if metrics := string(s.get("/metrics").body); !strings.Contains(metrics, "\nloyaltyd_database_up 0\n") {
			t.Errorf("the metrics do not say that the database is away:\n%s", metrics)
		}
	})
}

// TestADatabaseThatBreaksAnywhereLosesNothing breaks the connection before
// each packet in turn, and loses the answer to each COMMIT, of each step.
func TestADatabaseThatBreaksAnywhereLosesNothing(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		proxy := testshop.StartProxy(t, db.DSN())
		s := newSiteAt(t, db, proxy.DSN())
		s.serve("tcp", "127.0.0.1:0")
		user := s.customer("ada", 1_000_000)
		before, spent := s.balance(user), int64(0)
		insist := func(path, body, idem string) reply {
			for range 5 {
				got := s.post(path, body, idem)
				if got.code() != "database_down" && got.code() != "busy" {
					return got
				}
			}
			t.Fatalf("%s %s is never carried out", path, idem)
			return reply{}
		}
		for _, breaking := range []struct {
			name string
			most int
			at   func(int)
		}{{"cut", 60, proxy.CutAfter}, {"commit", 3, proxy.LoseCommit}} {
			for n := range breaking.most {
				idem := fmt.Sprintf("%s %d", breaking.name, n)
				redeem := fmt.Sprintf("/v1/customers/%d/redemptions", user)
				breaking.at(n)
				got := insist(redeem, `{"points":10}`, idem)
				id := got.redemption(t)
				if n%2 == 0 {
					s.want(insist(fmt.Sprintf("/v1/redemptions/%d/confirm", id), fmt.Sprintf(`{"coupon_id":%d}`, id+1000), idem+" confirm"), 200, "")
					spent += 10
				} else {
					s.want(insist(fmt.Sprintf("/v1/redemptions/%d/cancel", id), `{}`, idem+" cancel"), 200, "")
				}
				adjusted := insist(fmt.Sprintf("/v1/customers/%d/adjustments", user), `{"points":-1,"note":"n","actor":"a"}`, idem+" adjust")
				if adjusted.status > 201 {
					t.Fatalf("adjust: %d %s", adjusted.status, adjusted.body)
				}
				spent++
			}
		}
		if proxy.Broken() < 40 {
			t.Errorf("only %d connections were broken", proxy.Broken())
		}
		if got := before - s.balance(user); got != spent {
			t.Errorf("%d points are gone, want %d", got, spent)
		}
		if found := must(s.ledger.VerifyChains(context.Background(), nil)); len(found.Findings) != 0 {
			t.Errorf("the ledger is wrong: %v", found.Findings)
		}
	})
}

// TestADaemonThatDiesAnywhereLosesNothing ends the daemon, or the plugin, at
// some moment of each request; the plugin asks the next daemon again.
func TestADaemonThatDiesAnywhereLosesNothing(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newSite(t, db)
		user := s.customer("ada", 100_000)
		const rounds = 40
		for n := range rounds {
			daemon := newDaemon(t, s)
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(n)*200*time.Microsecond)
			r, _ := daemon.request(call{
				method: "POST", path: fmt.Sprintf("/v1/customers/%d/redemptions", user), body: `{"points":10}`, idem: fmt.Sprint("form ", n),
			})
			if n%2 == 0 {
				r = r.WithContext(ctx) // the plugin gives up
			} else {
				context.AfterFunc(ctx, func() { // the daemon dies
					dead, die := context.WithCancel(context.Background())
					die()
					_ = daemon.server.Shutdown(dead)
				})
			}
			if response, err := http.DefaultClient.Do(r); err == nil {
				response.Body.Close()
			}
			<-ctx.Done()
			cancel()
			next := newDaemon(t, s)
			got := next.redeem(user, 10, fmt.Sprint("form ", n))
			if got.status > 201 {
				t.Fatalf("asked again: %d %s", got.status, got.body)
			}
		}
		if got := s.balance(user); got != 100_000-10*rounds {
			t.Errorf("the balance is %d", got)
		}
		if found := must(s.ledger.VerifyChains(context.Background(), nil)); len(found.Findings) != 0 {
			t.Errorf("the ledger is wrong: %v", found.Findings)
		}
	})
}

// newDaemon serves the stage's site by another server.
func newDaemon(t *testing.T, s *stage) *stage {
	t.Helper()
	d := &stage{t: t, db: s.db, shop: s.shop, ledger: s.ledger, engine: s.engine, reports: s.reports, site: s.site, clock: s.clock}
	d.server = must(wpbridge.New(wpbridge.Options{Version: "1.2.3", Log: quiet(), Now: d.now}))
	d.server.Use(d.site)
	d.serve("tcp", "127.0.0.1:0")
	return d
}

func TestMetricsAreOfPrometheus(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		s.exhibit()
		s.get("/v1/customers/2")
		s.redeem(2, 100, "k")
		s.get("/nowhere")
		got := s.want(s.get("/metrics"), 200, "")
		if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
			t.Errorf("the type is %q", kind)
		}
		text := string(got.body)
		checkExposition(t, text)
		for _, line := range []string{
			`loyaltyd_build_info{version="1.2.3",go=`,
			"loyaltyd_ready 1", "loyaltyd_leads 1", "loyaltyd_sync_lag_seconds 7", "loyaltyd_database_up 1", "loyaltyd_ledger_entries 3",
			"loyaltyd_points_outstanding 1100", `loyaltyd_run_ok{run="verify"} 0`, "loyaltyd_verify_findings 1", "loyaltyd_brake 0",
			fmt.Sprintf(`loyaltyd_job_last_success_timestamp_seconds{job="sync"} %d`, noon.Unix()),
			`loyaltyd_http_requests_total{route="/v1/customers/{id}",method="GET",status="200"} 1`,
			`loyaltyd_http_requests_total{route="/v1/customers/{id}/redemptions",method="POST",status="201"} 1`,
			`loyaltyd_http_requests_total{route="none",method="none",status="404"} 1`,
			`loyaltyd_http_request_duration_seconds_bucket{route="/v1/customers/{id}",le="+Inf"} 1`,
			`loyaltyd_http_request_duration_seconds_count{route="/v1/customers/{id}"} 1`,
		} {
			if !strings.Contains("\n"+text, "\n"+line) {
				t.Errorf("the metrics have no line %s in\n%s", line, text)
			}
		}
	})
}

func TestAnExplanationEndsWithTheLatestThousand(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		s.exhibit()
		must(0, s.ledger.UpdateAlone(context.Background(), func(tx *ledger.Tx) error {
			postings := make([]ledger.Posting, 1200)
			for i := range postings {
				postings[i] = ledger.Posting{User: adaID, Type: ledger.Adjust, Source: ledger.Admin, Object: int64(i) + 5000, Points: 1, OccurredAt: noon, Cause: "adjusted by hand"}
			}
			_, err := tx.Post(context.Background(), postings)
			return err
		}))
		var found struct {
			Balance int64
			Entries []struct{ Seq int64 }
			Facts   []json.RawMessage
		}
		if err := json.Unmarshal(s.want(s.get("/v1/customers/2/explanation"), 200, "").body, &found); err != nil {
			t.Fatal(err)
		}
		if len(found.Entries) != 1000 || found.Entries[999].Seq != 1202 || found.Balance != 2400 || len(found.Facts) != 0 {
			t.Errorf("%d entries to number %d, %d facts, balance %d", len(found.Entries), found.Entries[len(found.Entries)-1].Seq, len(found.Facts), found.Balance)
		}
	})
}

func TestErasingLeavesTheTotals(t *testing.T) {
	each(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1000)
		s.want(s.post(fmt.Sprintf("/v1/customers/%d/adjustments", user), `{"points":-5,"note":"about Ada","actor":"admin"}`, "a"), 201, "")
		path := fmt.Sprintf("/v1/customers/%d/erase", user)
		if got := s.want(s.post(path, `{}`, "e"), 200, "").json(t); got["notes"] != 2.0 {
			t.Errorf("erased: %v", got)
		}
		if got := s.want(s.post(path, `{}`, "e"), 200, "").json(t); got["notes"] != 0.0 {
			t.Errorf("erased again: %v", got)
		}
		s.want(s.post("/v1/customers/1/erase", `{}`, "e"), 409, "idempotency_key_reused")
		if notes := must(s.ledger.Notes(context.Background(), user)); len(notes) != 0 || s.balance(user) != 995 {
			t.Errorf("notes %v, balance %d", notes, s.balance(user))
		}
		if found := must(s.ledger.VerifyChains(context.Background(), nil)); len(found.Findings) != 0 {
			t.Errorf("the ledger is wrong: %v", found.Findings)
		}
	})
}
