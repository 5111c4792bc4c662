package config

import (
	"strings"
	"testing"
	"time"
)

func TestDBHost(t *testing.T) {
	t.Parallel()
	const socket = "/run/mysqld/mysqld.sock"
	cases := []struct {
		text            string
		sockets         bool // whether there is a default socket
		network, answer string
	}{
		{"db.example.org", true, "tcp", "db.example.org:3306"},
		{"db:3307", true, "tcp", "db:3307"},
		{"db:", true, "tcp", "db:3306"},
		{"10.0.0.1", true, "tcp", "10.0.0.1:3306"},
		{"localhost", true, "unix", socket},
		{"LocalHost", true, "unix", socket},
		{"localhost", false, "tcp", "127.0.0.1:3306"},
		{"localhost:3307", false, "tcp", "127.0.0.1:3307"},
		{"localhost:3307", true, "unix", socket}, // as PHP does
		{"", true, "unix", socket},
		{":3307", false, "tcp", "127.0.0.1:3307"},
		{"p:localhost", true, "unix", socket},
		{"p:db:3307", true, "tcp", "db:3307"},
		{"localhost:/tmp/x.sock", true, "unix", "/tmp/x.sock"},
		{":/tmp/x.sock", false, "unix", "/tmp/x.sock"},
		{"p:/tmp/x.sock", false, "", ""}, // no colon is left
		{"::1", true, "tcp", "[::1]:3306"},
		{"[::1]", true, "tcp", "[::1]:3306"},
		{"[::1]:3307", true, "tcp", "[::1]:3307"},
		{"p:[fe80::1]:3307", true, "tcp", "[fe80::1]:3307"},
		{"[::1", true, "", ""},
		{"[::1]3307", true, "", ""},
		{"db:port", true, "", ""},
		{"db:-1", true, "", ""},
		{"db:999999", true, "", ""},
		{"a b", true, "", ""},
		{"a(b", true, "", ""},
		{"mysql://db", true, "unix", "//db"}, // WordPress takes it for a socket too
	}
	for _, test := range cases {
		network, address, err := parseDBHost(test.text, func(path string) bool { return test.sockets && path == socket })
		if network != test.network || address != test.answer || (err == nil) != (test.network != "") {
			t.Errorf("%q (socket %v): %q %q, error %v, want %q %q", test.text, test.sockets, network, address, err, test.network, test.answer)
		}
	}
}

// hostile files that make a careless reader slow.
var hostile = []string{
	"$table_prefix=", "define('DB_NAME',", "if (", "if (x) ", "if (!defined('DB_NAME')) {define('DB_NAME','x')", "<<<E ", "<<<", "/", "#?", "const X = ", "const X = (,",
	"'\\", "\"\\", "{$", "}", "<?", "?>", "<?php ?>", "else ", "else: ", "else if (x): ", "$table_prefix = 'x'; ", "define('DB_NAME', 'x'); ", "@define('DB_NAME', 'x') ", "\\u{",
}

func TestHostileFilesAreReadInTime(t *testing.T) {
	t.Parallel()
	for _, part := range hostile {
		began := time.Now()
		definitions, err := parsePHP("<?php " + strings.Repeat(part, maxFile/4/len(part)))
		if err == nil {
			_, _ = definitions.constant("DB_NAME")
			_, _ = definitions.variable("$table_prefix")
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%q, repeated, took %v", part, took)
		}
	}
}

func FuzzParsePHP(f *testing.F) {
	for _, seed := range hostile {
		f.Add("<?php " + seed + seed)
	}
	f.Add("<?php define('DB_NAME', 'x'); ?> x <?php const A = 1, B = \"\\x41\"; if (!defined('C')) { define('C', 2); }")
	f.Add("<?php $table_prefix = <<<'E'\nx\n  E; `a`; class X { const Y = 1; } else: endif; fn() => define('Z', \"{$x}\")")
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := phpTokens(text)
		if err != nil {
			return
		}
		last := 1
		for _, token := range tokens {
			if token.line < last || token.line > 1+strings.Count(text, "\n") {
				t.Fatalf("token %+v after line %d", token, last)
			}
			last = token.line
		}
		definitions, err := parsePHP(text)
		if err != nil {
			return
		}
		for name, all := range definitions {
			if len(all) == 0 {
				t.Errorf("%s has an empty list", name)
			}
			// What is said to be a plain value stands in the file.
			if d, err := decide(name, all); err == nil && (!d.plain || d.value != "" && len(d.value) > len(text)) {
				t.Errorf("%s is %q in %q", name, d.value, text)
			}
		}
	})
}

func FuzzDBHost(f *testing.F) {
	for _, seed := range []string{"localhost", "[::1]:1", "p:x:/y", "::", "[", ":"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		network, address, err := parseDBHost(text, func(string) bool { return false })
		if err == nil && (network != "tcp" && network != "unix" || address == "") {
			t.Errorf("%q: %q %q", text, network, address)
		}
	})
}
