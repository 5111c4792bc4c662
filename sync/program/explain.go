package program

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Explain returns, line by line, how Worth comes to what an order is worth,
// for a person who runs the shop. It is the same computation, writing down
// what it does. Times are the site's.
func (p *Program) Explain(o *Order, categories Categories) []string {
	var t trace
	w := p.worth(o, categories, &t)
	total := w.purchase
	for _, points := range w.bonuses {
		total += points
	}
	t.say("Total: %d points.", total)
	return t.lines
}

// trace collects the lines of an explanation; a nil one collects nothing.
type trace struct{ lines []string }

// say adds a line. Callers with arguments check for nil themselves where
// speed matters.
func (t *trace) say(format string, args ...any) {
	if t != nil {
		t.lines = append(t.lines, fmt.Sprintf(format, args...))
	}
}

func (t *trace) order(p *Program, o *Order, earnsAt time.Time) {
	if t == nil {
		return
	}
	t.say("Order %d: status %q, earning time %s.", o.ID, plain(o.Status), p.clock(earnsAt))
}

// clock shows a time as the site's clocks do.
func (p *Program) clock(at time.Time) string {
	return at.In(p.zone).Format("2006-01-02 15:04:05 MST")
}

func (t *trace) early(p *Program, at time.Time) {
	switch {
	case t == nil:
	case p.rules.StartsBy == StartsByCreation:
		t.say("The programme starts at %s, and it was placed at %s: 0 points.", p.clock(p.starts), p.clock(at))
	default:
		t.say("The programme starts at %s: 0 points.", p.clock(p.starts))
	}
}

func (t *trace) noEarning(o *Order) {
	switch {
	case o.Status == refundedStatus:
		t.say("It is refunded: 0 points.")
	case CustomStatus(o.Status) && o.Paid.IsZero():
		t.say("Its status does not earn without a paid date: 0 points.")
	default:
		t.say("Its status does not earn: 0 points.")
	}
}

func (t *trace) line(v *valued, i int, left fraction) {
	if t == nil {
		return
	}
	line, valued := &v.o.Lines[i], &v.lines[i]
	name := plain(line.Name)
	if name == "" {
		name = fmt.Sprintf("Line %d", line.ID)
	}
	var text strings.Builder
	if valued.rate.fixed {
		quantity := numberOf(&line.Quantity)
		fmt.Fprintf(&text, "%s: %s pieces × %s points", name, quantity, valued.rate.perPiece)
		text.WriteString(leftText(left))
		fmt.Fprintf(&text, " = %s", left.times(quantity).times(valued.rate.perPiece))
	} else {
		fmt.Fprintf(&text, "%s: %s × %s", name, valued.base, valued.rate.perUnit)
		text.WriteString(leftText(left))
		fmt.Fprintf(&text, " = %s", left.times(valued.base).times(valued.rate.perUnit))
	}
	if valued.rate.reason != "" {
		fmt.Fprintf(&text, " (%s)", valued.rate.reason)
	}
	t.say("%s", text.String())
}

func (t *trace) part(name string, base, perUnit number, left fraction) {
	if t == nil {
		return
	}
	t.say("%s: %s × %s%s = %s", name, base, perUnit, leftText(left), left.times(base).times(perUnit))
}

func leftText(left fraction) string {
	if left.cmp(one) == 0 {
		return ""
	}
	return fmt.Sprintf(" × %s left after refunds", left)
}

func (t *trace) discount(fees, all number, factor fraction) {
	if t != nil {
		t.say("Negative fees take %s off the %s of lines, shipping and other fees: everything × %s.", fees, all, factor)
	}
}

func (t *trace) credit(credit, bought, back number, factor fraction) {
	if t == nil {
		return
	}
	after := ""
	if back.sign() != 0 {
		after = fmt.Sprintf("; after refunds of %s", back)
	}
	t.say("Store credit or gift cards paid %s of the %s that was bought%s: everything × %s.", credit, bought, after, factor)
}

func (t *trace) rounded(unnamed number) {
	if t != nil {
		t.say("Refunds pay back %s more than they name, which is rounding.", unnamed)
	}
}

func (t *trace) spread(r *refunded, all, rest, unnamed number, factor fraction) {
	if t == nil {
		return
	}
	switch {
	case rest.sign() <= 0:
		t.say("Refunds name %s of the order's %s: nothing is left.", r.named, all)
	case unnamed.sign() > 0:
		t.say("Refunds pay back %s without naming what for; it is spread over the %s that no refund names: everything × %s.", unnamed, rest, factor)
	}
}

func (t *trace) sum(v *valued, money, pieces, factor, points fraction) {
	if t == nil {
		return
	}
	sum := money.String()
	if v.currency.cmp(one) != 0 {
		sum += fmt.Sprintf(" × %s (1 %s in %s)", v.currency, plain(v.o.Currency), v.p.currency)
	}
	if pieces.n.sign() != 0 {
		sum += fmt.Sprintf(" + %s fixed", pieces)
	}
	if factor.cmp(one) != 0 {
		sum = fmt.Sprintf("(%s) × %s", sum, factor)
	}
	if result := points.String(); result != sum {
		sum += " = " + result
	}
	t.say("Together: %s", sum)
}

// plain makes a name from the store harmless on a screen, and short.
func plain(name string) string {
	const most = 60
	var text strings.Builder
	n := 0
	for _, r := range name {
		if n++; n > most {
			text.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		text.WriteRune(r)
	}
	return strings.TrimSpace(text.String())
}
