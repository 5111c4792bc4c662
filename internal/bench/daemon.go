package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/jmoiron/sqlx"

	"loyaltyd/config"
	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
	wpbridge "loyaltyd/wp-bridge"
)

// settings are those under which loyaltyd is measured: orders earn as they do
// by default, and reviews too; deductions of any size are posted.
var settings = []string{"program.earn.product_review.points=10", "brake.percent=100"}

// Build builds loyaltyd as it is released.
func Build(ctx context.Context, binary string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "loyaltyd/cmd/loyaltyd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build loyaltyd: %w\n%s", err, output)
	}
	return nil
}

// command returns the loyaltyd that is measured, for one store.
func (b *Bench) command(ctx context.Context, s *Store, arguments ...string) *exec.Cmd {
	for _, setting := range settings {
		arguments = append(arguments, "--set", setting)
	}
	command := exec.CommandContext(ctx, b.Binary, arguments...)
	command.Env = append(os.Environ(), "LOYALTYD_STORE_DSN="+s.DSN)
	return command
}

// ran is what a process cost.
type ran struct {
	took time.Duration
	cpu  time.Duration
	peak int64 // bytes
}

// loyaltyd runs a command of loyaltyd to its end.
func (b *Bench) loyaltyd(ctx context.Context, s *Store, arguments ...string) (ran, error) {
	command := b.command(ctx, s, arguments...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	started := time.Now()
	if err := command.Start(); err != nil {
		return ran{}, err
	}
	done := make(chan struct{})
	peak := make(chan int64)
	go func() { peak <- watchPeak(command.Process.Pid, done) }()
	err := command.Wait()
	result := ran{took: time.Since(started), cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
	close(done)
	result.peak = <-peak
	if err != nil {
		return result, fmt.Errorf("loyaltyd %s: %w\n%s", strings.Join(arguments, " "), err, output.Bytes())
	}
	return result, nil
}

// watchPeak returns the most memory, in bytes, that a process had until done.
// What the kernel counts for the parent of a process that ended includes the
// parent's own.
func watchPeak(pid int, done <-chan struct{}) (peak int64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		peak = max(peak, memory(pid, "VmHWM"))
		select {
		case <-done:
			return peak
		case <-tick.C:
		}
	}
}

// memory returns a line of /proc/PID/status in bytes, 0 when there is none.
func memory(pid int, name string) int64 {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if rest, found := strings.CutPrefix(lines.Text(), name+":"); found {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// cpuTime returns how long a process has been at work, 0 when it is gone.
func cpuTime(pid int) time.Duration {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	const ticks = time.Second / 100 // of the kernel's accounts, on every Linux
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	const user, system = 11, 12
	if len(fields) <= system {
		return 0
	}
	u, _ := strconv.ParseInt(fields[user], 10, 64)
	s, _ := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(u+s) * ticks
}

// daemon is loyaltyd at work in this process, as `serve` has it.
type daemon struct {
	*sync.Engine
	reports  *reports.Reports
	config   config.Config
	storeDB  *sqlx.DB
	ledgerDB *sqlx.DB
}

// daemon opens loyaltyd in this process on a store and brings its tables up to
// date. Close it after use.
func (b *Bench) daemon(ctx context.Context, s *Store) (d *daemon, err error) {
	environ := []string{"LOYALTYD_STORE_DSN=" + s.DSN}
	for _, setting := range settings {
		key, value, _ := strings.Cut(setting, "=")
		environ = append(environ, "LOYALTYD_"+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))+"="+value)
	}
	d = &daemon{}
	if d.config, err = config.Load(nil, environ); err != nil {
		return nil, err
	}
	if d.storeDB, err = database.OpenStore(ctx, s.DSN); err != nil {
		return nil, err
	}
	if d.ledgerDB, err = database.Open(ctx, s.DSN); err != nil {
		return nil, errors.Join(err, d.storeDB.Close())
	}
	site := reports.Site{DB: d.ledgerDB, Prefix: prefix}
	d.reports = reports.Open(site, site)
	components := append([]database.Component{ledger.Component(), sync.Component(), wpbridge.Component()}, d.reports.Components()...)
	if _, err := database.Migrate(ctx, d.ledgerDB, prefix, components...); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	opened, err := store.Open(ctx, d.storeDB, prefix)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	p := d.config.Program
	d.Engine = &sync.Engine{
		Store: opened, LedgerDB: d.ledgerDB, Prefix: prefix, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Programme: sync.Programme{
			Rules: p.Rules, Exclusion: program.Exclusion{Roles: p.Exclude.Roles, Users: p.Exclude.Users}, GiveBack: p.Redeem.GiveBack,
			// What the benchmark undoes, round after round, is no reason to brake.
			Brake: sync.BrakeLimits{Percent: *apd.New(1_000_000, 0)},
		},
	}
	return d, nil
}

func (d *daemon) Close() error { return errors.Join(d.storeDB.Close(), d.ledgerDB.Close()) }

// run does one run and refreshes the reports.
func (d *daemon) run(ctx context.Context, mode sync.Mode) (*sync.Summary, error) {
	summary, err := d.Run(ctx, sync.Options{Mode: mode})
	if err != nil {
		return nil, err
	}
	return summary, d.refresh(ctx)
}

// refresh brings the reports up to date with the ledger.
func (d *daemon) refresh(ctx context.Context) error {
	site, err := d.Store.Settings(ctx)
	if err != nil {
		return err
	}
	var now time.Time
	if err := d.ledgerDB.GetContext(ctx, &now, `SELECT UTC_TIMESTAMP(6)`); err != nil {
		return err
	}
	_, err = d.reports.Refresh(ctx, reports.Settings{
		Zone: site.Zone, StartOfWeek: site.StartOfWeek, Currency: site.Currency,
		PointsPerUnit: d.config.Program.Redeem.PointsPerUnit, Now: now,
	})
	return err
}

// Synced returns the store with a ledger that a first run made.
func (b *Bench) Synced(ctx context.Context, storage testshop.Storage, orders int) (*Store, error) {
	s, err := b.Store(ctx, storage, orders)
	if err != nil || s.synced {
		return s, err
	}
	if b.Reuse {
		var done bool
		err := s.DB.GetContext(ctx, &done, `SELECT COUNT(*) FROM wp_loyalty_report_state WHERE day IS NOT NULL`)
		if err == nil && done {
			s.synced = true
			return s, nil
		}
	}
	b.Log("making the ledger: %s", s)
	if err := s.Clean(ctx); err != nil {
		return nil, err
	}
	if _, err := b.loyaltyd(ctx, s, "sync"); err != nil {
		return nil, err
	}
	s.synced = true
	return s, nil
}

// profile runs work again with pprof profiles of this process, if they are
// asked for: name.cpu.pprof and name.heap.pprof.
func (b *Bench) profile(name string, work func() error) error {
	if b.Profiles == "" {
		return nil
	}
	b.Log("profiling %s", name)
	if err := os.MkdirAll(b.Profiles, 0o777); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(b.Profiles, name+".cpu.pprof"))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	err = work()
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	heap, err := os.Create(filepath.Join(b.Profiles, name+".heap.pprof"))
	if err != nil {
		return err
	}
	defer heap.Close()
	runtime.GC()
	return pprof.Lookup("heap").WriteTo(heap, 0)
}
