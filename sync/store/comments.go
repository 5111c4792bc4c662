package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"loyaltyd/sync/program"
)

// CommentRecord is a comment and its sum, which covers all that can change
// its worth, and of which State covers the comment's own row.
type CommentRecord struct {
	Comment program.Comment
	Sum     uint64
}

// UserPost names the comments of one user on one post.
type UserPost struct{ User, Post int64 }

// Only these comments can ever matter; nine in ten are order notes.
const commentsWanted = `c.user_id > 0 AND c.comment_type IN ('', 'comment', 'review')`

// commentFields are what a comment's digest is made of, of its row c and the
// row p of its post.
var commentFields = []string{
	"c.comment_ID", "c.user_id", "c.comment_post_ID", "p.post_author", "c.comment_parent", "c.comment_date_gmt",
	utf8(`(SELECT m.meta_value FROM {p}commentmeta m
	  WHERE m.comment_id = c.comment_ID AND m.meta_key = 'verified' ORDER BY m.meta_id LIMIT 1)`),
	utf8("c.comment_type"), utf8("c.comment_approved"), utf8("p.post_type"),
}

// commentRow are the places of those of its own row.
var commentRow = []int{1, 2, 4, 5, 7, 8}

// commentsSQL reads the comments for which condition holds, for each the
// expressions in columns. The index hint is for walks along the key: the
// servers tend to prefer one on the type, and sort. No derived table: with a
// text of any length in it, it would be written to disk.
func commentsSQL(columns, hint, condition string) string {
	return `
		SELECT ` + columns + `
		FROM {p}comments c ` + hint + `
		LEFT JOIN {p}posts p ON p.ID = c.comment_post_ID
		WHERE ` + commentsWanted + ` AND ` + condition
}

// commentSumsSQL gives id and digest of those comments.
func commentSumsSQL(condition string) string {
	return commentsSQL(`c.comment_ID AS id, `+headSQL(commentFields, commentRow...)+` AS digest`, byPrimaryKey, condition)
}

const byPrimaryKey = `FORCE INDEX (PRIMARY)`

// comments returns them in the order of condition, which may end in clauses.
func (sn *Snapshot) comments(ctx context.Context, hint, condition string, args ...any) ([]CommentRecord, error) {
	var all []CommentRecord
	var scratch []byte
	err := sn.each(ctx, commentsSQL(columns(commentFields), hint, condition), args, func(r record) error {
		verified := r.text(6)
		var sum uint64
		sum, scratch = headOf(scratch, r, commentRow...)
		all = append(all, CommentRecord{
			Comment: program.Comment{
				ID:         r.id(0),
				User:       r.id(1),
				Post:       r.id(2),
				PostType:   r.text(9),
				PostAuthor: r.id(3),
				Parent:     r.id(4),
				Type:       r.text(7),
				Approved:   r.text(8),
				At:         r.time(5),
				Verified:   verified != "" && verified != "0", // what PHP takes for true
			},
			Sum: sum,
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read comments: %w", err)
	}
	return all, nil
}

// CommentsAfter returns the comments with an id above id, ascending, at most
// limit. Like the other functions for comments it leaves out those that can
// never matter: of no registered user, or of another type.
func (sn *Snapshot) CommentsAfter(ctx context.Context, id int64, limit int) ([]CommentRecord, error) {
	return sn.comments(ctx, byPrimaryKey, `c.comment_ID > ? ORDER BY c.comment_ID LIMIT ?`, id, limit)
}

// CommentsByID returns those of the ids that exist, ascending.
func (sn *Snapshot) CommentsByID(ctx context.Context, ids []int64) ([]CommentRecord, error) {
	var all []CommentRecord
	err := chunks(ids, maxList, func(part []int64) error {
		records, err := sn.comments(ctx, byPrimaryKey, `c.comment_ID IN (`+list(part)+`) ORDER BY c.comment_ID`)
		all = append(all, records...)
		return err
	})
	return all, err
}

// CommentsOn returns the comments on these posts, by id.
func (sn *Snapshot) CommentsOn(ctx context.Context, posts []int64) ([]CommentRecord, error) {
	var all []CommentRecord
	err := chunks(posts, diveList, func(part []int64) error {
		records, err := sn.comments(ctx, ``, `c.comment_post_ID IN (`+list(part)+`)`)
		all = append(all, records...)
		return err
	})
	slices.SortFunc(all, func(a, b CommentRecord) int { return cmp.Compare(a.Comment.ID, b.Comment.ID) })
	return all, err
}

// CommentsOf returns the comments of each user on each post named, by id.
// It looks at all comments on these posts.
func (sn *Snapshot) CommentsOf(ctx context.Context, pairs []UserPost) ([]CommentRecord, error) {
	wanted := make(map[UserPost]bool, len(pairs))
	posts := make([]int64, 0, len(pairs))
	users := map[int64][]int64{} // by post
	for _, pair := range pairs {
		if !wanted[pair] {
			wanted[pair] = true
			posts = append(posts, pair.Post)
			users[pair.Post] = append(users[pair.Post], pair.User)
		}
	}
	var all []CommentRecord
	err := chunks(posts, diveList, func(part []int64) error {
		var authors []int64
		for _, post := range part {
			authors = append(authors, users[post]...)
		}
		records, err := sn.comments(ctx, ``,
			`c.comment_post_ID IN (`+list(part)+`) AND c.user_id IN (`+list(authors)+`)`)
		for _, record := range records {
			if wanted[UserPost{record.Comment.User, record.Comment.Post}] {
				all = append(all, record)
			}
		}
		return err
	})
	slices.SortFunc(all, func(a, b CommentRecord) int { return cmp.Compare(a.Comment.ID, b.Comment.ID) })
	return all, err
}

// CommentsOfUsers returns the comments of these users with an id above after,
// ascending, at most limit. WordPress has no index on a comment's user, so
// this walks the comments from after on: it is for rare occasions.
func (sn *Snapshot) CommentsOfUsers(ctx context.Context, users []int64, after int64, limit int) ([]CommentRecord, error) {
	var all []CommentRecord
	err := chunks(users, maxList, func(part []int64) error {
		records, err := sn.comments(ctx, byPrimaryKey,
			`c.comment_ID > ? AND c.user_id IN (`+list(part)+`) ORDER BY c.comment_ID LIMIT ?`, after, limit)
		all = append(all, records...)
		return err
	})
	slices.SortFunc(all, func(a, b CommentRecord) int { return cmp.Compare(a.Comment.ID, b.Comment.ID) })
	return all[:min(len(all), limit)], err
}

const commentRange = `c.comment_ID >= ? AND c.comment_ID < ?`

// CommentBuckets returns the combined sums of the comments with
// from <= id < to in buckets of ids, by bucket.
func (sn *Snapshot) CommentBuckets(ctx context.Context, from, to, size int64) ([]Bucket, error) {
	return sn.buckets(ctx, "comments", commentSumsSQL(commentRange), "digest", from, to, size)
}

// CommentStates does that with what State says of the sums. It reads nothing
// but the comments.
func (sn *Snapshot) CommentStates(ctx context.Context, from, to, size int64) ([]Bucket, error) {
	own := make([]string, len(commentRow))
	for i, at := range commentRow {
		own[i] = commentFields[at]
	}
	return sn.buckets(ctx, "the states of comments", `
		SELECT c.comment_ID AS id, `+stateSQL(commentFields[0], own...)+` AS state
		FROM {p}comments c `+byPrimaryKey+` WHERE `+commentsWanted+` AND `+commentRange, "state", from, to, size)
}

// CommentSums returns the sums of the comments with from <= id < to.
func (sn *Snapshot) CommentSums(ctx context.Context, from, to int64) (map[int64]uint64, error) {
	return sn.sums(ctx, "comments", commentSumsSQL(commentRange), from, to)
}

// MaxCommentID returns the highest id of any comment, 0 if there is none.
func (sn *Snapshot) MaxCommentID(ctx context.Context) (int64, error) {
	return sn.maxID(ctx, `SELECT MAX(comment_ID) FROM {p}comments`)
}
