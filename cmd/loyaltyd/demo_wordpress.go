//go:build demo

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"loyaltyd/internal/testshop"
	"loyaltyd/internal/testwp"
)

func (c *cli) demoWordPressCommand() *cobra.Command {
	var orders int
	var listen, version, locale string
	cmd := &cobra.Command{
		Use:   "demo-wordpress",
		Short: "Run a WordPress with the plugin, a store of its own making and the daemon",
		Long: `Installs WordPress in a temporary folder and a private database, with the
plugin and a stand-in for WooCommerce, fills the store, runs the daemon for it,
prints the address and the logins and stays until it is interrupted. No other
site is touched and nothing is left behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if orders < fewestOrders || orders > mostOrders {
				return usage("--orders %d: want a number from %d to %d", orders, fewestOrders, mostOrders)
			}
			// A closed terminal is a reason to clear up like any other.
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
			defer stop()
			d := &demoSite{stage: newStage(c.stdout, c.stderr), orders: orders}
			return d.run(ctx, testwp.Options{
				Version: version, Locale: locale, Listen: listen,
				Shop: testshop.Options{Timezone: exhibitZone, StartOfWeek: 1},
			})
		},
	}
	cmd.Flags().IntVar(&orders, "orders", 2000, "`number` of orders in the store")
	cmd.Flags().StringVar(&listen, "site", "", "`address` of the site, such as 127.0.0.1:8080; a free port when left out")
	cmd.Flags().StringVar(&version, "wordpress", testwp.Oldest, "`version` of WordPress, "+testwp.Oldest+" or "+testwp.Newest+", that scripts/fetch-wordpress has fetched")
	cmd.Flags().StringVar(&locale, "locale", "", "`language` of the site, such as zh_CN or tr_TR")
	return cmd
}

// demoSite is a WordPress with a daemon of its own.
type demoSite struct {
	*stage
	orders int
	server *testshop.Server
	site   *testwp.Site
}

// run shows the site until ctx ends, and clears up, however that comes.
func (d *demoSite) run(ctx context.Context, o testwp.Options) error {
	d.title("loyaltyd", "a points programme for WooCommerce, in a WordPress of its own making")
	err := d.show(ctx, o)
	if d.site != nil {
		err = errors.Join(err, d.site.Stop())
	}
	if d.server != nil {
		err = errors.Join(err, d.server.Stop())
	}
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		d.aside("\nStopped. Nothing was left behind.")
		return nil
	}
	return err
}

func (d *demoSite) show(ctx context.Context, o testwp.Options) error {
	err := d.step("Starting a private database server in a temporary folder", func() (string, error) {
		var err error
		if d.server, err = startAny(ctx, testshop.Kinds()); err != nil {
			return "", err
		}
		return "A private " + serverName(d.server) + " in a temporary folder", d.server.CreateDatabase(ctx, exhibitDatabase)
	})
	if err != nil {
		return err
	}
	err = d.step("Installing WordPress", func() (string, error) {
		var err error
		if d.site, err = testwp.Start(ctx, d.server, exhibitDatabase, o); err != nil {
			return "", err
		}
		return "WordPress " + d.site.Version + " with the plugin and a stand-in for WooCommerce", nil
	})
	if err != nil {
		return err
	}
	err = d.step("Filling the store", func() (string, error) {
		if err := d.site.Shop.SetOption(ctx, "loyaltyd_program", sitePrograms); err != nil {
			return "", err
		}
		err := d.site.Shop.Fill(ctx, testshop.FillOptions{Orders: d.orders, Seed: 1})
		return fmt.Sprintf("A store that traded for 18 months: %d orders", d.orders), err
	})
	if err != nil {
		return err
	}
	return d.serve(ctx)
}

// serve runs the daemon until ctx ends.
func (d *demoSite) serve(ctx context.Context) error {
	daemon, stop := context.WithCancel(ctx)
	defer stop()
	path := filepath.Join(filepath.Dir(d.site.Dir), "daemon.log")
	log, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("create the daemon's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	done := make(chan error, 1)
	go func() {
		c := &cli{stdout: io.Discard, stderr: log}
		root := c.root()
		root.SetArgs([]string{"serve", "--wp-path", d.site.Dir})
		root.SetOut(log)
		root.SetErr(log)
		done <- root.ExecuteContext(daemon)
	}()
	var shopper string
	err = d.step("Counting the points", func() (string, error) {
		shopper, err = d.bestShopper(ctx, done)
		return "The daemon at work, paired with the plugin", err
	})
	if err != nil {
		stop()
		return err
	}
	d.text(fmt.Sprintf(welcome, d.site.URL, d.site.User, d.site.Password, d.site.URL, shopper, d.site.Password, d.site.URL, path))
	err = <-done
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the daemon ended by itself; %s says why: %w", path, err)
}

const welcome = `
  Coupons > Loyalty   %s/wp-admin/admin.php?page=loyaltyd
                      as %s, password %s
  My Account          %s/my-account/loyalty-points/
                      as %s, password %s
  The shop            %s/shop/

  The daemon's log is %s. Ctrl-C ends everything.
`

// bestShopper waits until the reports are there, gives the customer who earned
// most a password and returns his login.
func (d *demoSite) bestShopper(ctx context.Context, done <-chan error) (string, error) {
	const interval = 100 * time.Millisecond
	shop := d.site.Shop
	for {
		var login string
		err := shop.DB.GetContext(ctx, &login, shop.Prefix.SQL(`
			SELECT u.user_login FROM {p}loyalty_top_earners e JOIN {p}users u ON u.ID = e.user_id
			WHERE e.period = 'all_time' AND u.user_login LIKE 'customer%' ORDER BY e.place LIMIT 1`))
		if err == nil {
			_, err := d.site.Eval(ctx, fmt.Sprintf(`wp_set_password( '%s', get_user_by( 'login', '%s' )->ID );`, d.site.Password, login))
			return login, err
		}
		select {
		case err := <-done:
			return "", fmt.Errorf("the daemon ended at once: %w", err)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(interval):
		}
	}
}
