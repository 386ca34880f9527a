package compare

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/event"
	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/recommend"
)

// unit is one visitor.
type unit struct {
	arm      recommend.Arm
	first    int64 // when the visitor met the trial, Unix milliseconds
	shown    int64 // answers
	replaced int64 // answers that the arm's model did not give
	clicks   int64
	orders   int64
	revenue  int64
	tally    interleave.Tally
}

// gathering reads a trial. Memory: its visitors, and what was clicked.
type gathering struct {
	*Comparer
	shop   event.ShopID
	trial  recommend.Trial
	units  map[event.VisitorID]*unit
	broken int

	clicks  map[offpolicy.Answer]map[string]interleave.Team // items of answers, and who put them there
	person  map[event.VisitorID]string                      // of visitors who told who they are
	persons map[string]event.VisitorID                      // the visitor whose an order of a person is
}

func (g *gathering) gather(ctx context.Context, currency string) error {
	g.clicks, g.person = map[offpolicy.Answer]map[string]interleave.Team{}, map[event.VisitorID]string{}
	var forever time.Time
	if err := archive.Read(ctx, g.files, g.shop, g.trial.Began, forever, func(r archive.Row) error { g.row(r); return nil }); err != nil {
		return fmt.Errorf("read the archive of %s: %w", g.shop, err)
	}
	var err error
	if g.broken, err = g.shown.Exposures(ctx, g.shop, g.trial.Began, g.exposure); err != nil {
		return fmt.Errorf("read what was shown by %s: %w", g.shop, err)
	}
	g.nameOwners()
	orders, err := kpi.Orders(ctx, g.files, g.shop, currency, g.trial.Began, forever)
	if err != nil {
		return fmt.Errorf("read the orders of %s: %w", g.shop, err)
	}
	for _, o := range orders {
		g.order(o)
	}
	return nil
}

// row notes who a visitor is, and what was clicked. Bots count for nothing.
func (g *gathering) row(r archive.Row) {
	visitor := event.VisitorID(r.Visitor)
	if r.Verdict == string(event.Bot) {
		return
	}
	if r.Person != "" && r.Person != r.Visitor {
		g.person[visitor] = r.Person
	}
	if r.Recommendation == "" || r.Item == "" || event.Name(r.Name) == event.RecommendationShown {
		return
	}
	token, err := g.signer.Parse(g.shop, r.Recommendation)
	if err != nil { // an offer's impression, or an id that somebody made up
		return
	}
	answer := offpolicy.Answer{Placement: token.Placement.String(), Model: token.Model, Seed: token.Seed, Second: token.At.Unix()}
	items := g.clicks[answer]
	if items == nil {
		items = map[string]interleave.Team{}
		g.clicks[answer] = items
	}
	items[r.Item] = token.Teams.Of(event.ItemID(r.Item))
}

// meet notes that a visitor takes part. Answers come in no order.
func (g *gathering) meet(visitor event.VisitorID, arm recommend.Arm, at int64) *unit {
	u := g.units[visitor]
	if u == nil {
		u = &unit{arm: arm, first: at}
		g.units[visitor] = u
	}
	u.first = min(u.first, at)
	return u
}

// exposure counts an answer of the trial, and what was clicked in it.
func (g *gathering) exposure(e offpolicy.Exposure) {
	visitor := event.VisitorID(e.Visitor)
	arm := g.trial.Arm(visitor)
	if arm == recommend.NoArm || e.Trial != g.trial.ID || e.Arm != arm.String() || !shows(e) {
		return
	}
	u := g.meet(visitor, arm, e.At)
	u.shown++
	if version(e.Model) != g.model(arm) || arm == recommend.ArmBoth && version(e.Against) != g.trial.VersionB() {
		u.replaced++
	}
	for _, s := range e.Shelves {
		clicked := g.clicks[e.Answer(s)]
		for _, shown := range s.Items {
			if team, yes := clicked[shown.ID]; yes {
				u.clicks++
				u.tally.Add(team)
			}
		}
	}
}

// shows says whether anything was shown of either model.
func shows(e offpolicy.Exposure) bool {
	for _, s := range e.Shelves {
		if len(s.Items) > 0 {
			return true
		}
	}
	return false
}

// model is the version that answers an arm.
func (g *gathering) model(arm recommend.Arm) string {
	if arm == recommend.ArmB {
		return g.trial.VersionB()
	}
	return g.trial.VersionA()
}

// version is a version as people write it.
func version(v uint64) string {
	text := strconv.FormatUint(v, 16)
	return "0000000000000000"[len(text):] + text
}

// nameOwners finds for each person the visitor that their orders count for: the one who met the trial first; of equal times the smaller id.
func (g *gathering) nameOwners() {
	for visitor, person := range g.person {
		u := g.units[visitor]
		if u == nil {
			continue
		}
		best, named := g.persons[person]
		if !named || u.first < g.units[best].first || u.first == g.units[best].first && visitor < best {
			g.persons[person] = visitor
		}
	}
}

func (g *gathering) order(o kpi.Order) {
	visitor, known := g.persons[o.Subject]
	if !known {
		visitor = event.VisitorID(o.Subject)
	}
	if u := g.units[visitor]; u != nil && o.At.UnixMilli() >= u.first {
		u.orders++
		u.revenue += o.Net
	}
}
