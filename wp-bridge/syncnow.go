package wpbridge

import (
	"encoding/json"
	"net/http"

	"loyaltyd/sync"
)

func syncNow(x *exchange) (answer, error) {
	var body struct {
		Mode sync.Mode `json:"mode"`
	}
	if err := decode(x.body, &body); err != nil {
		return answer{}, err
	}
	switch body.Mode {
	case sync.Increment, sync.Sweep, sync.Full:
	default:
		return answer{}, refuse(codeBadRequest, "The mode is one of increment, sweep and full, not %.40q.", body.Mode)
	}
	run, err := x.site.SyncNow(x.Context(), body.Mode)
	if err != nil {
		return answer{}, err
	}
	if run == nil {
		return answer{status: http.StatusAccepted, body: map[string]bool{"done": false}}, nil
	}
	return ok(struct {
		Done bool            `json:"done"`
		Run  json.RawMessage `json:"run"`
	}{true, run}), nil
}
