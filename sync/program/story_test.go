package program_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/sync/program"
)

func TestStory(t *testing.T) {
	t.Parallel()
	const paid, first, second, modified = "2026-03-01 10:00:00", "2026-03-05 00:00:00", "2026-03-06 00:00:00", "2026-03-09 10:00:00"
	step := func(when string, refund, points int64) program.Step {
		return program.Step{At: at(when), Refund: refund, Purchase: points}
	}
	half := func() *order {
		return with(completed(line(1, 5, "100")), func(o *order) {
			o.Refunds = []program.Refund{refund(30, first, "20"), refund(31, second, "30", back(1, "0", "-30"))}
		})
	}
	refunded := func(o *order) *order { o.Status = "refunded"; return o }
	for _, c := range []struct {
		name  string
		rules func(*rules)
		order *order
		want  []program.Step
	}{
		{"an order without refunds tells its earning", nil, completed(line(1, 5, "100")), []program.Step{step(paid, 0, 100)}},
		{
			"then one step at each refund's creation", nil, half(),
			[]program.Step{step(paid, 0, 100), step(first, 30, 80), step(second, 31, 50)},
		},
		{"refunds come by creation", nil, with(half(), func(o *order) {
			o.Refunds[0].Created, o.Refunds[1].Created = at(second), at(first)
		}), []program.Step{step(paid, 0, 100), step(first, 31, 70), step(second, 30, 50)}},
		{"then by id", nil, with(half(), func(o *order) {
			o.Refunds[0].Created, o.Refunds[0].ID = at(second), 32
		}), []program.Step{step(paid, 0, 100), step(second, 31, 70), step(second, 32, 50)}},
		{"a refund without a date happens at the earning", nil, with(half(), func(o *order) {
			o.Refunds[0].Created = time.Time{}
		}), []program.Step{step(paid, 0, 100), step(paid, 30, 80), step(second, 31, 50)}},
		{"an order that earns nothing tells so", nil, completed(line(1, 5, "0.5")), []program.Step{step(paid, 0, 0)}},
		{
			"a refunded and paid one ends at 0 when it was modified", nil, refunded(half()),
			[]program.Step{step(paid, 0, 100), step(first, 30, 80), step(second, 31, 50), step(modified, 0, 0)},
		},
		{"unless its refunds led there", nil, refunded(with(half(), func(o *order) {
			o.Refunds = []program.Refund{refund(30, first, "100")}
		})), []program.Step{step(paid, 0, 100), step(first, 30, 0)}},
		{"a refunded one without refunds too", nil, refunded(completed(line(1, 5, "100"))), []program.Step{step(paid, 0, 100), step(modified, 0, 0)}},
		{"a refunded one without a modified date ends with its last refund", nil, refunded(with(half(), func(o *order) {
			o.Modified = time.Time{}
		})), []program.Step{step(paid, 0, 100), step(first, 30, 80), step(second, 31, 50), step(second, 0, 0)}},
		{"a refunded one that was never paid tells nothing", nil, refunded(with(half(), func(o *order) { o.Paid = time.Time{} })), nil},
		{"a refunded one from before the start tells nothing", func(r *rules) { r.Starts = "2026-03-02" }, refunded(half()), nil},
		{"a refunded one without a rate tells nothing", nil, refunded(with(half(), func(o *order) { o.Currency = "USD" })), nil},
		{"a refunded one tells even if few statuses earn", func(r *rules) {
			r.Earn.Purchase.Statuses = []string{}
			r.Earn.Purchase.CustomStatuses.Mode = "ignore"
		}, refunded(completed(line(1, 5, "100"))), []program.Step{step(paid, 0, 100), step(modified, 0, 0)}},
		{"any other order that does not earn tells nothing", nil, with(half(), func(o *order) { o.Status = "cancelled" }), nil},
		{"an order from before the start tells nothing", func(r *rules) { r.Starts = "2026-03-02" }, half(), nil},
		{"an order without a rate tells nothing", nil, with(half(), func(o *order) { o.Currency = "USD" }), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := compile(t, c.rules).Story(c.order, noCategories)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("story (-want +got):\n%s", diff)
			}
		})
	}

	t.Run("what is absurd counts as 0", func(t *testing.T) {
		o := with(completed(line(1, 5, "3e15")), func(o *order) { o.Refunds = []program.Refund{refund(30, first, "1e15")} })
		if got := compile(t, nil).Story(o, noCategories); got != nil {
			t.Errorf("an absurd order has the story %v", got)
		}
		o.Refunds[0].Amount = dec("2.5e15")
		want := []program.Step{step(paid, 0, 0), step(first, 30, 5e14)}
		if diff := cmp.Diff(want, compile(t, nil).Story(o, noCategories)); diff != "" {
			t.Errorf("of one that was absurd before its refund (-want +got):\n%s", diff)
		}
		o.Status, o.Refunds = "refunded", nil
		want = []program.Step{step(paid, 0, 0)}
		if diff := cmp.Diff(want, compile(t, nil).Story(o, noCategories)); diff != "" {
			t.Errorf("of one that was refunded (-want +got):\n%s", diff)
		}
	})
	t.Run("the order is left as it was", func(t *testing.T) {
		o := half()
		o.Refunds[0], o.Refunds[1] = o.Refunds[1], o.Refunds[0]
		if compile(t, nil).Story(o, noCategories); o.Refunds[0].ID != 31 {
			t.Error("refunds were sorted in place")
		}
	})
}

func TestFirstOrder(t *testing.T) {
	t.Parallel()
	one, two := at("2026-03-01 00:00:00"), at("2026-03-02 00:00:00")
	for _, c := range []struct {
		name   string
		orders []program.Candidate
		want   int64
	}{
		{"there is none without orders", nil, 0},
		{"is the earliest by earning time", []program.Candidate{{1, two, 5}, {2, one, 5}}, 2},
		{"then by id", []program.Candidate{{9, one, 5}, {4, one, 5}, {6, one, 5}}, 4},
		{"needs purchase points", []program.Candidate{{1, one, 0}, {2, two, 5}}, 2},
		{"there is none if no order has purchase points", []program.Candidate{{1, one, 0}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := program.FirstOrder(c.orders); got != c.want {
				t.Errorf("FirstOrder = %d, want %d", got, c.want)
			}
		})
	}
}
