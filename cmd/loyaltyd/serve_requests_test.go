package main

import (
	"context"
	"encoding/json"
	"errors"
	gosync "sync"
	"testing"
	"testing/synctest"
	"time"

	"loyaltyd/config"
	"loyaltyd/sync"
)

// Whoever asks before a run begins shares it, and it looks at as much as the
// most demanding asked for; whoever asks while it runs gets the next.
func TestAskedRunsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newRequests()
		var all gosync.WaitGroup
		answers := make(chan string, 10)
		ask := func(mode sync.Mode) {
			all.Go(func() {
				run, err := q.ask(t.Context(), mode)
				if err != nil {
					t.Error(err)
				}
				answers <- string(run)
			})
			synctest.Wait()
		}
		ask(sync.Increment)
		ask(sync.Full)
		ask(sync.Sweep)
		<-q.wake
		first := q.take()
		if first == nil || first.mode != sync.Full || q.take() != nil {
			t.Fatalf("not one full run: %+v", first)
		}
		ask(sync.Increment) // while the first one runs
		second := q.take()
		if second == nil || second == first || second.mode != sync.Increment {
			t.Fatalf("not another increment: %+v", second)
		}
		first.run = json.RawMessage(`"first"`)
		close(first.done)
		for range 3 {
			if answer := <-answers; answer != `"first"` {
				t.Errorf("answer %s", answer)
			}
		}
		began := time.Now()
		if answer := <-answers; answer != "" { // the second one takes longer
			t.Errorf("answer %s", answer)
		}
		if waited := time.Since(began); waited > askPatience {
			t.Errorf("waited %s", waited)
		}
		all.Wait()
	})
}

func TestAskingEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if run, err := newRequests().ask(ctx, sync.Increment); run != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, %v", run, err)
		}
	})
}

func TestTheRunThatWasAskedFor(t *testing.T) {
	run := func(at string) json.RawMessage { return json.RawMessage(`{"finished":"` + at + `"}`) }
	runs := map[sync.Mode]json.RawMessage{"increment": run("12:01"), "sweep": run("12:02"), "verify": run("12:09")}
	for mode, want := range map[sync.Mode]string{"increment": "12:02", "sweep": "12:02"} {
		if got := lastRunOf(runs, mode); string(got) != string(run(want)) {
			t.Errorf("%s: %s", mode, got)
		}
	}
	if got := lastRunOf(runs, sync.Full); got != nil {
		t.Errorf("full: %s", got)
	}
}

// What is wrong with a programme is told by its keys within it.
func TestCheckingAProgramme(t *testing.T) {
	base, err := config.Load(nil, []string{"LOYALTYD_PROGRAM_HOLD_DAYS=3"})
	if err != nil {
		t.Fatal(err)
	}
	for document, want := range map[string]map[string]bool{
		`{}`: {},
		`{"earn": {"purchase": {"points_per_unit": "-1"}, "signup": {"points": "many"}}}`: {"earn.purchase.points_per_unit": true, "earn.signup.points": true},
		`{"earn": {"purchas": {}}}`:                   {"earn.purchas": true},
		`{"store": {"dsn": "x"}}`:                     {"store": true},
		`{"earn": {"high_spend": [{"amount": "5"}]}}`: {"earn.high_spend[0]": true},
		`[]`:            {"": true},
		`null and more`: {"": true},
		`{"redeem": {"give_back": ["whenever"]}, "starts": 5}`: {"redeem.give_back[0]": true, "starts": true},
	} {
		checked := checkedProgram(base, []byte(document))
		got := map[string]bool{}
		for _, p := range checked.Problems {
			got[p.Key] = true
			if p.Message == "" {
				t.Errorf("%s: a problem without words", document)
			}
		}
		same := len(got) == len(want)
		for key := range want {
			same = same && got[key]
		}
		if !same {
			t.Errorf("%s: problems %v, want %v", document, checked.Problems, want)
		}
		if ok := len(want) == 0; ok != (checked.Rules != nil) || ok != json.Valid(checked.Document) {
			t.Errorf("%s: rules %v, document %s", document, checked.Rules, checked.Document)
		}
	}
}
