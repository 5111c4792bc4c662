package bench

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path"
	"strconv"
	gosync "sync"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/ledger"
)

// bare is an endpoint without a thought: for each request it runs one statement
// and answers, believing everybody. It tells what HTTP in front of the database
// costs.
type bare struct {
	db      *sqlx.DB
	server  *http.Server
	address string
	serving gosync.WaitGroup
}

// serveBare serves on TCP, in this process. Close it after use.
func (c *counter) serveBare(ctx context.Context, connections int) (*bare, error) {
	db, err := database.Open(ctx, c.store.DSN)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	b := &bare{db: db, address: listener.Addr().String()}
	b.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.answerBare(db, w, r) }), ReadHeaderTimeout: time.Minute}
	b.serving.Go(func() { _ = b.server.Serve(listener) })
	return b, nil
}

func (b *bare) close() {
	_ = b.server.Close()
	b.serving.Wait()
	_ = b.db.Close()
}

// answerBare answers with the account for a GET, and with nothing after a commit
// for a POST.
func (c *counter) answerBare(db *sqlx.DB, w http.ResponseWriter, r *http.Request) {
	shopper, err := strconv.ParseInt(path.Base(r.URL.Path), 10, 64)
	var account ledger.Account
	if r.Method == http.MethodPost {
		_, read := io.ReadAll(r.Body)
		err = errors.Join(err, read, c.commit(r.Context(), db, shopper))
	} else if err == nil {
		account, err = c.account(r.Context(), db, shopper)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer, _ := json.Marshal(account)
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer)
}

func (c *counter) commitOverHTTP(client *caller, shopper int64) error {
	_, err := client.post("/"+strconv.FormatInt(shopper, 10), "commit", `{"points":100}`, http.StatusOK)
	return err
}
