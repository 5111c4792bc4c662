package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"
	"unicode"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
)

// bulkRow is a row with a column of every kind that rows are written with.
type bulkRow struct {
	ID     int64        `db:"id"`
	Digest uint64       `db:"digest"`
	Flag   bool         `db:"flag"`
	At     time.Time    `db:"happened_at"`
	Later  sql.NullTime `db:"later"`
	Name   string       `db:"name"`
	Hash   []byte       `db:"hash"`
}

var bulkColumns = []string{"id", "digest", "flag", "happened_at", "later", "name", "hash"}

const bulkTable = `(id BIGINT NOT NULL PRIMARY KEY, digest BIGINT UNSIGNED NOT NULL, flag TINYINT NOT NULL,
	happened_at DATETIME(6) NOT NULL, later DATETIME(6) NULL,
	name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, hash VARBINARY(64) NULL) ENGINE=InnoDB`

func bulkRows(all []bulkRow) *database.Rows {
	var rows database.Rows
	for _, row := range all {
		rows.Int(row.ID)
		rows.Uint(row.Digest)
		rows.Bool(row.Flag)
		rows.Time(row.At)
		rows.NullTime(row.Later)
		rows.Text(row.Name)
		rows.Bytes(row.Hash)
		rows.End()
	}
	return &rows
}

// The two ways of writing many rows.
var bulkWays = map[string]int{"LOAD DATA": 1, "INSERT": math.MaxInt}

// bulkWrite writes rows in one transaction and tells by how many LOAD DATA.
func bulkWrite(ctx context.Context, pool *sqlx.DB, bulk *database.Bulk, into database.Table, all []bulkRow) (loads int, err error) {
	err = database.Transact(ctx, pool, func(tx *sqlx.Tx) error {
		count := func() (n int) {
			var name string
			if err := tx.QueryRowContext(ctx, `SHOW SESSION STATUS LIKE 'Com_load'`).Scan(&name, &n); err != nil {
				panic(err)
			}
			return n
		}
		before := count()
		err := bulk.Write(ctx, tx, into, bulkRows(all))
		loads = count() - before
		return err
	})
	return loads, err
}

func drawBulkRow(t *rapid.T, id int64) bulkRow {
	at := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(-30_000_000_000_000_000, 250_000_000_000_000_000).Draw(t, "microseconds")).UTC()
	})
	row := bulkRow{
		ID: id, Digest: rapid.Uint64().Draw(t, "digest"), Flag: rapid.Bool().Draw(t, "flag"), At: at.Draw(t, "at"),
		Name: rapid.StringOfN(rapid.RuneFrom(nil, &ascii), 0, 64, -1).Draw(t, "name"),
	}
	if rapid.Bool().Draw(t, "has later") {
		row.Later = sql.NullTime{Time: at.Draw(t, "later"), Valid: true}
	}
	if rapid.Bool().Draw(t, "has hash") {
		// Those that mean something on the way, often.
		b := rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("\\'\"\t\n\r\x00\x1aN")))
		row.Hash = rapid.SliceOfN(b, 0, 64).Draw(t, "hash")
		if row.Hash == nil {
			row.Hash = []byte{}
		}
	}
	return row
}

// Whatever is written, either way, is read back as it was.
func TestBulkStoresWhatItWasGiven(t *testing.T) {
	for way, fewest := range bulkWays {
		t.Run(way, func(t *testing.T) {
			testshop.Each(t, func(t *testing.T, db *testshop.Database) {
				ctx := t.Context()
				pool := db.Root
				bulk := database.NewBulk(fewest)
				into := database.Table{Name: "kinds", Columns: bulkColumns, Upsert: true}
				if _, err := pool.ExecContext(ctx, "CREATE TABLE kinds "+bulkTable); err != nil {
					t.Fatal(err)
				}
				rapid.Check(t, func(rt *rapid.T) {
					if _, err := pool.ExecContext(ctx, "DELETE FROM kinds"); err != nil {
						rt.Fatal(err)
					}
					want := map[int64]bulkRow{}
					for range rapid.IntRange(1, 3).Draw(rt, "writes") {
						var rows []bulkRow
						for range rapid.IntRange(0, 5).Draw(rt, "rows") {
							row := drawBulkRow(rt, rapid.SampledFrom([]int64{math.MinInt64, -1, 0, 1, 7, math.MaxInt64}).Draw(rt, "id"))
							rows = append(rows, row)
							want[row.ID] = row
						}
						loads, err := bulkWrite(ctx, pool, bulk, into, rows)
						if err != nil {
							rt.Fatal(err)
						}
						if wantLoad := way == "LOAD DATA" && len(rows) > 0; (loads == 1) != wantLoad {
							rt.Fatalf("%d rows were written by %d LOAD DATA", len(rows), loads)
						}
					}
					var stored []bulkRow
					if err := pool.SelectContext(ctx, &stored, "SELECT * FROM kinds"); err != nil {
						rt.Fatal(err)
					}
					got := map[int64]bulkRow{}
					for _, row := range stored {
						got[row.ID] = row
					}
					if !reflect.DeepEqual(got, want) {
						rt.Fatalf("stored %+v, want %+v", got, want)
					}
				})
			})
		})
	}
}

// Rows without end are cut into statements that a server takes, and keep their
// order.
func TestBulkWritesAnyNumberOfRows(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		pool := db.Root
		const many = 12_000
		all := make([]bulkRow, many)
		for i := range all {
			all[i] = bulkRow{ID: int64(i), At: time.Unix(0, 0), Name: fmt.Sprintf("%064d", i)}
		}
		for way, fewest := range bulkWays {
			into := database.Table{Name: "many_" + way[:4], Columns: bulkColumns}
			if _, err := pool.ExecContext(t.Context(), "CREATE TABLE "+into.Name+" "+bulkTable); err != nil {
				t.Fatal(err)
			}
			if _, err := bulkWrite(t.Context(), pool, database.NewBulk(fewest), into, all); err != nil {
				t.Fatal(err)
			}
			var n, wrong int
			err := pool.QueryRowContext(t.Context(), "SELECT COUNT(*), SUM(name <> LPAD(id, 64, '0')) FROM "+into.Name).Scan(&n, &wrong)
			if err != nil || n != many || wrong != 0 {
				t.Errorf("%s: %d rows, %d of them wrong (%v)", way, n, wrong, err)
			}
		}
	})
}

// What INSERT refuses, LOAD DATA would pass over or bend: both are errors, and
// nothing of the transaction is kept.
func TestBulkRefusesWhatDoesNotFit(t *testing.T) {
	good := bulkRow{ID: 1, At: time.Unix(0, 0), Name: "fits"}
	cases := map[string]struct {
		bad  func(*bulkRow)
		code uint16 // 0: it depends on the way
	}{
		"a key that is taken": {func(row *bulkRow) { row.ID = 0 }, 1062},
		"a text too long":     {func(row *bulkRow) { row.Name = fmt.Sprintf("%065d", 1) }, 0},
		"a text not ASCII":    {func(row *bulkRow) { row.Name = "naïve" }, 0},
		"bytes too long":      {func(row *bulkRow) { row.Hash = make([]byte, 65) }, 0},
		"a year 10000":        {func(row *bulkRow) { row.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, 0},
	}
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		pool := db.Root
		into := database.Table{Name: "strict", Columns: bulkColumns}
		if _, err := pool.ExecContext(t.Context(), "CREATE TABLE strict "+bulkTable); err != nil {
			t.Fatal(err)
		}
		if _, err := bulkWrite(t.Context(), pool, database.NewBulk(0), into, []bulkRow{{At: time.Unix(0, 0)}}); err != nil {
			t.Fatal(err)
		}
		for way, fewest := range bulkWays {
			for name, c := range cases {
				bad := good
				bad.ID = 2
				c.bad(&bad)
				_, err := bulkWrite(t.Context(), pool, database.NewBulk(fewest), into, []bulkRow{good, bad})
				if err == nil || c.code != 0 && database.Code(err) != c.code {
					t.Errorf("%s of %s: %v", way, name, err)
				}
			}
		}
		var n int
		if err := pool.GetContext(t.Context(), &n, "SELECT COUNT(*) FROM strict"); err != nil || n != 1 {
			t.Errorf("%d rows were kept (%v)", n, err)
		}
	})
}

// Where the server does not let clients load, would commit a part of what is
// loaded, or does not let them any more, rows are inserted.
func TestBulkDoesWithoutLoadData(t *testing.T) {
	for _, kind := range testshop.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			server, err := testshop.Start(t.Context(), kind, testshop.ServerOptions{})
			if errors.Is(err, testshop.ErrNotInstalled) {
				testshop.Missing(t, string(kind), err)
			}
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
			pool, err := server.Open(t.Context(), "shop")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = pool.Close() }()
			do := func(statement string) {
				t.Helper()
				if _, err := pool.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			do("CREATE TABLE plain " + bulkTable)
			var written int64
			write := func(when string, bulk *database.Bulk, stored int) {
				t.Helper()
				into := database.Table{Name: "plain", Columns: bulkColumns}
				written++
				loads, err := bulkWrite(t.Context(), pool, bulk, into, []bulkRow{{ID: written, At: time.Unix(0, 0)}})
				if err != nil || loads != stored {
					t.Errorf("%s: %d LOAD DATA, want %d: %v", when, loads, stored, err)
				}
			}

			known := database.NewBulk(1)
			write("allowed", known, 1)
			do("SET GLOBAL local_infile = OFF")
			write("not allowed any more", known, 1) // which is refused, and the rows inserted
			write("known not to be allowed", known, 0)
			unknown := database.NewBulk(1)
			write("not allowed", unknown, 0)
			do("SET GLOBAL local_infile = ON")
			write("not asked again", unknown, 0)
			if kind == testshop.MariaDB {
				do("SET GLOBAL wsrep_load_data_splitting = ON")
				write("split", database.NewBulk(1), 0)
				do("SET GLOBAL wsrep_load_data_splitting = OFF")
			}
			do("SET GLOBAL max_error_count = 0")
			_ = pool.Close() // sessions keep what they began with
			if pool, err = server.Open(t.Context(), "shop"); err != nil {
				t.Fatal(err)
			}
			write("warnings not kept", database.NewBulk(1), 0)
			bad := []bulkRow{{ID: -1, At: time.Unix(0, 0), Name: fmt.Sprintf("%065d", 1)}}
			if _, err := bulkWrite(t.Context(), pool, database.NewBulk(1), database.Table{Name: "plain", Columns: bulkColumns}, bad); err == nil {
				t.Error("a text too long was cut without a word")
			}
			var n int64
			if err := pool.GetContext(t.Context(), &n, "SELECT COUNT(*) FROM plain"); err != nil || n != written {
				t.Errorf("%d rows of %d (%v)", n, written, err)
			}
		})
	}
}

// What stands before a server may not do LOAD DATA although the server does.
func TestBulkDoesWithoutLoadDataOnTheWay(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		if _, err := db.Root.ExecContext(t.Context(), "CREATE TABLE behind "+bulkTable); err != nil {
			t.Fatal(err)
		}
		for id, code := range []uint16{1047, 2, 29} {
			proxy := testshop.StartProxy(t, db.DSN())
			proxy.Refuse("LOAD DATA", code)
			pool, err := database.Open(t.Context(), proxy.DSN())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = pool.Close() })
			into := database.Table{Name: "behind", Columns: bulkColumns}
			loads, err := bulkWrite(t.Context(), pool, database.NewBulk(1), into, []bulkRow{{ID: int64(id), At: time.Unix(0, 0)}})
			if err != nil || loads != 0 {
				t.Errorf("refused with error %d: %d LOAD DATA, %v", code, loads, err)
			}
		}
		var n int
		if err := db.Root.GetContext(t.Context(), &n, "SELECT COUNT(*) FROM behind"); err != nil || n != 3 {
			t.Errorf("%d rows of 3 (%v)", n, err)
		}
	})
}

// A DSN cannot make the server's questions for files of this machine answered.
func TestNoFileOfThisMachineIsSent(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		pool, err := database.Open(t.Context(), db.DSN()+"?allowAllFiles=true")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = pool.Close() }()
		if _, err := pool.ExecContext(t.Context(), "CREATE TABLE leak (content TEXT)"); err != nil {
			t.Fatal(err)
		}
		if _, err := pool.ExecContext(t.Context(), "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE leak"); err == nil {
			t.Error("a file was sent")
		}
	})
}

var ascii = unicode.RangeTable{R16: []unicode.Range16{{Lo: 0, Hi: 0x7f, Stride: 1}}}
