package testwp

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"loyaltyd/internal/testshop"
)

//go:embed site
var siteFiles embed.FS

// lay makes the site's folder. WordPress finds its own files by the place of
// the file that runs, links resolved: so wp-admin and the files on top are
// copied; wp-includes, which is found by ABSPATH, is linked.
func (s *Site) lay(sources string, server *testshop.Server, name string, o Options) error {
	content := filepath.Join(s.Dir, "wp-content")
	for _, dir := range []string{"plugins", "mu-plugins", "themes", "languages", "uploads"} {
		if err := os.MkdirAll(filepath.Join(content, dir), 0o755); err != nil {
			return fmt.Errorf("make the site's folder: %w", err)
		}
	}
	tops, err := filepath.Glob(filepath.Join(sources, "*.php"))
	if err != nil {
		return fmt.Errorf("list WordPress's files: %w", err)
	}
	for _, top := range tops {
		if filepath.Base(top) == "wp-config.php" {
			continue // of the machine's own sites
		}
		if err := copyFile(top, filepath.Join(s.Dir, filepath.Base(top))); err != nil {
			return err
		}
	}
	if err := copyTree(filepath.Join(sources, "wp-admin"), filepath.Join(s.Dir, "wp-admin")); err != nil {
		return err
	}
	if err := os.Symlink(filepath.Join(sources, "wp-includes"), filepath.Join(s.Dir, "wp-includes")); err != nil {
		return fmt.Errorf("link WordPress's files: %w", err)
	}
	for from, to := range map[string]string{
		"site/theme":      filepath.Join(content, "themes", "plain"),
		"site/rig.php":    filepath.Join(content, "mu-plugins", "rig.php"),
		"site/router.php": filepath.Join(s.root, "router.php"),
	} {
		if err := unpack(from, to); err != nil {
			return err
		}
	}
	if o.Locale == "ar" || o.Locale == "he_IL" || o.Locale == "fa_IR" {
		// WordPress loads this for the locale; language packs say the same.
		direction := []byte("<?php\n$text_direction = 'rtl';\n")
		if err := os.WriteFile(filepath.Join(content, "languages", o.Locale+".php"), direction, 0o644); err != nil {
			return fmt.Errorf("write the locale's direction: %w", err)
		}
	}
	for _, plugin := range o.Plugins {
		if err := os.Symlink(plugin, filepath.Join(content, "plugins", filepath.Base(plugin))); err != nil {
			return fmt.Errorf("link the plugin %s: %w", plugin, err)
		}
	}
	return s.configure(server, name, o)
}

func (s *Site) configure(server *testshop.Server, name string, o Options) error {
	prefix := o.Shop.Prefix
	if prefix == "" {
		prefix = "wp_"
	}
	var b strings.Builder
	b.WriteString("<?php\n")
	for _, constant := range [][2]string{
		{"DB_NAME", name},
		{"DB_USER", "root"},
		{"DB_PASSWORD", ""},
		{"DB_HOST", "localhost:" + server.Socket},
		{"DB_CHARSET", "utf8mb4"},
		{"DB_COLLATE", ""},
		{"AUTH_KEY", random()},
		{"SECURE_AUTH_KEY", random()},
		{"LOGGED_IN_KEY", random()},
		{"NONCE_KEY", random()},
		{"AUTH_SALT", random()},
		{"SECURE_AUTH_SALT", random()},
		{"LOGGED_IN_SALT", random()},
		{"NONCE_SALT", random()},
		{"WP_DEBUG_LOG", filepath.Join(s.root, "debug.log")},
		{"FS_METHOD", "direct"},
		{"WP_ENVIRONMENT_TYPE", "local"},
		{"TESTWP_KEY", s.key},
		{"TESTWP_QUERIES", filepath.Join(s.root, "queries.log")},
		{"TESTWP_MAIL", filepath.Join(s.root, "mail.log")},
	} {
		fmt.Fprintf(&b, "define( '%s', '%s' );\n", constant[0], phpText(constant[1]))
	}
	b.WriteString(`define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'SCRIPT_DEBUG', false );
define( 'SAVEQUERIES', true );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'WP_AUTO_UPDATE_CORE', false );
`)
	b.WriteString(o.Config + "\n")
	fmt.Fprintf(&b, "$table_prefix = '%s';\n", phpText(prefix))
	b.WriteString(`if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
`)
	if err := os.WriteFile(filepath.Join(s.Dir, "wp-config.php"), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write wp-config.php: %w", err)
	}
	return nil
}

// install makes WordPress's tables, then the store's beside them, then
// activates the plugins, each in a request of its own as a person would.
func (s *Site) install(ctx context.Context, server *testshop.Server, name string, o Options) error {
	settings, err := json.Marshal(map[string]string{
		"url": s.URL, "user": s.User, "password": s.Password, "locale": o.Locale,
	})
	if err != nil {
		return fmt.Errorf("pass the settings: %w", err)
	}
	script, err := siteFiles.ReadFile("site/install.php")
	if err != nil {
		return fmt.Errorf("read the installer: %w", err)
	}
	if s.Version, err = s.run(ctx, string(script), "TESTWP_INSTALL="+string(settings)); err != nil {
		return fmt.Errorf("install it: %w", err)
	}
	o.Shop.InWordPress = true
	if s.Shop, err = testshop.NewShop(ctx, server.DSN(name), o.Shop); err != nil {
		return fmt.Errorf("make the store: %w", err)
	}
	for _, plugin := range o.Plugins {
		if err := s.Activate(ctx, filepath.Base(plugin)); err != nil {
			return err
		}
	}
	if _, err := s.Eval(ctx, "flush_rewrite_rules();"); err != nil {
		return fmt.Errorf("write the rewrite rules: %w", err)
	}
	return nil
}

// Activate activates a plugin by its folder's or file's name.
func (s *Site) Activate(ctx context.Context, name string) error {
	file := name
	if !strings.HasSuffix(name, ".php") {
		file = name + "/" + name + ".php"
	}
	_, err := s.Eval(ctx, `require_once ABSPATH . 'wp-admin/includes/admin.php';
		$result = activate_plugin( '`+phpText(file)+`' );
		if ( is_wp_error( $result ) ) { fwrite( STDERR, $result->get_error_message() ); exit( 1 ); }`)
	if err != nil {
		return fmt.Errorf("activate %s: %w", name, err)
	}
	return nil
}

func phpText(text string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text)
}

func queryEscape(text string) string { return url.QueryEscape(text) }

func unpack(from, to string) error {
	err := fs.WalkDir(siteFiles, from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := siteFiles.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
	if err != nil {
		return fmt.Errorf("unpack %s: %w", from, err)
	}
	return nil
}

// copyTree copies a folder; links become what they lead to, and those that
// lead nowhere are left out (packages link into packages that are not there).
func copyTree(from, to string) error {
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		err = copyFile(path, target)
		if errors.Is(err, fs.ErrNotExist) && entry.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copy WordPress's files: %w", err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		return fmt.Errorf("copy WordPress's files: %w", err)
	}
	return nil
}
