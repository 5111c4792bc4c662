package store

import (
	"context"
	"fmt"
)

// Options returns those of the site's options that exist, as they are stored:
// no filter and no constant of WordPress's changes them.
func (s *Store) Options(ctx context.Context, names ...string) (map[string]string, error) {
	options := map[string]string{}
	err := each(ctx, s.db, s.sql(`SELECT option_name, option_value FROM {p}options WHERE option_name IN (`+quoted(names)+`)`), nil,
		func(r record) error {
			options[r.text(0)] = r.text(1)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the site's options: %w", err)
	}
	return options, nil
}
