package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// Verified says how far the ledger agrees with the store.
type Verified struct {
	Facts    int64    `json:"facts"`   // orders, comments, users and redemptions proven
	Waiting  int64    `json:"waiting"` // changed in the store since the last sync, or withheld by the brake
	Findings []string `json:"findings"`
}

// maxFindings bounds what is named; the first is what matters.
const maxFindings = 20

// errLooked ends a transaction that was only for looking.
var errLooked = errors.New("only looked")

// Verify proves that for every fact of a live account the sum of its entries
// is its worth under its program version, and that no entry lacks its cause.
// It posts nothing. What changed since the last sync is counted as waiting.
func (e *Engine) Verify(ctx context.Context) (*Verified, error) {
	r, end, err := e.begin(ctx, Full)
	if err != nil {
		return nil, err
	}
	defer end()
	ctx = r.lease.Context(ctx)
	if r.state, err = r.loadState(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(r.readSite(), r.noteGiveBack()); err != nil {
		return nil, err
	}
	r.unsettled = r.state.Brake != nil || r.state.Changing || r.state.Site != r.site
	if !r.state.Done {
		return nil, errors.New("the first sync has not come to its end: run loyaltyd sync, then verify")
	}
	if r.versions, err = r.ledger.Versions(ctx); err != nil {
		return nil, err
	}
	if err := r.compileVersions(ctx); err != nil {
		return nil, err
	}
	v := &Verified{}
	for _, k := range kinds() {
		if err := k.verify(r, ctx, v); err != nil {
			return v, err
		}
		if err := r.verifyOrphans(ctx, v, k); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (v *Verified) find(format string, args ...any) {
	if len(v.Findings) < maxFindings {
		v.Findings = append(v.Findings, fmt.Sprintf(format, args...))
	}
}

// only runs work in a posting transaction that is always rolled back.
func (r *run) only(ctx context.Context, work func(*ledger.Tx) error) error {
	err := r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
		if err := work(tx); err != nil {
			return err
		}
		return errLooked
	})
	if errors.Is(err, errLooked) {
		return nil
	}
	return err
}

func (r *run) verifyOrders(ctx context.Context, v *Verified) error {
	of, err := r.lastOrder(ctx)
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		batch, through, err := r.pageOfOrders(ctx, after)
		if err != nil {
			return err
		}
		if err := r.verifyBatch(ctx, v, batch); err != nil {
			return err
		}
		if through == lastID {
			r.report("orders", of, of)
			return nil
		}
		after = through
		r.report("orders", after, of)
	}
}

func (r *run) verifyBatch(ctx context.Context, v *Verified, batch orderBatch) error {
	return r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err := sn.Orders(ctx, r.settings.Storage, batch.ids(), false)
		if err != nil {
			return err
		}
		r.density.note(records)
		var found Verified
		err = r.only(ctx, func(tx *ledger.Tx) error {
			found = Verified{}
			p, err := r.planOrders(ctx, sn, tx, batch, orderPage{records: records})
			if err != nil {
				return err
			}
			noted, err := r.noted(ctx, tx, kindOrder, batch.ids())
			if err != nil {
				return err
			}
			for _, c := range p.cases {
				found.Facts++
				switch {
				case c.failed != nil:
					found.find("%s", c.failed)
				case c.wrong.fits():
				case r.unsettled || p.changed(c) || noted[c.id] || r.usersChanged.have(c):
					found.Waiting++
				default:
					found.find("order %d: %s", c.id, c.wrong)
				}
			}
			return nil
		})
		v.add(found)
		return err
	})
}

func (v *Verified) add(found Verified) {
	v.Facts += found.Facts
	v.Waiting += found.Waiting
	for _, finding := range found.Findings {
		v.find("%s", finding)
	}
}

// changed reports whether the order is not as it was last seen.
func (p *orderPlan) changed(c *orderCase) bool {
	if c.record == nil || c.seen == nil {
		return (c.record == nil) != (c.seen == nil)
	}
	for _, row := range c.record.Rows {
		if rowChanged(row, p.seen[row.ID]) {
			return true
		}
	}
	return slices.ContainsFunc(p.batch.gone, func(row goneRow) bool { return row.order == c.id })
}

// noted returns which of the facts are listed to be looked at again.
func (r *run) noted(ctx context.Context, tx *ledger.Tx, kind string, ids []int64) (map[int64]bool, error) {
	rows, err := selectIn[int64](ctx, tx, r.sql(`SELECT id FROM {p}loyalty_todo WHERE kind = '`+kind+`' AND id IN (?)`), ids)
	if err != nil {
		return nil, fmt.Errorf("read what is to be looked at again: %w", err)
	}
	noted := make(map[int64]bool, len(rows))
	for _, id := range rows {
		noted[id] = true
	}
	return noted, nil
}

func (r *run) verifyComments(ctx context.Context, v *Verified) error {
	for after := int64(0); ; {
		comments, through, err := r.pageOfComments(ctx, after)
		if err != nil {
			return err
		}
		if err := r.verifySomeComments(ctx, v, comments); err != nil {
			return err
		}
		if through == lastID {
			return nil
		}
		after = through
	}
}

func (r *run) verifySomeComments(ctx context.Context, v *Verified, comments []found) error {
	ids := foundIDs(comments)
	return r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err := sn.CommentsByID(ctx, ids)
		if err != nil {
			return err
		}
		var result Verified
		err = r.only(ctx, func(tx *ledger.Tx) error {
			result = Verified{}
			p, err := r.planComments(ctx, sn, tx, comments, records)
			if err != nil {
				return err
			}
			all, err := r.seenComments(ctx, tx, p.ids())
			if err != nil {
				return err
			}
			noted, err := r.noted(ctx, tx, kindComment, p.ids())
			if err != nil {
				return err
			}
			winners := p.winners()
			moving := map[store.UserPost]bool{} // pairs with a change that waits
			for id, c := range p.cases {
				if seen := all[id]; (seen == nil) == c.exists || seen != nil && seen.Digest != c.digest || noted[id] {
					moving[store.UserPost{User: c.comment.User, Post: c.comment.Post}] = true
					if seen != nil {
						moving[store.UserPost{User: seen.User, Post: seen.Post}] = true
					}
				}
			}
			for _, f := range comments {
				c := p.cases[f.id]
				p.postings(c, winners[f.id])
				result.Facts++
				if c.failed != nil {
					result.find("%s", c.failed)
				}
				if c.wrong.fits() {
					continue
				}
				if r.unsettled || r.usersChanged.ids[c.comment.User] || moving[store.UserPost{User: c.comment.User, Post: c.comment.Post}] {
					result.Waiting++
				} else {
					result.find("comment %d: %s", f.id, c.wrong)
				}
			}
			return nil
		})
		v.add(result)
		return err
	})
}

// verifyOrphans looks at entries for facts that neither the store nor sync
// knows: what was posted for them must have been taken back.
func (r *run) verifyOrphans(ctx context.Context, v *Verified, k kind) error {
	if k.verifyOrphans == nil {
		return nil
	}
	for _, source := range k.sources {
		for after, more := int64(0), true; more; {
			ids, err := r.orphans(ctx, k.observed, source, after)
			if err != nil {
				return err
			}
			if err := k.verifyOrphans(r, ctx, v, ids); err != nil {
				return err
			}
			if more = len(ids) == pageOrders; more {
				after = ids[len(ids)-1]
			}
		}
	}
	return nil
}

func (r *run) verifyOrphanOrders(ctx context.Context, v *Verified, ids []int64) error {
	return r.verifyBatch(ctx, v, orderBatch{orders: foundOf(ids)})
}

func (r *run) verifyOrphanComments(ctx context.Context, v *Verified, ids []int64) error {
	return r.verifySomeComments(ctx, v, foundOf(ids))
}

func (r *run) orphans(ctx context.Context, table string, source ledger.Source, after int64) ([]int64, error) {
	var ids []int64
	err := r.ledger.DB().SelectContext(ctx, &ids, r.sql(`
		SELECT DISTINCT e.object_id FROM {p}loyalty_entries e
		LEFT JOIN {p}loyalty_`+table+` s ON s.id = e.object_id
		WHERE e.source = ? AND e.object_id > ? AND s.id IS NULL ORDER BY e.object_id LIMIT ?`), source, after, pageOrders)
	if err != nil {
		return nil, fmt.Errorf("look for entries without a cause: %w", err)
	}
	return ids, nil
}
