package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loyaltyd/config"
)

// sample is a wp-config.php as WordPress ships it, in outline.
const sample = `<?php
/**
 * The base configuration. define( 'DB_NAME', 'in_a_comment' );
 */
// define( 'DB_NAME', 'in_a_comment' );
# define( 'DB_NAME', 'in_a_comment' );
define( 'DB_NAME', 'wordpress' );

/** Database username */
define( 'DB_USER', 'shop' );
define( 'DB_PASSWORD', 'it\'s "se(re\t\\' );
define( 'DB_HOST', '127.0.0.1:3307' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'AUTH_KEY', 'define("DB_NAME", "in_a_string"); // ?> <?php' );
$table_prefix = 'wp_';
define( 'WP_DEBUG', false );
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
`

// wpRoot returns a folder with the files given.
func wpRoot(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func parsed(t *testing.T, c config.WPConfig) *mysql.Config {
	t.Helper()
	d, err := mysql.ParseDSN(c.DSN.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadWPConfig(t *testing.T) {
	t.Parallel()
	root := wpRoot(t, map[string]string{"wp-config.php": sample})
	c, err := config.ReadWPConfig(root)
	if err != nil {
		t.Fatal(err)
	}
	prefix, err := c.Prefix()
	if err != nil {
		t.Fatal(err)
	}
	d := parsed(t, c)
	got := []string{c.Path, c.Charset, string(prefix), d.User, d.Passwd, d.Net, d.Addr, d.DBName}
	want := []string{filepath.Join(root, "wp-config.php"), "utf8mb4", "wp_", "shop", `it's "se(re\t\`, "tcp", "127.0.0.1:3307", "wordpress"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhereWPConfigIsLookedFor(t *testing.T) {
	t.Parallel()
	other := strings.Replace(sample, "'wordpress'", "'other'", 1)
	cases := map[string]struct {
		files map[string]string
		dir   string
		want  string // database, or text of the error
	}{
		"in the folder":                  {map[string]string{"a/wp-config.php": sample, "wp-config.php": other}, "a", "wordpress"},
		"one folder up":                  {map[string]string{"wp-config.php": sample, "a/wp-settings.php": ""}, "a", "wordpress"},
		"not of another WordPress":       {map[string]string{"wp-config.php": sample, "wp-settings.php": "", "a/x": ""}, "a", "there is no wp-config.php"},
		"not two folders up":             {map[string]string{"wp-config.php": sample, "a/b/x": ""}, "a/b", "there is no wp-config.php"},
		"nowhere":                        {map[string]string{"a/x": ""}, "a", "give the folder that holds it"},
		"a folder that is not there":     {nil, "a", "no such file or directory: give the folder that holds wp-config.php"},
		"the file instead of its folder": {map[string]string{"wp-config.php": sample}, "wp-config.php", "is not a folder: give the folder"},
		"a folder of that name":          {map[string]string{"a/wp-config.php/x": ""}, "a", "is not a file"},
		"larger than any configuration":  {map[string]string{"a/wp-config.php": sample + strings.Repeat("# x\n", 1<<18)}, "a", "is larger than 1048576 bytes"},
		"empty":                          {map[string]string{"a/wp-config.php": ""}, "a", "DB_NAME is not defined there"},
	}
	for name, test := range cases {
		root := wpRoot(t, test.files)
		c, err := config.ReadWPConfig(filepath.Join(root, test.dir))
		switch {
		case err != nil:
			if got := strings.Join(problems(t, err), "\n"); !strings.Contains(got, test.want) {
				t.Errorf("%s: %q, want %q", name, got, test.want)
			}
		case parsed(t, c).DBName != test.want:
			t.Errorf("%s: database %q, want %q", name, parsed(t, c).DBName, test.want)
		}
	}
}

func TestAPipeAsWPConfigDoesNotHang(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "wp-config.php"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.ReadWPConfig(root); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("error %v", err)
	}
}

// TestPHP states what the value of DB_NAME and $table_prefix is, for the ways
// in which people write them. The rest of the file is as usual.
func TestPHP(t *testing.T) {
	t.Parallel()
	const rest = "\n;define('DB_USER','u');define('DB_PASSWORD','');define('DB_HOST','h');"
	cases := []struct{ name, php, want, prefix string }{
		{"single quotes", `define('DB_NAME', 'a\'b\\c\d$x{$y}');`, `a'b\c\d$x{$y}`, ""},
		{"double quotes", `define("DB_NAME", "a\"b\\c\$d\q" , true);`, `a"b\c$d\q`, ""},
		{"escapes", `define('DB_NAME', "\x41\102\u{43}\x4g\e[$ {a} \400");`, "ABC\x04g\x1b[$ {a} \x00", ""},
		{"bad escapes", `define('DB_NAME', "\xg\u{}\u{zz}\8");`, `\xg\u{}\u{zz}\8`, ""},
		{"emoji and bytes", "define('DB_NAME', 'é🎉');", "é🎉", ""},
		{"a string of two lines", "define('DB_NAME', 'a\nb');", "a\nb", ""},
		{"capitals", `DEFINE('DB_NAME', 'a');`, "a", ""},
		{"the global namespace", `namespace X; \define('\DB_NAME', 'a');`, "a", ""},
		{"no spaces, a comment within", `define/* ( */('DB_NAME'#,` + "\n" + `,'a');`, "a", ""},
		{"const", `const A = 1, DB_NAME = 'a', B = [1, 2];`, "a", ""},
		{"a number", `define('DB_NAME', 42);`, "42", ""},
		{"the first wins", `define('DB_NAME', 'a'); define('DB_NAME', 'b');`, "a", ""},
		{"another case is another constant", `define('db_name', 'b'); define('DB_NAME', 'a');`, "a", ""},
		{"guarded", `if ( ! defined( 'DB_NAME' ) ) define( 'DB_NAME', 'a' ); define('DB_NAME', 'b');`, "a", ""},
		{"guarded in braces", `if (!defined('DB_NAME')) { define('DB_NAME', 'a'); } define('DB_NAME', getenv('X'));`, "a", ""},
		{"guarded by or", `defined('DB_NAME') or define('DB_NAME', 'a'); defined('DB_NAME') || define('DB_NAME', 'b');`, "a", ""},
		{"guarded by and", `!defined('DB_NAME') && @define('DB_NAME', 'a'); define('DB_NAME', 'a');`, "a", ""},
		{"silenced", `@define('DB_NAME', 'a'); define('DB_NAME', 'b');`, "a", ""},
		{"in either branch", `if (file_exists('x')) { include 'x'; } else { define('DB_NAME', 'a'); }`, "a", ""},
		{"the same in both branches", `if (X) { define('DB_NAME', 'a'); } else { define('DB_NAME', 'a'); }`, "a", ""},
		{"after a branch without it", `if (X) { define('OTHER', 'b'); } elseif (Y): endif; define('DB_NAME', 'a'); define('DB_NAME', 'b');`, "a", ""},
		{"after the other syntax", `if (X): foo(); elseif (Y): bar(); else: baz(); endif; define('DB_NAME', 'a'); if (Z) define('DB_NAME', 'b');`, "a", ""},
		{"a method called define", `$x->define('DB_NAME', 'b'); X::define('DB_NAME', 'b'); $x?->define('DB_NAME', 'b'); define('DB_NAME', 'a');`, "a", ""},
		{"a function called define", `class Y { function define($a, $b) {} const DB_NAME = 'b'; } define('DB_NAME', 'a');`, "a", ""},
		{"the class constant", `echo X::class; define('DB_NAME', 'a'); define('DB_NAME', 'b');`, "a", ""},
		{"heredoc", "$x = <<<EOT\ndefine('DB_NAME', 'b'); EOTX\n  EOT . 'x'; define('DB_NAME', 'a');", "a", ""},
		{"nowdoc", "$x = <<< 'E'\r\n' \" ?>\r\nE;\ndefine('DB_NAME', 'a');", "a", ""},
		{"quoted heredoc", "f(<<<\"E\"\n'\nE, 1); define('DB_NAME', 'a');", "a", ""},
		{"a shift", `$x = 1 <<2; $y = 8<<<3; define('DB_NAME', 'a');`, "a", ""},
		{"backticks", "$x = `echo \\` define('DB_NAME', 'b')`; define('DB_NAME', 'a');", "a", ""},
		{"inline HTML", "?> define('DB_NAME', 'b'); ' <?xml ?> <?php define('DB_NAME', 'a') ?> <?= 'x' ?> ' <?php", "a", ""},
		{"a comment up to the end tag", "// ? ' ?> ' <?php define('DB_NAME', 'a'); # ' ?>", "a", ""},
		{"a comment of stars", "/***/define('DB_NAME', 'a');/**/", "a", ""},
		{"nothing after the halt", `define('DB_NAME', 'a'); __halt_compiler(); ' unfinished`, "a", ""},
		{"an unfinished string elsewhere is an error", `define('DB_NAME', 'a'); $x = 'oops`, "error: the string that begins on line", ""},
		{"a heredoc without end", "$x = <<<E\nfoo", "error: the heredoc that begins on line 1 does not end", ""},
		{"a comment without end", "define('DB_NAME', 'a'); /* oops", "error: the comment that begins on line 1", ""},
		{"backticks without end", "$x = `oops", "error: the command in backticks", ""},
		{"nested without end", strings.Repeat("{", 300), "error: nested more than 200 deep", ""},

		{"getenv", `define('DB_NAME', getenv('X'));`, "error: wp-config.php:1: DB_NAME is not written out but computed by PHP", ""},
		{"concatenation", `define('DB_NAME', 'a' . 'b');`, "error: DB_NAME is not written out", ""},
		{"a constant", `define('DB_NAME', NAME);`, "error: DB_NAME is not written out", ""},
		{"interpolation", `define('DB_NAME', "a$b");`, "error: DB_NAME is not written out", ""},
		{"braces", `define('DB_NAME', "{$b}");`, "error: DB_NAME is not written out", ""},
		{"dollar brace", `define('DB_NAME', "${b}");`, "error: DB_NAME is not written out", ""},
		{"an array", `define('DB_NAME', $_ENV['X'] ?? 'a');`, "error: DB_NAME is not written out", ""},
		{"a heredoc value", "define('DB_NAME', <<<E\na\nE\n);", "error: DB_NAME is not written out", ""},
		{"null", "define('DB_NAME', null);", "error: DB_NAME is not written out", ""},
		{"hexadecimal", "define('DB_NAME', 0x10);", "error: DB_NAME is not written out", ""},
		{"computed const", "const DB_NAME = A . 'b';", "error: DB_NAME is not written out", ""},
		{"a computed name", `define('DB_' . 'NAME', 'a');`, "error: DB_NAME is not defined there (perhaps in a file that it includes)", ""},
		{"elsewhere", `require 'db.php';`, "error: DB_NAME is not defined there", ""},
		{"by condition", `if (X) { define('DB_NAME', 'a'); } else { define('DB_NAME', 'b'); }`, "error: DB_NAME has different values, depending on a condition", ""},
		{"by condition without braces", `if (X) define('DB_NAME', 'a'); else define('DB_NAME', 'b');`, "error: DB_NAME has different values", ""},
		{"by condition with colons", `if (X): define('DB_NAME', 'a'); else: define('DB_NAME', 'b'); endif;`, "error: DB_NAME has different values", ""},
		{"by else if", `if (X) {} else if (Y) { define('DB_NAME', 'a'); } define('DB_NAME', 'b');`, "error: DB_NAME has different values", ""},
		{"by and", `X && define('DB_NAME', 'a'); define('DB_NAME', 'b');`, "error: DB_NAME has different values", ""},
		{"by switch", `switch (X) { case 1: define('DB_NAME', 'a'); break; default: define('DB_NAME', 'b'); }`, "error: DB_NAME has different values", ""},
		{"by a function", `function f() { define('DB_NAME', 'a'); } define('DB_NAME', 'b');`, "error: DB_NAME has different values", ""},
		{"guarded by another", `if (!defined('X')) { define('DB_NAME', 'a'); } define('DB_NAME', 'b');`, "error: DB_NAME has different values", ""},
		{"a condition on a value not known", `if (X) define('DB_NAME', getenv('Y')); define('DB_NAME', 'b');`, "error: DB_NAME is not written out", ""},
		{"empty", `define('DB_NAME', '');`, "error: DB_NAME is empty", ""},

		{"prefix", `define('DB_NAME', 'a'); $table_prefix = "shop_";`, "a", "shop_"},
		{"the last prefix", `define('DB_NAME', 'a'); $table_prefix='x_'; if ($table_prefix == 'y_') {} $table_prefix = 'shop_';`, "a", "shop_"},
		{"a prefix by condition", `define('DB_NAME', 'a'); $table_prefix='x_'; if (X) $table_prefix = 'y_';`, "a", "error: $table_prefix has different values"},
		{"a computed prefix", `define('DB_NAME', 'a'); $table_prefix = getenv('P') ?: 'x_';`, "a", "error: $table_prefix is not written out"},
		{"a prefix with more", `define('DB_NAME', 'a'); $table_prefix = 'x_'; $table_prefix .= 'y_';`, "a", "error: $table_prefix is not written out"},
		{"an alternative prefix", `define('DB_NAME', 'a'); $table_prefix ??= 'x_';`, "a", "error: $table_prefix is not written out"},
		{"no prefix", `define('DB_NAME', 'a');`, "a", "error: $table_prefix is not defined there"},
		{"an impossible prefix", `define('DB_NAME', 'a'); $table_prefix = 'x-y';`, "a", `error: table prefix "x-y": only letters`},
	}
	for _, test := range cases {
		root := wpRoot(t, map[string]string{"wp-config.php": "<?php " + test.php + rest})
		if strings.HasSuffix(test.php, "?>") {
			root = wpRoot(t, map[string]string{"wp-config.php": "<?php " + test.php + "<?php" + rest})
		}
		if strings.Contains(test.php, "__halt_compiler") {
			root = wpRoot(t, map[string]string{"wp-config.php": "\xef\xbb\xbf<html><?php" + rest + test.php})
		}
		c, err := config.ReadWPConfig(root)
		check := func(what, want, got string, err error) {
			text, failing := strings.CutPrefix(want, "error: ")
			switch {
			case failing && (err == nil || !strings.Contains(strings.Join(problems(t, err), "\n"), text)):
				t.Errorf("%s: %s %q, error %v, want error %q", test.name, what, got, err, text)
			case !failing && (err != nil || got != want):
				t.Errorf("%s: %s %q, error %v, want %q", test.name, what, got, err, want)
			}
		}
		name := ""
		if err == nil {
			name = parsed(t, c).DBName
		}
		check("DB_NAME", test.want, name, err)
		if test.prefix != "" {
			prefix, err := c.Prefix()
			check("$table_prefix", test.prefix, string(prefix), err)
		}
	}
}

func TestEveryMissingConstantIsNamed(t *testing.T) {
	t.Parallel()
	root := wpRoot(t, map[string]string{"wp-config.php": "<?php\ndefine('DB_USER', 'x');\ndefine('DB_HOST', env('h'));"})
	_, err := config.ReadWPConfig(root)
	golden(t, "wpconfig.golden", strings.Join(problems(t, err), "\n")+"\n")
}

// Whatever stands in a constant, it comes back from the DSN, or is refused.
func TestCredentialsSurvive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune(`@:/?()&%#'"\$+ =[]`)), rapid.Rune()))
		name, user, password := "n"+text.Draw(t, "name"), text.Draw(t, "user"), text.Draw(t, "password")
		php := "<?php define('DB_NAME','" + quote.Replace(name) + "');define('DB_USER','" + quote.Replace(user) +
			"');define('DB_PASSWORD','" + quote.Replace(password) + "');define('DB_HOST',':/run/s.sock');"
		if err := os.WriteFile(filepath.Join(dir, "wp-config.php"), []byte(php), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.ReadWPConfig(dir)
		if _, refused := errors.AsType[*config.InvalidError](err); refused {
			if !strings.Contains(err.Error(), "signs that a DSN cannot hold") || user != "" && !strings.Contains(user, ":") {
				t.Fatal(err)
			}
			return
		}
		d, err := mysql.ParseDSN(c.DSN.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if d.DBName != name || d.User != user || d.Passwd != password || d.Addr != "/run/s.sock" {
			t.Errorf("got %q %q %q %q, want %q %q %q", d.DBName, d.User, d.Passwd, d.Addr, name, user, password)
		}
	})
}

func TestResolve(t *testing.T) {
	t.Parallel()
	root := wpRoot(t, map[string]string{"wp-config.php": sample})
	noPrefix := wpRoot(t, map[string]string{"wp-config.php": strings.Replace(sample, "$table_prefix", "$other", 1)})
	dsnFile := write(t, "dsn", "u:pw@tcp(h:1)/d")
	cases := map[string]struct {
		args           []string
		prefix, origin string // origin: or the text of the error
	}{
		"a folder":                        {[]string{"--wp-path", root}, "wp_", filepath.Join(root, "wp-config.php")},
		"a folder and a prefix":           {[]string{"--wp-path", root, "--table-prefix", "wp_2_"}, "wp_2_", filepath.Join(root, "wp-config.php")},
		"a prefix that PHP does not know": {[]string{"--wp-path", noPrefix, "--table-prefix", "x_"}, "x_", filepath.Join(noPrefix, "wp-config.php")},
		"a DSN":                           {[]string{"--dsn", "u@tcp(h:1)/d"}, "wp_", "store.dsn"},
		"a DSN in a file":                 {[]string{"--set", "store.dsn_file=" + dsnFile, "--table-prefix", "y_"}, "y_", dsnFile},
		"nothing":                         {nil, "", "it is not said where WordPress is: give its folder with --wp-path"},
		"no prefix":                       {[]string{"--wp-path", noPrefix}, "", "$table_prefix is not defined there (perhaps in a file that it includes): give it with --table-prefix"},
		"no WordPress":                    {[]string{"--wp-path", t.TempDir()}, "", "there is no wp-config.php in"},
	}
	for name, test := range cases {
		site, err := mustLoad(t, "", nil, test.args...).Resolve()
		switch {
		case err != nil:
			if got := strings.Join(problems(t, err), "\n"); test.prefix != "" || !strings.Contains(got, test.origin) {
				t.Errorf("%s: %v, want %q", name, err, test.origin)
			}
		case string(site.Prefix) != test.prefix || site.Origin != test.origin || site.DSN.IsZero():
			t.Errorf("%s: prefix %q from %q, DSN %v, want %q from %q", name, site.Prefix, site.Origin, site.DSN, test.prefix, test.origin)
		}
	}
}

func TestUserTables(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		code string
		args []string
		want string // users and their meta, or the text of the error
	}{
		"none":                   {"", nil, " "},
		"both":                   {`define('CUSTOM_USER_TABLE', 'people'); define('CUSTOM_USER_META_TABLE', "people_meta");`, nil, "people people_meta"},
		"only one":               {`const CUSTOM_USER_TABLE = 'main_users';`, nil, "main_users "},
		"after the prefix":       {`define( 'CUSTOM_USER_TABLE', $table_prefix . 'my_users' ); define('CUSTOM_USER_META_TABLE', $table_prefix.'my_usermeta');`, nil, "wp_my_users wp_my_usermeta"},
		"if there is none":       {`if ( ! defined('CUSTOM_USER_TABLE') ) define('CUSTOM_USER_TABLE', 'a');`, nil, "a "},
		"of another database":    {"define('CUSTOM_USER_TABLE', '`main`.wp_users'); define('CUSTOM_USER_META_TABLE', 'main.wp_usermeta');", nil, "main.wp_users main.wp_usermeta"},
		"empty":                  {`define('CUSTOM_USER_TABLE', '');`, nil, " "},
		"in a comment":           {`// define('CUSTOM_USER_TABLE', 'a');`, nil, " "},
		"another prefix changes": {`define('CUSTOM_USER_TABLE', $table_prefix . 'u');`, []string{"--table-prefix", "wp_2_"}, "wp_u "},
		"the key wins":           {`define('CUSTOM_USER_TABLE', 'a'); define('CUSTOM_USER_META_TABLE', 'b');`, []string{"--set", "store.users_table=c"}, "c b"},
		"the key helps":          {`define('CUSTOM_USER_TABLE', getenv('USERS'));`, []string{"--set", "store.users_table=c"}, "c "},
		"computed":               {`define('CUSTOM_USER_TABLE', getenv('USERS'));`, nil, "CUSTOM_USER_TABLE is not written out but computed by PHP: give the table's name with store.users_table"},
		"a longer expression":    {`define('CUSTOM_USER_META_TABLE', $table_prefix . 'a' . $b);`, nil, "give the table's name with store.usermeta_table"},
		"of another variable":    {`define('CUSTOM_USER_TABLE', $prefix . 'a');`, nil, "give the table's name with store.users_table"},
		"by condition":           {`if ($x) { define('CUSTOM_USER_TABLE', 'a'); } else { define('CUSTOM_USER_TABLE', 'b'); }`, nil, "different values"},
		"impossible":             {`define('CUSTOM_USER_TABLE', 'a b');`, nil, `CUSTOM_USER_TABLE: table "a b": only letters`},
	}
	for name, test := range cases {
		root := wpRoot(t, map[string]string{"wp-config.php": strings.Replace(sample, "define( 'WP_DEBUG'", test.code+"\ndefine( 'WP_DEBUG'", 1)})
		site, err := mustLoad(t, "", nil, append([]string{"--wp-path", root}, test.args...)...).Resolve()
		if err != nil {
			if got := strings.Join(problems(t, err), "\n"); !strings.Contains(got, test.want) {
				t.Errorf("%s: %v, want %q", name, err, test.want)
			}
			continue
		}
		if got := fmt.Sprintf("%s %s", site.Users.Users, site.Users.Meta); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	site, err := mustLoad(t, "", nil, "--dsn", "u@tcp(h:1)/d", "--set", "store.users_table=people", "--set", "store.usermeta_table=`x-y`.meta").Resolve()
	if err != nil || site.Users.Users != "people" || site.Users.Meta.SQL() != "`x-y`.`meta`" {
		t.Errorf("with a DSN: %v, %v", site.Users, err)
	}
}
