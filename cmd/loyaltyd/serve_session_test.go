package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"

	"loyaltyd/config"
	"loyaltyd/internal/schedule"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/sync"
)

// open opens a session of a daemon in this process, at a time that the
// database's clock stands still at.
func (s *stand) open(clock time.Time, set ...string) (*session, *journal) {
	s.t.Helper()
	dsn, err := mysql.ParseDSN(s.db.DSN())
	if err != nil {
		s.t.Fatal(err)
	}
	dsn.Params = map[string]string{"timestamp": fmt.Sprintf("%d.%06d", clock.Unix(), clock.Nanosecond()/1000)}
	environ := append([]string{"LOYALTYD_STORE_DSN=" + dsn.FormatDSN()}, set...)
	log := &journal{}
	d, err := newDaemon(s.ctx(), serveLog(log, "debug"), func() (config.Config, error) { return config.Load(nil, environ) })
	if err != nil {
		s.t.Fatal(err)
	}
	opened, err := d.start(s.ctx())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(opened.close)
	s.t.Cleanup(d.endpoint.close)
	return opened, log
}

// turns takes the loop round until nothing is due.
func (s *session) turns(t *testing.T) {
	t.Helper()
	for range 20 {
		if s.loop.Turn(t.Context()) > 0 {
			return
		}
	}
	t.Fatal("something is always due")
}

func TestPeriodsRollAtTheSitesMidnight(t *testing.T) {
	each(t, testshop.Options{Timezone: "Pacific/Auckland"}, func(s *stand) {
		s.order(s.customer("ada"), "10", spring)
		midnight := time.Date(2026, 9, 30, 11, 0, 0, 0, time.UTC) // in Auckland, the beginning of October
		before, _ := s.open(midnight.Add(-20*time.Second), "LOYALTYD_SCHEDULE_SYNC=@every 15s")
		before.turns(s.t)
		today := func() (day string) {
			s.t.Helper()
			err := s.db.Root.Get(&day, s.shop.Prefix.SQL(`SELECT CONCAT(from_day, ' to ', to_day) FROM {p}loyalty_points_status WHERE period = 'quarter_to_date'`))
			if err != nil {
				s.t.Fatal(err)
			}
			return day
		}
		if got := today(); got != "2026-07-01 to 2026-09-30" {
			s.t.Fatalf("before midnight: %s", got)
		}
		after, log := s.open(midnight.Add(2*time.Second), "LOYALTYD_SCHEDULE_SYNC=@every 15s")
		after.turns(s.t)
		if got := today(); got != "2026-10-01 to 2026-10-01" {
			s.t.Errorf("after midnight: %s", got)
		}
		if synced := log.lines(s.t, "synced"); len(synced) != 1 || synced[0]["entries"] != 0.0 {
			s.t.Errorf("not one sync that finds nothing: %v", synced)
		}
	})
}

// A night's proof that fell into a day without the daemon is done at the
// start, once, by the site's clock.
func TestWhatADaemonSleptThroughIsDoneAtItsStart(t *testing.T) {
	each(t, testshop.Options{Timezone: "America/New_York"}, func(s *stand) {
		s.order(s.customer("ada"), "10", spring)
		verified := func(clock string) int {
			s.t.Helper()
			at, err := time.Parse(time.RFC3339, clock)
			if err != nil {
				s.t.Fatal(err)
			}
			opened, log := s.open(at, "LOYALTYD_SCHEDULE_VERIFY=30 2 * * *")
			opened.turns(s.t)
			return len(log.lines(s.t, "verified: the ledger, the store and the reports agree"))
		}
		for _, step := range []struct {
			at   string
			want int
			why  string
		}{
			{"2026-03-06T20:00:00Z", 1, "it never ran"},
			{"2026-03-07T07:29:59Z", 0, "02:29 in New York"},
			{"2026-03-07T07:30:00Z", 1, "02:30 in New York"},
			{"2026-03-08T06:59:00Z", 0, "01:59, before clocks jump to 03:00"},
			{"2026-03-08T07:00:00Z", 1, "03:00: the day has no 02:30"},
			{"2026-03-08T07:30:00Z", 0, "once is enough"},
			{"2026-03-12T15:00:00Z", 1, "four days were missed"},
			{"2026-11-01T06:30:00Z", 1, "01:30 for the second time, months later"},
			{"2026-11-01T07:30:00Z", 1, "02:30"},
		} {
			if got := verified(step.at); got != step.want {
				s.t.Errorf("at %s (%s): verified %d times, want %d", step.at, step.why, got, step.want)
			}
		}
	})
}

func TestAJobThatBreaksDownIsToldWithItsStack(t *testing.T) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	s.order(s.customer("ada"), "10", spring)
	opened, log := s.open(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC))
	work := opened.loop.Jobs[1].Run
	opened.loop.Jobs[1].Run = func(context.Context) error { panic("sweep fell over") }
	opened.turns(t)
	told := log.lines(t, "a job broke down; it is tried again, and the others go on")
	if len(told) != 0 {
		t.Fatal("the first run looks at everything, so there was nothing to sweep")
	}
	if err := opened.saveJob(t.Context(), "sweep", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	opened.turns(t)
	told = log.lines(t, "a job broke down; it is tried again, and the others go on")
	if len(told) != 1 || told[0]["level"] != "ERROR" || told[0]["panic"] != "sweep fell over" || !strings.Contains(fmt.Sprint(told[0]["stack"]), "serve_session_test.go") {
		t.Errorf("told %v", told)
	}
	if s.issued() != 10 {
		t.Errorf("%d points issued", s.issued())
	}
	opened.loop.Jobs[1].Run = work
}

// The time zone is an option that an admin can spoil.
func TestABrokenSiteIsToldOnceAndRecovers(t *testing.T) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	opened, log := s.open(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC))
	opened.turns(t)
	if err := s.shop.SetOption(t.Context(), "timezone_string", "Mars/Olympus"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if nap := opened.loop.Turn(t.Context()); nap == 0 {
			t.Error("no pause before the next attempt")
		}
	}
	told := log.lines(t, "failed; it is tried again")
	if len(told) != 1 || !strings.Contains(fmt.Sprint(told[0]["error"]), "Mars/Olympus") {
		t.Errorf("told %v", told)
	}
	if err := s.shop.SetOption(t.Context(), "timezone_string", "Europe/Rome"); err != nil {
		t.Fatal(err)
	}
	opened.turns(t)
	if told := log.lines(t, "works again"); len(told) != 1 {
		t.Errorf("told %v", told)
	}
}

// Tables of a newer version are not written, even by a daemon that was there
// before.
func TestANewerSchemaStopsTheWork(t *testing.T) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	s.order(s.customer("ada"), "10", spring)
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	opened, log := s.open(at)
	if err := s.shop.Exec(t.Context(), `INSERT INTO {p}loyalty_migrations (component, number, name, applied_at) VALUES ('ledger', 99, 'later', UTC_TIMESTAMP(6))`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if nap := opened.loop.Turn(t.Context()); nap == 0 {
			t.Error("something was done")
		}
	}
	told := log.lines(t, "failed; it is tried again")
	if len(told) != 1 || !strings.Contains(fmt.Sprint(told[0]["error"]), "newer loyaltyd") {
		t.Errorf("told %v", told)
	}
	if n := s.value(`SELECT COUNT(*) FROM {p}loyalty_entries`); n != 0 {
		t.Errorf("%d entries were posted", n)
	}
}

// A job whose connection died without a word is cancelled; one that makes
// progress is not, however long it takes.
func TestAJobThatStallsIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{daemon: &daemon{troubles: newTroubles(time.Now)}, app: &app{engine: &sync.Engine{}}}
		began := time.Now()
		err := s.watched(func(ctx context.Context) error {
			for range 10 {
				time.Sleep(50 * time.Minute)
				s.engine.Progress("orders", 1, 2)
				if ctx.Err() != nil || !s.isAlive() {
					t.Fatal("cancelled although it went on")
				}
			}
			<-ctx.Done()
			return ctx.Err()
		})(t.Context())
		if took := time.Since(began); !errors.Is(err, errStalled) || took != 560*time.Minute {
			t.Errorf("after %s: %v", took, err)
		}
		s.expectLife(30 * time.Second)
		time.Sleep(80 * time.Second)
		if !s.isAlive() {
			t.Error("dead before its time")
		}
		time.Sleep(20 * time.Second)
		if s.isAlive() {
			t.Error("alive without a sign of life")
		}
	})
}

// In this process the race detector watches.
func TestServeInThisProcess(t *testing.T) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	ada := s.customer("ada")
	log := &journal{}
	ctx, stop := context.WithCancel(t.Context())
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"serve", "--dsn", s.dsn, "--set", "schedule.sync=@every 1s", "--set", "schedule.sweep=@every 1s"},
			strings.NewReader(""), log, log, []string{"WATCHDOG_USEC=150000", "NOTIFY_SOCKET=@nobody-listens"})
	}()
	await(t, "at work", func() bool { return len(log.lines(t, "at work")) == 1 })
	s.order(ada, "10", spring)
	s.awaitIssued(10)
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, "at work again", func() bool { return len(log.lines(t, "at work")) == 2 })
	s.order(ada, "10", spring)
	s.awaitIssued(20)
	stop()
	select {
	case got := <-status:
		if got != exitOK {
			t.Errorf("exit status %d\n%s", got, log)
		}
	case <-time.After(patient):
		t.Fatal("it does not end")
	}
}

func TestATroubleIsToldWhenItBeginsChangesAndEachHour(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	troubles := newTroubles(func() time.Time { return now })
	for _, step := range []struct {
		after time.Duration
		what  string
		want  bool
	}{
		{0, "a", true},
		{time.Second, "a", false},
		{time.Second, "b", true},
		{59 * time.Minute, "b", false},
		{time.Minute, "b", true},
		{time.Minute, "b", false},
	} {
		now = now.Add(step.after)
		if got := troubles.news("brake", step.what); got != step.want {
			t.Errorf("at %s %q: told is %t", now, step.what, got)
		}
	}
	if !troubles.news("another", "b") {
		t.Error("one trouble hides another")
	}
	if !troubles.over("brake") || troubles.over("brake") {
		t.Error("an end is told other than once")
	}
	if !troubles.news("brake", "b") {
		t.Error("a trouble that comes again is not told")
	}
}

func TestWhatPassesByItself(t *testing.T) {
	for _, err := range []error{
		&mysql.MySQLError{Number: 1040}, &mysql.MySQLError{Number: 1053}, &mysql.MySQLError{Number: 1290},
		mysql.ErrInvalidConn, context.DeadlineExceeded, fmt.Errorf("look: %w", syscall.ECONNREFUSED),
	} {
		if !unreachable(err) {
			t.Errorf("%v needs nobody", err)
		}
	}
	for _, err := range []error{
		&mysql.MySQLError{Number: 1045}, &mysql.MySQLError{Number: 1146}, context.Canceled, errors.New("bug"),
		&ledger.HeldError{}, &schedule.PanicError{},
	} {
		if unreachable(err) {
			t.Errorf("%v does not pass by itself", err)
		}
	}
}

// While nothing happens, a look at what WordPress marked is one statement.
func TestAnEmptyListCostsOneStatement(t *testing.T) {
	s := newStand(t, testshop.New(t), testshop.Options{})
	opened, _ := s.open(time.Now(), "LOYALTYD_SCHEDULE_SYNC=@every 1h", "LOYALTYD_SCHEDULE_SWEEP=@every 1h")
	for range 10 {
		opened.turn(t.Context())
	}
	opened.siteDB.SetMaxOpenConns(1)
	opened.storeDB.SetMaxOpenConns(1)
	asked := func() (n int64) {
		t.Helper()
		for _, db := range []interface {
			QueryRow(string, ...any) *sql.Row
		}{opened.siteDB, opened.storeDB} {
			var name string
			var questions int64
			if err := db.QueryRow(`SHOW SESSION STATUS LIKE 'Questions'`).Scan(&name, &questions); err != nil {
				t.Fatal(err)
			}
			n += questions
		}
		return n
	}
	before := asked()
	const looks = 10
	for range looks {
		if nap := opened.turn(t.Context()); nap > dirtyEvery {
			t.Fatalf("the next look is %s away", nap)
		}
	}
	if n := asked() - before - 2; n != looks { // to ask costs two
		t.Errorf("%d statements for %d looks", n, looks)
	}
}
