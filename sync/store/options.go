package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Options returns those of the site's options that exist, as they are stored:
// no filter and no constant of WordPress's changes them.
func (s *Store) Options(ctx context.Context, names ...string) (map[string]string, error) {
	options := map[string]string{}
	err := s.once().each(ctx, `SELECT option_name, option_value FROM {p}options WHERE option_name IN (`+quoted(names)+`)`, nil,
		func(r record) error {
			options[r.text(0)] = r.text(1)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the site's options: %w", err)
	}
	return options, nil
}

// Moment is what the site's options say at one moment.
type Moment struct {
	Now      time.Time // by the database's clock, UTC
	Settings Settings
	Options  map[string]string // those that were asked for and exist, as they are stored
	Users    map[int64]bool    // those that were asked for and exist
}

// Moment reads the site's settings with the clock, which of some users exist,
// and further options, all in one statement.
func (s *Store) Moment(ctx context.Context, users []int64, names ...string) (Moment, error) {
	m := Moment{Options: map[string]string{}, Users: make(map[int64]bool, len(users))}
	query := `
		SELECT 0 AS user, '' AS option_name, UTC_TIMESTAMP(6) AS option_value
		UNION ALL SELECT 0, option_name, option_value FROM {p}options WHERE option_name IN (` + quoted(slices.Concat(names, settingOptions)) + `)`
	if len(users) > 0 {
		query += ` UNION ALL SELECT ID, '', '' FROM {u}users WHERE ID IN (` + list(users) + `)`
	}
	err := s.once().each(ctx, query, nil, func(r record) error {
		switch user := r.id(0); {
		case user != 0:
			m.Users[user] = true
		case r.text(1) == "":
			m.Now = r.time(2)
		default:
			m.Options[r.text(1)] = r.text(2)
		}
		return nil
	})
	if err != nil {
		return Moment{}, fmt.Errorf("read the site's options: %w", err)
	}
	m.Settings, err = s.settingsOf(m.Options)
	return m, err
}
