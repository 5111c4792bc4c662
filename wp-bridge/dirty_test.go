package wpbridge_test

import (
	"testing"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	wpbridge "loyaltyd/wp-bridge"
)

func TestDirtyList(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		ctx := t.Context()
		if _, err := database.Migrate(ctx, db.Root, "wp_", wpbridge.Component()); err != nil {
			t.Fatal(err)
		}
		list := wpbridge.NewDirty(db.Root, "wp_")
		add := func(kind string, object any) {
			t.Helper()
			if _, err := db.Root.ExecContext(ctx, `INSERT INTO wp_loyalty_dirty (kind, object_id, noted_at) VALUES (?, ?, UTC_TIMESTAMP(6))`, kind, object); err != nil {
				t.Fatal(err)
			}
		}
		next := func(limit int) []wpbridge.DirtyMark {
			t.Helper()
			marks, err := list.Next(ctx, limit)
			if err != nil {
				t.Fatal(err)
			}
			return marks
		}
		if marks := next(10); len(marks) != 0 {
			t.Errorf("an empty list has %v", marks)
		}
		if err := list.Remove(ctx, nil); err != nil {
			t.Error(err)
		}
		add("order", 7)
		add("order", 7)
		add("a newer plugin's", "18446744073709551615")
		add("coupon", 9)
		marks := next(3)
		want := []wpbridge.DirtyMark{{Seq: 1, Kind: "order", Object: 7}, {Seq: 2, Kind: "order", Object: 7}, {Seq: 3, Kind: "a newer plugin's"}}
		if len(marks) != 3 || marks[0] != want[0] || marks[1] != want[1] || marks[2] != want[2] {
			t.Errorf("marks %v, want %v", marks, want)
		}
		// What is marked meanwhile stays.
		add("user", 1)
		if err := list.Remove(ctx, marks); err != nil {
			t.Fatal(err)
		}
		if marks := next(10); len(marks) != 2 || marks[0].Kind != "coupon" || marks[1].Kind != "user" {
			t.Errorf("left %v", marks)
		}
	})
}
