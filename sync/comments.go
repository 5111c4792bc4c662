package sync

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

var commentSources = ledger.SourcesOf(ledger.ObjectReview, ledger.ObjectComment)

// epoch is the time of a fact that has none.
var epoch = time.Unix(0, 0).UTC()

// commentCase is one comment among those of its user on its post.
type commentCase struct {
	comment program.Comment
	exists  bool
	digest  uint64
	posted  map[ledger.Source]ledger.Posted
	program int64
	factAt  time.Time
	wrong   misfit        // the first there is
	source  ledger.Source // what it would earn under; empty: it cannot
	points  int64
	failed  error
}

// commentPlan is what a batch of comments comes to.
type commentPlan struct {
	run    *run
	tx     *ledger.Tx
	asked  []found
	cases  map[int64]*commentCase
	seen   map[int64]*seenComment
	users  *userStates
	live   map[int64]bool
	causes map[int64]string
}

// lookAtComments brings the ledger up to date with comments. All comments of
// the same user on the same post are judged together, because only the
// earliest of them earns.
func (r *run) lookAtComments(ctx context.Context, comments []found, done func(context.Context, *ledger.Tx) error) error {
	if len(comments) == 0 && done == nil {
		return nil
	}
	ids := foundIDs(comments)
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err := sn.CommentsByID(ctx, ids)
		if err != nil {
			return err
		}
		return r.lookAtCommentRecords(ctx, sn, comments, records, done)
	})
	if err != nil {
		return fmt.Errorf("comments %s: %w", idRange(ids), err)
	}
	return nil
}

func (r *run) lookAtFoundComments(ctx context.Context, comments []found) error {
	return r.lookAtComments(ctx, comments, nil)
}

// lookAtCommentRecords brings the ledger up to date with comments as read.
func (r *run) lookAtCommentRecords(ctx context.Context, sn *store.Snapshot, comments []found, records []store.CommentRecord, done func(context.Context, *ledger.Tx) error) error {
	var result batchResult
	err := r.update(ctx, func(tx *ledger.Tx) error {
		result = batchResult{kind: kindComment}
		p, err := r.planComments(ctx, sn, tx, comments, records)
		if err != nil {
			return err
		}
		if err := p.apply(ctx, &result); err != nil {
			return err
		}
		if done != nil {
			return done(ctx, tx)
		}
		return nil
	})
	if err == nil {
		r.count(result)
	}
	return err
}

func (r *run) planComments(ctx context.Context, sn *store.Snapshot, tx *ledger.Tx, asked []found, records []store.CommentRecord) (*commentPlan, error) {
	p := &commentPlan{run: r, tx: tx, asked: asked, cases: map[int64]*commentCase{}, causes: map[int64]string{}}
	ids := make([]int64, len(asked))
	for i, f := range asked {
		ids[i] = f.id
		p.causes[f.id] = f.cause
	}
	var err error
	if r.untouched.come(&r.untouched.comments, ids) {
		tx.NothingPosted(commentSources, ids)
		p.seen = map[int64]*seenComment{}
	} else if p.seen, err = r.seenComments(ctx, tx, ids); err != nil {
		return nil, err
	}
	var pairs []store.UserPost
	for i := range records {
		pairs = append(pairs, store.UserPost{User: records[i].Comment.User, Post: records[i].Comment.Post})
	}
	for _, seen := range p.seen {
		pairs = append(pairs, store.UserPost{User: seen.User, Post: seen.Post})
	}
	siblings, err := p.siblings(ctx, sn, pairs)
	if err != nil {
		return nil, err
	}
	for _, record := range append(records, siblings...) {
		p.cases[record.Comment.ID] = &commentCase{comment: record.Comment, exists: true, digest: record.Sum}
	}
	for _, f := range asked {
		if p.cases[f.id] == nil {
			gone := &commentCase{comment: program.Comment{ID: f.id}}
			if seen := p.seen[f.id]; seen != nil {
				gone.comment.User, gone.comment.Post = seen.User, seen.Post
			}
			p.cases[f.id] = gone
		}
	}
	if err := p.readLedger(ctx); err != nil {
		return nil, err
	}
	return p, p.readUsers(ctx, sn)
}

// siblings returns the comments of these users on these posts. A first run
// looks only among those that it has seen: it comes to the others, and a look
// at all comments on a post for each page of them would take the square of
// their number.
func (p *commentPlan) siblings(ctx context.Context, sn *store.Snapshot, pairs []store.UserPost) ([]store.CommentRecord, error) {
	if !p.run.first {
		return sn.CommentsOf(ctx, pairs)
	}
	slices.SortFunc(pairs, func(a, b store.UserPost) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Post, b.Post)) })
	var ids []int64
	for chunk := range slices.Chunk(p.run.untouched.comeToPairs(slices.Compact(pairs)), 100) {
		args := make([]any, 0, 2*len(chunk))
		for _, pair := range chunk {
			args = append(args, pair.User, pair.Post)
		}
		var seen []seenComment
		err := p.tx.SelectContext(ctx, &seen, p.run.sql(`
			SELECT id, user_id, post_id, digest FROM {p}loyalty_seen_comments WHERE (user_id = ? AND post_id = ?)`)+
			strings.Repeat(" OR (user_id = ? AND post_id = ?)", len(chunk)-1), args...)
		if err != nil {
			return nil, fmt.Errorf("look for comments of the same users on the same posts: %w", err)
		}
		for i := range seen {
			ids = append(ids, seen[i].ID)
			p.seen[seen[i].ID] = &seen[i]
		}
	}
	records, err := sn.CommentsByID(ctx, ids)
	for i := range records { // they may have been moved
		p.run.untouched.comeToPairs([]store.UserPost{{User: records[i].Comment.User, Post: records[i].Comment.Post}})
	}
	return records, err
}

func (p *commentPlan) ids() []int64 {
	ids := make([]int64, 0, len(p.cases))
	for id := range p.cases {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (p *commentPlan) readLedger(ctx context.Context) error {
	if p.run.empty && len(p.seen) == 0 {
		return nil // as with orders, nothing was posted for them
	}
	posted, err := p.tx.PostedUnder(ctx, commentSources, p.ids())
	for source, standings := range posted {
		for id, standing := range standings {
			c := p.cases[id]
			if c.posted == nil {
				c.posted = map[ledger.Source]ledger.Posted{}
			}
			c.posted[source] = standing
		}
	}
	return err
}

func (p *commentPlan) readUsers(ctx context.Context, sn *store.Snapshot) error {
	var users []int64
	for _, c := range p.cases {
		users = append(users, c.comment.User)
		for _, posted := range c.posted {
			for _, standing := range posted.Accounts {
				users = append(users, standing.User)
			}
		}
	}
	users = slices.DeleteFunc(users, func(id int64) bool { return id == 0 })
	var err error
	if p.users, err = p.run.userStates(ctx, sn, p.tx, users, nil); err != nil {
		return err
	}
	p.live, err = p.run.liveAccounts(ctx, p.tx, p.users)
	return err
}

// judge finds the rules of a comment and what it would earn as the earliest.
func (p *commentPlan) judge(c *commentCase) {
	c.factAt = c.comment.At
	if c.factAt.IsZero() {
		c.factAt = epoch
	}
	for _, source := range commentSources {
		posted := c.posted[source]
		if posted.Program != 0 && c.program == 0 {
			c.program, c.factAt = posted.Program, posted.FactAt
		}
		for _, standing := range posted.Accounts {
			if !p.live[standing.User] && standing.Points != 0 {
				return // it has points in a frozen account: it counts for nobody else
			}
		}
	}
	if !c.exists || !p.live[c.comment.User] {
		return
	}
	if c.program == 0 {
		c.program = ledger.VersionAt(p.run.versions, c.factAt).ID
	}
	rules := p.run.programs[c.program]
	if rules == nil {
		c.failed = &MissingVersionError{Fact: fmt.Sprintf("comment %d", c.comment.ID), Version: c.program}
		return
	}
	c.source, c.points = rules.Comment(&c.comment)
}

// winners returns, of each user's comments on each post, the one that earns.
func (p *commentPlan) winners() map[int64]bool {
	groups := map[store.UserPost][]program.Comment{}
	for _, id := range p.ids() {
		c := p.cases[id]
		p.judge(c)
		pair := store.UserPost{User: c.comment.User, Post: c.comment.Post}
		groups[pair] = append(groups[pair], c.comment)
	}
	winners := map[int64]bool{}
	for _, comments := range groups {
		winner := program.EarliestComment(comments, func(c *program.Comment) bool { return p.cases[c.ID].source != "" })
		if winner != nil {
			winners[winner.ID] = true
		}
	}
	return winners
}

func (p *commentPlan) postings(c *commentCase, wins bool) (postings []ledger.Posting, s stake) {
	s = stake{id: c.comment.ID}
	if c.comment.User != 0 {
		s.users = append(s.users, c.comment.User)
	}
	if c.failed != nil {
		return nil, s
	}
	for _, source := range commentSources {
		posted := c.posted[source]
		accounts := posted.Accounts
		before, moved := len(s.taken), int64(0)
		if wins && c.source == source && !posted.Has(c.comment.User) {
			accounts = append(slices.Clone(accounts), ledger.Standing{User: c.comment.User})
		}
		for _, standing := range accounts {
			if !p.live[standing.User] {
				continue
			}
			w := worthOf{
				user: standing.User, source: source, object: c.comment.ID, program: c.program, factAt: c.factAt,
				earnsAt: c.comment.At, now: p.tx.Now, posted: standing, known: len(posted.Accounts) > 0,
				changedAt: p.tx.Now, cause: p.cause(c),
			}
			if w.earnsAt.IsZero() {
				w.earnsAt = epoch
			}
			if wins && c.source == source && standing.User == c.comment.User {
				w.want = c.points
			}
			if !w.known {
				w.cause = causeEarned
			}
			postings = append(postings, w.postings()...)
			if c.wrong.fits() {
				c.wrong = w.misfit()
			}
			s.users = append(s.users, standing.User)
			moved += w.given()
			if taken := w.taken(); taken > 0 {
				s.taken = append(s.taken, deduction{source: source, object: c.comment.ID, user: standing.User, points: taken})
			}
		}
		s.taken = append(s.taken[:before], notMoved(s.taken[before:], moved)...)
	}
	return postings, s
}

func (p *commentPlan) cause(c *commentCase) string {
	switch {
	case !c.exists:
		return causeGone
	case p.causes[c.comment.ID] != "":
		return p.causes[c.comment.ID]
	default:
		return causeComment
	}
}

func (p *commentPlan) apply(ctx context.Context, result *batchResult) error {
	winners := p.winners()
	var stakes []stake
	planned := map[int64][]ledger.Posting{}
	for _, id := range p.ids() {
		postings, s := p.postings(p.cases[id], winners[id])
		planned[id] = postings
		stakes = append(stakes, s)
	}
	p.run.brake.withhold(stakes, result)
	for _, f := range p.asked {
		if result.isWithheld(f.id) {
			result.withheldFacts = append(result.withheldFacts, f)
		}
	}

	var all []ledger.Posting
	var keep []seenComment
	var gone, done []int64
	for _, id := range p.ids() {
		if result.isWithheld(id) {
			continue
		}
		c := p.cases[id]
		if c.failed != nil {
			result.failures = append(result.failures, c.failed.Error())
			continue
		}
		all = append(all, planned[id]...)
		done = append(done, id)
		result.looked++
		if c.exists {
			now := seenComment{ID: id, User: c.comment.User, Post: c.comment.Post, Digest: c.digest}
			if before := p.seen[id]; before == nil || *before != now {
				keep = append(keep, now)
			}
		} else {
			gone = append(gone, id)
		}
	}
	entries, err := p.tx.Post(ctx, inOrder(all))
	if err != nil {
		return err
	}
	result.countEntries(entries)
	if err := p.run.saveSeenComments(ctx, p.tx, keep); err != nil {
		return err
	}
	if err := p.run.forgetComments(ctx, p.tx, gone); err != nil {
		return err
	}
	if !p.run.mayHaveTodos {
		return nil
	}
	return p.run.doneTodos(ctx, p.tx, kindComment, done)
}
