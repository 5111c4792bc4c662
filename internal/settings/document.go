package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A document is kept as YAML nodes, which hold every scalar as the text that
// was written, so that a number is not rounded before it is read.

// ParseDocument reads one YAML or JSON document. An empty one is nil.
func ParseDocument(data []byte) (*yaml.Node, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	// A YAML parser refuses some of JSON's escapes.
	if json.Valid(data) {
		return ParseJSON(data)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, more yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil && strings.Contains(err.Error(), "anchor") {
		// The parser's message would quote what may be a part of a password.
		return nil, errors.New(noAliases)
	}
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one document: remove the line --- and what follows it")
	}
	return document.Content[0], nil
}

// ParseJSON returns a JSON document as YAML nodes, duplicate keys included.
func ParseJSON(data []byte) (*yaml.Node, error) {
	p := jsonParser{data: data, decoder: json.NewDecoder(bytes.NewReader(data)), line: 1}
	p.decoder.UseNumber()
	node, err := p.next()
	if err != nil {
		return nil, err
	}
	if _, err := p.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return node, nil
}

type jsonParser struct {
	data    []byte
	decoder *json.Decoder
	line    int
	seen    int64 // offset up to which line has counted
}

func (p *jsonParser) next() (*yaml.Node, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, notJSON(err)
	}
	offset := p.decoder.InputOffset()
	p.line += bytes.Count(p.data[p.seen:offset], []byte("\n"))
	p.seen = offset

	node := &yaml.Node{Kind: yaml.ScalarNode, Line: p.line}
	switch token := token.(type) {
	case json.Delim:
		node.Kind, node.Tag = yaml.SequenceNode, "!!seq"
		if token == '{' {
			node.Kind, node.Tag = yaml.MappingNode, "!!map"
		}
		for p.decoder.More() {
			child, err := p.next() // in an object keys and values alternate
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		if _, err := p.decoder.Token(); err != nil {
			return nil, notJSON(err)
		}
	case string:
		node.Tag, node.Value = "!!str", token
	case json.Number:
		node.Value = token.String()
	case bool:
		node.Tag, node.Value = "!!bool", strconv.FormatBool(token)
	default:
		node.Tag, node.Value = "!!null", "null"
	}
	return node, nil
}

func notJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("not valid JSON: it ends too early")
	}
	return fmt.Errorf("not valid JSON: %w", err)
}

// Flatten returns the values of a document by their full key, and reports
// what is no key, stands twice or uses what a configuration does not need.
// Keys without a value are as if they were not there.
func (t *Table) Flatten(root *yaml.Node, section string, from Source, r *Report) map[string]Value {
	flat := map[string]Value{}
	if root != nil && plain(root, from, r) {
		t.flattenSection(flat, Entry{Key: section, Node: root, source: from, report: r})
	}
	return flat
}

func (t *Table) flattenSection(flat map[string]Value, section Entry) {
	if isNull(section.Node) {
		return
	}
	below := t.sections[section.Key]
	if section.Node.Kind != yaml.MappingNode {
		// What stands here may be a misplaced secret: it is not quoted.
		section.Refuse("must hold keys (%s), not %s", strings.Join(below, ", "), KindOf(section.Node))
		return
	}
	for _, e := range section.Pairs(strings.ToLower) {
		if e.report.full() {
			return
		}
		_, isSection := t.sections[e.Key]
		switch {
		case isSection:
			t.flattenSection(flat, e)
		case !t.has(e.Key):
			e.Refuse("unknown key; the nearest known one is %s", t.Nearest(e.Key))
		case !e.IsNull():
			flat[e.Key] = Value{Node: e.Node, Source: e.source}
		}
	}
}

const noAliases = "anchors and aliases (& and *) are not supported: write the value out, in quotes if it begins with such a sign"

// plain reports aliases, anchors and tags. Nothing here needs them, and
// aliases can make a small file huge.
func plain(node *yaml.Node, from Source, r *Report) bool {
	if node.Kind == yaml.AliasNode || node.Anchor != "" {
		r.AddAt(from, node, "", noAliases)
		return false
	}
	if node.Style&yaml.TaggedStyle != 0 {
		r.AddAt(from, node, "", "tags (words that begin with !) are not supported: leave it out, or put the value in quotes")
		return false
	}
	for _, child := range node.Content {
		if !plain(child, from, r) {
			return false
		}
	}
	return true
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}
