package main

import (
	"strings"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// A table without room stands for a disk without room: the server answers the
// same, in the middle of a transaction that has appended entries already.
func TestAFullDiskIsNamedAndNothingIsLost(t *testing.T) {
	each(t, testshop.Options{}, func(s *stand) {
		if err := s.shop.Fill(s.ctx(), testshop.FillOptions{Seed: 7, Orders: 300, Months: 3, End: spring}); err != nil {
			s.t.Fatal(err)
		}
		s.ok("migrate")
		s.session(`SET SESSION max_heap_table_size = 16384`, `ALTER TABLE wp_loyalty_seen_orders ENGINE = MEMORY`)

		got := s.command("sync")
		if got.status != exitFailure || !strings.Contains(got.stderr, "no room left") || !strings.Contains(got.stderr, "Free some disk space") {
			s.t.Fatalf("status %d\n%s%s", got.status, got.stdout, got.stderr)
		}
		chains, err := ledger.Open(s.db.Root, "wp_", ledger.Options{}).VerifyChains(s.ctx(), nil)
		if err != nil || len(chains.Findings) > 0 {
			s.t.Errorf("half written: %v %v", chains.Findings, err)
		}

		// What is in memory knows no rollback; a full disk leaves nothing there.
		s.session(`DELETE FROM wp_loyalty_seen_orders`, `ALTER TABLE wp_loyalty_seen_orders ENGINE = InnoDB`)
		s.ok("sync")
		if verified := s.ok("verify"); strings.Count(verified, "ok ") != 4 {
			s.t.Errorf("with room again:\n%s", verified)
		}
	})
}

// session runs statements as an administrator, all in one session.
func (s *stand) session(statements ...string) {
	s.t.Helper()
	session, err := s.db.Root.Connx(s.ctx())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	for _, statement := range statements {
		if _, err := session.ExecContext(s.ctx(), statement); err != nil {
			s.t.Fatalf("%s: %v", statement, err)
		}
	}
}
