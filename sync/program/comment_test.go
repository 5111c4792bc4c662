package program_test

import (
	"testing"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
)

func TestComments(t *testing.T) {
	t.Parallel()
	type comment = program.Comment
	review := comment{ID: 1, User: 7, Post: 5, PostType: "product", PostAuthor: 1, Type: "review", Approved: "1", At: at("2026-03-01 10:00:00")}
	blog := comment{ID: 1, User: 7, Post: 6, PostType: "post", PostAuthor: 1, Type: "comment", Approved: "1", At: at("2026-03-01 10:00:00")}
	verifiedOnly := func(r *rules) { r.Earn.ProductReview.VerifiedOnly = true }
	starts := func(text string) func(*rules) { return func(r *rules) { r.Starts = text } }
	for _, c := range []struct {
		name    string
		rules   func(*rules)
		comment comment
		change  func(*comment)
		want    ledger.Source
	}{
		{"a review of a product earns", nil, review, nil, "product_review"},
		{"so does one of type comment", nil, review, func(c *comment) { c.Type = "comment" }, "product_review"},
		{"or of none", nil, review, func(c *comment) { c.Type = "" }, "product_review"},
		{"a reply to a review does not", nil, review, func(c *comment) { c.Parent = 3 }, ""},
		{"a comment on a post earns", nil, blog, nil, "blog_comment"},
		{"so does one without a type", nil, blog, func(c *comment) { c.Type = "" }, "blog_comment"},
		{"and a reply", nil, blog, func(c *comment) { c.Parent = 3 }, "blog_comment"},
		{"a review on a post does not", nil, blog, func(c *comment) { c.Type = "review" }, ""},
		{"a comment on a page does not", nil, blog, func(c *comment) { c.PostType = "page" }, ""},
		{"one whose post is gone does not", nil, blog, func(c *comment) { c.PostType = "" }, ""},
		{"a review whose product is gone does not", nil, review, func(c *comment) { c.PostType = "" }, ""},
		{"an order note never earns", nil, blog, func(c *comment) { c.Type, c.PostType = "order_note", "shop_order" }, ""},
		{"not even on a post", nil, blog, func(c *comment) { c.Type = "order_note" }, ""},
		{"a pingback never earns", nil, blog, func(c *comment) { c.Type = "pingback" }, ""},
		{"a trackback on a product never earns", nil, review, func(c *comment) { c.Type = "trackback" }, ""},
		{"one held for approval does not", nil, review, func(c *comment) { c.Approved = "0" }, ""},
		{"spam does not", nil, review, func(c *comment) { c.Approved = "spam" }, ""},
		{"trash does not", nil, blog, func(c *comment) { c.Approved = "trash" }, ""},
		{"one whose post is in the trash does not", nil, blog, func(c *comment) { c.Approved = "post-trashed" }, ""},
		{"a visitor's does not", nil, review, func(c *comment) { c.User = 0 }, ""},
		{"the post's author's does not", nil, blog, func(c *comment) { c.PostAuthor = 7 }, ""},
		{"the product's author's does not", nil, review, func(c *comment) { c.PostAuthor = 7 }, ""},
		{"verified_only refuses other reviews", verifiedOnly, review, nil, ""},
		{"verified_only takes verified ones", verifiedOnly, review, func(c *comment) { c.Verified = true }, "product_review"},
		{"verified_only is about reviews only", verifiedOnly, blog, nil, "blog_comment"},
		{"one from before the start does not", starts("2026-03-01 10:00:01"), review, nil, ""},
		{"one at the start does", starts("2026-03-01 10:00:00"), review, nil, "product_review"},
		{"one without a date does not after a start", starts("2026-03-01"), blog, func(c *comment) { c.At = time.Time{} }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := compile(t, func(r *rules) {
				r.Earn.ProductReview.Points, r.Earn.BlogComment.Points = 20, 5
				if c.rules != nil {
					c.rules(r)
				}
			})
			if c.change != nil {
				c.change(&c.comment)
			}
			source, points := p.Comment(&c.comment)
			want := map[ledger.Source]int64{ledger.ProductReview: 20, ledger.BlogComment: 5}[c.want]
			if source != c.want || points != want {
				t.Errorf("Comment = %q, %d, want %q, %d", source, points, c.want, want)
			}
		})
	}
	if source, points := compile(t, nil).Comment(&review); source != "product_review" || points != 0 {
		t.Errorf("without points the review still counts as the earliest: %q, %d", source, points)
	}
}

func TestEarliestComment(t *testing.T) {
	t.Parallel()
	comments := []program.Comment{
		{ID: 4, At: at("2026-03-02 00:00:00")},
		{ID: 9, At: at("2026-03-01 00:00:00")},
		{ID: 5, At: at("2026-03-01 00:00:00")},
		{ID: 1, At: at("2026-02-01 00:00:00"), Approved: "spam"},
	}
	for _, c := range []struct {
		name     string
		eligible func(*program.Comment) bool
		want     int64
	}{
		{"is by date, then id, of the eligible", func(c *program.Comment) bool { return c.Approved == "" }, 5},
		{"may be any", func(*program.Comment) bool { return true }, 1},
		{"is nobody's if none is eligible", func(*program.Comment) bool { return false }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := program.EarliestComment(comments, c.eligible)
			if c.want == 0 {
				if got != nil {
					t.Errorf("got %d", got.ID)
				}
				return
			}
			if got == nil || got.ID != c.want {
				t.Errorf("got %+v, want %d", got, c.want)
			}
		})
	}
}

func TestSignup(t *testing.T) {
	t.Parallel()
	p := compile(t, func(r *rules) { r.Earn.Signup.Points = 50 })
	if got := p.Signup(&program.User{ID: 1, Registered: at("2020-01-01 00:00:00")}); got != 50 {
		t.Errorf("Signup = %d", got)
	}
	if got := p.Signup(&program.User{ID: 1}); got != 50 {
		t.Errorf("Signup without a registration date = %d", got)
	}
}
