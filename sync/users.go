package sync

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/ledger"
	"loyaltyd/sync/program"
	"loyaltyd/sync/store"
)

// emailKey returns a number by which users and guest orders with the same
// e-mail, in the sense of strings.EqualFold, are found; 0 for no e-mail.
func emailKey(email string) uint64 {
	if email == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(program.FoldEmail(email)))
	return max(1, binary.BigEndian.Uint64(sum[:]))
}

// userStates says of the users that a batch meets who exists and who is
// excluded.
type userStates struct {
	exclusion program.Exclusion
	found     map[int64]*program.User // with nothing but what the run's rules ask for
	asked     []int64
	matches   map[uint64][]int64 // e-mail key → users, lowest id first
}

func (s *userStates) customer(id int64) (exists, excluded bool) {
	user, ok := s.found[id]
	return ok, ok && s.exclusion.Excludes(user)
}

// byEmail returns the lowest user whose e-mail folds to the text given.
func (s *userStates) byEmail(folded string) (id int64, excluded, ok bool) {
	if folded == "" {
		return 0, false, false
	}
	for _, id := range s.matches[emailKey(folded)] {
		// What was seen may be older than the snapshot.
		if user, exists := s.found[id]; exists && strings.EqualFold(program.FoldEmail(user.Email), folded) {
			return id, s.exclusion.Excludes(user), true
		}
	}
	return 0, false, false
}

// userStates reads the users with these ids and those with these e-mails.
func (r *run) userStates(ctx context.Context, sn *store.Snapshot, tx *ledger.Tx, ids []int64, emails []string) (*userStates, error) {
	states := &userStates{exclusion: r.exclusion, found: map[int64]*program.User{}, matches: map[uint64][]int64{}}
	if r.anyMatch {
		matched, err := r.matchEmails(ctx, tx, states, emails)
		if err != nil {
			return nil, err
		}
		ids = append(slices.Clone(ids), matched...)
	}
	slices.Sort(ids)
	states.asked = slices.Compact(ids)
	if !r.anyMatch && len(r.exclusion.Roles) == 0 {
		there, err := r.usersThere(ctx, sn, states.asked)
		for _, id := range there {
			states.found[id] = &program.User{ID: id}
		}
		return states, err
	}
	records, err := sn.UsersByID(ctx, states.asked)
	if err != nil {
		return nil, err
	}
	for i := range records {
		states.found[records[i].User.ID] = &records[i].User
	}
	return states, nil
}

// usersThere returns those of the users that exist. To a first run it is
// enough that it met them: one deleted since is like one deleted after the
// snapshot, a sweep misses him.
func (r *run) usersThere(ctx context.Context, sn *store.Snapshot, ids []int64) ([]int64, error) {
	if !r.first {
		return sn.UsersThere(ctx, ids)
	}
	var met, unknown []int64
	for _, id := range ids {
		if r.usersMet.has(id) {
			met = append(met, id)
		} else {
			unknown = append(unknown, id)
		}
	}
	there, err := sn.UsersThere(ctx, unknown)
	for _, id := range there {
		r.usersMet.add(id)
	}
	return append(met, there...), err
}

func (r *run) matchEmails(ctx context.Context, tx *ledger.Tx, states *userStates, emails []string) ([]int64, error) {
	var keys []any
	for _, email := range emails {
		if email == "" {
			continue
		}
		if key := emailKey(email); states.matches[key] == nil {
			states.matches[key] = []int64{}
			keys = append(keys, key)
		}
	}
	var ids []int64
	for chunk := range slices.Chunk(keys, maxRows) {
		var rows []struct {
			ID  int64  `db:"id"`
			Key uint64 `db:"email_key"`
		}
		err := tx.SelectContext(ctx, &rows, r.sql(`
			SELECT id, email_key FROM {p}loyalty_seen_users
			WHERE gone = 0 AND email_key IN (`)+strings.Repeat("?,", len(chunk)-1)+`?) ORDER BY id`, chunk...)
		if err != nil {
			return nil, fmt.Errorf("look for users by e-mail: %w", err)
		}
		for _, row := range rows {
			states.matches[row.Key] = append(states.matches[row.Key], row.ID)
			ids = append(ids, row.ID)
		}
	}
	return ids, nil
}

// liveAccounts returns which users may be posted to, and marks accounts of
// users that are gone or excluded as frozen, others as live.
func (r *run) liveAccounts(ctx context.Context, tx *ledger.Tx, states *userStates) (map[int64]bool, error) {
	frozen, err := tx.Frozen(ctx, states.asked)
	if err != nil {
		return nil, err
	}
	live := make(map[int64]bool, len(states.asked))
	var others []int64
	for _, id := range states.asked {
		exists, excluded := states.customer(id)
		live[id] = exists && !excluded
		if frozen[id] == live[id] {
			if err := tx.Freeze(ctx, id, !live[id]); err != nil {
				return nil, err
			}
		}
		if !live[id] {
			others = append(others, id)
		}
	}
	// One who is customer again before users are compared would look unchanged,
	// and nobody would make up for what became of his facts meanwhile.
	err = execIn(ctx, tx, r.sql(`UPDATE {p}loyalty_seen_users SET frozen = 1, digest = 0 WHERE frozen = 0 AND id IN (?)`), others)
	if err != nil {
		return nil, fmt.Errorf("note users who are no customers: %w", err)
	}
	return live, nil
}

// lookAtUsers brings sign-up bonuses and frozen marks up to date for users,
// and notes the facts to look at again when an account is live again or an
// e-mail has changed.
func (r *run) lookAtUsers(ctx context.Context, ids []int64, done func(context.Context, *ledger.Tx) error) error {
	if len(ids) == 0 && done == nil {
		return nil
	}
	err := r.snapshot(ctx, func(sn *store.Snapshot) error {
		records, err := sn.UsersByID(ctx, ids)
		if err != nil {
			return err
		}
		return r.lookAtUserRecords(ctx, ids, records, done)
	})
	if err != nil {
		return fmt.Errorf("users %s: %w", idRange(ids), err)
	}
	return nil
}

func (r *run) lookAtFoundUsers(ctx context.Context, users []found) error {
	return r.lookAtUsers(ctx, foundIDs(users), nil)
}

// lookAtUserRecords brings the ledger up to date with users as read; those
// without a record are gone.
func (r *run) lookAtUserRecords(ctx context.Context, ids []int64, records []store.UserRecord, done func(context.Context, *ledger.Tx) error) error {
	var result batchResult
	err := r.update(ctx, func(tx *ledger.Tx) error {
		result = batchResult{kind: kindUser}
		if err := r.applyUsers(ctx, tx, ids, records, &result); err != nil {
			return err
		}
		if done != nil {
			return done(ctx, tx)
		}
		return nil
	})
	if err == nil {
		r.count(result)
	}
	return err
}

func (r *run) applyUsers(ctx context.Context, tx *ledger.Tx, ids []int64, records []store.UserRecord, result *batchResult) error {
	var seen map[int64]*seenUser
	var posted map[int64]ledger.Posted
	var err error
	if r.untouched.come(&r.untouched.users, ids) {
		tx.NothingPosted([]ledger.Source{ledger.Signup}, ids)
	} else {
		if seen, err = r.seenUsers(ctx, tx, ids); err != nil {
			return err
		}
		if posted, err = tx.Posted(ctx, ledger.Signup, ids); err != nil {
			return err
		}
	}
	states := &userStates{exclusion: r.exclusion, found: map[int64]*program.User{}, asked: ids}
	digests := map[int64]uint64{}
	for i := range records {
		states.found[records[i].User.ID] = &records[i].User
		digests[records[i].User.ID] = records[i].Sum
		if r.first {
			r.usersMet.add(records[i].User.ID)
		}
	}
	live, err := r.liveAccounts(ctx, tx, states)
	if err != nil {
		return err
	}
	var rows []seenUser
	var stakes []stake
	postings := map[int64][]ledger.Posting{}
	for _, id := range ids {
		user, before := states.found[id], seen[id]
		row := seenUser{ID: id, Frozen: !live[id], Gone: user == nil, Digest: digests[id]}
		if user != nil {
			row.EmailKey = emailKey(user.Email)
		}
		if user == nil && before == nil {
			continue
		}
		if live[id] {
			w, err := r.signupOf(tx, user, posted[id])
			if err != nil {
				result.failures = append(result.failures, err.Error())
				continue
			}
			postings[id] = w.postings()
			s := stake{id: id, users: []int64{id}}
			if taken := w.taken(); taken > 0 {
				s.taken = []deduction{{source: ledger.Signup, object: id, user: id, points: taken}}
			}
			stakes = append(stakes, s)
		}
		rows = append(rows, row)
	}
	r.brake.withhold(stakes, result)

	var all []ledger.Posting
	var keep []seenUser
	for _, row := range rows {
		if result.isWithheld(row.ID) {
			result.withheldFacts = append(result.withheldFacts, found{id: row.ID})
			continue
		}
		result.looked++
		keep = append(keep, row)
		all = append(all, postings[row.ID]...)
		if err := r.noteConsequences(ctx, tx, seen[row.ID], row); err != nil {
			return err
		}
	}
	entries, err := tx.Post(ctx, all)
	if err != nil {
		return err
	}
	result.countEntries(entries)
	return r.saveSeenUsers(ctx, tx, keep)
}

func (r *run) signupOf(tx *ledger.Tx, user *program.User, posted ledger.Posted) (worthOf, error) {
	w := worthOf{
		user: user.ID, source: ledger.Signup, object: user.ID, earnsAt: user.Registered, factAt: user.Registered,
		now: tx.Now, posted: posted.Of(user.ID), known: len(posted.Accounts) > 0, changedAt: tx.Now, cause: causeRecalculated,
	}
	if w.earnsAt.IsZero() {
		w.earnsAt, w.factAt = epoch, epoch
	}
	if posted.Program != 0 {
		w.program, w.factAt = posted.Program, posted.FactAt
	} else {
		w.program, w.cause = ledger.VersionAt(r.versions, w.earnsAt).ID, causeSignup
	}
	rules := r.programs[w.program]
	if rules == nil {
		return w, &MissingVersionError{Fact: fmt.Sprintf("the sign-up of user %d", user.ID), Version: w.program}
	}
	// Who has nothing to do with this site of a network did not sign up here.
	if w.known || !r.settings.SharedUsers || !user.Outsider {
		w.want = rules.Signup(user)
	}
	return w, nil
}

// noteConsequences lists the facts that a change of a user may concern: all of
// his when his account is live again, and the guest orders of an e-mail that
// came or went.
func (r *run) noteConsequences(ctx context.Context, tx *ledger.Tx, before *seenUser, now seenUser) error {
	appeared := before == nil && !r.first
	if !now.Frozen && (appeared || before != nil && before.Frozen) {
		if err := r.noteFactsOf(ctx, tx, now.ID); err != nil {
			return err
		}
	}
	if !r.anyMatch {
		return nil
	}
	var keys []any
	if now.EmailKey != 0 && !now.Gone && (before == nil || before.EmailKey != now.EmailKey || before.Frozen != now.Frozen) {
		keys = append(keys, now.EmailKey)
	}
	if before != nil && before.EmailKey != 0 && (before.EmailKey != now.EmailKey || now.Gone != before.Gone) {
		keys = append(keys, before.EmailKey)
	}
	for _, key := range keys {
		_, err := tx.ExecContext(ctx, r.sql(`
			INSERT INTO {p}loyalty_todo (kind, id, cause)
			SELECT ?, id, ? FROM {p}loyalty_seen_orders WHERE email_key = ? ON DUPLICATE KEY UPDATE cause = VALUES(cause)`),
			kindOrder, causeEmail, key)
		if err != nil {
			return fmt.Errorf("note the guest orders with the e-mail of user %d: %w", now.ID, err)
		}
		r.mayHaveTodos = true
	}
	return nil
}

// noteFactsOf lists all facts of a user whose account is live again.
func (r *run) noteFactsOf(ctx context.Context, tx *ledger.Tx, user int64) error {
	for _, k := range kinds() {
		if k.noteOf == nil {
			continue
		}
		if err := k.noteOf(r, ctx, tx, k, user); err != nil {
			return fmt.Errorf("note the facts of user %d: %w", user, err)
		}
	}
	r.mayHaveTodos = true
	return nil
}

// noteOwned lists the facts of a kind that count for a user, and those that he
// was paid for before, which the store may have lost or given to others since.
func (r *run) noteOwned(ctx context.Context, tx *ledger.Tx, k kind, user int64) error {
	query, args, err := sqlx.In(r.sql(`
		INSERT INTO {p}loyalty_todo (kind, id, cause)
		SELECT ?, id, ? FROM (
			SELECT id FROM {p}loyalty_`+k.observed+` WHERE user_id = ?
			UNION
			SELECT object_id FROM {p}loyalty_entries WHERE user_id = ? AND source IN (?)
		) AS facts ON DUPLICATE KEY UPDATE cause = VALUES(cause)`),
		k.name, causeLive, user, user, k.sources)
	if err == nil {
		_, err = tx.ExecContext(ctx, query, args...)
	}
	return err
}
