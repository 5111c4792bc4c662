package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A small reader of PHP's lexical grammar: enough to tell code from comments,
// strings and inline HTML, which regular expressions cannot.

type phpKind int

const (
	phpSign       phpKind = iota // one character, or two of :: -> && || ??
	phpName                      // keyword, function, constant; may hold backslashes
	phpVariable                  // with its $
	phpString                    // text is the value
	phpNumber                    // text as written
	phpExpression                // a string whose value only PHP knows
)

type phpToken struct {
	kind phpKind
	text string
	line int
}

func (t phpToken) is(sign string) bool { return t.kind == phpSign && t.text == sign }

// isName compares as PHP does keywords and functions, ignoring case.
func (t phpToken) isName(names ...string) bool {
	if t.kind != phpName {
		return false
	}
	for _, name := range names {
		if strings.EqualFold(strings.TrimPrefix(t.text, `\`), name) {
			return true
		}
	}
	return false
}

type phpLexer struct {
	rest   string
	line   int
	tokens []phpToken
}

// phpTokens returns the tokens of a PHP file. The end of PHP mode is a ";", as
// it is in PHP.
func phpTokens(source string) ([]phpToken, error) {
	l := phpLexer{rest: source, line: 1}
	for l.toCode() {
		for l.rest != "" {
			if strings.HasPrefix(l.rest, "?>") {
				l.emit(phpSign, ";", 2)
				break
			}
			if err := l.token(); err != nil {
				return nil, err
			}
			if last := len(l.tokens) - 1; last >= 0 && l.tokens[last].isName("__halt_compiler") {
				return l.tokens[:last], nil
			}
		}
	}
	return l.tokens, nil
}

// skip passes n bytes.
func (l *phpLexer) skip(n int) {
	l.line += strings.Count(l.rest[:n], "\n")
	l.rest = l.rest[n:]
}

// emit adds a token that begins here and takes n bytes.
func (l *phpLexer) emit(kind phpKind, text string, n int) {
	l.tokens = append(l.tokens, phpToken{kind: kind, text: text, line: l.line})
	l.skip(n)
}

// toCode passes inline HTML up to the next opening tag.
func (l *phpLexer) toCode() bool {
	for {
		open := strings.Index(l.rest, "<?")
		if open < 0 {
			return false
		}
		l.skip(open + 2)
		switch {
		case len(l.rest) >= 3 && strings.EqualFold(l.rest[:3], "php") && (len(l.rest) == 3 || isSpace(l.rest[3])):
			l.skip(3)
			return true
		case strings.HasPrefix(l.rest, "="):
			l.skip(1)
			return true
		case l.rest == "" || isSpace(l.rest[0]): // short_open_tag
			return true
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func isNameStart(c byte) bool {
	return c == '_' || c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameByte(c byte) bool { return isNameStart(c) || isDigit(c) }

// span returns how many bytes from the first on satisfy ok.
func span(text string, ok func(byte) bool) int {
	for i := range len(text) {
		if !ok(text[i]) {
			return i
		}
	}
	return len(text)
}

func (l *phpLexer) token() error {
	c := l.rest[0]
	switch {
	case isSpace(c):
		l.skip(span(l.rest, isSpace))
	case c == '#' || strings.HasPrefix(l.rest, "//"):
		l.skip(span(l.rest, func(c byte) bool { return c != '\n' && c != '\r' && c != '?' }))
		for strings.HasPrefix(l.rest, "?") && !strings.HasPrefix(l.rest, "?>") {
			l.skip(1 + span(l.rest[1:], func(c byte) bool { return c != '\n' && c != '\r' && c != '?' }))
		}
	case strings.HasPrefix(l.rest, "/*"):
		end := strings.Index(l.rest[2:], "*/")
		if end < 0 {
			return l.unfinished("comment")
		}
		l.skip(end + 4)
	case c == '\'':
		return l.singleQuoted()
	case c == '"':
		return l.doubleQuoted()
	case c == '`':
		n, ok := quotedLength(l.rest)
		if !ok {
			return l.unfinished("command in backticks")
		}
		l.emit(phpExpression, "", n)
	case strings.HasPrefix(l.rest, "<<<"):
		return l.heredoc()
	case c == '$' && len(l.rest) > 1 && isNameStart(l.rest[1]):
		n := 1 + span(l.rest[1:], isNameByte)
		l.emit(phpVariable, l.rest[:n], n)
	case isNameStart(c) || c == '\\':
		n := span(l.rest, func(c byte) bool { return isNameByte(c) || c == '\\' })
		l.emit(phpName, l.rest[:n], n)
	case isDigit(c):
		n := span(l.rest, func(c byte) bool { return isNameByte(c) || c == '.' })
		l.emit(phpNumber, l.rest[:n], n)
	default:
		n := 1
		for _, sign := range []string{"::", "->", "&&", "||", "??"} {
			if strings.HasPrefix(l.rest, sign) {
				n = 2
			}
		}
		l.emit(phpSign, l.rest[:n], n)
	}
	return nil
}

func (l *phpLexer) unfinished(what string) error {
	return fmt.Errorf("the %s that begins on line %d does not end", what, l.line)
}

// quotedLength returns the length of a quoted text, quotes included.
func quotedLength(text string) (int, bool) {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1, true
		}
	}
	return 0, false
}

func (l *phpLexer) singleQuoted() error {
	n, ok := quotedLength(l.rest)
	if !ok {
		return l.unfinished("string")
	}
	raw := l.rest[1 : n-1]
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) && (raw[i+1] == '\\' || raw[i+1] == '\'') {
			i++
		}
		b.WriteByte(raw[i])
	}
	l.emit(phpString, b.String(), n)
	return nil
}

func (l *phpLexer) doubleQuoted() error {
	n, ok := quotedLength(l.rest)
	if !ok {
		return l.unfinished("string")
	}
	if text, constant := unescape(l.rest[1 : n-1]); constant {
		l.emit(phpString, text, n)
	} else {
		l.emit(phpExpression, "", n)
	}
	return nil
}

// unescape returns the value of a double-quoted string's inside, and false if
// it holds a variable.
func unescape(raw string) (string, bool) {
	var b strings.Builder
	for raw != "" {
		c := raw[0]
		switch {
		case c == '\\' && len(raw) > 1:
			text, n := escape(raw)
			b.WriteString(text)
			raw = raw[n:]
			continue
		case c == '$' && len(raw) > 1 && (isNameStart(raw[1]) || raw[1] == '{'):
			return "", false
		case c == '{' && len(raw) > 1 && raw[1] == '$':
			return "", false
		}
		b.WriteByte(c)
		raw = raw[1:]
	}
	return b.String(), true
}

// escape returns what the escape sequence at the beginning of raw stands for,
// and its length. An unknown one stands for itself.
func escape(raw string) (string, int) {
	const letters, meanings = `nrtvef\$"`, "\n\r\t\v\x1b\f\\$\""
	c := raw[1]
	if i := strings.IndexByte(letters, c); i >= 0 {
		return meanings[i : i+1], 2
	}
	isHex := func(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
	switch {
	case '0' <= c && c <= '7':
		n := span(raw[1:min(len(raw), 4)], func(c byte) bool { return '0' <= c && c <= '7' })
		code, _ := strconv.ParseUint(raw[1:1+n], 8, 16)
		return string([]byte{byte(code)}), 1 + n
	case c == 'x' && len(raw) > 2 && isHex(raw[2]):
		n := span(raw[2:min(len(raw), 4)], isHex)
		code, _ := strconv.ParseUint(raw[2:2+n], 16, 8)
		return string([]byte{byte(code)}), 2 + n
	case c == 'u' && len(raw) > 3 && raw[2] == '{':
		n := span(raw[3:], isHex)
		code, err := strconv.ParseUint(raw[3:3+n], 16, 32)
		if err == nil && code <= utf8.MaxRune && strings.HasPrefix(raw[3+n:], "}") {
			return string(rune(code)), 4 + n
		}
	}
	return raw[:1], 1
}

// heredoc passes a heredoc or nowdoc, whose closing word may be indented and
// followed by more code.
func (l *phpLexer) heredoc() error {
	head := strings.TrimLeft(l.rest[3:], " \t")
	quote := byte(0)
	if head != "" && (head[0] == '\'' || head[0] == '"') {
		quote, head = head[0], head[1:]
	}
	word := head[:span(head, isNameByte)]
	after := head[len(word):]
	if quote != 0 {
		if after == "" || after[0] != quote {
			word = ""
		} else {
			after = after[1:]
		}
	}
	lineEnd := strings.TrimLeft(after, "\r")
	if word == "" || isDigit(word[0]) || !strings.HasPrefix(lineEnd, "\n") {
		l.emit(phpSign, "<", 1) // a shift, or nonsense
		return nil
	}
	text := lineEnd
	for {
		newline := strings.IndexByte(text, '\n')
		if newline < 0 {
			return l.unfinished("heredoc")
		}
		text = text[newline+1:]
		line := strings.TrimLeft(text, " \t")
		if rest, ok := strings.CutPrefix(line, word); ok && (rest == "" || !isNameByte(rest[0])) {
			l.emit(phpExpression, "", len(l.rest)-len(rest))
			return nil
		}
	}
}
