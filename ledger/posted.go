package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// Posted is what the ledger holds for one object of one source.
type Posted struct {
	Program  int64     // version of the first entry; 0: none
	FactAt   time.Time // fact time of the first entry; zero: none
	Accounts []Standing
}

// Standing is the sum of an object's entries in one account.
type Standing struct {
	User    int64
	Points  int64
	Pending int64
	Last    int64 // id of the latest of the entries
}

// Of returns the object's standing in a user's account.
func (p Posted) Of(user int64) Standing {
	for _, s := range p.Accounts {
		if s.User == user {
			return s
		}
	}
	return Standing{User: user}
}

// Has reports whether the object has any entry in a user's account.
func (p Posted) Has(user int64) bool {
	return slices.ContainsFunc(p.Accounts, func(s Standing) bool { return s.User == user })
}

// Posted returns what is posted under source for each of the objects that has
// any entry.
func (t *Tx) Posted(ctx context.Context, source Source, objects []int64) (map[int64]Posted, error) {
	posted := make(map[int64]Posted)
	err := inChunks(objects, func(chunk []int64) error {
		query, args, err := sqlx.In(t.ledger.sql(`
			SELECT object_id, user_id, SUM(points) AS points, SUM(pending) AS pending, MAX(revision) + 1 AS next, MAX(id) AS last,
			       MAX(CASE WHEN revision = 0 THEN program END) AS program,
			       MAX(CASE WHEN revision = 0 THEN fact_at END) AS fact_at
			FROM {p}loyalty_entries WHERE source = ? AND object_id IN (?)
			GROUP BY object_id, user_id ORDER BY object_id, user_id`), source, chunk)
		if err != nil {
			return fmt.Errorf("read what is posted for %s: %w", source, err)
		}
		var rows []struct {
			Object  int64         `db:"object_id"`
			User    int64         `db:"user_id"`
			Points  int64         `db:"points"`
			Pending int64         `db:"pending"`
			Next    int64         `db:"next"`
			Last    int64         `db:"last"`
			Program sql.NullInt64 `db:"program"`
			FactAt  NullTime      `db:"fact_at"`
		}
		if err := t.SelectContext(ctx, &rows, query, args...); err != nil {
			return fmt.Errorf("read what is posted for %s: %w", source, err)
		}
		for _, object := range chunk {
			if k := (key{source, object}); t.next[k] == 0 {
				t.next[k] = 0
			}
		}
		for _, row := range rows {
			p := posted[row.Object]
			p.Accounts = append(p.Accounts, Standing{User: row.User, Points: row.Points, Pending: row.Pending, Last: row.Last})
			if row.Program.Valid {
				p.Program, p.FactAt = row.Program.Int64, row.FactAt.Time
			}
			posted[row.Object] = p
			k := key{source, row.Object}
			t.next[k] = max(t.next[k], row.Next)
		}
		return nil
	})
	return posted, err
}
