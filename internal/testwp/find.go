package testwp

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// EnvPHP is the PHP program that sites run when Options name none.
const EnvPHP = "LOYALTYD_TEST_PHP"

func findPHP(program string) (string, error) {
	if program == "" {
		program = os.Getenv(EnvPHP)
	}
	if program == "" {
		program = "php"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("php: %w: on Debian and Ubuntu, scripts/need-php installs it", ErrNotInstalled)
	}
	return path, nil
}

// Installed returns nil if PHP and that version of WordPress are there, else an
// error that wraps ErrNotInstalled and says what to do.
func Installed(version string) error {
	if _, err := findPHP(""); err != nil {
		return err
	}
	_, err := findWordPress(version)
	return err
}

// findWordPress returns the folder with a version's files: that of the
// machine's own package, or what scripts/fetch-wordpress fetched.
func findWordPress(version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache: %w", err)
	}
	folders := []string{filepath.Join(cache, "loyaltyd", "wordpress-"+version, "usr", "share", "wordpress")}
	wanted := "$wp_version = '"
	if version != Newest {
		folders = append(folders, "/usr/share/wordpress")
		wanted += version
	}
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "wp-includes", "version.php"))
		if err == nil && strings.Contains(string(text), wanted) {
			return folder, nil
		}
	}
	return "", fmt.Errorf("wordpress %s: %w: scripts/fetch-wordpress %s fetches a private copy, which changes nothing on the machine",
		version, ErrNotInstalled, version)
}

// Repository returns a path in the checkout that this package was built from.
func Repository(path ...string) (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		// Built with -trimpath: the checkout is where the command runs.
		dir, err := os.Getwd()
		if err != nil {
			return "", fmt.Errorf("find the checkout: %w", err)
		}
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				return filepath.Join(append([]string{dir}, path...)...), nil
			}
			if dir == filepath.Dir(dir) {
				return "", fmt.Errorf("this works only in a checkout of loyaltyd, and there is no go.mod above here")
			}
		}
	}
	return filepath.Join(append([]string{filepath.Dir(file), "..", ".."}, path...)...), nil
}

// StandIn returns the folder of the stand-in for WooCommerce.
func StandIn() (string, error) { return Repository("wp-bridge", "tests", "standin", "woocommerce") }

// Plugin returns the folder of the plugin's sources.
func Plugin() (string, error) { return Repository("wp-bridge", "plugin", "loyaltyd") }

// WithStandIn returns the plugins of a usual site: the stand-in for
// WooCommerce and the plugin.
func WithStandIn() ([]string, error) {
	standIn, err := StandIn()
	if err != nil {
		return nil, err
	}
	plugin, err := Plugin()
	if err != nil {
		return nil, err
	}
	return []string{standIn, plugin}, nil
}
