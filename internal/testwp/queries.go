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

// Requests returns the requests that the site answered so far, in order of
// their ends.
func (s *Site) Requests() ([]Request, error) {
	file, err := os.Open(filepath.Join(s.root, "queries.log"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the site's queries: %w", err)
	}
	defer func() { _ = file.Close() }()
	var all []Request
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var one Request
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("read the site's queries: %w", err)
		}
		all = append(all, one)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the site's queries: %w", err)
	}
	return all, nil
}
