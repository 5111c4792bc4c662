package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/schedule"
)

// world is a loop whose clock moves only while it naps or works.
type world struct {
	t        *testing.T
	loop     *schedule.Loop
	now      time.Time
	zone     *time.Location
	last     map[string]time.Time
	lost     error                    // of the database
	readOnly error                    // of Save
	takes    map[string]time.Duration // how long jobs run
	fails    map[string]func() error
	ran      []string // "job at"
	heard    []string
}

func newWorld(t *testing.T, jobs map[string]string) *world {
	w := &world{
		t: t, now: instant(t, "2026-05-06T00:00:00Z"), zone: time.UTC,
		last: map[string]time.Time{}, takes: map[string]time.Duration{}, fails: map[string]func() error{},
	}
	w.loop = w.newLoop(jobs)
	return w
}

func (w *world) newLoop(jobs map[string]string) *schedule.Loop {
	loop := &schedule.Loop{
		Look: func(context.Context) (schedule.Moment, error) {
			return schedule.Moment{Now: w.now, Zone: w.zone, Last: maps.Clone(w.last)}, w.lost
		},
		Save: func(_ context.Context, job string, at time.Time) error {
			if w.readOnly == nil {
				w.last[job] = at
			}
			return w.readOnly
		},
		Ended: func(job string, err error) {
			if err != nil {
				w.heard = append(w.heard, fmt.Sprintf("%s %q: %v", w.now.Format("15:04:05"), job, err))
			}
		},
	}
	for _, name := range slices.Sorted(maps.Keys(jobs)) {
		loop.Jobs = append(loop.Jobs, schedule.Job{
			Name: name, Schedule: parse(w.t, jobs[name]),
			Run: func(context.Context) error {
				w.ran = append(w.ran, name+" "+w.now.Format("02T15:04:05"))
				w.now = w.now.Add(w.takes[name])
				if fail := w.fails[name]; fail != nil {
					return fail()
				}
				return nil
			},
		})
	}
	return loop
}

// until lets time pass.
func (w *world) until(text string) {
	w.t.Helper()
	end := instant(w.t, "2026-05-"+text+"Z")
	for turns := 0; w.now.Before(end); turns++ {
		if turns > 100_000 {
			w.t.Fatalf("the loop turns without end at %s", w.now)
		}
		nap := w.loop.Turn(w.t.Context())
		if nap < 0 || nap > schedule.LongestNap {
			w.t.Fatalf("a nap of %s", nap)
		}
		w.now = w.now.Add(nap)
	}
}

// expect compares what ran since the last call.
func (w *world) expect(want ...string) {
	w.t.Helper()
	if !slices.Equal(w.ran, want) {
		w.t.Errorf("ran\n  %s\nwant\n  %s", strings.Join(w.ran, "\n  "), strings.Join(want, "\n  "))
	}
	w.ran = nil
}

func (w *world) since(text string, jobs ...string) {
	for _, job := range jobs {
		w.last[job] = instant(w.t, "2026-05-"+text+"Z")
	}
}

func TestWhatNeverRanRunsAtTheStartInOrder(t *testing.T) {
	w := newWorld(t, map[string]string{"1 sync": "@every 15s", "2 sweep": "@every 10m", "3 verify": "30 3 * * *"})
	w.until("06T00:00:20")
	w.expect("1 sync 06T00:00:00", "2 sweep 06T00:00:00", "3 verify 06T00:00:00", "1 sync 06T00:00:15")
}

func TestAJobDueWhileAnotherRunsFollowsItOnce(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s", "verify": "30 3 * * *"})
	w.since("06T03:29:50", "sync", "verify")
	w.now = instant(t, "2026-05-06T03:29:50Z")
	w.takes["verify"] = 100 * time.Second
	w.until("06T03:32:10")
	w.expect("verify 06T03:30:00", "sync 06T03:31:40", "sync 06T03:31:50", "sync 06T03:32:05")
}

func TestAJobLongerThanItsIntervalLeavesRoomForOthers(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s", "sweep": "@every 1m"})
	w.since("06T00:00:00", "sync", "sweep")
	w.takes["sync"] = 40 * time.Second
	w.takes["sweep"] = 10 * time.Second
	w.until("06T00:02:30")
	w.expect("sync 06T00:00:15", "sync 06T00:00:55", "sweep 06T00:01:35", "sync 06T00:01:45", "sweep 06T00:02:25")
}

func TestSleepIsCaughtUpWithOnce(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s", "verify": "30 3 * * *"})
	w.since("06T00:00:00", "sync", "verify")
	w.until("06T00:00:20")
	w.expect("sync 06T00:00:15")
	w.now = instant(t, "2026-05-09T11:00:05Z") // the machine was suspended
	w.until("09T11:00:20")
	w.expect("sync 09T11:00:05", "verify 09T11:00:05", "sync 09T11:00:15")
	// Another process starts later, knowing nothing but what was saved.
	w.now = instant(t, "2026-05-11T02:00:00Z")
	w.loop = w.newLoop(map[string]string{"sync": "@every 15s", "verify": "30 3 * * *"})
	w.until("11T02:00:01")
	w.expect("sync 11T02:00:00", "verify 11T02:00:00")
}

func TestTheSitesZoneMayChange(t *testing.T) {
	w := newWorld(t, map[string]string{"verify": "30 3 * * *"})
	w.since("05T12:00:00", "verify")
	w.until("06T02:00:00")
	w.expect()
	w.zone = zone(t, "Europe/Berlin") // 04:00 there: what fell due at 03:30 is due
	w.until("06T12:00:00")
	w.expect("verify 06T02:00:00")
	w.zone = zone(t, "America/New_York") // 08:00 there, and 03:30 was after the last success
	w.until("07T12:00:00")
	w.expect("verify 06T12:00:00", "verify 07T07:30:00")
}

func TestAJobThatAnotherProcessDidIsNotDue(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s"})
	w.since("06T00:00:00", "sync")
	w.until("06T00:00:14")
	w.since("06T00:00:14", "sync")
	w.until("06T00:00:29")
	w.expect()
	w.until("06T00:00:30")
	w.expect("sync 06T00:00:29")
}

func TestAFailingJobIsTriedLessAndLessOften(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s", "verify": "30 3 * * *"})
	w.since("06T03:29:55", "sync", "verify")
	w.now = instant(t, "2026-05-06T03:29:55Z")
	w.fails["verify"] = func() error { return errors.New("no") }
	w.takes["verify"] = 100 * time.Millisecond
	w.loop.Jobs = w.loop.Jobs[1:]
	w.until("06T03:32:00")
	var at []string
	for _, line := range w.ran {
		at = append(at, strings.TrimPrefix(line, "verify 06T"))
	}
	if got, want := strings.Join(at, " "), "03:30:00 03:30:01 03:30:03 03:30:07 03:30:15 03:30:31 03:31:01 03:31:31"; got != want {
		t.Errorf("tried at %s\nwant     %s", got, want)
	}
	w.ran = nil
	w.fails["verify"] = nil
	w.until("07T03:29:00")
	w.expect("verify 06T03:32:01")
	w.fails["verify"] = func() error { return errors.New("no") }
	w.until("07T03:30:02")
	w.expect("verify 07T03:30:00", "verify 07T03:30:01") // begins with short waits again
}

func TestAFailingJobDoesNotHoldUpOthers(t *testing.T) {
	w := newWorld(t, map[string]string{"sweep": "@every 1s", "sync": "@every 5s"})
	w.fails["sweep"] = func() error { return errors.New("no") }
	w.until("06T00:00:11")
	var syncs []string
	for _, line := range w.ran {
		if strings.HasPrefix(line, "sync") {
			syncs = append(syncs, line)
		}
	}
	w.ran = syncs
	w.expect("sync 06T00:00:00", "sync 06T00:00:05", "sync 06T00:00:10")
}

func TestAPanicIsAFailure(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s"})
	var none map[string]int
	w.fails["sync"] = func() error { none["write"]++; return nil }
	heard := error(nil)
	w.loop.Ended = func(_ string, err error) { heard = errors.Join(heard, err) }
	w.until("06T00:00:01")
	var panicked *schedule.PanicError
	if !errors.As(heard, &panicked) || !strings.Contains(string(panicked.Stack), "loop_test.go") {
		t.Fatalf("heard %v, want the panic with its stack", heard)
	}
	w.fails["sync"] = nil
	w.ran = nil
	w.until("06T00:00:17")
	w.expect("sync 06T00:00:01", "sync 06T00:00:16")
}

func TestALostDatabaseIsAskedAgain(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s"})
	w.lost = errors.New("gone")
	w.until("06T00:01:40")
	w.expect()
	const want = `00:00:00 "": gone
00:00:01 "": gone
00:00:03 "": gone
00:00:07 "": gone
00:00:15 "": gone
00:00:31 "": gone
00:01:01 "": gone
00:01:31 "": gone`
	if got := strings.Join(w.heard, "\n"); got != want {
		t.Errorf("heard\n%s\nwant\n%s", got, want)
	}
	w.lost = nil
	w.until("06T00:02:02")
	w.expect("sync 06T00:02:01")
}

func TestASuccessThatCannotBeSavedIsDoneAgain(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s"})
	w.readOnly = errors.New("read only")
	w.until("06T00:00:02")
	w.expect("sync 06T00:00:00", "sync 06T00:00:01")
	w.readOnly = nil
	w.until("06T00:00:16")
	w.expect("sync 06T00:00:03")
}

func TestAStoppedJobIsNeitherDoneNorFailed(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s"})
	ctx, stop := context.WithCancel(t.Context())
	w.fails["sync"] = func() error { stop(); return ctx.Err() }
	if nap := w.loop.Turn(ctx); nap != 0 {
		t.Errorf("a nap of %s", nap)
	}
	if len(w.heard) > 0 || len(w.last) > 0 {
		t.Errorf("heard %v, saved %v", w.heard, w.last)
	}
}

func TestASaveThatIsStoppedIsNoFailure(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s"})
	ctx, stop := context.WithCancel(t.Context())
	w.loop.Save = func(ctx context.Context, _ string, _ time.Time) error { stop(); return ctx.Err() }
	if w.loop.Turn(ctx); len(w.heard) > 0 {
		t.Errorf("heard %v", w.heard)
	}
}

func TestAClockThatIsSetBackDoesNotStopTheLoop(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s"})
	w.until("06T00:00:01")
	w.now = instant(t, "2026-05-05T00:00:00Z")
	w.until("05T00:00:20")
	w.expect("sync 06T00:00:00", "sync 05T00:00:00", "sync 05T00:00:15")
}

// Work between the turns is no job: it may break down, is told of, and changes
// nothing about what is due.
func TestAttemptsBetweenTurns(t *testing.T) {
	w := newWorld(t, map[string]string{"sync": "@every 15s"})
	if err := w.loop.Attempt(t.Context(), "errand", func(context.Context) error { return nil }); err != nil || len(w.heard) > 0 {
		t.Errorf("%v, heard %v", err, w.heard)
	}
	err := w.loop.Attempt(t.Context(), "errand", func(context.Context) error { panic("oh") })
	var panicked *schedule.PanicError
	if !errors.As(err, &panicked) || panicked.Value != "oh" || len(w.heard) != 1 {
		t.Errorf("%v, heard %v", err, w.heard)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = w.loop.Attempt(ctx, "errand", func(context.Context) error { cancel(); return ctx.Err() })
	if !errors.Is(err, context.Canceled) || len(w.heard) != 1 {
		t.Errorf("%v, heard %v", err, w.heard)
	}
	if nap := w.loop.Turn(t.Context()); nap != 0 || len(w.ran) != 1 {
		t.Errorf("nap %s, ran %v", nap, w.ran)
	}
}
