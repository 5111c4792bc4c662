package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loyaltyd/ledger"
	"loyaltyd/reports"
	"loyaltyd/sync"
)

func (c *cli) verifyCommand() *cobra.Command {
	var form choice
	var repair bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that the ledger, the store and the reports agree",
		Long: `Proves from the raw entries that every account adds up and its chain of hashes
holds, that every redemption took and gave back what it says, that every order,
comment and sign-up is posted at its worth, that the reports show what the
entries give, and that no point came or went without an entry. It names the
first thing that breaks each of these.

--repair posts what is missing and makes the sums and reports anew. Entries are
never changed: where their chain is broken, only a backup helps.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.verify(cmd, repair, form)
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "post what is missing, make sums and reports anew, then verify again")
	format(cmd, &form, "text", "json")
	return cmd
}

func (c *cli) verify(cmd *cobra.Command, repair bool, form choice) error {
	a, err := c.open(cmd, false)
	if err != nil {
		return err
	}
	defer a.close()
	bar := newProgress(c.stderr)
	a.engine.Progress = bar.report
	ctx := cmd.Context()
	v, err := a.verify(ctx)
	if err == nil && repair && !v.OK {
		bar.end()
		if !form.json() {
			c.printf("%s", v.text())
			if v.Invariants[0].OK {
				c.printf("Repairing.\n")
			}
		}
		if err = a.repair(ctx, v); err == nil {
			v, err = a.verify(ctx)
		}
	}
	bar.end()
	if err != nil {
		return err
	}
	if form.json() {
		err = c.writeJSON(v)
	} else {
		c.printf("%s", v.text())
	}
	if err == nil && !v.OK {
		return errReported
	}
	return err
}

// verification is what a proof came to.
type verification struct {
	OK         bool        `json:"ok"`
	Invariants []invariant `json:"invariants"`
}

// invariant is one of the things that must always hold.
type invariant struct {
	Number   int      `json:"number"`
	Name     string   `json:"name"`
	OK       bool     `json:"ok"`
	Proven   string   `json:"proven"`             // how much was looked at
	Findings []string `json:"findings,omitempty"` // what breaks it, the first of each kind
	Advice   string   `json:"advice,omitempty"`
}

func (v *verification) add(i invariant) {
	i.Number = len(v.Invariants) + 1
	i.OK = len(i.Findings) == 0
	switch {
	case i.OK:
		i.Advice = ""
	case i.Number > 1 && !v.Invariants[0].OK:
		// Whatever is posted on a broken account would hide what happened.
		i.Advice = "Mend the accounts first."
	}
	v.OK = v.OK && i.OK
	v.Invariants = append(v.Invariants, i)
}

func (v *verification) text() string {
	var b strings.Builder
	for _, i := range v.Invariants {
		state := fine
		if !i.OK {
			state = failure
		}
		fmt.Fprintf(&b, "%-5s %d. %s: %s\n", state, i.Number, i.Name, i.Proven)
		for _, finding := range i.Findings {
			fmt.Fprintf(&b, "        %s\n", printable(finding))
		}
		if i.Advice != "" {
			fmt.Fprintf(&b, "      %s\n", i.Advice)
		}
	}
	return b.String()
}

// verify proves the invariants. An error says that it could not be proven
// either way.
func (a *app) verify(ctx context.Context) (*verification, error) {
	v := &verification{OK: true}
	started, err := a.clock(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.refreshProgramme(ctx); err != nil {
		return nil, err
	}
	for _, prove := range []func(context.Context) (invariant, error){
		a.verifyChains, a.verifyFacts, a.verifyReports, a.verifyConservation,
	} {
		proven, err := prove(ctx)
		if err != nil {
			return nil, err
		}
		v.add(proven)
	}
	return v, errors.Join(a.recordProof(ctx, v), a.recordVerification(ctx, started, v))
}

// findings returns everything that is wrong.
func (v *verification) findings() []string {
	var all []string
	for _, i := range v.Invariants {
		for _, finding := range i.Findings {
			all = append(all, printable(finding))
		}
	}
	return all
}

// recordVerification tells the site of it.
func (a *app) recordVerification(ctx context.Context, started time.Time, v *verification) error {
	finished, err := a.clock(ctx)
	if err != nil {
		return err
	}
	findings := v.findings()
	run := reports.Run{
		Kind: "verify", Started: started, Finished: finished, OK: v.OK,
		Figures: map[string]int64{"findings": int64(len(findings))}, Findings: findings,
	}
	if !v.OK {
		run.Message = "verification found what is wrong: " + findings[0]
	}
	return a.reports.RecordProof(ctx, run)
}

// lastProof is what the last verification came to. It is kept beside sync's
// checkpoint: the last run, which the site sees, is soon another one.
type lastProof struct {
	At    time.Time `json:"at"` // UTC, by the site's database
	First string    `json:"first,omitempty"`
}

const proofKey = "verified"

func (a *app) recordProof(ctx context.Context, v *verification) error {
	proof := lastProof{}
	if findings := v.findings(); len(findings) > 0 {
		proof.First = findings[0]
	}
	var err error
	if proof.At, err = a.clock(ctx); err != nil {
		return err
	}
	value, err := json.Marshal(proof)
	if err != nil {
		return fmt.Errorf("encode what was verified: %w", err)
	}
	_, err = a.ledgerDB.ExecContext(ctx, a.site.Prefix.SQL(`
		INSERT INTO {p}loyalty_checkpoints (name, value) VALUES (?, ?)
		ON DUPLICATE KEY UPDATE value = VALUES(value)`), proofKey, string(value))
	if err != nil {
		return fmt.Errorf("record what was verified: %w", err)
	}
	return nil
}

// proof returns what the last verification came to, or nil before the first.
func (a *app) proof(ctx context.Context) (*lastProof, error) {
	var value string
	err := a.ledgerDB.GetContext(ctx, &value, a.site.Prefix.SQL(`SELECT value FROM {p}loyalty_checkpoints WHERE name = ?`), proofKey)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read what was verified: %w", err)
	}
	proof := &lastProof{}
	if err := json.Unmarshal([]byte(value), proof); err != nil {
		return nil, nil // as good as none: the next verification replaces it
	}
	return proof, nil
}

func (a *app) verifyChains(ctx context.Context) (invariant, error) {
	i := invariant{
		Name:   "Every account adds up, unbroken to its last entry",
		Advice: "An entry or an account was changed by somebody other than loyaltyd. Restore the tables from a backup; nothing else can mend this.",
	}
	book, err := a.openLedger(ctx)
	if err != nil {
		return i, err
	}
	var of int64
	if err := a.ledgerDB.GetContext(ctx, &of, a.site.Prefix.SQL(`SELECT COUNT(*) FROM {p}loyalty_accounts`)); err != nil {
		return i, fmt.Errorf("count the accounts: %w", err)
	}
	proven, err := book.VerifyChains(ctx, func(accounts int64) {
		if a.engine.Progress != nil {
			a.engine.Progress("accounts", accounts, of)
		}
	})
	if err != nil {
		return i, err
	}
	i.Proven = fmt.Sprintf("%s of %s", count(proven.Entries, "entry", "entries"), count(proven.Accounts, "account", "accounts"))
	redemptions, err := book.VerifyRedemptions(ctx)
	if err != nil {
		return i, err
	}
	for _, finding := range slices.Concat(proven.Findings, redemptions) {
		i.Findings = append(i.Findings, finding.String())
	}
	return i, nil
}

func (a *app) verifyFacts(ctx context.Context) (invariant, error) {
	i := invariant{
		Name:   "Every order, comment and sign-up is posted at its worth",
		Advice: "Run `loyaltyd sync --full`, or `loyaltyd verify --repair`.",
	}
	proven, err := a.engine.Verify(ctx)
	if err != nil {
		return i, err
	}
	i.Proven = reports.Number(proven.Facts) + " looked at"
	if proven.Waiting > 0 {
		i.Proven += fmt.Sprintf(", %s for the next sync", count(proven.Waiting, "waits", "wait"))
	}
	i.Findings = proven.Findings
	return i, nil
}

func (a *app) verifyReports(ctx context.Context) (invariant, error) {
	i := invariant{
		Name:   "Sums and reports show what the entries give",
		Advice: "Run `loyaltyd verify --repair`: it makes them anew.",
		Proven: "ten periods",
	}
	settings, err := a.reportSettings(ctx)
	if err != nil {
		return i, err
	}
	// What is only out of date is not wrong.
	if _, err := a.reports.Refresh(ctx, settings); err != nil {
		return i, err
	}
	i.Findings, err = a.reports.Verify(ctx, settings)
	return i, err
}

// verifyConservation proves that what came less what went is what is there.
func (a *app) verifyConservation(ctx context.Context) (invariant, error) {
	i := invariant{
		Name:   "No point came or went without an entry",
		Advice: "Run `loyaltyd verify --repair`.",
	}
	book, err := a.openLedger(ctx)
	if err != nil {
		return i, err
	}
	var entries, balances int64
	var statuses []reports.Status
	// Nobody posts while the sums are taken.
	err = book.UpdateAlone(ctx, func(*ledger.Tx) error {
		if err := a.refresh(ctx); err != nil {
			return err
		}
		if statuses, err = a.reports.Status(ctx, ""); err != nil {
			return err
		}
		err = a.ledgerDB.QueryRowContext(ctx, a.site.Prefix.SQL(`
			SELECT (SELECT COALESCE(SUM(points), 0) FROM {p}loyalty_entries),
			  (SELECT COALESCE(SUM(balance), 0) FROM {p}loyalty_accounts)`)).Scan(&entries, &balances)
		if err != nil {
			return fmt.Errorf("add up the balances: %w", err)
		}
		return nil
	})
	if err != nil {
		return i, err
	}
	i.Proven = fmt.Sprintf("%s in all accounts", count(balances, "point", "points"))
	if entries != balances {
		i.Findings = append(i.Findings, fmt.Sprintf("the entries add up to %s points, the accounts hold %s", reports.Number(entries), reports.Number(balances)))
	}
	for _, s := range statuses {
		sum := s.Opening + s.Issued - s.Redeemed - s.Expired - s.Revoked + s.Adjusted
		if sum != s.Balance {
			i.Findings = append(i.Findings, fmt.Sprintf("%s: the figures give %d, the balance is %d", s.Period, sum, s.Balance))
		}
		if s.Period == reports.AllTimeName && s.Balance != balances {
			i.Findings = append(i.Findings, fmt.Sprintf("the reports show %s points, the accounts hold %s", reports.Number(s.Balance), reports.Number(balances)))
		}
	}
	return i, nil
}

// repair posts what is missing and makes sums and reports anew. On a broken
// chain nothing is posted, so that it stays as it was found.
func (a *app) repair(ctx context.Context, v *verification) error {
	if !v.Invariants[0].OK {
		return errors.New("the accounts are broken, so nothing was repaired: restore the tables from a backup first")
	}
	if _, err := a.sync(ctx, sync.Options{Mode: sync.Full}); err != nil {
		return err
	}
	book, err := a.openLedger(ctx)
	if err != nil {
		return err
	}
	lease, err := book.Acquire(ctx, ledger.DefaultLease, patience)
	if err != nil {
		return err
	}
	err = book.RebuildDaily(lease.Context(ctx), lease)
	if err = errors.Join(err, lease.Release()); err != nil {
		return err
	}
	settings, err := a.reportSettings(ctx)
	if err != nil {
		return err
	}
	return a.reports.Rebuild(ctx, settings)
}
