package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	gosync "sync"
	"syscall"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
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
		"shows a marked change unasked":           showsAMarkedChange,
		"marks that fail do not block the others": marksThatFailDoNotBlock,
		"syncs on request":                        syncsOnRequest,
		"answers while a long sync runs":          answersWhileALongSyncRuns,
		"moves to another address":                movesToAnotherAddress,
		"a Unix socket":                           aUnixSocket,
		"the programme in WordPress":              theProgrammeInWordPress,
		"stands by":                               aDaemonThatStandsBy,
		"who is excluded is frozen":               whoIsExcludedIsFrozen,
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

// An account is frozen for the endpoint as soon as its customer has a role that
// is excluded, or none at all.
func whoIsExcludedIsFrozen(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada, bob := s.customer("ada"), s.customer("bob")
		for _, customer := range []int64{ada, bob} {
			s.order(customer, "10", spring)
		}
		p := activate(s)
		l.at(s, append(quiet, "--set", "program.exclude.roles=wholesale")...)
		s.awaitIssued(20)
		p.awaitAccepted()
		frozen := func(want string) {
			t.Helper()
			got := ""
			for _, customer := range []int64{ada, bob} {
				got += fmt.Sprint(p.get(fmt.Sprintf("/v1/customers/%d", customer))["frozen"], " ")
			}
			if got != want {
				s.t.Errorf("frozen: %s, want %s", got, want)
			}
		}
		frozen("false false ")
		testshop.Do(s.shop.SetRoles(s.ctx(), ada, "customer", "wholesale"))
		frozen("true false ")
		testshop.Do(s.shop.DeleteUser(s.ctx(), bob))
		frozen("true true ")
	})
}

// A daemon that is stopped answers what it took, and then nothing.
func stopsUnderLoad(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada, p, d := l.paired(s, 10)
		stop := p.load(s.t, 8, fmt.Sprintf("/v1/customers/%d", ada))
		d.stops()
		answered, failures := stop()
		for _, failure := range answeredBadly(failures) {
			s.t.Errorf("a request failed: %s", failure)
		}
		if s.address() != "" {
			s.t.Errorf("after %d answers, address %q", answered, s.address())
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

func showsAMarkedChange(t *testing.T, l launcher) {
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
			s.awaitIssued(want) // which no schedule does within the hour
			s.t.Logf("an order was in the reports %d ms after it was marked", time.Since(began).Milliseconds())
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
	each(t, testshop.Options{}, func(s *stand) {
		ada := s.customer("ada")
		s.order(ada, "10", spring)
		s.ok("migrate")
		p := activate(s)
		release := s.hold("wp_wc_orders") // no run gets past it
		d := l.at(s)
		p.awaitAccepted()
		await(s.t, "the first run is held", func() bool {
			return s.value(`SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE 'Waiting for table%lock'`) > 0
		})
		ready, err := p.ask(s.ctx(), http.MethodGet, "/readyz", nil)
		if err != nil || ready.status != http.StatusServiceUnavailable || !strings.Contains(fmt.Sprint(ready.body), "first_sync") {
			s.t.Errorf("readiness during the first run: %+v, %v", ready, err)
		}
		if answer := p.must(http.MethodPost, "/v1/sync", map[string]string{"mode": "sweep"}); answer["done"] != false {
			s.t.Errorf("a run during a run: %v", answer)
		}
		if p.get("/healthz")["status"] != "ok" {
			s.t.Error("not healthy")
		}
		if customer := p.get(fmt.Sprintf("/v1/customers/%d", ada)); customer["balance"] != 0.0 {
			s.t.Errorf("customer %v", customer)
		}
		release()
		await(s.t, "the run that was asked for", func() bool {
			return s.value(`SELECT COUNT(*) FROM {p}loyalty_daemon_state WHERE name = 'runs' AND value LIKE '%"sweep"%'`) == 1
		})
		s.awaitIssued(10)
		d.stops()
		s.ok("verify")
	})
}

// hold keeps everybody from reading one of the store's tables until it is
// released.
func (s *stand) hold(table string) (release func()) {
	s.t.Helper()
	conn, err := s.db.Root.Connx(s.ctx())
	if err != nil {
		s.t.Fatal(err)
	}
	do := func(statement string) {
		s.t.Helper()
		if _, err := conn.ExecContext(context.WithoutCancel(s.ctx()), statement); err != nil {
			s.t.Fatal(err)
		}
	}
	do(`LOCK TABLES ` + table + ` WRITE`)
	release = gosync.OnceFunc(func() {
		do(`UNLOCK TABLES`)
		_ = conn.Close()
	})
	s.t.Cleanup(release)
	return release
}

// Points that were reserved when the daemon, or PHP, died are settled by what
// became of the coupon: given back if there is none.
func killedBetweenReservingAndConfirming(t *testing.T, l launcher) {
	each(t, testshop.Options{}, func(s *stand) {
		ada, p, d := l.paired(s, 1000)
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
