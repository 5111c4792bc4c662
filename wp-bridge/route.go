package wpbridge

import (
	"net/http"
	"strconv"
	"strings"
)

// route is one address with its method.
type route struct {
	method, path string // {id} stands for an id
	parts        []string
	posts        bool // it needs an idempotency key
	handle       func(*exchange) (answer, error)
}

// table returns all routes. openapi.yaml describes each.
func (s *Server) table() []route {
	get := func(path string, handle func(*exchange) (answer, error)) route {
		return route{method: http.MethodGet, path: path, parts: strings.Split(path, "/"), handle: handle}
	}
	post := func(path string, handle func(*exchange) (answer, error)) route {
		return route{method: http.MethodPost, path: path, parts: strings.Split(path, "/"), handle: handle}
	}
	once := func(path string, handle func(*exchange) (answer, error)) route {
		r := post(path, handle)
		r.posts = true
		return r
	}
	return []route{
		get("/healthz", s.health),
		get("/readyz", s.ready),
		get("/metrics", s.showMetrics),
		get("/openapi.yaml", showOpenAPI),
		get("/v1/status", s.status),
		post("/v1/sync", syncNow),
		get("/v1/customers/{id}", showCustomer),
		get("/v1/customers/{id}/explanation", explain),
		once("/v1/customers/{id}/redemptions", redeem),
		once("/v1/customers/{id}/adjustments", adjust),
		once("/v1/customers/{id}/erase", erase),
		get("/v1/redemptions/{id}", showRedemption),
		once("/v1/redemptions/{id}/confirm", confirm),
		once("/v1/redemptions/{id}/cancel", cancel),
		post("/v1/program/check", checkProgram),
		post("/v1/estimate", estimate),
	}
}

// match says whether the route leads to a path, of which these are the parts
// between slashes, and the id in it.
func (r *route) match(parts []string) (id string, ok bool) {
	if len(r.parts) != len(parts) {
		return "", false
	}
	for i, want := range r.parts {
		switch {
		case want == "{id}" && parts[i] != "":
			id = parts[i]
		case want != parts[i]:
			return "", false
		}
	}
	return id, true
}

// pathID returns the id in a request's path, above 0.
func (x *exchange) pathID() (int64, error) {
	text := x.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != text {
		return 0, refuse(codeBadRequest, "%.40q in the address is not an id.", text)
	}
	return id, nil
}
