package sync_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

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

func TestRealStoresGiveTheOraclesBalances(t *testing.T) {
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
				b.run(sync.Increment)
				p, err := oracle.Parse("")
				if err != nil {
					t.Fatal(err)
				}
				want, err := facts.Balances(p, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				for user, points := range want.Balances {
					if points == 0 {
						delete(want.Balances, user)
					}
				}
				if got := b.balances(); !maps.Equal(got, want.Balances) {
					t.Errorf("balances:\n got %v\nwant %v", got, want.Balances)
				}
				if got := b.sources(); !maps.Equal(got, want.Sources) {
					t.Errorf("sources:\n got %v\nwant %v", got, want.Sources)
				}
			})
		})
	}
}
