package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"loyaltyd/internal/testshop"
)

// What a daemon that has nothing to do may cost.
const (
	mostBinary   = 16_000_000 // bytes
	mostStarting = 200 * time.Millisecond
	mostIdle     = 32 << 20 // bytes
	mostIdleCPU  = 0.005
)

// small measures the daemon as it is released: the size of its binary, the time
// from its start until it says that it is ready, and what it costs while
// nothing happens.
func (b *Bench) small(ctx context.Context) ([]Line, error) {
	s, err := b.Synced(ctx, testshop.HPOS, b.Few)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(b.Binary)
	if err != nil {
		return nil, err
	}
	var ready []time.Duration
	for range b.Rounds {
		served, err := b.serve(ctx, s)
		if err != nil {
			return nil, err
		}
		ready = append(ready, served.ready)
		if err := served.stop(); err != nil {
			return nil, err
		}
	}
	served, err := b.serve(ctx, s)
	if err != nil {
		return nil, err
	}
	memory, share, err := served.idle(ctx, b)
	if err := errors.Join(err, served.stop()); err != nil {
		return nil, err
	}
	lines := []Line{
		{What: "the daemon's binary", Ours: megabytes(info.Size()), Target: Target{Figure: megabytes(mostBinary)}},
		{What: "from its start until it is ready", Ours: Seconds(median(ready)), Target: Target{Figure: Seconds(mostStarting)}},
		{What: "memory when idle", Ours: MiB(memory), Target: Target{Figure: MiB(mostIdle)}},
		{What: "processor when idle, of one", Ours: Percent(share), Target: Target{Figure: Percent(mostIdleCPU)}},
	}
	for i := range lines {
		lines[i].Store = "A daemon, " + s.String()
	}
	return lines, nil
}

func megabytes(bytes int64) Figure { return Figure{float64(bytes) / 1e6, "MB"} }

// served is a daemon that runs.
type served struct {
	process *os.Process
	output  *bytes.Buffer
	wait    func() error
	dir     string
	ready   time.Duration // from its start until it said so
}

// serve starts a daemon and returns when it tells the service manager, which
// this process plays, that it is ready.
func (b *Bench) serve(ctx context.Context, s *Store, arguments ...string) (d *served, err error) {
	d = &served{output: &bytes.Buffer{}}
	if d.dir, err = os.MkdirTemp("", "loyaltyd-bench-"); err != nil {
		return nil, err
	}
	notify := filepath.Join(d.dir, "notify")
	var listen net.ListenConfig
	manager, err := listen.ListenPacket(ctx, "unixgram", notify)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(d.dir))
	}
	defer manager.Close()
	command := b.command(ctx, s, append([]string{"serve", "--listen", filepath.Join(d.dir, "endpoint")}, arguments...)...)
	command.Env = append(command.Env, "NOTIFY_SOCKET="+notify)
	command.Stdout, command.Stderr = d.output, d.output
	started := time.Now()
	if err := command.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(d.dir))
	}
	d.process, d.wait = command.Process, command.Wait
	const patience = time.Minute
	_ = manager.SetReadDeadline(started.Add(patience))
	message := make([]byte, 4096)
	for {
		n, _, err := manager.ReadFrom(message)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("the daemon is not ready: %w", err), d.stop())
		}
		if bytes.Contains(message[:n], []byte("READY=1")) {
			d.ready = time.Since(started)
			return d, nil
		}
	}
}

// stop ends the daemon.
func (d *served) stop() error {
	_ = d.process.Signal(syscall.SIGTERM)
	err := d.wait()
	if err != nil {
		err = fmt.Errorf("loyaltyd serve: %w\n%s", err, d.output.Bytes())
	}
	return errors.Join(err, os.RemoveAll(d.dir))
}

// rest returns when the work of the daemon's start is done.
func (d *served) rest(ctx context.Context) error {
	const (
		look     = 2 * time.Second
		quiet    = look / 20
		patience = 3 * time.Minute
	)
	for deadline := time.Now().Add(patience); ; {
		busy := cpuTime(d.process.Pid)
		if err := pause(ctx, look); err != nil {
			return err
		}
		if cpuTime(d.process.Pid)-busy < quiet {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("the daemon does not come to rest")
		}
	}
}

// idle returns what the daemon costs when it is at rest: its memory in bytes and
// its share of one processor.
func (d *served) idle(ctx context.Context, b *Bench) (memoryUsed int64, share float64, err error) {
	if err := d.rest(ctx); err != nil {
		return 0, 0, err
	}
	pid := d.process.Pid
	b.Log("watching an idle daemon for %s", b.Idle)
	busy, started := cpuTime(pid), time.Now()
	if err := pause(ctx, b.Idle); err != nil {
		return 0, 0, err
	}
	return memory(pid, "VmRSS"), (cpuTime(pid) - busy).Seconds() / time.Since(started).Seconds(), nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
