package tests

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"loyaltyd/internal/testshop"
	"loyaltyd/internal/testwp"
)

// envChromium is the browser; /usr/bin/chromium when it is not set.
const envChromium = "CHROMIUM"

// TestBrowser runs the specs of browser/ in Chromium against a real WordPress
// with the daemon behind it: first those of browser/specs, then, with the
// daemon stopped, those of browser/down.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("the browser takes minutes")
	}
	needBrowser(t)
	for _, on := range []struct{ version, locale, specs string }{
		{testwp.Oldest, "", "specs"},
		{testwp.Newest, "", "specs"},
		{testwp.Newest, "ar", "rtl"},
		{testwp.Newest, "zh_CN", "translated"},
		{testwp.Newest, "tr_TR", "translated"},
	} {
		t.Run(on.version+" "+on.specs+on.locale, func(t *testing.T) {
			t.Parallel()
			site := testwp.New(t, testwp.Options{
				Version: on.version, Locale: on.locale,
				Shop: testshop.Options{Timezone: "Europe/Berlin", Currency: "EUR"},
			})
			store := furnish(t, site)
			daemon := serve(t, site)
			browse(t, site, on.locale, store, on.specs)
			if problems := daemon.problems(); len(problems) > 0 {
				t.Errorf("the daemon complained:\n%q", problems)
			}
			if on.specs != "specs" {
				return
			}
			fewQueries(t, site)
			daemon.stop(t)
			// As after a night: the heartbeat is old.
			err := site.Shop.Exec(t.Context(), `UPDATE {p}loyalty_daemon SET heartbeat = UTC_TIMESTAMP() - INTERVAL 1 HOUR`)
			if err != nil {
				t.Fatal(err)
			}
			browse(t, site, on.locale, store, "down")
		})
	}
}

// fewQueries proves that each dashboard that a spec marked with counted= costs
// at most ten queries of ours.
func fewQueries(t *testing.T, site *testwp.Site) {
	t.Helper()
	const most = 10
	requests, err := site.Requests()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, request := range requests {
		address, err := url.Parse(request.URI)
		if err != nil {
			t.Fatal(err)
		}
		mark := address.Query().Get("counted")
		if mark == "" || address.Query().Get("page") != "loyaltyd" {
			continue
		}
		seen[mark] = true
		var ours []string
		for _, query := range request.Queries {
			if strings.Contains(query, "loyalty_") || strings.HasPrefix(query, "SELECT ID, display_name FROM ") {
				ours = append(ours, strings.Join(strings.Fields(query), " "))
			}
		}
		if len(ours) == 0 || len(ours) > most {
			t.Errorf("%s made %d queries of ours, want 1 to %d:\n%s", request.URI, len(ours), most, strings.Join(ours, "\n"))
		}
	}
	if len(seen) != 5 {
		t.Errorf("requests of the dashboard that were written down: %v, want those of all 5 marks", seen)
	}
}

func needBrowser(t *testing.T) {
	t.Helper()
	browser := os.Getenv(envChromium)
	if browser == "" {
		browser = "/usr/bin/chromium"
	}
	if _, err := os.Stat(browser); err != nil {
		testshop.Missing(t, "chromium", "Chromium is not installed: scripts/need-php --tests installs it")
	}
	if _, err := exec.LookPath("node"); err != nil {
		testshop.Missing(t, "chromium", "Node.js is not installed: scripts/need-php --tests installs it")
	}
	if _, err := os.Stat("browser/node_modules/playwright-core"); err != nil {
		testshop.Missing(t, "chromium", "the browser's driver is not there: npm ci in wp-bridge/tests/browser fetches it")
	}
}

// furnish makes the store lively, with customers whose names are attacks, and
// returns what the specs must know of it.
func furnish(t *testing.T, site *testwp.Site) map[string]any {
	t.Helper()
	ctx, shop := t.Context(), site.Shop
	if err := shop.Fill(ctx, testshop.FillOptions{Orders: 300, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	store := map[string]any{"admin": 1, "version": site.Version}
	product := testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "Golden <b>teapot</b> 🫖", Price: "80"}))
	store["product"] = product
	variable := testshop.Must(shop.AddProduct(ctx, testshop.Product{Name: "Tea box", Price: "10"}))
	testshop.Must(shop.AddVariation(ctx, variable, "Tea box - small", "10"))
	testshop.Must(shop.AddVariation(ctx, variable, "Tea box - large", "25"))
	store["variable"] = variable
	for name, user := range map[string]testshop.User{
		"manager":    {DisplayName: "Mara Manager", Roles: []string{"shop_manager"}},
		"subscriber": {DisplayName: "Sub Scriber", Roles: []string{"subscriber"}},
		"shopper":    {DisplayName: "Ada Shopper"},
		"other":      {DisplayName: "Otto Other"},
		"poor":       {DisplayName: "Paul Poor"},
		"script":     {DisplayName: `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`},
		"emoji":      {DisplayName: "🦊 فروشگاه \u202eevil\u202c 北京"},
		"long":       {DisplayName: "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschaferswessenschafe"},
	} {
		user.Login = "test-" + name
		user.Email = name + "@shop.example"
		id := testshop.Must(shop.AddUser(ctx, user))
		store[name] = id
		spent := map[string]string{"shopper": "5000", "other": "700", "script": "900", "emoji": "800", "long": "600"}[name]
		if spent == "" {
			continue
		}
		testshop.Must(shop.PlaceOrder(ctx, testshop.Order{
			Customer: id, First: user.DisplayName, Last: "<i>x</i>", Status: "completed",
			Lines:   []testshop.Line{{Product: product, Name: "Golden <b>teapot</b> 🫖", Total: spent}},
			Created: time.Now().Add(-2 * time.Minute),
		}))
	}
	return store
}

// browse runs the specs of a folder of browser/.
func browse(t *testing.T, site *testwp.Site, locale string, store map[string]any, folder string) {
	t.Helper()
	specs, err := filepath.Glob("browser/" + folder + "/*.test.mjs")
	if err != nil || len(specs) == 0 {
		t.Fatalf("no specs in browser/%s: %v", folder, err)
	}
	for i := range specs {
		specs[i], _ = filepath.Rel("browser", specs[i])
	}
	text, err := json.Marshal(store)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", append([]string{"--test", "--test-concurrency=1", "--test-reporter=spec"}, specs...)...)
	command.Dir = "browser"
	command.Env = append(os.Environ(), site.Environment()...)
	command.Env = append(command.Env, "LOYALTYD_WP_STORE="+string(text), "LOYALTYD_WP_LOCALE="+locale, "LOYALTYD_WP_VERSION="+site.Version)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	printed, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, printed)
	} else if testing.Verbose() {
		t.Logf("%s", printed)
	}
	pictures, _ := filepath.Abs("browser/screenshots")
	t.Logf("screenshots: %s", pictures)
}
