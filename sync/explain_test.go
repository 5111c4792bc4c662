package sync_test

import (
	"fmt"
	"slices"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

func TestAnExplanationNamesEachFactByItsKind(t *testing.T) {
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStage(t, db, testshop.HPOS, `earn: {signup: {points: 7}, product_review: {points: 3}, blog_comment: {points: 2}}`)
		ann := s.customer("ann")
		post := must(s.AddPost(s.ctx, testshop.Post{Author: 1, Title: "post"}))
		order := must(s.PlaceOrder(s.ctx, testshop.Order{Customer: ann, Status: "completed", Lines: []testshop.Line{{Total: "10", Subtotal: "10"}}}))
		review := must(s.AddComment(s.ctx, testshop.Comment{User: ann, Post: s.product}))
		comment := must(s.AddComment(s.ctx, testshop.Comment{User: ann, Post: post}))
		gone := must(s.AddComment(s.ctx, testshop.Comment{User: ann, Post: must(s.AddProduct(s.ctx, testshop.Product{Name: "pot", Price: "1"}))}))
		s.run(sync.Increment)
		s.do(s.DeleteComment(s.ctx, gone))
		x := must(s.engine.Explain(s.ctx, ann))
		var got []string
		for _, fact := range x.Facts {
			got = append(got, fmt.Sprintf("%s %d: %s", fact.Kind, fact.ID, fact.Lines[0]))
		}
		for _, want := range []string{
			fmt.Sprintf("user %d: Registered 2025-03-03 10:00:00 UTC: 7 points.", ann),
			fmt.Sprintf("order %d: Order %d: status \"completed\", earning time 2025-03-03 10:00:00 +00:00.", order, order),
			fmt.Sprintf("review %d: Review %d of product %d: approved state \"1\".", review, review, s.product),
			fmt.Sprintf("comment %d: Comment %d on post %d: approved state \"1\".", comment, comment, post),
			fmt.Sprintf("review %d: The review was deleted: it is worth nothing.", gone),
		} {
			if !slices.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
		}
	})
}
