package admin

import (
	"context"
	"strconv"
	"strings"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/staff"
)

// Campaigns are the shop's campaigns, the latest made first.
func (s *Service) Campaigns(ctx context.Context, a staff.Actor) ([]campaign.Definition, error) {
	if err := a.Check(staff.CampaignsRead); err != nil {
		return nil, err
	}
	return s.Deps.Campaigns.List(ctx, a.Shop)
}

// Campaign is one campaign.
func (s *Service) Campaign(ctx context.Context, a staff.Actor, id ledger.CampaignID) (campaign.Definition, error) {
	if err := a.Check(staff.CampaignsRead); err != nil {
		return campaign.Definition{}, err
	}
	return s.Deps.Campaigns.Get(ctx, a.Shop, id)
}

// SaveCampaign makes a campaign (Version 0) or changes the version that was read, or AnyVersion. A template with a mistake is Invalid and names its place.
func (s *Service) SaveCampaign(ctx context.Context, a staff.Actor, d campaign.Definition) (campaign.Definition, error) {
	d.Shop = a.Shop
	var saved campaign.Definition
	err := s.change(ctx, a, staff.CampaignsEdit, "campaign/"+string(d.ID), func() (act, error) {
		before, err := replaced(&d.Version, func() (campaign.Definition, error) { return s.Deps.Campaigns.Get(ctx, a.Shop, d.ID) }, func(x campaign.Definition) int64 { return x.Version })
		if err != nil {
			return act{}, err
		}
		saved, err = s.Runner.Put(ctx, d)
		return act{before, saved}, err
	})
	return saved, err
}

// DeleteCampaign removes a campaign that has not begun, at a version (0: whatever it is).
func (s *Service) DeleteCampaign(ctx context.Context, a staff.Actor, id ledger.CampaignID, version int64) error {
	return s.change(ctx, a, staff.CampaignsEdit, "campaign/"+string(id), func() (act, error) {
		before, err := s.Deps.Campaigns.Get(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		return act{before, nil}, s.Deps.Campaigns.Delete(ctx, a.Shop, id, version)
	})
}

// Plan says whether a campaign can start: what is missing or wrong keeps it from it, what is odd does not.
type Plan struct {
	Startable bool          `json:"startable"`
	Missing   []fault.Field `json:"missing"`
	Warnings  []string      `json:"warnings"`
}

// PlanCampaign looks at a campaign before it is started. It changes nothing.
func (s *Service) PlanCampaign(ctx context.Context, a staff.Actor, id ledger.CampaignID) (Plan, error) {
	if err := a.Check(staff.CampaignsRead); err != nil {
		return Plan{}, err
	}
	d, err := s.Deps.Campaigns.Get(ctx, a.Shop, id)
	if err != nil {
		return Plan{}, err
	}
	return s.plan(ctx, d)
}

// Move is what staff may do to a campaign's course.
type Move string

// The moves.
const (
	Start    Move = "start"
	Pause    Move = "pause"
	Resume   Move = "resume"
	Stop     Move = "stop"
	Withdraw Move = "withdraw" // make a draft of one that has not begun
)

// Moves are all moves.
func Moves() []Move { return []Move{Start, Pause, Resume, Stop, Withdraw} }

// MoveCampaign starts, pauses, resumes, stops or withdraws a campaign. version is what the caller read and counts for starting alone; 0 is any. Conflict: the campaign is not where the move begins; Invalid: it cannot
// start, and why.
func (s *Service) MoveCampaign(ctx context.Context, a staff.Actor, id ledger.CampaignID, version int64, move Move) (campaign.Definition, error) {
	var moved campaign.Definition
	err := s.change(ctx, a, staff.CampaignsSend, "campaign/"+string(id)+"/"+string(move), func() (act, error) {
		before, err := s.Deps.Campaigns.Get(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		switch move {
		case Start:
			moved, err = s.Runner.Start(ctx, a.Shop, id, version)
		case Pause:
			moved, err = s.Deps.Campaigns.Pause(ctx, a.Shop, id, "by staff")
		case Resume:
			moved, err = s.Deps.Campaigns.Resume(ctx, a.Shop, id)
		case Stop:
			moved, err = s.Deps.Campaigns.Stop(ctx, a.Shop, id)
		case Withdraw:
			moved, err = s.Deps.Campaigns.Withdraw(ctx, a.Shop, id)
		default:
			err = fault.InvalidField("move", "is start, pause, resume, stop or withdraw")
		}
		return act{course{before.Status}, course{moved.Status}}, err
	})
	return moved, err
}

type course struct {
	Status campaign.Status `json:"status"`
}

// Ledger counts a campaign's messages by what became of them. It reads all rows.
func (s *Service) Ledger(ctx context.Context, a staff.Actor, id ledger.CampaignID) (ledger.Sums, error) {
	if err := a.Check(staff.CampaignsRead); err != nil {
		return ledger.Sums{}, err
	}
	if _, err := s.Deps.Campaigns.Get(ctx, a.Shop, id); err != nil {
		return ledger.Sums{}, err
	}
	return s.Rows.Sums(ctx, a.Shop, id)
}

// LedgerRow is what became of one person's message.
type LedgerRow struct {
	Person string `json:"person"`
	Step   int    `json:"step"`
	ledger.Row
}

// LedgerRows pages through a campaign's messages, those in a state alone when one is given. A page may be short, or empty, while Next is set.
func (s *Service) LedgerRows(ctx context.Context, a staff.Actor, id ledger.CampaignID, state ledger.State, cursor string, limit int) (Page[LedgerRow], error) {
	if err := a.Check(staff.CampaignsRead); err != nil {
		return Page[LedgerRow]{}, err
	}
	if _, err := s.Deps.Campaigns.Get(ctx, a.Shop, id); err != nil {
		return Page[LedgerRow]{}, err
	}
	shard, within, err := ledgerCursor(cursor)
	if err != nil {
		return Page[LedgerRow]{}, err
	}
	var found []LedgerRow
	for limit = pageSize(limit); ; {
		rows, next, err := s.Rows.Page(ctx, a.Shop, id, shard, within, limit-len(found))
		if err != nil {
			return Page[LedgerRow]{}, err
		}
		for _, r := range rows {
			if state == "" || r.State == state {
				found = append(found, LedgerRow{string(r.Person), r.Step, r})
			}
		}
		if within = next; within == "" {
			shard++
		}
		switch {
		case shard == ledger.Shards:
			return page(found, ""), nil
		case len(found) >= limit:
			return page(found, strconv.Itoa(shard)+"."+within), nil
		}
	}
}

// ledgerCursor is a shard and where to go on in it.
func ledgerCursor(cursor string) (int, string, error) {
	if cursor == "" {
		return 0, "", nil
	}
	text, within, ok := strings.Cut(cursor, ".")
	shard, err := strconv.Atoi(text)
	if !ok || err != nil || shard < 0 || shard >= ledger.Shards || strconv.Itoa(shard) != text {
		return 0, "", fault.InvalidField("cursor", "is none of ours")
	}
	return shard, within, nil
}

// Report is the newest evaluation of a campaign; NotFound before the first one. One of a campaign that was deleted, after which another got its id, is nobody's.
func (s *Service) Report(ctx context.Context, a staff.Actor, id ledger.CampaignID) (evaluate.Report, error) {
	if err := a.Check(staff.CampaignsRead); err != nil {
		return evaluate.Report{}, err
	}
	d, err := s.Deps.Campaigns.Get(ctx, a.Shop, id)
	if err != nil {
		return evaluate.Report{}, err
	}
	r, err := s.Evaluator.Reports.Campaign(ctx, a.Shop, id)
	if fault.Is(err, fault.NotFound) {
		return r, fault.Wrap(fault.NotFound, err, "the campaign was not evaluated yet")
	}
	if err == nil && r.Evaluated.Before(d.Created) {
		return evaluate.Report{}, fault.New(fault.NotFound, "the campaign was not evaluated yet")
	}
	return r, err
}

// Evaluate evaluates a campaign now. Looking again and again does no harm: its intervals hold at every look.
func (s *Service) Evaluate(ctx context.Context, a staff.Actor, id ledger.CampaignID) (evaluate.Report, error) {
	if err := a.Check(staff.CampaignsRead); err != nil {
		return evaluate.Report{}, err
	}
	return s.Evaluator.Campaign(ctx, a.Shop, id, evaluate.Options{})
}

// SegmentMonths is the newest table of segments by month; NotFound before the first evaluation.
func (s *Service) SegmentMonths(ctx context.Context, a staff.Actor) (evaluate.Months, error) {
	if err := a.Check(staff.OverviewRead); err != nil {
		return evaluate.Months{}, err
	}
	m, err := s.Evaluator.Reports.Months(ctx, a.Shop)
	if fault.Is(err, fault.NotFound) {
		return m, fault.Wrap(fault.NotFound, err, "nothing was evaluated yet")
	}
	return m, err
}

// plan asks the runner and sorts its answer.
func (s *Service) plan(ctx context.Context, d campaign.Definition) (Plan, error) {
	p := Plan{Missing: []fault.Field{}, Warnings: []string{}}
	warnings, err := s.Runner.CanStart(ctx, d)
	p.Warnings = append(p.Warnings, warnings...)
	if f, ok := asInvalid(err); ok {
		p.Missing = append(p.Missing, f.Fields...)
		return p, nil
	}
	p.Startable = err == nil
	return p, err
}

// TestStored is TestCampaign for a campaign as it is stored.
func (s *Service) TestStored(ctx context.Context, a staff.Actor, id ledger.CampaignID, variant string, person event.PersonID, to string) error {
	return s.change(ctx, a, staff.CampaignsSend, "campaign/"+string(id)+"/test", func() (act, error) {
		d, err := s.Deps.Campaigns.Get(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		return act{}, s.sendTest(ctx, a, d, variant, person, to)
	})
}
