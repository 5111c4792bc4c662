package sync

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"loyaltyd/sync/store"
)

func (r *run) lookForComments(ctx context.Context) error {
	switch r.mode {
	case Full:
		return r.everyComment(ctx)
	case Sweep:
		return r.sweepComments(ctx)
	default:
		return r.newComments(ctx)
	}
}

func (r *run) commentsAfter(ctx context.Context, after int64) (records []store.CommentRecord, err error) {
	err = r.once(func(sn *store.Snapshot) error {
		records, err = sn.CommentsAfter(ctx, after, pageComments)
		return err
	})
	return records, err
}

// newComments looks at comments with ids that were not seen before.
func (r *run) newComments(ctx context.Context) error {
	after := max(0, r.state.Comments-overlapIDs)
	// Nine in ten comments are order notes, which are passed over once.
	var newest int64
	err := r.once(func(sn *store.Snapshot) error {
		var err error
		newest, err = sn.MaxCommentID(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for {
		records, err := r.commentsAfter(ctx, after)
		if err != nil {
			return err
		}
		changed, err := r.changedComments(ctx, records)
		if err != nil {
			return err
		}
		if err := r.lookAtComments(ctx, changed, nil); err != nil {
			return err
		}
		if n := len(records); n > 0 {
			after = records[n-1].Comment.ID
		}
		r.state.Comments = max(r.state.Comments, after)
		if len(records) < pageComments {
			r.state.Comments = max(r.state.Comments, newest)
			return nil
		}
	}
}

func (r *run) changedComments(ctx context.Context, records []store.CommentRecord) ([]found, error) {
	type digest struct {
		ID     int64  `db:"id"`
		Digest uint64 `db:"digest"`
	}
	seen, err := selectIn[digest](ctx, r.ledger.DB(), r.sql(`SELECT id, digest FROM {p}loyalty_seen_comments WHERE id IN (?)`), commentIDs(records))
	if err != nil {
		return nil, fmt.Errorf("read what was seen of comments: %w", err)
	}
	digests := make(map[int64]uint64, len(seen))
	for _, row := range seen {
		digests[row.ID] = row.Digest
	}
	var changed []found
	for _, record := range records {
		if before, known := digests[record.Comment.ID]; !known || before != record.Sum {
			changed = append(changed, found{id: record.Comment.ID})
		}
	}
	return changed, nil
}

// everyComment looks at every comment that the store has or had.
func (r *run) everyComment(ctx context.Context) error {
	of, err := r.lastOf(ctx, "seen_comments", func(sn *store.Snapshot) (int64, error) { return sn.MaxCommentID(ctx) })
	if err != nil {
		return err
	}
	read := pageReader[[]store.CommentRecord]{find: r.readComments}
	err = everyPage(ctx, r.Store, read, r.resume(), r.postComments, r.lookAtCommentsAgain,
		func(through int64) { r.report("comments", min(through, of), of) })
	if err == nil {
		r.state.Comments = max(r.state.Comments, of)
	}
	return err
}

func (r *run) readComments(ctx context.Context, sn *store.Snapshot, after int64) (records []store.CommentRecord, through int64, err error) {
	most := r.pageEvery()
	records, err = sn.CommentsAfter(ctx, after, most)
	through = lastID
	if len(records) == most {
		through = records[len(records)-1].Comment.ID
	}
	return records, through, err
}

// postComments brings the ledger up to date with a page that was read.
func (r *run) postComments(ctx context.Context, page *page[[]store.CommentRecord], after int64) (through int64, err error) {
	comments, gone, err := r.withGoneComments(ctx, page.content, after, page.through)
	if err != nil || gone {
		return 0, cmp.Or(err, errReadAgain)
	}
	done := r.passed(page.through)
	if len(comments) == 0 && done == nil {
		return page.through, nil
	}
	if err := r.lookAtCommentRecords(ctx, page.sn, comments, page.content, done); err != nil {
		return 0, fmt.Errorf("comments %s: %w", idRange(commentIDs(page.content)), err)
	}
	return page.through, nil
}

// lookAtCommentsAgain looks at the page of comments after an id, reading it
// itself.
func (r *run) lookAtCommentsAgain(ctx context.Context, after int64) (through int64, err error) {
	comments, through, err := r.pageOfComments(ctx, after)
	if err != nil {
		return 0, err
	}
	for chunk := range slices.Chunk(comments, pageComments) {
		if err := r.lookAtComments(ctx, chunk, r.passed(chunk[len(chunk)-1].id)); err != nil {
			return 0, err
		}
	}
	return through, nil
}

// pageOfComments returns the next comments with an id above after, those that
// were seen but are gone included, and the id up to which it looked.
func (r *run) pageOfComments(ctx context.Context, after int64) (comments []found, through int64, err error) {
	var records []store.CommentRecord
	err = r.once(func(sn *store.Snapshot) error {
		records, through, err = r.readComments(ctx, sn, after)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	comments, _, err = r.withGoneComments(ctx, records, after, through)
	return comments, through, err
}

// withGoneComments returns the comments of a page and those after < id <=
// through that were seen but are no longer in the store.
func (r *run) withGoneComments(ctx context.Context, records []store.CommentRecord, after, through int64) (comments []found, gone bool, err error) {
	var seen []int64
	if !r.untouched.known || after < r.untouched.comments {
		err = r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
			SELECT id FROM {p}loyalty_seen_comments WHERE id > ? AND id <= ?`), after, through)
		if err != nil {
			return nil, false, fmt.Errorf("read what was seen of comments: %w", err)
		}
	}
	ids := slices.Concat(seen, commentIDs(records))
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return foundOf(ids), len(ids) > len(records), nil
}

func commentIDs(records []store.CommentRecord) []int64 {
	ids := make([]int64, len(records))
	for i := range records {
		ids[i] = records[i].Comment.ID
	}
	return ids
}

// sweepComments finds comments that were approved, un-approved, moved or
// deleted, and those whose post or author changed. In slices, it compares the
// rows of all comments and the next slice of the rest.
func (r *run) sweepComments(ctx context.Context) error {
	last, err := r.lastOf(ctx, "seen_comments", func(sn *store.Snapshot) (int64, error) { return sn.MaxCommentID(ctx) })
	if err != nil {
		return err
	}
	from, through := int64(0), last
	if r.slices && r.passes != nil {
		if err := r.compareComments(ctx, 0, last, "digest >> 32", (*store.Snapshot).CommentStates); err != nil {
			return err
		}
		if r.passes.Comment <= last {
			from = r.passes.Comment
		}
		if slice := r.sliceOf(r.passes, last, leastComments); slice < last-from {
			through = from + slice
		}
	}
	if err := r.compareComments(ctx, from, through, "digest", (*store.Snapshot).CommentBuckets); err != nil {
		return err
	}
	if r.passes != nil {
		if r.passes.Comment = 0; through < last {
			r.passes.Comment = through + 1
		}
	}
	r.state.Comments = max(r.state.Comments, last)
	return nil
}

// compareComments looks at the comments from one id to another whose sums, or
// that part of them, differ.
func (r *run) compareComments(
	ctx context.Context, from, through int64, part string,
	sums func(sn *store.Snapshot, ctx context.Context, from, to, size int64) ([]store.Bucket, error),
) error {
	next := func(sn *store.Snapshot, id int64) (int64, error) { return sn.NextCommentID(ctx, id) }
	return r.eachSpan(ctx, "comments", "seen_comments", from, through, next, func(from, to int64) (empty bool, err error) {
		var inStore []store.Bucket
		err = r.paced(ctx, "comments: "+part, func() error {
			return r.once(func(sn *store.Snapshot) error {
				inStore, err = sums(sn, ctx, from, to, bucketSize)
				return err
			})
		})
		if err != nil {
			return false, err
		}
		seen, err := r.seenBuckets(ctx, "seen_comments", part, "1 = 1", from, to)
		if err != nil {
			return false, err
		}
		for _, n := range differing(inStore, seen) {
			ids, err := r.differingIn(ctx, "seen_comments", "1 = 1", n, func(sn *store.Snapshot, from, to int64) (map[int64]uint64, error) {
				return sn.CommentSums(ctx, from, to)
			})
			if err != nil {
				return false, err
			}
			if err := r.lookAtComments(ctx, foundOf(ids), nil); err != nil {
				return false, err
			}
		}
		return len(inStore) == 0 && len(seen) == 0, nil
	})
}
