package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
)

// fill makes a ledger with two accounts of five and three entries, one note
// in each, and points held in the first.
func fill(d *desk) {
	noted := of(1, 12, posting(ledger.Adjust, 7))
	noted.Source, noted.Note, noted.Actor = ledger.Admin, "sorry 🎁", "ann"
	other := of(2, 22, posting(ledger.Adjust, 1))
	other.Source, other.Note = ledger.Admin, "welcome"
	d.post(earn(1, 11, 50), noted, earn(2, 21, 40))
	d.post(hold(1, 13, 30), hold(1, 14, 20), other)
	d.post(of(1, 13, posting(ledger.CancelHold, -10)), revoke(2, 21, 5))
}

// Every tampering is undone before the next.
func TestVerifyNamesEveryTampering(t *testing.T) {
	const entry = `{p}loyalty_entries SET `
	at := func(seq string) string { return ` WHERE user_id = 1 AND seq = ` + seq }
	tests := []struct {
		name   string
		tamper []string
		user   int64
		seq    int64 // 0: the account as a whole
		says   string
	}{
		{"points", []string{`UPDATE ` + entry + `points = 60` + at("1")}, 1, 1, "balance"},
		{"points and all that follows from them but the hashes", []string{
			`UPDATE ` + entry + `points = 60` + at("1"), `UPDATE ` + entry + `balance = balance + 10 WHERE user_id = 1`,
			`UPDATE {p}loyalty_accounts SET balance = balance + 10, earned = earned + 10 WHERE user_id = 1`,
		}, 1, 1, "hash"},
		{"balance", []string{`UPDATE ` + entry + `balance = 1` + at("2")}, 1, 2, "balance"},
		{"pending", []string{`UPDATE ` + entry + `pending = 31` + at("3")}, 1, 3, "hash"},
		{"date", []string{`UPDATE ` + entry + `occurred_at = occurred_at + INTERVAL 1 MICROSECOND` + at("3")}, 1, 3, "hash"},
		{"date of recording", []string{`UPDATE ` + entry + `recorded_at = recorded_at - INTERVAL 1 MICROSECOND` + at("5")}, 1, 5, "hash"},
		{"type", []string{`UPDATE ` + entry + `type = 'restore'` + at("1")}, 1, 1, "hash"},
		{"source", []string{`UPDATE ` + entry + `source = 'campaign'` + at("1")}, 1, 1, "hash"},
		{"object", []string{`UPDATE ` + entry + `object_id = 99` + at("1")}, 1, 1, "hash"},
		{"revision", []string{`UPDATE ` + entry + `revision = 5` + at("1")}, 1, 1, "hash"},
		{"program", []string{`UPDATE ` + entry + `program = 2` + at("1")}, 1, 1, "hash"},
		{"fact time", []string{`UPDATE ` + entry + `fact_at = occurred_at` + at("1")}, 1, 1, "hash"},
		{"cause", []string{`UPDATE ` + entry + `cause = 'test '` + at("1")}, 1, 1, "hash"},
		{"hash", []string{`UPDATE ` + entry + `hash = REVERSE(hash)` + at("4")}, 1, 4, "hash"},
		{"hash of a note", []string{`UPDATE ` + entry + `note_hash = REVERSE(note_hash)` + at("2")}, 1, 2, "hash"},
		{"hash of a note taken away", []string{`UPDATE ` + entry + `note_hash = NULL` + at("2")}, 1, 2, "hash"},
		{"note", []string{`UPDATE {p}loyalty_entry_notes SET note = 'sorry' WHERE actor = 'ann'`}, 1, 2, "note"},
		{"actor", []string{`UPDATE {p}loyalty_entry_notes SET actor = 'bob' WHERE actor = 'ann'`}, 1, 2, "note"},
		{"salt", []string{`UPDATE {p}loyalty_entry_notes SET salt = REVERSE(salt) WHERE actor = 'ann'`}, 1, 2, "note"},
		{"a note where there was none", []string{`
			INSERT INTO {p}loyalty_entry_notes SELECT id, 'x', 'y', REPEAT('s', 16) FROM {p}loyalty_entries` + at("3")}, 1, 3, "note"},
		{"deleted middle", []string{`DELETE FROM {p}loyalty_entries` + at("3")}, 1, 4, "number 3 is missing"},
		{"deleted middle, renumbered", []string{
			`DELETE FROM {p}loyalty_entries` + at("3"), `UPDATE ` + entry + `seq = 3` + at("4"), `UPDATE ` + entry + `seq = 4` + at("5"),
		}, 1, 3, "hash"},
		{"deleted first", []string{`DELETE FROM {p}loyalty_entries` + at("1")}, 1, 2, "number 1 is missing"},
		{"cut tail", []string{`DELETE FROM {p}loyalty_entries` + at("5")}, 1, 0, "number of entries"},
		{"cut tail, account made to fit but for its head", []string{
			`DELETE FROM {p}loyalty_entries` + at("5"),
			`UPDATE {p}loyalty_accounts SET seq = 4, pending = 50 WHERE user_id = 1`,
			`UPDATE {p}loyalty_holds SET pending = 30 WHERE object_id = 13`,
		}, 1, 0, "head"},
		{"all entries", []string{`DELETE FROM {p}loyalty_entries WHERE user_id = 1`}, 1, 0, "number of entries"},
		{"renumbered", []string{`UPDATE ` + entry + `seq = 6` + at("5")}, 1, 6, "number 5 is missing"},
		{"swapped", []string{
			`UPDATE ` + entry + `seq = 100` + at("3"), `UPDATE ` + entry + `seq = 3` + at("4"), `UPDATE ` + entry + `seq = 4` + at("100"),
		}, 1, 3, "hash"},
		{"moved to another account", []string{`UPDATE ` + entry + `user_id = 2, seq = 4` + at("5")}, 1, 0, "number of entries"},
		{"forged at the end", []string{`
			INSERT INTO {p}loyalty_entries (user_id, seq, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash)
			SELECT 1, 6, occurred_at, recorded_at, 'earn', 'signup', 1, 0, 1000, 0, 1057, hash FROM {p}loyalty_entries` + at("5")}, 1, 6, "hash"},
		{"forged in the middle", []string{
			`UPDATE ` + entry + `seq = seq + 100 WHERE user_id = 1 AND seq > 2`, `UPDATE ` + entry + `seq = seq - 99 WHERE user_id = 1 AND seq > 100`, `
			INSERT INTO {p}loyalty_entries (user_id, seq, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash)
			SELECT 1, 3, occurred_at, recorded_at, 'hold', 'signup', 1, 0, 0, 1, 57, hash FROM {p}loyalty_entries` + at("2"),
		}, 1, 3, "hash"},
		{"forged for nobody", []string{`
			INSERT INTO {p}loyalty_entries (user_id, seq, occurred_at, recorded_at, type, source, object_id, revision, points, pending, balance, hash)
			SELECT 0, 1, occurred_at, recorded_at, 'earn', 'signup', 1, 0, 5, 0, 5, hash FROM {p}loyalty_entries` + at("5")}, 0, 1, "hash"},
		{"forged account", []string{`
			INSERT INTO {p}loyalty_accounts SELECT 9, 5, 0, 5, 0, 0, 0, 0, 0, NULL, 0, REPEAT(CHAR(0), 32) FROM {p}loyalty_accounts WHERE user_id = 1`}, 9, 0, "balance is 5"},
		{"account's balance", []string{`UPDATE {p}loyalty_accounts SET balance = balance + 1 WHERE user_id = 1`}, 1, 0, "balance is 58"},
		{"account's pending", []string{`UPDATE {p}loyalty_accounts SET pending = 0 WHERE user_id = 1`}, 1, 0, "pending is 0"},
		{"account's earned", []string{`UPDATE {p}loyalty_accounts SET earned = 0 WHERE user_id = 1`}, 1, 0, "earned is 0"},
		{"account's redeemed", []string{`UPDATE {p}loyalty_accounts SET redeemed = 1 WHERE user_id = 1`}, 1, 0, "redeemed is 1"},
		{"account's expired", []string{`UPDATE {p}loyalty_accounts SET expired = 1 WHERE user_id = 1`}, 1, 0, "expired is 1"},
		{"account's revoked", []string{`UPDATE {p}loyalty_accounts SET revoked = 1 WHERE user_id = 1`}, 1, 0, "revoked is 1"},
		{"account's adjusted", []string{`UPDATE {p}loyalty_accounts SET adjusted = 1 WHERE user_id = 1`}, 1, 0, "adjusted is 1"},
		{"account's count", []string{`UPDATE {p}loyalty_accounts SET seq = 4 WHERE user_id = 1`}, 1, 0, "number of entries is 4"},
		{"account's head", []string{`UPDATE {p}loyalty_accounts SET head = REPEAT('x', 32) WHERE user_id = 1`}, 1, 0, "head"},
		{"account's last time", []string{`UPDATE {p}loyalty_accounts SET last_entry_at = NULL WHERE user_id = 1`}, 1, 0, "time of its last entry"},
		{"account deleted", []string{`DELETE FROM {p}loyalty_accounts WHERE user_id = 1`}, 1, 0, "no row in the accounts, but 5 entries"},
		{"last account deleted", []string{`DELETE FROM {p}loyalty_accounts WHERE user_id = 2`}, 2, 0, "no row in the accounts"},
		{"hold's points", []string{`UPDATE {p}loyalty_holds SET pending = 21 WHERE object_id = 13`}, 1, 0, "21 points are held of purchase 13, its entries give 20"},
		{"hold deleted", []string{`DELETE FROM {p}loyalty_holds WHERE object_id = 14`}, 1, 0, "0 points are held of purchase 14, its entries give 20"},
		{"hold moved to another object", []string{`UPDATE {p}loyalty_holds SET object_id = 15 WHERE object_id = 14`}, 1, 0, "purchase 14"},
		{"points moved between holds", []string{
			`UPDATE {p}loyalty_holds SET pending = 40 WHERE object_id = 13`, `DELETE FROM {p}loyalty_holds WHERE object_id = 14`,
		}, 1, 0, "40 points are held of purchase 13"},
		{"hold of an account without any", []string{`UPDATE {p}loyalty_holds SET user_id = 9 WHERE object_id = 14`}, 1, 0, "purchase 14"},
	}
	tables := []string{"entries", "entry_notes", "accounts", "holds"}
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		fill(d)
		for _, table := range tables {
			d.exec(`CREATE TABLE {p}kept_` + table + ` AS SELECT * FROM {p}loyalty_` + table)
		}
		if got := d.verify(); got.Accounts != 2 || got.Entries != 8 || got.Findings != nil {
			t.Fatalf("before any tampering verify says %+v", got)
		}
		for _, test := range tests {
			for _, query := range test.tamper {
				d.exec(query)
			}
			findings := d.verify().Findings
			if len(findings) == 0 {
				t.Errorf("%s: not found", test.name)
			} else if f := findings[0]; f.User != test.user || f.Seq != test.seq || (f.Entry != 0) != (f.Seq != 0) || !strings.Contains(f.String(), test.says) {
				t.Errorf("%s: found %q, want account %d, number %d, %q", test.name, f, test.user, test.seq, test.says)
			}
			told := map[int64]bool{}
			for _, f := range findings {
				if told[f.User] {
					t.Errorf("%s: account %d is named twice: %v", test.name, f.User, findings)
				}
				told[f.User] = true
			}
			for _, table := range tables {
				d.exec(`DELETE FROM {p}loyalty_` + table)
				d.exec(`INSERT INTO {p}loyalty_` + table + ` SELECT * FROM {p}kept_` + table)
			}
		}
		d.proven()
	})
}

func TestErasingANoteLeavesTheChainWhole(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		fill(d)
		notes, err := d.Notes(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		id := d.entries(1)[1].ID
		if diff := cmp.Diff(map[int64]ledger.Note{id: {Entry: id, Note: "sorry 🎁", Actor: "ann"}}, notes); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
		d.exec(`DELETE FROM {p}loyalty_entry_notes WHERE entry_id = ?`, id)
		d.proven()
		d.post(revoke(1, 11, 50))
		d.proven()
	})
}

// The hash of the same note differs each time, so that a short note cannot be
// guessed from it once it is erased.
func TestNotesAreSalted(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	p := posting(ledger.Adjust, 1)
	p.Note = "yes"
	first, second := d.post(p)[0], d.post(p)[0]
	if bytes.Equal(first.NoteHash, second.NoteHash) {
		t.Error("the same note has the same hash twice")
	}
}

func TestVerifyNamesManyAccountsAndStops(t *testing.T) {
	d := newDesk(t, testshop.New(t), ledger.Options{})
	var postings []ledger.Posting
	for user := int64(1); user <= 1234; user++ {
		postings = append(postings, earn(user, user, 1))
	}
	d.post(postings...)
	var told []int64
	found, err := d.VerifyChains(t.Context(), func(accounts int64) { told = append(told, accounts) })
	if err != nil || found.Accounts != 1234 || found.Entries != 1234 || found.Findings != nil {
		t.Errorf("verified %+v, %v", found, err)
	}
	if diff := cmp.Diff([]int64{500, 1000, 1234}, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	d.exec(`UPDATE {p}loyalty_entries SET points = 2`)
	if found := d.verify(); len(found.Findings) != 20 || found.Findings[19].User != 20 {
		t.Errorf("found %v, want the first 20 accounts", found.Findings)
	}
}

// golden is a ledger as the first version of the format wrote it. It must
// verify with every later version: a change of the encoding needs a new name
// of the format and must leave the old one readable.
var golden = []string{
	`INSERT INTO {p}loyalty_entries (id, user_id, seq, occurred_at, recorded_at, type, source, object_id, revision,
	   points, pending, balance, program, fact_at, cause, note_hash, hash) VALUES
	 (1, 7, 1, '2026-03-01 12:00:00', '2026-03-02 00:00:00.000001', 'earn', 'purchase', 100, 0,
	  50, 0, 50, 1, '1969-12-31 23:59:59.999999', 'paid', NULL,
	  0xb27c5dbd6413ac8b16e9d2bc53c873c243acc37b15d41f6d586d6fc3edeccb5e),
	 (2, 7, 2, '1000-01-02 00:00:00', '2026-03-02 00:00:01', 'hold', 'first_order', 100, 0,
	  0, 9007199254740993, 50, 2, NULL, '', NULL,
	  0x7d3497c3e6ff6ea8e8a1876dc441db2e401dc4d52cea51b890243d8ed95ca57b),
	 (3, 7, 3, '9999-12-30 00:00:00', '2026-03-02 00:00:02.5', 'adjust', 'admin', 1, 0,
	  -51, 0, -1, 0, NULL, 'adjusted by hand',
	  0xdacee776185718e77fa3250e8f125e9d636fda8bfb5cd31f8cbc02beadbc1b4b,
	  0x81d4cd5597db67158ce4590e1f2c1da9d78cb3907840be32285e12c2a605dfc3)`,
	`INSERT INTO {p}loyalty_entry_notes VALUES (3, 'sorry 🎁', 'ann', 0x000102030405060708090a0b0c0d0e0f)`,
	`INSERT INTO {p}loyalty_accounts (user_id, balance, pending, earned, redeemed, expired, revoked, adjusted, seq, last_entry_at, head)
	 VALUES (7, -1, 9007199254740993, 50, 0, 0, 0, -51, 3, '2026-03-02 00:00:02.5',
	  0x81d4cd5597db67158ce4590e1f2c1da9d78cb3907840be32285e12c2a605dfc3)`,
	`INSERT INTO {p}loyalty_holds VALUES ('first_order', 100, 7, 9007199254740993, '2026-04-01 00:00:00')`,
}

func TestALedgerOfTheFirstFormatVerifies(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		for _, query := range golden {
			d.exec(query)
		}
		if got := d.verify(); got.Accounts != 1 || got.Entries != 3 || got.Findings != nil {
			t.Errorf("verified %+v", got)
		}
	})
}

// encoding puts the parts of an entry together as the format's description
// says, apart from the product's code.
type encoding struct{ bytes.Buffer }

func (e *encoding) text(s string) *encoding {
	_ = binary.Write(e, binary.BigEndian, uint32(len(s)))
	e.WriteString(s)
	return e
}

func (e *encoding) number(numbers ...int64) *encoding {
	for _, n := range numbers {
		_ = binary.Write(e, binary.BigEndian, uint32(8))
		_ = binary.Write(e, binary.BigEndian, n)
	}
	return e
}

func independentHash(previous []byte, e ledger.Entry) []byte {
	var b encoding
	b.Write(previous)
	b.text("loyaltyd entry 1").number(e.User, e.Seq, e.OccurredAt.UnixMicro(), e.RecordedAt.UnixMicro())
	b.text(string(e.Type)).text(string(e.Source)).number(e.Object, e.Revision, e.Points, e.Pending, e.Balance, e.Program)
	if e.FactAt.Valid {
		b.number(e.FactAt.Time.UnixMicro())
	} else {
		b.text("")
	}
	b.text(e.Cause).text(string(e.NoteHash))
	sum := sha256.Sum256(b.Bytes())
	return sum[:]
}

func TestEntriesAreChainedAsDescribed(t *testing.T) {
	each(t, ledger.Options{}, func(t *testing.T, d *desk) {
		fill(d)
		for _, user := range []int64{1, 2} {
			head := make([]byte, sha256.Size)
			for _, e := range d.entries(user) {
				if head = independentHash(head, e); !bytes.Equal(head, e.Hash) {
					t.Errorf("account %d, number %d: the hash is %x, the description gives %x", user, e.Seq, e.Hash, head)
				}
			}
			if account := d.account(user); !bytes.Equal(account.Head, head) {
				t.Errorf("account %d: the head is %x, want %x", user, account.Head, head)
			}
		}
	})
}
