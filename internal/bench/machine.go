package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// machine says in a line what was measured on.
func (b *Bench) machine(ctx context.Context) (string, error) {
	db, err := b.Server.Open(ctx, "mysql")
	if err != nil {
		return "", err
	}
	defer db.Close()
	const commits = 1000
	took, err := SingleRowCommits(ctx, db, commits)
	if err != nil {
		return "", err
	}
	kib, _ := strconv.ParseInt(strings.TrimSuffix(firstLine("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	return fmt.Sprintf("%s, %d processors, %.0f GiB of memory; %s with a cache of 1 GiB, whose disk takes %s durable commits of one row, one after the other; %s",
		firstLine("/proc/cpuinfo", "model name"), runtime.NumCPU(), float64(kib)/(1<<20), b.Server.Version, Rate(commits, took), runtime.Version()), nil
}

// firstLine returns what a file of the kernel's says of name.
func firstLine(path, name string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// SingleRowCommits returns how long n bare inserts of one row take, each of
// them a transaction of its own: what nothing that has to last can beat.
func SingleRowCommits(ctx context.Context, db *sqlx.DB, n int) (time.Duration, error) {
	if err := execute(ctx, db, "CREATE OR REPLACE TABLE bench_commits (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, n BIGINT NOT NULL) ENGINE=InnoDB"); err != nil {
		return 0, err
	}
	took, err := timed(func() error {
		for i := range n {
			if _, err := db.ExecContext(ctx, "INSERT INTO bench_commits VALUES (?, ?)", i, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return took, execute(ctx, db, "DROP TABLE bench_commits")
}
