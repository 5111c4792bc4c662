package bench

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
)

//go:embed store.sql
var storeSQL string

//go:embed store_hpos.sql
var storeHPOS string

//go:embed store_legacy.sql
var storeLegacy string

// prefix is that of the stores' tables.
const prefix = database.Prefix("wp_")

// Store is a store of the benchmark.
type Store struct {
	Storage testshop.Storage
	Orders  int
	Name    string   // of its database
	DSN     string   // of the superuser
	DB      *sqlx.DB // with the session settings of loyaltyd itself

	text   *sqlx.DB // likewise, as it reads the store
	synced bool     // by this run of the benchmark
}

func (s *Store) String() string { return fmt.Sprintf("%s, %d orders", label(s.Storage), s.Orders) }

func label(storage testshop.Storage) string {
	if storage == testshop.HPOS {
		return "HPOS"
	}
	return "Legacy"
}

// Store returns the store with so many orders; it is made unless the server
// has it.
func (b *Bench) Store(ctx context.Context, storage testshop.Storage, orders int) (*Store, error) {
	name := fmt.Sprintf("%s_%d", storage, orders)
	if store := b.stores[name]; store != nil {
		return store, nil
	}
	made, err := b.made(ctx, name)
	if err != nil {
		return nil, err
	}
	if !made {
		b.Log("making a store: %s, %d orders", label(storage), orders)
		if err := b.Server.DropDatabase(ctx, name); err != nil {
			return nil, err
		}
		if err := b.Server.CreateDatabase(ctx, name); err != nil {
			return nil, err
		}
		if err := MakeStore(ctx, b.Server.DSN(name), storage, orders); err != nil {
			return nil, err
		}
	}
	db, err := b.Server.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	if !made {
		if err := execute(ctx, db, "CREATE TABLE made AS SELECT UTC_TIMESTAMP() AS at"); err != nil {
			return nil, err
		}
	}
	text, err := database.OpenStore(ctx, b.Server.DSN(name))
	if err != nil {
		return nil, err
	}
	store := &Store{Storage: storage, Orders: orders, Name: name, DSN: b.Server.DSN(name), DB: db, text: text}
	b.stores[name] = store
	return store, store.undoEdits(ctx)
}

// made reports whether the server has a store that was made to its end.
func (b *Bench) made(ctx context.Context, name string) (made bool, err error) {
	db, err := b.Server.Open(ctx, "mysql")
	if err != nil {
		return false, err
	}
	defer db.Close()
	err = db.GetContext(ctx, &made, `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = 'made'`, name)
	return made, err
}

// Clean removes loyaltyd's tables and the benchmark's own from the store.
func (s *Store) Clean(ctx context.Context) error {
	return s.drop(ctx, `table_name LIKE 'wp\\_loyalty\\_%' OR table_name LIKE 'bench\\_%'`)
}

// cleanLedger removes loyaltyd's tables.
func (s *Store) cleanLedger(ctx context.Context) error {
	return s.drop(ctx, `table_name LIKE 'wp\\_loyalty\\_%'`)
}

func (s *Store) drop(ctx context.Context, condition string) error {
	s.synced = false
	var tables []struct {
		Name string `db:"name"`
		Type string `db:"type"`
	}
	err := s.DB.SelectContext(ctx, &tables, `SELECT table_name AS name, table_type AS type FROM information_schema.tables
		WHERE table_schema = DATABASE() AND (`+condition+`)`)
	if err != nil {
		return err
	}
	for _, table := range tables {
		kind := "TABLE"
		if table.Type == "VIEW" {
			kind = "VIEW"
		}
		if err := execute(ctx, s.DB, "DROP "+kind+" "+table.Name); err != nil {
			return err
		}
	}
	return nil
}

// bulky are the tables whose secondary indexes cost more to keep row by row
// than to build at the end.
var bulky = map[string][]string{
	"woocommerce_order_itemmeta": {"KEY order_item_id (order_item_id)", "KEY meta_key (meta_key(32))"},
	"postmeta":                   {"KEY post_id (post_id)", "KEY meta_key (meta_key(191))"},
}

// MakeStore makes a store with so many orders in an empty database of a
// MariaDB server, whose sequence tables it is made from. Half a minute for
// 100,000 orders on two cores.
func MakeStore(ctx context.Context, dsn string, storage testshop.Storage, orders int) error {
	shop, err := testshop.NewShop(ctx, dsn, testshop.Options{Storage: storage, Timezone: "Europe/Berlin", StartOfWeek: 1})
	if err != nil {
		return err
	}
	defer shop.Close()
	text := storeSQL + storeHPOS
	if storage != testshop.HPOS {
		text = storeSQL + storeLegacy
	}
	text = strings.NewReplacer("{orders}", strconv.Itoa(orders), "{customers}", strconv.Itoa(max(orders/5, 1)),
		"{p}", string(shop.Prefix), "{u}", string(shop.UsersPrefix)).Replace(text)
	alter := func(verb string, part func(key string) string) error {
		for table, keys := range bulky {
			var parts []string
			for _, key := range keys {
				parts = append(parts, verb+" "+part(key))
			}
			if err := execute(ctx, shop.DB, "ALTER TABLE "+string(shop.Prefix)+table+" "+strings.Join(parts, ", ")); err != nil {
				return err
			}
		}
		return nil
	}
	if err := alter("DROP", func(key string) string { return strings.Join(strings.Fields(key)[:2], " ") }); err != nil {
		return err
	}
	for statement := range strings.SplitSeq(text, ";\n") {
		if err := execute(ctx, shop.DB, statement); err != nil {
			return err
		}
	}
	if err := alter("ADD", func(key string) string { return key }); err != nil {
		return err
	}
	if err := execute(ctx, shop.DB, "DROP TABLE bench_orders, bench_lines"); err != nil {
		return err
	}
	return analyze(ctx, shop.DB)
}

// analyze lets the server count its tables, as it does by itself some time
// after they have grown.
func analyze(ctx context.Context, db *sqlx.DB) error {
	var tables []string
	err := db.SelectContext(ctx, &tables, `
		SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`)
	if err != nil {
		return fmt.Errorf("list the store's tables: %w", err)
	}
	return execute(ctx, db, "ANALYZE TABLE "+strings.Join(tables, ", "))
}

func execute(ctx context.Context, db *sqlx.DB, statement string) error {
	if strings.TrimSpace(statement) == "" {
		return nil
	}
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%.160s…: %w", strings.TrimSpace(statement), err)
	}
	return nil
}
