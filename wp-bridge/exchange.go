package wpbridge

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// exchange is a request with what is found out about it.
type exchange struct {
	*http.Request
	id     string // for the log and the answer
	site   *Site
	route  *route // nil: none
	body   []byte
	nonce  string
	secret []byte // set when the request is proven: then its answer is signed
	idem   string // idempotency key
}

// answer is what is sent back. A body that is text is sent as it is, any other
// as JSON.
type answer struct {
	status int
	body   any
	header http.Header
}

type text struct {
	kind    string // content type
	content []byte
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.options.Now()
	site, leave := s.enter()
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
	defer cancel()
	x := &exchange{Request: r.WithContext(ctx), id: newID(), site: site}
	a, err := s.respond(x)
	var refusal *Error
	if err != nil {
		refusal = s.refusal(x, err)
		a = refusalAnswer(x, refusal)
	}
	s.send(w, x, a)
	s.record(x, a.status, refusal, s.options.Now().Sub(began))
}

func newID() string {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails (crypto/rand)
	return hex.EncodeToString(id)
}

// respond proves the request and carries it out.
func (s *Server) respond(x *exchange) (a answer, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value, debug.Stack()}
		}
	}()
	if !s.called(x.Request) {
		return answer{}, refuse(codeBadHost, "This address cannot be called by the name %.100q. Call it by its own address, or by localhost.", x.Host)
	}
	if !s.open(x) {
		if err := s.prove(x); err != nil {
			return answer{}, err
		}
	}
	if err := s.find(x); err != nil {
		return answer{}, err
	}
	if x.route.posts {
		if x.idem == "" {
			return answer{}, refuse(codeNoIdemKey, "The header %s is missing: with it a request that is sent twice is carried out once.", headerIdemKey)
		}
		if !idemKeyForm.MatchString(x.idem) {
			return answer{}, refuse(codeBadRequest, "The header %s has 1 to 128 printable ASCII characters.", headerIdemKey)
		}
	}
	if x.Method == http.MethodPost && !isJSON(x.Header) {
		return answer{}, refuse(codeBadRequest, "The body's Content-Type must be application/json.")
	}
	select {
	case s.underWay <- struct{}{}:
		defer func() { <-s.underWay }()
	default:
		return answer{}, refuse(codeBusy, "The daemon has too much to do. Try again in a moment.").after(retryAfterBusy)
	}
	return x.route.handle(x)
}

var idemKeyForm = regexp.MustCompile(`^[ -~]{1,128}$`)

// open says whether the request may be answered without a signature: monitors
// cannot sign, so they send the operator's token.
func (s *Server) open(x *exchange) bool {
	switch x.URL.Path {
	case "/healthz", "/readyz", "/metrics":
	default:
		return false
	}
	token, ok := strings.CutPrefix(x.Header.Get("Authorization"), "Bearer ")
	if !ok || x.site == nil || x.site.Token == "" {
		return false
	}
	sent, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(x.site.Token))
	return subtle.ConstantTimeCompare(sent[:], want[:]) == 1
}

// prove reads the body and proves that the request comes from the plugin and
// was not sent before. Nothing is read or remembered for who knows no key.
func (s *Server) prove(x *exchange) error {
	e, refusal := readEnvelope(x.Header)
	if refusal != nil {
		return refusal
	}
	if x.site == nil {
		return refuse(codeDatabaseDown, "The daemon waits for the database. Try again in a moment.").after(retryAfterDatabase)
	}
	if refusal := e.inTime(s.options.Now(), s.started); refusal != nil {
		return refusal
	}
	secret, err := x.site.Secret(x.Context(), e.key)
	if errors.Is(err, ErrUnknownKey) {
		return refuse(codeUnknownKey, "The daemon does not know the key that signed the request. If the site was copied or moved, pair it again on the Loyalty page's Status tab; else run `loyaltyd doctor`.").because(err)
	}
	if err != nil {
		return err
	}
	if x.body, err = io.ReadAll(http.MaxBytesReader(nil, x.Body, maxBody)); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return refuse(codeTooLarge, "The body is larger than %d KiB.", maxBody>>10)
		}
		return refuse(codeBadRequest, "The body did not arrive whole.").because(err)
	}
	if !e.genuine(secret, x.Method, x.RequestURI, x.body) {
		return refuse(codeBadSignature, "The signature does not fit the request. Is something between WordPress and the daemon that changes requests?")
	}
	known, full := s.nonces.add(e.nonce, e.time, s.options.Now())
	if known {
		return refuse(codeReplayed, "This request was sent before. Sign it anew.")
	}
	x.secret, x.nonce, x.idem = secret, e.nonce, e.idempotencyKey
	if full {
		return refuse(codeBusy, "The daemon has answered too many requests in the last minutes to take more. Try again in some minutes.").after(keepNonces / 2)
	}
	return nil
}

// find finds the request's route. Only the plain form of a path leads there.
func (s *Server) find(x *exchange) error {
	path, _, _ := strings.Cut(x.RequestURI, "?")
	parts := strings.Split(path, "/")
	var allowed []string
	for i := range s.routes {
		r := &s.routes[i]
		id, ok := r.match(parts)
		switch {
		case ok && r.method == x.Method:
			x.route = r
			x.SetPathValue("id", id)
			return nil
		case ok:
			allowed = append(allowed, r.method)
		}
	}
	if len(allowed) > 0 {
		return refuse(codeMethod, "%.20q is not possible at this address; possible is %s.", x.Method, strings.Join(allowed, ", "))
	}
	return refuse(codeNotFound, "There is nothing at this address. Are the plugin and the daemon of the same version?")
}

// panicError is a panic of a handler.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// refusalAnswer is the answer that a refusal makes.
func refusalAnswer(x *exchange, refusal *Error) answer {
	refusal.Request = x.id
	a := answer{status: statusOf[refusal.Code], body: map[string]*Error{"error": refusal}, header: http.Header{}}
	if refusal.retryAfter > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int(refusal.retryAfter/time.Second)))
	}
	return a
}

// send writes the answer, signed if the request was.
func (s *Server) send(w http.ResponseWriter, x *exchange, a answer) {
	kind, body := "application/json", []byte(nil)
	switch content := a.body.(type) {
	case text:
		kind, body = content.kind, content.content
	default:
		var buffer bytes.Buffer
		encoder := json.NewEncoder(&buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(a.body); err != nil {
			s.options.Log.Error("an answer cannot be written as JSON", "request", x.id, "error", err)
		}
		body = buffer.Bytes()
	}
	header := w.Header()
	maps.Copy(header, a.header)
	header.Set("Content-Type", kind)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set(headerRequest, x.id)
	if x.secret != nil {
		now := s.options.Now().Unix()
		header.Set(headerTime, strconv.FormatInt(now, 10))
		header.Set(headerSignature, SignedAnswer{Status: a.status, Nonce: x.nonce, Time: now, Body: body}.Sign(x.secret))
		if x.site.Key().RotateAsked {
			header.Set(headerRotate, "1")
		}
	} else if a.status >= http.StatusBadRequest {
		// It may not have been read to its end.
		header.Set("Connection", "close")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // who has gone away needs no answer
}

// record logs and counts a request. Neither queries nor bodies are logged.
func (s *Server) record(x *exchange, status int, refusal *Error, took time.Duration) {
	s.metrics.answered(x.route, status, took)
	level := slog.LevelDebug
	if x.route != nil && x.route.posts {
		level = slog.LevelInfo
	}
	if refusal == nil && !s.options.Log.Enabled(x.Context(), level) {
		return
	}
	fields := []slog.Attr{
		slog.String("request", x.id), slog.String("method", shown(x.Method)), slog.String("path", shown(x.URL.Path)),
		slog.Int("status", status), slog.Int64("took_ms", took.Milliseconds()),
	}
	if refusal != nil {
		fields = append(fields, slog.String("code", refusal.Code))
		switch {
		case refusal.Code == codeInternal:
			level = slog.LevelError
		case status == http.StatusUnauthorized || status >= http.StatusInternalServerError:
			level = slog.LevelWarn
		}
		if panicked, ok := errors.AsType[*panicError](refusal.cause); ok {
			fields = append(fields, slog.String("panic", fmt.Sprint(panicked.value)), slog.String("stack", string(panicked.stack)))
		} else if refusal.cause != nil {
			fields = append(fields, slog.String("error", refusal.cause.Error()))
		}
	}
	s.options.Log.LogAttrs(context.WithoutCancel(x.Context()), level, "request", fields...)
}

// shown is what a log shows of a text that a stranger wrote.
func shown(text string) string {
	const most = 200
	return text[:min(len(text), most)]
}
