// Command contract writes the files that are made from the tables of keys,
// sources and entry types. It runs in the project's root.
package main

import (
	"fmt"
	"os"

	"loyaltyd/internal/contract"
)

func main() {
	files, err := contract.Files()
	for _, file := range files {
		if err == nil {
			err = os.WriteFile(file.Path, file.Content, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(1)
	}
}
