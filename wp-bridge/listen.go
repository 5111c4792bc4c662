package wpbridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// Listen opens a listener: network is "tcp" or "unix". When another process
// has the port, it is another port of the same host. Registered is what the
// plugin can call: host:port, or unix: and the path of the socket, which the
// socket's owner and group may use.
func Listen(network, address string) (l net.Listener, registered string, err error) {
	if network == "unix" {
		l, err = listenUnix(address)
		return l, "unix:" + address, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, "", fmt.Errorf("listen on %s: %w", address, err)
	}
	var config net.ListenConfig
	l, err = config.Listen(context.Background(), network, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		l, err = config.Listen(context.Background(), network, net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, "", fmt.Errorf("listen on %s: %w", address, err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		_ = l.Close()
		return nil, "", fmt.Errorf("listen on %s: %w", address, err)
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return l, net.JoinHostPort(host, port), nil
}

// ErrSocketInUse says that somebody listens on a socket already.
var ErrSocketInUse = errors.New("another process listens there: stop it, or name another path")

// listenUnix opens a socket file. One that a dead process left is taken away;
// one where somebody listens, and anything that is no socket, is not.
func listenUnix(path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&os.ModeSocket == 0 {
			return nil, fmt.Errorf("listen on %s: there is a file that is not a socket: name another path, or take it away", path)
		}
		dialer := net.Dialer{Timeout: time.Second}
		c, err := dialer.DialContext(context.Background(), "unix", path)
		if err == nil {
			_ = c.Close()
			return nil, fmt.Errorf("listen on %s: %w", path, ErrSocketInUse)
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("listen on %s: %w", path, err)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("take the old socket away: %w", err)
		}
	}
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("let the socket's group use it: %w", err)
	}
	return l, nil
}
