// Package oracle is a second opinion on what a store's facts are worth. It
// reads the facts of a test store from the record WooCommerce's own API gave
// of it, and values them under a programme by an implementation that shares
// nothing with the product's: tests feed both the same programme text and
// compare. It is plain and slow on purpose.
package oracle

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Store holds the facts of one test store.
type Store struct {
	Zone     *time.Location
	Currency string
	Decimals int             // of prices
	Parents  map[int64]int64 // category -> the one above it, 0 for none
	Orders   []Order
	Comments []Comment
	Users    []User
}

// Order is an order with its lines and the refunds that still exist. Sums are
// those the database holds, except the total, which WooCommerce's API rounds
// to the store's price decimals: under a currency of three decimals it may be
// off by half a hundredth, which matters only once such an order is refunded.
type Order struct {
	ID          int64    `json:"id"`
	Status      string   `json:"status"`
	CustomerID  int64    `json:"customer_id"`
	Email       string   `json:"billing_email"`
	Anonymized  string   `json:"_anonymized"` // meta; "yes" if personal data was removed
	Created     stamp    `json:"date_created"`
	Paid        stamp    `json:"date_paid"`
	Completed   stamp    `json:"date_completed"`
	Currency    string   `json:"currency"`
	Total       amount   `json:"total"`
	Shipping    amount   `json:"shipping_total"`
	ShippingTax amount   `json:"shipping_tax"`
	Lines       []Line   `json:"items"`
	Fees        []Fee    `json:"fees"`
	Refunds     []Refund `json:"refunds"`
}

// Line is a product line of an order or, with negative sums and the order's
// line in Names, of a refund.
type Line struct {
	ID          int64   `json:"item_id"`
	Names       int64   `json:"refunded_item_id"`
	ProductID   int64   `json:"stored_product_id"`
	VariationID int64   `json:"stored_variation_id"`
	Quantity    amount  `json:"stored_qty"`
	Total       amount  `json:"stored_total"`
	Subtotal    amount  `json:"stored_subtotal"`
	Tax         amount  `json:"stored_total_tax"`
	SubtotalTax amount  `json:"stored_subtotal_tax"`
	Categories  []int64 `json:"category_ids"`
}

// Fee is a fee line of an order or, negative, of a refund.
type Fee struct {
	Total amount `json:"stored_total"`
	Tax   amount `json:"stored_total_tax"`
}

// Refund has a positive Amount; every other sum is negative.
type Refund struct {
	Status      string `json:"status"`
	Amount      amount `json:"amount"`
	Shipping    amount `json:"shipping_total"`
	ShippingTax amount `json:"shipping_tax"`
	Lines       []Line `json:"items"`
	Fees        []Fee  `json:"fees"`
}

// Comment is a comment of any type; PostType is empty when its post is gone.
type Comment struct {
	ID         int64  `json:"id"`
	Type       string `json:"type"`
	PostID     int64  `json:"post_id"`
	PostType   string `json:"post_type"`
	PostAuthor int64  `json:"post_author"`
	UserID     int64  `json:"user_id"`
	Approved   string `json:"approved"`
	Date       stamp  `json:"date_gmt"`
	Parent     int64  `json:"parent"`
	Verified   bool   `json:"verified"`
}

// User is a WordPress account.
type User struct {
	ID         int64    `json:"id"`
	Email      string   `json:"email"`
	Roles      []string `json:"roles"`
	Registered stamp    `json:"registered"`
}

// Load reads a store's record (*.oracle.json.gz).
func Load(path string) (*Store, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the store's record: %w", err)
	}
	defer func() { _ = file.Close() }()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	store, err := decode(plain)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return store, nil
}

func decode(r io.Reader) (*Store, error) {
	var record struct {
		Timezone string `json:"timezone"`
		Currency string `json:"currency"`
		Decimals int    `json:"price_decimals"`
		Tree     []struct {
			ID     int64 `json:"id"`
			Parent int64 `json:"parent"`
		} `json:"categories"`
		Orders   []Order   `json:"orders"`
		Comments []Comment `json:"comments"`
		Users    []User    `json:"users"`
	}
	if err := json.NewDecoder(r).Decode(&record); err != nil {
		return nil, err
	}
	zone, err := siteZone(record.Timezone)
	if err != nil {
		return nil, err
	}
	for i, o := range record.Orders {
		// Trashing a legacy order trashes its refunds; such a refund is no refund.
		var alive []Refund
		for _, r := range o.Refunds {
			if r.Status != "trash" {
				alive = append(alive, r)
			}
		}
		record.Orders[i].Refunds = alive
	}
	parents := map[int64]int64{}
	for _, category := range record.Tree {
		parents[category.ID] = category.Parent
	}
	return &Store{zone, record.Currency, record.Decimals, parents, record.Orders, record.Comments, record.Users}, nil
}
