package sync_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"loyaltyd/config"
	"loyaltyd/internal/oracle"
	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

var realStores = []string{"store-a-hpos", "store-b-legacy"}

// sharedStore returns the path of a database that a real WooCommerce wrote.
func sharedStore(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "stores", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s: the databases of a real WooCommerce are not part of this repository", path)
	}
	return path
}

const randomPrograms = 40

// A second implementation of the rules, which shares no code with the first,
// judges what WooCommerce's own API says of two real stores.
func TestRealStoresGiveTheOraclesBalances(t *testing.T) {
	programs := oracle.Programs()
	for seed := range int64(randomPrograms) {
		programs = append(programs, oracle.RandomProgram(seed))
	}
	for _, name := range realStores {
		t.Run(name, func(t *testing.T) {
			dump := sharedStore(t, name+".sql.gz")
			facts, err := oracle.Load(sharedStore(t, name+".oracle.json.gz"))
			if err != nil {
				t.Fatal(err)
			}
			testshop.Each(t, func(t *testing.T, db *testshop.Database) {
				db.Load(t, dump)
				b := newBench(t, db, program.Defaults())
				for _, p := range programs {
					t.Run(p.Name, func(t *testing.T) {
						b.t = t
						b.reset()
						b.engine.Programme = configured(t, p.Text)
						b.compareWith(facts, p.Text)
					})
				}
			})
		})
	}
}

// configured returns the programme of a `program:` section as the operator's
// configuration gives it.
func configured(t testing.TB, text string) sync.Programme {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(flags)
	base, err := config.Load(flags, nil)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := base.WithProgram([]byte(text), "the test's program")
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return sync.Programme{
		Rules:       loaded.Program.Rules,
		Exclusion:   program.Exclusion{Roles: loaded.Program.Exclude.Roles, Users: loaded.Program.Exclude.Users},
		Clamp:       loaded.Program.NegativeBalance == program.NegativeClamp,
		KeepDeleted: loaded.Program.DeletedOrders == program.DeletedKeep,
		Brake:       noBrake(),
	}
}

// compareWith syncs and compares all that the oracle knows.
func (b *bench) compareWith(facts *oracle.Store, text string) {
	b.t.Helper()
	p, err := oracle.Parse(text)
	if err != nil {
		b.t.Fatal(err)
	}
	summary := b.run(sync.Increment)
	want, err := facts.Balances(p, time.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	maps.DeleteFunc(want.Sources, func(_ string, points int64) bool { return points == 0 })
	zero := func(_, points int64) bool { return points == 0 }
	maps.DeleteFunc(want.Balances, zero)
	maps.DeleteFunc(want.Pending, zero)
	b.equal("balances", b.balances(), want.Balances)
	b.equal("pending", b.pending(), want.Pending)
	if got := b.sources(); !maps.Equal(got, want.Sources) {
		b.t.Errorf("sources:\n got %v\nwant %v", got, want.Sources)
	}
	if summary.Skipped != int64(want.Skipped) {
		b.t.Errorf("skipped for their currency: got %d, want %d", summary.Skipped, want.Skipped)
	}
	if b.t.Failed() {
		b.t.Logf("the program:\n%s", text)
	}
}

func (b *bench) equal(what string, got, want map[int64]int64) {
	b.t.Helper()
	if maps.Equal(got, want) {
		return
	}
	var lines []string
	for user := range maps.Keys(got) {
		if got[user] != want[user] {
			lines = append(lines, fmt.Sprintf("user %d: got %d, want %d", user, got[user], want[user]))
		}
	}
	for user := range maps.Keys(want) {
		if _, ok := got[user]; !ok {
			lines = append(lines, fmt.Sprintf("user %d: got none, want %d", user, want[user]))
		}
	}
	b.t.Errorf("%s differ:\n%s", what, strings.Join(lines, "\n"))
}
