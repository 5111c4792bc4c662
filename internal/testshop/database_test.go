package testshop

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loyaltyd/internal/database"
)

func TestEachTestHasAnEmptyDatabaseOfItsOwn(t *testing.T) {
	Each(t, func(t *testing.T, db *Database) {
		var names []string
		for range 2 {
			t.Run("one", func(t *testing.T) {
				own := db.Server.newDatabase(t)
				names = append(names, own.Name)
				own.Root.MustExec("CREATE TABLE only_here (n INT)")
			})
		}
		if names[0] == names[1] {
			t.Errorf("two tests share database %s", names[0])
		}
		if left := databases(t, db); slices.Contains(left, names[0]) || slices.Contains(left, names[1]) {
			t.Errorf("databases %v outlive their tests: %v", names, left)
		}
	})
}

func TestKEEPDBKeepsTheDatabase(t *testing.T) {
	db := New(t)
	var kept string
	t.Run("keeper", func(t *testing.T) {
		t.Setenv(EnvKeep, "1")
		kept = db.Server.newDatabase(t).Name
	})
	defer func() {
		if err := db.Server.DropDatabase(t.Context(), kept); err != nil {
			t.Error(err)
		}
	}()
	if !slices.Contains(databases(t, db), kept) {
		t.Errorf("database %s is gone", kept)
	}
}

func databases(t *testing.T, db *Database) []string {
	t.Helper()
	var names []string
	if err := db.Root.Select(&names, "SHOW DATABASES"); err != nil {
		t.Fatal(err)
	}
	return names
}

func TestAUserMayDoWhatItsGrantsSay(t *testing.T) {
	Each(t, func(t *testing.T, db *Database) {
		db.Root.MustExec("CREATE TABLE seen (n INT)")
		db.Root.MustExec("CREATE TABLE hidden (n INT)")
		const denied = 1142
		user, err := database.Open(t.Context(), db.User(t, `
			GRANT SELECT ON seen TO {user};
			GRANT CREATE ON `+db.Name+`.made TO {user}`))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = user.Close() }()
		for query, want := range map[string]uint16{
			"SELECT * FROM seen":         0,
			"CREATE TABLE made (n INT)":  0,
			"SELECT * FROM hidden":       denied,
			"INSERT INTO seen VALUES(1)": denied,
		} {
			_, err := user.ExecContext(t.Context(), query)
			if got := database.Code(err); got != want {
				t.Errorf("%s: got error %d, want %d", query, got, want)
			}
		}
	})
}

func TestLoadRunsADump(t *testing.T) {
	const dump = `-- A dump; with a semicolon
/*!40101 SET NAMES utf8mb4 */;
/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY */;
CREATE TABLE t (d DATETIME NOT NULL, v LONGTEXT);
INSERT INTO t VALUES ('0000-00-00 00:00:00','a;b\';\n c'),('2026-01-02 03:04:05','quote '' ; 😀');
INSERT INTO t SELECT '2026-01-03 00:00:00', 5--3`
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "dump.sql"), filepath.Join(dir, "dump.sql.gz")
	if err := os.WriteFile(plain, []byte(dump), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	zip := gzip.NewWriter(file)
	_, _ = io.WriteString(zip, dump)
	if err := errors.Join(zip.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{plain, packed} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			Each(t, func(t *testing.T, db *Database) {
				db.Load(t, path)
				var got []string
				if err := db.Root.Select(&got, "SELECT v FROM t ORDER BY d"); err != nil {
					t.Fatal(err)
				}
				want := []string{"a;b';\n c", "quote ' ; 😀", "8"}
				if !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}

func TestDumpsAreSplitOutsideOfTextsAndComments(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{";;\n ;", nil},
		{"-- only a comment", nil},
		{"a;b", []string{"a", "b"}},
		{"a;\nb;\n", []string{"a", "b"}},
		{`a ';' b;c`, []string{`a ';' b`, "c"}},
		{`a '\';' b;c`, []string{`a '\';' b`, "c"}},
		{`a '\\';c`, []string{`a '\\'`, "c"}},
		{`a ''';' b;c`, []string{`a ''';' b`, "c"}},
		{`a "';" b;c`, []string{`a "';" b`, "c"}},
		{"a `;\\`;c", []string{"a `;\\`", "c"}},
		{"a -- x;y'\n;c", []string{"a -- x;y'", "c"}},
		{"a # x;y'\n;c", []string{"a # x;y'", "c"}},
		{"a 5--3;c", []string{"a 5--3", "c"}},
		{"/* ; ' */a;c", []string{"/* ; ' */a", "c"}},
		{"/*/;*/a;c", []string{"/*/;*/a", "c"}},
		{"a */b/*;**/;c", []string{"a */b/*;**/", "c"}},
		{"a;'open ;", []string{"a", "'open ;"}},
	} {
		if got := split(t, test.text); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

func split(t *testing.T, text string) []string {
	t.Helper()
	var all []string
	for s := newSplitter(strings.NewReader(text)); ; {
		statement, err := s.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, statement)
	}
}

// A splitter may cut only at semicolons, so it keeps all else that is not
// space or the comment at the end.
func FuzzSplitterLosesNothing(f *testing.F) {
	f.Add("a;b 'c;'; -- d\n;/* ; */e")
	f.Fuzz(func(t *testing.T, text string) {
		text += "\n."
		squeeze := strings.NewReplacer(" ", "", "\n", "", "\t", "", "\r", "", "\v", "", "\f", "", ";", "", "\u0085", "", "\u00a0", "")
		got := squeeze.Replace(strings.Join(split(t, text), ""))
		if want := squeeze.Replace(text); got != want && !strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	})
}

func TestMissingServers(t *testing.T) {
	if os.Getenv(envHelper) == helpEach {
		Each(t, func(*testing.T, *Database) {})
		return
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if _, err := findProgram(t.Context(), MySQL); err == nil {
		t.Skip("this machine has MySQL installed, so there is no test that would miss it")
	}
	if _, err := findProgram(t.Context(), MariaDB); err != nil {
		Missing(t, string(MariaDB), err)
	}
	for _, test := range []struct {
		require string
		passes  bool
		says    string
	}{
		{"", true, "--- SKIP: TestMissingServers/mysql"},
		{"mariadb", true, "scripts/fetch-mysql fetches a private copy"},
		{"mariadb,mysql", false, "LOYALTYD_TEST_REQUIRE asks for mysql"},
	} {
		t.Run("required: "+test.require, func(t *testing.T) {
			probe := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestMissingServers$")
			probe.Env = append(os.Environ(), envHelper+"="+helpEach, EnvRequire+"="+test.require, EnvSocket(MySQL)+"=")
			out, err := probe.CombinedOutput()
			if (err == nil) != test.passes || !strings.Contains(string(out), test.says) {
				t.Errorf("ended with %v, want passing %v and %q in\n%s", err, test.passes, test.says, out)
			}
		})
	}
}

func ExampleStart() {
	ctx := context.Background()
	server, err := Start(ctx, MariaDB, ServerOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Stop() }()
	fmt.Println(server.Version, "on", server.Socket)
}
