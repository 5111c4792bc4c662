package wpbridge

import (
	"context"
	"database/sql"
	"errors"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
	"loyaltyd/sync"
)

// refusal returns the refusal that an error means.
func (s *Server) refusal(x *exchange, err error) *Error {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal
	}
	for _, known := range []struct {
		err           error
		code, message string
	}{
		{ledger.ErrKeyReused, codeIdemKeyReused, "This idempotency key was used for another request: use a new key."},
		{ledger.ErrInsufficient, codeInsufficient, "The balance does not cover that many points. Look at the balance again."},
		{ledger.ErrFrozen, codeFrozen, "The account is frozen, because its customer is excluded from the programme or was deleted. Only adjustments can be posted."},
		{ledger.ErrNoRedemption, codeNoRedemption, "There is no such redemption."},
		{ledger.ErrCancelled, codeCancelled, "The redemption was cancelled and its points were given back. Redeem again."},
		{ledger.ErrClosed, codeClosed, "The redemption is closed, because its coupon ended unused. Redeem again."},
		{ledger.ErrConfirmed, codeConfirmed, "The redemption has its coupon already. To give the points back, delete the coupon."},
		{ledger.ErrOtherCoupon, codeOtherCoupon, "The redemption has another coupon already."},
	} {
		if errors.Is(err, known.err) {
			return refuse(known.code, "%s", known.message).because(err)
		}
	}
	if braked, ok := errors.AsType[*sync.BrakeError](err); ok {
		return refuse(codeBraked, "Points are withheld from being taken back until a person accepts it: %s", braked.Error()).because(err)
	}
	if _, held := errors.AsType[*ledger.HeldError](err); held || errors.Is(err, ledger.ErrFenced) {
		return refuse(codeBusy, "Another run is posting. Try again in a moment.").because(err).after(retryAfterBusy)
	}
	if overflow, ok := errors.AsType[*ledger.OverflowError](err); ok {
		return refuse(codeBadRequest, "That is more than can be counted: %s.", overflow.What).because(err)
	}
	if errors.Is(err, sync.ErrNotSynced) {
		return refuse(codeBusy, "The first sync is not finished yet. Try again in a moment.").because(err).after(retryAfterDatabase)
	}
	switch {
	case x.Context().Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return refuse(codeTimeout, "The daemon did not get it done in time. It is safe to send the request again.").because(err)
	case databaseDown(err):
		return refuse(codeDatabaseDown, "The daemon cannot reach its database. Try again in a moment; if it lasts, run `loyaltyd doctor`.").because(err).after(retryAfterDatabase)
	case database.Retryable(err):
		return refuse(codeBusy, "The database is busy. Try again in a moment.").because(err).after(retryAfterBusy)
	}
	return refuse(codeInternal, "Something went wrong inside the daemon. Its log tells what, under the request's id.").because(err)
}

// databaseDown says whether an error is the kind that passes when the database
// is back.
func databaseDown(err error) bool {
	switch database.Code(err) {
	case 1040, // too many connections
		1044, 1045, // may not log in
		1047,       // not yet part of its cluster (Galera)
		1049,       // no such database
		1203,       // too many connections of this user
		1290, 1836: // read only, as in a failover
		return true
	}
	return database.ConnectionLost(err) || database.NoRoom(err) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, database.ErrBehind) || errors.Is(err, database.ErrNewer)
}
