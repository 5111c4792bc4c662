package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
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

// PriceDecimals returns how many decimals the store's prices have, 2 unless
// WooCommerce's option woocommerce_price_num_decimals says otherwise; more than
// the ledger keeps of an amount (8) count as 8.
func (s *Store) PriceDecimals(ctx context.Context) (int, error) {
	const option, standard, most = "woocommerce_price_num_decimals", 2, 8
	options, err := s.Options(ctx, option)
	if err != nil {
		return 0, err
	}
	decimals, err := strconv.ParseUint(strings.TrimSpace(options[option]), 10, 16)
	if err != nil {
		return standard, nil
	}
	return int(min(decimals, most)), nil
}
