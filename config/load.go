package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"

	"loyaltyd/internal/settings"
	"loyaltyd/sync/program"
)

// Load returns the configuration from, the later winning: defaults, the file
// that --config or LOYALTYD_CONFIG names, the environment (as os.Environ
// returns it) and the flags, which may be nil. An empty variable is as if it
// were not set. The error is an *InvalidError with all problems.
func Load(flags *pflag.FlagSet, environ []string) (Config, error) {
	var l loader
	v := viper.NewWithOptions(viper.WithDecoderRegistry(&l))
	v.SetConfigType("yaml")
	for path, value := range table.Defaults() {
		v.SetDefault(path, value)
	}
	environment := l.environment(environ)
	l.file = settings.Source{Rank: settings.File, Name: fileName(flags, environ)}
	if err := l.readFile(v); err != nil {
		l.report.Add(l.file.Name, "", "%v", err)
	}
	// Over the file: a later merge wins. Values are opaque to viper, so a
	// map or list is replaced as a whole.
	if err := v.MergeConfigMap(nest(environment)); err != nil {
		return Config{}, fmt.Errorf("merge the environment: %w", err)
	}
	for path, value := range l.flags(flags) {
		v.Set(path, value)
	}

	values := map[string]settings.Value{}
	for _, k := range table.Keys() {
		values[k.Path], _ = v.Get(k.Path).(settings.Value)
	}
	c, err := build(values, &l.report)
	if err != nil {
		return Config{}, err
	}
	if err := l.report.Err(); err != nil {
		return Config{}, err
	}
	c.warn(l.file.Name)
	return c, nil
}

// WithProgram returns c with the programme in document (JSON or YAML, the
// content of `program`) in place of its own; what the document does not name
// has its default. Name is where the document comes from. The error is an
// *InvalidError.
func (c Config) WithProgram(document []byte, name string) (Config, error) {
	var r settings.Report
	from := settings.Source{Rank: settings.File, Name: name}
	root, err := settings.ParseDocument(document)
	if err != nil {
		return Config{}, settings.Invalid(name, "", "%v", err)
	}
	next := c
	next.values = maps.Clone(c.values)
	for path, value := range table.Defaults() {
		if strings.HasPrefix(path, "program.") {
			next.values[path] = value
		}
	}
	maps.Copy(next.values, table.Flatten(root, "program", from, &r))
	next.Program = program.Settings{}
	if err := next.read("program.", &r); err != nil {
		return Config{}, err
	}
	next.checkProgram(&r)
	if err := r.Err(); err != nil {
		return Config{}, err
	}
	return next, nil
}

// build returns the configuration that values make, each key having one.
func build(values map[string]settings.Value, r *settings.Report) (Config, error) {
	c := Config{values: maps.Clone(values)}
	c.settle(r, "store.wp_path", "store.dsn", "store.dsn_file")
	c.settle(r, "ledger.dsn", "ledger.dsn_file")
	c.settle(r, "endpoint.key", "endpoint.key_file")
	c.settle(r, "endpoint.token", "endpoint.token_file")
	if err := c.read("", r); err != nil {
		return Config{}, err
	}
	c.check(r)
	// What is kept for Print holds no password and no key.
	hide := func(path, shown string) {
		if v := c.values[path]; v.Node.Value != "" {
			v.Node = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: shown, Line: v.Node.Line}
			c.values[path] = v
		}
	}
	for path, dsn := range map[string]DSN{"store.dsn": c.Store.DSN, "ledger.dsn": c.Ledger.DSN} {
		if dsn.hasPassword() {
			hide(path, dsn.String())
		}
	}
	for _, path := range []string{"endpoint.key", "endpoint.token"} {
		hide(path, hidden)
	}
	return c, nil
}

// read reads the keys that begin with prefix.
func (c *Config) read(prefix string, r *settings.Report) error {
	tree := table.Read(c.values, prefix, r)
	table.CheckBounds(tree, c.values, r)
	return tree.Into(c)
}

func (c *Config) entry(path string, r *settings.Report) settings.Entry {
	return table.Entry(c.values, path, r)
}

// settle leaves one of several keys that say the same: the one from the
// strongest place. Two from there are a problem.
func (c *Config) settle(r *settings.Report, paths ...string) {
	given := slices.DeleteFunc(paths, func(path string) bool {
		node := c.values[path].Node
		return node.Kind == yaml.ScalarNode && node.Value == ""
	})
	if len(given) < 2 {
		return
	}
	slices.SortStableFunc(given, func(a, b string) int { return int(c.values[b].Source.Rank - c.values[a].Source.Rank) })
	first, second := c.values[given[0]], c.values[given[1]]
	if first.Source.Rank == second.Source.Rank {
		c.entry(given[1], r).Refuse("given together with %s, which says the same: keep one of them", given[0])
	}
	standard := table.Defaults()
	for _, path := range given[1:] {
		c.values[path] = settings.Value{
			Node:   standard[path].Node,
			Source: settings.Source{Name: "set aside: " + given[0] + " from " + first.Source.At(first.Node) + " counts"},
		}
	}
}

// nest turns full keys into the nested maps that viper merges.
func nest(flat map[string]settings.Value) map[string]any {
	tree := settings.Tree{}
	for path, v := range flat {
		tree[path] = v
	}
	return tree.Document()
}

// loader reads the places of a configuration into values.
type loader struct {
	file   settings.Source
	report settings.Report
}

// Decoder makes the loader viper's reader of every format.
func (l *loader) Decoder(string) (viper.Decoder, error) { return l, nil }

// Decode puts the values of a document into tree.
func (l *loader) Decode(data []byte, tree map[string]any) error {
	root, err := settings.ParseDocument(data)
	if err != nil {
		return err
	}
	maps.Copy(tree, nest(table.Flatten(root, "", l.file, &l.report)))
	return nil
}

const maxFile = 1 << 20

func (l *loader) readFile(v *viper.Viper) error {
	if l.file.Name == "" {
		return nil
	}
	data, err := readBounded(l.file.Name, maxFile)
	if err != nil {
		return err
	}
	err = v.ReadConfig(bytes.NewReader(data))
	if parse, ok := errors.AsType[viper.ConfigParseError](err); ok {
		return fmt.Errorf("neither YAML nor JSON: %w", errors.Unwrap(parse))
	}
	return err
}

// readBounded returns the content of a file, or an error without its name.
func readBounded(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w: check the name and who may read it", reason(err))
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w: check that it is a file", reason(err))
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("is larger than %d bytes: it is not the right file", limit)
	}
	return data, nil
}

// reason drops the operation and the file's name, which the place tells.
func reason(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}

func fileName(flags *pflag.FlagSet, environ []string) string {
	if name := flagText(flags, "config"); name != "" {
		return name
	}
	name := ""
	for _, variable := range environ {
		if text, ok := strings.CutPrefix(variable, envPrefix+"CONFIG="); ok {
			name = text
		}
	}
	return name
}

func flagText(flags *pflag.FlagSet, name string) string {
	if flags == nil {
		return ""
	}
	if flag := flags.Lookup(name); flag != nil && flag.Changed {
		return flag.Value.String()
	}
	return ""
}

// warn notes files that hold a password or a key and that everybody may read.
func (c *Config) warn(file string) {
	for _, kept := range []struct {
		what, key, file string
		holds           bool
	}{
		{"a database password", "store.dsn", c.Store.DSNFile, c.Store.DSN.hasPassword()},
		{"a database password", "ledger.dsn", c.Ledger.DSNFile, c.Ledger.DSN.hasPassword()},
		{"a key", "endpoint.key", c.Endpoint.KeyFile, !c.Endpoint.Key.IsZero()},
		{"a key", "endpoint.token", c.Endpoint.TokenFile, !c.Endpoint.Token.IsZero()},
	} {
		path := kept.file
		if path == "" && c.values[kept.key].Source.Rank == settings.File {
			path = file
		}
		if path == "" || !kept.holds {
			continue
		}
		// Container platforms mount secrets readable for all, so this is no error.
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 {
			warning := fmt.Sprintf("%s holds %s and every user of this machine may read it: run `chmod o-r %s`", path, kept.what, path)
			if !slices.Contains(c.Warnings, warning) {
				c.Warnings = append(c.Warnings, warning)
			}
		}
	}
}
