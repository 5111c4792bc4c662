package reports_test

import (
	"encoding/json"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

func TestDaemonStates(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		r := newShop(t, db, time.UTC).reports
		if value, at, err := r.State(ctx, "brake"); err != nil || value != nil || !at.IsZero() {
			t.Errorf("before the first: %s, %s, %v", value, at, err)
		}
		if err := r.SetState(ctx, "brake", nil); err != nil {
			t.Fatal(err)
		}
		if value, at, err := r.State(ctx, "brake"); err != nil || string(value) != "null" || time.Since(at).Abs() > time.Minute {
			t.Errorf("nothing: %s, %s, %v", value, at, err)
		}
		name := map[string]string{"name": "<b>Ἄννα 🌷"}
		if err := r.SetState(ctx, "store", name); err != nil {
			t.Fatal(err)
		}
		value, _, err := r.State(ctx, "store")
		var back map[string]string
		if err != nil || json.Unmarshal(value, &back) != nil || back["name"] != name["name"] {
			t.Errorf("read back %s, %v", value, err)
		}
		if all, err := r.States(ctx); err != nil || len(all) != 2 || string(all["brake"]) != "null" {
			t.Errorf("all states: %s, %v", all, err)
		}
	})
}

// Runs of several processes that end together are all kept, each as the last
// of its kind.
func TestLastRunOfEachKind(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		r := newShop(t, db, time.UTC).reports
		began := time.Date(2026, 4, 5, 6, 7, 8, 9000, time.FixedZone("", 3600))
		record := func(run reports.Run) {
			run.Started, run.Finished = began, began.Add(time.Second)
			if err := r.RecordRun(ctx, run); err != nil {
				t.Error(err)
			}
		}
		var all gosync.WaitGroup
		for _, kind := range []string{"increment", "sweep", "full"} {
			all.Go(func() { record(reports.Run{Kind: kind, OK: true, Figures: map[string]int64{"orders": 3}}) })
		}
		all.Wait()
		record(reports.Run{Kind: "increment"})
		proof := reports.Run{Kind: "verify", Started: began, Finished: began, Message: "no", Findings: []string{"<this>"}}
		if err := r.RecordProof(ctx, proof); err != nil {
			t.Error(err)
		}
		value, _, err := r.State(ctx, "runs")
		if err != nil {
			t.Fatal(err)
		}
		var runs map[string]map[string]any
		if err := json.Unmarshal(value, &runs); err != nil || len(runs) != 4 {
			t.Fatalf("%v in %s", err, value)
		}
		if run := runs["increment"]; run["ok"] != false || run["started"] != "2026-04-05T05:07:08.000009Z" || !strings.Contains(string(value), `"figures":{}`) {
			t.Errorf("run %v", run)
		}
		if findings, _ := runs["verify"]["findings"].([]any); len(findings) != 1 || findings[0] != "<this>" {
			t.Errorf("verification %v", runs["verify"])
		}
		if d, err := r.Daemon(ctx); err != nil || d.LastRun.Kind != "increment" {
			t.Errorf("last run %+v, %v", d.LastRun, err)
		}
	})
}
