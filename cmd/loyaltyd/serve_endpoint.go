package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	gosync "sync"
	"time"

	"loyaltyd/config"
	wpbridge "loyaltyd/wp-bridge"
)

// endpoint is where the plugin asks the daemon. It lives as long as the
// daemon; sessions take turns behind it.
type endpoint struct {
	server *wpbridge.Server
	log    *slog.Logger

	mu      gosync.Mutex
	door    *door
	oldDoor *door            // closed once the site was told of the new one
	wanted  *config.Endpoint // whose socket another process has
	serving gosync.WaitGroup
}

// door is one address that the endpoint listens at.
type door struct {
	listen     string // as configured
	listener   net.Listener
	registered string // what the plugin can call
}

func newEndpoint(log *slog.Logger, now func() time.Time) (*endpoint, error) {
	server, err := wpbridge.New(wpbridge.Options{Version: readBuild().Version, Log: log, Now: now})
	if err != nil {
		return nil, err
	}
	return &endpoint{server: server, log: log}, nil
}

// open listens at the configured address, or at another port of the same host
// if another process has that one. It stays where it is if the address did not
// change. For a socket that another process has, as when two daemons of a store
// run on one machine, it waits: see retry.
func (e *endpoint) open(c config.Endpoint) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.door != nil && e.door.listen == c.Listen {
		e.wanted = nil
		return nil
	}
	network, address := c.Address()
	listener, registered, err := wpbridge.Listen(network, address)
	switch {
	case errors.Is(err, wpbridge.ErrSocketInUse):
		if e.wanted == nil || e.wanted.Listen != c.Listen {
			e.log.Warn("another process has the endpoint's socket; it is taken when it is free", "address", registered)
		}
		e.wanted = &c
		return nil
	case err != nil:
		// As text: an error of the network would be taken for the database's.
		return errors.New(err.Error() + ": set endpoint.listen to another address")
	}
	e.wanted = nil
	if network == "tcp" && registered != address {
		e.log.Info("the endpoint listens at another address than configured; WordPress is told", "configured", address, "address", registered)
	}
	if e.oldDoor != nil {
		_ = e.oldDoor.listener.Close() // the site was never told of the one between
	}
	e.oldDoor, e.door = e.door, &door{listen: c.Listen, listener: listener, registered: registered}
	e.serving.Go(func() {
		err := e.server.Serve(listener, address)
		if err != nil && !errors.Is(err, net.ErrClosed) {
			e.log.Error("the endpoint failed; nothing else does", "address", registered, "error", err)
		}
	})
	return nil
}

// retry opens a socket that was in use, if it is free now.
func (e *endpoint) retry() {
	e.mu.Lock()
	wanted := e.wanted
	e.mu.Unlock()
	if wanted == nil {
		return
	}
	if err := e.open(*wanted); err != nil {
		e.log.Error("the endpoint's socket cannot be opened; a reload tries again", "error", err)
		e.mu.Lock()
		e.wanted = nil
		e.mu.Unlock()
	}
}

// address returns what the plugin can call; "" while it is nowhere.
func (e *endpoint) address() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.door == nil {
		return ""
	}
	return e.door.registered
}

// moved closes the address before the present one, of which the site was told.
func (e *endpoint) moved() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.oldDoor != nil {
		_ = e.oldDoor.listener.Close()
		e.oldDoor = nil
		e.log.Info("the endpoint moved", "address", e.door.registered)
	}
}

// drainWithin is how long requests under way may take when the daemon stops.
const drainWithin = 3 * time.Second

// close waits for the requests under way and closes the endpoint.
func (e *endpoint) close() {
	ctx, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	if err := e.server.Shutdown(ctx); err != nil {
		e.log.Warn("requests were cut off", "error", err)
	}
	e.serving.Wait()
}
