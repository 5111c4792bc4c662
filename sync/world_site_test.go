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
	role := "wholesale"
	if w.excluded[user] {
		role = "customer"
	}
	w.excluded[user] = role == "wholesale"
	w.did("user %d is %s now", user, role)
	w.do(w.shop.SetRoles(w.ctx, user, role))
}

func (w *world) deleteUser() {
	w.remove(pick(w, "user", w.users))
}

// remove deletes a user, but for one who has just got an order that was
// anonymous before: without a customer it would be so again, and its last one
// would depend on which runs came to it.
func (w *world) remove(user int64) bool {
	orders := w.ordersOf(user)
	for _, id := range orders {
		if w.marked[id] && w.unsure[id] {
			return false
		}
	}
	for _, id := range orders {
		w.unsure[id] = true
	}
	w.did("user %d is deleted", user)
	w.do(w.shop.DeleteUser(w.ctx, user))
	w.users = slices.DeleteFunc(w.users, func(id int64) bool { return id == user })
	return true
}

// merge gives all orders of one account to another. The first one is deleted
// at once or, perhaps, later.
func (w *world) merge() {
	from := pick(w, "from", w.users)
	into := pick(w, "into", slices.DeleteFunc(slices.Clone(w.users), func(id int64) bool { return id == from }))
	for _, id := range w.ordersOf(from) {
		w.give(id, into)
	}
	if rapid.Bool().Draw(w.t, "at once") {
		w.remove(from)
	}
}

// anew deletes an account and makes another one with its e-mail, to which
// WooCommerce gives its orders.
func (w *world) anew() {
	user := pick(w, "user", w.users)
	var email string
	w.do(w.shop.DB.GetContext(w.ctx, &email, `SELECT user_email FROM wp_users WHERE ID = ?`, user))
	if !w.remove(user) {
		return
	}
	w.guests++
	again := must(w.shop.AddUser(w.ctx, testshop.User{Login: fmt.Sprint("again", w.guests), Email: email}))
	w.users = append(w.users, again)
	linked := must(w.shop.LinkGuestOrders(w.ctx, again))
	for _, id := range linked {
		w.belongs(id, again)
	}
	w.did("user %d has the e-mail %s and the orders %v", again, email, linked)
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

// list excludes a user by the configuration, or no longer.
func (w *world) list() {
	user := pick(w, "user", w.users)
	w.listed[user] = !w.listed[user]
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
