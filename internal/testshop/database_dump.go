package testshop

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

func (d *Database) load(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the dump: %w", err)
	}
	defer func() { _ = file.Close() }()
	var text io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		text, err = gzip.NewReader(file)
		if err != nil {
			return fmt.Errorf("unpack the dump: %w", err)
		}
	}
	// Dumps change session variables, so the session must not go back to a pool.
	session, err := d.Server.Open(ctx, d.Name)
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	return run(ctx, session, strings.NewReader("SET sql_mode = 'NO_ENGINE_SUBSTITUTION';\n"), text)
}

// run executes the statements of the texts, one after another, on one
// connection of db.
func run(ctx context.Context, db *sqlx.DB, texts ...io.Reader) error {
	connection, err := db.Connx(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = connection.Close() }()
	for _, text := range texts {
		statements := newSplitter(text)
		for {
			statement, err := statements.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return fmt.Errorf("read SQL: %w", err)
			}
			const emptyQuery = 1065 // only a comment
			if _, err := connection.ExecContext(ctx, statement); err != nil && database.Code(err) != emptyQuery {
				return fmt.Errorf("%.200s: %w", statement, err)
			}
		}
	}
	return nil
}

// splitter cuts SQL text into statements at each ";" that is outside of
// quotes and comments. It does not know DELIMITER.
type splitter struct {
	text *bufio.Reader
}

func newSplitter(text io.Reader) *splitter {
	return &splitter{text: bufio.NewReaderSize(text, 1<<20)}
}

// next returns the next statement without its ";" and io.EOF after the last.
func (s *splitter) next() (string, error) {
	var statement strings.Builder
	var quote byte   // the quote or comment that the text is in: ' " ` - or *
	var before byte  // the byte before this one, 0 where it cannot be half of a pair
	var escaped bool // this byte follows a backslash in a text
	for {
		c, err := s.text.ReadByte()
		if errors.Is(err, io.EOF) {
			rest := strings.TrimSpace(statement.String())
			if rest == "" || quote == '-' && !strings.Contains(rest, "\n") {
				return "", io.EOF
			}
			return rest, nil
		}
		if err != nil {
			return "", err
		}
		switch quote {
		case 0:
			switch {
			case c == ';':
				if rest := strings.TrimSpace(statement.String()); rest != "" {
					return rest, nil
				}
				statement.Reset()
				before = 0
				continue
			case c == '\'' || c == '"' || c == '`':
				quote = c
			case c == '#' || c == '-' && before == '-' && s.spaceFollows():
				quote = '-'
			case c == '*' && before == '/':
				quote = '*'
				statement.WriteByte(c)
				before = 0
				continue
			}
		case '\'', '"', '`':
			switch {
			case escaped:
				escaped = false
			case c == '\\' && quote != '`':
				escaped = true
			case c == quote:
				quote = 0
			}
		case '-':
			if c == '\n' {
				quote = 0
			}
		case '*':
			if c == '/' && before == '*' {
				quote = 0
				statement.WriteByte(c)
				before = 0
				continue
			}
		}
		statement.WriteByte(c)
		before = c
	}
}

// spaceFollows reports whether the next byte makes a comment of "--", which
// may also be two minus signs.
func (s *splitter) spaceFollows() bool {
	next, err := s.text.Peek(1)
	return err != nil || next[0] <= ' '
}
