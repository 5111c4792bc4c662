package testshop

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
	_ "time/tzdata" // the demo runs where the system has no zones

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// Storage is where a WooCommerce store keeps its orders.
type Storage int

// The storage modes of WooCommerce.
const (
	HPOS   Storage = iota // wc_orders and its side tables
	Legacy                // posts and postmeta
	Synced                // HPOS, with the posts kept up to date beside it
)

// String returns the mode's name in lower case.
func (s Storage) String() string {
	return [...]string{"hpos", "legacy", "synced"}[s]
}

func (s Storage) hpos() bool  { return s != Legacy }
func (s Storage) posts() bool { return s != HPOS }

// Options says what kind of store NewShop makes; the zero value is an HPOS
// store in UTC and US dollars under the prefix wp_.
type Options struct {
	Prefix      string              // "wp_" when empty
	UsersPrefix string              // of users and usermeta; Prefix when empty (a multisite's site differs)
	UserTables  database.UserTables // names of their own (CUSTOM_USER_TABLE), without any prefix
	Storage     Storage
	Timezone    string // timezone_string, such as "Europe/Berlin"
	GMTOffset   string // hours, such as "5.5"; counts when Timezone is empty
	StartOfWeek int    // 0 is Sunday
	Currency    string // "USD" when empty

	// NoOrderTables leaves out the tables of HPOS, as on stores older than
	// it; only with Legacy.
	NoOrderTables bool

	// InWordPress adds the store to a WordPress that is installed in the
	// database: its tables, options, users and terms stay.
	InWordPress bool
}

// Shop is a WooCommerce store of our own making: its methods write what
// WooCommerce 10.9.1 was seen to write, row by row and each row as an
// autocommitted statement of its own (WooCommerce saves orders without
// transactions). Fields may be changed between calls.
type Shop struct {
	DB          *sqlx.DB // dates arrive as time.Time, zero dates as the zero time
	Prefix      database.Prefix
	UsersPrefix database.Prefix
	UserTables  database.UserTables
	Storage     Storage
	Currency    string

	// Now is the clock of the shop's PHP. WooCommerce stamps rows with it,
	// in whole seconds, never with the database's clock.
	Now func() time.Time

	// Before, if set, is called before each statement that writes, with its
	// text. An error ends the operation there, the statements before it
	// done and the others not, and is returned.
	Before func(query string) error

	zone *time.Location
	sink *batch
}

//go:embed shop_schema.sql
var schema string

//go:embed shop_schema_hpos.sql
var schemaHPOS string

// NewShop makes the tables of a fresh store in the database of dsn (in the
// form of go-sql-driver/mysql) with its options, the roles' first user
// (admin, id 1) and the default terms. Close it after use.
func NewShop(ctx context.Context, dsn string, o Options) (*Shop, error) {
	shop, err := openShop(ctx, dsn, o)
	if err != nil {
		return nil, err
	}
	if err := shop.install(ctx, o); err != nil {
		return nil, errors.Join(err, shop.Close())
	}
	return shop, nil
}

// OpenShop returns the store that is already in the database of dsn; only
// Prefix, UsersPrefix and UserTables of o are read, the rest is found in its options.
func OpenShop(ctx context.Context, dsn string, o Options) (*Shop, error) {
	shop, err := openShop(ctx, dsn, o)
	if err != nil {
		return nil, err
	}
	read := map[string]string{}
	for _, name := range []string{optionHPOS, optionSync, "timezone_string", "gmt_offset", "woocommerce_currency"} {
		var value string
		err := shop.DB.GetContext(ctx, &value, shop.sql(`SELECT option_value FROM {p}options WHERE option_name = ?`), name)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, errors.Join(fmt.Errorf("read option %s: %w", name, err), shop.Close())
		}
		read[name] = value
	}
	switch {
	case read[optionHPOS] != "yes":
		shop.Storage = Legacy
	case read[optionSync] == "yes":
		shop.Storage = Synced
	default:
		shop.Storage = HPOS
	}
	shop.Currency = read["woocommerce_currency"]
	if shop.zone, err = zone(read["timezone_string"], read["gmt_offset"]); err != nil {
		return nil, errors.Join(err, shop.Close())
	}
	return shop, nil
}

func openShop(ctx context.Context, dsn string, o Options) (*Shop, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse the store's DSN: %w", err)
	}
	config.ParseTime = true
	config.Loc = time.UTC
	config.InterpolateParams = true
	config.Collation = "utf8mb4_unicode_520_ci"
	// WordPress takes the strict modes and NO_ZERO_DATE out of its sessions.
	config.Params = map[string]string{"sql_mode": "'NO_ENGINE_SUBSTITUTION'", "time_zone": "'+00:00'"}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("open the store's database: %w", err)
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "mysql")
	db.SetMaxOpenConns(4)
	db.SetConnMaxLifetime(3 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store's database: %w", err), db.Close())
	}
	if o.Prefix == "" {
		o.Prefix = "wp_"
	}
	if o.UsersPrefix == "" {
		o.UsersPrefix = o.Prefix
	}
	if o.Currency == "" {
		o.Currency = "USD"
	}
	return &Shop{
		DB: db, Prefix: database.Prefix(o.Prefix), UsersPrefix: database.Prefix(o.UsersPrefix),
		UserTables: o.UserTables.Or(database.UsersUnder(database.Prefix(o.UsersPrefix))),
		Storage:    o.Storage, Currency: o.Currency, Now: time.Now, zone: time.UTC,
	}, nil
}

// Close closes the store's connections; its rows stay.
func (s *Shop) Close() error { return s.DB.Close() }

const (
	optionHPOS = "woocommerce_custom_orders_table_enabled"
	optionSync = "woocommerce_custom_orders_table_data_sync_enabled"
)

func (s *Shop) install(ctx context.Context, o Options) error {
	text := schema
	if !o.NoOrderTables {
		text += schemaHPOS
	}
	if o.InWordPress {
		text = strings.ReplaceAll(text, "CREATE TABLE {", "CREATE TABLE IF NOT EXISTS {")
	}
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.Contains(statement, "CREATE TABLE") {
			if _, err := s.exec(ctx, statement); err != nil {
				return err
			}
		}
	}
	yes := map[bool]string{true: "yes", false: "no"}
	options := [][2]string{
		{"siteurl", siteURL},
		{"home", siteURL},
		{"blogname", "A little shop"},
		{"default_role", "subscriber"},
	}
	if o.InWordPress {
		options = nil
	}
	options = append(options, [][2]string{
		{"start_of_week", fmt.Sprint(o.StartOfWeek)},
		{"woocommerce_version", wooVersion},
		{"woocommerce_currency", s.Currency},
		{"woocommerce_price_num_decimals", "2"},
		{optionHPOS, yes[s.Storage.hpos()]},
	}...)
	for _, option := range options {
		if err := s.SetOption(ctx, option[0], option[1]); err != nil {
			return err
		}
	}
	if s.Storage == Synced {
		if err := s.SetOption(ctx, optionSync, "yes"); err != nil {
			return err
		}
	}
	if err := s.SetTimezone(ctx, o.Timezone, o.GMTOffset); err != nil {
		return err
	}
	for _, term := range []struct{ name, taxonomy string }{
		{"Uncategorized", "category"}, // WordPress's own
		{"simple", "product_type"},
		{"variable", "product_type"},
		{"Uncategorized", "product_cat"},
	} {
		if o.InWordPress && term.taxonomy == "category" {
			continue
		}
		if _, err := s.addTerm(ctx, term.name, term.taxonomy, 0); err != nil {
			return err
		}
	}
	var users int
	if err := s.DB.GetContext(ctx, &users, s.sql(`SELECT COUNT(*) FROM {u}users`)); err != nil {
		return fmt.Errorf("count users: %w", err)
	}
	if users > 0 {
		return nil
	}
	_, err := s.AddUser(ctx, User{Login: "admin", Email: "admin@shop.example", Roles: []string{"administrator"}})
	return err
}

const (
	siteURL    = "https://shop.example"
	wooVersion = "10.9.1"
)

// SetOption writes a row of wp_options, as update_option does.
func (s *Shop) SetOption(ctx context.Context, name, value string) error {
	_, err := s.exec(ctx, `
		INSERT INTO {p}options (option_name, option_value, autoload) VALUES (?, ?, 'on')
		ON DUPLICATE KEY UPDATE option_value = ?`, name, value, value)
	return err
}

// SetTimezone changes the site's time zone: a zone's name, or an offset in
// hours such as "5.5" when name is empty. Rows already written keep their
// local times, as in WordPress.
func (s *Shop) SetTimezone(ctx context.Context, name, gmtOffset string) error {
	location, err := zone(name, gmtOffset)
	if err != nil {
		return err
	}
	if gmtOffset == "" {
		gmtOffset = "0"
	}
	if err := s.SetOption(ctx, "timezone_string", name); err != nil {
		return err
	}
	if err := s.SetOption(ctx, "gmt_offset", gmtOffset); err != nil {
		return err
	}
	s.zone = location
	return nil
}

func zone(name, gmtOffset string) (*time.Location, error) {
	if name != "" {
		location, err := time.LoadLocation(name)
		if err != nil {
			return nil, fmt.Errorf("the site's time zone: %w", err)
		}
		return location, nil
	}
	if gmtOffset == "" {
		gmtOffset = "0"
	}
	hours, ok := new(big.Rat).SetString(gmtOffset)
	if !ok {
		return nil, fmt.Errorf("gmt_offset %q: want hours, such as 5.5", gmtOffset)
	}
	seconds := hours.Mul(hours, big.NewRat(3600, 1))
	return time.FixedZone("", int(new(big.Int).Quo(seconds.Num(), seconds.Denom()).Int64())), nil
}

func (s *Shop) sql(query string) string {
	users := strings.NewReplacer("{u}usermeta", string(s.UserTables.Meta), "{u}users", string(s.UserTables.Users))
	return s.Prefix.SQL(users.Replace(query))
}

// exec runs one writing statement, autocommitted.
func (s *Shop) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	query = s.sql(query)
	if s.Before != nil {
		if err := s.Before(query); err != nil {
			return nil, err
		}
	}
	result, err := s.DB.ExecContext(ctx, query, args...)
	if err != nil {
		words := strings.Join(strings.Fields(query), " ")
		return nil, fmt.Errorf("%.80s: %w", words, err)
	}
	return result, nil
}

// Exec runs any writing statement in the shop's lenient session, with {p} and
// {u} replaced: for tests that plant what no plugin should, such as zero
// dates, NULLs or rows without a parent.
func (s *Shop) Exec(ctx context.Context, query string, args ...any) error {
	return s.run(ctx, query, args...)
}

// run is exec for those who do not need the result.
func (s *Shop) run(ctx context.Context, query string, args ...any) error {
	_, err := s.exec(ctx, query, args...)
	return err
}

func (s *Shop) now() time.Time { return s.Now().UTC().Truncate(time.Second) }

const stampForm = "2006-01-02 15:04:05"

// gmt is t as a UTC column holds it; the zero time is the zero date.
func gmt(t time.Time) string {
	if t.IsZero() {
		return zeroDate
	}
	return t.UTC().Format(stampForm)
}

// gmtOrNull is gmt for columns that may be NULL.
func gmtOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return gmt(t)
}

// local is t as a column in the site's time holds it.
func (s *Shop) local(t time.Time) string {
	if t.IsZero() {
		return zeroDate
	}
	return t.In(s.zone).Format(stampForm)
}

const zeroDate = "0000-00-00 00:00:00"

// ErrStopped is what StopAfter returns.
var ErrStopped = errors.New("stopped between two statements")

// StopAfter returns a hook for Shop.Before that lets n statements pass and
// stops all later ones with ErrStopped: the store is then as another
// connection could see it in the middle of a save.
func StopAfter(n int) func(string) error {
	return func(string) error {
		if n--; n < 0 {
			return ErrStopped
		}
		return nil
	}
}

// Must returns value and panics with err if there is one, for tests:
// id := testshop.Must(shop.PlaceOrder(ctx, order)).
func Must[T any](value T, err error) T {
	Do(err)
	return value
}

// Do panics with err if there is one.
func Do(err error) {
	if err != nil {
		panic(err)
	}
}
