package program

import (
	"crypto/sha256"
	"encoding/json"

	"loyaltyd/internal/settings"
)

// Encode returns rules as canonical JSON and its SHA-256: rules that mean the
// same have the same text, however their numbers, times, statuses and
// currency codes were written. The rules must be valid.
func (r Rules) Encode() (text string, hash [32]byte) {
	tree, _ := versioned.Of(&r)
	encoded := encode(versioned.Canonical(tree))
	return string(encoded), sha256.Sum256(encoded)
}

// Stored is rules as a ledger keeps them.
type Stored struct {
	// Text is the rules as Encode writes them, but for those by product and
	// category, of which there may be thousands.
	Text  string
	Items []ItemRule // these
	Hash  [32]byte   // of all, as Encode gives it
}

// Stored returns the form in which a ledger keeps the rules, which must be
// valid.
func (r Rules) Stored() Stored {
	tree, _ := versioned.Of(&r)
	tree = versioned.Canonical(tree)
	stored := Stored{Items: r.ItemRules(), Hash: sha256.Sum256(encode(tree))}
	for _, k := range versioned.Keys() {
		if k.PerID {
			delete(tree, k.Path)
		}
	}
	stored.Text = string(encode(tree))
	return stored
}

// DecodeRules reads what Encode wrote. A key that is missing has its default;
// an unknown key is an error, as are rules that Validate refuses.
func DecodeRules(text string) (Rules, error) {
	var r Rules
	tree, err := versioned.Parse([]byte(text))
	if err == nil {
		err = versioned.Canonical(tree).Into(&r)
	}
	if err != nil {
		return Rules{}, err
	}
	return r, nil
}

// table is every key of a programme.
var table = settings.NewTable(Keys())

// Document returns the programme as JSON: every key, rates and amounts as text,
// times and sets in their one normal form.
func (s Settings) Document() json.RawMessage {
	tree, _ := table.Of(&s)
	return encode(table.Canonical(tree))
}

// encode writes canonical values. None is one that JSON cannot hold.
func encode(tree settings.Tree) []byte {
	encoded, err := json.Marshal(tree.Document())
	if err != nil {
		panic("writing a programme: " + err.Error())
	}
	return encoded
}

// normal returns the rules in the one form that all equal rules share. They
// share nothing with r. The error names what has no meaning.
func (r Rules) normal() (Rules, error) {
	tree, err := versioned.Of(&r)
	if err != nil {
		return Rules{}, err
	}
	var normal Rules
	return normal, versioned.Canonical(tree).Into(&normal)
}
