package main

import (
	"strings"
	"testing"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// fullServer returns a database on a server whose tablespace cannot grow
// beyond a few megabytes.
func fullServer(t *testing.T) *testshop.Database {
	t.Helper()
	server, err := testshop.Start(t.Context(), testshop.MariaDB, testshop.ServerOptions{Extra: []string{
		"--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend:max:64M",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := server.CreateDatabase(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	root, err := server.Open(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return &testshop.Database{Name: "shop", Server: server, Root: root}
}

func TestAFullDiskIsNamedAndLeavesNothingHalfWritten(t *testing.T) {
	db := fullServer(t)
	s := newStand(t, db, testshop.Options{})
	if err := s.shop.Fill(s.ctx(), testshop.FillOptions{Seed: 7, Orders: 3000, Months: 3, End: spring}); err != nil {
		t.Fatal(err)
	}
	s.ok("migrate")
	if _, err := db.Root.Exec(`CREATE TABLE ballast (id INT AUTO_INCREMENT PRIMARY KEY, weight LONGBLOB) ENGINE=InnoDB`); err != nil {
		t.Fatal(err)
	}
	for pounds := 1 << 20; pounds >= 1<<19; {
		_, err := db.Root.Exec(`INSERT INTO ballast (weight) VALUES (REPEAT('x', ?))`, pounds)
		if database.Code(err) == 1114 {
			pounds /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	got := s.command("sync")
	if got.status != exitFailure || !strings.Contains(got.stderr, "no room left") || !strings.Contains(got.stderr, "Free some disk space") {
		t.Fatalf("status %d\n%s%s", got.status, got.stdout, got.stderr)
	}
	chains, err := ledger.Open(db.Root, "wp_", ledger.Options{}).VerifyChains(s.ctx(), nil)
	if err != nil || len(chains.Findings) > 0 {
		t.Errorf("half written: %v %v", chains.Findings, err)
	}
}
