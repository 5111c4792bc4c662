package sync_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"loyaltyd/internal/testshop"
	"loyaltyd/sync/program"
)

func (w *world) roles() {
	user := pick(w, "user", w.users)
	if w.left[user] {
		return // an order that is still posted in his account would stay with him
	}
	role := "wholesale"
	if w.excluded[user] {
		role = "customer"
	}
	w.excluded[user] = role == "wholesale"
	w.claim(user)
	w.did("user %d is %s now", user, role)
	w.do(w.shop.SetRoles(w.ctx, user, role))
}

func (w *world) claim(user int64) {
	for _, orders := range []map[int64]int64{w.orders, w.trashed} {
		for id, customer := range orders {
			if customer == user {
				w.claimed[id] = true
			}
		}
	}
}

func (w *world) deleteUser() {
	user := pick(w, "user", w.users)
	if w.left[user] {
		return
	}
	w.did("user %d is deleted", user)
	w.claim(user)
	w.do(w.shop.DeleteUser(w.ctx, user))
	w.users = slices.DeleteFunc(w.users, func(id int64) bool { return id == user })
}

// grow gives what comes from now on numbers far from those there are, which
// increments then no longer look at for being among the last.
func (w *world) grow() {
	w.did("the numbers leap")
	for table, column := range map[string]string{"users": "ID", "comments": "comment_ID", "posts": "ID"} {
		var last int64
		w.do(w.shop.DB.GetContext(w.ctx, &last, `SELECT COALESCE(MAX(`+column+`), 0) FROM wp_`+table))
		w.do(w.shop.Exec(w.ctx, fmt.Sprintf(`ALTER TABLE {p}%s AUTO_INCREMENT = %d`, table, last+1000)))
	}
	w.addUser()
}

func (w *world) email() {
	w.guests++
	user, email := pick(w, "user", w.users), fmt.Sprintf("other%d@example.com", w.guests)
	w.did("user %d has the e-mail %s now", user, email)
	w.do(w.shop.SetEmail(w.ctx, user, email))
}

func (w *world) comment() {
	c := testshop.Comment{Approved: pick(w, "approved", []string{"1", "0", "spam"}), Content: "hm", Verified: rapid.Bool().Draw(w.t, "verified")}
	if len(w.users) > 0 {
		c.User = pick(w, "user", w.users)
	}
	c.Post = pick(w, "post", append(slices.Clone(w.products), w.posts...))
	id := must(w.shop.AddComment(w.ctx, c))
	w.comments = append(w.comments, id)
	w.did("comment %d of %d on %d: %q", id, c.User, c.Post, c.Approved)
}

func (w *world) moderate() {
	id, status := pick(w, "comment", w.comments), pick(w, "moderation", []string{"approve", "hold", "spam", "trash"})
	w.did("comment %d: %s", id, status)
	w.do(w.shop.SetCommentStatus(w.ctx, id, status))
}

func (w *world) deleteComment() {
	id := pick(w, "comment", w.comments)
	w.did("comment %d is deleted", id)
	w.do(w.shop.DeleteComment(w.ctx, id))
	w.comments = slices.DeleteFunc(w.comments, func(c int64) bool { return c == id })
}

func (w *world) backdate() {
	id := pick(w, "comment", w.comments)
	at := w.shop.Now().Add(-time.Duration(rapid.IntRange(1, 3000).Draw(w.t, "hours")) * time.Hour)
	w.did("comment %d is dated %s", id, at)
	w.do(w.shop.BackdateComment(w.ctx, id, at))
}

func (w *world) categories() {
	product, category := pick(w, "product", w.products), pick(w, "category", w.cats)
	w.did("product %d is in category %d now", product, category)
	w.do(w.shop.SetCategories(w.ctx, product, category))
}

func (w *world) tree() {
	category, parent := pick(w, "category", w.cats), pick(w, "parent", append([]int64{0}, w.cats...)) // maybe in a circle
	w.did("category %d is below %d now", category, parent)
	w.do(w.shop.MoveCategory(w.ctx, category, parent))
}

func (w *world) zone() {
	zone := pick(w, "zone", []string{"America/New_York", "Asia/Kolkata", "Pacific/Auckland"})
	w.did("the site's time zone is %s now", zone)
	w.do(w.shop.SetTimezone(w.ctx, zone, ""))
}

func (w *world) currency() {
	currency := pick(w, "currency", []string{"USD", "EUR"})
	w.did("the site's currency is %s now", currency)
	w.do(w.shop.SetOption(w.ctx, "woocommerce_currency", currency))
}

// out reports whether a customer is excluded.
func (w *world) out(user int64) bool { return w.excluded[user] || w.listed[user] }

// list excludes a user by the configuration, or no longer.
func (w *world) list() {
	user := pick(w, "user", w.users)
	if w.left[user] {
		return
	}
	w.listed[user] = !w.listed[user]
	w.claim(user)
	w.did("user %d is on the list: %t", user, w.listed[user])
	var listed []int64
	for user, is := range w.listed {
		if is {
			listed = append(listed, user)
		}
	}
	slices.Sort(listed)
	for _, engine := range w.engines {
		engine.Programme.Exclusion.Users = listed
	}
}

func (w *world) giveBack() {
	now := program.GiveBack{Expired: rapid.Bool().Draw(w.t, "expired"), Deleted: rapid.Bool().Draw(w.t, "deleted"), Refunded: rapid.Bool().Draw(w.t, "refunded")}
	w.did("given back: %+v", now)
	for _, engine := range w.engines {
		engine.Programme.GiveBack = now
	}
}

func (w *world) storage() {
	to := pick(w, "storage", []testshop.Storage{testshop.HPOS, testshop.Legacy})
	w.did("the order storage is %s now", to)
	w.do(w.shop.SwitchStorage(w.ctx, to))
}

func (w *world) deletePost() {
	if len(w.posts) < 2 {
		return
	}
	id := w.posts[0]
	w.did("post %d is deleted", id)
	w.do(w.shop.DeletePost(w.ctx, id))
	w.posts = w.posts[1:]
	var left []int64
	w.do(w.shop.DB.SelectContext(w.ctx, &left, `SELECT comment_ID FROM wp_comments WHERE comment_type IN ('comment', 'review')`))
	w.comments = slices.DeleteFunc(w.comments, func(c int64) bool { return !slices.Contains(left, c) })
}
