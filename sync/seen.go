package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
)

// seenOrder is what sync last saw of an order or, with a parent, of a refund.
type seenOrder struct {
	ID       int64           `db:"id"`
	Parent   int64           `db:"parent_id"`
	User     int64           `db:"user_id"`   // whom it would count for; 0: nobody known
	EmailKey uint64          `db:"email_key"` // of a guest order; 0: none
	EarnsAt  ledger.NullTime `db:"earns_at"`
	Purchase int64           `db:"purchase"` // points it is worth to User
	Head     uint64          `db:"head"`
	Body     uint64          `db:"body"`
}

type seenComment struct {
	ID     int64  `db:"id"`
	User   int64  `db:"user_id"`
	Post   int64  `db:"post_id"`
	Digest uint64 `db:"digest"`
}

type seenUser struct {
	ID       int64  `db:"id"`
	EmailKey uint64 `db:"email_key"`
	Frozen   bool   `db:"frozen"`
	Gone     bool   `db:"gone"`
	Digest   uint64 `db:"digest"`
}

// maxRows bounds the rows, and so the length, of one statement. A list of a
// thousand values MariaDB makes a table of, and joins it, rather than look them
// up (in_predicate_conversion_threshold).
const maxRows = 900

func selectIn[T any](ctx context.Context, q sqlx.QueryerContext, query string, ids []int64) ([]T, error) {
	var all []T
	for chunk := range slices.Chunk(ids, maxRows) {
		bound, args, err := sqlx.In(query, chunk)
		if err != nil {
			return nil, err
		}
		var rows []T
		if err := sqlx.SelectContext(ctx, q, &rows, bound, args...); err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// seenByID reads what was seen of facts, by their ids.
func seenByID[T any](ctx context.Context, q sqlx.QueryerContext, what, query string, ids []int64, id func(*T) int64) (map[int64]*T, error) {
	rows, err := selectIn[T](ctx, q, query, ids)
	if err != nil {
		return nil, fmt.Errorf("read what was seen of %s: %w", what, err)
	}
	seen := make(map[int64]*T, len(rows))
	for i := range rows {
		seen[id(&rows[i])] = &rows[i]
	}
	return seen, nil
}

func execIn(ctx context.Context, tx sqlx.ExecerContext, query string, ids []int64) error {
	for chunk := range slices.Chunk(ids, maxRows) {
		bound, args, err := sqlx.In(query, chunk)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, bound, args...); err != nil {
			return err
		}
	}
	return nil
}

func placeholders(columns, n int) string {
	row := "(" + strings.Repeat("?,", columns-1) + "?)"
	return strings.Repeat(row+",", n-1) + row
}

const seenOrderColumns = `id, parent_id, user_id, email_key, earns_at, purchase, head, body`

func (r *run) seenOrders(ctx context.Context, q sqlx.QueryerContext, ids []int64) (map[int64]*seenOrder, error) {
	return seenByID(ctx, q, "orders", r.sql(`SELECT `+seenOrderColumns+` FROM {p}loyalty_seen_orders WHERE id IN (?)`), ids, func(row *seenOrder) int64 { return row.ID })
}

func (r *run) saveSeenOrders(ctx context.Context, tx *ledger.Tx, orders []seenOrder) error {
	var rows database.Rows
	for i := range orders {
		o := &orders[i]
		rows.Int(o.ID)
		rows.Int(o.Parent)
		rows.Int(o.User)
		rows.Uint(o.EmailKey)
		rows.NullTime(o.EarnsAt)
		rows.Int(o.Purchase)
		rows.Uint(o.Head)
		rows.Uint(o.Body)
		rows.End()
	}
	return r.saveSeen(ctx, tx, "orders", seenOrderColumns, &rows)
}

// saveSeen keeps what was seen of facts, in place of what was seen before.
func (r *run) saveSeen(ctx context.Context, tx *ledger.Tx, what, columns string, rows *database.Rows) error {
	into := database.Table{Name: r.sql("{p}loyalty_seen_" + what), Columns: strings.Split(columns, ","), Upsert: true}
	if err := tx.Write(ctx, into, rows); err != nil {
		return fmt.Errorf("save what was seen of %s: %w", what, err)
	}
	return nil
}

func (r *run) forgetOrders(ctx context.Context, tx *ledger.Tx, ids []int64) error {
	if err := execIn(ctx, tx, r.sql(`DELETE FROM {p}loyalty_seen_orders WHERE id IN (?)`), ids); err != nil {
		return fmt.Errorf("forget orders that are gone: %w", err)
	}
	return nil
}

func (r *run) seenComments(ctx context.Context, tx *ledger.Tx, ids []int64) (map[int64]*seenComment, error) {
	return seenByID(ctx, tx, "comments", r.sql(`SELECT id, user_id, post_id, digest FROM {p}loyalty_seen_comments WHERE id IN (?)`), ids, func(row *seenComment) int64 { return row.ID })
}

func (r *run) saveSeenComments(ctx context.Context, tx *ledger.Tx, comments []seenComment) error {
	var rows database.Rows
	for _, c := range comments {
		rows.Int(c.ID)
		rows.Int(c.User)
		rows.Int(c.Post)
		rows.Uint(c.Digest)
		rows.End()
	}
	return r.saveSeen(ctx, tx, "comments", "id, user_id, post_id, digest", &rows)
}

func (r *run) forgetComments(ctx context.Context, tx *ledger.Tx, ids []int64) error {
	if err := execIn(ctx, tx, r.sql(`DELETE FROM {p}loyalty_seen_comments WHERE id IN (?)`), ids); err != nil {
		return fmt.Errorf("forget comments that are gone: %w", err)
	}
	return nil
}

func (r *run) seenUsers(ctx context.Context, q sqlx.QueryerContext, ids []int64) (map[int64]*seenUser, error) {
	return seenByID(ctx, q, "users", r.sql(`SELECT id, email_key, frozen, gone, digest FROM {p}loyalty_seen_users WHERE id IN (?)`), ids, func(row *seenUser) int64 { return row.ID })
}

func (r *run) saveSeenUsers(ctx context.Context, tx *ledger.Tx, users []seenUser) error {
	var rows database.Rows
	for i := range users {
		u := &users[i]
		rows.Int(u.ID)
		rows.Uint(u.EmailKey)
		rows.Bool(u.Frozen)
		rows.Bool(u.Gone)
		rows.Uint(u.Digest)
		rows.End()
	}
	return r.saveSeen(ctx, tx, "users", "id, email_key, frozen, gone, digest", &rows)
}

type todo struct {
	ID    int64  `db:"id"`
	Cause string `db:"cause"`
}

// todos returns up to limit facts of a kind that are to be looked at again,
// either those that only settle or the others.
func (r *run) todos(ctx context.Context, kind string, settling bool, after int64, limit int) ([]todo, error) {
	var rows []todo
	err := r.ledger.DB().SelectContext(ctx, &rows, r.sql(`
		SELECT id, cause FROM {p}loyalty_todo
		WHERE kind = ? AND id > ? AND (cause = ?) = ? ORDER BY id LIMIT ?`), kind, after, causeSettling, settling, limit)
	if err != nil {
		return nil, fmt.Errorf("read what is to be looked at again: %w", err)
	}
	return rows, nil
}

// addTodos lists facts to be looked at again. One that is listed keeps its
// cause, unless it only settles: then it might be struck off without a look.
func (r *run) addTodos(ctx context.Context, tx *ledger.Tx, kind, cause string, ids []int64) error {
	for chunk := range slices.Chunk(ids, maxRows) {
		args := make([]any, 0, len(chunk)*3)
		for _, id := range chunk {
			args = append(args, kind, id, cause)
		}
		_, err := tx.ExecContext(ctx, r.sql(`INSERT INTO {p}loyalty_todo (kind, id, cause) VALUES `)+placeholders(3, len(chunk))+`
			ON DUPLICATE KEY UPDATE cause = CASE WHEN cause = '`+causeSettling+`' THEN VALUES(cause) ELSE cause END`, args...)
		if err != nil {
			return fmt.Errorf("note what is to be looked at again: %w", err)
		}
		r.mayHaveTodos = true
	}
	return nil
}

func (r *run) doneTodos(ctx context.Context, tx *ledger.Tx, kind string, ids []int64) error {
	query := r.sql(`DELETE FROM {p}loyalty_todo WHERE kind = '` + kind + `' AND id IN (?)`)
	if err := execIn(ctx, tx, query, ids); err != nil {
		return fmt.Errorf("strike off what was looked at: %w", err)
	}
	return nil
}

func nullTime(t time.Time) ledger.NullTime {
	return ledger.NullTime{Time: ledger.Instant(t), Valid: !t.IsZero()}
}
