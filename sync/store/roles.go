package store

import (
	"strconv"
	"strings"
)

// parseRoles returns the roles in a serialized capabilities value of PHP, such
// as a:1:{s:8:"customer";b:1;}. As in WordPress a role is a key of the array,
// whatever its value. Text that is not exactly one such array, of plain
// values, has no roles.
func parseRoles(text string) []string {
	p := phpReader{rest: text, ok: true}
	p.expect("a:")
	count := p.number(":")
	p.expect("{")
	var roles []string
	for ; count > 0 && p.ok; count-- {
		role, named := p.key()
		p.scalar()
		if named {
			roles = append(roles, role)
		}
	}
	p.expect("}")
	if !p.ok || p.rest != "" {
		return nil
	}
	return roles
}

// phpReader reads serialized PHP from the front of rest; ok turns false at the
// first surprise and stays so.
type phpReader struct {
	rest string
	ok   bool
}

func (p *phpReader) expect(text string) {
	rest, found := strings.CutPrefix(p.rest, text)
	p.ok = p.ok && found
	if p.ok {
		p.rest = rest
	}
}

// number reads digits up to end.
func (p *phpReader) number(end string) int {
	digits, rest, found := strings.Cut(p.rest, end)
	if !p.ok || !found || digits == "" || len(digits) > 9 || strings.Trim(digits, "0123456789") != "" {
		p.ok = false
		return 0
	}
	p.rest = rest
	n, _ := strconv.Atoi(digits) // at most nine digits
	return n
}

// text reads the rest of a string: its length in bytes, then its bytes.
func (p *phpReader) text() string {
	length := p.number(":")
	p.expect(`"`)
	if !p.ok || length > len(p.rest) {
		p.ok = false
		return ""
	}
	text := p.rest[:length]
	p.rest = p.rest[length:]
	p.expect(`";`)
	return text
}

// key reads a key of an array; named tells a text from a number.
func (p *phpReader) key() (name string, named bool) {
	if strings.HasPrefix(p.rest, "i:") {
		p.scalar()
		return "", false
	}
	p.expect("s:")
	return p.text(), p.ok
}

func (p *phpReader) scalar() {
	switch {
	case strings.HasPrefix(p.rest, "b:"):
		p.expect("b:")
		if p.number(";") > 1 {
			p.ok = false
		}
	case strings.HasPrefix(p.rest, "i:"):
		p.expect("i:")
		if strings.HasPrefix(p.rest, "-") {
			p.expect("-")
		}
		p.number(";")
	case strings.HasPrefix(p.rest, "s:"):
		p.expect("s:")
		p.text()
	default:
		p.expect("N;")
	}
}
