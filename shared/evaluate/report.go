// Package evaluate says what came of what the shop did: for a campaign, what each customer who was in it brought beside the customers of the control group, with intervals and with what is
// wrong with the comparison; for the shop, the figures of every segment by month.
//
// # Who counts where
//
// Everybody who was drawn into a group counts in it for good (intention to treat): also who was left out later, because of the frequency cap, a bounce, a campaign that was stopped. Leaving
// them out would compare the reachable part of one group with the whole of the other. Rows that were refused before the draw (no consent, no address, on the suppression
// list) are in no group and are listed by reason.
//
// # What counts
//
// Orders of a person within the campaign's window, which opens for all groups at the moment the campaign started, whenever each mail was sent; what was refunded or cancelled until the
// evaluation is taken off. Profit is revenue times the shop's margin. Opens and clicks are those of humans; they have no counterpart in the control group and therefore no lift.
//
// # Two intervals
//
// The fixed interval is right for one look, when the window is over. The always-valid interval may be read every day, and acted upon: see package experiment.
package evaluate

import (
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/experiment"
	"shopkeeper/shared/ledger"
)

// Report is what came of one campaign.
type Report struct {
	Shop      event.ShopID      `json:"-"`
	Campaign  ledger.CampaignID `json:"campaign"`
	Name      string            `json:"name"`
	Status    campaign.Status   `json:"status"`
	Currency  string            `json:"currency"`
	Margin    float64           `json:"margin,omitempty"` // share of revenue that is profit; 0: not known
	Started   time.Time         `json:"started,omitzero"`
	Until     time.Time         `json:"until,omitzero"` // the end of the window
	Evaluated time.Time         `json:"evaluated"`
	Over      bool              `json:"over"`               // the window has passed: the fixed interval holds
	Imported  bool              `json:"imported,omitempty"` // run elsewhere: outcomes come from its file
	Groups    []Group           `json:"groups"`             // control first, then the variants by name
	LeftOut   []LeftOut         `json:"leftOut,omitempty"`  // in no group, by reason
	Lifts     []Lift            `json:"lifts"`              // by metric, then by group
	Ratio     *Ratio            `json:"ratio,omitempty"`
	Warnings  []Warning         `json:"warnings,omitempty"`
	Looks     []Look            `json:"looks,omitempty"` // earlier evaluations of spend, oldest first
}

// Group is the people of one variant, or of the control group.
type Group struct {
	Name         string  `json:"name"`
	Control      bool    `json:"control,omitempty"`
	Share        float64 `json:"share"` // of those drawn that should be here
	People       int64   `json:"people"`
	Sent         int64   `json:"sent"`
	Delivered    int64   `json:"delivered"`
	Opened       int64   `json:"opened"`
	Clicked      int64   `json:"clicked"`
	Unsubscribed int64   `json:"unsubscribed"`
	Bounced      int64   `json:"bounced"`
	Complained   int64   `json:"complained"`
	Uncertain    int64   `json:"uncertain"` // may have been sent
	Kept         int64   `json:"kept"`      // left out after the draw, and counted all the same
	Visitors     *int64  `json:"visitors,omitempty"`
	Buyers       int64   `json:"buyers"`
	Orders       int64   `json:"orders"`
	Revenue      int64   `json:"revenue"` // minor units
	Profit       *int64  `json:"profit,omitempty"`
	PerHead      Amounts `json:"perCustomer"`
}

// Amounts are per person of a group, in whole units of the currency.
type Amounts struct {
	Revenue float64  `json:"revenue"`
	Profit  *float64 `json:"profit,omitempty"`
	Orders  float64  `json:"orders"`
}

// LeftOut counts people who were never drawn.
type LeftOut struct {
	Why    ledger.Why `json:"why"`
	People int64      `json:"people"`
}

// Metric is what groups are compared by.
type Metric string

// The metrics.
const (
	Visit      Metric = "visit"      // share who came to the shop; of imported campaigns
	Conversion Metric = "conversion" // share who ordered
	Orders     Metric = "orders"     // orders per customer
	Spend      Metric = "spend"      // revenue per customer, in whole units of the currency
	Profit     Metric = "profit"     // Spend times the margin
)

// Share says whether the metric is a share of people, rather than an amount per person.
func (m Metric) Share() bool { return m == Visit || m == Conversion }

// Lift compares one group with another by one metric. What cannot be told is left out.
type Lift struct {
	Metric     Metric    `json:"metric"`
	Group      string    `json:"group"`
	Against    string    `json:"against"`
	Treated    float64   `json:"treated"`
	Control    float64   `json:"control"`
	Difference float64   `json:"difference"`
	Relative   *Relative `json:"relative,omitempty"`
	SE         float64   `json:"se"`
	T          *float64  `json:"t,omitempty"` // Welch's
	DF         float64   `json:"df,omitempty"`
	P          float64   `json:"p"`
	Z          *float64  `json:"z,omitempty"`      // pooled, of shares
	Fixed      *Bounds   `json:"fixed,omitempty"`  // 95 %, for one look when the window is over
	Always     *Bounds   `json:"always,omitempty"` // 95 %, at every look
	Adjusted   *Adjusted `json:"adjusted,omitempty"`
}

// Relative is a lift as a share of the control group's mean.
type Relative struct {
	Lift   float64 `json:"lift"`
	SE     float64 `json:"se"`
	Fixed  *Bounds `json:"fixed,omitempty"`
	Always *Bounds `json:"always,omitempty"`
}

// Adjusted is the difference with what people had spent before taken out (CUPED).
type Adjusted struct {
	Theta       float64 `json:"theta"`
	Correlation float64 `json:"correlation"` // of before and after, over both groups
	Difference  float64 `json:"difference"`
	SE          float64 `json:"se"`
	Fixed       *Bounds `json:"fixed,omitempty"`
}

// Bounds are an interval that can be told.
type Bounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Excludes says whether a value is outside.
func (b *Bounds) Excludes(v float64) bool { return b != nil && (v < b.Low || v > b.High) }

func bounds(i experiment.Interval) *Bounds {
	if !i.Known() {
		return nil
	}
	return &Bounds{i.Low, i.High}
}

// Ratio is the test whether the groups have the sizes they were drawn with.
type Ratio struct {
	ChiSquare float64 `json:"chi2"`
	DF        int     `json:"df"`
	P         float64 `json:"p"`
	Broken    bool    `json:"broken"`
}

// Look is what an evaluation said of spend at its time.
type Look struct {
	At         time.Time `json:"at"`
	Group      string    `json:"group"`
	Difference float64   `json:"difference"`
	Fixed      *Bounds   `json:"fixed,omitempty"`
	Always     *Bounds   `json:"always,omitempty"`
}
