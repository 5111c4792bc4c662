// Package bench measures loyaltyd beside the database's own limits, in one
// run, on a store of its own making.
package bench

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/testshop"
)

//go:embed store.sql
var storeSQL string

//go:embed store_hpos.sql
var storeHPOS string

//go:embed store_legacy.sql
var storeLegacy string

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
	return execute(ctx, shop.DB, "DROP TABLE bench_orders, bench_lines")
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
