package wpbridge

import (
	"net/http"
	"time"
)

// What tests of the surface need to know of the inside.

// Statuses returns the status of each code of refusals.
func Statuses() map[string]int { return statusOf }

// Route is an address with its method.
type Route struct {
	Method, Path string
	Posts        bool
}

// Routes returns all routes.
func (s *Server) Routes() []Route {
	var all []Route
	for _, r := range s.routes {
		all = append(all, Route{r.method, r.path, r.posts})
	}
	return all
}

// SetTimeouts makes a server give up sooner.
func (s *Server) SetTimeouts(header, body time.Duration) {
	s.http.ReadHeaderTimeout, s.http.ReadTimeout = header, body
}

// SetLimits makes a server carry out few requests at a time, and briefly.
func (s *Server) SetLimits(most int, timeout time.Duration) {
	s.underWay, s.timeout = make(chan struct{}, most), timeout
}

// ForgetNonces makes room for n nonces only.
func (s *Server) ForgetNonces(n int) { s.nonces = newNonces(keepNonces, n) }

// NewNonces returns a memory of nonces: add says whether one is known, or full.
func NewNonces(keep time.Duration, most int) (add func(nonce string, signed int64, now time.Time) (known, full bool)) {
	return newNonces(keep, most).add
}

// ReadEnvelope returns the code with which a request's headers are refused.
func ReadEnvelope(header http.Header) (e SignedRequest, key, signature, code string) {
	read, refusal := readEnvelope(header)
	if refusal != nil {
		return SignedRequest{}, "", "", refusal.Code
	}
	return SignedRequest{Time: read.time, Nonce: read.nonce, IdempotencyKey: read.idempotencyKey}, read.key, read.signature, ""
}

// Decode reads a body as routes do, and returns the refusal's message.
func Decode(body []byte, into any) string {
	if refusal := decode(body, into); refusal != nil {
		return refusal.Message
	}
	return ""
}

// Worth returns what points buy as text, and the most that a balance buys.
func (t Terms) Worth(points int64) (amount string, ok bool) {
	d, ok := t.worth(points)
	return money(&d, t.decimals()), ok
}

// Most returns the most that a balance lets redeem, and its worth.
func (t Terms) Most(balance int64) (points int64, amount string) {
	points, d := t.most(balance)
	return points, money(&d, t.decimals())
}

// Refuses returns the code with which so many points are refused.
func (t Terms) Refuses(points int64) string {
	if refusal := t.refuses(points); refusal != nil {
		return refusal.Code
	}
	return ""
}
