// Package wpbridge is the daemon's end of the bridge to WordPress: a local
// HTTP endpoint with which the plugin asks for what only the daemon may do,
// and the tables and keys that both ends share.
//
// openapi.yaml describes the endpoint; every request and every answer is
// signed. The package knows nothing of the store's tables.
package wpbridge

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	"loyaltyd/sync/program"
)

// Options are what a Server needs of the process that it runs in. Every field
// is required.
type Options struct {
	Version string
	Log     *slog.Logger
	// Now is this machine's clock: it dates signatures and measures time.
	Now func() time.Time
}

// Site is a store with its books, as one configuration makes it. Its functions
// are called by many requests at a time, beside the daemon's jobs. Every
// function is required.
type Site struct {
	// Standing returns what a request about the points of a user goes by, as it is
	// at some moment of the call; user 0 is nobody.
	Standing func(ctx context.Context, user int64) (Standing, error)
	// Engine returns an engine for reading (Explain, Estimate) that goes by the
	// programme in force; no job runs on it.
	Engine func(context.Context) (*sync.Engine, error)
	// Reports knows the daemon's row and its states.
	Reports *reports.Reports
	// CheckProgram reads a programme, the content of `program` as JSON.
	CheckProgram func(document []byte) CheckedProgram
	// SyncNow asks for a run and returns it, in the form in which the state
	// "runs" has it, or nil when it was not done within 1.5 seconds; it goes on then.
	SyncNow func(context.Context, sync.Mode) (run json.RawMessage, err error)
	// Ready says whether the daemon does its work.
	Ready func(context.Context) Readiness
	// Leads says that this daemon works and does not stand by for another.
	Leads func() bool
	// Secret returns what requests with this key id are signed with, or an
	// error that wraps ErrUnknownKey.
	Secret func(ctx context.Context, keyID string) ([]byte, error)
	// Key returns the pairing's key as it is known; it reads no database.
	Key func() Pairing
	// Token, of at least 32 characters, opens /healthz, /readyz and /metrics
	// without a signature; "" opens nothing.
	Token string
	// Changed says that entries were posted or redemptions changed: the reports
	// are to be brought up to date soon. It returns at once.
	Changed func()
}

// Standing is a user of the site with his account, and what goes for all.
type Standing struct {
	Ledger  *ledger.Ledger // in the site's zone
	Terms   Terms
	Account ledger.Account
	Exists  bool // as a user of the site
	Frozen  bool // the account is, or will be when the ledger learns of it
}

// Terms are what points buy.
type Terms struct {
	PointsPerUnit apd.Decimal // points for one unit of Currency; 0: redeeming is off
	Min           int64       // fewest points of one redemption
	Max           int64       // most points of one redemption; 0: no limit
	Multiple      int64       // points of one redemption are a multiple of it; at least 1
	CouponDays    int         // days that a coupon is valid; 0: for ever
	Currency      string      // the store's, such as "EUR"
	Decimals      int         // of the store's prices
	Now           time.Time   // by the database's clock, in the site's zone
}

// CheckedProgram is a programme that was read. Problems is empty when it is
// well formed; only then the other fields count.
type CheckedProgram struct {
	Problems []ProgramProblem
	Document json.RawMessage // the whole programme with its defaults
	Rules    *program.Rules
}

// ProgramProblem is one thing that is wrong with a programme.
type ProgramProblem struct {
	Key     string `json:"key"` // within the programme, such as earn.purchase.min_order; may be empty
	Message string `json:"message"`
}

// String returns the key, if there is one, and what is wrong with it.
func (p ProgramProblem) String() string {
	if p.Key == "" {
		return p.Message
	}
	return p.Key + ": " + p.Message
}

// Readiness says whether the daemon does its work.
type Readiness struct {
	Reasons  []Reason      // why it does not; empty: it does
	LastSync time.Time     // UTC; zero: never, or not known
	Lag      time.Duration // since LastSync
}

// Reason is why a daemon does not do its work, with the way out.
type Reason struct {
	Code    string `json:"code"` // such as database_down, behind, stale, standby, key
	Message string `json:"message"`
}

// Pairing is the key that daemon and plugin share, without its secret.
type Pairing struct {
	ID          string // "": there is none yet
	Origin      string // option, constant or config
	RotateAsked bool   // the daemon's operator asked WordPress for another key
}

// ErrUnknownKey says that a request was signed with a key that is not the
// pairing's, or that there is none.
var ErrUnknownKey = errors.New("the key is not known here")
