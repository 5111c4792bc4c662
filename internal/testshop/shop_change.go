package testshop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
)

// found is an order as Change picks it.
type found struct {
	ID       int64  `db:"id"`
	Customer int64  `db:"customer"`
	Total    string `db:"total"`
	Currency string `db:"currency"`
}

func (o found) String() string {
	return fmt.Sprintf("#%d (%s %s)", o.ID, rounded(rat(o.Total), 2), o.Currency)
}

// find returns the orders in a status (as stored), by id.
func (s *Shop) find(ctx context.Context, status string) ([]found, error) {
	query := `SELECT id, COALESCE(customer_id, 0) AS customer, COALESCE(total_amount, 0) AS total, COALESCE(currency, '') AS currency
		FROM {p}wc_orders WHERE type = 'shop_order' AND status = ? ORDER BY id`
	if !s.Storage.hpos() {
		query = `SELECT p.ID AS id, COALESCE(MAX(CASE m.meta_key WHEN '_customer_user' THEN m.meta_value END), '0') AS customer,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_total' THEN m.meta_value END), '0') AS total,
		       COALESCE(MAX(CASE m.meta_key WHEN '_order_currency' THEN m.meta_value END), '') AS currency
		FROM {p}posts p LEFT JOIN {p}postmeta m ON m.post_id = p.ID
		WHERE p.post_type = 'shop_order' AND p.post_status = ? GROUP BY p.ID ORDER BY p.ID`
	}
	var orders []found
	if err := s.DB.SelectContext(ctx, &orders, s.sql(query), status); err != nil {
		return nil, fmt.Errorf("find %s orders: %w", status, err)
	}
	return orders, nil
}

// Change lets a filled store trade on for about half a day: new customers,
// orders, payments and deliveries, refunds of each kind, a cancellation, a
// flip, edits, reviews, moderation. Everything is stamped with the shop's
// now. It returns a line for each thing it did; equal seeds do equal things.
func (s *Shop) Change(ctx context.Context, seed uint64) ([]string, error) {
	c := &changer{Shop: s, rng: rand.New(rand.NewPCG(seed, 0xc4a9e))}
	for _, step := range []func(context.Context) error{
		c.load, c.newOrders, c.deliver, c.giveBack, c.reconsider, c.edit, c.guestRegisters, c.moderateComments,
	} {
		if err := step(ctx); err != nil {
			return c.done, err
		}
	}
	return c.done, nil
}

type changer struct {
	*Shop
	rng       *rand.Rand
	done      []string
	fill      *filler // draws baskets and names
	completed []found
}

func (c *changer) say(format string, args ...any) {
	c.done = append(c.done, fmt.Sprintf(format, args...))
}

// load reads what the day works with.
func (c *changer) load(ctx context.Context) error {
	c.fill = &filler{rng: c.rng, shop: *c.Shop}
	var products []struct {
		ID    int64  `db:"ID"`
		Title string `db:"post_title"`
	}
	err := c.DB.SelectContext(ctx, &products, c.sql(`SELECT ID, post_title FROM {p}posts WHERE post_type = 'product' AND post_status = 'publish' ORDER BY ID`))
	if err != nil {
		return fmt.Errorf("read products: %w", err)
	}
	if len(products) == 0 {
		return fmt.Errorf("the store has no products: call Fill first")
	}
	for _, p := range products {
		c.fill.products = append(c.fill.products, goods{p.ID, 0, p.Title, int64(300 + c.rng.IntN(6000))})
	}
	var customers []struct {
		ID    int64  `db:"ID"`
		Name  string `db:"display_name"`
		Email string `db:"user_email"`
	}
	err = c.DB.SelectContext(ctx, &customers, c.sql(`
		SELECT u.ID, u.display_name, u.user_email FROM {u}users u JOIN {u}usermeta m ON m.user_id = u.ID AND m.meta_key = ?
		WHERE m.meta_value LIKE '%customer%' ORDER BY u.ID`), string(c.Prefix)+"capabilities")
	if err != nil {
		return fmt.Errorf("read customers: %w", err)
	}
	for _, u := range customers {
		c.fill.customers = append(c.fill.customers, person{id: u.ID, first: u.Name, display: u.Name, email: u.Email, country: "US"})
	}
	orders, err := c.find(ctx, "wc-completed")
	for _, order := range orders {
		if order.Customer != 0 {
			c.completed = append(c.completed, order)
		}
	}
	return err
}

// take removes and returns a completed order of a customer.
func (c *changer) take() (found, bool) {
	if len(c.completed) == 0 {
		return found{}, false
	}
	// Later orders are nearer to what people bring back.
	i := max(c.rng.IntN(len(c.completed)), c.rng.IntN(len(c.completed)))
	order := c.completed[i]
	c.completed = append(c.completed[:i], c.completed[i+1:]...)
	return order, true
}

func (c *changer) newOrders(ctx context.Context) error {
	who := c.fill.person(fmt.Sprintf("new%d@example.com", c.rng.IntN(1_000_000)))
	id, err := c.AddUser(ctx, User{Login: who.email, Email: who.email, DisplayName: who.display})
	if err != nil {
		return err
	}
	who.id = id
	c.say("%s registered as customer %d", who.display, id)
	buyers := []person{who}
	for range 12 {
		if len(c.fill.customers) > 0 && c.fill.chance(70) {
			buyers = append(buyers, pick(c.rng, c.fill.customers))
		} else {
			buyers = append(buyers, c.fill.person(fmt.Sprintf("guest%d@guest.example", c.rng.IntN(1_000_000))))
		}
	}
	for i, buyer := range buyers {
		o := Order{Customer: buyer.id, Email: buyer.email, First: buyer.first, Last: buyer.last, Country: buyer.country}
		c.fill.basket(&o)
		id, err := c.PlaceOrder(ctx, o)
		if err != nil {
			return err
		}
		order := found{ID: id, Total: c.orderRecord(o).total, Currency: c.Currency}
		if i%6 == 5 {
			c.say("%s placed order %s, not paid yet", buyer.display, order)
			continue
		}
		if err := c.Pay(ctx, id); err != nil {
			return err
		}
		c.say("%s placed and paid order %s", buyer.display, order)
	}
	return nil
}

func (c *changer) deliver(ctx context.Context) error {
	orders, err := c.find(ctx, "wc-processing")
	if err != nil {
		return err
	}
	for _, order := range orders[:min(len(orders), 5)] {
		if err := c.SetStatus(ctx, order.ID, "completed"); err != nil {
			return err
		}
		c.say("order %s was completed", order)
	}
	return nil
}

// giveBack refunds: a line, an amount, shipping, everything; and deletes a
// refund that was a mistake.
func (c *changer) giveBack(ctx context.Context) error {
	if order, ok := c.take(); ok {
		lines, err := c.lines(ctx, order.ID)
		if err != nil {
			return err
		}
		if len(lines) > 0 {
			if _, err := c.Refund(ctx, order.ID, Refund{Reason: "Damaged in transit", Lines: lines[:1]}); err != nil {
				return err
			}
			c.say("order %s: one line was refunded (%s)", order, lines[0].Total)
		}
	}
	if order, ok := c.take(); ok {
		id, err := c.Refund(ctx, order.ID, Refund{Reason: "Goodwill", Amount: "1.5"})
		if err != nil {
			return err
		}
		c.say("order %s: 1.50 were refunded without naming a line (refund #%d)", order, id)
	}
	if order, ok := c.take(); ok {
		if err := c.SetStatus(ctx, order.ID, "refunded"); err != nil {
			return err
		}
		c.say("order %s was refunded in full", order)
	}
	for range 200 {
		order, ok := c.take()
		if !ok {
			return nil
		}
		refunds, err := c.Refunds(ctx, order.ID)
		if err != nil {
			return err
		}
		if len(refunds) == 0 {
			continue
		}
		if err := c.DeleteRefund(ctx, refunds[0]); err != nil {
			return err
		}
		c.say("order %s: refund #%d was deleted, it had been a mistake", order, refunds[0])
		return nil
	}
	return nil
}

// lines returns a refund of each whole product line of an order.
func (c *changer) lines(ctx context.Context, order int64) ([]RefundLine, error) {
	items, err := c.Items(ctx, order, "line_item")
	if err != nil {
		return nil, err
	}
	var lines []RefundLine
	for _, item := range items {
		line := RefundLine{Item: item}
		for _, field := range []struct {
			key  string
			into *string
		}{{"_qty", &line.Qty}, {"_line_total", &line.Total}, {"_line_tax", &line.Tax}} {
			err := c.DB.GetContext(ctx, field.into, c.sql(
				`SELECT COALESCE(MAX(meta_value), '') FROM {p}woocommerce_order_itemmeta WHERE order_item_id = ? AND meta_key = ?`), item, field.key)
			if err != nil {
				return nil, fmt.Errorf("read %s of item %d: %w", field.key, item, err)
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// reconsider cancels an order, flips another, and moves a third to the trash.
func (c *changer) reconsider(ctx context.Context) error {
	if order, ok := c.take(); ok {
		if err := c.SetStatus(ctx, order.ID, "cancelled"); err != nil {
			return err
		}
		c.say("order %s was cancelled", order)
	}
	if order, ok := c.take(); ok {
		for _, status := range []string{"on-hold", "processing", "completed"} {
			if err := c.SetStatus(ctx, order.ID, status); err != nil {
				return err
			}
		}
		c.say("order %s went to on hold, processing and back to completed", order)
	}
	if order, ok := c.take(); ok {
		if err := c.Trash(ctx, order.ID); err != nil {
			return err
		}
		c.say("order %s was moved to the trash", order)
	}
	if order, ok := c.take(); ok {
		if err := c.Delete(ctx, order.ID); err != nil {
			return err
		}
		c.say("order %s was deleted for good", order)
	}
	return nil
}

// edit changes a line behind WooCommerce's back and gives an order to another
// customer.
func (c *changer) edit(ctx context.Context) error {
	if order, ok := c.take(); ok {
		if err := c.editFirstLine(ctx, order.ID, "5"); err != nil {
			return err
		}
		c.say("order %s: a plugin set its first line to 5.00 without saving the order", order)
	}
	order, ok := c.take()
	if !ok || len(c.fill.customers) == 0 {
		return nil
	}
	to := pick(c.rng, c.fill.customers)
	if err := c.SetCustomer(ctx, order.ID, to.id); err != nil {
		return err
	}
	c.say("order %s was moved to customer %d, %s", order, to.id, to.display)
	return nil
}

// guestRegisters gives a guest an account, and the account his orders.
func (c *changer) guestRegisters(ctx context.Context) error {
	orders, err := c.find(ctx, "wc-completed")
	if err != nil {
		return err
	}
	for _, order := range slices.Backward(orders) {
		if order.Customer != 0 {
			continue
		}
		st, err := c.read(ctx, order.ID)
		if err != nil {
			return err
		}
		if st.Email == "" {
			continue
		}
		id, err := c.AddUser(ctx, User{Login: "former-guest-" + fmt.Sprint(order.ID), Email: st.Email})
		if err != nil {
			return err
		}
		linked, err := c.LinkGuestOrders(ctx, id)
		if err != nil {
			return err
		}
		c.say("the guest %s registered as customer %d and got %d order(s) linked", st.Email, id, len(linked))
		return nil
	}
	return nil
}

// moderateComments writes a review and a comment, and takes some back.
func (c *changer) moderateComments(ctx context.Context) error {
	if len(c.fill.customers) > 0 {
		who, product := pick(c.rng, c.fill.customers), pick(c.rng, c.fill.products)
		_, err := c.AddComment(ctx, Comment{User: who.id, Post: product.id, Verified: true, Content: pick(c.rng, reviewTexts)})
		if err != nil {
			return err
		}
		c.say("%s reviewed %s", who.display, product.name)
	}
	for _, step := range []struct{ approved, action, text string }{
		{"1", "spam", "comment %d was marked as spam"},
		{"1", "hold", "comment %d was unapproved"},
		{"1", "trash", "comment %d was moved to the trash"},
		{"0", "approve", "comment %d was approved"},
		{"spam", "unspam", "comment %d was found not to be spam"},
	} {
		var comments []int64
		err := c.DB.SelectContext(ctx, &comments, c.sql(`SELECT comment_ID FROM {p}comments WHERE comment_approved = ? AND user_id > 0
			AND comment_type IN ('comment', 'review') ORDER BY comment_ID`), step.approved)
		if err != nil {
			return fmt.Errorf("read comments: %w", err)
		}
		if len(comments) == 0 {
			continue
		}
		comment := pick(c.rng, comments)
		if err := c.SetCommentStatus(ctx, comment, step.action); err != nil {
			return err
		}
		c.say(step.text, comment)
	}
	return nil
}
