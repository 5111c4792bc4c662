package wpbridge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request and of a signed answer.
const (
	headerKey       = "Loyaltyd-Key"
	headerTime      = "Loyaltyd-Time"
	headerNonce     = "Loyaltyd-Nonce"
	headerSignature = "Loyaltyd-Signature"
	headerIdemKey   = "Idempotency-Key"
	headerRequest   = "Loyaltyd-Request"
	headerRotate    = "Loyaltyd-Rotate"
)

// SignedRequest is what the signature of a request covers.
type SignedRequest struct {
	Method         string
	Target         string // path and query as sent
	Time           int64  // Unix seconds
	Nonce          string // 32 lower-case hexadecimal digits, used once
	IdempotencyKey string // "" without one
	Body           []byte
}

// Sign returns the request's signature, 64 lower-case hexadecimal digits.
func (r SignedRequest) Sign(secret []byte) string {
	return sign(secret, r.Body, "loyaltyd-request-v1", r.Method, r.Target, strconv.FormatInt(r.Time, 10), r.Nonce, r.IdempotencyKey)
}

// SignedAnswer is what the signature of an answer covers.
type SignedAnswer struct {
	Status int
	Nonce  string // of the request
	Time   int64  // Unix seconds
	Body   []byte
}

// Sign returns the answer's signature, 64 lower-case hexadecimal digits.
func (a SignedAnswer) Sign(secret []byte) string {
	return sign(secret, a.Body, "loyaltyd-answer-v1", strconv.Itoa(a.Status), a.Nonce, strconv.FormatInt(a.Time, 10))
}

// sign returns the HMAC-SHA256 of the lines and, as the last line, of a body's
// digest.
func sign(secret, body []byte, lines ...string) string {
	text := make([]byte, 0, 512)
	for _, line := range lines {
		text = append(append(text, line...), '\n')
	}
	sum := sha256.Sum256(body)
	text = hex.AppendEncode(text, sum[:])
	mac := hmac.New(sha256.New, secret)
	mac.Write(text)
	text = mac.Sum(text[:0])
	return hex.EncodeToString(text)
}

// Lengths of the headers' values.
const (
	lengthKeyID     = 16
	lengthNonce     = 32
	lengthSignature = 64
)

// envelope is the signature of a request as its headers give it.
type envelope struct {
	key, nonce, signature string
	time                  int64
	idempotencyKey        string
}

// readEnvelope reads the headers of a signature. Each must be there once, in
// its only form.
func readEnvelope(header http.Header) (envelope, *Error) {
	var e envelope
	for _, field := range []struct {
		name   string
		length int
		value  *string
	}{
		{headerKey, lengthKeyID, &e.key},
		{headerNonce, lengthNonce, &e.nonce},
		{headerSignature, lengthSignature, &e.signature},
	} {
		values := header.Values(field.name)
		if len(values) == 0 {
			return envelope{}, refuse(codeUnsigned, "The request is not signed: the header %s is missing. Only the loyaltyd plugin of this WordPress can call this address.", field.name)
		}
		if len(values) != 1 || !isHex(values[0], field.length) {
			return envelope{}, refuse(codeBadSignature, "The header %s is not %d lower-case hexadecimal digits.", field.name, field.length)
		}
		*field.value = values[0]
	}
	values := header.Values(headerTime)
	if len(values) == 0 {
		return envelope{}, refuse(codeUnsigned, "The request is not signed: the header %s is missing.", headerTime)
	}
	var ok bool
	if e.time, ok = readSeconds(values); !ok {
		return envelope{}, refuse(codeBadSignature, "The header %s is not a time in Unix seconds.", headerTime)
	}
	switch values := header.Values(headerIdemKey); len(values) {
	case 0:
	case 1:
		e.idempotencyKey = values[0]
	default:
		return envelope{}, refuse(codeBadSignature, "The header %s is there more than once.", headerIdemKey)
	}
	return e, nil
}

// readSeconds reads the only way in which a number of seconds is written, so
// that what was signed is what is read.
func readSeconds(values []string) (int64, bool) {
	if len(values) != 1 {
		return 0, false
	}
	seconds, err := strconv.ParseInt(values[0], 10, 64)
	return seconds, err == nil && seconds > 0 && strconv.FormatInt(seconds, 10) == values[0]
}

func isHex(text string, length int) bool {
	return len(text) == length && strings.Trim(text, "0123456789abcdef") == ""
}

// window is how far the clocks of both ends may differ.
const window = 300 * time.Second

// inTime refuses a request that is too old, too new, or signed before this
// daemon started, which could be one that an earlier daemon carried out.
func (e envelope) inTime(now, started time.Time) *Error {
	at := time.Unix(e.time, 0)
	switch age := now.Sub(at); {
	case age > window || age < -window:
		return refuse(codeStale, "The request was signed at %s, but it is %s here. Set the clocks of both machines by a time server.",
			at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case at.Before(started.Truncate(time.Second)):
		return refuse(codeStale, "The request was signed before the daemon started. Sign and send it again.")
	}
	return nil
}

// genuine compares the signature in constant time.
func (e envelope) genuine(secret []byte, method, target string, body []byte) bool {
	want := SignedRequest{Method: method, Target: target, Time: e.time, Nonce: e.nonce, IdempotencyKey: e.idempotencyKey, Body: body}.Sign(secret)
	return hmac.Equal([]byte(want), []byte(e.signature))
}
