package sync_test

import (
	"flag"
	"os"
	"testing"
)

// A check of a property makes a store of its own; ten take seconds. Ask for
// more with -rapid.checks.
const fewChecks = "10"

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", fewChecks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
