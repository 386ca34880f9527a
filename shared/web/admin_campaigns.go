package web

import (
	"context"
	"net/http"
	"time"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
)

// CampaignBody is what staff state of a campaign. Durations are whole minutes or hours.
type CampaignBody struct {
	Name     string        `json:"name" minLength:"1" maxLength:"200"`
	Segment  segment.ID    `json:"segment,omitempty" maxLength:"64"`
	From     addressBody   `json:"from,omitzero"`
	ReplyTo  addressBody   `json:"replyTo,omitzero"`
	Variants []variantBody `json:"variants,omitempty" maxItems:"8" nullable:"false"`
	Control  float64       `json:"control,omitempty" minimum:"0" maximum:"0.9" doc:"share of the segment that gets nothing, to compare with"`
	Cap      capBody       `json:"cap,omitzero" doc:"of messages to one person, over all campaigns"`
	Quiet    quietBody     `json:"quiet,omitzero" doc:"no message then, where the recipient lives"`
	At       time.Time     `json:"at,omitzero" doc:"when to begin; without it when it is started"`
	Until    time.Time     `json:"until,omitzero" doc:"what was not sent by then is not sent"`
	LateBy   int           `json:"lateByMinutes,omitempty" minimum:"0" maximum:"44640" doc:"how late it may begin"`
	Window   int           `json:"windowHours,omitempty" minimum:"0" maximum:"8784" doc:"how long orders count for its result"`
}

type addressBody struct {
	Name  string `json:"name,omitempty" maxLength:"200"`
	Email string `json:"email" maxLength:"254"`
}

type variantBody struct {
	Name      string  `json:"name" maxLength:"32"`
	Share     float64 `json:"share" minimum:"0" maximum:"1000000" doc:"weight beside the other variants"`
	Subject   string  `json:"subject,omitempty" maxLength:"1000" doc:"Liquid"`
	Preheader string  `json:"preheader,omitempty" maxLength:"1000" doc:"Liquid"`
	HTML      string  `json:"html,omitempty" maxLength:"250000" doc:"Liquid"`
	Text      string  `json:"text,omitempty" maxLength:"250000" doc:"Liquid; needed to start"`
}

type capBody struct {
	Messages int `json:"messages,omitempty" minimum:"0" maximum:"1000"`
	Hours    int `json:"withinHours,omitempty" minimum:"0" maximum:"8784"`
}

type quietBody struct {
	From int `json:"fromMinute,omitempty" minimum:"0" maximum:"1439" doc:"minutes since midnight"`
	To   int `json:"toMinute,omitempty" minimum:"0" maximum:"1439"`
}

func (c CampaignBody) definition(id string, version int64) campaign.Definition {
	d := campaign.Definition{
		ID: ledger.CampaignID(id), Version: version, Name: c.Name, Segment: c.Segment, From: mail.Address(c.From), ReplyTo: mail.Address(c.ReplyTo), Control: c.Control,
		Cap: campaign.Cap{Messages: c.Cap.Messages, Within: time.Duration(c.Cap.Hours) * time.Hour}, Quiet: campaign.Quiet(c.Quiet), At: c.At, Until: c.Until,
		LateBy: time.Duration(c.LateBy) * time.Minute, Window: time.Duration(c.Window) * time.Hour,
	}
	for _, v := range c.Variants {
		d.Variants = append(d.Variants, campaign.Variant(v))
	}
	return d
}

// campaignView is a campaign and where it is.
type campaignView struct {
	ID       ledger.CampaignID `json:"id"`
	Status   campaign.Status   `json:"status"`
	Why      string            `json:"why,omitempty"`
	Created  time.Time         `json:"created"`
	Updated  time.Time         `json:"updated"`
	Started  time.Time         `json:"started,omitzero"`
	Ended    time.Time         `json:"ended,omitzero"`
	Audience int               `json:"audience,omitempty" doc:"messages planned"`
	CampaignBody
}

func viewCampaign(d campaign.Definition) campaignView {
	v := campaignView{
		ID: d.ID, Status: d.Status, Why: d.Why, Created: d.Created, Updated: d.Updated, Started: d.Started, Ended: d.Ended, Audience: d.Audience,
		CampaignBody: CampaignBody{
			Name: d.Name, Segment: d.Segment, From: addressBody(d.From), ReplyTo: addressBody(d.ReplyTo), Control: d.Control,
			Cap: capBody{d.Cap.Messages, int(d.Cap.Within / time.Hour)}, Quiet: quietBody(d.Quiet), At: d.At, Until: d.Until,
			LateBy: int(d.LateBy / time.Minute), Window: int(d.Window / time.Hour),
		},
	}
	for _, x := range d.Variants {
		v.Variants = append(v.Variants, variantBody(x))
	}
	return v
}

type newCampaignInput struct {
	Body struct {
		ID string `json:"id" minLength:"1" maxLength:"64" pattern:"^[a-z0-9-]+$"`
		CampaignBody
	}
}

type campaignChange struct {
	Slug
	IfMatch
	Body CampaignBody
}

type moveInput struct {
	Slug
	IfMatch string `header:"If-Match" pattern:"^(\\*|\"[1-9][0-9]{0,17}\")$" doc:"start the version that was read, no other"`
}

type rowsInput struct {
	Slug
	Paging
	State ledger.State `query:"state" enum:"planned,claimed,handed,delivered,opened,clicked,bounced,complained,suppressed,uncertain"`
}

func (b *adminAPI) campaigns() {
	const path, tag = "/admin/v1/campaigns", "campaigns"
	read, edit := access{action: staff.CampaignsRead}, access{action: staff.CampaignsEdit, matches: true}
	add(b, adminOperation{method: http.MethodGet, path: path, id: "campaigns", summary: "The campaigns, the latest made first", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[campaignView]], error) {
			all, err := b.Service.Campaigns(ctx, a)
			views := make([]campaignView, len(all))
			for i, d := range all {
				views[i] = viewCampaign(d)
			}
			return listed(views, err)
		})
	add(b, adminOperation{method: http.MethodPost, path: path, id: "new-campaign", summary: "Make a campaign; a mistake in a template is refused with its place", tag: tag, status: http.StatusCreated,
		access: access{action: staff.CampaignsEdit, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *newCampaignInput) (*tagged[campaignView], error) {
			return campaignAnswer(b.Service.SaveCampaign(ctx, a, in.Body.definition(in.Body.ID, 0)))
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}", id: "campaign", summary: "One campaign", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *Slug) (*tagged[campaignView], error) {
			return campaignAnswer(b.Service.Campaign(ctx, a, ledger.CampaignID(in.ID)))
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/{id}", id: "change-campaign", summary: "Change a campaign that has not begun", tag: tag, access: edit},
		func(ctx context.Context, a staff.Actor, in *campaignChange) (*tagged[campaignView], error) {
			version, err := in.saved(ctx)
			if err != nil {
				return nil, err
			}
			return campaignAnswer(b.Service.SaveCampaign(ctx, a, in.Body.definition(in.ID, version)))
		})
	add(b, adminOperation{method: http.MethodDelete, path: path + "/{id}", id: "delete-campaign", summary: "Remove a campaign that has not begun", tag: tag, status: http.StatusNoContent, access: edit},
		func(ctx context.Context, a staff.Actor, in *deletion) (*noAnswer, error) {
			version, err := in.version(ctx)
			if err != nil {
				return nil, err
			}
			return nil, b.Service.DeleteCampaign(ctx, a, ledger.CampaignID(in.ID), version)
		})
	b.campaignCourse(path, tag, read)
	b.campaignResults(path, tag, read)
}

func campaignAnswer(d campaign.Definition, err error) (*tagged[campaignView], error) {
	return versioned(d.Version, viewCampaign(d)), err
}

// campaignCourse is what happens to a campaign: the plan before, and the moves.
func (b *adminAPI) campaignCourse(path, tag string, read access) {
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/plan", id: "plan-campaign", summary: "Whether it can start, and what is missing or odd", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *Slug) (*body[admin.Plan], error) {
			p, err := b.Service.PlanCampaign(ctx, a, ledger.CampaignID(in.ID))
			return &body[admin.Plan]{p}, err
		})
	words := map[admin.Move]string{
		admin.Start: "Start a campaign, at its time or now", admin.Pause: "Hold a campaign", admin.Resume: "Go on with a campaign that was held",
		admin.Stop: "End a campaign for good: what is planned is not sent", admin.Withdraw: "Make a draft again of a campaign that has not begun",
	}
	for _, move := range admin.Moves() {
		add(b, adminOperation{method: http.MethodPost, path: path + "/{id}/" + string(move), id: string(move) + "-campaign", summary: words[move], tag: tag,
			access: access{action: staff.CampaignsSend, repeats: true}, refusals: []int{http.StatusPreconditionFailed}},
			func(ctx context.Context, a staff.Actor, in *moveInput) (*tagged[campaignView], error) {
				var version int64
				if in.IfMatch != "" {
					var err error
					if version, err = (IfMatch{in.IfMatch}).version(ctx); err != nil {
						return nil, err
					}
				}
				return campaignAnswer(b.Service.MoveCampaign(ctx, a, ledger.CampaignID(in.ID), version, move))
			})
	}
}

// campaignResults is what became of a campaign.
func (b *adminAPI) campaignResults(path, tag string, read access) {
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/sums", id: "campaign-sums", summary: "Its messages by what became of them", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *Slug) (*body[ledger.Sums], error) {
			sums, err := b.Service.Ledger(ctx, a, ledger.CampaignID(in.ID))
			return &body[ledger.Sums]{sums}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/ledger", id: "campaign-ledger", summary: "Its messages one by one; a page may be short", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *rowsInput) (*body[admin.Page[admin.LedgerRow]], error) {
			page, err := b.Service.LedgerRows(ctx, a, ledger.CampaignID(in.ID), in.State, in.Cursor, in.Limit)
			return &body[admin.Page[admin.LedgerRow]]{page}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/report", id: "campaign-report", summary: "What it brought against its control group, as evaluated last", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *Slug) (*body[evaluate.Report], error) {
			r, err := b.Service.Report(ctx, a, ledger.CampaignID(in.ID))
			return &body[evaluate.Report]{r}, err
		})
	add(b, adminOperation{method: http.MethodPost, path: path + "/{id}/evaluate", id: "evaluate-campaign", summary: "Evaluate it now", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *Slug) (*body[evaluate.Report], error) {
			r, err := b.Service.Evaluate(ctx, a, ledger.CampaignID(in.ID))
			return &body[evaluate.Report]{r}, err
		})
}
