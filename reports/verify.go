package reports

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Verify proves that the report tables show what the raw entries give, through
// the last entry that they contain, and that the figures of every period add
// up. It returns the first difference of each table, in words; none means that
// all is well. It reads one consistent snapshot and holds the entries of some
// thousand customers at a time. Refresh first, so that tables which are only
// out of date are not taken for wrong.
func (r *Reports) Verify(ctx context.Context, s Settings) ([]string, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	tx, err := r.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin to verify the reports: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	found, err := r.verify(ctx, tx, s)
	if err != nil {
		return nil, fmt.Errorf("verify the reports: %w", err)
	}
	return found, nil
}

func (r *Reports) verify(ctx context.Context, tx *sqlx.Tx, s Settings) ([]string, error) {
	was, err := r.readState(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	switch {
	case !was.Day.Valid:
		return []string{"the report tables were never completed"}, nil
	case was.Zone != s.Zone.String() || was.WeekStart != int(s.StartOfWeek):
		return []string{fmt.Sprintf("the report tables are of days in %s with weeks from day %d, the site has %s and %d", was.Zone, was.WeekStart, s.Zone, s.StartOfWeek)}, nil
	}
	var found findings
	if r.copied {
		if err := r.verifyHistory(ctx, tx, was.Through, &found); err != nil {
			return nil, err
		}
		if err := r.verifyRedemptions(ctx, tx, &found); err != nil {
			return nil, err
		}
	}
	p, err := r.newProof(ctx, tx, s, was, &found)
	if err != nil {
		return nil, err
	}
	if err := p.recount(ctx); err != nil {
		return nil, err
	}
	if err := p.verifyDaily(ctx); err != nil {
		return nil, err
	}
	p.verifyCustomers()
	if err := p.verifyTables(ctx); err != nil {
		return nil, err
	}
	return found.all, nil
}

// findings are the first difference of each table.
type findings struct {
	all  []string
	seen map[string]bool
}

func (f *findings) add(table, format string, args ...any) {
	if f.seen[table] {
		return
	}
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	f.seen[table] = true
	f.all = append(f.all, table+": "+fmt.Sprintf(format, args...))
}

// compare finds the first key, in the order given, under which two tables
// differ. show prints a row for people.
func compare[K comparable, V comparable](f *findings, table string, keys []K, stored, want map[K]V, show func(K, V) string) {
	for _, key := range keys {
		got, has := stored[key]
		should, needed := want[key]
		switch {
		case has && !needed:
			f.add(table, "%s, where the entries give nothing", show(key, got))
			return
		case !has && needed:
			f.add(table, "nothing, where the entries give %s", show(key, should))
			return
		case got != should:
			f.add(table, "%s, but the entries give %s", show(key, got), show(key, should))
			return
		}
	}
}

// verifyHistory compares the copied history with the ledger and names the
// first entry that differs.
func (r *Reports) verifyHistory(ctx context.Context, tx *sqlx.Tx, through int64, found *findings) error {
	differ, err := r.differingPieces(ctx, tx, through)
	if err != nil || len(differ) == 0 {
		return err
	}
	from, to := differ[0]*pieceSize, (differ[0]+1)*pieceSize-1
	of, err := r.readLedger(ctx, r.ledger.DB, from-1, min(to, through), pieceSize)
	if err != nil {
		return err
	}
	var copied []Entry
	err = tx.SelectContext(ctx, &copied, r.sql(`
		SELECT `+historyColumns+` FROM {p}loyalty_points_history WHERE entry_id BETWEEN ? AND ? ORDER BY entry_id`), from, to)
	if err != nil {
		return fmt.Errorf("read the copied history: %w", err)
	}
	var keys []int64
	index := func(entries []Entry) map[int64]Entry {
		byID := map[int64]Entry{}
		for _, e := range entries {
			keys = append(keys, e.ID)
			byID[e.ID] = e
		}
		return byID
	}
	stored, want := index(copied), index(of)
	compare(found, "points_history", unique(keys), stored, want, func(_ int64, e Entry) string {
		return fmt.Sprintf("entry %d (user %d, number %d, %s %s %d, %d points, pending %d, balance %d, note %q)",
			e.ID, e.User, e.Seq, e.Type, e.Source, e.Object, e.Points, e.Pending, e.Balance, e.Note.String)
	})
	if len(found.all) == 0 {
		found.add("points_history", "entries %d to %d have other digests than the ledger's", from, to)
	}
	return nil
}
