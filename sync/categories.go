package sync

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// categoryVersions are the direct categories of products, with those above them,
// over time.
type categoryVersions map[int64][]categoryVersion

type categoryVersion struct {
	Product    int64           `db:"product_id"`
	Version    int64           `db:"version"`
	From       ledger.NullTime `db:"effective_at"` // missing: from the beginning of time
	Categories string          `db:"categories"`
}

// at returns the categories that a product had at an instant, as far as it is
// known.
func (v categoryVersions) at(product int64, at time.Time) []program.CategoryPath {
	for i, version := range slices.Backward(v[product]) {
		if i == 0 || !version.From.Time.After(at) {
			return parsePaths(version.Categories)
		}
	}
	return nil
}

// parsePaths reads what formatPaths writes: categories separated by commas, each
// with those above it behind slashes.
func parsePaths(text string) []program.CategoryPath {
	if text == "" {
		return nil
	}
	var paths []program.CategoryPath
	for part := range strings.SplitSeq(text, ",") {
		var path program.CategoryPath
		for part := range strings.SplitSeq(part, "/") {
			if id, err := strconv.ParseInt(part, 10, 64); err == nil {
				path = append(path, id)
			}
		}
		paths = append(paths, path)
	}
	return paths
}

func formatPaths(paths []program.CategoryPath) string {
	var text []byte
	for i, path := range paths {
		if i > 0 {
			text = append(text, ',')
		}
		for i, id := range path {
			if i > 0 {
				text = append(text, '/')
			}
			text = strconv.AppendInt(text, id, 10)
		}
	}
	return string(text)
}

// categoriesOf returns the categories of the products in the orders, and
// records those of products that were not known.
func (r *run) categoriesOf(ctx context.Context, sn *store.Snapshot, tx *ledger.Tx, cases []*orderCase) (categoryVersions, error) {
	if !r.anyCategoryRules {
		return nil, nil
	}
	var products []int64
	for _, c := range cases {
		if c.record == nil {
			continue
		}
		for i := range c.record.Order.Lines {
			if product := c.record.Order.Lines[i].Product; product > 0 {
				products = append(products, product)
			}
		}
	}
	slices.Sort(products)
	products = slices.Compact(products)
	known, err := r.readCategories(ctx, tx, products)
	if err != nil {
		return nil, err
	}
	unknown := slices.DeleteFunc(products, func(id int64) bool { return known[id] != nil })
	if len(unknown) == 0 {
		return known, nil
	}
	current, err := sn.Categories(ctx, unknown)
	if err != nil {
		return nil, err
	}
	for product, categories := range current {
		version := categoryVersion{Product: product, Version: 1, Categories: formatPaths(categories)}
		if err := r.addCategories(ctx, tx, version); err != nil {
			return nil, err
		}
		known[product] = []categoryVersion{version}
	}
	return known, nil
}

func (r *run) readCategories(ctx context.Context, q sqlx.QueryerContext, products []int64) (categoryVersions, error) {
	rows, err := selectIn[categoryVersion](ctx, q, r.sql(`
		SELECT product_id, version, effective_at, categories FROM {p}loyalty_product_categories
		WHERE product_id IN (?) ORDER BY product_id, version`), products)
	if err != nil {
		return nil, fmt.Errorf("read the categories of products: %w", err)
	}
	versions := categoryVersions{}
	for _, row := range rows {
		versions[row.Product] = append(versions[row.Product], row)
	}
	return versions, nil
}

func (r *run) addCategories(ctx context.Context, tx *ledger.Tx, version categoryVersion) error {
	_, err := tx.ExecContext(ctx, r.sql(`
		INSERT INTO {p}loyalty_product_categories (product_id, version, effective_at, categories) VALUES (?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE product_id = product_id`), version.Product, version.Version, version.From, version.Categories)
	if err != nil {
		return fmt.Errorf("record the categories of product %d: %w", version.Product, err)
	}
	return nil
}

// sweepCategories records which products are in other categories, or below
// other ones, than before, from now on. Products that are gone keep their last.
func (r *run) sweepCategories(ctx context.Context) error {
	if !r.anyCategoryRules {
		return nil
	}
	const page = 1000
	for after := int64(0); ; {
		var products []store.ProductCategories
		err := r.snapshot(ctx, func(sn *store.Snapshot) error {
			var err error
			products, err = sn.CategoriesAfter(ctx, after, page)
			return err
		})
		if err != nil {
			return err
		}
		if err := r.noteCategories(ctx, products); err != nil {
			return err
		}
		if len(products) < page {
			return nil
		}
		after = products[len(products)-1].Product
	}
}

func (r *run) noteCategories(ctx context.Context, products []store.ProductCategories) error {
	if len(products) == 0 {
		return nil
	}
	ids := make([]int64, len(products))
	for i, product := range products {
		ids[i] = product.Product
	}
	return r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
		known, err := r.readCategories(ctx, tx, ids)
		if err != nil {
			return err
		}
		for _, product := range products {
			version := categoryVersion{Product: product.Product, Version: 1, Categories: formatPaths(product.Categories)}
			if have := known[product.Product]; len(have) > 0 {
				last := have[len(have)-1]
				if last.Categories == version.Categories {
					continue
				}
				version.Version, version.From = last.Version+1, ledger.NullTime{Time: tx.Now, Valid: true}
			}
			if err := r.addCategories(ctx, tx, version); err != nil {
				return err
			}
		}
		return nil
	})
}
