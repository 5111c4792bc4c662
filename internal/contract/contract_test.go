package contract_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loyaltyd/internal/contract"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	t.Parallel()
	files, err := contract.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		have, err := os.ReadFile(filepath.Join("..", "..", file.Path))
		if err != nil {
			t.Errorf("%v: run `make generate`", err)
		} else if diff := cmp.Diff(string(have), string(file.Content)); diff != "" {
			t.Errorf("%s is behind the tables: run `make generate` (-have +should):\n%s", file.Path, diff)
		}
	}
}
