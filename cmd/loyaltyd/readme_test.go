package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"loyaltyd/config"
	"loyaltyd/internal/testshop"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the fenced blocks of a kind.
func blocks(text, kind string) []string {
	var found []string
	for _, match := range regexp.MustCompile("(?s)```"+kind+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// The examples with output run on one store, in the order of the page; "…"
// stands for any text.
func TestExamplesOfTheREADMERun(t *testing.T) {
	page := readme(t)
	testshop.Each(t, func(t *testing.T, db *testshop.Database) {
		s := newStand(t, db, testshop.Options{})
		ada := s.customer("ada")
		order := s.order(ada, "120.00", spring)
		if _, err := s.shop.Refund(s.ctx(), order, testshop.Refund{Amount: "30.00"}); err != nil {
			t.Fatal(err)
		}
		s.ok("sync")
		for _, block := range blocks(page, "console") {
			for _, example := range strings.Split(block, "$ ")[1:] {
				line, want, _ := strings.Cut(example, "\n")
				words := splitWords(strings.TrimPrefix(line, "loyaltyd "))
				got := s.command(words...)
				if text := got.stdout + got.stderr; !matches(text, want) {
					t.Errorf("$ %s\nprints\n%s\nand the README says\n%s", line, text, want)
				}
			}
		}
	})
}

// splitWords splits a command line at blanks outside double quotes.
func splitWords(line string) []string {
	var words []string
	for _, match := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, match[1]+match[2])
	}
	return words
}

// matches reports whether text is pattern with something for each "…".
func matches(text, pattern string) bool {
	parts := strings.Split(regexp.QuoteMeta(strings.TrimSpace(pattern)), "…")
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*?") + `$`).MatchString(strings.TrimSpace(text))
}

func TestConfigurationOfTheREADMELoads(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "shop.dsn")
	if err := os.WriteFile(secret, []byte("u:p@tcp(127.0.0.1:3306)/shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks(readme(t), "yaml") {
		file := filepath.Join(dir, "loyaltyd.yaml")
		text := strings.ReplaceAll(block, "/etc/loyaltyd/shop.dsn", secret)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(nil, []string{"LOYALTYD_CONFIG=" + file}); err != nil {
			t.Error(err)
		}
	}
}

// Indented lines and table rows name commands and targets that exist.
func TestCommandsOfTheREADMEExist(t *testing.T) {
	page := readme(t)
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile("(?m)^    make ([a-z-]+)|`make ([a-z-]+)`").FindAllStringSubmatch(page, -1) {
		if target := match[1] + match[2]; !strings.Contains(string(makefile), "\n"+target+":") {
			t.Errorf("the Makefile has no target %s", target)
		}
	}
	root := (&cli{stdout: os.Stdout, stderr: os.Stderr}).root()
	root.InitDefaultCompletionCmd()
	for _, match := range regexp.MustCompile("(?m)^    loyaltyd (.*)$|^\\$ loyaltyd (.*)$|`loyaltyd ([a-z ]+)").FindAllStringSubmatch(page, -1) {
		words := splitWords(strings.SplitN(match[1]+match[2]+match[3], " | ", 2)[0])
		cmd, _, err := root.Find(words)
		if err != nil || cmd == root {
			t.Errorf("there is no command %q (%v)", strings.Join(words, " "), err)
			continue
		}
		checkFlags(t, cmd, words)
	}
	_, rest, _ := strings.Cut(page, "## Commands")
	section, _, _ := strings.Cut(rest, "\n## ")
	for row := range strings.SplitSeq(section, "\n") {
		cell, isRow := strings.CutPrefix(row, "| `")
		name, _, _ := strings.Cut(cell, "`")
		if !isRow {
			continue
		}
		if cmd, _, err := root.Find(splitWords(name)); err != nil || cmd == root {
			t.Errorf("there is no command %q", name)
		}
	}
}

func checkFlags(t *testing.T, cmd *cobra.Command, words []string) {
	t.Helper()
	for _, word := range words {
		name, isFlag := strings.CutPrefix(word, "--")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
			t.Errorf("%s has no flag --%s", cmd.CommandPath(), name)
		}
	}
}
