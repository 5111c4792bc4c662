package config

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"loyaltyd/internal/settings"
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
func (l *loader) environment(environ []string) map[string]settings.Value {
	known := map[string]settings.Key{}
	var names []string
	for _, k := range table.Keys() {
		name := envName(k.Path)
		known[name] = k
		names = append(names, name)
	}
	values := map[string]settings.Value{}
	for _, variable := range environ {
		name, text, _ := strings.Cut(variable, "=")
		if text == "" || !strings.HasPrefix(name, envPrefix) || notOurs(name) {
			continue
		}
		from := settings.Source{Rank: settings.Env, Name: name}
		key, is := known[name]
		if !is {
			near, _ := settings.Closest(strings.ToUpper(name), names)
			l.report.AddAt(settings.Source{Rank: settings.Env, Name: settings.QuoteName(name)}, nil, "", "unknown environment variable; the nearest known one is %s", near)
			continue
		}
		if node, ok := l.fromText(from, key, text); ok {
			values[key.Path] = settings.Value{Node: node, Source: from}
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
func (l *loader) flags(flags *pflag.FlagSet) map[string]settings.Value {
	values := map[string]settings.Value{}
	if flags == nil {
		return values
	}
	add := func(from settings.Source, path, text string) {
		key, _ := table.Key(path)
		if before, twice := values[path]; twice {
			l.report.AddAt(from, nil, path, "given twice, also by %s: keep one", before.Source.Name)
		} else if node, ok := l.fromText(from, key, text); ok {
			values[path] = settings.Value{Node: node, Source: from}
		}
	}
	for _, f := range flagKeys {
		if flag := flags.Lookup(f.flag); flag != nil && flag.Changed {
			add(settings.Source{Rank: settings.Flag, Name: "--" + f.flag}, f.key, flag.Value.String())
		}
	}
	if flags.Lookup("set") == nil {
		return values
	}
	given, err := flags.GetStringArray("set")
	if err != nil {
		l.report.AddAt(settings.Source{Rank: settings.Flag, Name: "--set"}, nil, "", "%v", err)
	}
	for _, setting := range given {
		from := settings.Source{Rank: settings.Flag, Name: "--set"}
		path, text, found := strings.Cut(setting, "=")
		path = strings.ToLower(path)
		_, is := table.Key(path)
		within := slices.IndexFunc(table.Keys(), func(k settings.Key) bool { return strings.HasPrefix(k.Path, path+".") })
		switch {
		case !found:
			l.report.AddAt(from, nil, "", "what follows is not key=value: write it like --set program.starts=2026-01-01")
		case !is && within >= 0:
			l.report.AddAt(from, nil, quotePath(path), "is a section, not a key: set its keys one by one, such as %s", table.Keys()[within].Path)
		case !is:
			l.report.AddAt(from, nil, quotePath(path), "unknown key; the nearest known one is %s", table.Nearest(path))
		default:
			add(from, path, text)
		}
	}
	return values
}

func quotePath(path string) string {
	names := strings.Split(path, ".")
	for i, name := range names {
		names[i] = settings.QuoteName(name)
	}
	return strings.Join(names, ".")
}

// fromText returns what a variable or a flag says as a node.
func (l *loader) fromText(from settings.Source, key settings.Key, text string) (*yaml.Node, bool) {
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	trimmed := strings.TrimSpace(text)
	shape := key.Shape()
	isJSON := strings.HasPrefix(trimmed, "[") || strings.HasPrefix(trimmed, "{")
	switch {
	case shape == settings.AsText:
		node.Tag = "!!str"
		return node, true
	case shape == settings.AsPlain:
		node.Value = trimmed
		return node, true
	case shape == settings.AsChoice && !isJSON && !strings.Contains(trimmed, ","):
		node.Value = trimmed
		return node, true
	case (shape == settings.AsWords || shape == settings.AsChoice) && !isJSON:
		node = &yaml.Node{Kind: yaml.SequenceNode}
		for word := range strings.SplitSeq(trimmed, ",") {
			if word = strings.TrimSpace(word); word != "" {
				node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: word})
			}
		}
		return node, true
	}
	node, err := settings.ParseJSON([]byte(text))
	if err != nil {
		example := key.Example
		switch {
		case example != "":
		case shape == settings.AsMap:
			example = `{"12": …}`
		default:
			example = `["first", "second"]`
		}
		l.report.AddAt(from, nil, key.Path, "%v: write it like %s", err, example)
		return nil, false
	}
	return node, true
}
