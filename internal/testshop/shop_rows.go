package testshop

import (
	"context"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// table names a table and the columns that the shop fills, its id first.
type table struct {
	name    string
	columns []string
}

func columns(name, list string) table { return table{name, strings.Fields(list)} }

var (
	usersTable    = columns("{u}users", `ID user_login user_pass user_nicename user_email user_url user_registered user_activation_key user_status display_name`)
	userMetaTable = columns("{u}usermeta", `umeta_id user_id meta_key meta_value`)
	postsTable    = columns("{p}posts", `ID post_author post_date post_date_gmt post_content post_title post_excerpt post_status
		comment_status ping_status post_password post_name to_ping pinged post_modified post_modified_gmt
		post_content_filtered post_parent guid menu_order post_type post_mime_type comment_count`)
	postMetaTable = columns("{p}postmeta", `meta_id post_id meta_key meta_value`)
	commentsTable = columns("{p}comments", `comment_ID comment_post_ID comment_author comment_author_email comment_author_url
		comment_author_IP comment_date comment_date_gmt comment_content comment_karma comment_approved comment_agent
		comment_type comment_parent user_id`)
	commentMetaTable  = columns("{p}commentmeta", `meta_id comment_id meta_key meta_value`)
	termsTable        = columns("{p}terms", `term_id name slug term_group`)
	taxonomyTable     = columns("{p}term_taxonomy", `term_taxonomy_id term_id taxonomy description parent count`)
	ordersTable       = columns("{p}wc_orders", `id status currency type tax_amount total_amount customer_id billing_email date_created_gmt date_updated_gmt parent_order_id payment_method payment_method_title transaction_id ip_address user_agent customer_note`)
	ordersMetaTable   = columns("{p}wc_orders_meta", `id order_id meta_key meta_value`)
	operationalTable  = columns("{p}wc_order_operational_data", `id order_id created_via woocommerce_version prices_include_tax coupon_usages_are_counted download_permission_granted cart_hash new_order_email_sent order_key order_stock_reduced date_paid_gmt date_completed_gmt shipping_tax_amount shipping_total_amount discount_tax_amount discount_total_amount recorded_sales`)
	addressesTable    = columns("{p}wc_order_addresses", `id order_id address_type first_name last_name company address_1 address_2 city state postcode country email phone`)
	orderItemsTable   = columns("{p}woocommerce_order_items", `order_item_id order_item_name order_item_type order_id`)
	orderItemMetaRows = columns("{p}woocommerce_order_itemmeta", `meta_id order_item_id meta_key meta_value`)
)

// numbered are the tables whose new ids a batch must know at once.
var numbered = []table{usersTable, postsTable, commentsTable, orderItemsTable}

// insert writes one row; an id of nil is the next one. It returns the id.
func (s *Shop) insert(ctx context.Context, t table, values ...any) (int64, error) {
	if s.sink != nil {
		return s.sink.add(ctx, t, values)
	}
	result, err := s.exec(ctx, t.insertInto(1), values...)
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return 0, fmt.Errorf("id of the new row in %s: %w", t.name, err)
	}
	return id, nil
}

func (t table) insertInto(rows int) string {
	row := "(?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
	return "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES " +
		row + strings.Repeat(", "+row, rows-1)
}

// batch gathers rows and writes many in a statement, so that a big store is
// filled in seconds. It gives out ids by itself: nobody else may write.
type batch struct {
	shop *Shop
	next map[string]int64
	rows map[string][]any
	wide map[string]table
}

func (s *Shop) newBatch(ctx context.Context) (*batch, error) {
	b := &batch{shop: s, next: map[string]int64{}, rows: map[string][]any{}, wide: map[string]table{}}
	for _, t := range numbered {
		var last int64
		err := s.DB.GetContext(ctx, &last, s.sql("SELECT COALESCE(MAX("+t.columns[0]+"), 0) FROM "+t.name))
		if err != nil {
			return nil, fmt.Errorf("last id of %s: %w", t.name, err)
		}
		b.next[t.name] = last + 1
	}
	return b, nil
}

const batchRows = 400

func (b *batch) add(ctx context.Context, t table, values []any) (int64, error) {
	var id int64
	if next, ok := b.next[t.name]; ok && values[0] == nil {
		id, values[0] = next, next
		b.next[t.name]++
	}
	b.wide[t.name] = t
	b.rows[t.name] = append(b.rows[t.name], values...)
	if len(b.rows[t.name]) < batchRows*len(t.columns) {
		return id, nil
	}
	return id, b.flush(ctx, t)
}

func (b *batch) flush(ctx context.Context, t table) error {
	values := b.rows[t.name]
	if len(values) == 0 {
		return nil
	}
	b.rows[t.name] = values[:0]
	return b.shop.run(ctx, t.insertInto(len(values)/len(t.columns)), values...)
}

func (b *batch) close(ctx context.Context) error {
	for _, t := range b.wide {
		if err := b.flush(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// plainNumber is what counts as an amount when the shop adds up; any other
// text is stored as it is and counts as 0.
var plainNumber = regexp.MustCompile(`^[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})$`)

func rat(text string) *big.Rat {
	if !plainNumber.MatchString(text) {
		return new(big.Rat)
	}
	number, _ := new(big.Rat).SetString(text)
	return number
}

func sum(texts ...string) *big.Rat {
	total := new(big.Rat)
	for _, text := range texts {
		total.Add(total, rat(text))
	}
	return total
}

// rounded is number with the given decimals, half away from zero, as the
// store's totals are.
func rounded(number *big.Rat, decimals int) string {
	text := number.FloatString(decimals)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

// bare is number without zeros at its end, as wc_format_decimal leaves it.
func bare(number *big.Rat) string {
	text := rounded(number, 8)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func negated(text string) string {
	return bare(new(big.Rat).Neg(rat(text)))
}
