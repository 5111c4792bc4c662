package config

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"loyaltyd/internal/settings"
	"loyaltyd/sync/program"
)

// check reports what is wrong with values that are right one by one, and reads
// the files that hold a DSN.
func (c *Config) check(r *settings.Report) {
	c.readDSN(r, "store.dsn_file", c.Store.DSNFile, &c.Store.DSN)
	c.readDSN(r, "ledger.dsn_file", c.Ledger.DSNFile, &c.Ledger.DSN)
	c.readSecret(r, "endpoint.key_file", c.Endpoint.KeyFile, checkKey, &c.Endpoint.Key)
	c.readSecret(r, "endpoint.token_file", c.Endpoint.TokenFile, checkToken, &c.Endpoint.Token)
	if !r.About("endpoint") {
		if problem := c.Endpoint.problem(); problem != "" {
			c.entry("endpoint.listen", r).RefuseValue("%s", problem)
		}
	}
	c.checkProgram(r)
}

func (c *Config) checkProgram(r *settings.Report) {
	redeem := c.Program.Redeem
	fits := redeem.Max == 0 || redeem.Multiple == 0 || redeem.Max-redeem.Max%redeem.Multiple >= max(redeem.Min, 1)
	if !fits && redeem.Min <= redeem.Max {
		c.entry("program.redeem.multiple", r).RefuseValue("has no multiple from program.redeem.min (%d) to program.redeem.max (%d), so nothing could be redeemed: change one of them", redeem.Min, redeem.Max)
	}
	if !r.About("program.earn") {
		c.checkOverflow(r)
	}
}

func (c *Config) readDSN(r *settings.Report, path, file string, to *DSN) {
	if text := c.readFrom(r, path, file, "the DSN", checkDSN); text != "" {
		*to = NewDSN(text)
	}
}

func (c *Config) readSecret(r *settings.Report, path, file string, check func(string) string, to *Secret) {
	if text := c.readFrom(r, path, file, "what is", check); text != "" {
		*to = NewSecret(text)
	}
}

// readFrom returns the text in the file that a key names, or "" when there is
// none or when it is refused.
func (c *Config) readFrom(r *settings.Report, path, file, what string, check func(string) string) string {
	if file == "" {
		return ""
	}
	e := c.entry(path, r)
	data, err := readBounded(file, 64<<10)
	if err != nil {
		e.Refuse("%q %v", file, err)
		return ""
	}
	text := strings.TrimSpace(string(data))
	if problem := check(text); problem != "" {
		e.Refuse("%s in %q %s", what, file, problem)
		return ""
	}
	return text
}

// checkKey returns what is wrong with a key, without quoting it.
func checkKey(text string) string {
	switch {
	case text == hidden:
		return "is " + hidden + ", as `loyaltyd config print` shows it: write the real one"
	case len(text) < minKey:
		return fmt.Sprintf("is shorter than %d characters: choose a long random one", minKey)
	}
	return ""
}

// checkToken returns what is wrong with a token, which has to fit into a header.
func checkToken(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "has spaces or characters other than ASCII: choose letters, digits and signs"
	}
	return checkKey(text)
}

// maxSocket is the longest path that the kernel's socket addresses hold.
const maxSocket = 107

func (e Endpoint) problem() string {
	if path, ok := socketPath(e.Listen); ok {
		switch {
		case !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/"):
			return "does not name a socket by its full path: write it like /run/loyaltyd/loyaltyd.sock"
		case len(path) > maxSocket:
			return fmt.Sprintf("is longer than the %d bytes that a socket's path may have: choose a shorter one", maxSocket)
		}
		return ""
	}
	host, port, err := net.SplitHostPort(e.Listen)
	if err != nil {
		return "is not an address: write it like 127.0.0.1:8787 or /run/loyaltyd/loyaltyd.sock"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "has no port number from 0 to 65535 at its end: write it like 127.0.0.1:8787"
	}
	if !isLoopback(host) && !e.Remote {
		return "is not a loopback address: write 127.0.0.1:8787 or a socket's path, or set endpoint.remote: true if WordPress runs on another machine"
	}
	return ""
}

// checkOverflow refuses a programme that could not count the points of an
// order of a million units in each currency or campaign.
func (c *Config) checkOverflow(r *settings.Report) {
	purchase := c.Program.Rules.Earn.Purchase
	highest := purchase.PointsPerUnit
	for _, rules := range slices.Concat(slices.Collect(maps.Values(purchase.Products)), slices.Collect(maps.Values(purchase.Categories))) {
		for _, d := range []*apd.Decimal{rules.Points, rules.PointsPerUnit} {
			if d != nil && d.Cmp(&highest) > 0 {
				highest = *d
			}
		}
	}
	overflows := func(factor apd.Decimal) bool {
		var product apd.Decimal
		context := apd.BaseContext.WithPrecision(4*program.MaxDigits + 20)
		_, _ = context.Mul(&product, &highest, &factor)
		return product.Cmp(apd.New(program.MaxRate, 0)) > 0
	}
	const tooMany = "makes more points for %d units than can be counted (%d): lower it or the rates"
	for _, code := range slices.Sorted(maps.Keys(purchase.Currencies)) {
		if rate := purchase.Currencies[code]; overflows(rate) {
			e := c.entry("program.earn.purchase.currencies", r)
			e.Key += "." + settings.QuoteName(code)
			e.Refuse(fmt.Sprintf("%s %s", rate.Text('f'), tooMany), program.TryUnits, int64(program.MostPoints))
		}
	}
	for i, campaign := range c.Program.Rules.Earn.Campaigns {
		if campaign.Multiplier != nil && overflows(*campaign.Multiplier) {
			e := c.entry("program.earn.campaigns", r)
			e.Key = fmt.Sprintf("%s[%d].multiplier", e.Key, i)
			e.Refuse(fmt.Sprintf("%s %s", campaign.Multiplier.Text('f'), tooMany), program.TryUnits, int64(program.MostPoints))
		}
	}
}
