package main

import (
	"io"
	"os"

	"shopkeeper/shared/app"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/local"
)

type evaluateCmd struct {
	Campaign  string  `help:"The campaign to evaluate; without it, the table of segments by month." placeholder:"ID"`
	Segment   string  `help:"Of the table of months, one segment alone." placeholder:"ID"`
	OffPolicy bool    `help:"Say, from the log of what was shown, what the explored last place of a shelf would have earned in other ways."`
	Clip      float64 `help:"Of --off-policy: bound of the weights; 0 means none." default:"0" placeholder:"W"`
	Adjust    bool    `help:"Take what people had spent before out of the comparison of revenue (CUPED): narrower intervals where the past tells of the future."`
	CSV       bool    `name:"csv" help:"The figures as CSV on standard output."`
	HTML      string  `name:"html" help:"Also write a page with charts." placeholder:"FILE"`
}

// Help is what --help says besides the flags.
func (*evaluateCmd) Help() string {
	return `A campaign is compared with its control group, by everybody who was drawn into a group, whether or not a message reached them. "95 % at the end" is right for one look when the window ` +
		`is over; "95 % at every look" may be read every day. Imported campaigns (import --as campaign) are evaluated by the outcomes of their file.

The table of months has, for every segment: customers, active ones (ordered within 90 days), churn rate, revenue and orders per customer, open rate.`
}

// result is what an evaluation came to, in every form.
type result interface {
	Text() string
	CSV() string
	HTML() ([]byte, error)
}

// Run evaluates.
func (c *evaluateCmd) Run(p *program) (err error) {
	if c.Campaign != "" && c.Segment != "" {
		return fault.InvalidField("--segment", "does not go with --campaign")
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
	m.close()
	r, err := c.result(p, shop)
	if err != nil {
		return err
	}
	if c.HTML != "" {
		page, err := r.HTML()
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.HTML, page, 0o600); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the page cannot be written")
		}
	}
	if c.CSV {
		_, err := io.WriteString(p.out, r.CSV())
		return err
	}
	return p.print(r, r.Text())
}

func (c *evaluateCmd) result(p *program, shop *local.Local) (result, error) {
	if c.OffPolicy {
		return explored(p, shop, c.Clip)
	}
	e := app.Evaluate(p.log, p.now, shop.DB, shop.Blobs, shop.Shops)
	if c.Campaign != "" {
		return e.Campaign(p, local.ShopID, ledger.CampaignID(c.Campaign), evaluate.Options{Adjust: c.Adjust})
	}
	months, err := e.Months(p, local.ShopID)
	if err != nil || c.Segment == "" {
		return months, err
	}
	only := months.Only(c.Segment)
	if len(only.Months) == 0 {
		return nil, fault.InvalidField("--segment", "has no members, or is none")
	}
	return only, nil
}
