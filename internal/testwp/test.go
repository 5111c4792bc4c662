package testwp

import (
	"errors"
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
	if errors.Is(err, ErrNotInstalled) {
		testshop.Missing(t, "wordpress", err)
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
