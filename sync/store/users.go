package store

import (
	"context"
	"fmt"
	"html"
	"strings"

	"loyaltyd/sync/program"
)

// UserRecord is a user and its sum, which covers all that can change what he
// may earn.
type UserRecord struct {
	User program.User
	Sum  uint64
}

// userFields returns what the digest of a user with the row u is made of. The
// roles are those in this site.
func (sn *Snapshot) userFields() []string {
	// The prefix holds only letters, digits, _ and $.
	key := "'" + string(sn.store.prefix) + "capabilities'"
	return []string{
		"u.ID", "u.user_registered",
		utf8(`(SELECT m.meta_value FROM {u}usermeta m
		  WHERE m.user_id = u.ID AND m.meta_key = ` + key + ` ORDER BY m.umeta_id LIMIT 1)`),
		utf8("u.user_email"),
	}
}

// usersSQL reads the users for which condition holds, for each the expressions
// in columns. Like commentsSQL it does without a derived table.
func usersSQL(columns, condition string) string {
	return `SELECT ` + columns + ` FROM {u}users u FORCE INDEX (PRIMARY) WHERE ` + condition
}

// userSumsSQL gives id and digest of those users.
func (sn *Snapshot) userSumsSQL(condition string) string {
	fields := sn.userFields()
	return usersSQL(`u.ID AS id, `+digestSQL(fields[0], fields[1:]...)+` AS digest`, condition)
}

// users returns them in the order of condition, which may end in clauses.
func (sn *Snapshot) users(ctx context.Context, condition string, args ...any) ([]UserRecord, error) {
	var all []UserRecord
	var scratch []byte
	err := sn.each(ctx, usersSQL(columns(sn.userFields()), condition), args, func(r record) error {
		var sum uint64
		sum, scratch = digest(scratch, r)
		all = append(all, UserRecord{
			User: program.User{ID: r.id(0), Email: r.text(3), Registered: r.time(1), Roles: parseRoles(r.text(2)), Outsider: r[2] == nil},
			Sum:  sum,
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	return all, nil
}

// UsersAfter returns the users with an id above id, ascending, at most limit.
func (sn *Snapshot) UsersAfter(ctx context.Context, id int64, limit int) ([]UserRecord, error) {
	return sn.users(ctx, `u.ID > ? ORDER BY u.ID LIMIT ?`, id, limit)
}

// UsersByID returns those of the ids that exist, ascending.
func (sn *Snapshot) UsersByID(ctx context.Context, ids []int64) ([]UserRecord, error) {
	var all []UserRecord
	err := chunks(ids, maxList, func(part []int64) error {
		records, err := sn.users(ctx, `u.ID IN (`+list(part)+`) ORDER BY u.ID`)
		all = append(all, records...)
		return err
	})
	return all, err
}

// UsersThere returns those of the ids that exist, ascending.
func (sn *Snapshot) UsersThere(ctx context.Context, ids []int64) ([]int64, error) {
	var there []int64
	err := chunks(ids, maxList, func(part []int64) error {
		return sn.each(ctx, `SELECT ID FROM {u}users WHERE ID IN (`+list(part)+`) ORDER BY ID`, nil, func(r record) error {
			there = append(there, r.id(0))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look which users exist: %w", err)
	}
	return there, nil
}

const userRange = `u.ID >= ? AND u.ID < ?`

// UserBuckets returns the combined sums of the users with from <= id < to in
// buckets of ids, by bucket.
func (sn *Snapshot) UserBuckets(ctx context.Context, from, to, size int64) ([]Bucket, error) {
	return sn.buckets(ctx, "users", sn.userSumsSQL(userRange), "digest", from, to, size)
}

// UserSums returns the sums of the users with from <= id < to.
func (sn *Snapshot) UserSums(ctx context.Context, from, to int64) (map[int64]uint64, error) {
	return sn.sums(ctx, "users", sn.userSumsSQL(userRange), from, to)
}

// MaxUserID returns the highest id of any user, 0 if there is none.
func (sn *Snapshot) MaxUserID(ctx context.Context) (int64, error) {
	return sn.maxID(ctx, `SELECT MAX(ID) FROM {u}users`)
}

// Names returns what to call these users before people: the display name,
// else the e-mail address, else the login. Users that do not exist are left
// out. The text is as hostile as its author.
func (sn *Snapshot) Names(ctx context.Context, ids []int64) (map[int64]string, error) {
	names := make(map[int64]string, len(ids))
	err := chunks(ids, maxList, func(part []int64) error {
		return sn.each(ctx, `
			SELECT ID, display_name, user_email, user_login FROM {u}users WHERE ID IN (`+list(part)+`)`, nil,
			func(r record) error {
				for column := 1; column <= 3; column++ {
					// WordPress stores names with HTML's entities.
					if name := strings.TrimSpace(html.UnescapeString(r.text(column))); name != "" {
						names[r.id(0)] = name
						break
					}
				}
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of users: %w", err)
	}
	return names, nil
}
