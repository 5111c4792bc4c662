package testshop

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// User is a WordPress user to add.
type User struct {
	Login       string
	Email       string
	DisplayName string    // Login when empty; stored as given
	Roles       []string  // customer when nil
	Registered  time.Time // the shop's now when zero
}

// AddUser adds a user with his metadata, as wp_insert_user does, and returns
// his id.
func (s *Shop) AddUser(ctx context.Context, u User) (int64, error) {
	if u.DisplayName == "" {
		u.DisplayName = u.Login
	}
	if u.Roles == nil {
		u.Roles = []string{"customer"}
	}
	if u.Registered.IsZero() {
		u.Registered = s.now()
	}
	id, err := s.insert(ctx, usersTable, nil, u.Login, "$wp$2y$10$not-a-password", slug(u.Login), u.Email, "",
		gmt(u.Registered), "", 0, u.DisplayName)
	if err != nil {
		return 0, err
	}
	for _, meta := range [][2]string{
		{"nickname", u.Login},
		{"first_name", ""},
		{"last_name", ""},
		{"locale", ""},
		{string(s.Prefix) + "capabilities", capabilities(u.Roles)},
		{string(s.Prefix) + "user_level", "0"},
		{"last_update", unix(u.Registered)},
	} {
		if _, err := s.insert(ctx, userMetaTable, nil, id, meta[0], meta[1]); err != nil {
			return id, err
		}
	}
	return id, nil
}

// capabilities is the roles as PHP serializes them.
func capabilities(roles []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "a:%d:{", len(roles))
	for _, role := range roles {
		fmt.Fprintf(&b, `s:%d:"%s";b:1;`, len(role), role)
	}
	return b.String() + "}"
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// SetEmail changes the e-mail of an account; orders keep theirs.
func (s *Shop) SetEmail(ctx context.Context, user int64, email string) error {
	return s.run(ctx, `UPDATE {u}users SET user_email = ? WHERE ID = ?`, email, user)
}

// SetRoles replaces the user's roles on this site; none is possible.
func (s *Shop) SetRoles(ctx context.Context, user int64, roles ...string) error {
	return s.run(ctx, `UPDATE {u}usermeta SET meta_value = ? WHERE user_id = ? AND meta_key = ?`,
		capabilities(roles), user, string(s.Prefix)+"capabilities")
}

// DeleteUser removes an account as wp_delete_user does: its metadata and row
// go, then his orders become guest orders (HPOS: in one statement, with a new
// date_updated_gmt; posts: only _customer_user, post_modified stays). His
// e-mail stays on the orders and his id on his comments. Posts he wrote go to
// user 1.
func (s *Shop) DeleteUser(ctx context.Context, user int64) error {
	if err := s.run(ctx, `UPDATE {p}posts SET post_author = 1 WHERE post_author = ?`, user); err != nil {
		return err
	}
	if err := s.run(ctx, `DELETE FROM {u}usermeta WHERE user_id = ?`, user); err != nil {
		return err
	}
	if err := s.run(ctx, `DELETE FROM {u}users WHERE ID = ?`, user); err != nil {
		return err
	}
	if s.Storage.hpos() {
		err := s.run(ctx, `UPDATE {p}wc_orders SET customer_id = 0, date_updated_gmt = ? WHERE customer_id = ?`, gmt(s.now()), user)
		if err != nil {
			return err
		}
	}
	if s.Storage.posts() {
		return s.run(ctx, `UPDATE {p}postmeta SET meta_value = '0' WHERE meta_key = '_customer_user' AND meta_value = ?`, fmt.Sprint(user))
	}
	return nil
}

// LinkGuestOrders gives a user the guest orders that carry his e-mail, as
// wc_update_new_customer_past_orders does, and returns their ids.
func (s *Shop) LinkGuestOrders(ctx context.Context, user int64) ([]int64, error) {
	_, email, err := s.person(ctx, user)
	if err != nil {
		return nil, err
	}
	query := `SELECT id FROM {p}wc_orders WHERE type = 'shop_order' AND customer_id = 0 AND billing_email = ? ORDER BY id`
	if !s.Storage.hpos() {
		query = `SELECT p.ID FROM {p}posts p
			JOIN {p}postmeta c ON c.post_id = p.ID AND c.meta_key = '_customer_user' AND c.meta_value = '0'
			JOIN {p}postmeta e ON e.post_id = p.ID AND e.meta_key = '_billing_email' AND e.meta_value = ?
			WHERE p.post_type = 'shop_order' ORDER BY p.ID`
	}
	var orders []int64
	if err := s.DB.SelectContext(ctx, &orders, s.sql(query), email); err != nil {
		return nil, fmt.Errorf("find guest orders of %s: %w", email, err)
	}
	for _, order := range orders {
		if err := s.SetCustomer(ctx, order, user); err != nil {
			return nil, err
		}
	}
	return orders, nil
}

// person returns a user's display name and e-mail, or empty ones.
func (s *Shop) person(ctx context.Context, user int64) (name, email string, err error) {
	err = s.DB.QueryRowxContext(ctx, s.sql(`SELECT display_name, user_email FROM {u}users WHERE ID = ?`), user).Scan(&name, &email)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", "", fmt.Errorf("read user %d: %w", user, err)
	}
	return name, email, nil
}
