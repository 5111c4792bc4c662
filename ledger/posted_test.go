package ledger_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/ledger"
)

func TestRevisionsCountOverAllAccounts(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.post(earn(1, 9, 10))
		d.update(func(tx *ledger.Tx) error {
			// Asking for one source must not make the other's revisions known.
			if _, err := tx.Posted(ctx, ledger.FirstOrder, []int64{9}); err != nil {
				return err
			}
			bonus := earn(1, 9, 5)
			bonus.Source = ledger.FirstOrder
			if _, err := tx.Post(ctx, []ledger.Posting{revoke(1, 9, 10), earn(2, 9, 10), bonus}); err != nil {
				return err
			}
			posted, err := tx.Posted(ctx, ledger.Purchase, []int64{9, 10, 9})
			if err != nil {
				return err
			}
			want := map[int64]ledger.Posted{9: {Program: 1, Latest: ledger.Valued{Program: 1}, Accounts: []ledger.Standing{{User: 1, Last: 2}, {User: 2, Points: 10, Last: 3}}}}
			if diff := cmp.Diff(want, posted); diff != "" {
				t.Errorf("posted (-want +got):\n%s", diff)
			}
			if p := posted[9]; !p.Has(1) || !p.Has(2) || p.Has(3) || p.Of(2).Points != 10 || p.Of(3) != (ledger.Standing{User: 3}) {
				t.Errorf("Has or Of is wrong of %+v", p)
			}
			_, err = tx.Post(ctx, []ledger.Posting{revoke(2, 9, 1), earn(1, 10, 1)})
			return err
		})
		var got []string
		for _, user := range []int64{1, 2} {
			for _, e := range d.entries(user) {
				got = append(got, fmt.Sprintf("%d %s %d.%d", e.User, e.Source, e.Object, e.Revision))
			}
		}
		want := []string{"1 purchase 9.0", "1 purchase 9.1", "1 first_order 9.0", "1 purchase 10.0", "2 purchase 9.2", "2 purchase 9.3"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("revisions (-want +got):\n%s", diff)
		}
		if _, err := d.db.Root.ExecContext(ctx, prefix.SQL(`
			INSERT INTO {p}loyalty_entries (user_id, seq, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash)
			SELECT 99, 1, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash
			FROM {p}loyalty_entries WHERE source = 'purchase' AND object_id = 9 AND revision = 3`)); err == nil {
			t.Error("the same revision could be posted twice")
		}
		d.proven()
	})
}

func TestPostedTellsTheFirstAndTheLatestEntrysProgramAndTime(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		first, second := earn(1, 9, 10), revoke(1, 9, 3)
		first.Program, first.FactAt = 4, noon
		second.Program, second.FactAt = 5, noon.AddDate(0, 1, 0)
		d.post(first)
		d.post(second)
		d.update(func(tx *ledger.Tx) error {
			posted, err := tx.Posted(t.Context(), ledger.Purchase, []int64{9})
			want := map[int64]ledger.Posted{9: {Program: 4, FactAt: noon, Latest: ledger.Valued{Program: 5, FactAt: noon.AddDate(0, 1, 0)}, Accounts: []ledger.Standing{{User: 1, Points: 7, Last: 2}}}}
			if diff := cmp.Diff(want, posted); diff != "" {
				t.Errorf("posted (-want +got):\n%s", diff)
			}
			return err
		})
	})
}
