package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/local"
)

type campaignCmd struct {
	List   campaignListCmd   `cmd:"" default:"1" help:"List the shop's campaigns, the latest first."`
	Show   campaignShowCmd   `cmd:"" help:"Show one campaign and where it is."`
	Start  campaignStartCmd  `cmd:"" help:"Start a draft, at its time or now. A running shopkeeper serve sends it."`
	Pause  campaignPauseCmd  `cmd:"" help:"Hand over no more messages until resume."`
	Resume campaignResumeCmd `cmd:"" help:"Let a paused campaign go on where it was."`
	Stop   campaignStopCmd   `cmd:"" help:"End a campaign for good: what is planned is not sent."`
	Ledger campaignLedgerCmd `cmd:"" help:"Account for every person of a campaign: what became of each message, and why it was not sent."`
}

// onCampaign opens the shop for work on its campaigns.
func onCampaign(p *program, do func(l *local.Local, campaigns *campaign.Store) error) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	return do(l, campaign.NewStore(l.Now, l.DB))
}

type campaignListCmd struct{}

// Run lists.
func (*campaignListCmd) Run(p *program) error {
	return onCampaign(p, func(_ *local.Local, campaigns *campaign.Store) error {
		all, err := campaigns.List(p, local.ShopID)
		if err != nil {
			return err
		}
		text := "There are no campaigns yet: make one in the console.\n"
		if len(all) > 0 {
			text = tabled(func(w io.Writer) {
				fmt.Fprintln(w, "CAMPAIGN\tSTATUS\tSEGMENT\tAUDIENCE\tBEGINS\tNAME")
				for _, d := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", d.ID, d.Status, d.Segment, d.Audience, clockText(d.At), d.Name)
				}
			})
		}
		return p.print(all, text)
	})
}

func tabled(write func(io.Writer)) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	write(w)
	_ = w.Flush() // a builder takes everything
	return b.String()
}

func clockText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04 MST")
}

// campaignID is the argument of the commands on one campaign.
type campaignID struct {
	ID string `arg:"" help:"The campaign's id, as list shows it." placeholder:"ID"`
}

func (c campaignID) id() ledger.CampaignID { return ledger.CampaignID(c.ID) }

type campaignShowCmd struct{ campaignID }

// Run shows one.
func (c *campaignShowCmd) Run(p *program) error {
	return onCampaign(p, func(_ *local.Local, campaigns *campaign.Store) error {
		d, err := campaigns.Get(p, local.ShopID, c.id())
		if err != nil {
			return err
		}
		return showCampaign(p, d)
	})
}

func showCampaign(p *program, d campaign.Definition) error {
	return p.print(d, tabled(func(w io.Writer) {
		fmt.Fprintf(w, "%s\t%s\n  status\t%s\n", d.ID, d.Name, strings.TrimSpace(string(d.Status)+" "+d.Why))
		fmt.Fprintf(w, "  segment\t%s\n  audience\t%d persons, %d visitors who are nobody's\n  control group\t%g %%\n", d.Segment, d.Audience, d.Nobodies, 100*d.Control)
		for _, v := range d.Variants {
			fmt.Fprintf(w, "  variant %s\t%s\n", v.Name, v.Subject)
		}
		fmt.Fprintf(w, "  begins\t%s\n  ends\t%s\n  ended\t%s\n", clockText(d.At), clockText(d.Until), clockText(d.Ended))
	}))
}

type campaignStartCmd struct{ campaignID }

// Run starts one.
func (c *campaignStartCmd) Run(p *program) error {
	return onCampaign(p, func(l *local.Local, campaigns *campaign.Store) error {
		runner, err := l.Campaigns()
		if err != nil {
			return err
		}
		draft, err := campaigns.Get(p, local.ShopID, c.id())
		if err != nil {
			return err
		}
		warnings, err := runner.CanStart(p, draft)
		if err != nil {
			return err
		}
		for _, w := range warnings {
			fmt.Fprintln(p.err, "shopkeeper: warning:", w)
		}
		d, err := runner.Start(p, local.ShopID, c.id(), 0)
		if err != nil {
			return err
		}
		return showCampaign(p, d)
	})
}

// change is a command that changes one campaign.
func (c campaignID) change(p *program, how func(*campaign.Store, context.Context, event.ShopID, ledger.CampaignID) (campaign.Definition, error)) error {
	return onCampaign(p, func(_ *local.Local, campaigns *campaign.Store) error {
		d, err := how(campaigns, p, local.ShopID, c.id())
		if err != nil {
			return err
		}
		return showCampaign(p, d)
	})
}

type campaignPauseCmd struct{ campaignID }

// Run pauses one.
func (c *campaignPauseCmd) Run(p *program) error {
	return c.change(p, func(s *campaign.Store, ctx context.Context, shop event.ShopID, id ledger.CampaignID) (campaign.Definition, error) {
		return s.Pause(ctx, shop, id, "")
	})
}

type campaignResumeCmd struct{ campaignID }

// Run resumes one.
func (c *campaignResumeCmd) Run(p *program) error { return c.change(p, (*campaign.Store).Resume) }

type campaignStopCmd struct{ campaignID }

// Run stops one.
func (c *campaignStopCmd) Run(p *program) error { return c.change(p, (*campaign.Store).Stop) }

type campaignLedgerCmd struct{ campaignID }

// Run prints the sums of the ledger.
func (c *campaignLedgerCmd) Run(p *program) error {
	return onCampaign(p, func(l *local.Local, campaigns *campaign.Store) error {
		if _, err := campaigns.Get(p, local.ShopID, c.id()); err != nil {
			return err
		}
		sums, err := ledger.New(l.Now, l.DB).Sums(p, local.ShopID, c.id())
		if err != nil {
			return err
		}
		return p.print(sums, ledgerText(sums))
	})
}

func ledgerText(s ledger.Sums) string {
	return tabled(func(w io.Writer) {
		fmt.Fprintf(w, "rows\t%d\n", s.Rows)
		for _, state := range ledger.States() {
			fmt.Fprintf(w, "  %s\t%d\n", state, s.States[state])
		}
		whys := make([]ledger.Why, 0, len(s.Whys))
		for why := range s.Whys {
			whys = append(whys, why)
		}
		slices.SortFunc(whys, func(a, b ledger.Why) int { return cmp.Or(cmp.Compare(s.Whys[b], s.Whys[a]), cmp.Compare(a, b)) })
		for _, why := range whys {
			fmt.Fprintf(w, "    %s\t%d\n", why, s.Whys[why])
		}
		r := s.Reached
		fmt.Fprintf(w, "ever handed\t%d\never delivered\t%d\never opened\t%d\never clicked\t%d\n", r.Handed, r.Delivered, r.Opened, r.Clicked)
		fmt.Fprintf(w, "bounced\t%d\ncomplained\t%d\nunsubscribed\t%d\n", r.Bounced, r.Complained, r.Unsubscribed)
	})
}
