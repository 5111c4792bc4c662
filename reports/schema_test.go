package reports_test

import (
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/reports"
)

func TestALedgerCannotBeInTwoPlaces(t *testing.T) {
	db := testshop.New(t)
	newShop(t, db, time.UTC)
	elsewhere := reports.Open(reports.Site{DB: db.Root, Prefix: "wp_"}, reports.Site{DB: db.Root, Prefix: "ledger_"})
	if _, err := elsewhere.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "ledger.dsn") {
		t.Errorf("migrate = %v", err)
	}
	b := newBank(t, db.Root, "ledger_", time.UTC)
	makeShop(t, b, db, "site_")
	beside := reports.Open(reports.Site{DB: db.Root, Prefix: "site_"}, reports.Site{DB: db.Root, Prefix: "site_"})
	if _, err := beside.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "ledger.dsn") {
		t.Errorf("migrate = %v", err)
	}
}

func TestMigratingTwiceChangesNothing(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newShop(t, db, time.UTC)
		if err := database.CheckSchema(t.Context(), db.Root, "wp_", s.reports.Components()...); err != nil {
			t.Error(err)
		}
		if applied, err := s.reports.Migrate(t.Context()); err != nil || len(applied) > 0 {
			t.Errorf("second migration applied %v, %v", applied, err)
		}
		// A migration that was cut off after its statements runs again.
		s.exec(t.Context(), `DELETE FROM {p}loyalty_migrations WHERE component LIKE 'reports%'`)
		if applied, err := s.reports.Migrate(t.Context()); err != nil || len(applied) != 3 {
			t.Errorf("migrating again applied %v, %v", applied, err)
		}
	})
}
