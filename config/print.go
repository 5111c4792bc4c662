package config

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"loyaltyd/internal/settings"
)

// Print writes the configuration in force as YAML. A note tells where each
// value comes from; those without one are defaults. Passwords are replaced by
// ***; without any, the output can be loaded as a file.
func (c Config) Print(w io.Writer) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	sections := map[string]*yaml.Node{"": root}
	for _, k := range table.Keys() {
		name := &yaml.Node{Kind: yaml.ScalarNode, Value: settings.LastPart(k.Path)}
		v := c.values[k.Path]
		shown, note := bare(v.Node), v.Source.At(v.Node)
		if strings.HasSuffix(k.Path, ".dsn") && NewDSN(shown.Value).hasPassword() {
			note += ", password not shown"
		}
		if shown.Value == hidden {
			note += ", not shown"
		}
		if shown.Kind == yaml.ScalarNode || len(shown.Content) == 0 {
			shown.LineComment = note
		} else {
			name.LineComment = note
		}
		section := sectionNode(sections, k.Path)
		section.Content = append(section.Content, name, shown)
	}
	if _, err := io.WriteString(w, "# The configuration in force. Values without a note are defaults.\n"); err != nil {
		return fmt.Errorf("print the configuration: %w", err)
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return fmt.Errorf("print the configuration: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return fmt.Errorf("print the configuration: %w", err)
	}
	return nil
}

// sectionNode returns the map that holds path's last part.
func sectionNode(sections map[string]*yaml.Node, path string) *yaml.Node {
	name := path[:max(0, strings.LastIndexByte(path, '.'))]
	if node, ok := sections[name]; ok {
		return node
	}
	node := &yaml.Node{Kind: yaml.MappingNode}
	sections[name] = node
	parent := sectionNode(sections, name)
	parent.Content = append(parent.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: settings.LastPart(name)}, node)
	return node
}

// bare returns a copy of node without what belongs to the place where it stood.
func bare(node *yaml.Node) *yaml.Node {
	clean := &yaml.Node{Kind: node.Kind, Tag: node.Tag, Value: node.Value}
	if node.Kind == yaml.ScalarNode {
		clean.Style = node.Style &^ (yaml.LiteralStyle | yaml.FoldedStyle)
	}
	if node.Kind != yaml.ScalarNode && len(node.Content) == 0 {
		clean.Style = yaml.FlowStyle
	}
	for _, child := range node.Content {
		clean.Content = append(clean.Content, bare(child))
	}
	return clean
}
