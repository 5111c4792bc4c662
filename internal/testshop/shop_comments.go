package testshop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// NoType as a Comment's Type stores the empty type, as WordPress did before
// version 5.5.
const NoType = "\x00"

// Comment is a comment or review to add.
type Comment struct {
	User     int64 // 0: a visitor
	Author   string
	Email    string
	Post     int64
	Parent   int64
	Type     string // "review" on a product, else "comment", when empty
	Approved string // "1" when empty; also "0", "spam", "trash"
	Content  string
	At       time.Time // the shop's now when zero; imports may be older
	Verified bool      // WooCommerce's verified-owner mark of a review
	Rating   int       // 5 when zero; replies have none
}

// AddComment adds a comment as wp_new_comment does, with the rating and the
// verified-owner mark of a review, and returns its id.
func (s *Shop) AddComment(ctx context.Context, c Comment) (int64, error) {
	if c.At.IsZero() {
		c.At = s.now()
	}
	if c.Approved == "" {
		c.Approved = "1"
	}
	if c.Type == "" {
		kind, err := s.postType(ctx, c.Post)
		if err != nil {
			return 0, err
		}
		if c.Type = "comment"; kind == "product" {
			c.Type = "review"
		}
	}
	if c.User != 0 && c.Author == "" {
		var err error
		if c.Author, c.Email, err = s.person(ctx, c.User); err != nil {
			return 0, err
		}
	}
	if c.Content == "" {
		c.Content = "Good."
	}
	review := c.Type == "review" && c.Parent == 0
	if c.Type == NoType {
		c.Type = ""
	}
	id, err := s.insert(ctx, commentsTable, nil, c.Post, c.Author, c.Email, "", "198.51.100.9", s.local(c.At), gmt(c.At),
		c.Content, 0, c.Approved, "shop", c.Type, c.Parent, c.User)
	if err != nil {
		return 0, err
	}
	if review {
		if c.Rating == 0 {
			c.Rating = 5
		}
		verified := map[bool]string{true: "1", false: "0"}[c.Verified]
		if _, err := s.insert(ctx, commentMetaTable, nil, id, "rating", fmt.Sprint(c.Rating)); err != nil {
			return id, err
		}
		if _, err := s.insert(ctx, commentMetaTable, nil, id, "verified", verified); err != nil {
			return id, err
		}
	}
	return id, s.recount(ctx, c.Post)
}

func (s *Shop) postType(ctx context.Context, post int64) (string, error) {
	var kind string
	err := s.DB.GetContext(ctx, &kind, s.sql(`SELECT post_type FROM {p}posts WHERE ID = ?`), post)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read post %d: %w", post, err)
	}
	return kind, nil
}

// recount brings comment_count of a post up to date; a product's modified
// date moves too, as WooCommerce recounts its reviews.
func (s *Shop) recount(ctx context.Context, post int64) error {
	if s.sink != nil {
		return nil // Fill counts once, at its end
	}
	kind, err := s.postType(ctx, post)
	if err != nil {
		return err
	}
	err = s.run(ctx, `UPDATE {p}posts SET comment_count =
		(SELECT COUNT(*) FROM {p}comments WHERE comment_post_ID = ? AND comment_approved = '1') WHERE ID = ?`, post, post)
	if err != nil || kind != "product" {
		return err
	}
	now := s.now()
	return s.run(ctx, `UPDATE {p}posts SET post_modified = ?, post_modified_gmt = ? WHERE ID = ?`, s.local(now), gmt(now), post)
}

// SetCommentStatus does what a moderator does: "approve" or "hold" (only
// comment_approved changes), "spam" or "trash" (the old state is kept in
// commentmeta), "unspam" or "untrash" (it comes back).
func (s *Shop) SetCommentStatus(ctx context.Context, comment int64, action string) error {
	var post int64
	var approved string
	row := s.DB.QueryRowxContext(ctx, s.sql(`SELECT comment_post_ID, comment_approved FROM {p}comments WHERE comment_ID = ?`), comment)
	if err := row.Scan(&post, &approved); err != nil {
		return fmt.Errorf("read comment %d: %w", comment, err)
	}
	var err error
	switch action {
	case "approve":
		err = s.moderate(ctx, comment, "1")
	case "hold":
		err = s.moderate(ctx, comment, "0")
	case "spam", "trash":
		if err = s.moderate(ctx, comment, action); err == nil {
			err = s.keepState(ctx, comment, approved)
		}
	case "unspam", "untrash":
		err = s.restoreState(ctx, comment)
	default:
		return fmt.Errorf("comment action %q: want approve, hold, spam, trash, unspam or untrash", action)
	}
	if err != nil {
		return err
	}
	return s.recount(ctx, post)
}

func (s *Shop) moderate(ctx context.Context, comment int64, approved string) error {
	return s.run(ctx, `UPDATE {p}comments SET comment_approved = ? WHERE comment_ID = ?`, approved, comment)
}

func (s *Shop) keepState(ctx context.Context, comment int64, approved string) error {
	if _, err := s.insert(ctx, commentMetaTable, nil, comment, "_wp_trash_meta_status", approved); err != nil {
		return err
	}
	_, err := s.insert(ctx, commentMetaTable, nil, comment, "_wp_trash_meta_time", unix(s.now()))
	return err
}

func (s *Shop) restoreState(ctx context.Context, comment int64) error {
	var kept sql.NullString
	err := s.DB.GetContext(ctx, &kept, s.sql(
		`SELECT MAX(meta_value) FROM {p}commentmeta WHERE comment_id = ? AND meta_key = '_wp_trash_meta_status'`), comment)
	if err != nil {
		return fmt.Errorf("read kept state of comment %d: %w", comment, err)
	}
	if kept.String == "" {
		kept.String = "0"
	}
	if err := s.moderate(ctx, comment, kept.String); err != nil {
		return err
	}
	return s.run(ctx, `DELETE FROM {p}commentmeta WHERE comment_id = ? AND meta_key IN ('_wp_trash_meta_status', '_wp_trash_meta_time')`, comment)
}

// EditComment changes a comment's text, and nothing else.
func (s *Shop) EditComment(ctx context.Context, comment int64, content string) error {
	return s.run(ctx, `UPDATE {p}comments SET comment_content = ? WHERE comment_ID = ?`, content, comment)
}

// BackdateComment gives a comment another date.
func (s *Shop) BackdateComment(ctx context.Context, comment int64, at time.Time) error {
	return s.run(ctx, `UPDATE {p}comments SET comment_date = ?, comment_date_gmt = ? WHERE comment_ID = ?`, s.local(at), gmt(at), comment)
}

// DeleteComment deletes a comment for good; replies move to its parent.
// Nothing tells later that it was there.
func (s *Shop) DeleteComment(ctx context.Context, comment int64) error {
	var post, parent int64
	row := s.DB.QueryRowxContext(ctx, s.sql(`SELECT comment_post_ID, comment_parent FROM {p}comments WHERE comment_ID = ?`), comment)
	if err := row.Scan(&post, &parent); err != nil {
		return fmt.Errorf("read comment %d: %w", comment, err)
	}
	if err := s.run(ctx, `UPDATE {p}comments SET comment_parent = ? WHERE comment_parent = ?`, parent, comment); err != nil {
		return err
	}
	if err := s.run(ctx, `DELETE FROM {p}commentmeta WHERE comment_id = ?`, comment); err != nil {
		return err
	}
	if err := s.run(ctx, `DELETE FROM {p}comments WHERE comment_ID = ?`, comment); err != nil {
		return err
	}
	return s.recount(ctx, post)
}
