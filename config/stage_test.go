package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"loyaltyd/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// load loads with the content of a file ("" for none), variables and flags.
func load(t *testing.T, file string, environ []string, args ...string) (config.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(flags)
	if file != "" {
		args = append(args, "--config", write(t, "loyaltyd.yaml", file))
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(flags, environ)
}

func mustLoad(t *testing.T, file string, environ []string, args ...string) config.Config {
	t.Helper()
	c, err := load(t, file, environ, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// problems returns the problems of err, with folders cut off their places.
func problems(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*config.InvalidError](err)
	if !ok {
		t.Fatalf("got %T (%v), want an InvalidError", err, err)
	}
	var all []string
	for _, p := range invalid.Problems {
		if filepath.IsAbs(p.Place) {
			p.Place = filepath.Base(p.Place)
		}
		all = append(all, p.String())
	}
	return all
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got), run with -update if that is right:\n%s", path, diff)
	}
}

func diff(want, got any) string {
	return cmp.Diff(want, got,
		cmp.Comparer(func(a, b apd.Decimal) bool { return a.Text('f') == b.Text('f') }), // digits too
		cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() }),
		cmp.Comparer(func(a, b config.Cron) bool { return a.String() == b.String() }),
		cmpopts.IgnoreUnexported(config.Config{}),
		cmpopts.EquateEmpty())
}

func decimal(text string) apd.Decimal {
	d, _, err := apd.NewFromString(text)
	if err != nil {
		panic(err)
	}
	return *d
}

func cronLine(text string) config.Cron {
	c, err := config.ParseCron(text)
	if err != nil {
		panic(err)
	}
	return c
}
