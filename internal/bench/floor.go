package bench

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/testshop"
)

// The floors: what plain client work on the same rows costs.

// scans are the tables that must be read to value a whole history, each as one
// walk along its primary key with the columns that count.
func scans(storage testshop.Storage) []scan {
	all := []scan{
		{"users", `SELECT ID, user_email, user_registered FROM wp_users FORCE INDEX (PRIMARY) ORDER BY ID`},
		{"usermeta", `SELECT user_id, meta_key, meta_value FROM wp_usermeta FORCE INDEX (PRIMARY) ORDER BY umeta_id`},
		{"comments", `SELECT comment_ID, comment_post_ID, comment_parent, user_id, comment_type, comment_approved, comment_date_gmt
			FROM wp_comments FORCE INDEX (PRIMARY) WHERE comment_type IN ('', 'comment', 'review') ORDER BY comment_ID`},
		{"order items", `SELECT order_item_id, order_id, order_item_type FROM wp_woocommerce_order_items FORCE INDEX (PRIMARY) ORDER BY order_item_id`},
		{"item meta", `SELECT meta_id, order_item_id, meta_key, meta_value FROM wp_woocommerce_order_itemmeta FORCE INDEX (PRIMARY) ORDER BY meta_id`},
	}
	if storage == testshop.HPOS {
		return append(all,
			scan{"orders", `SELECT id, type, parent_order_id, status, currency, customer_id, billing_email, total_amount, date_created_gmt, date_updated_gmt
				FROM wp_wc_orders FORCE INDEX (PRIMARY) ORDER BY id`},
			scan{"operational data", `SELECT order_id, date_paid_gmt, date_completed_gmt, shipping_total_amount, shipping_tax_amount
				FROM wp_wc_order_operational_data FORCE INDEX (PRIMARY) ORDER BY id`},
			scan{"orders' meta", `SELECT order_id, meta_key, meta_value FROM wp_wc_orders_meta FORCE INDEX (PRIMARY) ORDER BY id`})
	}
	return append(all,
		scan{"posts", `SELECT ID, post_type, post_parent, post_status, post_date_gmt, post_modified_gmt FROM wp_posts FORCE INDEX (PRIMARY) ORDER BY ID`},
		scan{"post meta", `SELECT meta_id, post_id, meta_key, meta_value FROM wp_postmeta FORCE INDEX (PRIMARY) ORDER BY meta_id`})
}

type scan struct{ name, query string }

// drain reads all rows of a query and does nothing with them.
func drain(ctx context.Context, db *sqlx.DB, query string, arguments ...any) error {
	return eachRow(ctx, db, query, func([]sql.RawBytes) error { return nil }, arguments...)
}

func eachRow(ctx context.Context, db *sqlx.DB, query string, visit func([]sql.RawBytes) error, arguments ...any) error {
	rows, err := db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return fmt.Errorf("%.200s: %w", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.RawBytes, len(names))
	targets := make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		if err := visit(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// dump is a table of ours in a file that LOAD DATA reads, and an empty table of
// the same definition.
type dump struct {
	table string // without prefix
	rows  int64
	file  string
}

// dumpTable writes a table of the store to a file in dir.
func dumpTable(ctx context.Context, s *Store, dir, table string) (d dump, err error) {
	d = dump{table: table, file: filepath.Join(dir, table)}
	key, err := primaryKey(ctx, s, table)
	if err != nil {
		return d, err
	}
	file, err := os.Create(d.file)
	if err != nil {
		return d, err
	}
	defer file.Close()
	buffered := bufio.NewWriterSize(file, 1<<20)
	escape := strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\x00", `\0`)
	err = eachRow(ctx, s.text, "SELECT * FROM wp_loyalty_"+table+" FORCE INDEX (PRIMARY) ORDER BY "+key, func(row []sql.RawBytes) error {
		for i, value := range row {
			if i > 0 {
				_ = buffered.WriteByte('\t')
			}
			if value == nil {
				_, _ = buffered.WriteString(`\N`)
			} else if _, err := escape.WriteString(buffered, string(value)); err != nil {
				return err
			}
		}
		d.rows++
		return buffered.WriteByte('\n')
	})
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return d, fmt.Errorf("dump %s: %w", table, err)
	}
	return d, execute(ctx, s.DB, "CREATE OR REPLACE TABLE bench_"+table+" LIKE wp_loyalty_"+table)
}

// ledgerTables are those of the ledger itself; what else a first run fills is
// what sync remembers of the store and what the reports are made of.
var ledgerTables = []string{"entries", "accounts", "points_daily"}

// ownTables returns our other tables that hold rows, in the order of their
// names.
func ownTables(ctx context.Context, s *Store) (own []string, err error) {
	var names []string
	err = s.DB.SelectContext(ctx, &names, `SELECT SUBSTRING(table_name, 12) FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name LIKE 'wp\\_loyalty\\_%' AND table_type = 'BASE TABLE' ORDER BY table_name`)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		var some bool
		if err := s.DB.GetContext(ctx, &some, "SELECT EXISTS (SELECT 1 FROM wp_loyalty_"+name+")"); err != nil {
			return nil, err
		}
		if some && !slices.Contains(ledgerTables, name) {
			own = append(own, name)
		}
	}
	return own, nil
}

// primaryKey returns the columns of a table's primary key.
func primaryKey(ctx context.Context, s *Store, table string) (columns string, err error) {
	err = s.DB.GetContext(ctx, &columns, `SELECT GROUP_CONCAT(column_name ORDER BY seq_in_index) FROM information_schema.statistics
		WHERE table_schema = DATABASE() AND table_name = ? AND index_name = 'PRIMARY'`, "wp_loyalty_"+table)
	return columns, err
}

// load writes the rows of a dump into its emptied table.
func (d dump) load(ctx context.Context, s *Store) (time.Duration, error) {
	if err := execute(ctx, s.DB, "TRUNCATE TABLE bench_"+d.table); err != nil {
		return 0, err
	}
	name := s.Name + "_" + d.table
	mysql.RegisterReaderHandler(name, func() io.Reader {
		file, err := os.Open(d.file)
		if err != nil {
			return strings.NewReader("") // the number of rows tells
		}
		return file // the driver closes it
	})
	defer mysql.DeregisterReaderHandler(name)
	started := time.Now()
	result, err := s.DB.ExecContext(ctx, "LOAD DATA LOCAL INFILE 'Reader::"+name+"' INTO TABLE bench_"+d.table+" CHARACTER SET binary")
	took := time.Since(started)
	if err != nil {
		return 0, fmt.Errorf("load %s: %w", d.table, err)
	}
	if rows, err := result.RowsAffected(); err != nil || rows != d.rows {
		return 0, fmt.Errorf("load %s: %d of %d rows arrived (%w)", d.table, rows, d.rows, err)
	}
	return took, nil
}
