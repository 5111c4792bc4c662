//go:build demo

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/testshop"
)

// exhibit is a WordPress of our own making: a database server with the store,
// and beside it, in the server's folder, a wp-config.php and the configuration
// of loyaltyd. Whatever ends the process, the server and the folder go too.
type exhibit struct {
	server *testshop.Server
	folder string
	shop   *testshop.Shop
	root   *sqlx.DB
	zone   *time.Location
	clock  time.Time // of the shop
}

const (
	exhibitDatabase = "shop"
	exhibitZone     = "America/New_York"
)

// openExhibit starts the server and makes an empty store. Whatever it returns
// is to be closed, also with an error.
func (d *demo) openExhibit(ctx context.Context, kinds []testshop.Kind) (*exhibit, error) {
	x := &exhibit{clock: time.Now().Add(-tradingTime)}
	var err error
	if x.zone, err = time.LoadLocation(exhibitZone); err != nil {
		return x, fmt.Errorf("the demo's time zone: %w", err)
	}
	err = d.step("Starting a private database server in a temporary folder", func() (string, error) {
		var err error
		if x.server, err = startAny(ctx, kinds); err != nil {
			return "", err
		}
		x.folder = filepath.Dir(x.server.Socket)
		if err := x.server.CreateDatabase(ctx, exhibitDatabase); err != nil {
			return "", err
		}
		if x.root, err = x.server.Open(ctx, exhibitDatabase); err != nil {
			return "", err
		}
		x.shop, err = testshop.NewShop(ctx, x.server.DSN(exhibitDatabase), testshop.Options{Timezone: exhibitZone, StartOfWeek: 1})
		return "A private " + serverName(x.server) + " in a temporary folder", err
	})
	return x, err
}

// startAny starts the first of the servers that is installed.
func startAny(ctx context.Context, kinds []testshop.Kind) (*testshop.Server, error) {
	var missing []error
	for _, kind := range kinds {
		server, err := testshop.Start(ctx, kind, testshop.ServerOptions{})
		if !errors.Is(err, testshop.ErrNotInstalled) {
			return server, err
		}
		missing = append(missing, err)
	}
	return nil, fmt.Errorf("the demo needs a database server:\n%w", errors.Join(missing...))
}

func serverName(s *testshop.Server) string {
	version, _, _ := strings.Cut(s.Version, "-")
	if s.Kind == testshop.MySQL {
		return "MySQL " + version
	}
	return "MariaDB " + version
}

// close ends the server and removes its folder with all that is in it.
func (x *exhibit) close() error {
	if x.shop != nil {
		_ = x.shop.Close()
	}
	if x.root != nil {
		_ = x.root.Close()
	}
	if x.server == nil {
		return nil
	}
	return x.server.Stop()
}

// loyaltyd runs a command as a user of the exhibit would, and returns its
// output.
func (d *demo) loyaltyd(ctx context.Context, environ []string, args ...string) (string, error) {
	var out bytes.Buffer
	c := &cli{stdout: &out, stderr: d.stderr, environ: environ}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(d.stderr)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

// command runs a command under the exhibit's configuration.
func (d *demo) command(ctx context.Context, args ...string) (string, error) {
	return d.loyaltyd(ctx, []string{"LOYALTYD_CONFIG=" + filepath.Join(d.folder, "loyaltyd.yaml")}, args...)
}

// configure makes a database user with the rights that the command grants
// prints, a wp-config.php that names him, and the configuration.
func (d *demo) configure(ctx context.Context) error {
	const account = "'loyaltyd'@'localhost'"
	password := rand.Text()
	rights, err := d.loyaltyd(ctx, []string{"LOYALTYD_STORE_DSN=" + d.server.DSN(exhibitDatabase)}, "grants", "--user", account)
	if err != nil {
		return err
	}
	statements := []string{"CREATE USER " + account + " IDENTIFIED BY '" + password + "'"}
	for line := range strings.Lines(rights) {
		if strings.HasPrefix(line, "GRANT ") {
			statements = append(statements, line)
		}
	}
	for _, statement := range statements {
		if _, err := d.root.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("let loyaltyd into the database: %w", err)
		}
	}
	values := map[string]string{
		"Folder": d.folder, "Socket": d.server.Socket, "Database": exhibitDatabase, "Password": password,
		"From": d.siteTime(campaignStart), "To": d.siteTime(campaignEnd),
	}
	for name, text := range map[string]string{"wp-config.php": wpConfig, "loyaltyd.yaml": demoConfig} {
		var b strings.Builder
		if err := template.Must(template.New(name).Parse(text)).Execute(&b, values); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(d.folder, name), []byte(b.String()), 0o600); err != nil {
			return fmt.Errorf("write the demo's configuration: %w", err)
		}
	}
	return nil
}

const wpConfig = `<?php
define( 'DB_NAME', '{{.Database}}' );
define( 'DB_USER', 'loyaltyd' );
define( 'DB_PASSWORD', '{{.Password}}' );
define( 'DB_HOST', 'localhost:{{.Socket}}' );
define( 'DB_CHARSET', 'utf8mb4' );
$table_prefix = 'wp_';
`

// The campaign of the demo, in days before the store's last one.
const (
	campaignStart = 24 * 24 * time.Hour
	campaignEnd   = 17 * 24 * time.Hour
)

// siteTime returns a time before the store's present one as the configuration
// writes it.
func (d *demo) siteTime(before time.Duration) string {
	return d.clock.Add(-before).In(d.zone).Format(time.DateTime)
}
