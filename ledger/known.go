package ledger

// knownAccounts are accounts as a transaction left them. They are as true in
// the one right after it: every transaction that posts counts up the writer's
// row, which shows whether another one, of whomever, came between.
type knownAccounts struct {
	n        int64 // of the transaction that left them so
	all      bool  // no other account has entries
	accounts map[int64]*Account
}

// mostKnown bounds the memory that they take, to some 20 MB.
const mostKnown = 100_000

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
	if account := k.accounts[user]; account != nil || !k.all {
		return account
	}
	return newAccount(user)
}

// after returns what is known after a transaction that was committed.
func (k *knownAccounts) after(t *Tx) *knownAccounts {
	for user, account := range t.open {
		// One without entries is not stored, nor is its frozen mark.
		if account.Seq > 0 {
			k.accounts[user] = account
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
