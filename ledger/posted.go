package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// Posted is what the ledger holds for one object of one source.
type Posted struct {
	Program  int64     // version of the first entry; 0: none
	FactAt   time.Time // fact time of the first entry; zero: none
	Latest   Valued    // by the latest entry
	Accounts []Standing
}

// Valued is by which version an entry was valued, and at what time.
type Valued struct {
	Program int64
	FactAt  time.Time
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
	posted, err := t.PostedUnder(ctx, []Source{source}, objects)
	return posted[source], err
}

// PostedUnder returns, by source, what is posted for each of the objects that
// has any entry under it.
func (t *Tx) PostedUnder(ctx context.Context, sources []Source, objects []int64) (map[Source]map[int64]Posted, error) {
	posted := make(map[Source]map[int64]Posted, len(sources))
	for _, source := range sources {
		posted[source] = map[int64]Posted{}
	}
	err := inChunks(objects, func(chunk []int64) error {
		// Of so many pairs the servers would rather read the whole table.
		query, args, err := sqlx.In(t.ledger.sql(`
			SELECT id, source, object_id, user_id, revision, points, pending, program, fact_at
			FROM {p}loyalty_entries FORCE INDEX (posted_once) WHERE source IN (?) AND object_id IN (?)`), sources, chunk)
		if err != nil {
			return fmt.Errorf("read what is posted: %w", err)
		}
		var rows []postedRow
		if err := t.SelectContext(ctx, &rows, query, args...); err != nil {
			return fmt.Errorf("read what is posted: %w", err)
		}
		for _, source := range sources {
			for _, object := range chunk {
				if k := (key{source, object}); t.next[k] == 0 {
					t.next[k] = 0
				}
			}
		}
		for i := range rows {
			row := &rows[i]
			under, k := posted[row.Source], key{row.Source, row.Object}
			now := under[row.Object].with(row)
			if row.Revision+1 >= t.next[k] {
				now.Latest, t.next[k] = Valued{row.Program, row.FactAt.Time}, row.Revision+1
			}
			under[row.Object] = now
		}
		return nil
	})
	return posted, err
}

// NothingPosted takes the caller's word that none of the objects has an entry
// under any of the sources. Were it not so, Post would fail.
func (t *Tx) NothingPosted(sources []Source, objects []int64) {
	for _, source := range sources {
		for _, object := range objects {
			if k := (key{source, object}); t.next[k] == 0 {
				t.next[k] = 0
			}
		}
	}
}

// postedRow is as much of an entry as its object's standing needs.
type postedRow struct {
	ID       int64    `db:"id"`
	Source   Source   `db:"source"`
	Object   int64    `db:"object_id"`
	User     int64    `db:"user_id"`
	Revision int64    `db:"revision"`
	Points   int64    `db:"points"`
	Pending  int64    `db:"pending"`
	Program  int64    `db:"program"`
	FactAt   NullTime `db:"fact_at"`
}

// with adds an entry. Accounts stay sorted by user.
func (p Posted) with(row *postedRow) Posted {
	if row.Revision == 0 {
		p.Program, p.FactAt = row.Program, row.FactAt.Time
	}
	i, found := slices.BinarySearchFunc(p.Accounts, row.User, func(s Standing, user int64) int { return cmp.Compare(s.User, user) })
	if !found {
		p.Accounts = slices.Insert(p.Accounts, i, Standing{User: row.User})
	}
	s := &p.Accounts[i]
	s.Points += row.Points
	s.Pending += row.Pending
	s.Last = max(s.Last, row.ID)
	return p
}
