package sync

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/ledger"
	"loyaltyd/sync/store"
)

// deduction is an amount that a run would take back from an account.
type deduction struct {
	source ledger.Source
	object int64
	user   int64
	points int64
}

func (d deduction) digest() [8]byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%d|%d|%d", d.source, d.object, d.user, d.points))
	return [8]byte(sum[:8])
}

// notMoved returns what is taken of a fact under one source and not given to
// another account by the same transaction.
func notMoved(taken []deduction, given int64) []deduction {
	var rest []deduction
	for _, d := range taken {
		moved := min(d.points, given)
		given -= moved
		if d.points -= moved; d.points > 0 {
			rest = append(rest, d)
		}
	}
	return rest
}

// stake is a fact of a batch with the accounts it touches and what it takes.
type stake struct {
	id    int64
	users []int64
	taken []deduction
	saw   string // why it takes, as far as it shows; empty: it does not
}

// sawGone is a fact that the store no longer has.
const sawGone = "gone"

// brake keeps a run from taking points back until it is known how much it
// would take in all. First every fact that takes is withheld, and with it the
// facts of its batch that touch the same accounts; then, if the sum is
// allowed, those facts are looked at once more and posted.
type brake struct {
	off      bool // the first run has none
	allowing bool // what was withheld may now be posted, if it is still the same

	points   int64
	entries  int64
	accounts map[int64]bool // up to enoughAccounts
	plan     [8]byte        // independent of the order in which deductions were met
	planned  map[[8]byte]bool
	bonuses  map[int64]bool // users whose first-order bonus the plan takes

	facts   map[string][]found  // that were withheld, by kind
	records []store.OrderRecord // of all the orders, as they were read; nil: they are to be read again
	gone    map[int64][]goneRow // by order
	saw     map[string]int64    // orders that take, by what shows of their reason
}

const enoughAccounts = 20

func newBrake() *brake {
	return &brake{
		accounts: map[int64]bool{}, saw: map[string]int64{}, planned: map[[8]byte]bool{}, bonuses: map[int64]bool{},
		facts: map[string][]found{}, gone: map[int64][]goneRow{},
	}
}

// withhold marks the facts of a batch that may not be posted now.
func (b *brake) withhold(stakes []stake, result *batchResult) {
	if b.off {
		return
	}
	group := newGroups()
	for _, s := range stakes {
		for _, user := range s.users[min(1, len(s.users)):] {
			group.join(s.users[0], user)
		}
	}
	blocked := map[int64]bool{}
	for _, s := range stakes {
		for _, d := range s.taken {
			if !b.allowing || !b.isPlanned(d) {
				blocked[group.of(d.user)] = true
			}
		}
	}
	if len(blocked) == 0 {
		return
	}
	for _, s := range stakes {
		if slices.ContainsFunc(s.users, func(user int64) bool { return blocked[group.of(user)] }) {
			result.withhold(s)
		}
	}
}

// isPlanned reports whether the plan takes this. When several orders of a
// customer go, page by page, his first-order bonus moves from each to the next
// before it is gone: that is one deduction of the plan.
func (b *brake) isPlanned(d deduction) bool {
	return b.planned[d.digest()] || d.source == ledger.FirstOrder && b.bonuses[d.user]
}

// add counts what a committed batch withheld.
func (b *brake) add(result *batchResult) {
	if b.allowing {
		return
	}
	for _, s := range result.withheld {
		told := s.saw == ""
		for _, d := range s.taken {
			digest := d.digest()
			if b.planned[digest] {
				continue // met twice in one run: as a fact changed and in the list
			}
			b.planned[digest] = true
			if !told {
				told = true
				b.saw[s.saw]++
			}
			if d.source == ledger.FirstOrder {
				b.bonuses[d.user] = true
			}
			b.points = atMost(b.points, d.points)
			b.entries++
			if len(b.accounts) <= enoughAccounts {
				b.accounts[d.user] = true
			}
			for i := range b.plan {
				b.plan[i] ^= digest[i]
			}
		}
	}
	b.facts[result.kind] = append(b.facts[result.kind], result.withheldFacts...)
	for _, row := range result.withheldGone {
		b.gone[row.order] = append(b.gone[row.order], row)
	}
}

// keepRecords keeps what was read of the orders that a batch withheld, as long
// as there are few and the run is short: else they are read again.
func (r *run) keepRecords(result *batchResult) {
	b := r.brake
	if r.mode != Increment || len(b.facts[kindOrder]) > pageOrders {
		b.records = nil
	} else if !b.allowing {
		b.records = append(b.records, result.withheldRecords...)
	}
}

func (b *brake) empty() bool { return b.entries == 0 }

// planName is what `sync --accept` takes.
func (b *brake) planName() string { return hex.EncodeToString(b.plan[:]) }

// BrakeLimits say how much a run may take back without being asked.
type BrakeLimits struct {
	Percent apd.Decimal // of the outstanding points
	Entries int64
}

// BrakeError says that a run would take back more than the brake allows.
// Nothing was taken back; what was to be added was added.
type BrakeError struct {
	Plan        string `json:"plan"`        // for `sync --accept`
	Points      int64  `json:"points"`      // to take back
	Entries     int64  `json:"entries"`     // deductions
	Accounts    int64  `json:"accounts"`    // at least, see More
	More        bool   `json:"more"`        // than Accounts
	Recent      int64  `json:"recent"`      // points taken back in the last 24 hours
	Outstanding int64  `json:"outstanding"` // points
	Reason      string `json:"reason"`      // what the run saw
}

// Error says what would be taken back, what the run saw, and how to accept it.
func (e *BrakeError) Error() string {
	accounts := strconv.FormatInt(e.Accounts, 10) + " accounts"
	switch {
	case e.More:
		accounts = "more than " + accounts
	case e.Accounts == 1:
		accounts = "1 account"
	}
	reason := e.Reason
	if reason != "" {
		reason += " "
	}
	return fmt.Sprintf("the brake holds: this run would take back %d points in %d places from %s (%d points in the last 24 hours, %d outstanding). %sNothing was taken back; points were still added. If it is right, post exactly this with: loyaltyd sync --accept %s",
		e.Points, e.Entries, accounts, e.Recent, e.Outstanding, reason, e.Plan)
}

// tooMuch returns the error when the deductions exceed the limits.
func (b *brake) tooMuch(limits BrakeLimits, recent taken, outstanding int64) *BrakeError {
	points, entries := atMost(b.points, recent.Points), b.entries+recent.Entries
	part := new(big.Rat).SetInt64(points)
	part.Mul(part, big.NewRat(100, 1))
	limit, ok := new(big.Rat).SetString(limits.Percent.Text('f'))
	if !ok {
		limit = new(big.Rat)
	}
	limit.Mul(limit, new(big.Rat).SetInt64(max(outstanding, 0)))
	if part.Cmp(limit) <= 0 || entries <= limits.Entries && len(b.accounts) <= enoughAccounts {
		return nil
	}
	return &BrakeError{
		Plan: b.planName(), Points: b.points, Entries: b.entries,
		Accounts: int64(min(len(b.accounts), enoughAccounts)), More: len(b.accounts) > enoughAccounts,
		Recent: recent.Points, Outstanding: outstanding,
	}
}

// atMost adds two amounts that are not negative; what does not fit is the most
// that does.
func atMost(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// taken counts deductions that sync posted without being asked.
type taken struct {
	Since   time.Time // from then on for takenSpan
	Points  int64
	Entries int64
}

// takenSpan bounds how many of them are kept.
const takenSpan = 10 * time.Minute

// recentlyTaken adds up the last 24 hours and drops what is older.
func recentlyTaken(spans []taken, now time.Time) ([]taken, taken) {
	kept := slices.DeleteFunc(slices.Clone(spans), func(t taken) bool { return !t.Since.Add(takenSpan).After(now.Add(-24 * time.Hour)) })
	var sum taken
	for _, t := range kept {
		sum.Points = atMost(sum.Points, t.Points)
		sum.Entries += t.Entries
	}
	return kept, sum
}

func addTaken(spans []taken, now time.Time, points, entries int64) []taken {
	since := now.Truncate(takenSpan)
	if n := len(spans); n > 0 && spans[n-1].Since.Equal(since) {
		spans[n-1].Points = atMost(spans[n-1].Points, points)
		spans[n-1].Entries += entries
		return spans
	}
	return append(spans, taken{Since: since, Points: points, Entries: entries})
}

// groups joins accounts that one fact touches.
type groups struct{ leader map[int64]int64 }

func newGroups() groups { return groups{leader: map[int64]int64{}} }

func (g groups) of(user int64) int64 {
	for {
		next, ok := g.leader[user]
		if !ok || next == user {
			return user
		}
		user = next
	}
}

func (g groups) join(a, b int64) {
	a, b = g.of(a), g.of(b)
	if cmp.Less(b, a) {
		a, b = b, a
	}
	if a != b {
		g.leader[b] = a
	}
}

func (p *orderPlan) withhold(result *batchResult) {
	stakes := make([]stake, 0, len(p.cases))
	for _, c := range p.cases {
		s := stake{id: c.id, users: c.accounts(), taken: c.taken, saw: c.saw()}
		if c.owner != 0 {
			s.users = append(s.users, c.owner)
		}
		stakes = append(stakes, s)
	}
	p.run.brake.withhold(stakes, result)
	for _, f := range p.batch.orders {
		if result.isWithheld(f.id) {
			result.withheldFacts = append(result.withheldFacts, f)
			if record := p.byID[f.id].record; record != nil {
				result.withheldRecords = append(result.withheldRecords, *record)
			}
		}
	}
	for _, row := range p.batch.gone {
		if result.isWithheld(row.order) {
			result.withheldGone = append(result.withheldGone, row)
		}
	}
}

// saw says why an order is worth less, as far as it shows: it is gone, or its
// status is one of those that stop all earning.
func (c *orderCase) saw() string {
	switch {
	case c.outside:
		return ""
	case c.record == nil:
		return sawGone
	case c.worth.Of(ledger.Purchase) == 0 && slices.Contains(endings, c.record.Order.Status):
		return c.record.Order.Status
	}
	return ""
}

// endings are WooCommerce's own statuses in which an order earns nothing.
var endings = []string{"cancelled", "refunded", "failed", "trash", "pending"}

func (r *run) releaseWithheld(ctx context.Context) error {
	r.brake.allowing = true
	for _, k := range kinds() {
		for chunk := range slices.Chunk(r.brake.facts[k.name], pageOrders) {
			if err := k.release(r, ctx, chunk); err != nil {
				return err
			}
		}
	}
	return nil
}

// releaseOrders looks at orders that were withheld, as they were read
// then if that was kept.
func (r *run) releaseOrders(ctx context.Context, orders []found) error {
	batch := orderBatch{orders: orders}
	for _, f := range orders {
		batch.gone = append(batch.gone, r.brake.gone[f.id]...)
	}
	if r.brake.records != nil {
		err := r.snapshot(ctx, func(sn *store.Snapshot) error {
			return r.lookAtRecords(ctx, sn, batch, orderPage{records: r.brake.records})
		})
		if err == nil || !overflows(err) {
			return err
		}
	}
	return r.lookAtOrders(ctx, batch)
}
