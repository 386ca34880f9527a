package main

import (
	"fmt"
	"strings"
	"time"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/local"
	"shopkeeper/shared/recommend"
)

type modelsCmd struct {
	List  modelsListCmd `cmd:"" default:"1" help:"List the models that are kept, newest first."`
	Use   modelsUseCmd  `cmd:"" help:"Make answers from another of them. Ends a comparison."`
	Trial trialCmd      `cmd:"" help:"Compare two of them on real pages."`
}

type modelsListCmd struct{}

// Run lists the models.
func (*modelsListCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	return printModels(p, l)
}

type modelsUseCmd struct {
	Version string `arg:"" help:"As list shows it."`
}

// Run uses a model.
func (c *modelsUseCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	return useModel(p, l, c.Version)
}

func useModel(p *program, l *local.Local, version string) error {
	if _, err := recommend.Use(p, l.Blobs, l.Items, local.ShopID, version, p.now()); err != nil {
		return err
	}
	return printModels(p, l)
}

// rollBack uses the model before the one in use.
func rollBack(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	pointer, _, err := recommend.ReadPointer(p, l.Blobs, local.ShopID)
	if err != nil {
		return err
	}
	version, err := pointer.Previous()
	if err != nil {
		return err
	}
	return useModel(p, l, version)
}

func printModels(p *program, l *local.Local) error {
	r, err := admin.ListModels(p, l.Blobs, local.ShopID)
	if err != nil {
		return err
	}
	return p.print(r, modelsText(r))
}

func modelsText(r admin.Releases) string {
	var b strings.Builder
	for _, m := range r.Models {
		mark := " "
		if m.Live {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s %s  published %s  %8.1f MB", mark, m.Version, m.Published.UTC().Format(time.RFC3339), float64(m.Bytes)/1e6)
		if m.Report != nil {
			for _, c := range m.Report.Checks {
				fmt.Fprintf(&b, "  %s %s %.4f", c.Model, c.Metric, c.After)
			}
		}
		fmt.Fprintln(&b)
	}
	if t := r.Trial; t != nil {
		fmt.Fprintf(&b, "%s (A) is compared with %s (B) on real pages since %s: what is trained meanwhile is kept and waits. See shopkeeper models trial status.\n", t.A, t.B, t.Began.UTC().Format(time.RFC3339))
	}
	if r.Held {
		fmt.Fprintln(&b, "An older model is in use: the next training takes its place only if it is better beyond chance.")
	}
	return b.String()
}
