package reports

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// The history is compared and mended in pieces of so many ids.
const pieceSize = 5000

// pieces are digests of the history's pieces, by number: piece n has the
// entries with n × pieceSize <= id < (n + 1) × pieceSize.
type pieces map[int64]pieceSum

type pieceSum struct {
	Entries int64  `db:"entries"`
	Digest  uint64 `db:"digest"`
}

// digestOf sums up the rows of a history piece by piece: of each row the first
// 64 bits of a SHA-256 over all that is copied.
const digestOf = `
	SELECT %[1]s DIV ? AS piece, COUNT(*) AS entries,
	  BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT_WS('|', %[1]s, user_id, seq, occurred_at, recorded_at, type, source, object_id,
	    points, pending, balance, CASE WHEN note IS NULL THEN '' ELSE CONCAT('=', note) END), 256), 16), 16, 10) AS UNSIGNED)) AS digest
	FROM %[2]s WHERE %[1]s <= ? GROUP BY piece`

func readPieces(ctx context.Context, q sqlx.QueryerContext, query string, last int64) (pieces, error) {
	var rows []struct {
		Piece int64 `db:"piece"`
		pieceSum
	}
	if err := sqlx.SelectContext(ctx, q, &rows, query, pieceSize, last); err != nil {
		return nil, fmt.Errorf("sum up the history: %w", err)
	}
	sums := pieces{}
	for _, row := range rows {
		sums[row.Piece] = row.pieceSum
	}
	return sums, nil
}

// differingPieces returns the numbers of the pieces in which the site's copy of
// the history is not what the ledger has through the entry last, in order.
func (r *Reports) differingPieces(ctx context.Context, site sqlx.QueryerContext, last int64) ([]int64, error) {
	const everything = int64(1<<63 - 1)
	of, err := readPieces(ctx, r.ledger.DB, r.ledger.Prefix.SQL(fmt.Sprintf(digestOf,
		"id", "{p}loyalty_entries LEFT JOIN {p}loyalty_entry_notes ON entry_id = id")), last)
	if err != nil {
		return nil, err
	}
	copied, err := readPieces(ctx, site, r.prefix.SQL(fmt.Sprintf(digestOf, "entry_id", "{p}loyalty_points_history")), everything)
	if err != nil {
		return nil, err
	}
	differ := map[int64]bool{}
	for n, sum := range of {
		differ[n] = copied[n] != sum
	}
	for n, sum := range copied {
		differ[n] = of[n] != sum
	}
	maps.DeleteFunc(differ, func(_ int64, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(differ)), nil
}

// mendHistory makes the site's copy of the history the ledger's own, and
// returns the last entry it then has. Each piece is a transaction of its own
// that also says that the figures have to be made anew, so that a crash leaves
// work to do and nothing wrong.
func (r *Reports) mendHistory(ctx context.Context) (int64, error) {
	last, err := lastEntry(ctx, r.ledger.DB, r.ledger.Prefix)
	if err != nil {
		return 0, err
	}
	differ, err := r.differingPieces(ctx, r.db, last)
	if err != nil {
		return 0, err
	}
	for _, n := range differ {
		err := database.Transact(ctx, r.db, func(tx *sqlx.Tx) error { return r.mendPiece(ctx, tx, n, last) })
		if err != nil {
			return 0, fmt.Errorf("copy entries %d to %d: %w", n*pieceSize, (n+1)*pieceSize-1, err)
		}
	}
	return last, nil
}

func (r *Reports) mendPiece(ctx context.Context, tx *sqlx.Tx, n, last int64) error {
	if err := r.forgetDay(ctx, tx); err != nil {
		return err
	}
	from, to := n*pieceSize, (n+1)*pieceSize-1
	_, err := tx.ExecContext(ctx, r.sql(`DELETE FROM {p}loyalty_points_history WHERE entry_id BETWEEN ? AND ?`), from, to)
	if err != nil {
		return fmt.Errorf("drop the copy: %w", err)
	}
	reader := sqlx.QueryerContext(r.ledger.DB)
	if r.ledger.DB == r.db {
		reader = tx
	}
	for after, end := from-1, min(to, last); after < end; {
		entries, err := r.readLedger(ctx, reader, after, end, copyBatch)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return nil
		}
		if err := r.insertHistory(ctx, tx, entries); err != nil {
			return err
		}
		after = entries[len(entries)-1].ID
	}
	return nil
}

// CopyNotes brings the copies of the notes on a customer's entries up to date,
// after notes were erased in the ledger. Without copies there is nothing to do.
func (r *Reports) CopyNotes(ctx context.Context, user int64) error {
	if !r.copied {
		return nil
	}
	var ids []int64
	err := r.db.SelectContext(ctx, &ids, r.sql(`
		SELECT entry_id FROM {p}loyalty_points_history WHERE user_id = ? AND note IS NOT NULL`), user)
	if err != nil {
		return fmt.Errorf("read the copied notes of user %d: %w", user, err)
	}
	for _, id := range ids {
		entries, err := r.readLedger(ctx, r.ledger.DB, id-1, id, 1)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			continue
		}
		_, err = r.db.ExecContext(ctx, r.sql(`UPDATE {p}loyalty_points_history SET note = ? WHERE entry_id = ?`), entries[0].Note, id)
		if err != nil {
			return fmt.Errorf("copy the note of entry %d: %w", id, err)
		}
	}
	return nil
}
