package ledger

import (
	"crypto/sha256"
	"time"
)

// knownAccounts are accounts as a transaction left them. They are as true in
// the one right after it: every transaction that posts counts up the writer's
// row, which shows whether another one, of whomever, came between.
type knownAccounts struct {
	n        int64 // of the transaction that left them so
	all      bool  // no other account has entries
	accounts map[int64]knownAccount
}

// mostKnown bounds the memory that they take, to some 20 MB.
const mostKnown = 150_000

// knownAccount is an Account without pointers: a collection of garbage would
// follow those of all accounts, each time.
type knownAccount struct {
	balance, pending, earned, redeemed, expired, revoked, adjusted int64

	seq         int64
	lastEntryAt int64 // microseconds since 1970; only if dated
	dated       bool
	frozen      bool
	head        [sha256.Size]byte
}

func (a *Account) known() knownAccount {
	known := knownAccount{
		balance: a.Balance, pending: a.Pending, earned: a.Earned, redeemed: a.Redeemed,
		expired: a.Expired, revoked: a.Revoked, adjusted: a.Adjusted,
		seq: a.Seq, lastEntryAt: a.LastEntryAt.Time.UnixMicro(), dated: a.LastEntryAt.Valid, frozen: a.Frozen,
	}
	copy(known.head[:], a.Head)
	return known
}

func (k *knownAccount) account(user int64) *Account {
	account := &Account{
		User: user, Balance: k.balance, Pending: k.pending, Earned: k.earned, Redeemed: k.redeemed,
		Expired: k.expired, Revoked: k.revoked, Adjusted: k.adjusted,
		Seq: k.seq, Frozen: k.frozen, Head: append([]byte(nil), k.head[:]...),
	}
	if k.dated {
		account.LastEntryAt = NullTime{Time: time.UnixMicro(k.lastEntryAt).UTC(), Valid: true}
	}
	return account
}

// or returns what the transaction before left, if it was the one right before
// the n-th, and k if not.
func (k *knownAccounts) or(before *knownAccounts, n int64) *knownAccounts {
	if before == nil || before.n+1 != n {
		return k
	}
	return before
}

// find returns a user's account, or nil if it has to be read.
func (k *knownAccounts) find(user int64) *Account {
	known, found := k.accounts[user]
	switch {
	case found:
		return known.account(user)
	case k.all:
		return newAccount(user)
	default:
		return nil
	}
}

// after returns what is known after a transaction that was committed.
func (k *knownAccounts) after(t *Tx) *knownAccounts {
	for user, account := range t.open {
		// One without entries is not stored, nor is its frozen mark.
		if account.Seq > 0 {
			k.accounts[user] = account.known()
		}
	}
	for user := range k.accounts {
		if len(k.accounts) <= mostKnown {
			break
		}
		delete(k.accounts, user)
		k.all = false
	}
	k.n = t.n
	return k
}
