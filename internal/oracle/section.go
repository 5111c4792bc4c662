package oracle

import (
	"fmt"
	"math/big"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// reader takes one value out of the text. Values are read from the text's own
// digits: decoding into Go numbers would make floats of them.
type reader func(*yaml.Node) error

type fields map[string]reader

func section(n *yaml.Node, known fields) error {
	return entries(func(key string, value *yaml.Node) error {
		read, ok := known[key]
		if !ok {
			return fmt.Errorf("unknown key")
		}
		if value.Tag == "!!null" {
			return nil
		}
		return read(value)
	})(n)
}

func within(known fields) reader {
	return func(n *yaml.Node) error { return section(n, known) }
}

func entries(read func(key string, value *yaml.Node) error) reader {
	return func(n *yaml.Node) error {
		if n.Tag == "!!null" {
			return nil
		}
		if n.Kind != yaml.MappingNode {
			return fmt.Errorf("line %d: not a mapping", n.Line)
		}
		seen := map[string]bool{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if seen[key] {
				return fmt.Errorf("%s: given twice", key)
			}
			seen[key] = true
			if err := read(key, n.Content[i+1]); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		return nil
	}
}

func each(read reader) reader {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.SequenceNode {
			return fmt.Errorf("line %d: not a list", n.Line)
		}
		for _, item := range n.Content {
			if err := read(item); err != nil {
				return err
			}
		}
		return nil
	}
}

func unread(*yaml.Node) error { return nil }

func wall(into *time.Time) reader {
	return func(n *yaml.Node) (err error) {
		*into, err = parseLocal(n.Value)
		return err
	}
}

func choice(set func(string), allowed ...string) reader {
	return func(n *yaml.Node) error {
		for _, a := range allowed {
			if n.Kind == yaml.ScalarNode && n.Value == a {
				set(a)
				return nil
			}
		}
		return fmt.Errorf("%q is not one of %v", n.Value, allowed)
	}
}

func flag(into *bool) reader {
	return choice(func(v string) { *into = v == "true" }, "true", "false")
}

func rational(into **big.Rat) reader {
	return func(n *yaml.Node) error {
		r, err := parseDecimal(n.Value)
		if err == nil && r.Sign() < 0 {
			err = fmt.Errorf("%s is negative", n.Value)
		}
		*into = r
		return err
	}
}

func integer(into *int64) reader {
	return func(n *yaml.Node) error {
		v, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil || v < 0 {
			return fmt.Errorf("%q is not a whole number of 0 or more", n.Value)
		}
		*into = v
		return nil
	}
}
