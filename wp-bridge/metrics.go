package wpbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// metrics counts requests. Its names and labels are few: no user and no order
// is one.
type metrics struct {
	mu       sync.Mutex
	requests map[requestKind]int64
	took     map[string]*histogram // by route
}

type requestKind struct {
	route, method string
	status        int
}

// bounds are those of the durations' buckets.
var bounds = []time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

type histogram struct {
	counts [12]int64 // of each bound, and of what is longer than all
	sum    time.Duration
}

func newMetrics() *metrics {
	return &metrics{requests: map[requestKind]int64{}, took: map[string]*histogram{}}
}

// answered counts an answer; a request that led nowhere has no route.
func (m *metrics) answered(r *route, status int, took time.Duration) {
	kind := requestKind{route: "none", method: "none", status: status}
	if r != nil {
		kind.route, kind.method = r.path, r.method
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[kind]++
	h := m.took[kind.route]
	if h == nil {
		h = &histogram{}
		m.took[kind.route] = h
	}
	bucket, _ := slices.BinarySearch(bounds, took)
	h.counts[bucket]++
	h.sum += took
}

// exposition writes metrics in the text format of Prometheus.
type exposition struct{ bytes.Buffer }

// family begins a family of metrics of one name.
func (e *exposition) family(name, kind, help string) {
	fmt.Fprintf(e, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// sample writes one value. Labels are names and values in turn.
func (e *exposition) sample(name, value string, labels ...string) {
	e.WriteString(name)
	for i := 0; i < len(labels); i += 2 {
		separator := ","
		if i == 0 {
			separator = "{"
		}
		fmt.Fprintf(e, `%s%s="%s"`, separator, labels[i], labelValue.Replace(labels[i+1]))
	}
	if len(labels) > 0 {
		e.WriteString("}")
	}
	e.WriteString(" " + value + "\n")
}

var labelValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func (e *exposition) gauge(name, help, value string) {
	e.family(name, "gauge", help)
	e.sample(name, value)
}

func whole(n int64) string { return strconv.FormatInt(n, 10) }

func inSeconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'g', -1, 64)
}

func yes(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// requestFigures writes how many requests there were and how long they took.
func (m *metrics) requestFigures(e *exposition) {
	m.mu.Lock()
	defer m.mu.Unlock()
	const counted, took = "loyaltyd_http_requests_total", "loyaltyd_http_request_duration_seconds"
	e.family(counted, "counter", "Answered requests by route, method and status.")
	kinds := slices.SortedFunc(maps.Keys(m.requests), func(a, b requestKind) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	for _, kind := range kinds {
		e.sample(counted, whole(m.requests[kind]), "route", kind.route, "method", kind.method, "status", strconv.Itoa(kind.status))
	}
	e.family(took, "histogram", "Time to answer by route.")
	for _, route := range slices.Sorted(maps.Keys(m.took)) {
		h, total := m.took[route], int64(0)
		for i, n := range h.counts {
			total += n
			bound := "+Inf"
			if i < len(bounds) {
				bound = inSeconds(bounds[i])
			}
			e.sample(took+"_bucket", whole(total), "route", route, "le", bound)
		}
		e.sample(took+"_sum", inSeconds(h.sum), "route", route)
		e.sample(took+"_count", whole(total), "route", route)
	}
}

func (s *Server) showMetrics(x *exchange) (answer, error) {
	var e exposition
	e.family("loyaltyd_build_info", "gauge", "Always 1; says the version.")
	e.sample("loyaltyd_build_info", "1", "version", s.options.Version, "go", runtime.Version())
	e.gauge("loyaltyd_uptime_seconds", "Time since the daemon started.", inSeconds(s.options.Now().Sub(s.started)))
	e.gauge("loyaltyd_leads", "1 when this daemon works, 0 when it stands by.", yes(x.site.Leads()))
	readiness := x.site.Ready(x.Context())
	e.gauge("loyaltyd_ready", "1 when the daemon does its work.", yes(len(readiness.Reasons) == 0))
	if !readiness.LastSync.IsZero() {
		e.gauge("loyaltyd_sync_lag_seconds", "Time since the last sync that succeeded.", inSeconds(readiness.Lag))
	}
	// Without the database the figures that need none are still told.
	e.gauge("loyaltyd_database_up", "1 when the figures of the database could be read.", yes(x.bookFigures(x.Context(), &e) == nil))
	s.metrics.requestFigures(&e)
	return ok(text{"text/plain; version=0.0.4; charset=utf-8", e.Bytes()}), nil
}

// bookFigures writes what the database knows. After an error it has written
// nothing.
func (x *exchange) bookFigures(ctx context.Context, to *exposition) error {
	var e exposition
	at, err := x.site.Standing(ctx, 0)
	if err != nil {
		return err
	}
	entries, err := at.Ledger.EntryCount(ctx)
	if err != nil {
		return err
	}
	outstanding, err := at.Ledger.Outstanding(ctx)
	if err != nil {
		return err
	}
	e.gauge("loyaltyd_ledger_entries", "Entries in the ledger.", whole(entries))
	e.gauge("loyaltyd_points_outstanding", "Sum of all balances.", whole(outstanding))
	states, err := x.site.Reports.States(ctx)
	if err != nil {
		return err
	}
	var jobs map[string]struct {
		LastSuccess *time.Time `json:"last_success"`
	}
	var runs map[string]struct {
		OK       bool      `json:"ok"`
		Started  time.Time `json:"started"`
		Finished time.Time `json:"finished"`
		Findings []string  `json:"findings"`
	}
	for _, state := range []struct {
		name string
		into any
	}{{"jobs", &jobs}, {"runs", &runs}} {
		if document := states[state.name]; document != nil {
			if err := json.Unmarshal(document, state.into); err != nil {
				return fmt.Errorf("read the daemon's state %q: %w", state.name, err)
			}
		}
	}
	const success, ended, duration = "loyaltyd_job_last_success_timestamp_seconds", "loyaltyd_run_ok", "loyaltyd_run_duration_seconds"
	e.family(success, "gauge", "When a job last succeeded.")
	for _, job := range slices.Sorted(maps.Keys(jobs)) {
		if at := jobs[job].LastSuccess; at != nil {
			e.sample(success, whole(at.Unix()), "job", job)
		}
	}
	e.family(ended, "gauge", "1 when the last run of its kind ended well.")
	names := slices.Sorted(maps.Keys(runs))
	for _, run := range names {
		e.sample(ended, yes(runs[run].OK), "run", run)
	}
	e.family(duration, "gauge", "How long the last run of its kind took.")
	for _, run := range names {
		e.sample(duration, inSeconds(runs[run].Finished.Sub(runs[run].Started)), "run", run)
	}
	if verify, ok := runs["verify"]; ok {
		e.gauge("loyaltyd_verify_findings", "What the last verification found wrong.", strconv.Itoa(len(verify.Findings)))
	}
	brake := states["brake"]
	e.gauge("loyaltyd_brake", "1 when deductions are withheld until a person accepts them.", yes(isObject(brake)))
	to.Write(e.Bytes())
	return nil
}
