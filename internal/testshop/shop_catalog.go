package testshop

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Product is a product to add.
type Product struct {
	Name       string
	Price      string // decimal text; "10" when empty
	Author     int64  // user 1 when zero
	Categories []int64
	Status     string // publish when empty
}

// Post is a post of any type to add.
type Post struct {
	Title  string
	Type   string // post when empty
	Status string // publish when empty
	Author int64  // user 1 when zero
	Parent int64
	At     time.Time // the shop's now when zero
}

// AddCategory adds a product category under parent (0: none) and returns its
// term id.
func (s *Shop) AddCategory(ctx context.Context, name string, parent int64) (int64, error) {
	return s.addTerm(ctx, name, "product_cat", parent)
}

// MoveCategory moves a product category under parent (0: none).
func (s *Shop) MoveCategory(ctx context.Context, category, parent int64) error {
	return s.run(ctx, `UPDATE {p}term_taxonomy SET parent = ? WHERE term_id = ? AND taxonomy = 'product_cat'`, parent, category)
}

func (s *Shop) addTerm(ctx context.Context, name, taxonomy string, parent int64) (int64, error) {
	id, err := s.insert(ctx, termsTable, nil, name, slug(name), 0)
	if err != nil {
		return 0, err
	}
	_, err = s.insert(ctx, taxonomyTable, nil, id, taxonomy, "", parent, 0)
	return id, err
}

// AddProduct adds a simple product and returns its id.
func (s *Shop) AddProduct(ctx context.Context, p Product) (int64, error) {
	id, err := s.AddPost(ctx, Post{Title: p.Name, Type: "product", Status: p.Status, Author: p.Author})
	if err != nil {
		return 0, err
	}
	if err := s.priceTag(ctx, id, p.Price); err != nil {
		return id, err
	}
	return id, s.SetCategories(ctx, id, p.Categories...)
}

// AddVariation adds a variation to a product and returns its id. Categories
// belong to the product alone.
func (s *Shop) AddVariation(ctx context.Context, product int64, name, price string) (int64, error) {
	id, err := s.AddPost(ctx, Post{Title: name, Type: "product_variation", Parent: product})
	if err != nil {
		return 0, err
	}
	return id, s.priceTag(ctx, id, price)
}

func (s *Shop) priceTag(ctx context.Context, post int64, price string) error {
	if price == "" {
		price = "10"
	}
	for _, meta := range [][2]string{
		{"_regular_price", price},
		{"total_sales", "0"},
		{"_tax_status", "taxable"},
		{"_wc_review_count", "0"},
		{"_price", price},
	} {
		if _, err := s.insert(ctx, postMetaTable, nil, post, meta[0], meta[1]); err != nil {
			return err
		}
	}
	return nil
}

// SetCategories replaces a product's direct categories (term ids).
func (s *Shop) SetCategories(ctx context.Context, product int64, categories ...int64) error {
	err := s.run(ctx, `
		DELETE r FROM {p}term_relationships r
		JOIN {p}term_taxonomy t ON t.term_taxonomy_id = r.term_taxonomy_id AND t.taxonomy = 'product_cat'
		WHERE r.object_id = ?`, product)
	if err != nil {
		return err
	}
	for _, category := range categories {
		err := s.run(ctx, `
			INSERT INTO {p}term_relationships (object_id, term_taxonomy_id, term_order)
			SELECT ?, term_taxonomy_id, 0 FROM {p}term_taxonomy WHERE term_id = ? AND taxonomy = 'product_cat'`, product, category)
		if err != nil {
			return err
		}
	}
	return nil
}

// AddPost adds a post (or page, or anything else that is one) and returns its
// id.
func (s *Shop) AddPost(ctx context.Context, p Post) (int64, error) {
	if p.Type == "" {
		p.Type = "post"
	}
	if p.Status == "" {
		p.Status = "publish"
	}
	if p.Author == 0 {
		p.Author = 1
	}
	if p.At.IsZero() {
		p.At = s.now()
	}
	gmtDate := gmt(p.At)
	if p.Status == "draft" || p.Status == "pending" || p.Status == "auto-draft" {
		gmtDate = zeroDate // WordPress dates a post when it is published
	}
	return s.insertPost(ctx, nil, postRow{
		author: p.Author, at: p.At, gmt: gmtDate, title: p.Title, status: p.Status, comments: "open",
		name: slug(p.Title), parent: p.Parent, kind: p.Type,
	})
}

type postRow struct {
	author                   int64
	at                       time.Time
	gmt                      string // empty: that of at
	modified                 time.Time
	title, excerpt, status   string
	comments, password, name string
	parent                   int64
	kind                     string
}

func (s *Shop) insertPost(ctx context.Context, id any, p postRow) (int64, error) {
	if p.gmt == "" {
		p.gmt = gmt(p.at)
	}
	if p.modified.IsZero() {
		p.modified = p.at
	}
	return s.insert(ctx, postsTable, id, p.author, s.local(p.at), p.gmt, "", p.title, p.excerpt, p.status,
		p.comments, "closed", p.password, p.name, "", "", s.local(p.modified), gmt(p.modified),
		"", p.parent, siteURL+"/?post_type="+p.kind, 0, p.kind, "", 0)
}

// TrashPost moves a post or product to the trash: its comments become
// post-trashed, their old states are kept in its metadata.
func (s *Shop) TrashPost(ctx context.Context, post int64) error {
	if err := s.trashPostMeta(ctx, post, true); err != nil {
		return err
	}
	now := s.now()
	err := s.run(ctx, `UPDATE {p}posts SET post_status = 'trash', post_name = CONCAT(post_name, '__trashed'),
		post_modified = ?, post_modified_gmt = ? WHERE ID = ?`, s.local(now), gmt(now), post)
	if err != nil {
		return err
	}
	return s.trashComments(ctx, post, true)
}

// UntrashPost takes a post or product out of the trash: as a draft, since
// WordPress 5.6; its comments get their old states back.
func (s *Shop) UntrashPost(ctx context.Context, post int64) error {
	now := s.now()
	err := s.run(ctx, `UPDATE {p}posts SET post_status = 'draft', post_name = REPLACE(post_name, '__trashed', ''),
		post_modified = ?, post_modified_gmt = ? WHERE ID = ? AND post_status = 'trash'`, s.local(now), gmt(now), post)
	if err != nil {
		return err
	}
	return s.untrashComments(ctx, post)
}

// SetPostStatus gives a post another status, such as publish or private.
func (s *Shop) SetPostStatus(ctx context.Context, post int64, status string) error {
	now := s.now()
	return s.run(ctx, `UPDATE {p}posts SET post_status = ?, post_modified = ?, post_modified_gmt = ? WHERE ID = ?`,
		status, s.local(now), gmt(now), post)
}

// trashPostMeta keeps what a trashed post was before.
func (s *Shop) trashPostMeta(ctx context.Context, post int64, slug bool) error {
	keep := `'_wp_trash_meta_status', post_status FROM {p}posts WHERE ID = ?`
	if err := s.run(ctx, `INSERT INTO {p}postmeta (post_id, meta_key, meta_value) SELECT ID, `+keep, post); err != nil {
		return err
	}
	if _, err := s.insert(ctx, postMetaTable, nil, post, "_wp_trash_meta_time", unix(s.now())); err != nil {
		return err
	}
	if !slug {
		return nil
	}
	keep = `'_wp_desired_post_slug', post_name FROM {p}posts WHERE ID = ?`
	return s.run(ctx, `INSERT INTO {p}postmeta (post_id, meta_key, meta_value) SELECT ID, `+keep, post)
}

// trashComments marks a post's comments as post-trashed; remember keeps their
// states in the post's metadata.
func (s *Shop) trashComments(ctx context.Context, post int64, remember bool) error {
	var comments []struct {
		ID       int64  `db:"comment_ID"`
		Approved string `db:"comment_approved"`
	}
	err := s.DB.SelectContext(ctx, &comments, s.sql(
		`SELECT comment_ID, comment_approved FROM {p}comments WHERE comment_post_ID = ? AND comment_approved <> 'post-trashed' ORDER BY comment_ID`), post)
	if err != nil {
		return fmt.Errorf("read comments of post %d: %w", post, err)
	}
	if len(comments) == 0 {
		return nil
	}
	if remember {
		var states strings.Builder
		fmt.Fprintf(&states, "a:%d:{", len(comments))
		for _, c := range comments {
			fmt.Fprintf(&states, `i:%d;s:%d:"%s";`, c.ID, len(c.Approved), c.Approved)
		}
		states.WriteString("}")
		if _, err := s.insert(ctx, postMetaTable, nil, post, "_wp_trash_meta_comments_status", states.String()); err != nil {
			return err
		}
	}
	return s.run(ctx, `UPDATE {p}comments SET comment_approved = 'post-trashed' WHERE comment_post_ID = ?`, post)
}

var serializedState = regexp.MustCompile(`i:(\d+);s:\d+:"([^"]*)"`)

// untrashComments gives the comments of a post the states that its metadata
// keeps, and removes that metadata.
func (s *Shop) untrashComments(ctx context.Context, post int64) error {
	var kept []string
	err := s.DB.SelectContext(ctx, &kept, s.sql(
		`SELECT meta_value FROM {p}postmeta WHERE post_id = ? AND meta_key = '_wp_trash_meta_comments_status'`), post)
	if err != nil {
		return fmt.Errorf("read kept comment states of post %d: %w", post, err)
	}
	for _, state := range serializedState.FindAllStringSubmatch(strings.Join(kept, ""), -1) {
		if err := s.run(ctx, `UPDATE {p}comments SET comment_approved = ? WHERE comment_ID = ?`, state[2], state[1]); err != nil {
			return err
		}
	}
	return s.run(ctx, `DELETE FROM {p}postmeta WHERE post_id = ? AND meta_key IN
		('_wp_trash_meta_status', '_wp_trash_meta_time', '_wp_trash_meta_comments_status', '_wp_desired_post_slug')`, post)
}

// DeletePost deletes a post for good, with its comments, metadata and terms.
func (s *Shop) DeletePost(ctx context.Context, post int64) error {
	for _, statement := range []string{
		`DELETE FROM {p}term_relationships WHERE object_id = ?`,
		`DELETE m FROM {p}commentmeta m JOIN {p}comments c ON c.comment_ID = m.comment_id WHERE c.comment_post_ID = ?`,
		`DELETE FROM {p}comments WHERE comment_post_ID = ?`,
		`DELETE FROM {p}postmeta WHERE post_id = ?`,
		`DELETE FROM {p}posts WHERE ID = ?`,
	} {
		if err := s.run(ctx, statement, post); err != nil {
			return err
		}
	}
	return nil
}

// DeleteProduct deletes a product and its variations for good; orders and
// their lines keep the ids.
func (s *Shop) DeleteProduct(ctx context.Context, product int64) error {
	var variations []int64
	err := s.DB.SelectContext(ctx, &variations, s.sql(
		`SELECT ID FROM {p}posts WHERE post_parent = ? AND post_type = 'product_variation'`), product)
	if err != nil {
		return fmt.Errorf("read variations of product %d: %w", product, err)
	}
	for _, post := range append(variations, product) {
		if err := s.DeletePost(ctx, post); err != nil {
			return err
		}
	}
	return nil
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(text string) string {
	text = strings.Trim(notSlug.ReplaceAllString(strings.ToLower(text), "-"), "-")
	return text[:min(len(text), 50)]
}
