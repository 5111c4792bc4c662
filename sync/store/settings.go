package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // servers without zone files are ordinary
)

// Settings are the options of the site that decide how its data is read.
type Settings struct {
	Storage     Storage
	Zone        *time.Location
	ZoneName    string // such as "Europe/Paris" or "+05:30"
	StartOfWeek time.Weekday
	Currency    string // the store's, such as "EUR"
	Home        string // siteurl: where WordPress is installed
	// SharedUsers says that not all users are this site's, because it is one of
	// several of a network or has its users in common with another: its own
	// are those who have capabilities in it. Only Store.Settings tells.
	SharedUsers bool
	// Decimals is how many decimals the store's prices have: 2 unless WooCommerce's
	// option woocommerce_price_num_decimals says otherwise, and at most the 8 that
	// the ledger keeps of an amount.
	Decimals int
}

// Settings reads the site's settings. A missing option has the value that
// WordPress or WooCommerce takes then: no offset from UTC, weeks from Monday,
// USD with 2 decimals, orders in posts. A time zone that does not exist is an error.
func (s *Store) Settings(ctx context.Context) (Settings, error) {
	return s.once().settings(ctx)
}

func (sn *Snapshot) settings(ctx context.Context) (Settings, error) {
	options := map[string]string{}
	query := `SELECT option_name, option_value FROM {p}options WHERE option_name IN (` + quoted(settingOptions) + `)`
	shared := sn.store.sharesUsers()
	if !shared {
		query += ` UNION ALL SELECT '', COUNT(*) FROM (` + sn.store.otherSitesSQL() + `) others`
	}
	err := sn.each(ctx, query, nil,
		func(r record) error {
			if r.text(0) == "" {
				shared = r.id(1) > 0
			} else {
				options[r.text(0)] = r.text(1)
			}
			return nil
		})
	if err != nil {
		return Settings{}, fmt.Errorf("read the site's options: %w", err)
	}
	settings, err := sn.store.settingsOf(options)
	settings.SharedUsers = shared
	return settings, err
}

// otherSitesSQL finds a user of another site of the network whose main site
// this is: with the prefix wp_, one with wp_2_capabilities. The index on the
// key leads there: in any collation digits stand before letters.
func (s *Store) otherSitesSQL() string {
	prefix := string(s.prefix) // only letters, digits, _ and $
	return `SELECT 1 FROM {u}usermeta WHERE meta_key >= '` + prefix + `0' AND meta_key < '` + prefix + `a'
		AND RIGHT(meta_key, 13) = '_capabilities' LIMIT 1`
}

// settingOptions are what Settings are made of.
var settingOptions = []string{
	"woocommerce_custom_orders_table_enabled", "timezone_string", "gmt_offset", "start_of_week", "woocommerce_currency", priceDecimals, "siteurl",
}

const priceDecimals = "woocommerce_price_num_decimals"

func (s *Store) settingsOf(options map[string]string) (Settings, error) {
	settings := Settings{
		Storage:     Legacy,
		StartOfWeek: time.Monday,
		Currency:    "USD", // the default of WooCommerce's currency setting
		Decimals:    decimalsOf(options[priceDecimals]),
		Home:        options["siteurl"],
	}
	if options["woocommerce_custom_orders_table_enabled"] == "yes" {
		settings.Storage = HPOS
	}
	if currency := strings.TrimSpace(options["woocommerce_currency"]); currency != "" {
		settings.Currency = currency
	}
	if day, err := strconv.Atoi(options["start_of_week"]); err == nil && day >= 0 && day <= 6 {
		settings.StartOfWeek = time.Weekday(day)
	}
	zone, err := s.siteZone(options["timezone_string"], options["gmt_offset"])
	if err != nil {
		return Settings{}, err
	}
	settings.Zone = zone
	settings.ZoneName = settings.Zone.String()
	return settings, nil
}

func decimalsOf(option string) int {
	const standard, most = 2, 8
	decimals, err := strconv.ParseUint(strings.TrimSpace(option), 10, 16)
	if err != nil {
		return standard
	}
	return int(min(decimals, most))
}

// readZone is a time zone with the options that it was read from.
type readZone struct {
	name, offset string
	zone         *time.Location
}

// siteZone returns the time zone of the two options. It is read from a file
// only when they changed.
func (s *Store) siteZone(name, offset string) (*time.Location, error) {
	if last := s.zone.Load(); last != nil && last.name == name && last.offset == offset {
		return last.zone, nil
	}
	zone, err := siteZone(name, offset)
	if err == nil {
		s.zone.Store(&readZone{name, offset, zone})
	}
	return zone, err
}

// siteZone returns the time zone of the two options that WordPress has for it:
// a name, which wins, or hours from UTC such as "5.5".
func siteZone(name, offset string) (*time.Location, error) {
	name, offset = strings.TrimSpace(name), strings.TrimSpace(offset)
	if name == "" {
		zone, ok := offsetZone(offset)
		if !ok {
			return nil, fmt.Errorf("the site's offset from UTC (option gmt_offset) is %q, want hours such as 5.5: choose a time zone in WordPress under Settings > General", offset)
		}
		return zone, nil
	}
	if zone, ok := offsetZone(name); ok {
		return zone, nil
	}
	// Go has its own meaning for Local, which no site means.
	if name != "Local" {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, nil
		}
	}
	return nil, fmt.Errorf("the site's time zone (option timezone_string) is %q, which is not known: choose a city in WordPress under Settings > General", name)
}

// offsetZone reads "5.5", "-3.75", "", "UTC+2" or "+05:30" as a fixed zone,
// named as WordPress names it. WordPress drops what is below a minute.
func offsetZone(text string) (*time.Location, bool) {
	if rest := strings.TrimPrefix(text, "UTC"); rest != "" {
		text = rest
	}
	sign := '+'
	if rest, found := strings.CutPrefix(text, "-"); found {
		sign, text = '-', rest
	} else {
		text = strings.TrimPrefix(text, "+")
	}
	var minutes int
	if hours, rest, found := strings.Cut(text, ":"); found {
		h, errHours := strconv.ParseUint(hours, 10, 8)
		m, errMinutes := strconv.ParseUint(rest, 10, 8)
		if errHours != nil || errMinutes != nil || m > 59 {
			return nil, false
		}
		minutes = int(h)*60 + int(m)
	} else if text != "" {
		hours, err := strconv.ParseFloat(text, 64)
		if err != nil || !(hours >= 0 && hours <= 24) {
			return nil, false
		}
		minutes = int(hours * 60)
	}
	const most = 15 * 60
	if minutes > most {
		return nil, false
	}
	name := fmt.Sprintf("%c%02d:%02d", sign, minutes/60, minutes%60)
	if sign == '-' {
		minutes = -minutes
	}
	return time.FixedZone(name, minutes*60), true
}
