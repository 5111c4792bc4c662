package wpbridge

import (
	"encoding/hex"
	"sync"
	"time"
)

// nonces remembers the nonces of requests for as long as one of them could be
// sent again, which is until a window after it was signed. Its size is bounded:
// when it is full of nonces that must not be forgotten, it takes no more.
type nonces struct {
	mu     sync.Mutex
	keep   time.Duration // from the second of the signature on
	most   int
	count  int
	seen   map[int64]map[nonce]struct{} // by the second of the signature
	oldest int64                        // the first second of which there may be any
}

type nonce [lengthNonce / 2]byte

func newNonces(keep time.Duration, most int) *nonces {
	return &nonces{keep: keep, most: most, seen: map[int64]map[nonce]struct{}{}}
}

// add remembers the nonce, hexadecimal, of a request that was signed in a
// second and is not too old. It is known already, or there is no room.
func (n *nonces) add(text string, signed int64, now time.Time) (known, full bool) {
	var id nonce
	_, _ = hex.Decode(id[:], []byte(text)) // its form was proven
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget(now.Add(-n.keep).Unix())
	if signed < n.oldest {
		return true, false // perhaps: the clock was set back, and it was forgotten
	}
	second := n.seen[signed]
	if _, known := second[id]; known {
		return true, false
	}
	if n.count >= n.most {
		return false, true
	}
	if second == nil {
		second = map[nonce]struct{}{}
		n.seen[signed] = second
	}
	second[id] = struct{}{}
	n.count++
	return false, false
}

// forget drops what was signed before a second.
func (n *nonces) forget(before int64) {
	if n.oldest >= before {
		return
	}
	n.oldest = before
	for second, nonces := range n.seen {
		if second < before {
			n.count -= len(nonces)
			delete(n.seen, second)
		}
	}
}
