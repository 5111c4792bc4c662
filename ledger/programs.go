package ledger

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Version is a set of rules with the time from which facts are valued by it.
// The ledger keeps the text and does not read it.
type Version struct {
	ID    int64    `db:"id"`
	Hash  []byte   `db:"hash"`
	Rules string   `db:"rules"`
	From  NullTime `db:"effective_at"` // missing: from the beginning of time
}

// Versions returns all versions in the order in which they took effect.
func (l *Ledger) Versions(ctx context.Context) ([]Version, error) { return l.versions(ctx, l.db) }

func (l *Ledger) versions(ctx context.Context, q sqlx.QueryerContext) ([]Version, error) {
	var versions []Version
	err := sqlx.SelectContext(ctx, q, &versions, l.sql(`
		SELECT id, hash, rules, effective_at FROM {p}loyalty_programs ORDER BY id`))
	if err != nil {
		return nil, fmt.Errorf("read the program versions: %w", err)
	}
	return versions, nil
}

// UseRules makes rules the version in force from now on, by the database's
// clock; the first version is in force from the beginning of time. Rules that
// are in force already change nothing. with, which may be nil, adds to the new
// version in its transaction. It returns all versions.
func (l *Ledger) UseRules(ctx context.Context, lease *Lease, rules string, hash [32]byte, with func(tx *Tx, version int64) error) ([]Version, error) {
	inForce := func(versions []Version) bool {
		return len(versions) > 0 && bytes.Equal(versions[len(versions)-1].Hash, hash[:])
	}
	versions, err := l.Versions(ctx)
	if err != nil || inForce(versions) {
		return versions, err
	}
	err = l.Update(ctx, lease, func(tx *Tx) error {
		versions, err := l.versions(ctx, tx)
		if err != nil || inForce(versions) {
			return err
		}
		added, err := tx.ExecContext(ctx, l.sql(`INSERT INTO {p}loyalty_programs (hash, rules, effective_at) VALUES (?, ?, ?)`),
			hash[:], rules, NullTime{Time: tx.Now, Valid: len(versions) > 0})
		if err != nil {
			return fmt.Errorf("add a program version: %w", err)
		}
		if with == nil {
			return nil
		}
		version, err := added.LastInsertId()
		if err != nil {
			return fmt.Errorf("add a program version: %w", err)
		}
		return with(tx, version)
	})
	if err != nil {
		return nil, err
	}
	return l.Versions(ctx)
}

// VersionAt returns the version in force at an instant; versions must not be
// empty and be in order.
func VersionAt(versions []Version, at time.Time) Version {
	in := versions[0]
	for _, v := range versions[1:] {
		if v.From.Time.After(at) {
			break
		}
		in = v
	}
	return in
}
