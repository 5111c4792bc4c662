package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"loyaltyd/sync/program"
)

// ProductCategories are the direct categories of a product, ascending, with
// those above them: ids of terms.
type ProductCategories struct {
	Product    int64
	Categories []program.CategoryPath
}

// Categories returns the direct categories of those of the products that
// exist, with those above them: term ids, ascending, empty for a product without
// any. A product in the trash exists.
func (sn *Snapshot) Categories(ctx context.Context, products []int64) (map[int64][]program.CategoryPath, error) {
	categories := make(map[int64][]program.CategoryPath, len(products))
	some := false
	err := chunks(products, maxList, func(part []int64) error {
		err := sn.each(ctx, `
			SELECT ID FROM {p}posts
			WHERE ID IN (`+list(part)+`) AND post_type IN ('product', 'product_variation')`, nil,
			func(r record) error {
				categories[r.id(0)] = []program.CategoryPath{}
				return nil
			})
		if err != nil {
			return err
		}
		return sn.each(ctx, `
			SELECT r.object_id, t.term_id
			FROM {p}term_relationships r
			JOIN {p}term_taxonomy t ON t.term_taxonomy_id = r.term_taxonomy_id AND t.taxonomy = 'product_cat'
			WHERE r.object_id IN (`+list(part)+`)`, nil,
			func(r record) error {
				if product := r.id(0); categories[product] != nil {
					categories[product] = append(categories[product], program.CategoryPath{r.id(1)})
					some = true
				}
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read the categories of products: %w", err)
	}
	if !some {
		return categories, nil
	}
	parents, err := sn.categoryTree(ctx)
	if err != nil {
		return nil, err
	}
	for _, paths := range categories {
		for i, path := range paths {
			paths[i] = path.Up(parents)
		}
		slices.SortFunc(paths, func(a, b program.CategoryPath) int { return cmp.Compare(a[0], b[0]) })
	}
	return categories, nil
}

// categoryTree returns the parents of all product categories that have one.
func (sn *Snapshot) categoryTree(ctx context.Context) (map[int64]int64, error) {
	parents := map[int64]int64{}
	err := sn.each(ctx, `SELECT term_id, parent FROM {p}term_taxonomy WHERE taxonomy = 'product_cat' AND parent > 0`, nil,
		func(r record) error {
			parents[r.id(0)] = r.id(1)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the tree of categories: %w", err)
	}
	return parents, nil
}

// CategoriesAfter returns the products with an id above product, ascending, at
// most limit, with their categories.
func (sn *Snapshot) CategoriesAfter(ctx context.Context, product int64, limit int) ([]ProductCategories, error) {
	var products []int64
	// Not along the primary key: in legacy storage most posts are orders.
	err := sn.each(ctx, `
		SELECT ID FROM {p}posts IGNORE INDEX (PRIMARY)
		WHERE post_type = 'product' AND ID > ? ORDER BY ID LIMIT ?`, []any{product, limit},
		func(r record) error {
			products = append(products, r.id(0))
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	return sn.categoriesOf(ctx, products)
}

// CategoriesOf returns those of the ids that are products (variations are not),
// ascending, with their categories.
func (sn *Snapshot) CategoriesOf(ctx context.Context, ids []int64) ([]ProductCategories, error) {
	var products []int64
	err := chunks(ids, maxList, func(part []int64) error {
		return sn.each(ctx, `SELECT ID FROM {p}posts WHERE ID IN (`+list(part)+`) AND post_type = 'product' ORDER BY ID`, nil,
			func(r record) error {
				products = append(products, r.id(0))
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	return sn.categoriesOf(ctx, products)
}

func (sn *Snapshot) categoriesOf(ctx context.Context, products []int64) ([]ProductCategories, error) {
	categories, err := sn.Categories(ctx, products)
	if err != nil {
		return nil, err
	}
	all := make([]ProductCategories, 0, len(products))
	for _, id := range products {
		all = append(all, ProductCategories{Product: id, Categories: categories[id]})
	}
	return all, nil
}

// ProductNames returns the names of those of the products that exist.
func (sn *Snapshot) ProductNames(ctx context.Context, products []int64) (map[int64]string, error) {
	names := make(map[int64]string, len(products))
	err := chunks(products, maxList, func(part []int64) error {
		return sn.each(ctx, `SELECT ID, CONVERT(post_title USING utf8mb4) FROM {p}posts
			WHERE ID IN (`+list(part)+`) AND post_type IN ('product', 'product_variation')`, nil,
			func(r record) error {
				names[r.id(0)] = r.text(1)
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of products: %w", err)
	}
	return names, nil
}
