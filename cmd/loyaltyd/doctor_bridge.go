package main

import (
	"context"
	"net"
	"strings"
	"time"

	"loyaltyd/reports"
)

// pluginVersion is the option in which the plugin says which one it is.
const pluginVersion = "loyaltyd_version"

// bridge looks at what is between daemon and plugin: endpoint, key, plugin.
func (x *examination) bridge(ctx context.Context, d reports.Daemon, now time.Time) {
	options, err := x.store.Options(ctx, pluginVersion)
	if err != nil {
		x.failed("plugin", err)
		return
	}
	plugin := options[pluginVersion]
	facts, err := x.newKeys(nobody).Facts(ctx)
	if err != nil {
		x.failed("key", err)
		return
	}
	switch {
	case plugin == "" && facts.ID == "" && facts.Problem == "":
		x.ok("plugin", "none was ever active in WordPress; the reports are kept all the same")
		return
	case plugin == "":
		x.add(warning, "plugin", "activate it again", "it is not active, or does not say its version")
	case !sameVersion(plugin, d.Version) && d.Version != "":
		x.add(warning, "plugin", "install the same version of both", "the plugin's version is %s, the daemon's %s", plugin, d.Version)
	default:
		x.ok("plugin", "version %s", plugin)
	}
	switch {
	case facts.Problem != "":
		x.add(failure, "key", "", "%s", facts.Problem)
	case facts.ID == "":
		x.add(warning, "key", "open the Loyalty page in WordPress, which makes one", "there is none yet")
	default:
		x.ok("key", "%s, %s", facts.ID, keyOrigins[facts.Origin])
	}
	if facts.RotateAsked != nil {
		x.add(warning, "key", "open the Loyalty page in WordPress, which makes one", "another key is asked for, %s ago", ago(max(now.Sub(*facts.RotateAsked), 0)))
	}
	x.marks(ctx, now)
	if d.LeaseHolder == "" || now.Sub(d.Heartbeat) > aliveWithin {
		return // nobody listens
	}
	x.knock(ctx, d.Address)
}

// sameVersion compares a plugin's version with a daemon's, which may name a
// state of the sources.
func sameVersion(plugin, daemon string) bool {
	if strings.Contains(plugin+daemon, "dev") {
		return true // one was built without a version of its own
	}
	return strings.TrimPrefix(plugin, "v") == strings.TrimPrefix(daemon, "v")
}

// knock tries whether somebody listens at the endpoint's address. From another
// machine than the daemon's that proves nothing.
func (x *examination) knock(ctx context.Context, address string) {
	if address == "" {
		x.add(warning, "endpoint", "look at the daemon's log", "the daemon listens nowhere")
		return
	}
	network, place := "tcp", address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, place = "unix", path
	}
	const patience = 2 * time.Second
	dialer := net.Dialer{Timeout: patience}
	conn, err := dialer.DialContext(ctx, network, place)
	if err != nil {
		x.add(warning, "endpoint", "run doctor on the daemon's machine; if it runs there, look at its log", "nobody answers at %s: %v", address, err)
		return
	}
	_ = conn.Close()
	x.ok("endpoint", "listens at %s", address)
}

// marks tells how much of what WordPress marked waits.
func (x *examination) marks(ctx context.Context, now time.Time) {
	var row struct {
		Marks  int64      `db:"marks"`
		Oldest *time.Time `db:"oldest"`
	}
	err := x.siteDB.GetContext(ctx, &row, x.sql(`SELECT COUNT(*) AS marks, MIN(noted_at) AS oldest FROM {p}loyalty_dirty`))
	const late = time.Minute
	switch {
	case err != nil:
		x.failed("marks", err)
	case row.Oldest != nil && now.Sub(*row.Oldest) > late:
		x.add(warning, "marks", "start `loyaltyd serve`; a sync finds most of them too",
			"%s marked by WordPress, the oldest %s ago", count(row.Marks, "change waits", "changes wait"), ago(now.Sub(*row.Oldest)))
	}
}
