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
	request bytes.Buffer
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
	c.request.Reset()
	fmt.Fprintf(&c.request, "%s %s HTTP/1.1\r\nHost: %s\r\nLoyaltyd-Key: %s\r\nLoyaltyd-Time: %d\r\nLoyaltyd-Nonce: %s\r\nLoyaltyd-Signature: %s\r\n",
		method, path, c.host, c.key, signed.Time, signed.Nonce, signed.Sign(c.secret))
	if method == http.MethodPost {
		fmt.Fprintf(&c.request, "Idempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", idemKey, len(body))
	}
	c.request.WriteString("\r\n")
	c.request.WriteString(body)
	if _, err := c.conn.Write(c.request.Bytes()); err != nil {
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

// receive reads an answer of the only form that the daemon gives: one with a
// length.
func (c *caller) receive() (status int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &status); err != nil {
		return 0, fmt.Errorf("%q is not the first line of an answer", line)
	}
	length := -1
	for line != "" {
		if line, err = c.line(); err != nil {
			return 0, err
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(value); err != nil {
				return 0, fmt.Errorf("%q is not a length", value)
			}
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("status %d without a length", status)
	}
	c.body = append(c.body[:0], make([]byte, length)...)
	_, err = io.ReadFull(c.reader, c.body)
	return status, err
}

func (c *caller) line() (string, error) {
	line, err := c.reader.ReadSlice('\n')
	return string(bytes.TrimRight(line, "\r\n")), err
}
