package evaluate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/shop"
)

// Campaigns are the shop's campaigns.
type Campaigns interface {
	Get(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (campaign.Definition, error)
	List(ctx context.Context, shop event.ShopID) ([]campaign.Definition, error)
}

// Groups tells which segments each customer is in now.
type Groups func(ctx context.Context, shop event.ShopID) (kpi.Members, error)

// Settings are what a shop chose.
type Settings interface {
	Settings(ctx context.Context, id event.ShopID) (shop.Settings, error)
}

// TableMonths is how many months the table of a shop has, the running one included.
const TableMonths = 13

// stale is how long after its window a campaign is still evaluated every night: late refunds change the result.
const stale = 31 * 24 * time.Hour

// Evaluator makes reports from what the shop has stored, and keeps the newest of each.
type Evaluator struct {
	log       *slog.Logger
	now       func() time.Time
	campaigns Campaigns
	rows      *ledger.Store
	groups    Groups
	settings  Settings
	files     blob.Store
	Reports   *Reports
}

// New makes an Evaluator over the archive in files.
func New(log *slog.Logger, now func() time.Time, campaigns Campaigns, rows *ledger.Store, groups Groups, settings Settings, files blob.Store) *Evaluator {
	return &Evaluator{log, now, campaigns, rows, groups, settings, files, NewReports(files)}
}

// Options are how a campaign is evaluated.
type Options struct {
	Adjust bool // take what people had spent before out of the comparison of spend (CUPED)
}

// Campaign evaluates one campaign now and stores the report. Whoever wants a result calls it; again and again does no harm, the intervals that say so hold at every look.
func (e *Evaluator) Campaign(ctx context.Context, id event.ShopID, which ledger.CampaignID, opts Options) (Report, error) {
	d, err := e.campaigns.Get(ctx, id, which)
	if err != nil {
		return Report{}, fmt.Errorf("evaluate campaign %q: %w", which, err)
	}
	s, err := e.settings.Settings(ctx, id)
	if err != nil {
		return Report{}, err
	}
	var orders []kpi.Order
	if !began(d).IsZero() {
		if orders, err = kpi.Orders(ctx, e.files, id, s.Currency, began(d).AddDate(0, 0, -BeforeDays), e.now()); err != nil {
			return Report{}, err
		}
	}
	d.Shop = id
	return e.campaign(ctx, d, s, orders, opts)
}

func (e *Evaluator) campaign(ctx context.Context, d campaign.Definition, s shop.Settings, orders []kpi.Order, opts Options) (Report, error) {
	in := Material{
		Campaign: d, Currency: s.Currency, Margin: s.Margin, Rows: e.rows.All(ctx, d.Shop, d.ID), Orders: orders, Adjust: opts.Adjust, Now: e.now(),
	}
	outcomes, err := e.Reports.Outcomes(ctx, d.Shop, d.ID)
	if err == nil {
		in.Outcomes = &outcomes
	} else if !fault.Is(err, fault.NotFound) {
		return Report{}, err
	}
	last, err := e.Reports.Campaign(ctx, d.Shop, d.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Report{}, err
	}
	in.Looks = last.Looks
	r, err := Make(in)
	if err != nil {
		return r, fmt.Errorf("evaluate campaign %q: %w", d.ID, err)
	}
	return r, e.Reports.PutCampaign(ctx, r)
}

// Months evaluates every segment of a shop by month and stores the table.
func (e *Evaluator) Months(ctx context.Context, id event.ShopID) (Months, error) {
	s, err := e.settings.Settings(ctx, id)
	if err != nil {
		return Months{}, err
	}
	orders, err := kpi.Orders(ctx, e.files, id, s.Currency, time.Time{}, e.now())
	if err != nil {
		return Months{}, err
	}
	return e.months(ctx, id, s, orders)
}

func (e *Evaluator) months(ctx context.Context, id event.ShopID, s shop.Settings, orders []kpi.Order) (Months, error) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	now := e.now()
	members, err := e.groups(ctx, id)
	if err != nil {
		return Months{}, fmt.Errorf("segments of %s: %w", id, err)
	}
	mails, err := e.mails(ctx, id, now.AddDate(0, -TableMonths, 0))
	if err != nil {
		return Months{}, err
	}
	m := Months{Shop: id, Currency: s.Currency, Evaluated: now.UTC(), Months: kpi.Months(orders, mails, members, now, zone, TableMonths)}
	return m, e.Reports.PutMonths(ctx, m)
}

// mails are the messages of all campaigns that were delivered since a time.
func (e *Evaluator) mails(ctx context.Context, id event.ShopID, since time.Time) ([]kpi.Mail, error) {
	all, err := e.campaigns.List(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("campaigns of %s: %w", id, err)
	}
	var mails []kpi.Mail
	for _, d := range all {
		if began(d).Add(life(d)).Before(since) {
			continue
		}
		for r, err := range e.rows.All(ctx, id, d.ID) {
			if err != nil {
				return nil, fmt.Errorf("ledger of %q: %w", d.ID, err)
			}
			if r.Delivered() && !r.Control {
				mails = append(mails, kpi.Mail{Person: string(r.Person), Delivered: delivery(r), Opened: r.Opened()})
			}
		}
	}
	return mails, nil
}

// delivery is when a message arrived, as near as was told.
func delivery(r ledger.Row) time.Time {
	for _, at := range []time.Time{r.DeliveredAt, r.HandedAt, r.At} {
		if !at.IsZero() {
			return at
		}
	}
	return r.PlannedAt
}

// life is how long after its start a campaign may still be sending or counting orders.
func life(d campaign.Definition) time.Duration {
	window := d.Window
	if window == 0 {
		window = campaign.DefaultWindow
	}
	if sending := d.Until.Sub(began(d)); !d.Until.IsZero() && sending > window {
		return sending
	}
	return max(window, campaign.DefaultLife)
}

// Done is what a night came to.
type Done struct {
	Campaigns int `json:"campaigns"` // evaluated
	Months    int `json:"months"`    // rows of the table
}

// Night evaluates a shop: the table of months and every campaign that was started and may still change. The schedule calls it; a repeated call does no harm.
func (e *Evaluator) Night(ctx context.Context, id event.ShopID) (Done, error) {
	s, err := e.settings.Settings(ctx, id)
	if err != nil {
		return Done{}, err
	}
	orders, err := kpi.Orders(ctx, e.files, id, s.Currency, time.Time{}, e.now())
	if err != nil {
		return Done{}, err
	}
	m, err := e.months(ctx, id, s, orders)
	if err != nil {
		return Done{}, err
	}
	done := Done{Months: len(m.Months)}
	all, err := e.campaigns.List(ctx, id)
	if err != nil {
		return done, fmt.Errorf("campaigns of %s: %w", id, err)
	}
	for _, d := range all {
		if began(d).IsZero() || e.now().After(began(d).Add(life(d)).Add(stale)) {
			continue
		}
		d.Shop = id
		r, err := e.campaign(ctx, d, s, orders, Options{})
		if err != nil {
			return done, err
		}
		done.Campaigns++
		e.log.InfoContext(ctx, "campaign evaluated", "shop", id, "campaign", d.ID, "groups", len(r.Groups), "warnings", len(r.Warnings))
	}
	return done, nil
}
