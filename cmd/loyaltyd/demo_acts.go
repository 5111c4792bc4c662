//go:build demo

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"loyaltyd/internal/testshop"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

const demoSeed = 7

// tradingTime lies between the store that the first sync finds and the present.
const tradingTime = 12 * time.Hour

func (d *demo) fill(ctx context.Context) error {
	return d.step("Filling a WooCommerce store", func() (string, error) {
		bar := newProgress(d.stderr)
		defer bar.end()
		err := d.shop.Fill(ctx, testshop.FillOptions{Seed: demoSeed, Orders: d.orders, End: d.clock, Progress: func(done, total int) {
			bar.report("orders", int64(done), int64(total))
		}})
		if err != nil {
			return "", err
		}
		var rows struct{ Refunds, Reviews, Users int64 }
		err = d.root.GetContext(ctx, &rows, `SELECT
			(SELECT COUNT(*) FROM wp_wc_orders WHERE type = 'shop_order_refund') AS refunds,
			(SELECT COUNT(*) FROM wp_comments WHERE comment_type <> 'order_note') AS reviews,
			(SELECT COUNT(*) FROM wp_users) AS users`)
		if err != nil {
			return "", fmt.Errorf("count what is in the store: %w", err)
		}
		return fmt.Sprintf("%s orders over eighteen months, %s, %s, %s",
			reports.Number(int64(d.orders)), count(rows.Refunds, "refund", "refunds"),
			count(rows.Reviews, "review or comment", "reviews and comments"), count(rows.Users, "user", "users")), nil
	})
}

// letIn makes the database user that loyaltyd is.
func (d *demo) letIn(ctx context.Context) error {
	return d.step("Making a database user", func() (string, error) {
		return "A database user who may do what `loyaltyd grants` prints, and no more", d.configure(ctx)
	})
}

// sync runs the command sync and returns what it did.
func (d *demo) sync(ctx context.Context, args ...string) (sync.Summary, error) {
	var s sync.Summary
	err := d.read(ctx, &s, append([]string{"sync"}, args...)...)
	return s, err
}

func (d *demo) firstSync(ctx context.Context) error {
	return d.step("The first sync", func() (string, error) {
		s, err := d.sync(ctx)
		if err != nil {
			return "", err
		}
		var customers int64
		if err := d.root.GetContext(ctx, &customers, `SELECT COUNT(*) FROM wp_loyalty_accounts`); err != nil {
			return "", fmt.Errorf("count the accounts: %w", err)
		}
		return fmt.Sprintf("The first sync posted %s for %s",
			count(s.Entries, "entry", "entries"), count(customers, "customer", "customers")), nil
	})
}

// trade lets the store trade on until now.
func (d *demo) trade(ctx context.Context) error {
	d.shop.Now = func() time.Time {
		const pace = 45 * time.Second
		if next := d.clock.Add(pace); next.Before(time.Now()) {
			d.clock = next
		}
		return d.clock
	}
	var done []string
	err := d.step("The store trades on", func() (string, error) {
		var err error
		done, err = d.shop.Change(ctx, demoSeed)
		return fmt.Sprintf("Half a day of trade goes by, with %d changes such as these", len(done)), err
	})
	if err != nil {
		return err
	}
	d.text(digest(done))
	return nil
}

// digest returns an example of each kind of change that asks something of a
// points programme.
func digest(done []string) string {
	var b strings.Builder
	told := 0
	for _, kind := range []string{
		"placed and paid order", "was completed", "one line was refunded", "was refunded in full", "it had been a mistake",
		"and back to completed", "a plugin set", "was moved to customer", "was marked as spam",
	} {
		var example string
		more := -1
		for _, line := range done {
			if !strings.Contains(line, kind) {
				continue
			}
			if more++; more == 0 {
				example = printable(html.UnescapeString(line))
			}
		}
		switch {
		case more > 0:
			example += fmt.Sprintf(", and %d like it", more)
		case more < 0:
			continue
		}
		told += more + 1
		fmt.Fprintf(&b, "    %s\n", text.Snip(example, headingWidth-4, "…"))
	}
	if left := len(done) - told; left > 0 {
		fmt.Fprintf(&b, "    and %d more\n", left)
	}
	return b.String()
}

// nextSyncs are those that serve does every few seconds and minutes.
func (d *demo) nextSyncs(ctx context.Context) error {
	for _, next := range []struct {
		doing, done string
		args        []string
	}{
		{"The next sync", "The next sync saw %s and %s with new dates, and posted %s", nil},
		{"A sweep", "A sweep saw %s and %s that changed without one, and posted %s", []string{"--sweep"}},
		{"One more sync", "One more sync saw %s and %s, and posted %s", nil},
	} {
		err := d.step(next.doing, func() (string, error) {
			s, err := d.sync(ctx, next.args...)
			posted := "nothing"
			if s.Entries > 0 {
				posted = count(s.Entries, "entry", "entries")
			}
			return fmt.Sprintf(next.done, count(s.Orders, "order", "orders"), count(s.Comments, "comment", "comments"), posted), err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) status(ctx context.Context) error {
	var all []statusRow
	if err := d.read(ctx, &all, "report", "status", "--period", "all"); err != nil {
		return err
	}
	d.heading("Points Status", "report status")
	d.text(statusTable(all, reports.LastMonth, reports.Last30Days, reports.YearToDate, reports.AllTimeName))
	return nil
}

func (d *demo) sources(ctx context.Context) error {
	return d.quote(ctx, "Points Sources: All time", "report", "sources")
}

func (d *demo) earners(ctx context.Context) error {
	return d.quote(ctx, "Top Earning Customers: All time", "report", "earners", "--limit", "5")
}

func (d *demo) history(ctx context.Context) error {
	var entries []historyRow
	if err := d.read(ctx, &entries, "report", "history", "--limit", "6"); err != nil {
		return err
	}
	d.heading("Points History: the latest", "report history")
	d.text(historyTable(entries))
	return nil
}

// explainOne explains the balance of somebody with something of everything,
// but not too much of it.
func (d *demo) explainOne(ctx context.Context) error {
	var user int64
	err := d.root.GetContext(ctx, &user, `
		SELECT user_id FROM wp_loyalty_entries GROUP BY user_id
		ORDER BY MAX(type = `+ledger.Quoted(ledger.Revoke)+` AND cause LIKE 'refund %') DESC,
		         MAX(source = `+ledger.Quoted(ledger.ProductReview)+`) DESC,
		         MAX(source IN (`+ledger.Quoted(ledger.Campaign, ledger.HighSpend)+`)) DESC, COUNT(*), user_id LIMIT 1`)
	if err != nil {
		return fmt.Errorf("choose a customer: %w", err)
	}
	id := strconv.FormatInt(user, 10)
	var x wpbridge.Explanation
	if err := d.read(ctx, &x, "explain", id); err != nil {
		return err
	}
	name, err := d.customerName(ctx, user)
	if err != nil {
		return err
	}
	d.heading(fmt.Sprintf("Why %s has %s", name, count(x.Balance, "point", "points")), "explain "+id)
	d.text(explanation(x, d.zone))
	return nil
}

func (d *demo) customerName(ctx context.Context, user int64) (string, error) {
	var name string
	err := d.root.GetContext(ctx, &name, `SELECT display_name FROM wp_users WHERE ID = ?`, user)
	if err != nil {
		return "", fmt.Errorf("read the customer's name: %w", err)
	}
	return printable(html.UnescapeString(name)), nil
}

func (d *demo) prove(ctx context.Context) error {
	return d.quote(ctx, "The proof, from the raw entries and the store", "verify")
}

// read runs a command for its JSON.
func (d *demo) read(ctx context.Context, into any, args ...string) error {
	out, err := d.command(ctx, append(args, "--format", "json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		return fmt.Errorf("understand what loyaltyd %s printed: %w", args[0], err)
	}
	return nil
}

// quote shows what a command prints, under a heading in place of its own.
func (d *demo) quote(ctx context.Context, heading string, args ...string) error {
	out, err := d.command(ctx, args...)
	if title, rest, _ := strings.Cut(out, "\n"); title == heading {
		out = rest
	}
	if out != "" {
		d.heading(heading, strings.Join(args, " "))
		d.text(indented(out))
	}
	return err
}
