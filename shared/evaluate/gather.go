package evaluate

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/ledger"
)

// Material is what a report is made of.
type Material struct {
	Campaign campaign.Definition
	Currency string
	Margin   float64                      // share of revenue that is profit; 0: not known
	Rows     iter.Seq2[ledger.Row, error] // the campaign's
	Orders   []kpi.Order                  // from at least BeforeDays before its start to now
	Outcomes *Outcomes                    // of a campaign run elsewhere, instead of Orders
	Adjust   bool                         // take what people had spent before out of the comparison of spend (CUPED)
	Looks    []Look                       // of earlier reports
	Now      time.Time
}

// BeforeDays is how far back what people had spent before the campaign is counted.
const BeforeDays = 365

// maxLooks bounds what a report keeps of earlier ones; the oldest go.
const maxLooks = 400

// Make makes the report. Its error is that of reading the rows.
func Make(in Material) (Report, error) {
	d := in.Campaign
	window := cmp.Or(d.Window, campaign.DefaultWindow)
	r := Report{
		Shop: d.Shop, Campaign: d.ID, Name: d.Name, Status: d.Status, Currency: in.Currency, Margin: in.Margin,
		Started: began(d), Until: began(d).Add(window), Evaluated: in.Now.UTC(), Imported: in.Outcomes != nil,
	}
	r.Over = r.Imported || !r.Started.IsZero() && !in.Now.Before(r.Until)
	t := newTally(d)
	for row, err := range in.Rows {
		if err != nil {
			return r, err
		}
		t.row(row)
	}
	outcomes := in.Outcomes
	if outcomes == nil {
		outcomes = t.outcomes(in.Orders, r.Started, r.Until, in.Currency)
	} else {
		r.Currency = outcomes.Currency
	}
	t.enter(outcomes, in.Margin)
	r.Groups, r.LeftOut = t.groups, t.leftOut()
	r.Ratio = ratio(r.Groups)
	r.Lifts = lifts(*outcomes, in.Margin, in.Adjust)
	r.warn(t.foreign, t.mailedControl)
	r.Looks = looks(in.Looks, &r)
	return r, nil
}

// tally counts the rows of a campaign by group.
type tally struct {
	groups        []Group
	index         map[string]int // of a variant's group
	member        map[string]int // the group of each person who was drawn
	refused       map[ledger.Why]int64
	mailedControl int64
	foreign       int // orders in other currencies that count
}

// controlName is what the control group is called where the campaign has no name for it.
const controlName = "control"

func newTally(d campaign.Definition) *tally {
	t := &tally{index: map[string]int{}, member: map[string]int{}, refused: map[ledger.Why]int64{}}
	if d.Control > 0 {
		t.groups = append(t.groups, Group{Name: controlName, Control: true, Share: d.Control})
	}
	variants := slices.SortedFunc(slices.Values(d.Variants), func(a, b campaign.Variant) int { return cmp.Compare(a.Name, b.Name) })
	var weight float64
	for _, v := range variants {
		weight += v.Share
	}
	for _, v := range variants {
		t.index[v.Name] = len(t.groups)
		share := (1 - d.Control) / float64(len(variants))
		if weight > 0 {
			share = (1 - d.Control) * v.Share / weight
		}
		t.groups = append(t.groups, Group{Name: v.Name, Share: share})
	}
	return t
}

// drawn says whether a row is in a group: who is barred when the campaign is planned gets no variant; who is barred later keeps theirs.
func drawn(r ledger.Row) bool { return r.Control || r.Variant != "" }

// began is when the window opens for all groups.
func began(d campaign.Definition) time.Time {
	if !d.Begun.IsZero() {
		return d.Begun
	}
	return d.Started
}

// row counts one row. Only the first step of several decides the group.
func (t *tally) row(r ledger.Row) {
	if r.Step != 0 {
		return
	}
	i, known := t.index[r.Variant]
	if r.Control {
		i, known = 0, len(t.groups) > 0 && t.groups[0].Control
	}
	if !drawn(r) || !known {
		t.refused[r.Why]++
		return
	}
	t.member[string(r.Person)] = i
	t.groups[i].count(r)
	if r.Control && !r.HandedAt.IsZero() {
		t.mailedControl++
	}
}

func (g *Group) count(r ledger.Row) {
	g.People++
	if g.Control {
		return
	}
	add := func(n *int64, yes bool) {
		if yes {
			*n++
		}
	}
	add(&g.Sent, !r.HandedAt.IsZero())
	add(&g.Delivered, r.Delivered())
	add(&g.Opened, r.Opened())
	add(&g.Clicked, !r.ClickedAt.IsZero())
	add(&g.Unsubscribed, !r.UnsubscribeAt.IsZero())
	add(&g.Bounced, !r.BouncedAt.IsZero())
	add(&g.Complained, !r.ComplainedAt.IsZero())
	add(&g.Uncertain, r.State == ledger.Uncertain)
	add(&g.Kept, r.State == ledger.Suppressed)
}

// leftOut lists who was never drawn.
func (t *tally) leftOut() []LeftOut {
	var all []LeftOut
	for why, n := range t.refused {
		all = append(all, LeftOut{why, n})
	}
	slices.SortFunc(all, func(a, b LeftOut) int { return cmp.Or(cmp.Compare(b.People, a.People), cmp.Compare(a.Why, b.Why)) })
	return all
}

// bought is what one person did.
type bought struct {
	orders        int
	spend, before int64
}

// outcomes sums up what the members ordered in the window, and before it.
func (t *tally) outcomes(orders []kpi.Order, from, until time.Time, currency string) *Outcomes {
	did := map[string]bought{}
	for _, o := range orders {
		if _, ok := t.member[o.Subject]; !ok {
			continue
		}
		b := did[o.Subject]
		switch {
		case from.IsZero() || !o.At.Before(until) || o.At.Before(from.AddDate(0, 0, -BeforeDays)):
		case o.At.Before(from):
			b.before += o.Net
		default:
			b.orders++
			b.spend += o.Net
			if o.Foreign {
				t.foreign++
			}
		}
		did[o.Subject] = b
	}
	sums := &Outcomes{Currency: currency, Groups: make([]Outcome, len(t.groups))}
	for i, g := range t.groups {
		sums.Groups[i] = Outcome{Name: g.Name, Control: g.Control, Before: true}
	}
	for person, i := range t.member {
		b := did[person]
		sums.Groups[i].Add(b.spend, b.orders, b.before)
	}
	return sums
}

// enter writes outcomes into the groups.
func (t *tally) enter(o *Outcomes, margin float64) {
	for _, x := range o.Groups {
		i := slices.IndexFunc(t.groups, func(g Group) bool { return g.Name == x.Name || g.Control && x.Control })
		if i < 0 {
			continue
		}
		g := &t.groups[i]
		g.Name = x.Name
		g.People = x.People
		g.outcome(x, o.Currency, margin)
	}
}
