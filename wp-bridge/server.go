package wpbridge

import (
	"context"
	"net"
)

// Server answers the plugin. Its zero value is not ready; New makes one.
type Server struct {
	options Options
}

// New returns a server that answers "database_down" until Use gives it a site.
func New(options Options) (*Server, error) {
	return &Server{options: options}, nil
}

// Use makes requests work on another site from now on (nil: on none), and
// returns when no request works on the one before, which may then be closed.
func (s *Server) Use(site *Site) {}

// Serve answers requests on l until Shutdown, and then returns nil. It may be
// called with several listeners.
func (s *Server) Serve(l net.Listener) error { return nil }

// Shutdown takes no more requests, closes the listeners and waits for the
// requests under way until the context ends; then it cuts them off.
func (s *Server) Shutdown(ctx context.Context) error { return nil }

// Listen opens a listener: network is "tcp" or "unix". When another process
// has the port, it is another port of the same host. Registered is what the
// plugin can call: host:port, or unix: and the path of the socket.
func Listen(network, address string) (l net.Listener, registered string, err error) {
	return nil, "", nil
}
