package store

import (
	"context"
	"fmt"
	"strings"
)

// Person is what identifies a user before people.
type Person struct {
	ID          int64
	Login       string
	Email       string
	DisplayName string
}

// FindUsers returns the users whose id, login or e-mail address is text, by
// id; case does not count. Several may share an e-mail address.
func (sn *Snapshot) FindUsers(ctx context.Context, text string) ([]Person, error) {
	var found []Person
	// The server's comparison finds more than that: it ignores accents too.
	err := sn.each(ctx, `
		SELECT ID, user_login, user_email, display_name FROM {u}users
		WHERE ID = ? OR user_login = ? OR user_email = ? ORDER BY ID`, []any{parseID(text), text, text},
		func(r record) error {
			p := Person{ID: r.id(0), Login: r.text(1), Email: r.text(2), DisplayName: r.text(3)}
			if p.ID == parseID(text) || strings.EqualFold(p.Login, text) || strings.EqualFold(p.Email, text) {
				found = append(found, p)
			}
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("look for user %q: %w", text, err)
	}
	return found, nil
}
