// Package testwp gives tests and the demo a real WordPress: a private site
// with a stand-in for WooCommerce and the plugin active, on PHP's own web
// server, in a private database. Nothing of the machine's own sites is read.
package testwp

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"loyaltyd/internal/testshop"
)

// ErrNotInstalled is what Start wraps when the machine lacks PHP or the
// WordPress that was asked for.
var ErrNotInstalled = errors.New("not installed")

// The versions of WordPress that Start knows, oldest first.
const (
	Oldest = "6.1"    // that the plugin supports; in Debian 12
	Newest = "newest" // whatever Debian unstable has; 7.1 in November 2026
)

// Options say what kind of site Start makes. The zero value is the oldest
// WordPress in English, with the stand-in and the plugin active and a small
// HPOS store without orders.
type Options struct {
	Version string // Oldest (when empty) or Newest
	PHP     string // the program; $LOYALTYD_TEST_PHP or php when empty

	// Plugins are folders or single files that are linked into the site and
	// activated in this order; WithStandIn when nil.
	Plugins []string
	// Shop is the store in the site's tables; its time zone and currency are
	// the site's.
	Shop testshop.Options
	// Locale is WPLANG, such as zh_CN, tr_TR or ar, which is written from
	// right to left. en_US when empty.
	Locale string
	// Config are lines of PHP for wp-config.php, such as
	// define( 'LOYALTYD_KEY', '…' );
	Config string
	// Dir is the site's folder, which must not exist yet; a temporary one
	// when empty.
	Dir string
	// Listen is the address of the web server; a free port of 127.0.0.1 when
	// empty.
	Listen string
}

// Site is a WordPress that runs.
type Site struct {
	URL      string // without a slash at its end
	Dir      string // ABSPATH, the folder with wp-config.php
	User     string // the administrator
	Password string
	DSN      string // of the database, for go-sql-driver/mysql
	Version  string // what WordPress says it is, such as 6.1.9
	Shop     *testshop.Shop

	php    string
	root   string
	key    string
	server *process
}

// Start makes a site in the empty database called name on server and returns
// when it answers. When this process ends without Stop, whatever ended it, the
// web server ends too and the site's folder is removed; the database stays.
func Start(ctx context.Context, server *testshop.Server, name string, o Options) (*Site, error) {
	site, err := start(ctx, server, name, o)
	if err != nil {
		return nil, fmt.Errorf("start a private WordPress: %w", err)
	}
	return site, nil
}

func start(ctx context.Context, server *testshop.Server, name string, o Options) (site *Site, err error) {
	if o.Version == "" {
		o.Version = Oldest
	}
	if o.Plugins == nil {
		if o.Plugins, err = WithStandIn(); err != nil {
			return nil, err
		}
	}
	sources, err := findWordPress(o.Version)
	if err != nil {
		return nil, err
	}
	php, err := findPHP(o.PHP)
	if err != nil {
		return nil, err
	}
	root := o.Dir
	if root == "" {
		if root, err = os.MkdirTemp("", "loyaltyd-wp-"); err != nil {
			return nil, fmt.Errorf("make its folder: %w", err)
		}
	}
	site = &Site{
		Dir: filepath.Join(root, "public"), User: "admin", Password: random(), DSN: server.DSN(name),
		php: php, root: root, key: random(),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, site.Stop())
			site = nil
		}
	}()
	address, err := freeAddress(ctx, o.Listen)
	if err != nil {
		return site, err
	}
	site.URL = "http://" + address
	if err := site.lay(sources, server, name, o); err != nil {
		return site, err
	}
	if err := site.install(ctx, server, name, o); err != nil {
		return site, err
	}
	return site, site.serve(ctx, address)
}

// Stop ends the web server, waits for it and removes the site's folder. The
// database stays. A second call does nothing.
func (s *Site) Stop() error {
	if s.Shop != nil {
		_ = s.Shop.Close()
		s.Shop = nil
	}
	if s.server != nil {
		s.server.stop()
		s.server = nil
	}
	if err := os.RemoveAll(s.root); err != nil {
		return fmt.Errorf("remove the site's folder: %w", err)
	}
	return nil
}

// Environment returns the variables that tell a command where the site is:
// LOYALTYD_WP_DIR, _URL, _USER, _PASSWORD, _DSN and _KEY (of SignIn).
func (s *Site) Environment() []string {
	return []string{
		"LOYALTYD_WP_DIR=" + s.Dir, "LOYALTYD_WP_URL=" + s.URL, "LOYALTYD_WP_USER=" + s.User,
		"LOYALTYD_WP_PASSWORD=" + s.Password, "LOYALTYD_WP_DSN=" + s.DSN, "LOYALTYD_WP_KEY=" + s.key,
	}
}

// SignIn returns an address that signs the browser in as a user and goes on
// to a path of the site, such as "/wp-admin/".
func (s *Site) SignIn(user int64, path string) string {
	return fmt.Sprintf("%s/?testwp_user=%d&testwp_key=%s&testwp_to=%s", s.URL, user, s.key, queryEscape(path))
}

// Problems returns the lines that PHP and WordPress logged: notices,
// warnings, errors, misused functions. What an old WordPress does that a newer
// PHP deprecates is not among them.
func (s *Site) Problems() ([]string, error) {
	var problems []string
	for _, name := range []string{"debug.log", "server.log"} {
		text, err := os.ReadFile(filepath.Join(s.root, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("read what PHP logged: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if isProblem(line, name) {
				problems = append(problems, strings.TrimSpace(line))
			}
		}
	}
	return problems, nil
}

func isProblem(line, log string) bool {
	core := slices.ContainsFunc([]string{"/wp-includes/", "/wp-admin/", "/usr/share/php/"}, func(dir string) bool { return strings.Contains(line, dir) })
	switch {
	case strings.TrimSpace(line) == "":
		return false
	case strings.Contains(line, "Deprecated:") && core:
		return strings.Contains(line, "<strong>") // a function of WordPress that was called
	case log == "server.log":
		return phpMessage.MatchString(line)
	}
	return true
}

// phpMessage tells what PHP complains of from what its server says.
var phpMessage = regexp.MustCompile(`PHP (Fatal error|Parse error|Warning|Notice|Deprecated|Recoverable)`)

func random() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
