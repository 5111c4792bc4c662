package tests

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/internal/testwp"
)

// php returns a PHP program: the machine's own when version is empty, else
// what scripts/fetch-php fetched. Where it is missing the test is skipped with
// the reason, unless LOYALTYD_TEST_REQUIRE names "php" or "php7.4".
func php(t *testing.T, version string) string {
	t.Helper()
	if version == "" {
		program, err := exec.LookPath("php")
		if err != nil {
			testshop.Missing(t, "php", "PHP is not installed: scripts/need-php installs it")
		}
		return program
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(cache, "loyaltyd", "php-"+version, "php")
	if _, err := os.Stat(program); errors.Is(err, os.ErrNotExist) {
		testshop.Missing(t, "php"+version, "PHP "+version+" is not there: scripts/fetch-php "+version+" fetches a private copy, which changes nothing on the machine")
	}
	return program
}

func name(version string) string {
	if version == "" {
		return "php"
	}
	return "php" + version
}

func TestEveryPHPFileIsOneForEveryPHP(t *testing.T) {
	for _, version := range []string{"7.4", "", "8.4"} {
		t.Run(name(version), func(t *testing.T) {
			t.Parallel()
			program := php(t, version)
			// One process for all: token_get_all with TOKEN_PARSE parses as -l does.
			const script = `foreach ( array_slice( $argv, 1 ) as $file ) {
				try { token_get_all( file_get_contents( $file ), TOKEN_PARSE ); } catch ( Error $e ) { echo $file, ':', $e->getLine(), ': ', $e->getMessage(), "\n"; }
			}`
			arguments := []string{"-r", script, "--"}
			for path := range phpSources(t, "../plugin") {
				arguments = append(arguments, path)
			}
			printed, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput()
			if err != nil || len(printed) > 0 {
				t.Errorf("%v\n%s", err, printed)
			}
		})
	}
}

func TestPHPUnit(t *testing.T) {
	if _, err := exec.LookPath("phpunit"); err != nil {
		testshop.Missing(t, "wordpress", "PHPUnit is not installed: scripts/need-php installs it")
	}
	tests, err := filepath.Glob("php/*Test.php")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests in php: %v", err)
	}
	daemon, err := daemonProgram()
	if err != nil {
		t.Fatalf("build the daemon: %v", err)
	}
	for _, on := range []struct {
		wordpress, php string
		locale         string
	}{
		{testwp.Oldest, "", ""},
		{testwp.Oldest, "7.4", ""},
		{testwp.Newest, "8.4", ""},
	} {
		t.Run("wordpress"+on.wordpress+"-"+name(on.php), func(t *testing.T) {
			program := php(t, on.php)
			site := testwp.New(t, testwp.Options{Version: on.wordpress, PHP: program, Locale: on.locale})
			if err := site.Shop.Fill(t.Context(), testshop.FillOptions{Orders: 60, Seed: 1}); err != nil {
				t.Fatal(err)
			}
			phpunit, err := exec.LookPath("phpunit")
			if err != nil {
				t.Fatal(err)
			}
			// PHPUnit itself is older than the newest PHP.
			command := exec.CommandContext(t.Context(), program, "-d", "error_reporting=24575", "-d", "memory_limit=1G", phpunit, "-c", "php", "--colors=never")
			command.Env = append(append(os.Environ(), site.Environment()...), "LOYALTYD_TEST_BINARY="+daemon, "LOYALTYD_TEST_PHP="+program)
			printed, err := command.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, printed)
			} else {
				lines := strings.Split(strings.TrimSpace(string(printed)), "\n")
				t.Log(lines[len(lines)-1])
			}
		})
	}
}
