package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
)

// Job asks for the due messages of one shard. It is a hint: rows are claimed, so that a job too many does no harm, and the next tick replaces one that was lost.
type Job struct {
	Shop     event.ShopID      `json:"shop"`
	Campaign ledger.CampaignID `json:"campaign"`
	Shard    int               `json:"shard"`
}

// Deps are what a Runner works with.
type Deps struct {
	Log         *slog.Logger
	Now         func() time.Time
	Tables      table.Store // of campaigns, ledger and people
	Segments    Segments
	Suppression Suppressions
	Jobs        queue.Queue                                                           // that senders read
	Zone        func(ctx context.Context, shop event.ShopID) (*time.Location, error)  // of the shop
	Check       func(ctx context.Context, shop event.ShopID, v Variant) []fault.Field // what is wrong with the templates of a variant; nil: nobody can tell
	Again       time.Duration                                                         // how long a shard is left to its job; 0: DefaultAgain
}

// DefaultAgain leaves a job the time to begin before another is sent for the same shard.
const DefaultAgain = time.Minute

// Runner starts campaigns and brings them to their end. It keeps nothing in memory: any number may run at once, and one that dies is replaced by the next tick.
type Runner struct {
	log        *slog.Logger
	now        func() time.Time
	people     *people.Store
	campaigns  *Store
	ledger     *ledger.Store
	segments   Segments
	suppressed Suppressions
	jobs       queue.Queue
	zone       ShopZone
	check      func(ctx context.Context, shop event.ShopID, v Variant) []fault.Field
	again      time.Duration
}

// New makes a Runner.
func New(d Deps) *Runner {
	if d.Again == 0 {
		d.Again = DefaultAgain
	}
	return &Runner{
		log: d.Log, now: d.Now, people: people.New(d.Tables), campaigns: NewStore(d.Now, d.Tables), ledger: ledger.New(d.Now, d.Tables),
		segments: d.Segments, suppressed: d.Suppression, jobs: d.Jobs, zone: d.Zone, check: d.Check, again: d.Again,
	}
}

// Put is Store.Put for a campaign whose templates have been checked: Invalid names each mistake with its place.
func (r *Runner) Put(ctx context.Context, d Definition) (Definition, error) {
	if err := d.Validate(); err != nil {
		return Definition{}, err
	}
	if err := r.checkTemplates(ctx, d); err != nil {
		return Definition{}, err
	}
	return r.campaigns.Put(ctx, d)
}

func (r *Runner) checkTemplates(ctx context.Context, d Definition) error {
	if r.check == nil {
		return nil
	}
	var p problems
	for i, v := range d.Variants {
		for _, f := range r.check(ctx, d.Shop, v) {
			p.check(false, fmt.Sprintf("variants[%d].%s", i, f.Path), f.Reason)
		}
	}
	return p.err()
}

// CanStart says whether a campaign can start now: Invalid names everything that is missing or wrong. Warnings do not keep it from starting, but somebody should read them.
func (r *Runner) CanStart(ctx context.Context, d Definition) (warnings []string, err error) {
	var fields []fault.Field
	for _, err := range []error{d.Validate(), d.Ready(), r.checkTemplates(ctx, d)} {
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
			fields = append(fields, f.Fields...)
		} else if err != nil {
			return nil, err
		}
	}
	p := problems(fields)
	now := r.now()
	p.check(d.At.IsZero() || now.Before(d.At.Add(d.lateness())), "at", "has passed: a campaign is not started late")
	p.check(d.Until.IsZero() || now.Before(d.Until), "until", "has passed")
	if d.Segment != "" {
		switch found, err := r.warn(ctx, d); {
		case fault.Is(err, fault.NotFound):
			p.check(false, "segment", "does not exist")
		case err != nil:
			return nil, err
		default:
			warnings = found
		}
	}
	return warnings, p.err()
}

// warn says what is odd about the audience.
func (r *Runner) warn(ctx context.Context, d Definition) ([]string, error) {
	s, err := r.segments.Get(ctx, d.Shop, d.Segment)
	if err != nil {
		return nil, err
	}
	if s.Condition == "true" {
		return []string{"the segment is everybody"}, nil
	}
	members, next, err := r.segments.Members(ctx, d.Shop, d.Segment, "", 1)
	for err == nil && len(members) == 0 && next != "" {
		members, next, err = r.segments.Members(ctx, d.Shop, d.Segment, next, 1)
	}
	if err != nil {
		return nil, err
	}
	if len(members) == 0 {
		return []string{"nobody is in the segment at present"}, nil
	}
	return nil, nil
}

func (d Definition) lateness() time.Duration {
	if d.LateBy == 0 {
		return DefaultLateness
	}
	return d.LateBy
}

// Start schedules a draft, for At or for now. version is what the caller read; 0 is any. Invalid: it cannot start, see CanStart. Repeated, it changes nothing.
func (r *Runner) Start(ctx context.Context, shop event.ShopID, id ledger.CampaignID, version int64) (Definition, error) {
	return r.campaigns.move(ctx, shop, id, func(d Definition) (Definition, error) {
		if d.Status == Scheduled {
			return d, nil
		}
		if version != 0 && version != d.Version {
			return d, fault.New(fault.Conflict, "the campaign has been changed by somebody else meanwhile")
		}
		if d.Status != Draft {
			return d, fault.Newf(fault.Conflict, "a campaign that is %s cannot be started", d.Status)
		}
		if _, err := r.CanStart(ctx, d); err != nil {
			return d, err
		}
		d.Status, d.Why, d.Started = Scheduled, "", r.now().UTC().Truncate(time.Millisecond)
		if d.At.IsZero() {
			d.At = d.Started
		}
		if d.Until.IsZero() {
			d.Until = d.At.Add(DefaultLife)
		}
		return d, nil
	})
}

// Tick does for a shop's campaigns what is due: it begins those whose time has come, goes on planning, sends jobs for shards with due messages, reconciles claims that nobody settled, and
// ends those that are done. The scheduler calls it every minute on AWS, every second or so on one machine. It is harmless to call it too often or twice at once; a campaign that fails holds up
// none of the others.
func (r *Runner) Tick(ctx context.Context, shop event.ShopID) error {
	ids, err := r.campaigns.active(ctx, shop)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range ids {
		d, err := r.campaigns.Get(ctx, shop, id)
		if err == nil {
			err = r.tick(ctx, d)
		}
		if err != nil && !fault.Is(err, fault.Conflict) { // Conflict: another does the same
			failed = append(failed, fmt.Errorf("campaign %s: %w", id, err))
		}
	}
	return errors.Join(failed...)
}

// tick takes one campaign as far as it goes now.
func (r *Runner) tick(ctx context.Context, d Definition) (err error) {
	now := r.now()
	if d.Status == Scheduled {
		if d, err = r.begin(ctx, d, now); err != nil {
			return err
		}
	}
	if d.Status == Planning {
		if d, err = r.plan(ctx, d); err != nil {
			return err
		}
	}
	ended := !d.Planned.IsZero() && !now.Before(d.Until)
	switch {
	case d.Status == Stopped && d.Ended.IsZero():
		return r.close(ctx, d, ledger.Stopped)
	case (d.Status == Sending || d.Status == Paused) && ended:
		return r.close(ctx, d, ledger.TooLate)
	case d.Status == Sending:
		return r.send(ctx, d)
	}
	return nil
}

// begin begins planning when the campaign's time has come; when it has long passed, the campaign is missed.
func (r *Runner) begin(ctx context.Context, d Definition, now time.Time) (Definition, error) {
	if now.Before(d.At) {
		return d, nil
	}
	return r.campaigns.move(ctx, d.Shop, d.ID, func(d Definition) (Definition, error) {
		switch {
		case d.Status != Scheduled:
		case now.After(d.At.Add(d.lateness())) || !now.Before(d.Until):
			r.log.WarnContext(ctx, "campaign missed", "shop", d.Shop, "campaign", d.ID, "at", d.At)
			d.Status, d.Ended = Missed, now.UTC().Truncate(time.Millisecond)
			d.Why = fmt.Sprintf("it was to begin at %s and nothing could run until %s: it is not started late", d.At.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		default:
			d.Status, d.Begun = Planning, now.UTC().Truncate(time.Millisecond)
		}
		return d, nil
	})
}

// The bounds of how long a shard is left alone: looking through it takes about a thousandth of a second per row.
const (
	minPause = time.Second
	maxPause = 5 * time.Minute
	perRow   = time.Millisecond
)

// send looks through the shards that it is time to look at, sends jobs for due messages, and finishes the campaign when nothing is left in any.
func (r *Runner) send(ctx context.Context, d Definition) error {
	p, err := r.campaigns.progress(ctx, d.Shop, d.ID)
	if err != nil {
		return err
	}
	settled, looked := true, false
	for shard := range ledger.Shards {
		now := r.now()
		if p.Pace[shard].due(now) {
			looked = true
			if p.Pace[shard], err = r.tend(ctx, d, shard, now); err != nil {
				return err
			}
		}
		settled = settled && p.Pace[shard].Settled
	}
	if settled {
		return r.end(ctx, d)
	}
	if !looked {
		return nil
	}
	return r.campaigns.save(ctx, d.Shop, d.ID, &p)
}

func (r *Runner) tend(ctx context.Context, d Definition, shard int, now time.Time) (paced, error) {
	t, err := r.ledger.Tend(ctx, d.Shop, d.ID, shard, now)
	if err != nil {
		return paced{}, err
	}
	if t.Uncertain > 0 {
		r.log.WarnContext(ctx, "messages are uncertain: claimed, and not settled in time", "shop", d.Shop, "campaign", d.ID, "messages", t.Uncertain)
	}
	next := paced{Checked: now, Settled: t.Left() == 0}
	pause := min(max(time.Duration(t.Rows)*perRow, minPause), maxPause)
	if t.Due > 0 {
		body, err := json.Marshal(Job{d.Shop, d.ID, shard})
		if err != nil {
			return paced{}, fmt.Errorf("encode a job: %w", err)
		}
		if err := r.jobs.Send(ctx, 0, body); err != nil {
			return paced{}, fmt.Errorf("send a job: %w", err)
		}
		next.Next = now.Add(max(pause, r.again))
		return next, nil
	}
	if next.Next = now.Add(pause); t.Next.After(next.Next) {
		next.Next = t.Next
	}
	return next, nil
}

// close suppresses what is planned, and ends the campaign when nothing is in flight any more.
func (r *Runner) close(ctx context.Context, d Definition, why ledger.Why) error {
	if _, err := r.ledger.Stop(ctx, d.Shop, d.ID, why); err != nil {
		return err
	}
	t, err := r.ledger.Reconcile(ctx, d.Shop, d.ID, r.now())
	if err != nil || t.Left() > 0 {
		return err
	}
	return r.end(ctx, d)
}

// end marks a campaign as done: Finished, or the end of one that was stopped.
func (r *Runner) end(ctx context.Context, d Definition) error {
	sums, err := r.ledger.Sums(ctx, d.Shop, d.ID)
	if err != nil {
		return err
	}
	_, err = r.campaigns.move(ctx, d.Shop, d.ID, func(d Definition) (Definition, error) {
		if d.Status != Stopped {
			d.Status = Finished
		}
		d.Ended, d.Audience = r.now().UTC().Truncate(time.Millisecond), sums.Rows
		return d, nil
	})
	return err
}
