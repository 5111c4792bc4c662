package ledger

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// EraseNotes erases the notes of a user's entries and the names of those who
// asked for them, and returns how many there were. The chain keeps a salted
// hash of each, whose salt goes too, so it stays provable. The requests that
// led to them can no longer be compared: one that is sent again afterwards is
// refused with ErrKeyReused.
func (l *Ledger) EraseNotes(ctx context.Context, user int64) (int64, error) {
	var erased int64
	err := database.Transact(ctx, l.db, func(tx *sqlx.Tx) error {
		result, err := tx.ExecContext(ctx, l.sql(`
			DELETE n FROM {p}loyalty_entry_notes n JOIN {p}loyalty_entries e ON e.id = n.entry_id WHERE e.user_id = ?`), user)
		if err != nil {
			return fmt.Errorf("erase the notes of account %d: %w", user, err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return fmt.Errorf("count the erased notes of account %d: %w", user, err)
		}
		erased = max(erased, n) // the answer to an earlier COMMIT may be lost
		// A request's hash covers its note, which could be guessed from it.
		_, err = tx.ExecContext(ctx, l.sql(`
			UPDATE {p}loyalty_requests q JOIN {p}loyalty_entries e ON e.object_id = q.id AND e.source = `+Quoted(Admin)+`
			SET q.body_hash = ? WHERE e.user_id = ?`), make([]byte, 32), user)
		if err != nil {
			return fmt.Errorf("forget the requests of account %d: %w", user, err)
		}
		return nil
	})
	return erased, err
}
