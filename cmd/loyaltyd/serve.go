package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"loyaltyd/config"
	"loyaltyd/internal/systemd"
)

func (c *cli) serveCommand() *cobra.Command {
	level := choice{value: "info", names: []string{"debug", "info", "warn", "error"}}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Keep the points and the reports up to date, until stopped",
		Long: `Looks at what changed in the store every few seconds, compares all of it from
time to time, and proves the books every night, as the configuration's schedule
says. The tables are brought up to date by themselves.

SIGTERM or an interrupt ends it within ten seconds, a second one at once.
SIGHUP reads the configuration again; a wrong one is refused, and the old one
stays in force. Of several on one store, one works and the others stand by.
A database that is away for a while is waited for.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.serve(cmd, level.value)
		},
	}
	cmd.Flags().Var(&level, "log-level", "the least `level` to log: debug, info, warn, error")
	_ = cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions(level.names, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// stopWithin is how long an end may take. What it cuts short was cancelled
// before, and is safe: the database takes back a transaction without an end.
const stopWithin = 9 * time.Second

func (c *cli) serve(cmd *cobra.Command, level string) error {
	log := serveLog(c.stderr, level)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	ctx := cmd.Context()
	load := func() (config.Config, error) { return config.Load(cmd.Flags(), c.environ) }
	d, err := newDaemon(ctx, log, load)
	if err != nil {
		return err
	}
	d.systemd, d.hangups = systemd.New(c.environ), hangups
	defer serveLean()()
	done := make(chan error, 1)
	go func() { done <- d.serve(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	d.tell(d.systemd.Stopping)
	select {
	case err := <-done:
		if err == nil {
			log.Info("stopped")
		}
		return err
	case <-time.After(stopWithin):
		return errors.New("the database did not answer while stopping; nothing is lost, but others may wait some seconds for this daemon's lease")
	}
}

// daemon is loyaltyd at work until it is stopped.
type daemon struct {
	name     string // no two daemons have the same
	load     func() (config.Config, error)
	log      *slog.Logger
	troubles *troubles
	systemd  *systemd.Notifier
	hangups  <-chan os.Signal
	stopping context.Context // ends when the daemon is to
	endpoint *endpoint
	requests *requests

	leads atomic.Bool               // this one works, others stand by
	alive atomic.Pointer[time.Time] // until when the loop need give no sign of life
}

// newDaemon returns a daemon that works until stopping ends. No service manager
// listens to it, and nothing makes it reload.
func newDaemon(stopping context.Context, log *slog.Logger, load func() (config.Config, error)) (*daemon, error) {
	endpoint, err := newEndpoint(log, time.Now)
	if err != nil {
		return nil, err
	}
	return &daemon{
		name: processName(), load: load, log: log, troubles: newTroubles(time.Now), systemd: systemd.New(nil),
		stopping: stopping, endpoint: endpoint, requests: newRequests(),
	}, nil
}

func processName() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%.100s process %d (%08x)", host, os.Getpid(), time.Now().UnixNano()&0xffffffff)
}

// serve works until the context ends. An error says that it never began.
func (d *daemon) serve(ctx context.Context) error {
	s, err := d.start(ctx)
	if err != nil {
		return err
	}
	if s != nil {
		s.endpoint.server.Use(s.bridgeSite())
	}
	for s != nil {
		s = s.work(ctx)
	}
	return nil
}

// start opens the first session. A server that does not answer, as when a
// machine starts, is waited for; everything else that is wrong needs a person.
// It returns nil when the context ends before.
func (d *daemon) start(ctx context.Context) (*session, error) {
	loaded, err := d.load()
	if err != nil {
		return nil, err
	}
	const longest = 15 * time.Second
	for wait := time.Second; ; wait = min(2*wait, longest) {
		s, err := d.open(ctx, loaded)
		switch {
		case ctx.Err() != nil:
			if s != nil {
				s.close()
			}
			return nil, nil
		case err == nil:
			d.databaseBack()
			return s, nil
		case !unreachable(err):
			return nil, err
		}
		d.databaseLost(err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		case <-d.hangups:
			if fresh, err := d.load(); err != nil {
				d.notReloaded(err)
			} else {
				loaded = fresh
			}
		}
	}
}

// reload opens a session with the configuration as it is now, or returns nil
// when that cannot be done; then the old one goes on.
func (d *daemon) reload(ctx context.Context) *session {
	d.tell(d.systemd.Reloading)
	d.expectLife(stalled)
	loaded, err := d.load()
	var next *session
	if err == nil {
		next, err = d.open(ctx, loaded)
	}
	if err != nil {
		d.notReloaded(err)
	} else {
		d.log.Info("the configuration was reloaded")
	}
	return next
}

func (d *daemon) notReloaded(err error) {
	d.log.Error("the configuration was not reloaded; the old one stays in force", "error", err)
}

// tell gives the service manager a word. That it does not listen is no reason
// to stop.
func (d *daemon) tell(word func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := word(ctx); err != nil && d.troubles.news("systemd", err.Error()) {
		d.log.Warn("the service manager does not listen", "error", err)
	}
}

// status says in a line what the daemon is doing.
func (d *daemon) status(text string) {
	d.tell(func(ctx context.Context) error { return d.systemd.Status(ctx, text) })
}

// expectLife promises that the loop gives its next sign of life within so
// long, give or take a minute.
func (d *daemon) expectLife(within time.Duration) {
	until := time.Now().Add(within + time.Minute)
	d.alive.Store(&until)
}

// isAlive says whether the loop kept its promise.
func (d *daemon) isAlive() bool {
	until := d.alive.Load()
	return until != nil && time.Now().Before(*until)
}
