package wpbridge

import (
	"sync"
	"time"
)

// nonces remembers the nonces of requests for as long as one of them could be
// sent again. Its size is bounded: when it is full of nonces that must not be
// forgotten, it takes no more.
type nonces struct {
	mu     sync.Mutex
	keep   time.Duration
	most   int
	seen   map[string]struct{}
	oldest []seenNonce // in the order of arrival
}

type seenNonce struct {
	nonce string
	until time.Time
}

func newNonces(keep time.Duration, most int) *nonces {
	return &nonces{keep: keep, most: most, seen: map[string]struct{}{}}
}

// add remembers a nonce. It is known already, or there is no room.
func (n *nonces) add(nonce string, now time.Time) (known, full bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.oldest) > 0 && n.oldest[0].until.Before(now) {
		delete(n.seen, n.oldest[0].nonce)
		n.oldest = n.oldest[1:]
	}
	if _, known := n.seen[nonce]; known {
		return true, false
	}
	if len(n.oldest) >= n.most {
		return false, true
	}
	n.seen[nonce] = struct{}{}
	n.oldest = append(n.oldest, seenNonce{nonce, now.Add(n.keep)})
	return false, false
}
