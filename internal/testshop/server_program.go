package testshop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNotInstalled is what Start wraps when the machine has no such server.
var ErrNotInstalled = errors.New("not installed")

// program is an installed server program.
type program struct {
	kind      Kind
	server    string
	installer string // MariaDB's script that makes a data directory
	data      string // the data directory
}

// findProgram looks on PATH and where packages put servers, which is on few
// people's PATH. A mysqld may be of either brand. MySQL is also looked for
// where scripts/fetch-mysql puts it.
func findProgram(ctx context.Context, kind Kind) (program, error) {
	if kind == MariaDB {
		for _, name := range []string{"mariadbd", "mysqld"} {
			server := lookup(name)
			if server == "" || brand(ctx, server) != MariaDB {
				continue
			}
			for _, name := range []string{"mariadb-install-db", "mysql_install_db"} {
				if installer := lookup(name); installer != "" {
					return program{kind: MariaDB, server: server, installer: installer}, nil
				}
			}
		}
		return program{}, fmt.Errorf("mariadb: %w: on Debian and Ubuntu, apt-get install mariadb-server-core mariadb-client-core", ErrNotInstalled)
	}
	for _, server := range []string{lookup("mysqld"), fetchedMySQL()} {
		if server != "" && brand(ctx, server) == MySQL {
			return program{kind: MySQL, server: server}, nil
		}
	}
	return program{}, fmt.Errorf("mysql: %w: scripts/fetch-mysql fetches a private copy, which changes nothing on the machine", ErrNotInstalled)
}

func lookup(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/local/mysql/bin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return ""
}

// fetchedMySQL returns where scripts/fetch-mysql puts MySQL's server, or "".
func fetchedMySQL() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	path, err := exec.LookPath(filepath.Join(cache, "loyaltyd", "mysql", "mysqld"))
	if err != nil {
		return ""
	}
	return path
}

// brand returns whose the server program is, or "" when it does not run.
func brand(ctx context.Context, server string) Kind {
	out, err := exec.CommandContext(ctx, server, "--no-defaults", "--version").Output()
	switch {
	case err != nil:
		return ""
	case strings.Contains(string(out), "MariaDB"):
		return MariaDB
	}
	return MySQL
}

// initialize returns the command that makes an empty data directory.
func (p program) initialize() []string {
	if p.kind == MariaDB {
		return p.options(p.installer, "--auth-root-authentication-method=normal", "--skip-test-db",
			// A container may not know its own name, which matters only to accounts by host.
			"--skip-name-resolve", "--force")
	}
	return p.options(p.server, "--initialize-insecure")
}

// serve returns the command that runs the server on the data directory.
func (p program) serve(dir, socket string, options ServerOptions) []string {
	pool := options.BufferPool
	if pool == 0 {
		pool = 128
	}
	command := p.options(p.server,
		"--socket="+socket,
		"--pid-file="+filepath.Join(dir, "pid"),
		"--tmpdir="+dir,
		"--skip-networking",
		"--skip-log-bin",
		"--max-connections=300",
		"--character-set-server=utf8mb4",
		fmt.Sprintf("--innodb-buffer-pool-size=%dM", pool),
	)
	if p.kind == MySQL {
		command = append(command, "--mysqlx=OFF", "--secure-file-priv=NULL", "--local-infile=ON")
	}
	if !options.Durable {
		command = append(command, "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=OFF")
	}
	return append(command, options.Extra...)
}

// options returns the command line that initialize and serve have in common.
func (p program) options(executable string, more ...string) []string {
	command := []string{
		executable,
		"--no-defaults",
		"--datadir=" + p.data,
		"--performance-schema=OFF",
		// Several servers at once use up what the kernel allows.
		"--innodb-use-native-aio=OFF",
	}
	if p.kind == MariaDB {
		command = append(command, "--innodb-log-file-size=32M")
	} else {
		command = append(command, "--innodb-redo-log-capacity=64M")
	}
	if os.Geteuid() == 0 {
		// Both brands refuse to run as root unless told so.
		command = append(command, "--user=root")
	}
	return append(command, more...)
}
