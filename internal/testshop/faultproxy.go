package testshop

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Proxy stands between a client and a database server, passes everything on
// and, when told so, breaks connections at a chosen moment. Each order is
// carried out once, on whichever connection comes first to it; a new order of
// the same kind replaces one that is still open.
type Proxy struct {
	server   *mysql.Config
	listener net.Listener
	dsn      string
	running  sync.WaitGroup
	ended    chan struct{}

	mu     sync.Mutex
	links  map[*link]struct{}
	cut    countdown
	lose   countdown
	delay  time.Duration
	broken int
	refuse map[string]uint16 // error numbers by what queries begin with
}

// countdown counts events down to the one that matters; nil: none does.
type countdown struct{ left *int }

func (c *countdown) set(n int) { c.left = &n }

// hit counts an event and reports whether it is the one.
func (c *countdown) hit() bool {
	if c.left == nil {
		return false
	}
	if *c.left > 0 {
		*c.left--
		return false
	}
	c.left = nil
	return true
}

// StartProxy starts a proxy to the server that dsn names. It ends with the test.
func StartProxy(t testing.TB, dsn string) *Proxy {
	t.Helper()
	server, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatalf("start a proxy: %v", err)
	}
	dir, err := temporaryDirectory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, "p.sock"))
	if err != nil {
		t.Fatalf("start a proxy: %v", err)
	}
	client := server.Clone()
	client.Net, client.Addr = "unix", listener.Addr().String()
	p := &Proxy{server: server, listener: listener, ended: make(chan struct{}), dsn: client.FormatDSN(), links: map[*link]struct{}{}}
	p.running.Go(p.accept)
	t.Cleanup(p.stop)
	return p
}

// DSN returns the data source name that leads through the proxy.
func (p *Proxy) DSN() string { return p.dsn }

// CutAfter lets n more packets of clients through, those of logging in
// included, and cuts the connection that sends the next one, which the server
// does not see any more.
func (p *Proxy) CutAfter(n int) { p.order(func() { p.cut.set(n) }) }

// LoseCommit lets the answers to k more COMMITs through and loses the next
// one: the server commits, the client sees its connection break.
func (p *Proxy) LoseCommit(k int) { p.order(func() { p.lose.set(k) }) }

// Delay keeps every packet of clients back for so long; 0 ends that.
func (p *Proxy) Delay(d time.Duration) { p.order(func() { p.delay = d }) }

// Refuse answers every query that begins like this with an error of that number,
// instead of the server.
func (p *Proxy) Refuse(beginning string, code uint16) {
	p.order(func() {
		if p.refuse == nil {
			p.refuse = map[string]uint16{}
		}
		p.refuse[beginning] = code
	})
}

// Broken returns how many connections have been broken so far.
func (p *Proxy) Broken() (n int) {
	p.order(func() { n = p.broken })
	return n
}

func (p *Proxy) order(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), p.server.Net, p.server.Addr)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{proxy: p, client: client, server: server}
		p.order(func() {
			p.links[l] = struct{}{}
			select {
			case <-p.ended:
				l.close()
			default:
			}
		})
		p.running.Go(l.upstream)
		p.running.Go(l.downstream)
	}
}

func (p *Proxy) stop() {
	_ = p.listener.Close()
	p.order(func() {
		close(p.ended)
		for l := range p.links {
			l.close()
		}
	})
	p.running.Wait()
}

// link is one connection through the proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	mute           atomic.Bool // the server's next answer is to be lost
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

func (l *link) end() {
	l.close()
	l.proxy.order(func() { delete(l.proxy.links, l) })
}

// upstream passes the client's packets on, one at a time.
func (l *link) upstream() {
	defer l.end()
	for {
		packet, err := readPacket(l.client)
		if err != nil {
			return
		}
		cut, delay := l.judge(packet)
		if cut {
			return
		}
		if code := l.refusal(packet); code != 0 {
			if _, err := l.client.Write(errorPacket(packet, code)); err != nil {
				return
			}
			continue
		}
		select {
		case <-time.After(delay):
		case <-l.proxy.ended:
			return
		}
		if _, err := l.server.Write(packet); err != nil {
			return
		}
	}
}

// judge decides what happens to a packet of the client.
func (l *link) judge(packet []byte) (cut bool, delay time.Duration) {
	p := l.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut.hit() {
		p.broken++
		return true, 0
	}
	if isCommit(packet) && p.lose.hit() {
		p.broken++
		l.mute.Store(true)
	}
	return false, p.delay
}

// refusal returns the error number that a packet of the client is answered
// with, 0 if the server answers it.
func (l *link) refusal(packet []byte) (code uint16) {
	query, is := queryOf(packet)
	if !is {
		return 0
	}
	l.proxy.order(func() {
		for beginning, number := range l.proxy.refuse {
			if strings.HasPrefix(query, beginning) {
				code = number
			}
		}
	})
	return code
}

// downstream passes the server's bytes on. MySQL's protocol is strictly
// question and answer, so what arrives while mute is the answer to the COMMIT.
func (l *link) downstream() {
	defer l.end()
	buffer := make([]byte, 32<<10)
	for {
		n, err := l.server.Read(buffer)
		if err != nil || l.mute.Load() {
			return
		}
		if _, err := l.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// A packet has a header of four bytes: the length of what follows in three,
// little endian, and a sequence number.
const headerLength = 4

func readPacket(from io.Reader) ([]byte, error) {
	var header [headerLength]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header[:]) & 0xffffff
	packet := make([]byte, headerLength+length)
	copy(packet, header[:])
	_, err := io.ReadFull(from, packet[headerLength:])
	return packet, err
}

// queryOf returns the text of the query that a packet asks.
func queryOf(packet []byte) (query string, is bool) {
	const comQuery = 3
	if len(packet) <= headerLength || packet[headerLength] != comQuery {
		return "", false
	}
	return strings.TrimSpace(string(packet[headerLength+1:])), true
}

func isCommit(packet []byte) bool {
	query, is := queryOf(packet)
	return is && strings.EqualFold(query, "COMMIT")
}

// errorPacket returns the answer to a packet that tells of an error.
func errorPacket(to []byte, code uint16) []byte {
	body := binary.LittleEndian.AppendUint16([]byte{0xff}, code)
	body = append(body, "#HY000refused on the way"...)
	return append([]byte{byte(len(body)), 0, 0, to[headerLength-1] + 1}, body...)
}
