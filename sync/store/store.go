// Package store reads a WordPress database with WooCommerce into the facts
// that a program values. It never writes, and knows nothing of points.
package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
)

// Storage says where WooCommerce keeps its orders.
type Storage string

// The two places of orders. In compatibility mode ("sync") both are written
// and the one that WooCommerce reads is the truth.
const (
	HPOS   Storage = "hpos"   // tables wc_orders and its kin
	Legacy Storage = "legacy" // posts and postmeta
)

// Store is a WordPress site's part of a database.
type Store struct {
	db     *sqlx.DB
	prefix database.Prefix
	users  database.UserTables
	tables *strings.Replacer
	zone   atomic.Pointer[readZone] // the site's, as it was read last
}

// Error numbers of the server that have a known way out.
const (
	errNoSuchTable       = 1146
	errTableAccessDenied = 1142
	errColumnDenied      = 1143
)

// Open returns the site with that table prefix, having checked that its
// tables can be read. The handle must come from database.OpenStore. The error
// names the table that is missing and, if the prefix is wrong, those found.
func Open(ctx context.Context, db *sqlx.DB, prefix database.Prefix) (*Store, error) {
	return OpenWith(ctx, db, prefix, database.UserTables{})
}

// OpenWith is Open for a site whose tables of users have names of their own;
// an empty one has WordPress's.
func OpenWith(ctx context.Context, db *sqlx.DB, prefix database.Prefix, custom database.UserTables) (*Store, error) {
	s := &Store{db: db, prefix: prefix, tables: strings.NewReplacer()}
	switch err := s.probe(ctx, string(prefix)+"options"); {
	case notThere(err):
		return nil, s.wrongPrefix(ctx, err)
	case err != nil:
		return nil, err
	}
	if err := s.findUsers(ctx, custom); err != nil {
		return nil, err
	}
	s.tables = strings.NewReplacer("{p}", string(s.prefix), "{u}usermeta", s.users.Meta.SQL(), "{u}users", s.users.Users.SQL())
	for _, table := range []string{
		"{p}posts", "{p}postmeta", "{p}comments", "{p}commentmeta",
		"{p}term_relationships", "{p}term_taxonomy",
	} {
		if err := s.probe(ctx, s.sql(table)); err != nil {
			return nil, err
		}
	}
	for _, table := range []string{"{p}woocommerce_order_items", "{p}woocommerce_order_itemmeta"} {
		err := s.probe(ctx, s.sql(table))
		if database.Code(err) == errNoSuchTable {
			return nil, fmt.Errorf("WooCommerce is not installed in this site, there is no table %s: activate it, or check the table prefix %q", s.sql(table), prefix)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Prefix returns the site's table prefix.
func (s *Store) Prefix() database.Prefix { return s.prefix }

// UserTables returns the tables of users and their meta.
func (s *Store) UserTables() database.UserTables { return s.users }

// findUsers finds the tables of users. Those that have no names of their own
// are the site's or, in a multisite, the network's.
func (s *Store) findUsers(ctx context.Context, custom database.UserTables) error {
	own, network := database.UsersUnder(s.prefix), database.UsersUnder(s.prefix.Base())
	s.users = custom.Or(own)
	if own != network && custom.Or(own) != custom {
		one := s.users.Users
		if custom.Users != "" {
			one = s.users.Meta
		}
		if notThere(s.probe(ctx, string(one))) {
			s.users = custom.Or(network)
		}
	}
	for _, table := range []database.TableName{s.users.Users, s.users.Meta} {
		err := s.probe(ctx, string(table))
		if database.Code(err) == errNoSuchTable {
			return fmt.Errorf("%w: if wp-config.php defines CUSTOM_USER_TABLE or CUSTOM_USER_META_TABLE, name them with store.users_table and store.usermeta_table", err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sharesUsers reports whether the tables of users are also those of other
// sites, as far as their names tell.
func (s *Store) sharesUsers() bool { return s.users.Users != database.UsersUnder(s.prefix).Users }

func (s *Store) sql(query string) string { return s.tables.Replace(query) }

func (s *Store) probe(ctx context.Context, table string) error {
	err := s.once().each(ctx, "SELECT 1 FROM "+database.TableName(table).SQL()+" LIMIT 0", nil, func(record) error { return nil })
	if err != nil {
		return fmt.Errorf("read table %s: %w", table, err)
	}
	return nil
}

// notThere reports whether a table may be missing: to a user without rights on
// it the server does not say whether it exists.
func notThere(err error) bool {
	return database.Code(err) == errNoSuchTable || database.Code(err) == errTableAccessDenied
}

// hint adds the next step to the errors that have one.
func hint(err error) error {
	switch database.Code(err) {
	case errTableAccessDenied, errColumnDenied:
		return fmt.Errorf("%w: run the SQL that `loyaltyd grants` prints", err)
	}
	return err
}

// ErrWrongPrefix is in what Open returns when no site has that prefix.
var ErrWrongPrefix = errors.New("wrong prefix")

// wrongPrefix returns what to say when the site's options could not be read
// for that reason.
func (s *Store) wrongPrefix(ctx context.Context, reason error) error {
	var names []string
	// A site's options stand beside its posts; the lower case is for servers
	// that fold table names.
	err := s.db.SelectContext(ctx, &names, `
		SELECT LEFT(o.table_name, CHAR_LENGTH(o.table_name) - 7) AS prefix
		FROM information_schema.tables o
		JOIN information_schema.tables p ON p.table_schema = o.table_schema
		  AND p.table_name = CONCAT(LEFT(o.table_name, CHAR_LENGTH(o.table_name) - 7), 'posts')
		WHERE o.table_schema = DATABASE() AND RIGHT(o.table_name, 7) = 'options'
		ORDER BY prefix LIMIT 20`)
	if err != nil {
		return fmt.Errorf("list the tables of the database: %w", err)
	}
	if database.Code(reason) == errTableAccessDenied && (len(names) == 0 || slices.Contains(names, string(s.prefix))) {
		return reason
	}
	if len(names) == 0 {
		return fmt.Errorf("%w %q or wrong database: there is no table %soptions, nor any WordPress site that this user may see: check store.table_prefix, the database's name and the user's grants", ErrWrongPrefix, s.prefix, s.prefix)
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%q", name)
	}
	return fmt.Errorf("%w %q: there is no table %soptions; sites found here have the prefix %s: set store.table_prefix", ErrWrongPrefix, s.prefix, s.prefix, strings.Join(names, ", "))
}

// Snapshot is the store as it stood at one moment. It is good only inside the
// function that it was given to.
type Snapshot struct {
	store  *Store
	reader *database.Reader // nil: each statement takes a connection for itself
	zone   *time.Location   // read when first needed
}

// Snapshot runs work on one consistent view of the store, in a transaction
// that only reads. WooCommerce writes without transactions, so even that view
// may hold a half-written order. Lost connections are returned as they are
// (database.ConnectionLost); the caller may try again.
func (s *Store) Snapshot(ctx context.Context, work func(*Snapshot) error) error {
	began := false
	err := database.ReadAtOnce(ctx, s.db, func(reader *database.Reader) error {
		began = true
		return work(&Snapshot{store: s, reader: reader})
	})
	if err != nil && !began {
		return fmt.Errorf("begin reading the store: %w", err)
	}
	return err
}

// Once is Snapshot for work that is a single statement, which is consistent
// without a transaction.
func (s *Store) Once(work func(*Snapshot) error) error { return work(s.once()) }

func (s *Store) once() *Snapshot { return &Snapshot{store: s} }

// each runs query and gives every row to visit. Queries name tables with {p}
// and, for users and usermeta, {u}.
func (sn *Snapshot) each(ctx context.Context, query string, args []any, visit func(record) error) error {
	query = sn.store.sql(query)
	read := func(reader *database.Reader) error {
		return reader.Each(ctx, query, args, func(values []driver.Value) error { return visit(values) })
	}
	if sn.reader != nil {
		return hint(read(sn.reader))
	}
	return hint(database.Read(ctx, sn.store.db, read))
}
