package program

import (
	"cmp"
	"slices"

	"loyaltyd/ledger"
)

// Comment returns the source that a comment earns under and its points, if it
// is the earliest of its user's on that post. It returns "" for one that
// cannot earn; whether its user exists and may earn is the caller's to ask.
func (p *Program) Comment(c *Comment) (source ledger.Source, points int64) {
	if c.Approved != "1" || c.User <= 0 || c.User == c.PostAuthor || !p.started(c.At) {
		return "", 0
	}
	earn := &p.rules.Earn
	switch c.PostType {
	case "product":
		if c.Parent == 0 && slices.Contains([]string{"review", "comment", ""}, c.Type) &&
			(c.Verified || !earn.ProductReview.VerifiedOnly) {
			return ledger.ProductReview, earn.ProductReview.Points
		}
	case "post":
		if c.Type == "comment" || c.Type == "" {
			return ledger.BlogComment, earn.BlogComment.Points
		}
	}
	return "", 0
}

// EarliestComment returns the one of a user's comments on one post that
// earns: of those that are eligible the earliest by date, then id. It returns
// nil if there is none. Each comment is judged by its own version of the
// programme, so the caller says which are eligible: those for which Comment
// names a source.
func EarliestComment(comments []Comment, eligible func(*Comment) bool) *Comment {
	var earliest *Comment
	for i := range comments {
		c := &comments[i]
		if !eligible(c) {
			continue
		}
		if earliest == nil || cmp.Or(c.At.Compare(earliest.At), cmp.Compare(c.ID, earliest.ID)) < 0 {
			earliest = c
		}
	}
	return earliest
}
