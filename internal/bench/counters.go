package bench

import (
	"context"
	"os"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/testshop"
)

// counters are what a server counts of its own work.
type counters struct {
	Statements int64
	Commits    int64
	Read       int64 // rows, by any handler
	Written    int64 // rows, by any handler
	CPU        time.Duration
}

var counted = map[string]func(*counters) *int64{
	"Questions":             func(c *counters) *int64 { return &c.Statements },
	"Com_commit":            func(c *counters) *int64 { return &c.Commits },
	"Handler_read_first":    func(c *counters) *int64 { return &c.Read },
	"Handler_read_key":      func(c *counters) *int64 { return &c.Read },
	"Handler_read_last":     func(c *counters) *int64 { return &c.Read },
	"Handler_read_next":     func(c *counters) *int64 { return &c.Read },
	"Handler_read_prev":     func(c *counters) *int64 { return &c.Read },
	"Handler_read_rnd":      func(c *counters) *int64 { return &c.Read },
	"Handler_read_rnd_next": func(c *counters) *int64 { return &c.Read },
	"Handler_write":         func(c *counters) *int64 { return &c.Written },
	"Handler_update":        func(c *counters) *int64 { return &c.Written },
}

// count returns what the server did during work, for whoever. Reading the
// counters costs a statement, which is taken off.
func (b *Bench) count(ctx context.Context, db *sqlx.DB, work func() error) (counters, error) {
	start, err := readCounters(ctx, db, b.Server)
	if err != nil {
		return counters{}, err
	}
	between, err := readCounters(ctx, db, b.Server)
	if err != nil {
		return counters{}, err
	}
	if err := work(); err != nil {
		return counters{}, err
	}
	end, err := readCounters(ctx, db, b.Server)
	if err != nil {
		return counters{}, err
	}
	return counters{
		Statements: end.Statements - 2*between.Statements + start.Statements,
		Commits:    end.Commits - 2*between.Commits + start.Commits,
		Read:       end.Read - 2*between.Read + start.Read,
		Written:    end.Written - 2*between.Written + start.Written,
		CPU:        end.CPU - between.CPU,
	}, nil
}

func readCounters(ctx context.Context, db *sqlx.DB, server *testshop.Server) (c counters, err error) {
	var rows []struct {
		Name  string `db:"Variable_name"`
		Value string `db:"Value"`
	}
	err = db.SelectContext(ctx, &rows, `SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_commit') OR Variable_name LIKE 'Handler\_%'`)
	if err != nil {
		return c, err
	}
	for _, row := range rows {
		if field := counted[row.Name]; field != nil {
			n, err := strconv.ParseInt(row.Value, 10, 64)
			if err != nil {
				return c, err
			}
			*field(&c) += n
		}
	}
	if pid, err := server.PID(); err == nil { // a server that somebody else runs has none
		c.CPU = cpuTime(pid)
	}
	return c, nil
}

// cpu returns how long this process and the server have been at work together.
func (b *Bench) cpu() time.Duration {
	total := cpuTime(os.Getpid())
	if pid, err := b.Server.PID(); err == nil {
		total += cpuTime(pid)
	}
	return total
}
