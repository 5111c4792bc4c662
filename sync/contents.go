package sync

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// contents is a pass over the lines and fees of all orders, in slices along
// the key of their meta. What the slices give is combined until the pass comes
// to its end; only then it is compared with what was seen.
//
// A row that changes after its slice was read makes its order look different,
// or is found by the next pass: a difference that is there when a pass begins
// and when it ends is in the rows that it read.
type contents struct {
	Storage store.Storage
	Digests int
	At      int64            // rows of meta below this id were read
	Sums    map[int64]uint64 // by bucket of orders
	Moved   time.Time        // when it last got on, by the database's clock
}

const (
	contentBucket = 4 * bucketSize // ids of orders
	contentSlice  = 50_000         // ids of meta rows that a statement reads

	// Slices of a pass that takes its time: so many ids at least, and as many
	// as bring it to its end in that time.
	contentLeast = 4 * contentSlice
	contentTime  = 24 * time.Hour
)

// sweepContents finds lines and fees that were edited without a trace. In
// slices, it takes the next one of a pass that takes a day.
func (r *run) sweepContents(ctx context.Context) error {
	pass := &contents{}
	if r.slices {
		if err := r.loadContents(ctx, pass); err != nil {
			return err
		}
	}
	if pass.Sums == nil || pass.Storage != r.settings.Storage || pass.Digests != store.DigestVersion {
		pass = &contents{Storage: r.settings.Storage, Digests: store.DigestVersion, Sums: map[int64]uint64{}, Moved: r.clock}
	}
	var last int64
	err := r.once(func(sn *store.Snapshot) (err error) {
		last, err = sn.MaxContent(ctx)
		return err
	})
	if err != nil {
		return err
	}
	through := last
	if slice := sliceOf(last, r.clock.Sub(pass.Moved)); r.slices && slice < last-pass.At {
		through = pass.At + slice
	}
	if err := r.readContents(ctx, pass, through, last); err != nil {
		return err
	}
	if pass.At > last {
		if err := r.compareContents(ctx, pass.Sums); err != nil {
			return err
		}
		pass = &contents{}
	}
	pass.Moved = r.clock
	return r.keepContents(ctx, pass)
}

// sliceOf returns how many of the ids up to last a slice covers when the one
// before it was so long ago.
func sliceOf(last int64, since time.Duration) int64 {
	if since >= contentTime {
		return last
	}
	return max(contentLeast, last/int64(contentTime/time.Second)*int64(since/time.Second+1))
}

// readContents adds the rows up to an id to the pass.
func (r *run) readContents(ctx context.Context, pass *contents, through, last int64) error {
	for pass.At <= through {
		to := lastID
		if pass.At < lastID-contentSlice {
			to = pass.At + contentSlice
		}
		slice := map[int64]uint64{}
		err := r.paced(ctx, func() error {
			return r.once(func(sn *store.Snapshot) error {
				clear(slice)
				return sn.Contents(ctx, r.settings.Storage, pass.At, to, contentBucket, slice)
			})
		})
		if err != nil {
			return err
		}
		for n, sum := range slice {
			pass.Sums[n] ^= sum
		}
		pass.At = to
		r.report("lines", min(to, last), last)
		if len(slice) == 0 && to <= last { // perhaps a gap: ids are given out at will
			err := r.once(func(sn *store.Snapshot) error {
				next, err := sn.NextContent(ctx, to)
				pass.At = max(next, to)
				return err
			})
			if err != nil {
				return err
			}
		}
		if to == lastID {
			return nil
		}
	}
	return nil
}

// compareContents looks into the buckets whose sums are not those of what was
// seen.
func (r *run) compareContents(ctx context.Context, sums map[int64]uint64) error {
	var seen []bucket
	err := r.ledger.DB().SelectContext(ctx, &seen, r.sql(`
		SELECT id DIV ? AS n, BIT_XOR(body) AS sum FROM {p}loyalty_seen_orders WHERE body <> 0 GROUP BY n`), contentBucket)
	if err != nil {
		return fmt.Errorf("sum up what was seen of lines: %w", err)
	}
	differ := maps.Clone(sums)
	for _, b := range seen {
		differ[b.N] ^= b.Sum
	}
	for _, n := range slices.Sorted(maps.Keys(differ)) {
		if differ[n] == 0 {
			continue
		}
		for part := n * contentBucket / bucketSize; part < (n+1)*contentBucket/bucketSize; part++ {
			if err := r.paced(ctx, func() error { return r.lookInto(ctx, part*bucketSize, endOfBucket(part)) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) loadContents(ctx context.Context, pass *contents) error {
	var text string
	err := r.ledger.DB().GetContext(ctx, &text, r.sql(`SELECT value FROM {p}loyalty_checkpoints WHERE name = 'contents'`))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read how far the lines were compared: %w", err)
	}
	if err := json.Unmarshal([]byte(text), pass); err != nil {
		return fmt.Errorf("how far the lines were compared is not readable: %w", err)
	}
	return nil
}

func (r *run) keepContents(ctx context.Context, pass *contents) error {
	text, err := json.Marshal(pass)
	if err != nil {
		return fmt.Errorf("encode how far the lines were compared: %w", err)
	}
	return r.ledger.Update(ctx, r.lease, func(tx *ledger.Tx) error {
		_, err := tx.ExecContext(ctx, r.sql(`INSERT INTO {p}loyalty_checkpoints (name, value) VALUES ('contents', ?)
			ON DUPLICATE KEY UPDATE value = VALUES(value)`), string(text))
		if err != nil {
			return fmt.Errorf("save how far the lines were compared: %w", err)
		}
		return nil
	})
}
