package testwp

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"loyaltyd/internal/testshop"
)

// New starts a site in a fresh database and ends it with the test, which fails
// if PHP or WordPress logged a problem meanwhile. Where PHP or WordPress is
// missing the test is skipped with the reason, unless LOYALTYD_TEST_REQUIRE
// names "wordpress" (for any version).
func New(t testing.TB, o Options) *Site {
	t.Helper()
	return In(t, testshop.New(t), o)
}

// In is New in the database given, which must be empty.
func In(t testing.TB, db *testshop.Database, o Options) *Site {
	t.Helper()
	site, err := Start(t.Context(), db.Server, db.Name, o)
	if errors.Is(err, ErrNotInstalled) && !Required("wordpress") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		problems, err := site.Problems()
		if err != nil {
			t.Error(err)
		}
		if len(problems) > 0 {
			t.Errorf("PHP and WordPress logged:\n  %s", strings.Join(problems, "\n  "))
		}
		if err := site.Stop(); err != nil {
			t.Error(err)
		}
	})
	return site
}

// Required says whether LOYALTYD_TEST_REQUIRE names what, such as "wordpress"
// or "chromium": tests then fail where it is missing, and are skipped
// otherwise.
func Required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv(testshop.EnvRequire), ","), what)
}
