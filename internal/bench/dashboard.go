package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/jmoiron/sqlx"

	"loyaltyd/internal/database"
	"loyaltyd/internal/testshop"
	"loyaltyd/internal/testwp"
	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
	wpbridge "loyaltyd/wp-bridge"
)

//go:embed entries.sql
var entriesSQL string

// Page is what a page of wp-admin costs.
type Page struct {
	Name  string
	First time.Duration // of the whole page, before anything is cached
	Time  time.Duration // of the whole page, median
	Own   []Query       // those that read the plugin's tables
}

// SQL returns the time of the page's own queries together.
func (p Page) SQL() time.Duration {
	var sum time.Duration
	for _, query := range p.Own {
		sum += query.Time
	}
	return sum
}

// Query is one of a page's queries that read the plugin's tables.
type Query struct {
	Text string
	Time time.Duration // as the database client sees it, median
}

// pagesOfAdmin are the pages that are measured; the first is not one of ours: what
// WordPress itself costs.
var pagesOfAdmin = []struct{ name, path string }{
	{"a page of WordPress's own", "/wp-admin/options-general.php"},
	{"dashboard, month to date", "/wp-admin/admin.php?page=loyaltyd"},
	{"dashboard, all time", "/wp-admin/admin.php?page=loyaltyd&period=all_time"},
	{"dashboard, custom range of 60 days", "/wp-admin/admin.php?page=loyaltyd&period=custom&from={from}&to={to}"},
	{"its customers, counted apart", "/wp-admin/admin.php?page=loyaltyd&period=custom&from={from}&to={to}&count=1"},
	{"dashboard, custom range of two years", "/wp-admin/admin.php?page=loyaltyd&period=custom&from={before}&to={to}"},
	{"customers of these two years, counted apart", "/wp-admin/admin.php?page=loyaltyd&period=custom&from={before}&to={to}&count=1"},
	{"dashboard, a type that is rare in the history", "/wp-admin/admin.php?page=loyaltyd&type=expire&period=all_time"},
	{"customers", "/wp-admin/admin.php?page=loyaltyd&tab=customers"},
	{"customers, the hundredth page", "/wp-admin/admin.php?page=loyaltyd&tab=customers&paged=100"},
	{"customers, searched by number", "/wp-admin/admin.php?page=loyaltyd&tab=customers&s=1007"},
	{"customers, searched by name", "/wp-admin/admin.php?page=loyaltyd&tab=customers&s=customer+19"},
	{"one customer", "/wp-admin/admin.php?page=loyaltyd&tab=customers&user=1001"},
	{"one customer, the last page but one", "/wp-admin/admin.php?page=loyaltyd&tab=customers&user=1001&paged={page}"},
}

// pages measures the plugin's pages in a WordPress with many entries, and how
// their cost grew from few.
func (b *Bench) pages(ctx context.Context) ([]Line, error) {
	few, err := Dashboard(ctx, b.Server, "pages_few", b.Few)
	if err != nil {
		return nil, err
	}
	many, err := Dashboard(ctx, b.Server, "pages_many", b.Orders)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, len(many))
	for i, page := range many {
		lines[i] = Line{
			Store: fmt.Sprintf("WordPress, ledger of %d entries", b.Orders), What: page.Name + ": SQL", Ours: Seconds(page.SQL()),
			Counts: []Figure{Count(int64(len(page.Own)), "queries")},
		}
		switch {
		case strings.HasPrefix(page.Name, "dashboard, custom range of two years"):
			lines[i].Target.Figure = Seconds(50 * time.Millisecond)
		case strings.HasPrefix(page.Name, "dashboard, "), strings.HasPrefix(page.Name, "one customer"):
			lines[i].Target.Figure = Seconds(5 * time.Millisecond)
		}
		if small := few[i].SQL(); small > 0 {
			lines[i].Counts = append(lines[i].Counts, Count(int64(small.Microseconds()), fmt.Sprintf("µs with %d", b.Few)))
		}
	}
	return lines, nil
}

// Dashboard measures the plugin's pages in a WordPress whose ledger has so many
// entries.
func Dashboard(ctx context.Context, server *testshop.Server, name string, entries int) (measured []Page, err error) {
	if err := server.DropDatabase(ctx, name); err != nil {
		return nil, err
	}
	if err := server.CreateDatabase(ctx, name); err != nil {
		return nil, err
	}
	site, err := testwp.Start(ctx, server, name, testwp.Options{Shop: testshop.Options{Timezone: "Europe/Berlin", StartOfWeek: 1}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, site.Stop()) }()
	db, err := database.Open(ctx, site.DSN)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := makeLedger(ctx, db, entries); err != nil {
		return nil, err
	}
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	if _, err := get(ctx, browser, site.SignIn(1, "/wp-admin/")); err != nil {
		return nil, err
	}
	now := time.Now()
	dates := strings.NewReplacer("{from}", now.AddDate(0, 0, -90).Format(time.DateOnly), "{to}", now.AddDate(0, 0, -31).Format(time.DateOnly),
		"{before}", now.AddDate(-2, 0, -31).Format(time.DateOnly), "{page}", strconv.Itoa(max(ownEntries(entries)/pageOfHistory-1, 1)))
	for _, page := range pagesOfAdmin {
		const rounds = 9
		var times []time.Duration
		for range rounds {
			took, err := get(ctx, browser, site.URL+dates.Replace(page.path))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", page.name, err)
			}
			times = append(times, took)
		}
		first := times[0]
		slices.Sort(times)
		own, err := ownQueries(ctx, site, db)
		if err != nil {
			return nil, err
		}
		measured = append(measured, Page{page.name, first, times[rounds/2], own})
	}
	return measured, nil
}

// ownEntries returns how many entries of a ledger are one customer's: enough for
// five hundred pages, if there are.
func ownEntries(entries int) int { return min(max(entries/4, 1), 10_040) }

// makeLedger makes the tables and fills them.
func makeLedger(ctx context.Context, db *sqlx.DB, entries int) error {
	if _, err := database.Migrate(ctx, db, prefix, ledger.Component(), sync.Component(), wpbridge.Component()); err != nil {
		return err
	}
	site := reports.Site{DB: db, Prefix: prefix}
	reporting := reports.Open(site, site)
	if _, err := reporting.Migrate(ctx); err != nil {
		return err
	}
	text := strings.NewReplacer("{entries}", strconv.Itoa(entries-ownEntries(entries)), "{customers}", strconv.Itoa(max(entries/5, 1)),
		"{own}", strconv.Itoa(ownEntries(entries)), "{rare}", strconv.Itoa(max(entries/60, 2)),
		"{bonus}", ledger.Quoted(ledger.HighSpend), "{p}", "wp_", "{u}", "wp_").Replace(entriesSQL)
	for statement := range strings.SplitSeq(text, ";\n") {
		if err := execute(ctx, db, statement); err != nil {
			return err
		}
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return err
	}
	book := ledger.Open(db, prefix, ledger.Options{Zone: zone})
	lease, err := book.Acquire(ctx, ledger.DefaultLease, time.Second)
	if err != nil {
		return err
	}
	err = book.RebuildDaily(lease.Context(ctx), lease)
	if err = errors.Join(err, lease.Release()); err != nil {
		return err
	}
	_, err = reporting.Refresh(ctx, reports.Settings{
		Zone: zone, StartOfWeek: time.Monday, Currency: "USD", PointsPerUnit: *apd.New(100, 0), Now: time.Now().UTC(),
	})
	if err != nil {
		return err
	}
	return reporting.Heartbeat(ctx, reports.Daemon{Version: "bench"})
}

// ownQueries returns the queries of the site's last request that read loyalty
// tables or customers' names, each with the time of running it again.
func ownQueries(ctx context.Context, site *testwp.Site, db *sqlx.DB) ([]Query, error) {
	requests, err := site.Requests()
	if err != nil || len(requests) == 0 {
		return nil, errors.Join(err, errors.New("the site logged no queries"))
	}
	var own []Query
	for _, query := range requests[len(requests)-1].Queries {
		names := strings.HasPrefix(query, "SELECT ID, display_name FROM wp_users")
		if !names && !strings.Contains(query, "wp_loyalty_") || !strings.HasPrefix(strings.TrimSpace(query), "SELECT") {
			continue
		}
		const rounds = 5
		var times []time.Duration
		for range rounds {
			started := time.Now()
			if err := drain(ctx, db, query); err != nil {
				return nil, err
			}
			times = append(times, time.Since(started))
		}
		slices.Sort(times)
		own = append(own, Query{query, times[rounds/2]})
	}
	return own, nil
}

func get(ctx context.Context, browser *http.Client, address string) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	started := time.Now()
	answer, err := browser.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", address, answer.Status)
	}
	return time.Since(started), err
}
