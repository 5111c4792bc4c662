// Withwp runs a command, such as `phpunit`, while a private WordPress with the
// stand-in for WooCommerce and the plugin runs, tells it where in the
// environment (LOYALTYD_WP_DIR, _URL, _USER, _PASSWORD, _DSN), stops the site
// whatever happens and exits with the command's status. Without a command it
// prints the address and the login and stays until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"loyaltyd/internal/testshop"
	"loyaltyd/internal/testwp"
)

func main() {
	status, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "withwp:", err)
	}
	os.Exit(status)
}

func run() (status int, err error) {
	version := flag.String("version", testwp.Oldest, "of WordPress")
	php := flag.String("php", "", "`program` that runs it")
	locale := flag.String("locale", "", "of the site, such as zh_CN, tr_TR or ar")
	zone := flag.String("timezone", "", "of the site, such as Europe/Berlin")
	bare := flag.Bool("bare", false, "without any plugin")
	orders := flag.Int("orders", 0, "`number` of orders in the store")
	kind := flag.String("server", string(testshop.MariaDB), "`brand` of the database server")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	server, err := testshop.Start(ctx, testshop.Kind(*kind), testshop.ServerOptions{})
	if err != nil {
		return 1, fmt.Errorf("the database: %w", err)
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	const name = "wordpress"
	if err := server.CreateDatabase(ctx, name); err != nil {
		return 1, fmt.Errorf("the database: %w", err)
	}
	plugins := []string(nil)
	if *bare {
		plugins = []string{}
	}
	site, err := testwp.Start(ctx, server, name, testwp.Options{
		Plugins: plugins,
		Version: *version, PHP: *php, Locale: *locale,
		Shop: testshop.Options{Timezone: *zone},
	})
	if err != nil {
		return 1, fmt.Errorf("the site: %w", err)
	}
	defer func() { err = errors.Join(err, site.Stop()) }()
	if *orders > 0 {
		if err := site.Shop.Fill(ctx, testshop.FillOptions{Orders: *orders, Seed: 1}); err != nil {
			return 1, fmt.Errorf("the store: %w", err)
		}
	}
	if flag.NArg() == 0 {
		fmt.Printf("%s/wp-admin/ as %s, password %s\n%s\nEverything in %s; Ctrl-C ends it.\n", site.URL, site.User, site.Password,
			site.SignIn(1, "/wp-admin/"), site.Dir)
		<-ctx.Done()
		return 0, nil
	}
	command := exec.CommandContext(ctx, flag.Arg(0), flag.Args()[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.Env = append(os.Environ(), site.Environment()...)
	err = command.Run()
	if problems, reading := site.Problems(); len(problems) > 0 || reading != nil {
		fmt.Fprintln(os.Stderr, "withwp: PHP and WordPress logged:")
		for _, problem := range problems {
			fmt.Fprintln(os.Stderr, " ", problem)
		}
		return 1, errors.Join(err, reading)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, fmt.Errorf("run %s: %w", flag.Arg(0), err)
	}
	return 0, nil
}
