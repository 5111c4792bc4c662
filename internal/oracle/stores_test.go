package oracle

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// stores finds the recorded stores beside the repository.
func stores(t *testing.T) map[string]*Store {
	t.Helper()
	found := map[string]*Store{}
	paths, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "stores", "*.oracle.json.gz"))
	for _, path := range paths {
		store, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(path)] = store
	}
	if len(found) == 0 {
		t.Skip("the recorded stores are not beside this repository (../shared/stores)")
	}
	return found
}

// twins are named programmes that mean the same on these stores.
var twins = map[string]string{
	"defaults, said":               "defaults, unsaid",
	"another custom status listed": "custom statuses ignored",
	"no status but custom ones":    "a custom status among the statuses",
}

func TestRecordedStores(t *testing.T) {
	known := stores(t)
	now := time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)
	list := Programs()
	named := len(list)
	for seed := range int64(150) {
		list = append(list, RandomProgram(seed))
	}
	seen := map[string]string{}
	for i, n := range list {
		p, err := Parse(n.Text)
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, name := range []string{"store-a-hpos.oracle.json.gz", "store-b-legacy.oracle.json.gz"} {
			if known[name] == nil {
				continue
			}
			r, err := known[name].Balances(p, now)
			if err != nil {
				t.Errorf("%s on %s: %v", n.Name, name, err)
				continue
			}
			check(t, n.Name, r)
			if i < named {
				t.Logf("%-45s %s users %d sources %v pending %d skipped %d", n.Name, name[:7], len(r.Balances), r.Sources, len(r.Pending), r.Skipped)
			}
			all += fmt.Sprint(r.Awards, r.Skipped)
		}
		if i >= named {
			continue
		}
		if other := seen[all]; other != twins[n.Name] {
			t.Errorf("%q agrees with %q, want it to agree with %q", n.Name, other, twins[n.Name])
		}
		if twins[n.Name] == "" {
			seen[all] = n.Name
		}
	}
}

// check proves that the three views of a result are of the same points.
func check(t *testing.T, name string, r Result) {
	t.Helper()
	var balances, pending, sources, awards int64
	for user, b := range r.Balances {
		balances += b
		var own int64
		for _, points := range r.SourceByUser[user] {
			own += points
		}
		if b <= 0 || own != b {
			t.Errorf("%s: user %d has %d, by source %d", name, user, b, own)
		}
	}
	for _, b := range r.Pending {
		pending += b
	}
	for _, b := range r.Sources {
		sources += b
	}
	for _, a := range r.Awards {
		awards += a.Points
	}
	if balances != sources || awards != balances+pending {
		t.Errorf("%s: balances %d, sources %d, pending %d, awards %d", name, balances, sources, pending, awards)
	}
}

// The record is read whole: nothing the rules need came out empty.
func TestRecordedStoresAreRead(t *testing.T) {
	for name, s := range stores(t) {
		var lines, fees, refunds, named, fractions, verified, uncategorised int
		for _, o := range s.Orders {
			lines += len(o.Lines)
			fees += len(o.Fees)
			refunds += len(o.Refunds)
			if o.Created.IsZero() {
				t.Errorf("%s: order %d has no time", name, o.ID)
			}
			for _, l := range o.Lines {
				if !l.Quantity.value().IsInt() {
					fractions++
				}
				if l.ProductID == 22 && len(l.Categories) == 0 {
					uncategorised++ // deleted from the store
				}
			}
			for _, r := range o.Refunds {
				named += len(r.Lines)
				if r.Amount.value().Sign() <= 0 {
					t.Errorf("%s: a refund of order %d has amount %s", name, o.ID, r.Amount.value())
				}
				for _, l := range r.Lines {
					if l.Names == 0 || l.Total.value().Sign() > 0 || l.Quantity.value().Sign() >= 0 {
						t.Errorf("%s: order %d, refund line %+v", name, o.ID, l)
					}
				}
			}
		}
		for _, c := range s.Comments {
			if c.Verified {
				verified++
			}
		}
		if lines == 0 || fees == 0 || refunds < 70 || named == 0 || fractions != 2 || verified == 0 || uncategorised == 0 || len(s.Users) != 42 {
			t.Errorf("%s: %d lines, %d fees, %d refunds with %d lines, %d fractions, %d verified, %d of no category, %d users",
				name, lines, fees, refunds, named, fractions, verified, uncategorised, len(s.Users))
		}
	}
}
