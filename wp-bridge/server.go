package wpbridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server answers the plugin. New makes one.
type Server struct {
	options  Options
	started  time.Time
	http     http.Server
	routes   []route
	nonces   *nonces
	metrics  *metrics
	underWay chan struct{} // one for each request that is carried out
	timeout  time.Duration // of one request

	mu    sync.Mutex
	site  *siteInUse
	hosts map[string]bool // names that a request may call this server by
}

// siteInUse is a site with the requests that work on it.
type siteInUse struct {
	*Site
	requests sync.WaitGroup
}

const (
	mostUnderWay = 512
	// Nonces are remembered for as long as their request stays good, with room for
	// three thousand requests a second.
	keepNonces = window
	mostNonces = 1_000_000

	requestTimeout = 10 * time.Second
)

// New returns a server that answers "database_down" until Use gives it a site.
func New(options Options) (*Server, error) {
	if options.Version == "" || options.Log == nil || options.Now == nil {
		return nil, errors.New("the endpoint needs a version, a log and a clock")
	}
	s := &Server{
		options: options, started: options.Now(), metrics: newMetrics(),
		nonces: newNonces(keepNonces, mostNonces), underWay: make(chan struct{}, mostUnderWay), hosts: map[string]bool{},
		timeout: requestTimeout,
	}
	s.routes = s.table()
	s.http = http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10*time.Second + requestTimeout,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(options.Log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Use makes requests work on another site from now on (nil: on none), and
// returns when no request works on the one before, which may then be closed.
func (s *Server) Use(site *Site) {
	var next *siteInUse
	if site != nil {
		next = &siteInUse{Site: site}
	}
	s.mu.Lock()
	before := s.site
	s.site = next
	s.mu.Unlock()
	if before != nil {
		before.requests.Wait()
	}
}

// enter returns the site that a request is to work on, or nil, and what to
// call when it is done.
func (s *Server) enter() (site *Site, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.site == nil {
		return nil, func() {}
	}
	s.site.requests.Add(1)
	return s.site.Site, s.site.requests.Done
}

// Serve answers requests on l until Shutdown, and then returns nil. It may be
// called with several listeners. Names are hosts by which l may be called
// besides its own address and those of this machine.
func (s *Server) Serve(l net.Listener, names ...string) error {
	s.mu.Lock()
	for _, name := range names {
		if host, _, err := net.SplitHostPort(name); err == nil {
			name = host
		}
		s.hosts[strings.ToLower(name)] = true
	}
	s.mu.Unlock()
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}

// Shutdown takes no more requests, closes the listeners and waits for the
// requests under way until the context ends; then it cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("wait for the requests under way: %w", err), s.http.Close())
}

// called says whether a request may call this server by that host: a page in
// a browser must not reach it through a name that somebody else owns.
func (s *Server) called(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil && local.Network() == "unix" {
		return true
	}
	host, port := r.Host, ""
	if h, p, err := net.SplitHostPort(host); err == nil {
		host, port = h, p
	} else if inner, ok := strings.CutPrefix(host, "["); ok {
		if host, ok = strings.CutSuffix(inner, "]"); !ok {
			return false
		}
	}
	tcp, _ := local.(*net.TCPAddr)
	if tcp == nil || port != "" && port != strconv.Itoa(tcp.Port) {
		return false
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.Equal(tcp.IP)
	}
	host = strings.ToLower(host)
	s.mu.Lock()
	defer s.mu.Unlock()
	return host == "localhost" || s.hosts[host]
}
