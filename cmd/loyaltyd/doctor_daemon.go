package main

import (
	"context"
	"fmt"
	"time"
)

// aliveWithin is how old the heartbeat of a daemon that runs can be.
const aliveWithin = 2 * time.Minute

// daemon looks at what the daemon left: heartbeat, last run, brake, lease.
func (x *examination) daemon(ctx context.Context) {
	now, err := x.clock(ctx)
	if err != nil {
		x.failed("daemon", err)
		return
	}
	d, err := x.reports.Daemon(ctx)
	if err != nil {
		x.failed("daemon", err)
		return
	}
	const start = "start `loyaltyd serve`, or run `loyaltyd sync` regularly"
	switch age := now.Sub(d.Heartbeat); {
	case d.Heartbeat.IsZero():
		x.add(warning, "daemon", start, "none has ever run here")
	case d.LeaseHolder == "":
		x.add(warning, "daemon", start, "it was stopped %s ago", ago(max(age, 0)))
	case age > aliveWithin:
		x.add(warning, "daemon", start, "it was last heard of %s ago", ago(age))
	default:
		x.ok("daemon", "version %s is alive, heard of %s ago", d.Version, ago(max(age, 0)))
	}
	braked, err := x.engine.Braked(ctx)
	switch {
	case err != nil:
		x.failed("brake", err)
	case braked != nil:
		x.add(failure, "brake", "", "%v", braked)
	default:
		x.ok("brake", "nothing is withheld")
	}
	switch run := d.LastRun; {
	case run.Finished.IsZero():
		x.add(warning, "last run", "run `loyaltyd sync`", "nothing was synced yet")
	case !run.OK && braked == nil:
		x.add(failure, "last run", "", "the %s of %s ago failed: %s", run.Kind, ago(max(now.Sub(run.Finished), 0)), run.Message)
	default:
		x.ok("last run", "%s, %s ago", run.Kind, ago(max(now.Sub(run.Finished), 0)))
	}
	proof, err := x.proof(ctx)
	switch {
	case err != nil:
		x.failed("verification", err)
	case proof == nil:
		// Nothing to tell: a daemon verifies by itself.
	case proof.First != "":
		x.add(failure, "verification", "run `loyaltyd verify`", "the last one, %s ago, found what is wrong: %s", ago(max(now.Sub(proof.At), 0)), proof.First)
	default:
		x.ok("verification", "all agreed, %s ago", ago(max(now.Sub(proof.At), 0)))
	}
	x.lease(ctx)
	x.bridge(ctx, d, now)
}

// lease tells who may post at this moment.
func (x *examination) lease(ctx context.Context) {
	var row struct {
		Holder string `db:"holder"`
		Left   int64  `db:"left_s"`
	}
	err := x.ledgerDB.GetContext(ctx, &row, x.sql(`
		SELECT holder, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(6), expires_at) AS left_s FROM {p}loyalty_writer WHERE id = 1`))
	switch {
	case err != nil:
		x.failed("lease", fmt.Errorf("read who holds the ledger: %w", err))
	case row.Holder == "":
		x.ok("lease", "nobody is posting at this moment")
	case row.Left < 0:
		x.ok("lease", "%s held the ledger last and did not give it back; the next run takes it", row.Holder)
	default:
		x.ok("lease", "%s is posting at this moment", row.Holder)
	}
}
