package wpbridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	stdsync "sync"
	"testing"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/program"
	wpbridge "loyaltyd/wp-bridge"
)

func each(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	testshop.Each(t, func(t *testing.T, db *testshop.Database) { test(t, newStage(t, db)) })
}

func (s *stage) redeem(user, points int64, idem string) reply {
	s.t.Helper()
	return s.post(fmt.Sprintf("/v1/customers/%d/redemptions", user), fmt.Sprintf(`{"points":%d}`, points), idem)
}

func (r reply) redemption(t testing.TB) (id int64) {
	t.Helper()
	var view struct {
		ID int64 `json:"id"`
	}
	if err := json.Unmarshal(r.body, &view); err != nil || view.ID == 0 {
		t.Fatalf("%v: not a redemption: %s", err, r.body)
	}
	return view.ID
}

func TestPointsAreRedeemedInSteps(t *testing.T) {
	each(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1250)
		created := s.want(s.redeem(user, 500, "form-1"), 201, "")
		id, got := created.redemption(t), created.json(t)
		for name, want := range map[string]any{
			"user_id": float64(user), "points": 500.0, "returned": 0.0, "amount": "5.00", "currency": "EUR", "coupon_id": nil,
			"order_id": nil, "state": "reserved", "expires_on": "2027-03-04", "balance": 750.0, "repeated": false,
		} {
			if got[name] != want {
				t.Errorf("%s is %v, want %v", name, got[name], want)
			}
		}
		confirmed := s.want(s.post(fmt.Sprintf("/v1/redemptions/%d/confirm", id), `{"coupon_id":77}`, "form-1:confirm"), 200, "").json(t)
		if confirmed["state"] != "confirmed" || confirmed["coupon_id"] != 77.0 || confirmed["balance"] != 750.0 {
			t.Errorf("confirmed: %v", confirmed)
		}
		read := s.want(s.get(fmt.Sprintf("/v1/redemptions/%d", id)), 200, "").json(t)
		if read["state"] != "confirmed" || read["code"] != got["code"] {
			t.Errorf("read: %v", read)
		}
		if s.changed != 2 {
			t.Errorf("the reports were told %d times that something changed, want 2", s.changed)
		}
	})
}

func TestARequestThatIsSentTwiceIsCarriedOutOnce(t *testing.T) {
	each(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1000)
		redeem, adjust := fmt.Sprintf("/v1/customers/%d/redemptions", user), fmt.Sprintf("/v1/customers/%d/adjustments", user)
		id := s.want(s.redeem(user, 100, "k"), 201, "").redemption(t)
		other := s.want(s.redeem(user, 100, "k2"), 201, "").redemption(t)
		confirm := fmt.Sprintf("/v1/redemptions/%d/confirm", id)
		cancel, cancelFirst := fmt.Sprintf("/v1/redemptions/%d/cancel", other), fmt.Sprintf("/v1/redemptions/%d/cancel", id)
		s.want(s.post(confirm, `{"coupon_id":5}`, "c"), 200, "")
		s.want(s.post(cancel, `{}`, "x"), 200, "")
		s.want(s.post(adjust, `{"points":7,"note":"n","actor":"a"}`, "a"), 201, "")
		for _, again := range []struct {
			name, path, body, key string
			status                int
			code                  string
		}{
			{"redeem again", redeem, `{"points":100}`, "k", 200, ""},
			{"redeem again, written in another way", redeem, ` { "points" : 100 } `, "k", 200, ""},
			{"redeem, other points", redeem, `{"points":101}`, "k", 409, "idempotency_key_reused"},
			{"redeem, other customer", "/v1/customers/1/redemptions", `{"points":100}`, "k", 409, "idempotency_key_reused"},
			{"adjust with redeem's key", adjust, `{"points":100,"note":"n","actor":"a"}`, "k", 409, "idempotency_key_reused"},
			{"confirm with redeem's key", confirm, `{"coupon_id":5}`, "k", 409, "idempotency_key_reused"},
			{"confirm again", confirm, `{"coupon_id":5}`, "c", 200, ""},
			{"confirm again, new key", confirm, `{"coupon_id":5}`, "c2", 200, ""},
			{"confirm, other coupon", confirm, `{"coupon_id":6}`, "c", 409, "idempotency_key_reused"},
			{"confirm, other coupon, new key", confirm, `{"coupon_id":6}`, "c3", 409, "other_coupon"},
			{"cancel again", cancel, `{}`, "x", 200, ""},
			{"cancel of another", cancelFirst, `{}`, "x", 409, "idempotency_key_reused"},
			{"adjust again", adjust, `{"points":7,"note":"n","actor":"a"}`, "a", 200, ""},
			{"adjust again, other actor", adjust, `{"points":7,"note":"n","actor":"b"}`, "a", 200, ""},
			{"adjust, other points", adjust, `{"points":8,"note":"n","actor":"a"}`, "a", 409, "idempotency_key_reused"},
			{"adjust, other note", adjust, `{"points":7,"note":"m","actor":"a"}`, "a", 409, "idempotency_key_reused"},
			{"redeem with adjust's key", redeem, `{"points":7}`, "a", 409, "idempotency_key_reused"},
		} {
			t.Run(again.name, func(t *testing.T) {
				got := s.post(again.path, again.body, again.key)
				if got.status != again.status || got.code() != again.code {
					t.Errorf("answered %d %q: %s\nwant %d %q", got.status, got.code(), got.body, again.status, again.code)
				}
			})
		}
		repeated := s.redeem(user, 100, "k").json(t)
		if repeated["repeated"] != true || repeated["state"] != "confirmed" || repeated["balance"] != 900.0 {
			t.Errorf("the repeated request answers %v; want the redemption as it is and the balance as it was, 900", repeated)
		}
		if got := s.balance(user); got != 907 {
			t.Errorf("the balance is %d, want 907", got)
		}
	})
}

func TestARepeatedRequestAnswersWhateverWasRuledSince(t *testing.T) {
	each(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 100)
		first := s.want(s.redeem(user, 100, "k"), 201, "").json(t)
		s.rule(func(terms *wpbridge.Terms) { terms.Min, terms.PointsPerUnit = 500, must(program.ParseDecimal("0")) })
		again := s.want(s.redeem(user, 100, "k"), 200, "").json(t)
		if again["id"] != first["id"] || again["amount"] != "1.00" || again["repeated"] != true {
			t.Errorf("answered %v", again)
		}
		s.want(s.redeem(user, 100, "k2"), 422, "redeeming_off")
		if err := s.shop.DeleteUser(context.Background(), user); err != nil {
			t.Fatal(err)
		}
		s.want(s.redeem(user, 100, "k"), 200, "")
		s.want(s.redeem(user, 200, "k"), 409, "idempotency_key_reused")
	})
}

func TestWhatCannotBeRedeemed(t *testing.T) {
	each(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1000)
		excluded := s.customer("eve", 1000)
		s.engine.Programme.Exclusion.Users = []int64{excluded}
		s.rule(func(terms *wpbridge.Terms) { terms.Min, terms.Max, terms.Multiple = 100, 5000, 50 })
		for _, tried := range []struct {
			name   string
			user   int64
			points int64
			status int
			code   string
		}{
			{"more than there is", user, 1050, 409, "insufficient_points"},
			{"below the minimum", user, 50, 422, "below_minimum"},
			{"above the maximum", user, 5050, 422, "above_maximum"},
			{"not a multiple", user, 101, 422, "not_a_multiple"},
			{"nothing", user, 0, 400, "bad_request"},
			{"less than nothing", user, -100, 400, "bad_request"},
			{"an excluded customer", excluded, 100, 409, "account_frozen"},
			{"a customer who does not exist", 99999, 100, 404, "no_such_customer"},
		} {
			t.Run(tried.name, func(t *testing.T) {
				got := s.redeem(tried.user, tried.points, "key of "+tried.name)
				if got.status != tried.status || got.code() != tried.code {
					t.Errorf("answered %d %q: %s", got.status, got.code(), got.body)
				}
			})
		}
		if s.balance(user) != 1000 || s.balance(excluded) != 1000 {
			t.Error("a refused request took points")
		}
		if s.changed != 0 {
			t.Error("a refused request had the reports brought up to date")
		}
	})
}

func TestTwoHundredParallelRedemptionsSpendABalanceOnce(t *testing.T) {
	each(t, func(t *testing.T, s *stage) {
		const requests, points, balance = 200, 100, 1950
		user := s.customer("ada", balance)
		var wait stdsync.WaitGroup
		var mu stdsync.Mutex
		codes := map[string]int{}
		for i := range requests {
			wait.Go(func() {
				got := s.redeem(user, points, fmt.Sprintf("request %d", i))
				for got.code() == "busy" || got.code() == "timeout" {
					got = s.redeem(user, points, fmt.Sprintf("request %d", i))
				}
				mu.Lock()
				defer mu.Unlock()
				codes[fmt.Sprintf("%d %s", got.status, got.code())]++
			})
		}
		wait.Wait()
		done := codes["201 "] + codes["200 "]
		if done != balance/points || codes["409 insufficient_points"] != requests-done {
			t.Errorf("answers: %v", codes)
		}
		if got := s.balance(user); got != balance-points*int64(done) {
			t.Errorf("the balance is %d", got)
		}
		found := must(s.ledger.VerifyChains(context.Background(), nil))
		if len(found.Findings) != 0 {
			t.Errorf("the ledger is wrong: %v", found.Findings)
		}
	})
}

func TestTheSameRequestInParallelIsOneRedemption(t *testing.T) {
	each(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1000)
		var wait stdsync.WaitGroup
		var mu stdsync.Mutex
		ids, created := map[int64]bool{}, 0
		for range 50 {
			wait.Go(func() {
				got := s.redeem(user, 100, "one form")
				id := got.redemption(t)
				mu.Lock()
				defer mu.Unlock()
				ids[id] = true
				if got.status == http.StatusCreated {
					created++
				}
			})
		}
		wait.Wait()
		if len(ids) != 1 || created != 1 || s.balance(user) != 900 {
			t.Errorf("%d redemptions, %d created, balance %d", len(ids), created, s.balance(user))
		}
	})
}

func TestCancellingGivesPointsBackUntilThereIsACoupon(t *testing.T) {
	each(t, func(t *testing.T, s *stage) {
		user := s.customer("ada", 1000)
		first, second := s.redeem(user, 100, "1").redemption(t), s.redeem(user, 200, "2").redemption(t)
		got := s.want(s.post(fmt.Sprintf("/v1/redemptions/%d/cancel", first), `{}`, "x1"), 200, "").json(t)
		if got["state"] != "cancelled" || got["returned"] != 100.0 || got["balance"] != 800.0 {
			t.Errorf("cancelled: %v", got)
		}
		s.want(s.post(fmt.Sprintf("/v1/redemptions/%d/confirm", first), `{"coupon_id":5}`, "c1"), 409, "redemption_cancelled")
		s.want(s.post(fmt.Sprintf("/v1/redemptions/%d/confirm", second), `{"coupon_id":6}`, "c2"), 200, "")
		s.want(s.post(fmt.Sprintf("/v1/redemptions/%d/cancel", second), `{}`, "x2"), 409, "redemption_confirmed")
		s.want(s.post("/v1/redemptions/424242/cancel", `{}`, "x3"), 404, "no_such_redemption")
		s.want(s.post("/v1/redemptions/424242/confirm", `{"coupon_id":6}`, "c3"), 404, "no_such_redemption")
		s.want(s.get("/v1/redemptions/424242"), 404, "no_such_redemption")
		if got := s.balance(user); got != 800 {
			t.Errorf("the balance is %d, want 800", got)
		}
	})
}

func TestWhatPointsBuy(t *testing.T) {
	for _, c := range []struct {
		name, perUnit            string
		decimals                 int
		min, max, multiple       int64
		balance, most            int64
		mostAmount, amountOf1234 string
	}{
		{"a hundred for one", "100", 2, 0, 0, 1, 1234, 1234, "12.34", "12.34"},
		{"rounded down", "300", 2, 0, 0, 1, 1234, 1234, "4.11", "4.11"},
		{"no decimals", "100", 0, 0, 0, 1, 1234, 1234, "12", "12"},
		{"three decimals", "100", 3, 0, 0, 1, 1234, 1234, "12.340", "12.340"},
		{"a fraction of a point for one", "0.5", 2, 0, 0, 1, 1234, 1234, "2468.00", "2468.00"},
		{"in steps", "100", 2, 0, 0, 500, 1234, 1000, "10.00", "12.34"},
		{"at most", "100", 2, 0, 1100, 500, 9999, 1000, "10.00", "12.34"},
		{"less than the minimum", "100", 2, 2000, 0, 1, 1234, 0, "0.00", "12.34"},
		{"minimum above the maximum in steps", "100", 2, 600, 900, 500, 9999, 0, "0.00", "12.34"},
		{"worth nothing", "1000000", 2, 0, 0, 1, 1234, 0, "0.00", "0.00"},
		{"off", "0", 2, 0, 0, 1, 1234, 0, "0.00", "0.00"},
		{"a negative balance", "100", 2, 0, 0, 1, -50, 0, "0.00", "12.34"},
	} {
		t.Run(c.name, func(t *testing.T) {
			terms := wpbridge.Terms{PointsPerUnit: must(program.ParseDecimal(c.perUnit)), Decimals: c.decimals, Min: c.min, Max: c.max, Multiple: c.multiple}
			if most, amount := terms.Most(c.balance); most != c.most || amount != c.mostAmount {
				t.Errorf("of %d points at most %d can be redeemed for %s, want %d for %s", c.balance, most, amount, c.most, c.mostAmount)
			}
			if amount, _ := terms.Worth(1234); amount != c.amountOf1234 {
				t.Errorf("1234 points are worth %s, want %s", amount, c.amountOf1234)
			}
			if most, _ := terms.Most(c.balance); most > 0 && terms.Refuses(most) != "" {
				t.Errorf("the most that can be redeemed, %d, is refused: %s", most, terms.Refuses(most))
			}
		})
	}
	huge := wpbridge.Terms{PointsPerUnit: must(program.ParseDecimal("1e-20")), Decimals: 2, Multiple: 1}
	if code := huge.Refuses(1 << 60); code != "above_maximum" {
		t.Errorf("more than a coupon can hold is refused with %q", code)
	}
}
