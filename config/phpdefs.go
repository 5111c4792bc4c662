package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// definition is one place where PHP code gives a constant or a variable its
// value.
type definition struct {
	value string
	plain bool // value is known: it is one string or whole number
	after bool // not plain: the value is a string after $table_prefix
	sure  bool // no condition stands before it
	line  int
}

// phpDefinitions holds constants by their name, and variables by theirs with
// its $, each in the order of the file.
type phpDefinitions map[string][]definition

// constant returns the value that PHP gives the constant. The first definition
// wins, as define refuses a second one.
func (d phpDefinitions) constant(name string) (definition, error) {
	return decide(name, d[name])
}

// constantAfterPrefix is constant where the value may also be written as
// $table_prefix . 'name'.
func (d phpDefinitions) constantAfterPrefix(name string) (definition, error) {
	all := slices.Clone(d[name])
	for i := range all {
		if !all[i].after {
			continue
		}
		prefix, err := d.variable(prefixVariable)
		if err != nil {
			return all[i], err
		}
		all[i].value, all[i].plain = prefix.value+all[i].value, true
	}
	return decide(name, all)
}

const prefixVariable = "$table_prefix"

// variable returns the value of the variable at the end. The last one wins.
func (d phpDefinitions) variable(name string) (definition, error) {
	reversed := slices.Clone(d[name])
	slices.Reverse(reversed)
	return decide(name, reversed)
}

// decide returns the winner of definitions, the strongest first: the first
// sure one, if the conditional ones before it agree.
func decide(name string, all []definition) (definition, error) {
	if len(all) == 0 {
		return definition{}, fmt.Errorf("%s is not defined there (perhaps in a file that it includes)", name)
	}
	if first := slices.IndexFunc(all, func(d definition) bool { return d.sure }); first >= 0 {
		all = all[:first+1]
	}
	for _, d := range all {
		if !d.plain {
			return d, fmt.Errorf("%s is not written out but computed by PHP", name)
		}
		if d.value != all[0].value {
			return d, fmt.Errorf("%s has different values, depending on a condition", name)
		}
	}
	return all[0], nil
}

// block is what stands between braces, or after a condition.
type block struct {
	conditional bool
	guard       string // the constant that the condition asks to be undefined
	class       bool
	colon       bool // if (…): … endif
}

type phpParser struct {
	tokens    []phpToken
	at        int
	statement int     // where the statement begins
	blocks    []block // that are open
	pending   []block // conditions on the next statement only
	next      block   // what the next brace opens
	found     phpDefinitions
}

// maxNesting bounds the work on a hostile file.
const maxNesting = 200

// parsePHP returns the definitions in a PHP file, without running it.
func parsePHP(source string) (phpDefinitions, error) {
	tokens, err := phpTokens(source)
	if err != nil {
		return nil, err
	}
	p := phpParser{tokens: tokens, found: phpDefinitions{}}
	for p.at < len(p.tokens) {
		p.step()
		if len(p.blocks)+len(p.pending) > maxNesting {
			return nil, fmt.Errorf("its code is nested more than %d deep", maxNesting)
		}
	}
	return p.found, nil
}

// peek returns the token n places on; beyond the end, one that is nothing.
func (p *phpParser) peek(n int) phpToken {
	if i := p.at + n; i >= 0 && i < len(p.tokens) {
		return p.tokens[i]
	}
	return phpToken{}
}

func (p *phpParser) step() {
	t := p.peek(0)
	member := p.peek(-1).is("->") || p.peek(-1).is("::")
	switch {
	case t.is("{"):
		p.open(p.next)
		p.begin(1)
	case t.is("}"):
		p.close()
		p.begin(1)
	case t.is(";"):
		p.pending = nil
		p.begin(1)
	case t.kind == phpVariable:
		p.assignment()
	case t.kind != phpName || member:
		p.at++
	case t.isName("if", "elseif", "while", "for", "foreach", "switch") && p.peek(1).is("("):
		p.condition()
	case t.isName("else") && p.peek(1).is(":"):
		p.reopen()
		p.begin(2)
	case t.isName("else"):
		p.pending = append(p.pending, block{conditional: true})
		p.begin(1)
		p.openPending()
	case t.isName("endif", "endwhile", "endfor", "endforeach", "endswitch"):
		if n := len(p.blocks); n > 0 && p.blocks[n-1].colon {
			p.blocks = p.blocks[:n-1]
		}
		p.begin(1)
	case t.isName("function", "fn", "catch"):
		p.next.conditional = true
		p.at++
		if p.peek(0).isName("define") {
			p.at++ // its own name
		}
	case t.isName("class", "interface", "trait", "enum"):
		p.next.class = true
		p.at++
	case t.isName("define") && p.peek(1).is("(") && !p.peek(-1).isName("new"):
		p.define()
	case t.isName("const") && !slices.ContainsFunc(p.blocks, func(b block) bool { return b.class }):
		p.constants()
	default:
		p.at++
	}
}

// begin starts a statement n tokens on.
func (p *phpParser) begin(n int) {
	p.at += n
	p.statement = p.at
	p.next = block{}
}

func (p *phpParser) open(b block) {
	for _, condition := range p.pending {
		b.conditional = b.conditional || condition.conditional
		if len(p.pending) == 1 {
			b.guard = condition.guard
		}
	}
	p.pending = nil
	p.blocks = append(p.blocks, b)
}

func (p *phpParser) openPending() {
	if p.peek(0).is("{") {
		p.open(block{})
		p.begin(1)
	}
}

func (p *phpParser) close() {
	for n := len(p.blocks); n > 0; n-- {
		colon := p.blocks[n-1].colon
		p.blocks = p.blocks[:n-1]
		if !colon {
			break
		}
	}
	p.pending = nil
}

// reopen replaces the branch of an if (…): … that ends here.
func (p *phpParser) reopen() {
	if n := len(p.blocks); n > 0 && p.blocks[n-1].colon {
		p.blocks = p.blocks[:n-1]
	}
	p.blocks = append(p.blocks, block{conditional: true, colon: true})
	p.pending = nil
}

// condition passes a keyword with its parentheses.
func (p *phpParser) condition() {
	isElse := p.peek(0).isName("elseif")
	end := p.closing(p.at + 1)
	b := block{conditional: true}
	if !isElse && p.peek(0).isName("if") {
		b.guard = undefinedGuard(p.tokens[p.at+2 : end])
	}
	p.begin(min(end+1, len(p.tokens)) - p.at)
	switch {
	case p.peek(0).is(":") && isElse:
		p.reopen()
		p.begin(1)
	case p.peek(0).is(":"):
		b.colon = true
		p.open(b)
		p.begin(1)
	default:
		p.pending = append(p.pending, b)
		p.openPending()
	}
}

// closing returns the index of the parenthesis that closes the one at open, or
// the number of tokens.
func (p *phpParser) closing(open int) int {
	depth := 0
	for i := open; i < len(p.tokens); i++ {
		switch {
		case p.tokens[i].is("("):
			depth++
		case p.tokens[i].is(")"):
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return len(p.tokens)
}

// undefinedGuard returns X for the tokens of: !defined('X')
func undefinedGuard(tokens []phpToken) string {
	if len(tokens) == 5 && tokens[0].is("!") {
		return definedName(tokens[1:])
	}
	return ""
}

// definedName returns X for the tokens of: defined('X')
func definedName(tokens []phpToken) string {
	if len(tokens) == 4 && tokens[0].isName("defined") && tokens[1].is("(") && tokens[2].kind == phpString && tokens[3].is(")") {
		return tokens[2].text
	}
	return ""
}

// sure reports whether the code here runs whenever the file does, or only does
// not because name is defined already.
func (p *phpParser) sure(name string) bool {
	for _, b := range slices.Concat(p.blocks, p.pending) {
		if b.conditional && b.guard != name {
			return false
		}
	}
	before := p.tokens[p.statement:p.at]
	if n := len(before); n > 0 && before[0].is("@") {
		before = before[1:]
	}
	switch n := len(before); {
	case n == 0:
		return true
	case n == 5 && (before[4].is("||") || before[4].isName("or")):
		return definedName(before[:4]) == name
	case n == 6 && (before[5].is("&&") || before[5].isName("and")):
		return undefinedGuard(before[:5]) == name
	}
	return false
}

// wholeNumber is a number that PHP and a text show alike.
var wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

// add records that name gets the value of the expression at start, which is
// known if it is a single token.
func (p *phpParser) add(name string, line, start int) {
	d := definition{sure: p.sure(name), line: line}
	if start < len(p.tokens) && p.endsExpression(start+1) {
		t := p.tokens[start]
		d.value = t.text
		d.plain = t.kind == phpString || t.kind == phpNumber && wholeNumber.MatchString(t.text)
	}
	if at := func(n int) phpToken { return p.peek(start - p.at + n) }; at(0).kind == phpVariable && at(0).text == prefixVariable &&
		at(1).is(".") && at(2).kind == phpString && p.endsExpression(start+3) {
		d.value, d.after = at(2).text, true
	}
	p.found[name] = append(p.found[name], d)
}

func (p *phpParser) endsExpression(i int) bool {
	if i >= len(p.tokens) {
		return true
	}
	t := p.tokens[i]
	return t.is(",") || t.is(";") || t.is(")") || t.is("]") || t.is("}")
}

// define reads define('NAME', value) and stops before the value.
func (p *phpParser) define() {
	name, comma := p.peek(2), p.peek(3)
	if name.kind != phpString || !comma.is(",") {
		p.at += 2
		return
	}
	p.add(strings.TrimPrefix(name.text, `\`), name.line, p.at+4)
	p.at += 4
}

// constants reads const NAME = value, NAME = value;
func (p *phpParser) constants() {
	p.begin(1)
	for p.peek(0).kind == phpName && p.peek(1).is("=") {
		name := p.peek(0)
		p.statement = p.at
		p.add(name.text, name.line, p.at+2)
		p.at = p.expressionEnd(p.at + 2)
		if !p.peek(0).is(",") {
			return
		}
		p.at++
	}
}

// assignment reads $name = value; an assignment that combines it with what was
// there makes the value unknown.
func (p *phpParser) assignment() {
	name := p.peek(0)
	combined := p.peek(2).is("=") && (p.peek(1).is(".") || p.peek(1).is("??"))
	simple := p.peek(1).is("=") && !p.peek(2).is("=") && !p.peek(2).is(">")
	if combined || simple {
		p.add(name.text, name.line, p.at+2)
	}
	p.at++
}

// expressionEnd returns where the expression that begins at start ends.
func (p *phpParser) expressionEnd(start int) int {
	depth := 0
	for i := start; i < len(p.tokens); i++ {
		t := p.tokens[i]
		switch {
		case depth == 0 && p.endsExpression(i):
			return i
		case t.is("(") || t.is("[") || t.is("{"):
			depth++
		case t.is(")") || t.is("]") || t.is("}"):
			depth--
		}
	}
	return len(p.tokens)
}
