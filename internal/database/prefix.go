package database

import (
	"fmt"
	"regexp"
	"strings"
)

// Prefix is the table prefix of a WordPress site, such as "wp_" or "wp_2_".
// It is part of identifiers, which cannot be bound as parameters, so only
// values that ParsePrefix accepted may be used.
type Prefix string

// MySQL allows 64 characters in a table name; the longest of ours takes 26.
const maxPrefix = 32

var prefixPattern = regexp.MustCompile(`^[A-Za-z0-9_$]*$`)

// ParsePrefix returns text as a Prefix, or an error that names what is wrong
// with it.
func ParsePrefix(text string) (Prefix, error) {
	if !prefixPattern.MatchString(text) || len(text) > maxPrefix {
		return "", fmt.Errorf("table prefix %q: only letters, digits, _ and $ are possible, at most %d of them", text, maxPrefix)
	}
	return Prefix(text), nil
}

// SQL returns query with every {p} replaced by the prefix.
func (p Prefix) SQL(query string) string {
	return strings.ReplaceAll(query, "{p}", string(p))
}

var sitePrefix = regexp.MustCompile(`^(.*_)\d+_$`)

// Base returns the prefix of the network that a multisite's site prefix such
// as "wp_2_" belongs to, or p itself.
func (p Prefix) Base() Prefix {
	if parts := sitePrefix.FindStringSubmatch(string(p)); parts != nil {
		return Prefix(parts[1])
	}
	return p
}
