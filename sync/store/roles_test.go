package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseRoles(t *testing.T) {
	for text, want := range map[string][]string{
		`a:1:{s:8:"customer";b:1;}`:                        {"customer"},
		`a:2:{s:8:"customer";b:1;s:11:"wholesale 1";b:1;}`: {"customer", "wholesale 1"},
		`a:1:{s:9:"größe";b:1;}`:                           nil, // lengths are bytes: 7
		`a:1:{s:7:"größe";b:1;}`:                           {"größe"},
		`a:1:{s:3:"a";b";b:1;}`:                            nil,
		`a:1:{s:4:"a";b";b:1;}`:                            {`a";b`},
		`a:0:{}`:                                           nil,
		`a:2:{i:0;s:8:"customer";s:6:"editor";s:1:"1";}`:   {"editor"},
		`a:3:{s:1:"a";i:-5;s:1:"b";N;s:1:"c";b:0;}`:        {"a", "b", "c"},
		``:                           nil,
		`customer`:                   nil,
		`a:1:{s:8:"customer";b:1;} `: nil,
		`a:2:{s:8:"customer";b:1;}`:  nil,
		`a:1:{s:8:"customer";b:2;}`:  nil,
		`a:1:{s:99:"customer";b:1;}`: nil,
		`a:-1:{}`:                    nil,
		`a:999999999:{}`:             nil,
		`a:99999999999999999999:{}`:  nil,
		`a:1:{s:8:"customer";O:8:"stdClass":0:{}}`:                nil,
		`a:1:{s:8:"customer";a:1:{s:1:"x";b:1;}}`:                 nil,
		`s:28:"a:1:{s:8:\"customer\";b:1;}";`:                     nil,
		`a:1:{s:8:"customer";b:1`:                                 nil,
		"a:1:{s:1:\"\xff\";b:1;}":                                 {"\xff"},
		`a:1:{S:8:"customer";b:1;}`:                               nil,
		`a:1:{s:+8:"customer";b:1;}`:                              nil,
		`a:1:{s:8:"customer";d:1;}`:                               nil,
		`a:1:{s:8:"customer";i:;}`:                                nil,
		`a:1:{s::"";b:1;}`:                                        nil,
		`a:1:{s:0:"";b:1;}`:                                       {""},
		`a:1:{i:-;b:1;}`:                                          nil,
		`a:2:{s:1:"a";b:1;s:1:"b";b:1;s:1:"c";b:1;}`:              nil,
		`a:1:{s:8:"customer";b:1;}a:1:{s:8:"customer";b:1;}`:      nil,
		strings.Repeat(`a:1:{s:1:"a";`, 100_000):                  nil,
		`a:1:{s:13:"administrator";s:22:"a:1:{s:1:"b";b:1;}{}";}`: nil,
	} {
		if got := parseRoles(text); !slices.Equal(got, want) {
			t.Errorf("%.60s: roles %q, want %q", text, got, want)
		}
	}
}

// Whatever the text, roles are only read from what PHP would write for them.
func FuzzParseRoles(f *testing.F) {
	f.Add(`a:1:{s:8:"customer";b:1;}`)
	f.Add(`a:2:{s:8:"customer";b:1;i:0;N;}`)
	f.Add(`a:1:{s:4:"a";b";s:2:"xy";}`)
	f.Fuzz(func(t *testing.T, text string) {
		roles := parseRoles(text)
		var b strings.Builder
		fmt.Fprintf(&b, "a:%d:{", len(roles))
		for _, role := range roles {
			if !strings.Contains(text, fmt.Sprintf(`:"%s";`, role)) {
				t.Fatalf("role %q is not in %q", role, text)
			}
			fmt.Fprintf(&b, `s:%d:"%s";b:1;`, len(role), role)
		}
		b.WriteString("}")
		if again := parseRoles(b.String()); !slices.Equal(again, roles) {
			t.Fatalf("%q gives %q, written again %q", text, roles, again)
		}
	})
}
