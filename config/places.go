package config

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// flagKeys are the keys that have a flag of their own.
var flagKeys = []struct{ flag, key, usage string }{
	{"wp-path", "store.wp_path", "WordPress `folder`, the one with wp-config.php"},
	{"dsn", "store.dsn", "`DSN` of the WordPress database, instead of --wp-path (users of this machine can see flags: prefer store.dsn_file)"},
	{"table-prefix", "store.table_prefix", "table `prefix` of the WordPress site"},
	{"ledger-dsn", "ledger.dsn", "`DSN` of the ledger's database, if it is not the store's"},
	{"listen", "endpoint.listen", "`address` of the local endpoint: host:port or a socket's path"},
}

// Flags adds the flags that Load reads.
func Flags(flags *pflag.FlagSet) {
	flags.String("config", "", "configuration `file` (YAML or JSON)")
	for _, f := range flagKeys {
		flags.String(f.flag, "", f.usage)
	}
	flags.StringArray("set", nil, "set any `key=value` of the configuration, such as program.starts=2026-01-01; may be repeated")
}

// environment returns the values of LOYALTYD_ variables.
func (l *loader) environment(environ []string) map[string]value {
	paths, shapes := map[string]string{}, map[string]shape{}
	var names []string
	for _, k := range new(Config).keys() {
		name := envName(k.path)
		paths[name], shapes[name] = k.path, k.shape
		names = append(names, name)
	}
	values := map[string]value{}
	for _, variable := range environ {
		name, text, _ := strings.Cut(variable, "=")
		if text == "" || !strings.HasPrefix(name, envPrefix) || notOurs(name) {
			continue
		}
		from := source{rank: rankEnv, name: name}
		path, known := paths[name]
		if !known {
			near, _ := closest(strings.ToUpper(name), names)
			l.report.addAt(source{rank: rankEnv, name: quoteName(name)}, nil, "", "unknown environment variable; the nearest known one is %s", near)
			continue
		}
		if node, ok := l.fromText(from, path, shapes[name], text); ok {
			values[path] = value{node: node, source: from}
		}
	}
	return values
}

// notOurs reports variables that begin like ours but are no keys: the one that
// names the file, those of the tests, and those that Kubernetes sets for a
// service called loyaltyd.
func notOurs(name string) bool {
	rest := strings.TrimPrefix(name, envPrefix)
	return rest == "CONFIG" || rest == "PORT" || strings.HasPrefix(rest, "PORT_") ||
		strings.HasPrefix(rest, "SERVICE_") || strings.HasPrefix(rest, "TEST_")
}

// flags returns the values of flags that were given.
func (l *loader) flags(flags *pflag.FlagSet) map[string]value {
	values := map[string]value{}
	if flags == nil {
		return values
	}
	add := func(from source, path string, shape shape, text string) {
		if before, twice := values[path]; twice {
			l.report.addAt(from, nil, path, "given twice, also by %s: keep one", before.source.name)
		} else if node, ok := l.fromText(from, path, shape, text); ok {
			values[path] = value{node: node, source: from}
		}
	}
	for _, f := range flagKeys {
		if flag := flags.Lookup(f.flag); flag != nil && flag.Changed {
			add(source{rank: rankFlag, name: "--" + f.flag}, f.key, aText, flag.Value.String())
		}
	}
	if flags.Lookup("set") == nil {
		return values
	}
	settings, err := flags.GetStringArray("set")
	if err != nil {
		l.report.addAt(source{rank: rankFlag, name: "--set"}, nil, "", "%v", err)
	}
	for _, setting := range settings {
		from := source{rank: rankFlag, name: "--set"}
		path, text, found := strings.Cut(setting, "=")
		path = strings.ToLower(path)
		i := slices.IndexFunc(new(Config).keys(), func(k key) bool { return k.path == path })
		within := slices.IndexFunc(new(Config).keys(), func(k key) bool { return strings.HasPrefix(k.path, path+".") })
		switch {
		case !found:
			l.report.addAt(from, nil, "", "what follows is not key=value: write it like --set program.starts=2026-01-01")
		case i < 0 && within >= 0:
			l.report.addAt(from, nil, quotePath(path), "is a section, not a key: set its keys one by one, such as %s", new(Config).keys()[within].path)
		case i < 0:
			section := path[:max(0, strings.LastIndexByte(path, '.'))]
			l.report.addAt(from, nil, quotePath(path), "unknown key; the nearest known one is %s", l.schema.nearest(path, section))
		default:
			add(from, path, new(Config).keys()[i].shape, text)
		}
	}
	return values
}

func quotePath(path string) string {
	names := strings.Split(path, ".")
	for i, name := range names {
		names[i] = quoteName(name)
	}
	return strings.Join(names, ".")
}

// fromText returns what a variable or a flag says as a node.
func (l *loader) fromText(from source, path string, shape shape, text string) (*yaml.Node, bool) {
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	trimmed := strings.TrimSpace(text)
	isJSON := strings.HasPrefix(trimmed, "[") || strings.HasPrefix(trimmed, "{")
	switch {
	case shape == aText:
		node.Tag = "!!str"
		return node, true
	case shape == aPlain:
		node.Value = trimmed
		return node, true
	case shape == aChoice && !isJSON && !strings.Contains(trimmed, ","):
		node.Value = trimmed
		return node, true
	case (shape == words || shape == aChoice) && !isJSON:
		node = &yaml.Node{Kind: yaml.SequenceNode}
		for word := range strings.SplitSeq(trimmed, ",") {
			if word = strings.TrimSpace(word); word != "" {
				node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: word})
			}
		}
		return node, true
	}
	node, err := parseJSON([]byte(text))
	if err != nil {
		example := map[string]string{
			"program.earn.high_spend": `[{"amount": "100", "points": 50}]`,
			"program.earn.campaigns":  `[{"name": "May", "from": "2026-05-01", "to": "2026-06-01", "multiplier": "2"}]`,
		}[path]
		switch {
		case example != "":
		case shape == aMap:
			example = `{"12": …}`
		default:
			example = `["first", "second"]`
		}
		l.report.addAt(from, nil, path, "%v: write it like %s", err, example)
		return nil, false
	}
	return node, true
}
