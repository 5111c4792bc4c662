package testwp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Request is one request that the site answered, with the SQL it ran.
type Request struct {
	Method  string   `json:"method"`
	URI     string   `json:"uri"`
	Queries []string `json:"queries"`
}

// Message is a mail that the site would have sent.
type Message struct {
	To      any    `json:"to"` // a text or a list of texts
	Subject string `json:"subject"`
	Text    string `json:"message"`
}

// Requests returns the requests that the site answered so far, in order of
// their ends.
func (s *Site) Requests() ([]Request, error) {
	return readLog[Request](filepath.Join(s.root, "queries.log"))
}

// Mail returns what the site would have sent so far, oldest first.
func (s *Site) Mail() ([]Message, error) {
	return readLog[Message](filepath.Join(s.root, "mail.log"))
}

// readLog reads a file with a JSON object on each line; a missing one is empty.
func readLog[T any](path string) ([]T, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what the site wrote down: %w", err)
	}
	defer func() { _ = file.Close() }()
	var all []T
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var one T
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		all = append(all, one)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return all, nil
}
