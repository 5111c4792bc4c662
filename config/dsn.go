package config

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// DSN names a database and how to log in to it, in the form of
// go-sql-driver/mysql. However it is printed, logged or marshalled, the
// password does not show; Reveal is the only way to it.
type DSN struct {
	// A pointer, so that even a struct that holds a DSN in a private field
	// prints as an address.
	text *string
}

// NewDSN returns text as a DSN. An empty text is the zero DSN.
func NewDSN(text string) DSN {
	if text == "" {
		return DSN{}
	}
	return DSN{text: &text}
}

// Reveal returns the DSN with its password, for opening the database.
func (d DSN) Reveal() string {
	if d.text == nil {
		return ""
	}
	return *d.text
}

// IsZero reports whether there is no DSN.
func (d DSN) IsZero() bool { return d.text == nil }

// Equal reports whether both name the same database in the same words.
func (d DSN) Equal(other DSN) bool { return d.Reveal() == other.Reveal() }

// hidden stands where a password is left out.
const hidden = "***"

// String returns user, host and database; a password is replaced by ***.
func (d DSN) String() string {
	if d.IsZero() {
		return ""
	}
	parsed, err := mysql.ParseDSN(*d.text)
	if err != nil {
		return "(a DSN that cannot be read)"
	}
	login := parsed.User
	if parsed.Passwd != "" {
		login += ":" + hidden
	}
	if login != "" {
		login += "@"
	}
	return fmt.Sprintf("%s%s(%s)/%s", login, parsed.Net, parsed.Addr, parsed.DBName)
}

// Format prints String for every verb.
func (d DSN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// LogValue logs String.
func (d DSN) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText returns String.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// hasPassword reports whether printing the DSN's text would give a secret
// away. A text that cannot be read may hold one.
func (d DSN) hasPassword() bool {
	if d.IsZero() {
		return false
	}
	parsed, err := mysql.ParseDSN(*d.text)
	return err != nil || parsed.Passwd != ""
}

const dsnForm = "user:password@tcp(host:3306)/database or user:password@unix(/path/to.sock)/database"

// checkDSN returns what is wrong with text as a DSN, without quoting it.
func checkDSN(text string) string {
	parsed, err := mysql.ParseDSN(text)
	switch {
	case err != nil || strings.ContainsAny(text, "\n\r\x00"):
		return "is not of the form " + dsnForm
	case parsed.DBName == "":
		return "names no database: add /database at its end"
	case parsed.Passwd == hidden:
		return "has " + hidden + " in place of the password, as `loyaltyd config print` shows it: write the real one, or keep the DSN in a file of its own and name that with dsn_file"
	}
	return ""
}

// UnmarshalText reads a DSN as it was written.
func (d *DSN) UnmarshalText(text []byte) error {
	*d = NewDSN(string(text))
	return nil
}
