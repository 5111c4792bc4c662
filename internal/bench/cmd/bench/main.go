// Command bench measures loyaltyd on a private MariaDB server, see `make
// bench`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"loyaltyd/internal/bench"
	"loyaltyd/internal/testshop"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var options bench.Options
	orders := flag.String("orders", "100000", "orders in the store; several numbers show how costs grow")
	flag.IntVar(&options.Few, "few", 10_000, "orders in the small store that growth is measured against")
	flag.IntVar(&options.Rounds, "rounds", 3, "rounds of each measurement; the median counts")
	flag.DurationVar(&options.Load, "load", 2*time.Second, "how long, in each round, clients ask the endpoint")
	flag.DurationVar(&options.Idle, "idle", time.Minute, "how long an idle daemon is watched")
	flag.DurationVar(&options.Watch, "watch", 3*time.Second, "how long, in each round, checkouts are watched alone and beside a sweep")
	flag.StringVar(&options.Data, "data", "", "`directory` of the server's data, made once and used again; none: a temporary one")
	flag.BoolVar(&options.Reuse, "reuse", false, "take up the ledgers that are in the stores")
	flag.StringVar(&options.Binary, "binary", "", "the `loyaltyd` to measure; none: built from the sources")
	flag.StringVar(&options.Profiles, "profile", "", "`directory` for pprof profiles of our own process")
	storages := flag.String("storages", "hpos,legacy", "where the stores keep their orders")
	sections := flag.String("sections", "", "what to measure, of "+strings.Join(bench.Sections(), ",")+"; none: all")
	floors := flag.Bool("floors", false, "print what each floor consists of")
	markdown := flag.Bool("markdown", false, "print the tables in Markdown")
	prepare := flag.Bool("prepare", false, "make the stores in -data and measure nothing")
	flag.Parse()

	options.Storages = nil
	for name := range strings.SplitSeq(*storages, ",") {
		switch name {
		case "hpos":
			options.Storages = append(options.Storages, testshop.HPOS)
		case "legacy":
			options.Storages = append(options.Storages, testshop.Legacy)
		default:
			return fmt.Errorf("-storages: there is no storage %q", name)
		}
	}
	if *sections != "" {
		options.Sections = strings.Split(*sections, ",")
	}
	started := time.Now()
	options.Log = func(format string, arguments ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(started).Seconds(), fmt.Sprintf(format, arguments...))
	}
	var sizes []int
	for text := range strings.SplitSeq(*orders, ",") {
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 {
			return fmt.Errorf("-orders: %q is not a number of orders", text)
		}
		sizes = append(sizes, size)
	}
	if *prepare {
		for _, options.Orders = range sizes {
			if err := bench.Prepare(ctx, options); err != nil {
				return err
			}
		}
		return nil
	}
	if options.Binary == "" {
		dir, err := os.MkdirTemp("", "loyaltyd-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		options.Binary = filepath.Join(dir, "loyaltyd")
		if err := bench.Build(ctx, options.Binary); err != nil {
			return err
		}
	}
	print := func(t bench.Table) error { return t.Print(os.Stdout) }
	if *markdown {
		print = func(t bench.Table) error { return t.Markdown(os.Stdout) }
	}
	var runs [][]bench.Line
	for _, options.Orders = range sizes {
		result, err := bench.Run(ctx, options)
		lines := result.Lines
		if !*floors {
			lines = slices.DeleteFunc(lines, func(l bench.Line) bool { return l.Ours.Unit == "" })
		}
		fmt.Println(result.Machine)
		for _, table := range bench.Tables(lines) {
			err = errors.Join(err, print(table))
		}
		if err != nil {
			return err
		}
		runs = append(runs, lines)
	}
	if len(sizes) == 1 {
		return nil
	}
	return print(bench.Growth(sizes, runs))
}
