package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"shopkeeper/shared/compare"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/local"
	"shopkeeper/shared/recommend"
)

type trialCmd struct {
	Start   trialStartCmd   `cmd:"" help:"Begin: show some visitors another kept model."`
	Status  trialStatusCmd  `cmd:"" default:"1" help:"How it stands. Look as often as you like: the intervals hold at every look."`
	Promote trialPromoteCmd `cmd:"" help:"End it and use the other model."`
	Stop    trialStopCmd    `cmd:"" help:"End it and keep the model in use."`
}

type trialStartCmd struct {
	Version    string   `arg:"" help:"Of the other model, as models list shows it, or newest."`
	Share      *float64 `help:"Of visitors who see the other model, more than 0 and less than 1; with --interleave of those who see both, up to 1. Default: half of them, with --interleave all."`
	Interleave bool     `help:"Show both on one list: for-you holds items of both, picked in turn. Needs far fewer visitors, and tells of clicks alone."`
}

// Help says what happens meanwhile.
func (*trialStartCmd) Help() string {
	return "The model in use is A, the other one B. A visitor sees the same one for as long as the comparison runs; who has no cookie yet, or did not agree, sees A and does not count. " +
		"Training goes on: new models are kept and wait, and neither A nor B is removed. It ends with promote, stop, or when another model is used."
}

// Run begins a comparison.
func (c *trialStartCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	plan := recommend.TrialPlan{Version: c.Version, Seed: rand.Uint64()}
	if c.Interleave {
		plan.Method = recommend.Interleave
	}
	if c.Share != nil {
		plan.Share = cmp.Or(*c.Share, -1) // a share of 0 is as wrong as one below
	}
	if _, err := recommend.StartTrial(p, l.Blobs, l.Items, local.ShopID, plan, p.now()); err != nil {
		return err
	}
	return printTrial(p, l)
}

type trialStatusCmd struct{}

// Run says how it stands.
func (*trialStatusCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	return printTrial(p, l)
}

type trialPromoteCmd struct{}

// Run makes the other model the one in use.
func (*trialPromoteCmd) Run(p *program) error { return endTrial(p, true) }

type trialStopCmd struct{}

// Run keeps the model in use.
func (*trialStopCmd) Run(p *program) error { return endTrial(p, false) }

func endTrial(p *program, promote bool) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	if _, err := recommend.EndTrial(p, l.Blobs, local.ShopID, promote); err != nil {
		return err
	}
	return printModels(p, l)
}

func printTrial(p *program, l *local.Local) error {
	m := newMeter(p.err)
	defer m.close()
	if err := l.CatchUp(p, m.count); err != nil {
		return err
	}
	m.close()
	signer, err := recommend.NewSigner(l.Ring)
	if err != nil {
		return err
	}
	settings, err := l.Shops.Settings(p, local.ShopID)
	if err != nil {
		return err
	}
	r, err := compare.New(p.now, l.Blobs, signer, l).Report(p, local.ShopID, settings.Currency)
	if err != nil {
		return err
	}
	return p.print(r, trialText(r))
}

// comparing is a line about the comparison that runs; empty when none does.
func comparing(p *program, l *local.Local) (string, error) {
	pointer, _, err := recommend.ReadPointer(p, l.Blobs, local.ShopID)
	if fault.Is(err, fault.NotFound) || err == nil && pointer.Trial == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Two models are compared on real pages since %s: the comparison goes on, and what is trained meanwhile is kept and waits.\n", pointer.Trial.Began.Format(time.RFC3339)), nil
}

func trialText(r compare.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Comparison %s since %s, ", r.Trial, r.Began.UTC().Format(time.RFC3339))
	if r.Method == recommend.Interleave {
		fmt.Fprintf(&b, "both on one list for %g %% of visitors\n", 100*r.Share)
	} else {
		fmt.Fprintf(&b, "B for %g %% of visitors\n", 100*r.Share)
	}
	fmt.Fprintf(&b, "  %-18s %9s %9s %9s", "", "visitors", "answers", "clicks")
	if r.Method == recommend.Split {
		fmt.Fprintf(&b, " %9s %16s", "orders", "revenue")
	}
	for _, a := range r.Arms {
		fmt.Fprintf(&b, "\n  %s %s %9d %9d %9d", a.Name, a.Version, a.Visitors, a.Exposures, a.Clicks)
		if r.Method == recommend.Split {
			fmt.Fprintf(&b, " %9d %16s", a.Orders, a.Sums(r.Currency))
		}
	}
	fmt.Fprintln(&b)
	for _, m := range r.Measures {
		write := func(x float64) string { return m.Amount(x, r.Currency) }
		fmt.Fprintf(&b, "  %-8s per visitor: A %s, B %s, difference %s %s\n", m.Name, write(m.A), write(m.B), write(m.Difference), between(m.Interval, write))
	}
	if f := r.Preference; f != nil {
		fmt.Fprintf(&b, "  visitors who clicked more on A %d, on B %d, alike %d; preference %+.4f of -1 to 1 %s\n", f.WinsA, f.WinsB, f.Ties, f.Estimate, between(f.Interval, plain))
	}
	fmt.Fprintln(&b, r.Text)
	for _, w := range r.Warnings {
		fmt.Fprintln(&b, "Note:", w+".")
	}
	return b.String()
}

func plain(x float64) string { return fmt.Sprintf("%+.4f", x) }

// between is an interval in words.
func between(i compare.Interval, write func(float64) string) string {
	if !i.Known {
		return "(too few to tell how sure that is)"
	}
	return fmt.Sprintf("(between %s and %s at every look)", write(i.Low), write(i.High))
}
