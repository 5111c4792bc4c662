package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	wpbridge "loyaltyd/wp-bridge"
)

// caller is one client of the endpoint: a connection that is kept open, with no
// more of its own than HTTP and the signature ask for, so that what is measured
// is the daemon.
type caller struct {
	conn    net.Conn
	reader  *bufio.Reader
	host    string
	key     string
	secret  []byte
	request []byte
	body    []byte
}

// dial connects to an address as the daemon registers it.
func dial(ctx context.Context, address, secret string) (*caller, error) {
	c := &caller{host: address, key: wpbridge.KeyID(secret), secret: []byte(secret)}
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address, c.host = "unix", path, "localhost"
	}
	var d net.Dialer
	var err error
	if c.conn, err = d.DialContext(ctx, network, address); err != nil {
		return nil, fmt.Errorf("call the endpoint: %w", err)
	}
	c.reader = bufio.NewReader(c.conn)
	return c, nil
}

func (c *caller) close() { _ = c.conn.Close() }

// get sends a signed request and returns the answer, which is good until the
// next request.
func (c *caller) get(path string) ([]byte, error) {
	return c.call(http.MethodGet, path, "", "", http.StatusOK)
}

// post sends a signed request with a body that is carried out once.
func (c *caller) post(path, idemKey, body string, want int) ([]byte, error) {
	return c.call(http.MethodPost, path, idemKey, body, want)
}

func (c *caller) call(method, path, idemKey, body string, want int) ([]byte, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	signed := wpbridge.SignedRequest{
		Method: method, Target: path, Time: time.Now().Unix(), Nonce: hex.EncodeToString(nonce[:]), IdempotencyKey: idemKey, Body: []byte(body),
	}
	c.request = c.request[:0]
	c.add(method, " ", path, " HTTP/1.1\r\nHost: ", c.host, "\r\nLoyaltyd-Key: ", c.key, "\r\nLoyaltyd-Time: ")
	c.request = strconv.AppendInt(c.request, signed.Time, 10)
	c.add("\r\nLoyaltyd-Nonce: ", signed.Nonce, "\r\nLoyaltyd-Signature: ", signed.Sign(c.secret), "\r\n")
	if method == http.MethodPost {
		c.add("Idempotency-Key: ", idemKey, "\r\nContent-Type: application/json\r\nContent-Length: ", strconv.Itoa(len(body)), "\r\n")
	}
	c.add("\r\n", body)
	if _, err := c.conn.Write(c.request); err != nil {
		return nil, fmt.Errorf("send %s %s: %w", method, path, err)
	}
	status, err := c.receive()
	if err == nil && status != want {
		err = fmt.Errorf("status %d: %s", status, c.body)
	}
	if err != nil {
		return nil, fmt.Errorf("the answer to %s %s: %w", method, path, err)
	}
	return c.body, nil
}

func (c *caller) add(texts ...string) {
	for _, text := range texts {
		c.request = append(c.request, text...)
	}
}

// receive reads an answer of the only form that the daemon gives: one with a
// length.
func (c *caller) receive() (status int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	code, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if ok {
		code, _, _ = bytes.Cut(code, []byte(" "))
		status, err = strconv.Atoi(string(code))
	}
	if !ok || err != nil {
		return 0, fmt.Errorf("%q is not the first line of an answer", line)
	}
	length := -1
	for len(line) > 0 {
		if line, err = c.line(); err != nil {
			return 0, err
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, fmt.Errorf("%q is not a length", value)
			}
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("status %d without a length", status)
	}
	c.body = slices.Grow(c.body[:0], length)[:length]
	_, err = io.ReadFull(c.reader, c.body)
	return status, err
}

// line returns the next line, which is good until the next is read.
func (c *caller) line() ([]byte, error) {
	line, err := c.reader.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}
