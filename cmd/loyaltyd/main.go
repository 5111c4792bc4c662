// Loyaltyd keeps a points programme for a WooCommerce store: it reads the
// store's orders, comments and users, keeps a ledger of what they earned, and
// writes the reports that WordPress shows.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// The first signal asks for a clean end; with the second, which then has
	// its usual effect, the process ends at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
