package wpbridge

import (
	"fmt"
	"net/http"
	"time"
)

// Error is a refusal as the plugin reads it.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"` // a sentence for people, with the way out
	Request string `json:"request"` // the request's id, as in the log

	retryAfter time.Duration
	cause      error // for the log
}

// Error returns the refusal's code and its message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap returns what the refusal comes from, which may be nil.
func (e *Error) Unwrap() error { return e.cause }

// The codes of refusals.
const (
	codeUnsigned      = "unsigned"
	codeBadSignature  = "bad_signature"
	codeStale         = "stale_request"
	codeReplayed      = "replayed"
	codeUnknownKey    = "unknown_key"
	codeBadHost       = "bad_host"
	codeNotFound      = "not_found"
	codeMethod        = "method_not_allowed"
	codeBadRequest    = "bad_request"
	codeTooLarge      = "too_large"
	codeNoIdemKey     = "idempotency_key_missing"
	codeIdemKeyReused = "idempotency_key_reused"
	codeNoCustomer    = "no_such_customer"
	codeFrozen        = "account_frozen"
	codeInsufficient  = "insufficient_points"
	codeBelowMinimum  = "below_minimum"
	codeAboveMaximum  = "above_maximum"
	codeNotAMultiple  = "not_a_multiple"
	codeRedeemingOff  = "redeeming_off"
	codeWorthNothing  = "worth_nothing"
	codeNoRedemption  = "no_such_redemption"
	codeCancelled     = "redemption_cancelled"
	codeClosed        = "redemption_closed"
	codeConfirmed     = "redemption_confirmed"
	codeOtherCoupon   = "other_coupon"
	codeBraked        = "braked"
	codeBusy          = "busy"
	codeDatabaseDown  = "database_down"
	codeTimeout       = "timeout"
	codeInternal      = "internal"
)

// When to try again.
const (
	retryAfterBusy     = time.Second
	retryAfterDatabase = 5 * time.Second
)

// statusOf says with which status a refusal is answered.
var statusOf = map[string]int{
	codeUnsigned:      http.StatusUnauthorized,
	codeBadSignature:  http.StatusUnauthorized,
	codeStale:         http.StatusUnauthorized,
	codeReplayed:      http.StatusUnauthorized,
	codeUnknownKey:    http.StatusUnauthorized,
	codeBadHost:       http.StatusNotFound,
	codeNotFound:      http.StatusNotFound,
	codeMethod:        http.StatusMethodNotAllowed,
	codeBadRequest:    http.StatusBadRequest,
	codeTooLarge:      http.StatusRequestEntityTooLarge,
	codeNoIdemKey:     http.StatusBadRequest,
	codeIdemKeyReused: http.StatusConflict,
	codeNoCustomer:    http.StatusNotFound,
	codeFrozen:        http.StatusConflict,
	codeInsufficient:  http.StatusConflict,
	codeBelowMinimum:  http.StatusUnprocessableEntity,
	codeAboveMaximum:  http.StatusUnprocessableEntity,
	codeNotAMultiple:  http.StatusUnprocessableEntity,
	codeRedeemingOff:  http.StatusUnprocessableEntity,
	codeWorthNothing:  http.StatusUnprocessableEntity,
	codeNoRedemption:  http.StatusNotFound,
	codeCancelled:     http.StatusConflict,
	codeClosed:        http.StatusConflict,
	codeConfirmed:     http.StatusConflict,
	codeOtherCoupon:   http.StatusConflict,
	codeBraked:        http.StatusConflict,
	codeBusy:          http.StatusServiceUnavailable,
	codeDatabaseDown:  http.StatusServiceUnavailable,
	codeTimeout:       http.StatusGatewayTimeout,
	codeInternal:      http.StatusInternalServerError,
}

// refuse returns a refusal with a sentence.
func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// because keeps for the log what the refusal comes from.
func (e *Error) because(cause error) *Error {
	e.cause = cause
	return e
}

// after says when to try again.
func (e *Error) after(pause time.Duration) *Error {
	e.retryAfter = pause
	return e
}
