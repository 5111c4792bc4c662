//go:build demo

package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loyaltyd/internal/testshop"
)

func (c *cli) demoCommands() []*cobra.Command {
	var orders int
	var server choice
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show loyaltyd at work on a store of its own making",
		Long: `Starts a private database server in a temporary folder, fills a WooCommerce
store of its own making, syncs it, lets it trade on, syncs again, shows the
reports and proves them. No other store is touched and nothing is left behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.demo(cmd, orders, testshop.Kind(server.value))
		},
	}
	server.names = []string{string(testshop.MariaDB), string(testshop.MySQL)}
	cmd.Flags().Var(&server, "server", "`brand` of the database server, mariadb or mysql; whichever is installed when left out")
	cmd.Flags().IntVar(&orders, "orders", 2000, "`number` of orders in the store")
	return []*cobra.Command{cmd, c.demoWordPressCommand()}
}

const (
	fewestOrders = 50
	mostOrders   = 200_000
)

func (c *cli) demo(cmd *cobra.Command, orders int, server testshop.Kind) error {
	if orders < fewestOrders || orders > mostOrders {
		return usage("--orders %d: want a number from %d to %d", orders, fewestOrders, mostOrders)
	}
	var foreign error
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			foreign = usage("--%s is of no use here: the demo makes a store of its own", f.Name)
		}
	})
	if foreign != nil {
		return foreign
	}
	// A closed terminal is a reason to clear up like any other.
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
	defer stop()
	kinds := testshop.Kinds()
	if server != "" {
		kinds = []testshop.Kind{server}
	}
	d := &demo{stage: newStage(c.stdout, c.stderr), orders: orders, started: time.Now()}
	return d.run(ctx, kinds)
}

// demo is one showing.
type demo struct {
	*stage
	*exhibit
	orders  int
	started time.Time
}

// run shows everything and clears up, however that ends.
func (d *demo) run(ctx context.Context, kinds []testshop.Kind) (err error) {
	d.title("loyaltyd", "a points programme for WooCommerce, at work on a store of its own making")
	d.exhibit, err = d.openExhibit(ctx, kinds)
	if err == nil {
		err = d.show(ctx)
	}
	if closing := d.close(); closing != nil {
		return errors.Join(err, closing)
	}
	switch {
	case ctx.Err() != nil:
		d.aside("Stopped. Nothing was left behind.")
		return errReported
	case err != nil:
		return err
	}
	d.heading("Nothing was left behind.", "")
	d.text(fmt.Sprintf(whatNext, seconds(time.Since(d.started))))
	return nil
}

const whatNext = `  The server is gone with its folder. All of it took %s.
  On your own store, where it adds tables of its own and changes nothing else:

    make build
    bin/loyaltyd sync --wp-path /var/www/html      # the folder with wp-config.php
    bin/loyaltyd report status --wp-path /var/www/html
`

// show is the programme of the showing.
func (d *demo) show(ctx context.Context) error {
	for _, act := range []func(context.Context) error{
		d.fill, d.letIn, d.firstSync, d.trade, d.nextSyncs,
		d.status, d.sources, d.earners, d.history, d.explainOne, d.prove,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}
