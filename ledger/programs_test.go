package ledger_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"loyaltyd/ledger"
)

func (d *desk) use(rules string) []ledger.Version {
	d.Helper()
	versions, err := d.UseRules(d.Context(), d.lease, rules, sha256.Sum256([]byte(rules)), nil)
	if err != nil {
		d.Fatal(err)
	}
	return versions
}

func TestRulesTakeEffectWhenFirstSeen(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		one := d.use("one")
		if len(one) != 1 || one[0].Rules != "one" || one[0].From.Valid {
			t.Fatalf("the first version is %+v, want it from the beginning of time", one)
		}
		if again := d.use("one"); len(again) != 1 {
			t.Errorf("the same rules again made %+v", again)
		}
		two := d.use("two 🎁")
		back := d.use("one")
		if len(two) != 2 || len(back) != 3 || back[2].Rules != "one" || back[1].Rules != "two 🎁" {
			t.Fatalf("versions %+v", back)
		}
		for i, v := range back[1:] {
			if !v.From.Valid || v.ID <= back[i].ID || v.From.Time.Before(back[i].From.Time) {
				t.Errorf("version %+v follows %+v", v, back[i])
			}
		}
		stored, err := d.Versions(t.Context())
		if err != nil || len(stored) != 3 {
			t.Errorf("stored %+v, %v", stored, err)
		}
	})
}

func TestVersionAt(t *testing.T) {
	from := func(at time.Time) ledger.NullTime { return ledger.NullTime{Time: at, Valid: true} }
	one := ledger.Version{ID: 1}
	two := ledger.Version{ID: 2, From: from(noon)}
	three := ledger.Version{ID: 3, From: from(noon.Add(time.Hour))}
	early := ledger.Version{ID: 4, From: from(noon.Add(-time.Hour))} // the clock was put back
	tests := []struct {
		name     string
		versions []ledger.Version
		at       time.Time
		want     int64
	}{
		{"one is all there is", []ledger.Version{one}, time.Time{}, 1},
		{"before", []ledger.Version{one, two, three}, noon.Add(-1), 1},
		{"at the instant", []ledger.Version{one, two, three}, noon, 2},
		{"between", []ledger.Version{one, two, three}, noon.Add(time.Hour - 1), 2},
		{"last", []ledger.Version{one, two, three}, noon.Add(time.Hour), 3},
		{"clock put back, before it was", []ledger.Version{one, two, early}, noon.Add(-time.Minute), 1},
		{"clock put back, after", []ledger.Version{one, two, early}, noon, 4},
	}
	for _, test := range tests {
		if got := ledger.VersionAt(test.versions, test.at); got.ID != test.want {
			t.Errorf("%s: version %d, want %d", test.name, got.ID, test.want)
		}
	}
}
