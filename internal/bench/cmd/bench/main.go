// Command bench measures loyaltyd on a private MariaDB server, see `make
// bench`.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"loyaltyd/internal/bench"
	"loyaltyd/internal/testshop"
)

func main() {
	few := flag.Int("few", 1000, "entries of the small ledger")
	many := flag.Int("many", 1_000_000, "entries of the large ledger")
	queries := flag.Bool("queries", false, "print each query of the large ledger's pages with its time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *few, *many, *queries)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, few, many int, queries bool) (err error) {
	server, err := testshop.Start(ctx, testshop.MariaDB, testshop.ServerOptions{Durable: true, BufferPool: 1024, Extra: []string{"--innodb-log-file-size=1G"}})
	if err != nil {
		return err
	}
	defer func() {
		if stopped := server.Stop(); err == nil {
			err = stopped
		}
	}()
	small, err := bench.Dashboard(ctx, server, "small", few)
	if err != nil {
		return err
	}
	large, err := bench.Dashboard(ctx, server, "large", many)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "page\tat %d entries\tat %d\tratio\tfirst time\tour queries\ttheir time at %d\tat %d\t\n", few, many, few, many)
	for i, page := range large {
		fmt.Fprintf(table, "%s\t%s\t%s\t%.2f\t%s\t%d\t%s\t%s\t\n", page.Name, ms(small[i].Time), ms(page.Time),
			page.Time.Seconds()/small[i].Time.Seconds(), ms(page.First), len(page.Own), ms(small[i].SQL()), ms(page.SQL()))
	}
	if err := table.Flush(); err != nil || !queries {
		return err
	}
	for _, page := range large {
		fmt.Printf("\n%s\n", page.Name)
		for _, query := range page.Own {
			fmt.Printf("%10s  %s\n", ms(query.Time), strings.Join(strings.Fields(query.Text), " "))
		}
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
