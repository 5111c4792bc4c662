package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync"
)

const storyProgram = `
earn: {signup: {points: 7}, product_review: {points: 10}, blog_comment: {points: 5}, first_order: {points: 50}}
`

// firstSights are orders with what is posted when they are seen for the first
// time.
var firstSights = []struct {
	name string
	make func(s *stage, customer int64) (ids []any)
	want []string // %d: the ids
}{
	{"two refunds", func(s *stage, customer int64) []any {
		order := s.on(1).order(customer, "processing", "100.00")
		return []any{s.on(3).refund(order, "10.00"), s.on(5).refund(order, "20.50")}
	}, []string{
		"earn 100 purchase, day 1: earned", "earn 50 first_order, day 1: earned",
		"revoke -10 purchase, day 3: refund %d", "revoke -21 purchase, day 5: refund %d",
	}},
	{"refunded by its status", func(s *stage, customer int64) []any {
		order := s.on(1).order(customer, "completed", "50.00")
		s.on(4).do(s.SetStatus(s.ctx, order, "refunded"))
		return []any{must(s.Refunds(s.ctx, order))[0]}
	}, []string{"earn 50 purchase, day 1: earned", "revoke -50 purchase, day 4: refund %d"}},
	{"refunded, the refund itself is gone", func(s *stage, customer int64) []any {
		s.place(testshop.Order{Customer: customer, Status: "refunded", Created: day(1), Paid: day(2), Modified: day(6)}, "50.00")
		return nil
	}, []string{"earn 50 purchase, day 2: earned", "revoke -50 purchase, day 6: status refunded"}},
	{"refunded, but never paid", func(s *stage, customer int64) []any {
		s.place(testshop.Order{Customer: customer, Status: "refunded", Paid: testshop.Never}, "50.00")
		return nil
	}, nil},
	{"statuses that do not earn", func(s *stage, customer int64) []any {
		for _, status := range []string{"pending", "on-hold", "failed", "cancelled", "checkout-draft", "trash"} {
			order := s.place(testshop.Order{Customer: customer, Status: status, Paid: day(1), Completed: day(1)}, "50.00")
			s.refund(order, "5.00")
		}
		return nil
	}, nil},
	{"dated when paid", func(s *stage, customer int64) []any {
		s.place(testshop.Order{Customer: customer, Status: "completed", Created: day(1), Paid: day(2), Completed: day(3)}, "9.00")
		return nil
	}, []string{"earn 9 purchase, day 2: earned", "earn 50 first_order, day 2: earned"}},
	{"dated when completed, if never paid", func(s *stage, customer int64) []any {
		s.place(testshop.Order{Customer: customer, Status: "completed", Created: day(1), Paid: testshop.Never, Completed: day(3)}, "9.00")
		return nil
	}, []string{"earn 9 purchase, day 3: earned", "earn 50 first_order, day 3: earned"}},
	{"dated when created, if nothing else", func(s *stage, customer int64) []any {
		s.place(testshop.Order{Customer: customer, Status: "processing", Created: day(1), Paid: testshop.Never}, "9.00")
		return nil
	}, []string{"earn 9 purchase, day 1: earned", "earn 50 first_order, day 1: earned"}},
	{"without any date", func(s *stage, customer int64) []any {
		order := s.place(testshop.Order{Customer: customer, Status: "processing", Paid: testshop.Never}, "9.00")
		s.do(s.LoseDates(s.ctx, order))
		return nil
	}, []string{"earn 9 purchase, 1970-01-01 00:00:00: earned", "earn 50 first_order, 1970-01-01 00:00:00: earned"}},
	{"with a date only in its meta", func(s *stage, customer int64) []any {
		order := s.place(testshop.Order{Customer: customer, Status: "processing"}, "9.00")
		s.do(s.LoseDates(s.ctx, order), s.WriteDate(s.ctx, order, "_completed_date", "2025-03-07T10:00:00Z"))
		return nil
	}, []string{"earn 9 purchase, day 4: earned", "earn 50 first_order, day 4: earned"}},
	{"a refund older than the payment", func(s *stage, customer int64) []any {
		order := s.place(testshop.Order{Customer: customer, Status: "completed", Created: day(1), Paid: day(8)}, "40.00")
		return []any{s.on(2).refund(order, "10.00")}
	}, []string{"earn 40 purchase, day 8: earned", "revoke -10 purchase, day 2: refund %d", "earn 50 first_order, day 8: earned"}},
	{"a review and a comment", func(s *stage, customer int64) []any {
		post := must(s.AddPost(s.ctx, testshop.Post{Title: "News"}))
		must(s.on(2).AddComment(s.ctx, testshop.Comment{User: customer, Post: s.product}))
		must(s.on(3).AddComment(s.ctx, testshop.Comment{User: customer, Post: post}))
		return nil
	}, []string{"earn 10 product_review, day 2: earned", "earn 5 blog_comment, day 3: earned"}},
}

func TestFirstSightTellsTheStory(t *testing.T) {
	storages(t, storyProgram, func(t *testing.T, s *stage) {
		customers := make([]int64, len(firstSights))
		want := make([][]string, len(firstSights))
		for i, sight := range firstSights {
			customers[i] = s.on(0).customer(fmt.Sprint("customer", i))
			ids := sight.make(s, customers[i])
			want[i] = []string{"earn 7 signup, day 0: registered"}
			for _, line := range sight.want {
				if n := strings.Count(line, "%d"); n > 0 {
					line, ids = fmt.Sprintf(line, ids[:n]...), ids[n:]
				}
				want[i] = append(want[i], line)
			}
		}
		s.run(sync.Increment)
		for i, sight := range firstSights {
			s.wantEntries(sight.name, customers[i], 0, want[i]...)
		}
		s.sound()
	})
}

// laterSights are changes of an order of 100.00, seen before as completed on
// day 1, with the entry that each leads to.
var laterSights = []struct {
	name string
	edit func(s *stage, order int64) (id any)
	want []string
}{
	{
		"cancelled", func(s *stage, order int64) any { return s.on(4).SetStatus(s.ctx, order, "cancelled") },
		[]string{"revoke -100 purchase, day 4: status cancelled"},
	},
	{"two refunds between two looks", func(s *stage, order int64) any {
		s.on(4).refund(order, "10.00")
		return s.on(6).refund(order, "5.00")
	}, []string{"revoke -15 purchase, day 6: refund %d"}},
	{"refunded and the status changed later", func(s *stage, order int64) any {
		refund := s.on(4).refund(order, "10.00")
		s.on(6).do(s.SetStatus(s.ctx, order, "shipped"))
		return refund
	}, []string{"revoke -10 purchase, day 4: refund %d"}},
	{"amounts edited and saved", func(s *stage, order int64) any {
		line := must(s.Items(s.ctx, order, "line_item"))[0]
		s.on(5).do(s.EditItem(s.ctx, line, "_line_total", "80.00"))
		s.do(s.Recalculate(s.ctx, order))
		if s.Storage == testshop.Legacy {
			return "day 1" // WooCommerce does not move its date of change
		}
		return "day 5"
	}, []string{"revoke -20 purchase, %s: status completed"}},
	{
		"trashed", func(s *stage, order int64) any { return s.on(4).Trash(s.ctx, order) },
		[]string{"revoke -100 purchase, day 4: status trash"},
	},
	{
		"deleted", func(s *stage, order int64) any { return s.on(4).Delete(s.ctx, order) },
		[]string{"revoke -100 purchase, now: order deleted"},
	},
	{"nothing that counts", func(s *stage, order int64) any { return s.on(4).SetStatus(s.ctx, order, "processing") }, nil},
	{"cancelled and completed again", func(s *stage, order int64) any {
		s.on(4).do(s.SetStatus(s.ctx, order, "cancelled"))
		s.run(sync.Increment)
		return s.on(5).SetStatus(s.ctx, order, "completed")
	}, []string{"revoke -100 purchase, day 4: status cancelled", "earn 100 purchase, day 5: status completed"}},
	{"refund deleted", func(s *stage, order int64) any {
		refund := s.on(4).refund(order, "10.00")
		s.run(sync.Sweep)
		s.do(s.on(6).DeleteRefund(s.ctx, refund))
		return refund
	}, []string{"revoke -10 purchase, day 4: refund %d", "earn 10 purchase, now: refund deleted"}},
}

func TestLaterSightsPostTheDifference(t *testing.T) {
	storages(t, ``, func(t *testing.T, s *stage) {
		customers, orders := make([]int64, len(laterSights)), make([]int64, len(laterSights))
		for i := range laterSights {
			customers[i] = s.on(0).customer(fmt.Sprint("customer", i))
			orders[i] = s.on(1).order(customers[i], "completed", "100.00")
		}
		late := s.customer("late")
		unpaid := s.order(late, "pending", "30.00")
		s.run(sync.Increment)
		want := make([][]string, len(laterSights))
		for i, sight := range laterSights {
			id := sight.edit(s, orders[i])
			if err, failed := id.(error); failed {
				t.Fatal(sight.name, err)
			}
			for _, line := range sight.want {
				if strings.Contains(line, "%") {
					line = fmt.Sprintf(line, id)
				}
				want[i] = append(want[i], line)
			}
		}
		s.on(9).do(s.Pay(s.ctx, unpaid))
		s.run(sync.Sweep)
		for i, sight := range laterSights {
			s.wantEntries(sight.name, customers[i], 1, want[i]...)
		}
		s.wantEntries("paid after it was seen", late, 0, "earn 30 purchase, day 9: earned")
		s.sound()
	})
}

// Points that were deducted and are earned again are issued again; the account
// tells both.
func TestReEarningIsIssuedAgain(t *testing.T) {
	s := newStage(t, testshop.New(t), testshop.HPOS, ``)
	ann := s.customer("ann")
	order := s.order(ann, "completed", "100.00")
	s.run(sync.Increment)
	for n, status := range []string{"failed", "completed", "on-hold", "processing"} {
		s.on(n + 1).do(s.SetStatus(s.ctx, order, status))
		s.run(sync.Increment)
	}
	var issued, revoked int64
	if err := s.db.QueryRow(`SELECT SUM(CASE WHEN type = 'earn' THEN points END), -SUM(CASE WHEN type = 'revoke' THEN points END)
		FROM wp_loyalty_entries`).Scan(&issued, &revoked); err != nil {
		t.Fatal(err)
	}
	if issued != 300 || revoked != 200 || s.balances()[ann] != 100 {
		t.Errorf("issued %d, revoked %d, balance %d", issued, revoked, s.balances()[ann])
	}
}

// An order and a refund that are seen in the making are looked at again, and
// dated as if they had been seen whole.
func TestWhatIsSeenHalfWrittenIsDatedRight(t *testing.T) {
	storages(t, ``, func(t *testing.T, s *stage) {
		ann, bob, cid := s.customer("ann"), s.customer("bob"), s.customer("cid")
		seen := s.on(1).order(bob, "completed", "100.00")
		s.run(sync.Increment)

		// Its row is there, its lines are not.
		s.lookBefore("{p}woocommerce_order_items")
		s.on(2).order(ann, "processing", "12.00")
		s.seenHalf("an order without lines", ann, 0)
		// Its lines are there, but belong to no order yet.
		s.lookBefore("UPDATE {p}woocommerce_order_items")
		s.on(2).place(testshop.Order{Customer: cid, Status: "processing", ItemsFirst: true}, "13.00")
		s.seenHalf("an order whose lines came first", cid, 0)
		// Its row is there with a total of 0 and without its amount.
		amounts := "{p}wc_orders_meta"
		if s.Storage == testshop.Legacy {
			amounts = "{p}postmeta"
		}
		s.lookBefore(amounts)
		refund := s.on(3).refund(seen, "30.00")
		s.seenHalf("a refund of 0", bob, 1)

		s.run(sync.Increment)
		s.wantEntries("the whole order", ann, 0, "earn 12 purchase, day 2: earned")
		s.wantEntries("the whole order, lines first", cid, 0, "earn 13 purchase, day 2: earned")
		s.wantEntries("the whole refund", bob, 1, fmt.Sprintf("revoke -30 purchase, day 3: refund %d", refund))
		s.sound()
	})
}

// So is one that a first run sees in the making.
func TestWhatAFirstRunSeesHalfWrittenIsLookedAtAgain(t *testing.T) {
	storages(t, ``, func(t *testing.T, s *stage) {
		ann := s.customer("ann")
		s.runBefore("{p}woocommerce_order_items", sync.Full)
		s.now = time.Now()
		s.order(ann, "processing", "12.00")
		s.seenHalf("an order without lines", ann, 0)

		s.run(sync.Increment)
		if balance := s.balances()[ann]; balance != 12 {
			t.Errorf("%d points for the whole order", balance)
		}
		s.sound()
	})
}

// lookBefore runs an increment before the shop's next statement on a table.
func (s *stage) lookBefore(table string) { s.runBefore(table, sync.Increment) }

func (s *stage) runBefore(table string, mode sync.Mode) {
	table = s.Prefix.SQL(table)
	s.Before = func(query string) error {
		if strings.Contains(query, table) {
			s.Before = nil
			s.run(mode)
		}
		return nil
	}
}

// seenHalf proves that the look came and posted nothing.
func (s *stage) seenHalf(what string, user int64, after int) {
	s.t.Helper()
	if s.Before != nil {
		s.t.Fatalf("%s: nothing looked", what)
	}
	s.wantEntries(what, user, after)
}
