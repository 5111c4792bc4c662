package wpbridge

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// Dirty is the list of things that the plugin saw change, in the site's
// database. The plugin adds to it, also while no daemon runs.
type Dirty struct {
	db     *sqlx.DB
	prefix database.Prefix
}

// DirtyMark is one thing that changed.
type DirtyMark struct {
	Seq    int64  `db:"seq"`
	Kind   string `db:"kind"` // order, comment, user, coupon or product; a newer plugin may know more
	Object int64  `db:"object_id"`
}

// NewDirty returns the list in a site's database.
func NewDirty(db *sqlx.DB, prefix database.Prefix) Dirty { return Dirty{db, prefix} }

// Next returns at most limit marks, the oldest first. One thing may be marked
// any number of times.
func (d Dirty) Next(ctx context.Context, limit int) ([]DirtyMark, error) {
	var marks []DirtyMark
	// What is no id of WordPress's marks nothing.
	err := d.db.SelectContext(ctx, &marks, d.prefix.SQL(`
		SELECT seq, kind, CASE WHEN object_id > 9223372036854775807 THEN 0 ELSE object_id END AS object_id
		FROM {p}loyalty_dirty ORDER BY seq LIMIT ?`), limit)
	if err != nil {
		return nil, fmt.Errorf("read what WordPress marked as changed: %w", err)
	}
	return marks, nil
}

// Remove deletes marks. It goes by their numbers, one by one: a mark with a
// lower number may become visible later.
func (d Dirty) Remove(ctx context.Context, marks []DirtyMark) error {
	if len(marks) == 0 {
		return nil
	}
	var numbers strings.Builder
	for i, mark := range marks {
		if i > 0 {
			numbers.WriteByte(',')
		}
		numbers.WriteString(strconv.FormatInt(mark.Seq, 10))
	}
	_, err := d.db.ExecContext(ctx, d.prefix.SQL(`DELETE FROM {p}loyalty_dirty WHERE seq IN (`+numbers.String()+`)`))
	if err != nil {
		return fmt.Errorf("delete the marks of what was looked at: %w", err)
	}
	return nil
}
