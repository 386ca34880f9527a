package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/local"
	"shopkeeper/shared/trainer"
)

type trainCmd struct {
	Rollback bool          `help:"Train nothing: go back to the model before the one in use."`
	Budget   time.Duration `help:"Time for all of it: up to half goes into a search for better settings, on the shop's own log. Without it nothing is searched, and five minutes must do." placeholder:"DURATION"`
}

// unasked is how long a training may take that nobody gave a budget.
const unasked = 5 * time.Minute

// Help is what --help says besides the flags.
func (*trainCmd) Help() string {
	return "Reads the archive and the catalog, fits the models on all but the newest days, asks them for those days, and compares with the model in use and with plain popularity. " +
		"A new model is published unless it is worse; a running shopkeeper serve takes it over without a pause. The last models are kept."
}

// Run trains.
func (c *trainCmd) Run(p *program) (err error) {
	if c.Rollback {
		return rollBack(p)
	}
	shop, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(shop, &err)
	m := newMeter(p.err)
	defer m.close()
	if err := shop.CatchUp(p, m.count); err != nil {
		return err
	}
	end, err := shop.Training()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	whole := cmp.Or(c.Budget, unasked)
	ctx, cancel := context.WithTimeout(p, whole)
	defer cancel()
	training := app.Train(p.log, p.now, shop.DB, shop.Blobs, nil)
	training.Budget = c.Budget / 2
	report, err := training.Shop(ctx, local.ShopID, m.count)
	if errors.Is(err, context.DeadlineExceeded) && p.Err() == nil {
		return fault.Newf(fault.Unavailable, "not finished within %s: the model in use stays; give it more with --budget", whole)
	}
	if err != nil {
		return err
	}
	m.close()
	waits, err := comparing(p, shop)
	if err != nil {
		return err
	}
	return p.print(report, trainText(report)+waits)
}

func trainText(r trainer.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Learned from %d baskets with %d lines and %d other events of %d people, %d items; %.1f MB in %.1f s.\n", r.Baskets, r.Lines, r.Interactions, r.People, r.Items, float64(r.Bytes)/1e6, r.Seconds)
	if r.Unknown > 0 {
		fmt.Fprintf(&b, "%d events and lines were of items that are not in the catalog.\n", r.Unknown)
	}
	for _, m := range r.Models {
		fmt.Fprintf(&b, "  %-28s %-12s %9d entries %7.1f s\n", m.Name, m.Method, m.Entries, m.Seconds)
	}
	for _, c := range r.Checks {
		before := "none"
		if c.Before != nil {
			before = fmt.Sprintf("%.4f", *c.Before)
		}
		fmt.Fprintf(&b, "  %-28s %-12s before %s, after %.4f, popularity %.4f, on %d questions\n", c.Model, c.Metric, before, c.After, c.Popularity, c.Questions)
		for _, name := range slices.Sorted(maps.Keys(c.Alone)) {
			fmt.Fprintf(&b, "  %-28s %s alone %.4f\n", "", name, c.Alone[name])
		}
		if c.Gain != nil {
			fmt.Fprintf(&b, "  %-28s change %+.4f, 95 %% interval %+.4f to %+.4f\n", "", c.Gain.Mean, c.Gain.Interval.Low, c.Gain.Interval.High)
		}
		if c.Note != "" {
			fmt.Fprintf(&b, "  %-28s %s\n", "", c.Note)
		}
	}
	if s := r.Search; s != nil {
		fmt.Fprintf(&b, "Searched %d settings in %.1f s.\n", s.Trials, s.Seconds)
		for _, m := range s.Models {
			verdict := "the default settings stay"
			if m.Adopted {
				verdict = "adopted"
			}
			fmt.Fprintf(&b, "  %-28s default %.4f, best %.4f on %d questions that the search did not see: %s\n", m.Model, m.Default, m.Best, m.Questions, verdict)
		}
	}
	if r.Note != "" {
		fmt.Fprintln(&b, r.Note)
	}
	verdict := "Refused: "
	if r.Publish {
		verdict = "Published: "
	}
	fmt.Fprintln(&b, verdict+r.Reason)
	return b.String()
}
