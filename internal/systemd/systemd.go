// Package systemd tells the service manager how a daemon is doing: the
// protocol of sd_notify(3). Without a service manager it does nothing.
package systemd

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Notifier speaks to the service manager. The nil Notifier speaks to nobody.
type Notifier struct {
	socket   string
	watchdog time.Duration
}

// New returns the Notifier that the environment (as os.Environ returns it)
// asks for, or nil when no service manager listens.
func New(environ []string) *Notifier {
	n := &Notifier{}
	var interval, watched string
	for _, variable := range environ {
		switch name, value, _ := strings.Cut(variable, "="); name {
		case "NOTIFY_SOCKET":
			n.socket = value
		case "WATCHDOG_USEC":
			interval = value
		case "WATCHDOG_PID":
			watched = value
		}
	}
	// A path, or with an @ a name of Linux's own.
	if !strings.HasPrefix(n.socket, "/") && !strings.HasPrefix(n.socket, "@") {
		return nil
	}
	micros, err := strconv.ParseInt(interval, 10, 64)
	const most = int64(1 << 62 / time.Microsecond)
	if err == nil && micros > 0 && micros < most && (watched == "" || watched == strconv.Itoa(os.Getpid())) {
		n.watchdog = time.Duration(micros) * time.Microsecond
	}
	return n
}

// Watchdog returns within what time Alive must be called again and again, or 0
// when nobody watches.
func (n *Notifier) Watchdog() time.Duration {
	if n == nil {
		return 0
	}
	return n.watchdog
}

// Ready says that the daemon, or its new configuration, is at work.
func (n *Notifier) Ready(ctx context.Context, status string) error {
	return n.send(ctx, "READY=1", "STATUS="+line(status))
}

// Status says in a line what the daemon is doing.
func (n *Notifier) Status(ctx context.Context, status string) error {
	return n.send(ctx, "STATUS="+line(status))
}

// Reloading says that the daemon reads its configuration again. Ready ends it.
func (n *Notifier) Reloading(ctx context.Context) error {
	return n.send(ctx, append([]string{"RELOADING=1"}, monotonic()...)...)
}

// Stopping says that the daemon is on its way to the end.
func (n *Notifier) Stopping(ctx context.Context) error { return n.send(ctx, "STOPPING=1") }

// Alive keeps the watchdog from ending the daemon.
func (n *Notifier) Alive(ctx context.Context) error {
	if n.Watchdog() == 0 {
		return nil
	}
	return n.send(ctx, "WATCHDOG=1")
}

func (n *Notifier) send(ctx context.Context, assignments ...string) error {
	if n == nil {
		return nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unixgram", n.socket)
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer func() { _ = conn.Close() }()
	// The manager may be too busy to read.
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetWriteDeadline(deadline); err != nil {
			return fmt.Errorf("notify the service manager: %w", err)
		}
	}
	if _, err := conn.Write([]byte(strings.Join(assignments, "\n"))); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}

// line keeps text from being taken for further assignments.
func line(text string) string {
	return strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "\uFFFD")
}
