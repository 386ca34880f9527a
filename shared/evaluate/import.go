package evaluate

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/ledger"
)

// Finished describes a campaign that was run elsewhere.
type Finished struct {
	Shop    event.ShopID
	ID      ledger.CampaignID
	Name    string             // what people call it; default the id
	Control string             // the arm that got nothing; empty: there was none
	Shares  map[string]float64 // relative weights that the arms were drawn with; empty: equal ones
	Started time.Time          // default now
	Window  time.Duration      // how long outcomes were counted; default campaign.DefaultWindow
}

// Definitions keeps campaigns.
type Definitions interface {
	Record(ctx context.Context, d campaign.Definition) (campaign.Definition, error)
}

// People finds who a shop's user id stands for.
type People interface {
	EnsurePerson(ctx context.Context, shop event.ShopID, userID string, preferred event.PersonID) (event.PersonID, error)
}

// Importer takes over finished campaigns: a definition, one row of the ledger per person, and the outcomes summed up by arm. What each single person did is not kept.
type Importer struct {
	now     func() time.Time
	known   Definitions
	rows    *ledger.Store
	people  People
	reports *Reports
}

// NewImporter makes an Importer.
func NewImporter(now func() time.Time, known Definitions, rows *ledger.Store, people People, reports *Reports) *Importer {
	return &Importer{now, known, rows, people, reports}
}

// batchRows is how many rows of the ledger are written at once.
const batchRows = 1000

// maxArms bounds the arms: more of them are a column that is none.
const maxArms = 26

// Import reads a file of one row per person (see ingest.Responses; job names the file and its columns). The same file again changes nothing; a corrected one replaces the outcomes.
// People without a user id get ids that belong to nobody.
func (im *Importer) Import(ctx context.Context, f Finished, job ingest.Job) (ingest.Result, error) {
	if f.Started.IsZero() {
		f.Started = im.now()
	}
	if f.Window == 0 {
		f.Window = campaign.DefaultWindow
	}
	a := &arms{f: f, people: im.people, sums: map[string]*Outcome{}}
	// The arms are counted first, so that a wrong column is refused before anything is stored.
	first := job
	first.Report, first.Progress = io.Discard, nil
	if _, err := ingest.Responses(ctx, im.now, first, func(r ingest.Response, t ingest.Told) error { return a.sum(r, t) }); err != nil {
		return ingest.Result{}, err
	}
	d, outcomes, err := a.finish(job.Currency)
	if err != nil {
		return ingest.Result{}, err
	}
	if _, err := im.known.Record(ctx, d); err != nil {
		return ingest.Result{}, fmt.Errorf("store campaign %q: %w", f.ID, err)
	}
	if err := im.reports.PutOutcomes(ctx, f.Shop, f.ID, outcomes); err != nil {
		return ingest.Result{}, err
	}
	return im.fill(ctx, a, job)
}

// fill writes the ledger.
func (im *Importer) fill(ctx context.Context, a *arms, job ingest.Job) (ingest.Result, error) {
	var batch []ledger.Row
	added := 0
	flush := func() error {
		n, err := im.rows.Record(ctx, batch...)
		added += n
		batch = batch[:0]
		return err
	}
	result, err := ingest.Responses(ctx, im.now, job, func(r ingest.Response, t ingest.Told) error {
		row, err := a.row(ctx, r, t)
		if err != nil {
			return err
		}
		if batch = append(batch, row); len(batch) == batchRows {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	result.People = int64(added)
	result.Duplicates = result.Accepted - int64(added)
	result.Accepted = int64(added)
	return result, err
}

// arms gathers what a file says of each arm.
type arms struct {
	f      Finished
	people People
	sums   map[string]*Outcome
}

func (a *arms) sum(r ingest.Response, t ingest.Told) error {
	o := a.sums[r.Arm]
	if o == nil {
		if len(a.sums) == maxArms {
			return fault.InvalidField("arm", fmt.Sprintf("has more than %d values, such as %q: name the column of the arm with --map arm=COLUMN", maxArms, r.Arm))
		}
		o = &Outcome{Name: r.Arm, Control: r.Arm == a.f.Control}
		a.sums[r.Arm] = o
	}
	o.People++
	if r.Converted {
		o.Conversion++
	}
	if t.Orders {
		if o.Orders == nil {
			o.Orders = new(int64)
		}
		*o.Orders += r.Orders
		o.OrdersSq += float64(r.Orders * r.Orders)
	}
	if t.Visit {
		o.visited(r.Visited)
	}
	o.Before = o.Before || t.Before
	o.Spend.Add(float64(r.Spend), float64(r.Before))
	return nil
}

// finish is the campaign as the product keeps it.
func (a *arms) finish(currency string) (campaign.Definition, Outcomes, error) {
	d := campaign.Definition{
		Shop: a.f.Shop, ID: a.f.ID, Name: a.f.Name, Status: campaign.Finished, Started: a.f.Started, At: a.f.Started, Window: a.f.Window,
		Until: a.f.Started.Add(a.f.Window), Ended: a.f.Started.Add(a.f.Window), Created: a.f.Started, Updated: a.f.Started,
	}
	if d.Name == "" {
		d.Name = string(d.ID)
	}
	o := Outcomes{Currency: currency}
	if len(a.sums) == 0 {
		return d, o, fault.InvalidField("file", "has no usable row")
	}
	if _, ok := a.sums[a.f.Control]; a.f.Control != "" && !ok {
		return d, o, fault.InvalidField("--control", fmt.Sprintf("no row has the arm %q; there are: %q", a.f.Control, a.names()))
	}
	for name := range a.f.Shares {
		if _, ok := a.sums[name]; !ok {
			return d, o, fault.InvalidField("--share", fmt.Sprintf("no row has the arm %q; there are: %q", name, a.names()))
		}
	}
	var all float64
	for name := range a.sums {
		all += a.share(name)
	}
	for _, name := range a.names() {
		x := a.sums[name]
		o.Groups = append(o.Groups, *x)
		d.Audience += int(x.People)
		if x.Control {
			d.Control = a.share(name) / all
		} else {
			d.Variants = append(d.Variants, campaign.Variant{Name: name, Share: a.share(name)})
		}
	}
	if len(d.Variants) == 0 {
		return d, o, fault.InvalidField("--control", "leaves no arm that got anything")
	}
	o.sort()
	return d, o, nil
}

func (a *arms) share(arm string) float64 {
	if len(a.f.Shares) == 0 {
		return 1
	}
	return a.f.Shares[arm]
}

func (a *arms) names() []string {
	var names []string
	for name := range a.sums {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// row is one person in the ledger: delivered as far as the file says, or the control group.
func (a *arms) row(ctx context.Context, r ingest.Response, t ingest.Told) (ledger.Row, error) {
	row := ledger.Row{Shop: a.f.Shop, Campaign: a.f.ID, At: a.f.Started, PlannedAt: a.f.Started}
	if r.User == "" {
		row.Person = stranger(a.f, r.Line)
	} else {
		p, err := a.people.EnsurePerson(ctx, a.f.Shop, r.User, "")
		if err != nil {
			return row, fmt.Errorf("person of line %d: %w", r.Line, err)
		}
		row.Person = p
	}
	if r.Arm == a.f.Control {
		row.State, row.Why, row.Control = ledger.Suppressed, ledger.ControlGroup, true
		return row, nil
	}
	row.Variant, row.State, row.HandedAt = r.Arm, ledger.Delivered, a.f.Started
	mark := func(at *time.Time, yes bool, s ledger.State) {
		if yes {
			*at, row.State = a.f.Started, s
		}
	}
	if t.Delivered && !r.Delivered {
		row.State = ledger.Handed
	} else {
		row.DeliveredAt = a.f.Started
	}
	mark(&row.BouncedAt, r.Bounced, ledger.Bounced)
	mark(&row.OpenedAt, r.Opened, ledger.Opened)
	mark(&row.ClickedAt, r.Clicked, ledger.Clicked)
	if r.Unsubscribed {
		row.UnsubscribeAt = a.f.Started
	}
	if r.Bounced && !r.Opened && !r.Clicked {
		row.DeliveredAt = time.Time{}
	}
	return row, nil
}

// stranger is the id of a person that the file has no id of: the same for the same line, so that importing again adds nobody.
func stranger(f Finished, line int) event.PersonID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", f.Shop, f.ID, line))
	return event.PersonID("p_" + base64.RawURLEncoding.EncodeToString(sum[:16]))
}
