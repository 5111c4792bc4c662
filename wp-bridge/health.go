package wpbridge

import (
	"encoding/json"
	"net/http"
	"time"
)

// stamp is a time as JSON has it: RFC 3339, UTC, with microseconds; null when
// it is zero.
type stamp time.Time

func (s stamp) MarshalJSON() ([]byte, error) {
	t := time.Time(s)
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05.000000Z"`)), nil
}

func (s *Server) health(*exchange) (answer, error) {
	return ok(struct {
		Status  string `json:"status"`
		Version string `json:"version"`
	}{"ok", s.options.Version}), nil
}

// lagSeconds returns a lag in whole seconds, or nil when nothing was synced
// yet.
func (r *Readiness) lagSeconds() *int64 {
	if r.LastSync.IsZero() {
		return nil
	}
	seconds := max(0, int64(r.Lag/time.Second))
	return &seconds
}

func (s *Server) ready(x *exchange) (answer, error) {
	readiness := x.site.Ready(x.Context())
	a := ok(struct {
		Ready    bool     `json:"ready"`
		Reasons  []Reason `json:"reasons"`
		LastSync stamp    `json:"last_sync"`
		Lag      *int64   `json:"lag_seconds"`
	}{len(readiness.Reasons) == 0, append([]Reason{}, readiness.Reasons...), stamp(readiness.LastSync), readiness.lagSeconds()})
	if len(readiness.Reasons) > 0 {
		a.status = http.StatusServiceUnavailable
	}
	return a, nil
}

// ok returns an answer of a thing that exists.
func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// statusView is what the Status tab shows of the daemon.
type statusView struct {
	Version   string          `json:"version"`
	Address   string          `json:"address"`
	Heartbeat stamp           `json:"heartbeat"`
	Leads     bool            `json:"leads"`
	Uptime    int64           `json:"uptime_seconds"`
	Lag       *int64          `json:"lag_seconds"`
	Program   json.RawMessage `json:"program"`
	Schedule  json.RawMessage `json:"schedule"`
	Jobs      json.RawMessage `json:"jobs"`
	Runs      json.RawMessage `json:"runs"`
	Store     json.RawMessage `json:"store"`
	Brake     json.RawMessage `json:"brake"`
	Key       keyView         `json:"key"`
}

type keyView struct {
	ID          string `json:"id"`
	Origin      string `json:"origin"`
	RotateAsked bool   `json:"rotate_asked"`
}

func (s *Server) status(x *exchange) (answer, error) {
	row, err := x.site.Reports.Daemon(x.Context())
	if err != nil {
		return answer{}, err
	}
	states, err := x.site.Reports.States(x.Context())
	if err != nil {
		return answer{}, err
	}
	readiness, key := x.site.Ready(x.Context()), x.site.Key()
	return ok(statusView{
		Version: s.options.Version, Address: row.Address, Heartbeat: stamp(row.Heartbeat), Leads: x.site.Leads(),
		Uptime: int64(s.options.Now().Sub(s.started) / time.Second), Lag: readiness.lagSeconds(),
		Program: states["program"], Schedule: states["schedule"], Jobs: states["jobs"], Runs: states["runs"],
		Store: states["store"], Brake: states["brake"],
		Key: keyView(key),
	}), nil
}
